//! AnalyzeForeignTable: a sample of a bounded number of pages, so that the planner knows a log's values.

use std::ffi::c_int;

use pgrx::prelude::*;
use pgrx::{PgRelation, pg_sys, spi};

use crate::pg::catalog::ForeignTable;
use crate::pg::report::OrRaise;
use crate::pg::text::{relation_name, to_server};
use crate::plan::scan_plan::ScanPlan;
use crate::plan::slicing::Defaults;
use crate::plan::window::{MINUS_INFINITY, rfc3339};
use crate::sources::{Origin, Table};

/// Pages that a sample reads, at most; of a log that is asked for by time, each from another part of the time.
const PAGES: u64 = 10;
/// How often a sample looks at all parts of the time, where it reaches back not far enough or most parts are empty.
const ROUNDS: u64 = 6;
/// A sample reaches back far enough when it finds so much of the API's total.
const MOST_OF_IT: f64 = 0.8;
/// Where nothing says from when on to sample: 30 days.
const SINCE: i64 = 30 * 86_400_000_000;
/// Postgres wants a table's size in pages of its own, and looks only whether there is one.
const SOME_PAGES: pg_sys::BlockNumber = 1;

#[pg_guard]
pub(crate) unsafe extern "C-unwind" fn analyze_foreign_table(
    relation: pg_sys::Relation,
    function: *mut pg_sys::AcquireSampleRowsFunc,
    pages: *mut pg_sys::BlockNumber,
) -> bool {
    // SAFETY: an open relation, and two places to be filled.
    unsafe {
        let table = ForeignTable::read((*relation).rd_id).or_raise();
        let askable = is_askable(&table.endpoint, &table.defaults(0));
        if askable {
            *function = Some(acquire_sample_rows);
            *pages = SOME_PAGES;
        }
        askable
    }
}

/// Whether the API answers without a key that only a query knows. Postgres says in a warning that it skips the others.
fn is_askable(table: &Table, defaults: &Defaults) -> bool {
    let known = |(i, column): (usize, &crate::sources::Column)| {
        !matches!(column.origin, Origin::Request { required: true, .. }) || defaults.parameters.contains_key(&i)
    };
    table.columns.iter().enumerate().all(known)
}

#[pg_guard]
unsafe extern "C-unwind" fn acquire_sample_rows(
    relation: pg_sys::Relation,
    _level: c_int,
    rows: *mut pg_sys::HeapTuple,
    wanted: c_int,
    total: *mut f64,
    dead: *mut f64,
) -> c_int {
    // SAFETY: ANALYZE's own relation, and an array of so many tuples. What is sampled must live in the context that it called
    // us in: SPI has its own, which ends with it.
    unsafe {
        let table = ForeignTable::read((*relation).rd_id).or_raise();
        let relation = PgRelation::from_pg(relation);
        let wanted = u64::try_from(wanted).unwrap_or(0);
        let keep_in = pg_sys::CurrentMemoryContext;
        if pg_sys::SPI_connect() != pg_sys::SPI_OK_CONNECT as i32 {
            return 0;
        }
        let mut sample = RowSample { relation: &relation, rows, keep_in, taken: 0 };
        *dead = 0.0;
        *total = match time_span(&table, &relation) {
            Some(span) => sample.spread(&table, span, wanted),
            None => sample.first_pages(&table, wanted),
        };
        pg_sys::SPI_finish();
        i32::try_from(sample.taken).unwrap_or(0)
    }
}

/// The times to be sampled.
struct TimeSpan {
    /// The column of times, quoted.
    column: String,
    from: i64,
    to: i64,
    /// Whether nothing said where it begins, and the API can be asked for any time.
    is_guess: bool,
}

impl TimeSpan {
    /// Where one of several equal parts begins.
    fn start(&self, part: u64, of: u64) -> i64 {
        self.from + ((self.to - self.from) as f64 * part as f64 / of as f64) as i64
    }

    /// One of several equal parts, as a condition.
    fn part(&self, part: u64, of: u64) -> Option<String> {
        let (from, to) = (rfc3339(self.start(part, of))?, rfc3339(self.start(part + 1, of))?);
        let Self { column, .. } = self;
        Some(format!("{column} >= timestamptz '{from}' AND {column} < timestamptz '{to}'"))
    }

