//! What earlier scans of this session told of a table: how many rows a microsecond has.
//!
//! It decides how windows are cut and how many rows the planner expects, never what an answer is.

use std::cell::RefCell;

use pgrx::pg_sys;

use crate::scan::stats::Stats;

/// Tables and filters that are remembered; the oldest goes.
const MOST: usize = 64;

struct Learned {
    relation: pg_sys::Oid,
    /// The description's columns that the request filtered by: a filter thins a log out.
    filters: Vec<usize>,
    rows: f64,
    micros: f64,
}

thread_local! {
    static LEARNED: RefCell<Vec<Learned>> = const { RefCell::new(Vec::new()) };
}

/// Rows of a microsecond under these filters; under none, where these were never tried: then it is too many, if anything.
pub(crate) fn density(relation: pg_sys::Oid, filters: &[usize]) -> Option<f64> {
    LEARNED.with_borrow(|learned| {
        let of = |filters: &[usize]| learned.iter().find(|l| l.relation == relation && l.filters == filters);
        of(filters).or_else(|| of(&[])).map(|l| two_digits(l.rows / l.micros))
    })
}

/// Whether just these filters were tried.
pub(crate) fn is_known(relation: pg_sys::Oid, filters: &[usize]) -> bool {
    LEARNED.with_borrow(|learned| learned.iter().any(|l| l.relation == relation && l.filters == filters))
}

/// Rounded, so that one scan more or less does not cut the same query's windows elsewhere: a cache in front of the API would
/// never see the same request again.
fn two_digits(density: f64) -> f64 {
    if density <= 0.0 {
        return 0.0;
    }
    let unit = 10_f64.powf(density.log10().floor() - 1.0);
    (density / unit).round() * unit
}

/// Remembers what a scan that came to its end has told.
pub(crate) fn observe(relation: pg_sys::Oid, filters: &[usize], stats: &Stats) {
    let (rows, micros) = (stats.covered_rows.get() as f64, stats.covered_micros.get() as f64);
    if micros < 1.0 {
        return;
    }
    LEARNED.with_borrow_mut(|learned| {
        let at = learned.iter().position(|l| l.relation == relation && l.filters == filters);
        let old = at.map(|at| learned.remove(at));
        // Older scans count half as much: logs grow denser.
        let (rows, micros) = old.map_or((rows, micros), |l| (rows + l.rows / 2.0, micros + l.micros / 2.0));
        if learned.len() >= MOST {
            learned.remove(0);
        }
        learned.push(Learned { relation, filters: filters.to_vec(), rows, micros });
    });
}
