//! One chain of pages as a state machine: which page to ask for next, and what a fetched page means for the chain.
//!
//! Pure: pages and errors in, steps out. A chain knows neither the queue, nor the channel to the consumer, nor the budget of
//! requests; the scheduler executes its steps. What must hold: every page of the chain is delivered once, in order, until one proves
//! the end (law 2), or others take its place.

use std::sync::Arc;

use super::decode::{Decoded, SliceRules};
use super::fetcher::{PageRequest, located};
use super::ordering::{ChainPosition, check_order};
use super::page::Page;
use super::paging::{KnownPages, PageFacts, Pager, Seen};
use super::partition_plan::{Partition, PartitionPlan};
use super::spec::ScanSpec;
use crate::error::{Error, ErrorKind, Result};
use crate::plan::partition;
use crate::plan::request::PageToken;
use crate::plan::slice::Slice;
use crate::plan::window::Window;
use crate::sources::Direction;

/// A chain that is still to be read.
#[derive(Debug)]
pub(super) struct Chain {
    /// Where its rows come among those of the other chains.
    pub(super) position: ChainPosition,
    /// What it asks for. The window is the one that it reads itself.
    pub(super) slice: Arc<Slice>,
    /// The rest of the slice's window. It is partitioned as soon as the chain's first page shows how dense records are.
    pub(super) rest: Option<Window>,
    /// How many pages the chain is expected to have, if anything tells.
    pub(super) expected: Option<f64>,
}

/// A chain that is being read.
#[derive(Debug)]
pub(super) struct OpenChain {
    chain: Chain,
    rules: SliceRules,
    pager: Pager,
    /// The number, from 1, of the page asked for.
    number: u64,
    /// How many records that page was asked for.
    size: u64,
    /// Rows delivered.
    rows: u64,
    /// The time of the last row, where rows must come in order.
    last_time: Option<i64>,
}

/// What a page asks the scheduler to do: with the page, with further chains, and with this chain.
#[derive(Debug)]
pub(super) struct ChainStep {
    pub(super) page: PageUse,
    /// Chains to be queued: the rest of the window in partitions, or the partitions that replace this chain.
    pub(super) chains: Vec<Chain>,
    pub(super) next: NextRead,
}

/// What becomes of the page just fetched.
#[derive(Debug)]
pub(super) enum PageUse {
    /// Its rows go to the consumer.
    Deliver(Page),
    /// Its rows are not used: its request gave the consumer nothing.
    Discard(Page),
    /// Its total is the number of the chain's rows, which is all that is wanted of them.
    Count(u64),
    /// There is no page: the API refused to give one behind the last.
    Missing,
}

/// How the chain goes on.
#[derive(Debug)]
pub(super) enum NextRead {
    /// With the page that [`OpenChain::request`] asks for.
    Page,
    /// With pages that need not wait for each other.
    Known(Arc<KnownPages>),
    /// Not at all: it was read to its proven end, and had this many rows.
    End { rows: u64 },
    /// Not at all: a total, or other chains, stand for its rows.
    Replaced,
}

impl Chain {
    /// The chain of the slice with this number, in the order in which slices are read; `None` behind the last one. A long window is
    /// parted: the chain reads the sampling partition, and the rest waits for what that shows.
    pub(super) fn of_slice(spec: &ScanSpec, number: usize) -> Option<Self> {
        let slice = spec.slices.get(match spec.order {
            Some(Direction::Descending) => spec.slices.len().checked_sub(number + 1)?,
            _ => number,
        })?;
        // Enough slices keep all workers busy by themselves.
        let concurrency = spec.concurrency / spec.slices.len().max(1);
        let (known, size) = (spec.known_density, spec.page_sizes.1);
        let cut = spec.cuts_windows().then(|| slice.window.zip(spec.table.time_range.as_ref())).flatten().and_then(|(window, range)| {
            let measured = window.until(spec.now);
            let (mut first, mut rest) = partition::sampling_partition(measured, known, size, concurrency, range.unit, spec.order)?;
            partition::extend_last([&mut first, &mut rest], window.hi);
            Some((first, rest))
        });
        let (window, rest) = cut.map_or((slice.window, None), |(first, rest)| (Some(first), Some(rest)));
        let measured = window.map(|window| window.until(spec.now));
        let expected = measured.zip(known).map(|(window, density)| partition::pages(density, window, size));
        Some(Self { position: (number, 0), slice: Arc::new(Slice { window, ..slice }), rest, expected })
    }

    /// Begins to read.
    pub(super) fn open(self, spec: &ScanSpec) -> Result<OpenChain> {
        Ok(OpenChain {
            rules: spec.rules(&self.slice)?,
            pager: Pager::new(spec.table.pagination.clone()),
            chain: self,
            number: 0,
            size: 0,
            rows: 0,
            last_time: None,
        })
    }
}

impl OpenChain {
    pub(super) fn position(&self) -> ChainPosition {
        self.chain.position
    }

    pub(super) fn slice(&self) -> &Arc<Slice> {
        &self.chain.slice
    }

    /// The number, from 1, of the page asked for.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// The token of the page to ask for.
    pub(super) fn token(&self) -> &PageToken {
        self.pager.token()
    }

