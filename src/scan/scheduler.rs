//! Keeps workers busy: chains of pages, partitions of long windows, and pages that a total makes known.

use std::ops::Range;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use nix::sys::eventfd::EventFd;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;

use super::chain::Chain;
use super::decode::{Decoded, SliceRules};
use super::ordering::{ChainPosition, OrderedDelivery};
use super::page::Page;
use super::paging::{KnownPages, PageFacts, Seen};
use super::prefetch::Prefetch;
use super::queue::{WorkItem, WorkQueue};
use super::spec::ScanSpec;
use super::stats::Stats;
use super::stream::Message;
use super::task::{NotifyOnDrop, wake};
use crate::error::{Error, ErrorKind, Purpose, Result};
use crate::http::body::BufferPool;
use crate::http::client::RequestContext;
use crate::http::exchange;
use crate::http::limiter::ConcurrencyLimiter;
use crate::http::response::Response;
use crate::lock::{lock, lock_whole};
use crate::plan::partition;
use crate::plan::request::{PageToken, request};
use crate::plan::slice::Slice;
use crate::plan::window::MINUS_INFINITY;
use crate::sources::{Direction, NextUrl, PagingStyle};

/// How often the backend is woken although nothing came.
const TICK: Duration = Duration::from_secs(1);

/// A shorter window tells nothing of a log's density: a query asks for one moment because it has a record.
const MIN_LEARNED_MICROS: f64 = 1e6;

/// What workers share.
pub(super) struct ScanContext {
    spec: ScanSpec,
    stats: Arc<Stats>,
    wake: Arc<EventFd>,
    /// Requests that were begun, in all slices.
    reserved: AtomicU64,
    /// How many may be: one, until the consumer has shown that it wants more than the first page.
    credits: watch::Receiver<u64>,
    /// How many of those gave the consumer nothing.
    refunded: watch::Sender<u64>,
    free_pages: Arc<Mutex<Vec<Page>>>,
    bodies: BufferPool,
    limiter: ConcurrencyLimiter,
    queue: Mutex<WorkQueue>,
    /// What the pages so far have shown.
    seen: Mutex<Seen>,
    /// Where rows must come in order.
    ordering: Option<OrderedDelivery>,
    /// How many workers there are.
    running: AtomicUsize,
    /// Told when there is more to do.
    added: Notify,
}

impl Drop for ScanContext {
    fn drop(&mut self) {
        self.spec.connection.limit_memory.record(self.limiter.limit(), Instant::now());
    }
}

impl ScanContext {
    pub(super) fn new(
        spec: ScanSpec,
        stats: Arc<Stats>,
        wake: Arc<EventFd>,
        credits: watch::Receiver<u64>,
        free_pages: Arc<Mutex<Vec<Page>>>,
    ) -> Arc<Self> {
        let ordering = spec.order.map(|direction| OrderedDelivery::new(direction, spec.slices.len()));
        Arc::new(Self {
            limiter: ConcurrencyLimiter::after(spec.concurrency, &spec.connection.limit_memory),
            spec,
            stats,
            wake,
            reserved: AtomicU64::new(0),
            credits,
            refunded: watch::channel(0).0,
            free_pages,
            bodies: BufferPool::default(),
            queue: Mutex::new(WorkQueue::new(ordering.is_some())),
            seen: Mutex::default(),
            ordering,
            running: AtomicUsize::new(0),
            added: Notify::new(),
        })
    }

    /// Waits until another request is allowed, and says whether it is the scan's first. `None` when the consumer is gone: this
    /// task is about to be aborted, and must not use the time until then for one more request.
    pub(super) async fn acquire(&self) -> Option<bool> {
        self.wait_for(self.reserve()).await
    }

    /// The number of a request among all that were begun.
    pub(super) fn reserve(&self) -> u64 {
        self.reserved.fetch_add(1, Ordering::Relaxed)
    }