    /// Some neighbouring ones of several equal parts: from now on that is no guess any more.
    fn parts(self, first: u64, end: u64, of: u64) -> Self {
        Self { from: self.start(first, of), to: self.start(end, of), is_guess: false, ..self }
    }

    /// The same end, and ten times the length.
    fn ten_times_longer(self) -> Self {
        let length = self.to.saturating_sub(self.from).saturating_mul(10);
        Self { from: self.to.saturating_sub(length), ..self }
    }
}

/// The times of a log to be sampled: those of a partition's bound, or from `default_from` on, or as many days back as nobody says
/// otherwise. `None` where the API has no range of times.
fn time_span(table: &ForeignTable, relation: &PgRelation) -> Option<TimeSpan> {
    let range = table.endpoint.time_range.as_ref()?;
    let own = table.columns.iter().flatten().find(|column| column.described == Some(range.column))?;
    let column = spi::quote_identifier(&own.name);
    // SAFETY: reads the clock.
    let now = unsafe { pg_sys::GetCurrentTransactionStartTimestamp() };
    let bound = crate::pg::planner::row_bounds::times(relation, table);
    let to = bound.hi.min(now);
    let bound = Some(bound.lo).filter(|lo| *lo > MINUS_INFINITY + 1).or(table.defaults(now).from);
    let from = bound.unwrap_or(to.saturating_sub(SINCE));
    (from < to).then_some(TimeSpan { column, from, to, is_guess: bound.is_none() && !range.required })
}

/// The rows that ANALYZE is given.
struct RowSample<'r> {
    relation: &'r PgRelation,
    rows: *mut pg_sys::HeapTuple,
    keep_in: pg_sys::MemoryContext,
    taken: u64,
}

