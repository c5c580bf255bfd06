//! The first page of a chain → the partitions of its window.
//!
//! Pure: what the page shows of the density of records goes in, windows come out. The windows that a function here returns cover
//! exactly the window that it partitions, without an overlap: else rows would be lost or come twice.

use super::page::{CellState, Page};
use super::spec::ScanSpec;
use crate::plan::partition::{self, Density, PartitionSettings};
use crate::plan::window::Window;
use crate::sources::Direction;

/// A partition's window, and how many pages it is expected to have, if anything tells.
pub(super) type Partition = (Window, Option<f64>);

/// What the first page of a chain tells of how its window is best partitioned.
pub(super) struct PartitionPlan<'s> {
    spec: &'s ScanSpec,
    /// The chain's window.
    window: Window,
    unit: i64,
    density: Density,
    /// The times of the page's rows.
    times: Vec<i64>,
}

impl<'s> PartitionPlan<'s> {
    /// The plan that a chain's first page suggests, or `None` where the scan partitions no windows.
    ///
    /// `records` is how many the response had. `full` says that the page holds as many records as were asked for, and names another
    /// page: only then the window holds more than the page. Some APIs name a next page in any case.
    pub(super) fn new(spec: &'s ScanSpec, window: Option<Window>, page: &Page, records: u64, full: bool) -> Option<Self> {
        let window = window.filter(|_| spec.cuts_windows())?;
        let (measured, unit) = (window.until(spec.now), spec.table.time_range.as_ref()?.unit);
        if measured.is_empty() {
            return None;
        }
        let times: Vec<i64> = spec.time_column.into_iter().flat_map(|column| times(page, column)).collect();
        let density = Density {
            partition: measured,
            records: (!full).then_some(records),
            seen: partition::density_of(&times, unit),
            page: spec.page_sizes.1,
            known: spec.known_density,
        };
        Some(Self { spec, window, unit, density, times })
    }

    /// The partitions of the window's rest, which lies beside the chain's own window, in the order in which their rows must come.
    pub(super) fn remaining(&self, rest: Window) -> Vec<Partition> {
        let (spec, ordered) = (self.spec, self.spec.order.is_some());
        let mut partitions = partition::remaining_partitions(rest.until(spec.now), self.density, spec.concurrency, self.unit, ordered);
        partition::extend_last(partitions.iter_mut().map(|(partition, _)| partition), rest.hi);
        if spec.order == Some(Direction::Descending) {
            partitions.reverse();
        }
        partitions
    }

    /// The partitions that take the place of a chain which turns out to be much longer than `expected`; `None` where it is better read
    /// on. `size` is how many records the page was asked for.
    ///
    /// The records of the first page are read again with the partitions: nobody promised that the page has all records of its times.
    pub(super) fn repartition(&self, size: u64, expected: Option<f64>) -> Option<Vec<Partition>> {
        if self.density.records.is_some() || self.spec.order.is_some() {
            return None;
        }
        let measured = self.density.partition;
        let expected = expected.or(self.density.pages(measured))?;
        let settings = PartitionSettings { page: size, concurrency: self.spec.concurrency, unit: self.unit };
        let mut partitions = partition::repartition(measured, &self.times, expected, settings)?;
        partition::extend_last(partitions.iter_mut().map(|(partition, _)| partition), self.window.hi);
        Some(partitions.into_iter().map(|(partition, expected)| (partition, Some(expected))).collect())
    }
}

fn times(page: &Page, column: usize) -> impl Iterator<Item = i64> {
    (0..page.rows()).filter_map(move |row| match page.cell(row, column) {
        (CellState::Value, t) => Some(t as i64),
        _ => None,
    })
}
