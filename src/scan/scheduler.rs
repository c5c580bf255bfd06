//! Runs a scan: gives workers what there is to read, executes what chains ask for, and delivers pages to the backend.
//!
//! Each worker reads one item of the queue at a time: a chain of pages, or one page of those that a total makes known. The scan ends
//! with [`Message::End`] only when the queue is empty and no worker is left (law 2); any worker's error ends it at once.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nix::sys::eventfd::EventFd;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;

use super::budget::RequestBudget;
use super::chain::{Chain, ChainStep, NextRead, OpenChain, PageUse};
use super::decode::{Decoded, SliceRules};
use super::fetcher::{Fetcher, PageRequest, located};
use super::ordering::{ChainPosition, OrderedDelivery};
use super::page::Page;
use super::paging::{KnownPages, Seen};
use super::prefetch::Prefetch;
use super::queue::{WorkItem, WorkQueue};
use super::spec::ScanSpec;
use super::stats::Stats;
use super::task::{NotifyOnDrop, wake, worker_error};
use crate::error::{Error, ErrorKind, Result};
use crate::lock::lock;
use crate::plan::slice::Slice;

/// How often the backend is woken although nothing came.
const TICK: Duration = Duration::from_secs(1);

/// What crosses over to the backend.
pub(super) enum Message {
    Page(Box<Page>),
    /// The proven end. A channel that closes without it has lost rows.
    End,
    Failed(Error),
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

/// The state of a running scan, shared by its workers.
pub(super) struct Scheduler {
    spec: Arc<ScanSpec>,
    stats: Arc<Stats>,
    fetcher: Arc<Fetcher>,
    budget: Arc<RequestBudget>,
    queue: Mutex<WorkQueue>,
    /// Notified when something was added to the queue.
    added: Notify,
    /// How many workers there are.
    running: AtomicUsize,
    /// What the pages so far have shown.
    seen: Mutex<Seen>,
    /// Set where rows must come in order.
    ordering: Option<OrderedDelivery>,
    /// Wakes the backend.
    wake: Arc<EventFd>,
}

impl Scheduler {
    pub(super) fn new(
        spec: ScanSpec,
        stats: Arc<Stats>,
        budget: RequestBudget,
        wake: Arc<EventFd>,
        free_pages: Arc<Mutex<Vec<Page>>>,
    ) -> Arc<Self> {
        let spec = Arc::new(spec);
        let ordering = spec.order.map(|_| OrderedDelivery::new(spec.slices.len()));
        Arc::new(Self {
            fetcher: Arc::new(Fetcher::new(Arc::clone(&spec), Arc::clone(&stats), free_pages)),
            spec,
            stats,
            budget: Arc::new(budget),
            queue: Mutex::new(WorkQueue::new(ordering.is_some())),
            added: Notify::new(),
            running: AtomicUsize::new(0),
            seen: Mutex::default(),
            ordering,
            wake,
        })
    }

    /// Gives idle workers what there is to read.
    fn fill(self: &Arc<Self>, workers: &mut JoinSet<Result<()>>, sender: &mpsc::Sender<Message>) -> Result<()> {
        while workers.len() < self.spec.concurrency
            && let Some(item) = self.take()?
        {
            workers.spawn(run_item(Arc::clone(self), item, sender.clone()));
        }
        Ok(())
    }

    fn take(&self) -> Result<Option<WorkItem>> {
        Ok(lock(&self.queue)?.take(|number| Chain::of_slice(&self.spec, number)))
    }

    fn add(&self, items: impl IntoIterator<Item = WorkItem>) -> Result<()> {
        lock(&self.queue)?.add(items);
        self.added.notify_one();
        Ok(())
    }

