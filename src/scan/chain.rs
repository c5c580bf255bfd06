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
use crate::plan::partition::{self, PartitionSettings};
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
            let settings = PartitionSettings { page: size, concurrency, unit: range.unit };
            let (mut first, mut rest) = partition::sampling_partition(measured, known, settings, spec.order)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::page::CellState;
    use crate::scan::spec::tests::scan_of;

    const DAY: i64 = 86_400_000_000;
    const MONTH: Window = Window { lo: 0, hi: 31 * DAY };

    fn page(times: impl IntoIterator<Item = i64>) -> Page {
        let mut page = Page::default().reset(1, 1);
        for t in times {
            page.begin_row();
            page.set(0, CellState::Value, t as u64);
            page.end_row();
        }
        page
    }

    /// A chain whose first page has been asked for.
    fn open(spec: &ScanSpec) -> OpenChain {
        let mut chain = Chain::of_slice(spec, 0).unwrap().open(spec).unwrap();
        chain.prepare(100);
        chain
    }

    /// What a page with these times, the next page's key, and a total means for a chain.
    fn step(chain: &mut OpenChain, spec: &ScanSpec, times: &[i64], next: Option<&str>, total: Option<u64>) -> Result<ChainStep> {
        let facts = PageFacts {
            records: times.len() as u64,
            next: next.map(str::to_owned),
            total,
            head: times.iter().map(|t| *t as u64).take(32).collect(),
            last: times.last().map(|t| *t as u64),
            ..PageFacts::default()
        };
        let decoded = Decoded { facts, ..Decoded::default() };
        chain.step(spec, page(times.iter().copied()), &decoded, Seen::default())
    }

    fn windows(chains: &[Chain]) -> Vec<Window> {
        chains.iter().map(|chain| chain.slice.window.unwrap()).collect()
    }

    fn delivered(step: &ChainStep) -> Option<usize> {
        if let PageUse::Deliver(page) = &step.page { Some(page.rows()) } else { None }
    }

    #[test]
    fn pages_are_delivered_until_one_names_no_next() {
        let spec = ScanSpec { limited: true, ..scan_of("tixngo", vec![Some(MONTH)]) };
        let mut chain = open(&spec);
        assert_eq!((chain.request().number, chain.request().size, chain.token()), (1, 100, &PageToken::Start));
        assert!(chain.may_prefetch(&spec) && chain.token_of("k".into()) == Some(PageToken::Cursor("k".into())));
        let first = step(&mut chain, &spec, &[1, 2, 3], Some("k"), None).unwrap();
        assert!(delivered(&first) == Some(3) && first.chains.is_empty() && matches!(first.next, NextRead::Page), "{first:?}");
        chain.prepare(100);
        assert_eq!((chain.request().number, chain.token()), (2, &PageToken::Cursor("k".into())));
        let last = step(&mut chain, &spec, &[4], None, None).unwrap();
        assert!(delivered(&last) == Some(1) && matches!(last.next, NextRead::End { rows: 4 }), "{last:?}");
    }

    #[test]
    fn the_first_page_of_a_long_window_partitions_its_rest() {
        for (order, hi) in [(None, i64::MAX), (Some(Direction::Ascending), MONTH.hi), (Some(Direction::Descending), MONTH.hi)] {
            let whole = Window { hi, ..MONTH };
            let spec = ScanSpec { order, now: MONTH.hi, ..scan_of("tixngo", vec![Some(whole)]) };
            let mut chain = open(&spec);
            let own = chain.slice().window.unwrap();
            assert!(!chain.may_prefetch(&spec));
            let first = step(&mut chain, &spec, &[own.lo + 1; 90], None, None).unwrap();
            assert!(delivered(&first) == Some(90) && matches!(first.next, NextRead::End { rows: 90 }), "{first:?}");
            let mut all = [vec![own], windows(&first.chains)].concat();
            if order == Some(Direction::Descending) {
                all.reverse();
            }
            assert!(all.len() > 2 && all.windows(2).all(|pair| pair[0].hi == pair[1].lo), "{order:?}: {all:?}");
            assert_eq!((all[0].lo, all[all.len() - 1].hi), (whole.lo, whole.hi));
        }
    }

    #[test]
    fn a_chain_that_turns_out_long_is_replaced_by_partitions() {
        // Not parted at first: earlier scans saw one record in the month.
        let spec = ScanSpec { known_density: Some(1.0 / MONTH.hi as f64), ..scan_of("tixngo", vec![Some(MONTH)]) };
        let mut chain = open(&spec);
        let dense: Vec<i64> = (0..100).map(|i| i * DAY / 100).collect();
        let first = step(&mut chain, &spec, &dense, Some("k"), None).unwrap();
        assert!(matches!((&first.page, &first.next), (PageUse::Discard(_), NextRead::Replaced)), "{first:?}");
        let all = windows(&first.chains);
        assert!(all.windows(2).all(|pair| pair[0].hi == pair[1].lo), "{all:?}");
        assert_eq!((all[0].lo, all[all.len() - 1].hi), (MONTH.lo, MONTH.hi));
        let spec = ScanSpec { order: Some(Direction::Ascending), ..spec };
        let kept = step(&mut open(&spec), &spec, &dense, Some("k"), None).unwrap();
        assert!(delivered(&kept) == Some(100) && kept.chains.is_empty(), "{kept:?}");
    }

    #[test]
    fn a_full_page_without_a_next_one_is_asked_for_again_and_not_counted_twice() {
        let spec = ScanSpec { limited: true, ..scan_of("tixngo", vec![Some(MONTH)]) };
        let mut chain = open(&spec);
        let times: Vec<i64> = (0..100).collect();
        let first = step(&mut chain, &spec, &times, None, None).unwrap();
        assert!(delivered(&first) == Some(100) && matches!(first.next, NextRead::Page), "{first:?}");
        chain.prepare(100);
        assert_eq!((chain.request().number, chain.request().size, chain.request().rules.overlap), (1, 99, u64::MAX));
        let error = step(&mut chain, &spec, &times[..99], None, None).unwrap_err();
        assert_eq!(error.message(), "the API names no next page, though there are more records");
    }

    #[test]
    fn a_total_makes_the_other_pages_known_unless_rows_must_come_in_order() {
        let times: Vec<i64> = (0..100).collect();
        for (order, known) in [(None, true), (Some(Direction::Ascending), false)] {
            let spec = ScanSpec { order, ..scan_of("huawei", vec![None]) };
            let mut chain = open(&spec);
            let first = step(&mut chain, &spec, &times, None, Some(250)).unwrap();
            assert_eq!((delivered(&first), matches!(first.next, NextRead::Known(_))), (Some(100), known), "{first:?}");
        }
    }

    #[test]
    fn a_total_alone_answers_a_count() {
        let counting = Some(crate::scan::spec::Counting { by_total: true, checks: Vec::new() });
        let spec = ScanSpec { counting, ..scan_of("viviot", vec![None]) };
        let first = step(&mut open(&spec), &spec, &[1, 2], None, Some(250)).unwrap();
        assert!(matches!((&first.page, &first.next), (PageUse::Count(250), NextRead::Replaced)), "{first:?}");
    }

    #[test]
    fn a_size_that_is_refused_costs_no_page() {
        let refusal = || Error::new(ErrorKind::Shape, "the API refused the request").status(400, None);
        let times: Vec<i64> = (0..100).collect();
        for order in [None, Some(Direction::Ascending)] {
            let spec = ScanSpec { order, ..scan_of("viviot", vec![None]) };
            let mut chain = open(&spec);
            let first = step(&mut chain, &spec, &times, None, Some(250)).unwrap();
            assert!(delivered(&first) == Some(100) && matches!(first.next, NextRead::Page), "{first:?}");
            chain.prepare(100);
            assert_eq!((chain.request().number, chain.request().size), (2, 99), "a size that lets the pages overlap");
            let second = chain.step_without(&spec, refusal()).unwrap();
            assert!(matches!(second.page, PageUse::Discard(_)), "{second:?}");
            assert_eq!(matches!(second.next, NextRead::Known(_)), order.is_none(), "{second:?}");
            chain.prepare(100);
            assert_eq!((chain.request().number, chain.request().size), (2, 100));
            assert_eq!(chain.step_without(&spec, refusal()).unwrap_err().message(), refusal().message());
        }
    }

    #[test]
    fn a_page_behind_the_last_may_be_missing() {
        let spec = scan_of("viviot", vec![None]);
        let mut chain = open(&spec);
        let times: Vec<i64> = (0..100).collect();
        let first = step(&mut chain, &spec, &times, None, Some(100)).unwrap();
        assert!(delivered(&first) == Some(100), "{first:?}");
        chain.prepare(100);
        let missing = Error::new(ErrorKind::Shape, "there is no such page").status(404, None);
        let end = chain.step_without(&spec, missing).unwrap();
        assert!(matches!((&end.page, &end.next), (PageUse::Missing, NextRead::End { .. })), "{end:?}");
    }

    #[test]
    fn errors_of_paging_and_of_order_say_where_they_came_up() {
        let spec = ScanSpec { order: Some(Direction::Ascending), limited: true, ..scan_of("tixngo", vec![Some(MONTH)]) };
        let mut chain = open(&spec);
        step(&mut chain, &spec, &[5], Some("k"), None).unwrap();
        chain.prepare(100);
        let error = step(&mut chain, &spec, &[4], Some("l"), None).unwrap_err();
        assert!(error.get_detail().unwrap().contains("/organizer/report/ticket-status-logs, page 2. Record 1 "), "{error:?}");
        chain.prepare(100);
        let error = step(&mut chain, &spec, &[6], Some("k"), None).unwrap_err();
        assert!(error.get_detail().unwrap().ends_with("/organizer/report/ticket-status-logs, page 3."), "{error:?}");
    }

    #[test]
    fn slices_are_read_in_the_order_of_their_rows() {
        let later = Window { lo: MONTH.hi, hi: 2 * MONTH.hi };
        let both = || scan_of("tixngo", vec![Some(MONTH), Some(later)]);
        let spec = ScanSpec { limited: true, ..both() };
        let of = |spec: &ScanSpec, number| Chain::of_slice(spec, number).map(|chain| (chain.position, chain.slice.window.unwrap().lo));
        assert_eq!([0, 1, 2].map(|number| of(&spec, number)), [Some(((0, 0), 0)), Some(((1, 0), MONTH.hi)), None]);
        let spec = ScanSpec { order: Some(Direction::Descending), ..spec };
        assert_eq!([0, 1, 2].map(|number| of(&spec, number)), [Some(((0, 0), MONTH.hi)), Some(((1, 0), 0)), None]);
    }
}
