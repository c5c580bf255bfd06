//! AnalyzeForeignTable: a sample of a bounded number of pages, so that the planner knows a log's values.
//!
//! Which times are sampled, and how many rows a sample tells of, is decided in [`crate::plan::sampling`]; here queries are run through SPI,
//! and their rows become ANALYZE's.

use std::ffi::c_int;

use pgrx::prelude::*;
use pgrx::{PgRelation, pg_sys, spi};

use crate::pg::catalog::{ForeignColumn, ForeignTable};
use crate::pg::planner::row_bounds;
use crate::pg::report::OrRaise;
use crate::pg::text::{relation_name, to_server};
use crate::plan::askable::is_askable;
use crate::plan::sampling::{Sampling, TimeSpan, first_rows};
use crate::plan::scan_plan::ScanPlan;
use crate::plan::window::MINUS_INFINITY;

/// Postgres wants a table's size in pages of its own, and looks only whether there is one.
const SOME_PAGES: pg_sys::BlockNumber = 1;

/// Accepts a table whose API answers without a key that only a query knows. Postgres says in a warning that it skips any other.
#[pg_guard]
pub(crate) unsafe extern "C-unwind" fn analyze_foreign_table(
    relation: pg_sys::Relation,
    function: *mut pg_sys::AcquireSampleRowsFunc,
    pages: *mut pg_sys::BlockNumber,
) -> bool {
    // SAFETY: Postgres calls back with an open relation.
    let table = ForeignTable::read(unsafe { (*relation).rd_id }).or_raise();
    let askable = is_askable(&table.endpoint, &table.defaults(0));
    if askable {
        // SAFETY: Postgres calls back with two places to be filled.
        unsafe {
            *function = Some(acquire_sample_rows);
            *pages = SOME_PAGES;
        }
    }
    askable
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
    // SAFETY: Postgres calls back with an open relation.
    let (table, relation) = unsafe { (ForeignTable::read((*relation).rd_id).or_raise(), PgRelation::from_pg(relation)) };
    let wanted = u64::try_from(wanted).unwrap_or(0);
    // SPI has a context of its own, which ends with it: sampled rows must live in this one.
    // SAFETY: reads a variable of this backend.
    let keep_in = unsafe { pg_sys::CurrentMemoryContext };
    // SAFETY: Postgres calls back within a transaction; an error ends SPI with it.
    if unsafe { pg_sys::SPI_connect() } != pg_sys::SPI_OK_CONNECT as i32 {
        return 0;
    }
    let span = time_span(&table, &relation);
    let name = relation_name(relation.oid());
    let mut sample = RowSample { table: &table, relation: &relation, name, rows, keep_in, taken: 0 };
    // SAFETY: SPI is connected, and ANALYZE's array has room for `wanted` rows.
    let estimated = unsafe {
        match span {
            Some((column, span)) => sample.spread(&column, span, wanted),
            None => sample.first_pages(wanted),
        }
    };
    // SAFETY: SPI is connected; Postgres calls back with two places to be filled.
    unsafe {
        pg_sys::SPI_finish();
        (*total, *dead) = (estimated, 0.0);
    }
    i32::try_from(sample.taken).unwrap_or(0)
}

/// The column of times, quoted, and the times of a log to be sampled: those of a partition's bound, or from `default_from` on, or as many
/// days back as nobody says otherwise. `None` where the API has no range of times.
fn time_span(table: &ForeignTable, relation: &PgRelation) -> Option<(String, TimeSpan)> {
    let range = table.endpoint.time_range.as_ref()?;
    let own = table.columns.iter().flatten().find(|column| column.described == Some(range.column))?;
    // SAFETY: reads the transaction's clock.
    let now = unsafe { pg_sys::GetCurrentTransactionStartTimestamp() };
    let bound = row_bounds::times(relation, table);
    let from = Some(bound.lo).filter(|lo| *lo > MINUS_INFINITY + 1).or(table.defaults(now).from);
    Some((spi::quote_identifier(&own.name), TimeSpan::new(from, bound.hi.min(now), !range.required)?))
}

/// The rows that ANALYZE gets.
struct RowSample<'r> {
    table: &'r ForeignTable,
    relation: &'r PgRelation,
    /// The relation's name as a statement has it.
    name: String,
    /// ANALYZE's array of them.
    rows: *mut pg_sys::HeapTuple,
    /// The context that they must live in.
    keep_in: pg_sys::MemoryContext,
    /// How many there are.
    taken: u64,
}

/// The rows of one query: how many, and the first and the last of their times.
type QueryRows = (u64, Option<(i64, i64)>);