    /// Reads a chain, until it has ended or others take its place, or nobody wants more of it.
    async fn read_chain(&self, chain: Chain, sender: &mpsc::Sender<Message>) -> Result<()> {
        self.begin(chain.position).await;
        let mut chain = chain.open(&self.spec)?;
        let mut prefetched = None;
        loop {
            let Some(fetched) = self.fetch_next(&mut chain, &mut prefetched).await else { return Ok(()) };
            let step = match fetched {
                Ok((page, decoded)) => {
                    let seen = lock(&self.seen)?.add(&decoded.facts);
                    chain.step(&self.spec, page, &decoded, seen)?
                }
                Err(error) => chain.step_without(&self.spec, error)?,
            };
            let reads_on = matches!(step.next, NextRead::Page);
            // A prefetch of another page than the next one ends here.
            prefetched = prefetched.take().filter(|sent: &Prefetch| reads_on && sent.is_for(chain.token()));
            let wanted = self.execute(&chain, step, sender).await?;
            if !wanted || !reads_on {
                return Ok(());
            }
        }
    }

    /// Until the consumer asks for more, only one request may be sent. With ordered delivery it must be the first chain's, or the scan
    /// would deadlock: so every other chain waits here.
    async fn begin(&self, position: ChainPosition) {
        if let Some(ordering) = &self.ordering {
            tokio::select! {
                () = ordering.wait(position) => {}
                () = self.budget.unlimited() => {}
            }
        }
    }

    /// Fetches the chain's next page, unless it was prefetched, and sets `prefetched` to a request for the page after it where that is
    /// allowed. `None` when the consumer is gone.
    async fn fetch_next(&self, chain: &mut OpenChain, prefetched: &mut Option<Prefetch>) -> Option<Result<(Page, Decoded)>> {
        let sent = prefetched.take();
        let is_first = match &sent {
            // Its request was acquired when it was sent.
            Some(_) => false,
            None => self.budget.acquire().await?,
        };
        chain.prepare(self.spec.page_size(is_first));
        let chain = &*chain;
        let may_prefetch = chain.may_prefetch(&self.spec) && self.has_room_for_two();
        let mut on_body = |body: &[u8]| {
            let key = if may_prefetch { self.spec.decoder.peek_next(body) } else { None };
            let token = key.and_then(|key| chain.token_of(key));
            *prefetched = token.map(|token| Prefetch::start(&self.fetcher, &self.budget, chain.slice(), token, chain.number() + 1));
        };
        Some(match sent {
            Some(sent) => self.fetcher.read(&chain.request(), sent.response().await?, &mut on_body).await,
            None => self.fetcher.fetch(&chain.request(), &mut on_body).await,
        })
    }

    /// Whether each worker may hold one response and have another request under way: memory holds `concurrency` bodies, and never
    /// less than two (law 8).
    fn has_room_for_two(&self) -> bool {
        2 * self.running.load(Ordering::Relaxed) <= self.spec.concurrency.max(2)
    }

    /// Does what a page asks for. `false` when nobody wants more pages.
    async fn execute(&self, chain: &OpenChain, step: ChainStep, sender: &mpsc::Sender<Message>) -> Result<bool> {
        let deliver = match step.page {
            PageUse::Deliver(page) => Some(page),
            PageUse::Discard(page) => {
                self.fetcher.release(page);
                self.budget.refund();
                None
            }
            PageUse::Count(rows) => {
                self.stats.counted.add(rows);
                None
            }
            PageUse::Missing => None,
        };
        if !step.chains.is_empty() {
            self.add_partitions(chain.position(), step.chains)?;
        }
        let mut has_ended = false;
        match step.next {
            NextRead::Known(known) => self.add([WorkItem::Pages { slice: Arc::clone(chain.slice()), known, page: 0 }])?,
            NextRead::End { rows } => {
                has_ended = true;
                self.observe_density(chain.slice(), rows);
            }
            NextRead::Page | NextRead::Replaced => {}
        }
        let wanted = match deliver {
            Some(page) => self.deliver(page, chain.position(), sender).await,
            None => true,
        };
        if has_ended && let Some(ordering) = &self.ordering {
            ordering.finish(chain.position())?;
        }
        Ok(wanted)
    }

