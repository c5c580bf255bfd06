//! One chain of pages, from its first to the proven end; its window may be cut on the way.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::decode::Decoded;
use super::ordering::ChainPosition;
use super::page::{CellState, Page};
use super::paging::Pager;
use super::prefetch::Prefetch;
use super::queue::WorkItem;
use super::scheduler::ScanContext;
use super::stream::Message;
use crate::error::{Error, ErrorKind, Result};
use crate::plan::partition::{self, Density};
use crate::plan::slice::Slice;
use crate::plan::window::Window;
use crate::sources::Direction;

/// A chain to be read.
#[derive(Debug)]
pub(super) struct Chain {
    pub(super) position: ChainPosition,
    pub(super) slice: Arc<Slice>,
    /// The rest of its window, which is cut once the chain's first page is in.
    pub(super) rest: Option<Window>,
    /// How many pages it is expected to have, if anything tells.
    pub(super) expected: Option<f64>,
}

impl Chain {
    /// Reads one page after another, as long as none tells where the others lie.
    pub(super) async fn read(self, context: &Arc<ScanContext>, sender: &mpsc::Sender<Message>) -> Result<()> {
        let Self { position, slice, mut rest, expected } = self;
        let spec = context.spec();
        context.begin(position).await;
        let mut rules = spec.rules(&slice)?;
        let mut pager = Pager::new(spec.table.pagination.clone());
        let (mut number, mut rows, mut last) = (0, 0, None);
        let mut prefetched: Option<Prefetch> = None;
        loop {
            let sent = prefetched.take();
            let first = match &sent {
                Some(_) => false,
                None => match context.acquire().await {
                    Some(first) => first,
                    None => return Ok(()),
                },
            };
            let in_doubt = pager.is_in_doubt();
            number += u64::from(!in_doubt);
            let size = pager.ask(if first { spec.page_sizes.0 } else { spec.page_sizes.1 });
            rules.overlap = pager.overlap();
            // The rest of a window goes before: it may be that this page is not even kept.
            // So may it be that a total on it is all that is wanted.
            let may_be_all = number == 1 && (spec.cuts_windows() || spec.counting.is_some());
            let may_prefetch = rest.is_none() && !may_be_all && context.has_room_for_two();
            let mut prefetch = |body: &[u8]| {
                let token = if may_prefetch { spec.decoder.peek_next(body).and_then(|key| pager.token_of(key)) } else { None };
                prefetched = token.map(|token| Prefetch::start(context, &slice, token, number + 1));
            };
            let Some(fetched) = context.fetch(&slice, pager.token(), size, number, &rules, sent, &mut prefetch).await else {
                return Ok(());
            };
            let (page, decoded) = match fetched {
                Ok(read) => read,
                Err(error) if pager.refuses_size(&error) => {
                    pager.reject();
                    (Page::default(), Decoded::default())
                }
                // The page need not exist: then what was read before it is all.
                Err(error) => {
                    pager.refused(error)?;
                    context.observe_density(&slice, rows);
                    if let Some(ordering) = context.ordering() {
                        ordering.finish(position)?;
                    }
                    return Ok(());
                }
            };
            let more = pager.has_rejected() || {
                pager.recall(context.see(&decoded.facts)?);
                pager.advance(&decoded.facts).map_err(|error| context.located(&slice, number, error))?
            };
            let remaining =
                if more && context.ordering().is_none() { pager.remaining(&decoded.facts, size, spec.page_sizes.1) } else { None };
            if pager.has_rejected() {
                context.release(page);
                context.refund();
                pager.go_on();
                number -= 1;
                match remaining {
                    None => continue,
                    Some(remaining) => return context.add([WorkItem::Pages { slice, remaining: Arc::new(remaining), page: 0 }]),
                }
            }
            prefetched = prefetched.take().filter(|sent| more && sent.is_for(pager.token()));
            if let Some(ordering) = context.ordering() {
                ordering.check(&page, spec.time_column, &mut last).map_err(|error| context.located(&slice, number, error))?;
            }
            let full = more && !pager.is_in_doubt() && decoded.facts.records >= size;
            if number == 1
                && (full || rest.is_some())
                && let Some(plan) = PartitionPlan::of(context, &slice, &page, decoded.facts.records, full)
            {
                if let Some(window) = rest.take() {
                    context.add(plan.remaining(position.0, window)?)?;
                }
                if let Some(partitions) = plan.repartition(size, expected) {
                    context.release(page);
                    context.refund();
                    context.add(partitions)?;
                    return Ok(());
                }
            }
            if rest.is_some() {
                return Err(Error::new(ErrorKind::Internal, "the rest of a window was not read"));
            }
            if spec.counts_by_total(number, &decoded) {
                context.count(decoded.facts.total.unwrap_or_default());
                return Ok(());
            }
            if let Some(remaining) = remaining {
                context.add([WorkItem::Pages { slice, remaining: Arc::new(remaining), page: 0 }])?;
                context.deliver(page, position, sender).await;
                return Ok(());
            }
            rows += page.rows() as u64;
            if !more {
                context.observe_density(&slice, rows);
            }
            let wanted = context.deliver(page, position, sender).await;
            if !more && let Some(ordering) = context.ordering() {
                ordering.finish(position)?;
            }
            if !wanted || !more {
                return Ok(());
            }
        }
    }
}