impl RowSample<'_> {
    /// Samples pages that are spread over the times, and says how many rows there are.
    ///
    /// # Safety
    /// The caller guarantees that SPI is connected, and that the array has room for `wanted` rows.
    unsafe fn spread(&mut self, column: &str, span: TimeSpan, wanted: u64) -> f64 {
        // SAFETY: the caller guarantees SPI.
        let total = if span.is_guess() { unsafe { self.total() } } else { None };
        let mut sampling = Sampling::new(span, wanted, self.table.page_size(), total);
        loop {
            self.taken = 0;
            for part in sampling.parts() {
                let Some(condition) = part.condition(column) else { continue };
                let query = format!("SELECT * FROM {} WHERE {condition} LIMIT {}", self.name, sampling.rows_of_part());
                // SAFETY: the caller guarantees SPI and the array's room, of which each part takes its share.
                let (found, times) = unsafe { self.take(&query) };
                sampling.add(part, found, times);
            }
            if let Some(rows) = sampling.finish_round() {
                return rows;
            }
        }
    }

    /// Samples the first pages of a log that cannot be asked for by time, and says how many rows there are by its total.
    ///
    /// # Safety
    /// The caller guarantees that SPI is connected, and that the array has room for `wanted` rows.
    unsafe fn first_pages(&mut self, wanted: u64) -> f64 {
        let limit = first_rows(wanted, self.table.page_size());
        // SAFETY: the caller guarantees SPI and the array's room, and no more than `wanted` rows are asked for.
        let (found, _) = unsafe { self.take(&format!("SELECT * FROM {} LIMIT {limit}", self.name)) };
        // SAFETY: the caller guarantees SPI.
        let total = if found < limit { None } else { unsafe { self.total() } };
        total.unwrap_or(0.0).max(found as f64)
    }

    /// Adds the rows of a query over the whole table.
    ///
    /// # Safety
    /// The caller guarantees that SPI is connected, and that the array has room for the query's rows.
    unsafe fn take(&mut self, query: &str) -> QueryRows {
        // SAFETY: the caller guarantees SPI.
        let Some((found, count)) = (unsafe { select(query) }) else { return (0, None) };
        let own = self.relation.tuple_desc();
        let live: Vec<usize> = (0..own.len()).filter(|i| own.get(*i).is_some_and(|attribute| !attribute.attisdropped)).collect();
        let time = self.time_attribute();
        let mut times: Option<(i64, i64)> = None;
        for i in 0..count {
            // SAFETY: SPI's table lives until SPI_finish, and has this many rows of the table's live columns.
            let read = unsafe { deform(*(*found).vals.add(i), (*found).tupdesc, live.len()) };
            let (mut values, mut nulls) = (vec![pg_sys::Datum::null(); own.len()], vec![true; own.len()]);
            for (attribute, (value, null)) in live.iter().zip(read) {
                (values[*attribute], nulls[*attribute]) = (value, null);
            }
            if let Some(time) = time.filter(|time| !nulls[*time]) {
                let t = values[time].value() as i64;
                times = Some(times.map_or((t, t), |(first, last)| (first.min(t), last.max(t))));
            }
            // SAFETY: the caller guarantees the array's room; the row is copied into ANALYZE's context.
            unsafe {
                let old = pg_sys::MemoryContextSwitchTo(self.keep_in);
                *self.rows.add(self.taken as usize) = pg_sys::heap_form_tuple(own.as_ptr(), values.as_mut_ptr(), nulls.as_mut_ptr());
                pg_sys::MemoryContextSwitchTo(old);
            }
            self.taken += 1;
        }
        (count as u64, times)
    }

    /// The place of the column of times among the attributes, where its datums are timestamps.
    fn time_attribute(&self) -> Option<usize> {
        let time = self.table.endpoint.time_range.as_ref()?.column;
        let is_time = |column: &Option<ForeignColumn>| {
            column.as_ref().is_some_and(|column| column.described == Some(time) && column.type_oid == pg_sys::TIMESTAMPTZOID)
        };
        self.table.columns.iter().position(is_time)
    }

    /// How many rows the table has by the API's own total, if that answers `count(*)`.
    ///
    /// # Safety
    /// The caller guarantees that SPI is connected.
    unsafe fn total(&self) -> Option<f64> {
        if !ScanPlan::default().is_counted_by_total(&self.table.endpoint, &self.table.defaults(0)) {
            return None;
        }
        // SAFETY: the caller guarantees SPI.
        let (found, count) = unsafe { select(&format!("SELECT pg_catalog.count(*)::float8 FROM {}", self.name)) }?;
        if count == 0 {
            return None;
        }
        let mut null = true;
        // SAFETY: SPI's table lives until SPI_finish, and has a row with a column of float8.
        let datum = unsafe { pg_sys::SPI_getbinval(*(*found).vals, (*found).tupdesc, 1, &mut null) };
        (!null).then(|| f64::from_bits(datum.value() as u64))
    }
}

/// Runs a query that only reads. Returns SPI's table of its rows, which lives until SPI_finish, and how many they are.
///
/// # Safety
/// The caller guarantees that SPI is connected.
unsafe fn select(query: &str) -> Option<(*mut pg_sys::SPITupleTable, usize)> {
    let text = to_server(query);
    // SAFETY: the caller guarantees SPI; the query is NUL-terminated.
    let outcome = unsafe { pg_sys::SPI_execute(text, true, 0) };
    // SAFETY: SPI_execute set both variables of this backend.
    let (found, count) = unsafe { (pg_sys::SPI_tuptable, pg_sys::SPI_processed) };
    (outcome == pg_sys::SPI_OK_SELECT as i32 && !found.is_null()).then_some((found, count as usize))
}

/// The values of a row, and whether each is NULL.
///
/// # Safety
/// The caller guarantees that the row is of that descriptor, which has this number of attributes.
unsafe fn deform(row: pg_sys::HeapTuple, descriptor: pg_sys::TupleDesc, attributes: usize) -> impl Iterator<Item = (pg_sys::Datum, bool)> {
    let (mut values, mut nulls) = (vec![pg_sys::Datum::null(); attributes], vec![true; attributes]);
    // SAFETY: the caller guarantees the descriptor; both arrays have room for its attributes.
    unsafe { pg_sys::heap_deform_tuple(row, descriptor, values.as_mut_ptr(), nulls.as_mut_ptr()) };
    values.into_iter().zip(nulls)
}