    /// Waits until the request of this number is allowed.
    pub(super) async fn wait_for(&self, number: u64) -> Option<bool> {
        let (mut credits, mut refunded) = (self.credits.clone(), self.refunded.subscribe());
        loop {
            let most = credits.borrow_and_update().saturating_add(*refunded.borrow_and_update());
            if number < most {
                return Some(number == 0);
            }
            tokio::select! {
                changed = credits.changed() => changed.ok()?,
                // Its sender lives in self, so that this cannot fail.
                _ = refunded.changed() => {}
            }
        }
    }

    /// A request that had leave to be sent gave the consumer nothing: another may be.
    pub(super) fn refund(&self) {
        self.refunded.send_modify(|refunded| *refunded += 1);
    }

    /// Whether each worker may have an answer at hand and another under way: memory holds `concurrency` bodies, and never less
    /// than two (law 8).
    pub(super) fn has_room_for_two(&self) -> bool {
        2 * self.running.load(Ordering::Relaxed) <= self.spec.concurrency.max(2)
    }

    /// Keeps a later chain from using up the one request that is allowed at first, for which the chain whose turn it is would
    /// wait in vain.
    pub(super) async fn begin(&self, position: ChainPosition) {
        if let Some(ordering) = &self.ordering {
            let mut credits = self.credits.clone();
            tokio::select! {
                () = ordering.wait(position) => {}
                _ = credits.wait_for(|credits| *credits == u64::MAX) => {}
            }
        }
    }

    /// Gives idle workers what there is to do.
    fn fill(self: &Arc<Self>, workers: &mut JoinSet<Result<()>>, sender: &mpsc::Sender<Message>) -> Result<()> {
        while workers.len() < self.spec.concurrency
            && let Some(taken) = self.take()?
        {
            workers.spawn(run_item(Arc::clone(self), taken, sender.clone()));
        }
        Ok(())
    }

    /// The next thing to do.
    fn take(&self) -> Result<Option<WorkItem>> {
        Ok(lock(&self.queue)?.take(|number| self.chain(number)))
    }

    /// The chain of a slice by its number, in the order in which they are read.
    fn chain(&self, number: usize) -> Option<Chain> {
        let spec = &self.spec;
        let slice = spec.slices.get(match spec.order {
            Some(Direction::Descending) => spec.slices.len().checked_sub(number + 1)?,
            _ => number,
        })?;
        // Enough slices keep everybody busy by themselves.
        let each = spec.concurrency / spec.slices.len().max(1);
        let cut = spec.cuts_windows().then(|| slice.window.zip(spec.table.time_range.as_ref())).flatten();
        let cut = cut.and_then(|(window, range)| {
            let (known, size) = (spec.known_density, spec.page_sizes.1);
            let (mut first, mut rest) = partition::sampling_partition(window.until(spec.now), known, size, each, range.unit, spec.order)?;
            partition::extend_last([&mut first, &mut rest], window.hi);
            Some((first, rest))
        });
        let (window, rest) = cut.map_or((slice.window, None), |(first, rest)| (Some(first), Some(rest)));
        let measured = window.map(|window| window.until(spec.now));
        let expected = measured.zip(spec.known_density).map(|(window, each)| partition::pages(each, window, spec.page_sizes.1));
        Some(Chain { position: (number, 0), slice: Arc::new(Slice { window, ..slice }), rest, expected })
    }

    /// Adds what came up while something was read.
    pub(super) fn add(&self, more: impl IntoIterator<Item = WorkItem>) -> Result<()> {
        lock(&self.queue)?.add(more);
        self.added.notify_one();
        Ok(())
    }

    /// Adds what a page has shown, and returns what others had shown before.
    pub(super) fn see(&self, facts: &PageFacts) -> Result<Seen> {
        Ok(lock(&self.seen)?.add(facts))
    }

    /// What is to be read.
    pub(super) fn spec(&self) -> &ScanSpec {
        &self.spec
    }

    /// Where rows must come in order.
    pub(super) fn ordering(&self) -> Option<&OrderedDelivery> {
        self.ordering.as_ref()
    }