/// What the first page of a chain tells of how its window is best cut.
struct PartitionPlan<'s> {
    context: &'s ScanContext,
    slice: &'s Slice,
    unit: i64,
    density: Density,
    times: Vec<i64>,
}

impl<'s> PartitionPlan<'s> {
    /// `full` says that the page is, and names another: only then there is more than it holds. Some APIs name one in any case.
    fn of(context: &'s ScanContext, slice: &'s Slice, page: &Page, records: u64, full: bool) -> Option<Self> {
        let spec = context.spec();
        let (partition, unit) = (slice.window.filter(|_| spec.cuts_windows())?.until(spec.now), spec.table.time_range.as_ref()?.unit);
        if partition.is_empty() {
            return None;
        }
        let time = |(row, column): (usize, usize)| match page.cell(row, column) {
            (CellState::Value, t) => Some(t as i64),
            _ => None,
        };
        let times: Vec<i64> =
            spec.time_column.into_iter().flat_map(|column| (0..page.rows()).filter_map(move |row| time((row, column)))).collect();
        let density = Density {
            partition,
            records: (!full).then_some(records),
            seen: partition::density_of(&times, unit),
            page: spec.page_sizes.1,
            known: spec.known_density,
        };
        Some(Self { context, slice, unit, density, times })
    }

    /// The rest of the slice's window as chains of their own.
    fn remaining(&self, number: usize, window: Window) -> Result<Vec<WorkItem>> {
        let ordered = self.context.ordering().is_some();
        let spec = self.context.spec();
        let mut partitions = partition::remaining_partitions(window.until(spec.now), self.density, spec.concurrency, self.unit, ordered);
        partition::extend_last(partitions.iter_mut().map(|(partition, _)| partition), window.hi);
        let positions = match self.context.ordering() {
            None => vec![(number, 0); partitions.len()],
            Some(ordering) => {
                if ordering.direction() == Direction::Descending {
                    partitions.reverse();
                }
                ordering.add(number, partitions.len())?
            }
        };
        Ok(partitions
            .into_iter()
            .zip(positions)
            .map(|((partition, expected), position)| self.chain(position, partition, expected))
            .collect())
    }

    /// A chain that turns out to be much longer than expected, in partitions that take its place: its first page is read again with
    /// them, because nobody promised that it has just the records of its times.
    fn repartition(&self, size: u64, expected: Option<f64>) -> Option<Vec<WorkItem>> {
        if self.density.records.is_some() || self.context.ordering().is_some() {
            return None;
        }
        let window = self.slice.window?;
        let measured = self.density.partition;
        let expected = expected.or(self.density.pages(measured))?;
        let mut partitions = partition::repartition(measured, &self.times, size, expected, self.context.spec().concurrency, self.unit)?;
        partition::extend_last(partitions.iter_mut().map(|(partition, _)| partition), window.hi);
        Some(partitions.into_iter().map(|(partition, expected)| self.chain((0, 0), partition, Some(expected))).collect())
    }

    fn chain(&self, position: ChainPosition, partition: Window, expected: Option<f64>) -> WorkItem {
        let slice = Arc::new(Slice { window: Some(partition), ..self.slice.clone() });
        WorkItem::Chain(Chain { position, slice, rest: None, expected })
    }
}
