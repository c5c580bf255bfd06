//! Keeps workers busy: chains of pages, pieces of long windows, and pages that a total makes known.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use nix::sys::eventfd::EventFd;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;

use super::body::BodyPool;
use super::client::{Reply, Scan};
use super::decode::{Decoded, SliceRules};
use super::gate::Gate;
use super::page::Page;
use super::paging::{Pager, Remaining, SUSPECT_TOTAL};
use super::stats::Stats;
use super::stream::{Message, ScanSpec};
use super::task::{WakeAtEnd, wake};
use super::turns::{Place, Turns};
use crate::error::{Error, ErrorKind, Result};
use crate::plan::request::{PageToken, request};
use crate::plan::slice::Slice;
use crate::plan::split::{self, Density};
use crate::plan::window::{MINUS_INFINITY, Window};
use crate::sources::{Direction, NextUrl, PagingStyle};

/// What is to be read.
#[derive(Debug)]
enum Work {
    /// A chain from its first page on, and the rest of its window that is cut once that page is in.
    Chain { place: Place, slice: Arc<Slice>, rest: Option<Window> },
    /// Pages that need not wait for each other, from this one on; a worker takes one of them.
    Pages { slice: Arc<Slice>, remaining: Arc<Remaining>, page: u64 },
}

/// What workers share.
pub(super) struct Shared {
    spec: ScanSpec,
    stats: Arc<Stats>,
    wake: Arc<EventFd>,
    /// Requests that were begun, in all slices.
    begun: AtomicU64,
    /// How many may be: one, until the consumer has shown that it wants more than the first page.
    allowed: watch::Receiver<u64>,
    spent: Arc<Mutex<Vec<Page>>>,
    bodies: BodyPool,
    gate: Gate,
    works: Mutex<VecDeque<Work>>,
    /// Where rows must come in order.
    turns: Option<Turns>,
    /// Told when there is more to do.
    added: Notify,
}

impl Shared {
    pub(super) fn new(
        spec: ScanSpec,
        stats: Arc<Stats>,
        wake: Arc<EventFd>,
        allowed: watch::Receiver<u64>,
        spent: Arc<Mutex<Vec<Page>>>,
    ) -> Arc<Self> {
        // Enough slices keep everybody busy by themselves.
        let each = spec.concurrency / spec.slices.len().max(1);
        let chain = |(number, slice): (usize, &Slice)| {
            let place = (number, 0);
            let cut = spec.cuts_windows().then(|| slice.window.zip(spec.table.time_range.as_ref())).flatten();
            match cut
                .and_then(|(window, range)| split::first_piece(window, spec.known_density, spec.page_sizes.1, each, range.unit, spec.order))
            {
                Some((first, rest)) => {
                    Work::Chain { place, slice: Arc::new(Slice { window: Some(first), ..slice.clone() }), rest: Some(rest) }
                }
                None => Work::Chain { place, slice: Arc::new(slice.clone()), rest: None },
            }
        };
        let in_order: Vec<&Slice> = match spec.order {
            Some(Direction::Descending) => spec.slices.iter().rev().collect(),
            _ => spec.slices.iter().collect(),
        };
        let works = Mutex::new(in_order.into_iter().enumerate().map(chain).collect());
        let turns = spec.order.map(|direction| Turns::new(direction, spec.slices.len()));
        Arc::new(Self {
            gate: Gate::new(spec.concurrency),
            spec,
            stats,
            wake,
            begun: AtomicU64::new(0),
            allowed,
            spent,
            bodies: BodyPool::default(),
            works,
            turns,
            added: Notify::new(),
        })
    }

    /// Waits until another request is allowed, and says whether it is the scan's first. `None` when the consumer is gone: this
    /// task is about to be aborted, and must not use the time until then for one more request.
    async fn leave_to_send(&self) -> Option<bool> {
        let number = self.begun.fetch_add(1, Ordering::Relaxed);
        self.allowed.clone().wait_for(|allowed| number < *allowed).await.ok()?;
        Some(number == 0)
    }

    /// Keeps a later chain from using up the one request that is allowed at first, for which the chain whose turn it is would
    /// wait in vain.
    async fn begin(&self, place: Place) {
        if let Some(turns) = &self.turns {
            let mut allowed = self.allowed.clone();
            tokio::select! {
                () = turns.wait(place) => {}
                _ = allowed.wait_for(|allowed| *allowed == u64::MAX) => {}
            }
        }
    }

