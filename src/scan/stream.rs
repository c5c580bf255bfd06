//! Slices in flight, bounded; hands finished pages over to the backend and wakes it.
//!
//! Memory is bounded by pages: the channel holds `concurrency` of them, each worker one more (law 8).

use std::collections::BTreeMap;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Instant;

use nix::sys::eventfd::EventFd;
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};

use super::body::BodyPool;
use super::client::{Connection, Limits, Reply, Scan};
use super::decode::{Decoder, SliceRules};
use super::page::Page;
use super::paging::{Pager, SUSPECT_TOTAL};
use super::runtime::runtime;
use super::stats::Stats;
use super::task::eventfd;
use crate::error::{Error, ErrorKind, Result};
use crate::plan::request::{asked, request};
use crate::plan::slice::Slice;
use crate::plan::window::Window;
use crate::sources::{NextUrl, PagingStyle, Table};

/// A row further outside the bounds that were asked for than this, or than the API's unit, is no rounding of theirs: not even
/// a whole minute, and every confusion of time zones is larger.
const SURPRISE_MICROS: i64 = 60_000_000;

/// Everything a scan needs, as values.
#[derive(Debug)]
pub struct ScanSpec {
    /// The endpoint.
    pub table: Arc<Table>,
    /// The chains to read.
    pub slices: Vec<Slice>,
    /// What to read from each body.
    pub decoder: Decoder,
    /// The decoder's column of times, if windows are asked for.
    pub time_column: Option<usize>,
    /// The description's column → the decoder's, for fan-out keys that rows carry.
    pub partition_columns: BTreeMap<usize, usize>,
    /// Records asked for in the scan's first page, and in all others.
    pub page_sizes: (u64, u64),
    /// Slices in flight.
    pub concurrency: usize,
    /// What requests may take.
    pub limits: Limits,
    /// Who asks.
    pub connection: Arc<Connection>,
    /// Set where only the number of rows is wanted.
    pub counting: Option<Counting>,
}

/// How rows are counted.
#[derive(Debug)]
pub struct Counting {
    /// Whether every condition is in every request, so that a total may answer.
    pub by_total: bool,
    /// The decoder's columns and what they must be. A record of a first page that is something else shows that the API filters
    /// otherwise than described: then its total answers nothing, and records are counted.
    pub checks: Vec<(usize, Vec<String>)>,
}

impl ScanSpec {
    fn rules(&self, slice: &Slice) -> Result<SliceRules> {
        let window = match (&self.table.time_range, slice.window, self.time_column) {
            (Some(range), Some(window), Some(column)) => {
                let asked = asked(range, window);
                let slack = SURPRISE_MICROS.max(range.unit);
                let expected = Window { lo: asked.lo.saturating_sub(slack), hi: asked.hi.saturating_add(slack) };
                Some((column, window, expected))
            }
            _ => None,
        };
        let mut partition = Vec::new();
        for key in &slice.partition {
            // Without the rule a row could come twice.
            let (Some(column), Some(values)) = (self.partition_columns.get(key), slice.values.get(key)) else {
                return Err(Error::new(ErrorKind::Internal, "a fan-out key has no column to tell its slices apart"));
            };
            partition.push((*column, values.clone()));
        }
        partition.extend(self.counting.iter().flat_map(|counting| counting.checks.clone()));
        let asked = slice.values.iter().filter_map(|(key, values)| Some((*key, values.first()?.clone()))).collect();
        Ok(SliceRules { window, partition, asked, overlap: 0 })
    }
}

enum Message {
    Page(Page),
    /// The proven end. A channel that closes without it has lost rows.
    End,
    Failed(Error),
}

/// What workers share.
struct Shared {
    spec: ScanSpec,
    stats: Arc<Stats>,
    wake: Arc<EventFd>,
    /// Requests that were begun, in all slices.
    begun: AtomicU64,
    /// How many may be: one, until the consumer has shown that it wants more than the first page.
    allowed: watch::Receiver<u64>,
    spent: Arc<Mutex<Vec<Page>>>,
    bodies: BodyPool,
}

