//! What a scan is begun with, as values, and the small decisions that follow from these values alone.
//!
//! Pure but for the connection that a specification carries. The plan has decided what is read (law 1); here stands how.

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

/// The shortest window whose density is remembered. A shorter one tells nothing: a query asks for one moment because it has a record.
const MIN_LEARNED_MICROS: f64 = 1e6;

/// Everything a scan needs, as values.
#[derive(Debug)]
pub struct ScanSpec {
    /// The endpoint.
    pub table: Arc<Table>,
    /// The chains to read.
    pub slices: Slices,
    /// Reads each body.
    pub decoder: Decoder,
    /// The decoder's column of times, if windows are asked for.
    pub time_column: Option<usize>,
    /// Whether that column was declared NOT NULL: a record without a time is an error then.
    pub time_is_required: bool,
    /// The description's column → the decoder's, for fan-out keys that rows carry.
    pub fan_out_columns: BTreeMap<usize, usize>,
    /// The scan's start. Windows are measured and partitioned up to it, because there are no records of the future.
    pub now: i64,
    /// How many records to ask for in the scan's first page, and in all others.
    pub page_sizes: (u64, u64),
    /// Whether a LIMIT may be satisfied by the first page: then a window is read as one chain.
    pub limited: bool,
    /// The order in which rows must come, if any.
    pub order: Option<Direction>,
    /// How many rows a microsecond had in earlier scans.
    pub known_density: Option<f64>,
    /// How many requests may be in flight.
    pub concurrency: usize,
    /// The limits of its requests.
    pub limits: Limits,
    /// The server that is asked, as one user.
    pub connection: Arc<Connection>,
    /// Set where only the number of rows is wanted.
    pub counting: Option<Counting>,
}

/// How rows are counted.
#[derive(Debug)]
pub struct Counting {
    /// Whether every condition is in every request, so that a total may be the number of rows.
    pub by_total: bool,
    /// Columns of the decoder, and the values that they must have. A record of a first page with another value shows that the API
    /// does not filter as described: then its total says nothing of the rows, and records are counted.
    pub checks: Vec<(usize, Vec<String>)>,
}

impl ScanSpec {
    /// Which records of a slice's responses are kept.
    pub(super) fn rules(&self, slice: &Slice) -> Result<SliceRules> {
        let window = match (&self.table.time_range, slice.window, self.time_column) {
            (Some(range), Some(window), Some(column)) => Some(WindowRules::new(column, range, window, self.slices.windows())),
            _ => None,
        };
        let mut recheck = Vec::new();
        for key in &slice.recheck_columns {
            // Without the check a row could come twice.
            let (Some(column), Some(values)) = (self.fan_out_columns.get(key), slice.values.get(key)) else {
                return Err(Error::new(ErrorKind::Internal, "a fan-out key has no column to tell its slices apart"));
            };
            recheck.push((*column, values.clone()));
        }
        recheck.extend(self.counting.iter().flat_map(|counting| counting.checks.clone()));
        let asked = slice.values.iter().filter_map(|(key, values)| Some((*key, values.first()?.clone()))).collect();
        Ok(SliceRules { window, time_is_required: self.time_is_required, recheck, asked, overlap: 0 })
    }

    /// How many records to ask for. `is_first` says that the page is the scan's first.
    pub(super) fn page_size(&self, is_first: bool) -> u64 {
        if is_first { self.page_sizes.0 } else { self.page_sizes.1 }
    }

    /// Whether long windows are partitioned: not where a total makes the other pages known, nor where one page may be enough.
    pub(super) fn cuts_windows(&self) -> bool {
        let by_total = self.table.pagination.total.is_some();
        !by_total && !self.limited && self.counting.is_none() && self.concurrency > 1
    }

    /// Whether the API's own total is the number of rows of the chain that this page begins.
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::http::authenticator::Authenticator;
    use crate::options::{OnInvalid, Secret, Settings};
    use crate::plan::window::Window;
    use crate::sources::built_in;

    /// A scan of a built-in source's first table, four requests at once, of pages with 100 records. The page's only column is the time.
    pub(in crate::scan) fn scan_of(source: &str, windows: Vec<Option<Window>>) -> ScanSpec {
        let source = built_in(source).unwrap().unwrap();
        let settings = Settings::resolve(Some(&source), &[("base_url".to_owned(), "https://api.invalid".to_owned())], &[]).unwrap();
        let secrets = ["api_key", "token"].map(|name| (name.to_owned(), Secret::new("secret"))).into();
        let authenticator = Authenticator::new(&source, settings.parameters.clone(), secrets).unwrap();
        let table = Arc::new(source.tables[0].clone());
        ScanSpec {
            slices: Slices::of(windows, BTreeMap::new()),
            decoder: Decoder::new(Vec::new(), &table, OnInvalid::Error, None),
            time_column: Some(0),
            time_is_required: true,
            fan_out_columns: BTreeMap::new(),
            now: i64::MAX,
            page_sizes: (100, 100),
            limited: false,
            order: None,
            known_density: None,
            concurrency: 4,
            limits: Limits { max_requests: 0, max_response_bytes: 1 << 20, log: false },
            connection: Arc::new(Connection::new(&settings, authenticator).unwrap()),
            counting: None,
            table,
        }
    }

    #[test]
    fn windows_are_partitioned_where_that_can_save_time() {
        let cuts = |change: &dyn Fn(&mut ScanSpec)| {
            let mut spec = scan_of("tixngo", vec![None]);
            change(&mut spec);
            spec.cuts_windows()
        };
        assert!(cuts(&|_| {}));
        assert!(!cuts(&|spec| spec.limited = true), "one page may be enough");
        assert!(!cuts(&|spec| spec.concurrency = 1));
        assert!(!cuts(&|spec| spec.counting = Some(Counting { by_total: false, checks: Vec::new() })));
        assert!(!scan_of("viviot", vec![None]).cuts_windows(), "a total makes all pages known");
    }

    #[test]
    fn a_total_counts_where_every_record_is_as_asked_and_it_did_not_stop_counting() {
        let mut spec = scan_of("viviot", vec![None]);
        let mut decoded = Decoded::default();
        (decoded.facts.records, decoded.facts.total) = (100, Some(250));
        assert!(!spec.counts_by_total(1, &decoded), "rows are wanted");
        spec.counting = Some(Counting { by_total: true, checks: Vec::new() });
        assert!(spec.counts_by_total(1, &decoded) && !spec.counts_by_total(2, &decoded));
        decoded.facts.total = Some(SUSPECT_TOTAL);
        assert!(!spec.counts_by_total(1, &decoded));
        (decoded.facts.total, decoded.outside_slice) = (Some(250), 1);
        assert!(!spec.counts_by_total(1, &decoded), "the API does not filter as described");
    }

    #[test]
    fn only_a_window_with_a_beginning_and_a_width_tells_of_density() {
        let covered = |lo, hi| {
            let window = Some(Window { lo, hi });
            let spec = ScanSpec { now: 10_000_000, ..scan_of("tixngo", vec![window]) };
            spec.covered_micros(&spec.slices.get(0).unwrap())
        };
        assert_eq!(covered(0, 5_000_000), Some(5_000_000));
        assert_eq!(covered(0, i64::MAX), Some(10_000_000), "up to the scan's start");
        assert_eq!((covered(0, 999_999), covered(MINUS_INFINITY, 0)), (None, None));
    }
}