    /// Adds rows that are only counted.
    pub(super) fn count(&self, rows: u64) {
        self.stats.counted.add(rows);
    }

    /// Keeps the memory of a page that was read.
    pub(super) fn release(&self, page: Page) {
        lock_whole(&self.free_pages).push(page);
    }

    fn request_context(&self) -> RequestContext<'_> {
        RequestContext { limits: self.spec.limits, usage: &self.stats.usage, pool: &self.bodies, limiter: &self.limiter }
    }

    /// Sends the request of a chain's later page. What the answer says is left to [`ScanContext::fetch`].
    pub(super) async fn reply(&self, slice: &Slice, token: &PageToken, number: u64) -> Result<Response> {
        let asked = request(&self.spec.table, slice, token, self.spec.page_sizes.1);
        self.spec.connection.fetch(&asked, number, &self.request_context(), &mut Ok).await
    }

    /// Sends one request and decodes its answer; or, where it was `sent` before, waits for that. `prefetch` sees the answer before it
    /// is decoded. `None` when nobody wants it any more.
    #[expect(clippy::too_many_arguments, reason = "one page of a chain is just that much")]
    pub(super) async fn fetch(
        &self,
        slice: &Slice,
        token: &PageToken,
        size: u64,
        number: u64,
        rules: &SliceRules,
        sent: Option<Prefetch>,
        prefetch: &mut (dyn FnMut(&[u8]) + Send),
    ) -> Option<Result<(Page, Decoded)>> {
        let asked = request(&self.spec.table, slice, token, size);
        let mut outcome = None;
        if let Some(sent) = sent {
            let reply = sent.reply().await?;
            if let Ok(reply) = &reply {
                prefetch(&reply.body);
                // The request that this started leaves before decoding takes this thread.
                tokio::task::yield_now().await;
            }
            outcome = match reply.map(|reply| self.decode(reply, number, rules)) {
                // That the answer says so itself: the request is repeated, as others are.
                Ok(Err(error)) if matches!(error.kind(), ErrorKind::Throttled | ErrorKind::Unauthorized) => None,
                Ok(read) => Some(read.map_err(|error| exchange::located(error, &asked, Purpose::Page(number), 1))),
                Err(error) => Some(Err(error)),
            };
        }
        let outcome = match outcome {
            Some(outcome) => outcome,
            None => {
                let mut read = |reply: Response| {
                    prefetch(&reply.body);
                    self.decode(reply, number, rules)
                };
                self.spec.connection.fetch(&asked, number, &self.request_context(), &mut read).await
            }
        };
        if let Ok((_, decoded)) = &outcome {
            self.stats.pages.add(1);
            self.stats.records.add(decoded.facts.records);
            self.stats.outside_window.add(decoded.outside_window);
            self.stats.outside_slice.add(decoded.outside_slice);
        }
        Some(outcome)
    }

    fn decode(&self, reply: Response, number: u64, rules: &SliceRules) -> Result<(Page, Decoded)> {
        let decoder = &self.spec.decoder;
        let started = Instant::now();
        let page = lock_whole(&self.free_pages).pop().unwrap_or_default();
        let decoded = decoder.decode(rules, &reply.body, page.reset(decoder.width(), number));
        self.stats.decode_micros.add_time(started.elapsed());
        let (page, mut decoded) = decoded?;
        decoded.facts.partial = reply.partial;
        if self.spec.table.pagination.style == PagingStyle::NextUrl(NextUrl::LinkHeader) {
            decoded.facts.next = reply.next()?;
        }
        self.bodies.release(reply.body);
        Ok((page, decoded))
    }

    /// Remembers how densely a window was filled that was read to its end.
    pub(super) fn observe_density(&self, slice: &Slice, rows: u64) {
        let measured = slice.window.map(|window| window.until(self.spec.now));
        if let Some(window) = measured.filter(|window| window.lo > MINUS_INFINITY + 1 && partition::width(*window) >= MIN_LEARNED_MICROS) {
            self.stats.covered_rows.add(rows);
            self.stats.covered_micros.add(partition::width(window) as u64);
        }
    }

    /// Says where an error of paging came up.
    pub(super) fn located(&self, slice: &Slice, number: u64, error: Error) -> Error {
        exchange::located(error, &request(&self.spec.table, slice, &PageToken::Start, 1), Purpose::Page(number), 1)
    }

    /// Hands a page over. `false` when nobody wants it.
    pub(super) async fn deliver(&self, page: Page, position: ChainPosition, sender: &mpsc::Sender<Message>) -> bool {
        if let Some(ordering) = &self.ordering {
            ordering.wait(position).await;
        }
        if self.spec.counting.is_some() {
            self.count(page.rows() as u64);
            self.release(page);
            return true;
        }
        let sent = sender.send(Message::Page(Box::new(page))).await.is_ok();
        wake(&self.wake);
        sent
    }
}