/// A running scan, seen from the backend. Dropping it ends all of its requests.
#[derive(Debug)]
pub struct Stream {
    pages: mpsc::Receiver<Message>,
    wake: Arc<EventFd>,
    allowed: watch::Sender<u64>,
    spent: Arc<Mutex<Vec<Page>>>,
    driver: AbortHandle,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Page(_) => "Page",
            Self::End => "End",
            Self::Failed(_) => "Failed",
        })
    }
}

impl Stream {
    /// Sends the first request. Returns at once.
    pub fn start(spec: ScanSpec, stats: Arc<Stats>) -> Result<Self> {
        let wake = eventfd()?;
        let spent = Arc::new(Mutex::new(Vec::new()));
        let in_flight = spec.concurrency.min(spec.slices.len()).max(1);
        let (sender, pages) = mpsc::channel(in_flight);
        let (allowed, permits) = watch::channel(1);
        let shared = Arc::new(Shared {
            spec,
            stats,
            wake: Arc::clone(&wake),
            begun: AtomicU64::new(0),
            allowed: permits,
            spent: Arc::clone(&spent),
            bodies: BodyPool::default(),
        });
        let driver = runtime()?.spawn(drive(shared, sender)).abort_handle();
        Ok(Self { pages, wake, allowed, spent, driver })
    }

    /// The next finished page; `Ready(None)` is the proven end.
    pub fn try_next(&mut self) -> Poll<Result<Option<Page>>> {
        // Cleared before looking: a page that arrives in between wakes again.
        let _ = self.wake.read();
        match self.pages.try_recv() {
            Ok(Message::Page(page)) => Poll::Ready(Ok(Some(page))),
            Ok(Message::End) => Poll::Ready(Ok(None)),
            Ok(Message::Failed(error)) => Poll::Ready(Err(error)),
            Err(mpsc::error::TryRecvError::Empty) => Poll::Pending,
            Err(mpsc::error::TryRecvError::Disconnected) => {
                Poll::Ready(Err(Error::new(ErrorKind::Internal, "a scan ended without saying that it was complete")))
            }
        }
    }

    /// The consumer has used up what it got. If that were rows, pages are fetched ahead from now on; if all pages so far were
    /// empty, one page may still satisfy it, and the requests only double.
    pub fn want_more(&self, got_rows: bool) {
        self.allowed.send_modify(|allowed| *allowed = if got_rows { u64::MAX } else { allowed.saturating_mul(2) });
    }

    /// Readable whenever [`Stream::try_next`] is worth a call.
    pub fn wake_fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }

    /// Gives a spent page's memory back: returning it to the allocator each time costs a quarter of a scan in page faults.
    pub fn recycle(&self, page: Page) {
        if let Ok(mut spent) = self.spent.lock()
            && spent.len() < 4
        {
            spent.push(page);
        }
    }
}

/// Wakes the backend when the driver ends, even by a panic.
struct WakeAtEnd(Arc<Shared>);

impl Drop for WakeAtEnd {
    fn drop(&mut self) {
        self.0.wake();
    }
}

impl Shared {
    fn wake(&self) {
        // It fails only when the counter is full, and then the descriptor is readable anyway.
        let _ = self.wake.write(1);
    }

    /// Waits until another request is allowed, and says whether it is the scan's first. `None` when the consumer is gone: this
    /// task is about to be aborted, and must not use the time until then for one more request.
    async fn leave_to_send(&self) -> Option<bool> {
        let number = self.begun.fetch_add(1, Ordering::Relaxed);
        self.allowed.clone().wait_for(|allowed| number < *allowed).await.ok()?;
        Some(number == 0)
    }
}