    /// The next thing to do. Pages of a chain that was begun go before other chains.
    fn take(&self) -> Option<Work> {
        let mut works = self.works.lock().ok()?;
        let work = works.pop_front()?;
        if let Work::Pages { slice, remaining, page } = &work
            && page + 1 < remaining.pages()
        {
            works.push_front(Work::Pages { slice: Arc::clone(slice), remaining: Arc::clone(remaining), page: page + 1 });
        }
        Some(work)
    }

    fn add(&self, more: impl IntoIterator<Item = Work>) {
        if let Ok(mut works) = self.works.lock() {
            for work in more {
                match work {
                    Work::Chain { .. } => works.push_back(work),
                    Work::Pages { .. } => works.push_front(work),
                }
            }
            // Workers that wait for their turn must leave one to the chain whose turn it is: the place that a finished chain
            // leaves goes to the next in order.
            if self.turns.is_some() {
                works.make_contiguous().sort_by_key(|work| match work {
                    Work::Chain { place, .. } => *place,
                    Work::Pages { .. } => (0, 0),
                });
            }
        }
        self.added.notify_one();
    }

    /// Sends one request and decodes its answer.
    async fn fetch(&self, slice: &Slice, token: &PageToken, size: u64, number: u64, rules: &SliceRules) -> Result<(Page, Decoded)> {
        let spec = &self.spec;
        let asked = request(&spec.table, slice, token, size);
        let mut read = |reply: Reply| {
            let started = Instant::now();
            let page = self.spent.lock().ok().and_then(|mut spent| spent.pop()).unwrap_or_default();
            let decoded = spec.decoder.decode(rules, &reply.body, page.reset(spec.decoder.width(), number));
            self.stats.decode_micros.add_time(started.elapsed());
            let (page, mut decoded) = decoded?;
            if spec.table.pagination.style == PagingStyle::NextUrl(NextUrl::LinkHeader) {
                decoded.facts.next = reply.next();
            }
            self.bodies.give_back(reply.body);
            Ok((page, decoded))
        };
        let scan = Scan { limits: spec.limits, stats: &self.stats, pool: &self.bodies, gate: &self.gate };
        let (page, decoded) = spec.connection.fetch(&asked, number, &scan, &mut read).await?;
        self.stats.pages.add(1);
        self.stats.records.add(decoded.facts.records);
        self.stats.outside_window.add(decoded.outside_window);
        self.stats.outside_slice.add(decoded.outside_slice);
        Ok((page, decoded))
    }

    /// Remembers how densely a window was filled that was read to its end.
    fn learn(&self, slice: &Slice, rows: u64) {
        if let Some(window) = slice.window.filter(|window| window.lo != MINUS_INFINITY) {
            self.stats.covered_rows.add(rows);
            self.stats.covered_micros.add(split::width(window) as u64);
        }
    }

    /// Says where an error of paging came up.
    fn located(&self, slice: &Slice, number: u64, error: Error) -> Error {
        let at = format!("{}, page {number}", request(&self.spec.table, slice, &PageToken::Start, 1).line());
        let detail = error.get_detail().map_or_else(|| format!("{at}."), |d| format!("{at}. {d}"));
        error.detail(detail)
    }

    /// Hands a page over. `false` when nobody wants it.
    async fn hand_over(&self, page: Page, place: Place, sender: &mpsc::Sender<Message>) -> bool {
        if let Some(turns) = &self.turns {
            turns.wait(place).await;
        }
        if self.spec.counting.is_some() {
            self.stats.counted.add(page.rows() as u64);
            if let Ok(mut spent) = self.spent.lock() {
                spent.push(page);
            }
            return true;
        }
        let sent = sender.send(Message::Page(page)).await.is_ok();
        wake(&self.wake);
        sent
    }
}

