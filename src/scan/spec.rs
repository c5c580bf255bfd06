//! What a scan is begun with, as values, and the small decisions that follow from it alone.
//!
//! Pure but for the connection that it carries.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::decode::{Decoded, Decoder, SliceRules, WindowRules};
use super::paging::SUSPECT_TOTAL;
use crate::error::{Error, ErrorKind, Result};
use crate::http::client::{Connection, Limits};
use crate::plan::partition;
use crate::plan::slice::{Slice, Slices};
use crate::plan::window::MINUS_INFINITY;
use crate::sources::{Direction, Table};

/// A shorter window tells nothing of a log's density: a query asks for one moment because it has a record.
const MIN_LEARNED_MICROS: f64 = 1e6;

/// Everything a scan needs, as values.
#[derive(Debug)]
pub struct ScanSpec {
    /// The endpoint.
    pub table: Arc<Table>,
    /// The chains to read.
    pub slices: Slices,
    /// What to read from each body.
    pub decoder: Decoder,
    /// The decoder's column of times, if windows are asked for.
    pub time_column: Option<usize>,
    /// Whether that column was declared NOT NULL: a record without a time is an error then.
    pub time_is_required: bool,
    /// The description's column → the decoder's, for fan-out keys that rows carry.
    pub fan_out_columns: BTreeMap<usize, usize>,
    /// The scan's start: up to it windows are measured, and cut.
    pub now: i64,
    /// Records asked for in the scan's first page, and in all others.
    pub page_sizes: (u64, u64),
    /// Whether a LIMIT may be content with the first page: then the window is read as one chain.
    pub limited: bool,
    /// The order in which rows must come.
    pub order: Option<Direction>,
    /// How many rows a microsecond had in earlier scans.
    pub known_density: Option<f64>,
    /// Requests in flight.
    pub concurrency: usize,
    /// What requests may take.
    pub limits: Limits,
    /// Who asks.
    pub connection: Arc<Connection>,
    /// Set where only the number of rows is wanted.
    pub counting: Option<Counting>,
}

/// How rows are counted.
#[derive(Debug)]
pub struct Counting {
    /// Whether every condition is in every request, so that a total may answer.
    pub by_total: bool,
    /// The decoder's columns and what they must be. A record of a first page that is something else shows that the API filters
    /// otherwise than described: then its total answers nothing, and records are counted.
    pub checks: Vec<(usize, Vec<String>)>,
}

impl ScanSpec {
    pub(super) fn rules(&self, slice: &Slice) -> Result<SliceRules> {
        let window = match (&self.table.time_range, slice.window, self.time_column) {
            (Some(range), Some(window), Some(column)) => Some(WindowRules::new(column, range, window, self.slices.windows())),
            _ => None,
        };
        let mut recheck = Vec::new();
        for key in &slice.recheck_columns {
            // Without the rule a row could come twice.
            let (Some(column), Some(values)) = (self.fan_out_columns.get(key), slice.values.get(key)) else {
                return Err(Error::new(ErrorKind::Internal, "a fan-out key has no column to tell its slices apart"));
            };
            recheck.push((*column, values.clone()));
        }
        recheck.extend(self.counting.iter().flat_map(|counting| counting.checks.clone()));
        let asked = slice.values.iter().filter_map(|(key, values)| Some((*key, values.first()?.clone()))).collect();
        Ok(SliceRules { window, time_is_required: self.time_is_required, recheck, asked, overlap: 0 })
    }

    /// Whether long windows are cut: not where pages are known by a total, and not where a LIMIT may be content with one page.
    pub(super) fn cuts_windows(&self) -> bool {
        let by_total = self.table.pagination.total.is_some();
        !by_total && !self.limited && self.counting.is_none() && self.concurrency > 1
    }

    /// Whether the API's own total answers `count(*)` for the chain that this page begins.
    pub(super) fn counts_by_total(&self, number: u64, decoded: &Decoded) -> bool {
        let Some(counting) = &self.counting else { return false };
        let total = decoded.facts.total.filter(|total| *total == decoded.facts.records || *total != SUSPECT_TOTAL);
        let as_asked = decoded.outside_window + decoded.outside_slice == 0;
        counting.by_total && number == 1 && as_asked && total.is_some()
    }

    /// How many microseconds the window of a slice covers, where its density is worth remembering once it was read to its end.
    pub(super) fn covered_micros(&self, slice: &Slice) -> Option<u64> {
        let measured = slice.window.map(|window| window.until(self.now));
        let worth = measured.filter(|window| window.lo > MINUS_INFINITY + 1 && partition::width(*window) >= MIN_LEARNED_MICROS);
        worth.map(|window| partition::width(window) as u64)
    }
}
