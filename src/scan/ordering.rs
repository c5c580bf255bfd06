//! Chains that are read at the same time → pages that are delivered in the order of their times.
//!
//! Partitions of a slice are delivered one after another, then those of the next slice. Slices and partitions are numbered in the order
//! that the rows must have. Each chain delivers only while it is the current one: a chain that ends without [`OrderedDelivery::finish`]
//! would block all others.

use std::sync::Mutex;

use tokio::sync::watch;

use super::page::{CellState, Page};
use crate::error::{Error, ErrorKind, Result};
use crate::lock::lock;
use crate::sources::Direction;

/// A chain: the number of its slice, and the number of the partition of the slice's window, both from 0.
pub(super) type ChainPosition = (usize, usize);

/// Lets one chain after another deliver its pages.
#[derive(Debug)]
pub(super) struct OrderedDelivery {
    /// The chain that delivers now.
    current: watch::Sender<ChainPosition>,
    /// How many partitions each slice has so far.
    partitions: Mutex<Vec<usize>>,
}

impl OrderedDelivery {
    /// The delivery of this many slices, each of one partition; the first chain is the current one.
    pub(super) fn new(slices: usize) -> Self {
        Self { current: watch::channel((0, 0)).0, partitions: Mutex::new(vec![1; slices]) }
    }

    /// Adds further partitions to a slice, and returns their positions behind those that it has. A chain adds its slice's partitions
    /// before it finishes.
    pub(super) fn add(&self, slice: usize, count: usize) -> Result<Vec<ChainPosition>> {
        let mut partitions = lock(&self.partitions)?;
        let first = partitions[slice];
        partitions[slice] += count;
        Ok((first..first + count).map(|partition| (slice, partition)).collect())
    }

    /// Waits until the chain at this position is the current one.
    pub(super) async fn wait(&self, position: ChainPosition) {
        // The sender lives in self, so that this cannot fail.
        let _ = self.current.subscribe().wait_for(|current| *current == position).await;
    }

    /// Makes the next chain the current one, because this one has delivered its last page.
    pub(super) fn finish(&self, (slice, partition): ChainPosition) -> Result<()> {
        let more = partition + 1 < lock(&self.partitions)?[slice];
        self.current.send_replace(if more { (slice, partition + 1) } else { (slice + 1, 0) });
        Ok(())
    }
}

/// Refuses a page whose times go back. `last` is the time of the row before the page, and becomes that of its last row.
pub(super) fn check_order(direction: Direction, page: &Page, column: Option<usize>, last: &mut Option<i64>) -> Result<()> {
    let Some(column) = column else { return Ok(()) };
    for row in 0..page.rows() {
        let (CellState::Value, t) = page.cell(row, column) else { continue };
        let t = t as i64;
        let in_order = last.is_none_or(|last| match direction {
            Direction::Ascending => last <= t,
            Direction::Descending => last >= t,
        });
        if !in_order {
            return Err(Error::new(ErrorKind::Shape, "records do not come in the order that is declared")
                .detail(format!("Record {} of page {} goes back in time.", page.record(row), page.number))
                .hint("Set the option order of the foreign table to 'none'."));
        }
        *last = Some(t);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_of_a_slice_come_before_the_next_slice() {
        let ordering = OrderedDelivery::new(2);
        assert_eq!(ordering.add(0, 2), Ok(vec![(0, 1), (0, 2)]));
        let mut seen = vec![(0, 0)];
        for _ in 0..3 {
            let now = *ordering.current.borrow();
            ordering.finish(now).unwrap();
            seen.push(*ordering.current.borrow());
        }
        assert_eq!(seen, [(0, 0), (0, 1), (0, 2), (1, 0)]);
    }

    #[test]
    fn a_time_that_goes_back_is_refused() {
        let page = |times: &[i64]| {
            let mut page = Page::default().reset(1, 3);
            for t in times {
                page.begin_row();
                page.set(0, CellState::Value, *t as u64);
                page.end_row();
            }
            page
        };
        let check = |direction, times: &[i64], last| check_order(direction, &page(times), Some(0), &mut { last });
        assert!(check(Direction::Ascending, &[-5, 1, 1, 2], Some(-5)).is_ok());
        assert!(check(Direction::Ascending, &[1, 2], Some(3)).is_err());
        assert!(check(Direction::Descending, &[2, 1, -1], None).is_ok());
        assert!(check(Direction::Descending, &[1, 2], None).unwrap_err().get_detail().unwrap().contains("Record 2 of page 3"));
    }
}