/// Reads everything, and says at last that it was all.
pub(super) async fn drive(shared: Arc<Shared>, sender: mpsc::Sender<Message>) {
    // Declared before the sender moves in: dropped after it, so that the backend wakes to a closed channel.
    let _wake = WakeAtEnd(Arc::clone(&shared.wake));
    let sender = sender;
    let mut workers = JoinSet::new();
    let last = loop {
        while workers.len() < shared.spec.concurrency
            && let Some(taken) = shared.take()
        {
            workers.spawn(work(Arc::clone(&shared), taken, sender.clone()));
        }
        let joined = tokio::select! {
            joined = workers.join_next() => joined,
            () = shared.added.notified() => continue,
        };
        match joined {
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

async fn work(shared: Arc<Shared>, work: Work, sender: mpsc::Sender<Message>) -> Result<()> {
    match work {
        Work::Chain { place, slice, rest } => read_chain(&shared, place, &slice, rest, &sender).await,
        Work::Pages { slice, remaining, page } => read_page(&shared, &slice, &remaining, page, &sender).await,
    }
}

/// One page after another, as long as none tells where the others lie.
async fn read_chain(shared: &Shared, place: Place, slice: &Arc<Slice>, rest: Option<Window>, sender: &mpsc::Sender<Message>) -> Result<()> {
    let spec = &shared.spec;
    shared.begin(place).await;
    let mut rules = spec.rules(slice)?;
    let mut pager = Pager::new(spec.table.pagination.clone());
    let mut rest = rest;
    let (mut number, mut rows, mut last) = (0, 0, None);
    loop {
        let Some(first) = shared.leave_to_send().await else { return Ok(()) };
        number += 1;
        let size = if first { spec.page_sizes.0 } else { spec.page_sizes.1 };
        rules.overlap = pager.overlap();
        let (page, decoded) = shared.fetch(slice, pager.token(), size, number, &rules).await?;
        let more = pager.advance(&decoded.facts).map_err(|error| shared.located(slice, number, error))?;
        if let Some(turns) = &shared.turns {
            turns.check(&page, spec.time_column, &mut last).map_err(|error| shared.located(slice, number, error))?;
        }
        if let Some(window) = rest.take() {
            shared.add(cut_rest(shared, place.0, slice, window, &decoded, more));
        }
        if spec.counts_by_total(number, &decoded) {
            shared.stats.counted.add(decoded.facts.total.unwrap_or_default());
            return Ok(());
        }
        let remaining =
            if more && number == 1 && shared.turns.is_none() { pager.remaining(&decoded.facts, size, spec.page_sizes.1) } else { None };
        if let Some(remaining) = remaining {
            shared.add([Work::Pages { slice: Arc::clone(slice), remaining: Arc::new(remaining), page: 0 }]);
            shared.hand_over(page, place, sender).await;
            return Ok(());
        }
        rows += page.rows() as u64;
        if !more {
            shared.learn(slice, rows);
        }
        let wanted = shared.hand_over(page, place, sender).await;
        if !more && let Some(turns) = &shared.turns {
            turns.done(place);
        }
        if !wanted || !more {
            return Ok(());
        }
    }
}

/// The rest of a slice's window as chains of their own.
fn cut_rest(shared: &Shared, number: usize, slice: &Slice, window: Window, first: &Decoded, more: bool) -> Vec<Work> {
    let spec = &shared.spec;
    let (Some(piece), Some(range)) = (slice.window, &spec.table.time_range) else { return Vec::new() };
    let density = Density { piece, records: (!more).then_some(first.facts.records), page: spec.page_sizes.1, known: spec.known_density };
    let mut pieces = split::rest(window, density, spec.concurrency, range.unit);
    let places = match &shared.turns {
        None => vec![(number, 0); pieces.len()],
        Some(turns) => {
            if turns.direction() == Direction::Descending {
                pieces.reverse();
            }
            turns.add(number, pieces.len())
        }
    };
    let chain = |(piece, place)| Work::Chain { place, slice: Arc::new(Slice { window: Some(piece), ..slice.clone() }), rest: None };
    pieces.into_iter().zip(places).map(chain).collect()
}

/// One page of those that a total makes known; in parts, where the server gives fewer records than it was asked for.
async fn read_page(shared: &Shared, slice: &Slice, remaining: &Remaining, page: u64, sender: &mpsc::Sender<Message>) -> Result<()> {
    let rules = shared.spec.rules(slice)?;
    let number = page + 2;
    let mut left: Range<u64> = remaining.range(page);
    loop {
        if shared.leave_to_send().await.is_none() {
            return Ok(());
        }
        let (token, size) = remaining.ask(page, &left);
        let (read, decoded) = shared.fetch(slice, &token, size, number, &rules).await?;
        left = remaining.advance(left, &decoded.facts).map_err(|error| shared.located(slice, number, error))?;
        if !shared.hand_over(read, (0, 0), sender).await || left.is_empty() {
            return Ok(());
        }
    }
}

impl ScanSpec {
    /// Whether long windows are cut: not where pages are known by a total, and not where a LIMIT may be content with one page.
    fn cuts_windows(&self) -> bool {
        let by_total = self.table.pagination.total.is_some();
        !by_total && !self.limited && self.counting.is_none()
    }

    /// Whether the API's own total answers `count(*)` for the chain that this page begins.
    fn counts_by_total(&self, number: u64, decoded: &Decoded) -> bool {
        let Some(counting) = &self.counting else { return false };
        let total = decoded.facts.total.filter(|total| *total == decoded.facts.records || *total != SUSPECT_TOTAL);
        let as_asked = decoded.outside_window + decoded.outside_slice == 0;
        counting.by_total && number == 1 && as_asked && total.is_some()
    }
}