    /// Prepares the request of the next page. `usual` is how many records a page usually has.
    pub(super) fn prepare(&mut self, usual: u64) {
        // A page that shall only show whether pages name the next one is no page of the chain.
        self.number += u64::from(!self.pager.is_in_doubt());
        self.size = self.pager.ask(usual);
        self.rules.overlap = self.pager.overlap();
    }

    /// The request that [`Self::prepare`] prepared.
    pub(super) fn request(&self) -> PageRequest<'_> {
        PageRequest { slice: &self.chain.slice, token: self.pager.token(), size: self.size, number: self.number, rules: &self.rules }
    }

    /// Whether the page after the one asked for may be requested before that one is decoded.
    pub(super) fn may_prefetch(&self, spec: &ScanSpec) -> bool {
        // No prefetch before the rest of the window is partitioned: the first page may be discarded. Nor for count(*): the total on the
        // first page may be the answer.
        let may_be_all = self.number == 1 && (spec.cuts_windows() || spec.counting.is_some());
        self.chain.rest.is_none() && !may_be_all
    }

    /// The token of the page that `key` names, if that is another page than the one asked for.
    pub(super) fn token_of(&self, key: String) -> Option<PageToken> {
        self.pager.token_of(key)
    }

    /// What the page asked for means for the chain. `seen` is what the scan's other pages have shown.
    pub(super) fn step(&mut self, spec: &ScanSpec, page: Page, decoded: &Decoded, seen: Seen) -> Result<ChainStep> {
        let facts = &decoded.facts;
        self.pager.recall(seen);
        let more = self.pager.advance(facts).map_err(|error| self.located(spec, error))?;
        let known = if more { self.known_pages(spec, facts) } else { None };
        if self.pager.has_rejected() {
            return Ok(self.reject(page, known));
        }
        if let Some(direction) = spec.order {
            let checked = check_order(direction, &page, spec.time_column, &mut self.last_time);
            checked.map_err(|error| self.located(spec, error))?;
        }
        let full = more && !self.pager.is_in_doubt() && facts.records >= self.size;
        let mut chains = Vec::new();
        if self.number == 1
            && (full || self.chain.rest.is_some())
            && let Some(plan) = PartitionPlan::new(spec, self.chain.slice.window, &page, facts.records, full)
        {
            if let Some(rest) = self.chain.rest.take() {
                chains.extend(plan.remaining(rest).into_iter().map(|partition| self.partition(partition)));
            }
            if let Some(partitions) = plan.repartition(self.size, self.chain.expected) {
                chains.extend(partitions.into_iter().map(|partition| self.partition(partition)));
                return Ok(ChainStep { page: PageUse::Discard(page), chains, next: NextRead::Replaced });
            }
        }
        if self.chain.rest.is_some() {
            return Err(Error::new(ErrorKind::Internal, "the rest of a window was not read"));
        }
        if spec.counts_by_total(self.number, decoded) {
            return Ok(ChainStep { page: PageUse::Count(facts.total.unwrap_or_default()), chains, next: NextRead::Replaced });
        }
        if let Some(known) = known {
            return Ok(ChainStep { page: PageUse::Deliver(page), chains, next: NextRead::Known(known) });
        }
        self.rows += page.rows() as u64;
        let next = if more { NextRead::Page } else { NextRead::End { rows: self.rows } };
        Ok(ChainStep { page: PageUse::Deliver(page), chains, next })
    }

    /// What it means for the chain that the page asked for could not be had: the page's size is refused, the page need not exist, or
    /// the scan fails.
    pub(super) fn step_without(&mut self, spec: &ScanSpec, error: Error) -> Result<ChainStep> {
        if self.pager.refuses_size(&error) {
            self.pager.reject();
            let known = self.known_pages(spec, &PageFacts::default());
            return Ok(self.reject(Page::default(), known));
        }
        // If the page need not exist, the pages before it are all.
        self.pager.refused(error)?;
        Ok(ChainStep { page: PageUse::Missing, chains: Vec::new(), next: NextRead::End { rows: self.rows } })
    }

    /// The chain's other pages, if a total makes them known, and rows need not come in order.
    fn known_pages(&self, spec: &ScanSpec, facts: &PageFacts) -> Option<Arc<KnownPages>> {
        let known = if spec.order.is_none() { self.pager.remaining(facts, self.size, spec.page_sizes.1) } else { None };
        known.map(Arc::new)
    }

    /// Goes on behind a page that is none of the chain, because the API has pages of one size.
    fn reject(&mut self, page: Page, known: Option<Arc<KnownPages>>) -> ChainStep {
        self.pager.go_on();
        self.number -= 1;
        ChainStep { page: PageUse::Discard(page), chains: Vec::new(), next: known.map_or(NextRead::Page, NextRead::Known) }
    }

    /// A partition of the slice's window as a chain. Its position is this chain's until the scheduler gives it its own.
    fn partition(&self, (window, expected): Partition) -> Chain {
        let slice = Arc::new(Slice { window: Some(window), ..(*self.chain.slice).clone() });
        Chain { position: self.chain.position, slice, rest: None, expected }
    }

    fn located(&self, spec: &ScanSpec, error: Error) -> Error {
        located(&spec.table, &self.chain.slice, self.number, error)
    }
}