impl RowSample<'_> {
    fn name(&self) -> String {
        relation_name(self.relation.oid())
    }

    /// Samples pages that are spread over the times, so that a histogram spans all of them, and says how many rows there are by how
    /// densely these pages were filled, or by the API's total. Where the log reaches further back than was guessed, it looks again at
    /// more of the time; where most parts are empty, at those that are not.
    ///
    /// # Safety
    /// Within SPI; the array has room for `wanted` rows.
    unsafe fn spread(&mut self, table: &ForeignTable, mut span: TimeSpan, wanted: u64) -> f64 {
        let parts = PAGES.min(wanted).max(1);
        let each = (wanted / parts).clamp(1, table.page_size());
        let name = self.name();
        // SAFETY: the caller's.
        let all = if span.is_guess { unsafe { total_of(table, &name) } } else { None };
        let mut round = 0;
        loop {
            round += 1;
            let width = (span.to - span.from) as f64 / parts as f64;
            let (mut total, mut filled) = (0.0, Vec::new());
            self.taken = 0;
            for part in 0..parts {
                let Some(condition) = span.part(part, parts) else { continue };
                // SAFETY: the caller's; each part takes its share of the rows wanted.
                let (found, times) = unsafe { self.take(&format!("SELECT * FROM {name} WHERE {condition} LIMIT {each}"), table) };
                filled.extend((found > 0).then_some(part));
                // A part that gave fewer than it was asked for has no more.
                total += match (found < each, times) {
                    (false, Some((first, last))) if last > first => (found as f64 * width / (last - first) as f64).max(found as f64),
                    _ => found as f64,
                };
            }
            let reaches_back = span.is_guess && total < all.map_or(1.0, |all| all * MOST_OF_IT);
            match (filled.first(), filled.last()) {
                _ if round >= ROUNDS => return all.unwrap_or(total),
                _ if reaches_back => span = span.ten_times_longer(),
                (Some(first), Some(last)) if last - first < parts / 2 => span = span.parts(*first, last + 1, parts),
                _ => return all.unwrap_or(total),
            }
        }
    }

    /// Samples the first pages of a log that cannot be asked for by time, and says how many rows there are by its total.
    ///
    /// # Safety
    /// As for [`Self::spread`].
    unsafe fn first_pages(&mut self, table: &ForeignTable, wanted: u64) -> f64 {
        let (limit, name) = (wanted.min(PAGES * table.page_size()), self.name());
        // SAFETY: the caller's.
        let (found, _) = unsafe { self.take(&format!("SELECT * FROM {name} LIMIT {limit}"), table) };
        // SAFETY: the caller's.
        let all = if found < limit { None } else { unsafe { total_of(table, &name) } };
        all.unwrap_or(0.0).max(found as f64)
    }

    /// Adds the rows of a query over the whole table. Says how many they are, and the first and the last of their times.
    ///
    /// # Safety
    /// Within SPI; the array has room for them.
    unsafe fn take(&mut self, query: &str, table: &ForeignTable) -> (u64, Option<(i64, i64)>) {
        let text = to_server(query);
        let time = table.endpoint.time_range.as_ref().map(|range| range.column);
        let time = table.columns.iter().position(|column| {
            column
                .as_ref()
                .is_some_and(|column| column.described.is_some() && column.described == time && column.type_oid == pg_sys::TIMESTAMPTZOID)
        });
        let mut times: Option<(i64, i64)> = None;
        // SAFETY: SPI's table lives until SPI_finish; the tuples made here live in the caller's context.
        unsafe {
            if pg_sys::SPI_execute(text, true, 0) != pg_sys::SPI_OK_SELECT as i32 || pg_sys::SPI_tuptable.is_null() {
                return (0, None);
            }
            let (found, read) = ((*pg_sys::SPI_tuptable).tupdesc, pg_sys::SPI_processed);
            let own = self.relation.tuple_desc();
            let natts = own.len();
            let live: Vec<usize> = (0..natts).filter(|i| own.get(*i).is_some_and(|attribute| !attribute.attisdropped)).collect();
            let mut read_values = vec![pg_sys::Datum::null(); live.len()];
            let mut read_nulls = vec![true; live.len()];
            for i in 0..read as usize {
                pg_sys::heap_deform_tuple(*(*pg_sys::SPI_tuptable).vals.add(i), found, read_values.as_mut_ptr(), read_nulls.as_mut_ptr());
                let mut values = vec![pg_sys::Datum::null(); natts];
                let mut nulls = vec![true; natts];
                for (at, attribute) in live.iter().enumerate() {
                    (values[*attribute], nulls[*attribute]) = (read_values[at], read_nulls[at]);
                }
                if let Some(time) = time.filter(|time| !nulls[*time]) {
                    let t = values[time].value() as i64;
                    times = Some(times.map_or((t, t), |(first, last)| (first.min(t), last.max(t))));
                }
                let old = pg_sys::MemoryContextSwitchTo(self.keep_in);
                *self.rows.add(self.taken as usize) = pg_sys::heap_form_tuple(own.as_ptr(), values.as_mut_ptr(), nulls.as_mut_ptr());
                pg_sys::MemoryContextSwitchTo(old);
                self.taken += 1;
            }
            (read, times)
        }
    }
}

/// How many rows a table has by the API's own total, if that answers `count(*)`.
///
/// # Safety
/// Within SPI.
unsafe fn total_of(table: &ForeignTable, name: &str) -> Option<f64> {
    let by_total = ScanPlan::default().is_counted_by_total(&table.endpoint, &table.defaults(0));
    // SAFETY: the caller's.
    if by_total { unsafe { number(&format!("SELECT pg_catalog.count(*)::float8 FROM {name}")) } } else { None }
}

/// What a query of one row and one column of float8 says.
///
/// # Safety
/// Within SPI.
unsafe fn number(query: &str) -> Option<f64> {
    let text = to_server(query);
    let mut null = true;
    // SAFETY: the caller's.
    unsafe {
        if pg_sys::SPI_execute(text, true, 0) != pg_sys::SPI_OK_SELECT as i32 || pg_sys::SPI_processed == 0 {
            return None;
        }
        let table = pg_sys::SPI_tuptable;
        let datum = pg_sys::SPI_getbinval(*(*table).vals, (*table).tupdesc, 1, &mut null);
        (!null).then(|| f64::from_bits(datum.value() as u64))
    }
}
