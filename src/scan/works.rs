//! What is to be read next: pages that a total makes known, slices that were not begun, pieces that came up meanwhile.

use std::collections::VecDeque;
use std::sync::Arc;

use super::chain::Chain;
use super::paging::Remaining;
use crate::plan::slice::Slice;

/// What is to be read.
#[derive(Debug)]
pub(super) enum Work {
    /// A chain from its first page on.
    Chain(Chain),
    /// Pages that need not wait for each other, from this one on; a worker takes one of them.
    Pages { slice: Arc<Slice>, remaining: Arc<Remaining>, page: u64 },
}

/// What there is to do.
#[derive(Debug)]
pub(super) struct Works {
    /// What came up while others were read.
    added: VecDeque<Work>,
    /// How many slices were begun. A chain is made when its turn comes: there may be millions.
    begun: usize,
    /// Whether rows must come in order.
    ordered: bool,
}

impl Works {
    pub(super) fn new(ordered: bool) -> Self {
        Self { added: VecDeque::new(), begun: 0, ordered }
    }

    /// The next thing to do; `chain` makes that of a slice by its number. Pages of a chain that was begun go before other chains, and
    /// slices before pieces of others; where rows must come in order, whatever is first in it.
    pub(super) fn take(&mut self, chain: impl FnOnce(usize) -> Option<Chain>) -> Option<Work> {
        let is_first = match self.added.front() {
            Some(Work::Pages { .. }) => false,
            Some(Work::Chain(added)) => !self.ordered || (self.begun, 0) < added.place,
            None => true,
        };
        if is_first && let Some(chain) = chain(self.begun) {
            self.begun += 1;
            return Some(Work::Chain(chain));
        }
        let work = self.added.pop_front()?;
        if let Work::Pages { slice, remaining, page } = &work
            && remaining.has(page + 1)
        {
            self.added.push_front(Work::Pages { slice: Arc::clone(slice), remaining: Arc::clone(remaining), page: page + 1 });
        }
        Some(work)
    }

    /// Adds what came up while something was read.
    pub(super) fn add(&mut self, more: impl IntoIterator<Item = Work>) {
        for work in more {
            match work {
                Work::Chain(_) => self.added.push_back(work),
                Work::Pages { .. } => self.added.push_front(work),
            }
        }
        // Workers that wait for their turn must leave one to the chain whose turn it is: the place that a finished chain
        // leaves goes to the next in order.
        if self.ordered {
            self.added.make_contiguous().sort_by_key(|work| match work {
                Work::Chain(chain) => chain.place,
                Work::Pages { .. } => (0, 0),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::BTreeMap;

    use super::super::turns::Place;
    use super::*;

    fn chain(place: Place) -> Chain {
        let slice = Slice { window: None, values: BTreeMap::new(), partition: Vec::new() };
        Chain { place, slice: Arc::new(slice), rest: None, expected: None }
    }

    fn place(work: Option<Work>) -> Option<Place> {
        match work? {
            Work::Chain(chain) => Some(chain.place),
            Work::Pages { .. } => None,
        }
    }

    #[test]
    fn a_chain_is_made_when_its_turn_comes() {
        let made = Cell::new(0);
        let mut works = Works::new(false);
        let mut take = || {
            works.take(|number| {
                made.set(made.get() + 1);
                (number < usize::MAX).then(|| chain((number, 0)))
            })
        };
        assert_eq!((place(take()), place(take())), (Some((0, 0)), Some((1, 0))));
        assert_eq!(made.get(), 2);
    }

    #[test]
    fn pieces_come_after_the_slices_or_in_order() {
        for (ordered, expected) in [(false, [(1, 0), (2, 0), (0, 1), (0, 2)]), (true, [(0, 1), (0, 2), (1, 0), (2, 0)])] {
            let mut works = Works::new(ordered);
            let take = |works: &mut Works| place(works.take(|number| (number < 3).then(|| chain((number, 0)))));
            assert_eq!(take(&mut works), Some((0, 0)));
            works.add([(0, 1), (0, 2)].map(|place| Work::Chain(chain(place))));
            assert_eq!(
                [(); 5].map(|()| take(&mut works)),
                [Some(expected[0]), Some(expected[1]), Some(expected[2]), Some(expected[3]), None]
            );
        }
    }
}
