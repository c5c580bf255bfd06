//! What is to be read next: pages that a total makes known, slices that were not started, partitions that were added meanwhile.
//!
//! Every slice and every added item is taken exactly once: an item that was dropped would be rows that are lost (law 2).

use std::collections::VecDeque;
use std::sync::Arc;

use super::chain::Chain;
use super::paging::KnownPages;
use crate::plan::slice::Slice;

/// What one worker reads.
#[derive(Debug)]
pub(super) enum WorkItem {
    /// A chain from its first page on.
    Chain(Chain),
    /// Pages that need not wait for each other, from `page` on. A worker reads that page; the others stay in the queue.
    Pages { slice: Arc<Slice>, known: Arc<KnownPages>, page: u64 },
}

/// The items that no worker has taken yet.
#[derive(Debug)]
pub(super) struct WorkQueue {
    /// Items that were added while others were read.
    added: VecDeque<WorkItem>,
    /// How many slices were started. The chain of a slice is made only when it is taken: there may be millions.
    started: usize,
    /// Whether rows must come in order.
    ordered: bool,
}

impl WorkQueue {
    /// A queue of all slices, none of them started.
    pub(super) fn new(ordered: bool) -> Self {
        Self { added: VecDeque::new(), started: 0, ordered }
    }

    /// Takes the next item; `chain` makes the chain of a slice by its number. Known pages of a chain that was started go before other
    /// chains, and slices before added partitions. Where rows must come in order, the item whose rows come first goes first.
    pub(super) fn take(&mut self, chain: impl FnOnce(usize) -> Option<Chain>) -> Option<WorkItem> {
        let is_first = match self.added.front() {
            Some(WorkItem::Pages { .. }) => false,
            Some(WorkItem::Chain(added)) => !self.ordered || (self.started, 0) < added.position,
            None => true,
        };
        if is_first && let Some(chain) = chain(self.started) {
            self.started += 1;
            return Some(WorkItem::Chain(chain));
        }
        let item = self.added.pop_front()?;
        if let WorkItem::Pages { slice, known, page } = &item
            && known.has(page + 1)
        {
            self.added.push_front(WorkItem::Pages { slice: Arc::clone(slice), known: Arc::clone(known), page: page + 1 });
        }
        Some(item)
    }

    /// Adds items that came up while others were read.
    pub(super) fn add(&mut self, more: impl IntoIterator<Item = WorkItem>) {
        for item in more {
            match item {
                WorkItem::Chain(_) => self.added.push_back(item),
                WorkItem::Pages { .. } => self.added.push_front(item),
            }
        }
        // A worker whose chain must wait to deliver stays busy with it. If all waited for a chain that nobody reads, the scan would
        // deadlock: so the chains that are taken are always the first in order.
        if self.ordered {
            self.added.make_contiguous().sort_by_key(|item| match item {
                WorkItem::Chain(chain) => chain.position,
                WorkItem::Pages { .. } => (0, 0),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::BTreeMap;

    use super::*;
    use crate::scan::ordering::ChainPosition;

    fn chain(position: ChainPosition) -> Chain {
        let slice = Slice { window: None, values: BTreeMap::new(), recheck_columns: Vec::new() };
        Chain { position, slice: Arc::new(slice), rest: None, expected: None }
    }

    fn position(item: Option<WorkItem>) -> Option<ChainPosition> {
        match item? {
            WorkItem::Chain(chain) => Some(chain.position),
            WorkItem::Pages { .. } => None,
        }
    }

    #[test]
    fn a_chain_is_made_when_it_is_taken() {
        let made = Cell::new(0);
        let mut queue = WorkQueue::new(false);
        let mut take = || {
            queue.take(|number| {
                made.set(made.get() + 1);
                (number < usize::MAX).then(|| chain((number, 0)))
            })
        };
        assert_eq!((position(take()), position(take())), (Some((0, 0)), Some((1, 0))));
        assert_eq!(made.get(), 2);
    }

    #[test]
    fn partitions_come_after_the_slices_or_in_order() {
        for (ordered, expected) in [(false, [(1, 0), (2, 0), (0, 1), (0, 2)]), (true, [(0, 1), (0, 2), (1, 0), (2, 0)])] {
            let mut queue = WorkQueue::new(ordered);
            let take = |queue: &mut WorkQueue| position(queue.take(|number| (number < 3).then(|| chain((number, 0)))));
            assert_eq!(take(&mut queue), Some((0, 0)));
            queue.add([(0, 1), (0, 2)].map(|position| WorkItem::Chain(chain(position))));
            assert_eq!(
                [(); 5].map(|()| take(&mut queue)),
                [Some(expected[0]), Some(expected[1]), Some(expected[2]), Some(expected[3]), None]
            );
        }
    }
}