/// Reads everything, and says at last that it was all.
pub(super) async fn run(context: Arc<ScanContext>, sender: mpsc::Sender<Message>) {
    // Declared before the sender moves in: dropped after it, so that the backend wakes to a closed channel.
    let _wake = NotifyOnDrop(Arc::clone(&context.wake));
    let sender = sender;
    let mut workers = JoinSet::new();
    // Wakes the backend now and then although there is no page: an Append over several scans waits without an end, and would not
    // notice that its client is gone.
    let mut tick = tokio::time::interval(TICK);
    let last = loop {
        if let Err(error) = context.fill(&mut workers, &sender) {
            break Message::Failed(error);
        }
        context.running.store(workers.len(), Ordering::Relaxed);
        let joined = tokio::select! {
            joined = workers.join_next() => joined,
            () = context.added.notified() => continue,
            _ = tick.tick() => {
                wake(&context.wake);
                continue;
            }
        };
        match joined {
            None => break Message::End,
            Some(Ok(Ok(()))) => {}
            Some(Ok(Err(error))) => break Message::Failed(error),
            Some(Err(join)) => break Message::Failed(worker_error(&join)),
        }
    };
    // The receiver is gone only when nobody wants to know.
    let _ = sender.send(last).await;
}

pub(super) fn worker_error(join: &tokio::task::JoinError) -> Error {
    let what = if join.is_panic() { "a worker panicked" } else { "a worker was stopped" };
    Error::new(ErrorKind::Internal, format!("{what} while it read from the API"))
}

async fn run_item(context: Arc<ScanContext>, run_item: WorkItem, sender: mpsc::Sender<Message>) -> Result<()> {
    match run_item {
        WorkItem::Chain(chain) => chain.read(&context, &sender).await,
        WorkItem::Pages { slice, remaining, page } => read_page(&context, &slice, &remaining, page, &sender).await,
    }
}

/// One page of those that a total makes known; in parts, where the server gives fewer records than it was asked for.
async fn read_page(context: &ScanContext, slice: &Slice, remaining: &KnownPages, page: u64, sender: &mpsc::Sender<Message>) -> Result<()> {
    let rules = SliceRules { overlap: remaining.overlap(page), ..context.spec.rules(slice)? };
    let number = remaining.number(page);
    let mut left: Range<u64> = remaining.range(page);
    loop {
        if context.acquire().await.is_none() {
            return Ok(());
        }
        let (token, size) = remaining.ask(page, &left);
        let Some(fetched) = context.fetch(slice, &token, size, number, &rules, None, &mut |_| {}).await else { return Ok(()) };
        let (read, decoded) = match fetched {
            Err(error) if error.kind() == ErrorKind::Shape && remaining.may_be_refused(page, &left) => return Ok(()),
            fetched => fetched?,
        };
        left = remaining.advance(page, left, &decoded.facts).map_err(|error| context.located(slice, number, error))?;
        if !context.deliver(read, (0, 0), sender).await || left.is_empty() {
            return Ok(());
        }
    }
}