    /// Queues partitions of a chain's slice; where rows must come in order, behind the chain and before the next slice.
    fn add_partitions(&self, (slice, _): ChainPosition, mut chains: Vec<Chain>) -> Result<()> {
        if let Some(ordering) = &self.ordering {
            let positions = ordering.add(slice, chains.len())?;
            chains.iter_mut().zip(positions).for_each(|(chain, position)| chain.position = position);
        }
        self.add(chains.into_iter().map(WorkItem::Chain))
    }

    /// Remembers how dense records are in a window that was read to its end.
    fn observe_density(&self, slice: &Slice, rows: u64) {
        if let Some(micros) = self.spec.covered_micros(slice) {
            self.stats.covered_rows.add(rows);
            self.stats.covered_micros.add(micros);
        }
    }

    /// Delivers a page, once those before it are delivered where rows must come in order. `false` when nobody wants it.
    async fn deliver(&self, page: Page, position: ChainPosition, sender: &mpsc::Sender<Message>) -> bool {
        if let Some(ordering) = &self.ordering {
            ordering.wait(position).await;
        }
        if self.spec.counting.is_some() {
            self.stats.counted.add(page.rows() as u64);
            self.fetcher.release(page);
            return true;
        }
        let sent = sender.send(Message::Page(Box::new(page))).await.is_ok();
        wake(&self.wake);
        sent
    }

    /// Reads one page of those that a total makes known; in parts, where the server gives fewer records than it was asked for.
    async fn read_known(&self, slice: &Slice, known: &KnownPages, page: u64, sender: &mpsc::Sender<Message>) -> Result<()> {
        let rules = SliceRules { overlap: known.overlap(page), ..self.spec.rules(slice)? };
        let number = known.number(page);
        let mut left: Range<u64> = known.range(page);
        loop {
            if self.budget.acquire().await.is_none() {
                return Ok(());
            }
            let (token, size) = known.ask(page, &left);
            let request = PageRequest { slice, token: &token, size, number, rules: &rules };
            let (rows, decoded) = match self.fetcher.fetch(&request, &mut |_| {}).await {
                Err(error) if error.kind() == ErrorKind::Shape && known.may_be_refused(page, &left) => return Ok(()),
                fetched => fetched?,
            };
            left = known.advance(page, left, &decoded.facts).map_err(|error| located(&self.spec.table, slice, number, error))?;
            // Pages are known only where rows need not come in order: no position counts.
            if !self.deliver(rows, (0, 0), sender).await || left.is_empty() {
                return Ok(());
            }
        }
    }
}

/// Reads everything, and says at last that it was all.
pub(super) async fn run(scheduler: Arc<Scheduler>, sender: mpsc::Sender<Message>) {
    // Declared before the sender moves in: dropped after it, so that the backend wakes to a closed channel.
    let _wake = NotifyOnDrop(Arc::clone(&scheduler.wake));
    let sender = sender;
    let mut workers = JoinSet::new();
    // Wakes the backend now and then although there is no page: an Append over several scans waits without an end, and would not
    // notice that its client is gone.
    let mut tick = tokio::time::interval(TICK);
    let last = loop {
        if let Err(error) = scheduler.fill(&mut workers, &sender) {
            break Message::Failed(error);
        }
        scheduler.running.store(workers.len(), Ordering::Relaxed);
        let joined = tokio::select! {
            joined = workers.join_next() => joined,
            () = scheduler.added.notified() => continue,
            _ = tick.tick() => {
                wake(&scheduler.wake);
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

async fn run_item(scheduler: Arc<Scheduler>, item: WorkItem, sender: mpsc::Sender<Message>) -> Result<()> {
    match item {
        WorkItem::Chain(chain) => scheduler.read_chain(chain, &sender).await,
        WorkItem::Pages { slice, known, page } => scheduler.read_known(&slice, &known, page, &sender).await,
    }
}