async fn drive(shared: Arc<Shared>, sender: mpsc::Sender<Message>) {
    // Declared before the sender moves in: dropped after it, so that the backend wakes to a closed channel.
    let _wake = WakeAtEnd(Arc::clone(&shared));
    let sender = sender;
    let mut slices = shared.spec.slices.clone().into_iter();
    let mut workers = JoinSet::new();
    let last = loop {
        while workers.len() < shared.spec.concurrency
            && let Some(slice) = slices.next()
        {
            workers.spawn(read_slice(Arc::clone(&shared), slice, sender.clone()));
        }
        match workers.join_next().await {
            None => break Message::End,
            Some(Ok(Ok(()))) => {}
            Some(Ok(Err(error))) => break Message::Failed(error),
            Some(Err(join)) => break Message::Failed(lost_worker(&join)),
        }
    };
    // The receiver is gone only when nobody wants to know.
    let _ = sender.send(last).await;
}

fn lost_worker(join: &tokio::task::JoinError) -> Error {
    let what = if join.is_panic() { "a worker panicked" } else { "a worker was stopped" };
    Error::new(ErrorKind::Internal, format!("{what} while it read from the API"))
}

async fn read_slice(shared: Arc<Shared>, slice: Slice, sender: mpsc::Sender<Message>) -> Result<()> {
    let spec = &shared.spec;
    let mut rules = spec.rules(&slice)?;
    let mut pager = Pager::new(spec.table.pagination.clone());
    let mut number = 0;
    loop {
        let Some(first) = shared.leave_to_send().await else { return Ok(()) };
        number += 1;
        let size = if first { spec.page_sizes.0 } else { spec.page_sizes.1 };
        let asked = request(&spec.table, &slice, pager.token(), size);
        rules.overlap = pager.overlap();
        let mut read = |reply: Reply| {
            let started = Instant::now();
            let page = shared.spent.lock().ok().and_then(|mut spent| spent.pop()).unwrap_or_default();
            let decoded = spec.decoder.decode(&rules, &reply.body, page.reset(spec.decoder.width(), number));
            shared.stats.decode_micros.add_time(started.elapsed());
            let (page, mut decoded) = decoded?;
            if spec.table.pagination.style == PagingStyle::NextUrl(NextUrl::LinkHeader) {
                decoded.facts.next = reply.next();
            }
            shared.bodies.give_back(reply.body);
            Ok((page, decoded))
        };
        let scan = Scan { limits: spec.limits, stats: &shared.stats, pool: &shared.bodies };
        let (page, decoded) = spec.connection.fetch(&asked, number, &scan, &mut read).await?;
        shared.stats.pages.add(1);
        shared.stats.records.add(decoded.facts.records);
        shared.stats.outside_window.add(decoded.outside_window);
        shared.stats.outside_slice.add(decoded.outside_slice);
        let more = pager.advance(&decoded.facts).map_err(|error| {
            let at = format!("{}, page {number}", asked.line());
            let detail = error.get_detail().map_or_else(|| format!("{at}."), |d| format!("{at}. {d}"));
            error.detail(detail)
        })?;
        if let Some(counting) = &spec.counting {
            let dropped = decoded.outside_window + decoded.outside_slice > 0;
            let rows = page.rows() as u64;
            let total = decoded.facts.total.filter(|total| *total == rows || *total != SUSPECT_TOTAL);
            let total = total.filter(|_| counting.by_total && number == 1 && !dropped);
            shared.stats.counted.add(total.unwrap_or(rows));
            if let Ok(mut spent) = shared.spent.lock() {
                spent.push(page);
            }
            if total.is_some() || !more {
                return Ok(());
            }
            continue;
        }
        if sender.send(Message::Page(page)).await.is_err() {
            return Ok(());
        }
        shared.wake();
        if !more {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use nix::sys::eventfd::EfdFlags;

    use super::*;

    #[test]
    fn a_channel_that_closes_without_the_end_is_an_error() {
        let (sender, pages) = mpsc::channel(1);
        let (allowed, _) = watch::channel(1);
        let driver = runtime().unwrap().spawn(async {}).abort_handle();
        let wake = Arc::new(EventFd::from_flags(EfdFlags::EFD_NONBLOCK).unwrap());
        let mut stream = Stream { pages, wake, allowed, spent: Arc::default(), driver };
        assert!(stream.try_next().is_pending());
        drop(sender);
        assert!(matches!(stream.try_next(), Poll::Ready(Err(_))), "lost rows must not look like the end");
    }
}
