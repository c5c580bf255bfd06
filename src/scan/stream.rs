//! Slices in flight, bounded; hands finished pages over to the backend and wakes it.
//!
//! Memory is bounded by pages: the channel holds `concurrency` of them, each worker one more (law 8).

use std::collections::BTreeMap;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use nix::sys::eventfd::EventFd;
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;

use super::decode::{Decoder, SliceRules, WindowRules};
use super::page::Page;
use super::runtime::runtime;
use super::scheduler::{ScanContext, run};
use super::stats::Stats;
use super::task::eventfd;
use crate::error::{Error, ErrorKind, Result};
use crate::http::client::{Connection, Limits};
use crate::lock::lock_whole;
use crate::plan::slice::Slice;
use crate::plan::slice::Slices;
use crate::sources::{Direction, Table};

/// Everything a scan needs, as values.
#[derive(Debug)]
pub struct ScanSpec {
    /// The endpoint.
    pub table: Arc<Table>,
    /// The chains to read.
    pub slices: Slices,
    /// What to read from each body.
    pub decoder: Decoder,
    /// The decoder's column of times, if windows are asked for.
    pub time_column: Option<usize>,
    /// Whether that column was declared NOT NULL: a record without a time is an error then.
    pub time_is_required: bool,
    /// The description's column → the decoder's, for fan-out keys that rows carry.
    pub fan_out_columns: BTreeMap<usize, usize>,
    /// The scan's start: up to it windows are measured, and cut.
    pub now: i64,
    /// Records asked for in the scan's first page, and in all others.
    pub page_sizes: (u64, u64),
    /// Whether a LIMIT may be content with the first page: then the window is read as one chain.
    pub limited: bool,
    /// The order in which rows must come.
    pub order: Option<Direction>,
    /// How many rows a microsecond had in earlier scans.
    pub known_density: Option<f64>,
    /// Requests in flight.
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
    pub(super) fn rules(&self, slice: &Slice) -> Result<SliceRules> {
        let window = match (&self.table.time_range, slice.window, self.time_column) {
            (Some(range), Some(window), Some(column)) => Some(WindowRules::new(column, range, window, self.slices.windows())),
            _ => None,
        };
        let mut recheck = Vec::new();
        for key in &slice.recheck_columns {
            // Without the rule a row could come twice.
            let (Some(column), Some(values)) = (self.fan_out_columns.get(key), slice.values.get(key)) else {
                return Err(Error::new(ErrorKind::Internal, "a fan-out key has no column to tell its slices apart"));
            };
            recheck.push((*column, values.clone()));
        }
        recheck.extend(self.counting.iter().flat_map(|counting| counting.checks.clone()));
        let asked = slice.values.iter().filter_map(|(key, values)| Some((*key, values.first()?.clone()))).collect();
        Ok(SliceRules { window, time_is_required: self.time_is_required, recheck, asked, overlap: 0 })
    }
}

/// What crosses over to the backend.
pub(super) enum Message {
    Page(Box<Page>),
    /// The proven end. A channel that closes without it has lost rows.
    End,
    Failed(Error),
}

/// A running scan, seen from the backend. Dropping it ends all of its requests.
#[derive(Debug)]
pub struct Stream {
    pages: mpsc::Receiver<Message>,
    wake: Arc<EventFd>,
    credits: watch::Sender<u64>,
    free_pages: Arc<Mutex<Vec<Page>>>,
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
        let free_pages = Arc::new(Mutex::new(Vec::new()));
        let (sender, pages) = mpsc::channel(spec.concurrency.max(1));
        let (credits, granted) = watch::channel(1);
        let context = ScanContext::new(spec, stats, Arc::clone(&wake), granted, Arc::clone(&free_pages));
        let driver = runtime()?.spawn(run(context, sender)).abort_handle();
        Ok(Self { pages, wake, credits, free_pages, driver })
    }

    /// The next finished page; `Ready(None)` is the proven end.
    pub fn try_next(&mut self) -> Poll<Result<Option<Page>>> {
        // Cleared before looking: a page that arrives in between wakes again.
        let _ = self.wake.read();
        match self.pages.try_recv() {
            Ok(Message::Page(page)) => Poll::Ready(Ok(Some(*page))),
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
    pub fn request_more(&self, any_rows: bool) {
        self.credits.send_modify(|credits| *credits = if any_rows { u64::MAX } else { credits.saturating_mul(2) });
    }

    /// Readable whenever [`Stream::try_next`] is worth a call.
    pub fn wake_fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }

    /// Gives the memory of a page that was read back: returning it to the allocator each time costs a quarter of a scan in page faults.
    pub fn release(&self, page: Page) {
        let mut free_pages = lock_whole(&self.free_pages);
        if free_pages.len() < 4 {
            free_pages.push(page);
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
        let (credits, _) = watch::channel(1);
        let driver = runtime().unwrap().spawn(async {}).abort_handle();
        let wake = Arc::new(EventFd::from_flags(EfdFlags::EFD_NONBLOCK).unwrap());
        let mut stream = Stream { pages, wake, credits, free_pages: Arc::default(), driver };
        assert!(stream.try_next().is_pending());
        drop(sender);
        assert!(matches!(stream.try_next(), Poll::Ready(Err(_))), "lost rows must not look like the end");
    }
}
