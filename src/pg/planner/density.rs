//! The densities that this session's scans observed, by relation. What they decide stands in [`crate::plan::density`].

use std::cell::RefCell;

use pgrx::pg_sys;

use crate::plan::density::DensityMemory;
use crate::scan::stats::Stats;

thread_local! {
    static OBSERVED: RefCell<DensityMemory> = const { RefCell::new(DensityMemory::new()) };
}

/// Rows per microsecond of a relation under these filters; see [`DensityMemory::density`].
pub(crate) fn density(relation: pg_sys::Oid, filters: &[usize]) -> Option<f64> {
    OBSERVED.with_borrow(|observed| observed.density(relation.to_u32(), filters))
}

/// Whether a scan of the relation with exactly these filters came to its end.
pub(crate) fn is_known(relation: pg_sys::Oid, filters: &[usize]) -> bool {
    OBSERVED.with_borrow(|observed| observed.is_known(relation.to_u32(), filters))
}

/// Remembers what a scan that came to its end has counted.
pub(crate) fn observe(relation: pg_sys::Oid, filters: &[usize], stats: &Stats) {
    let (rows, micros) = (stats.covered_rows.get(), stats.covered_micros.get());
    OBSERVED.with_borrow_mut(|observed| observed.observe(relation.to_u32(), filters, rows, micros));
}
