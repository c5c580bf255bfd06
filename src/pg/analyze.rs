//! AnalyzeForeignTable: a sample of a bounded number of pages, so that the planner knows a log's values.

use std::ffi::{CString, c_int};

use pgrx::prelude::*;
use pgrx::{PgRelation, pg_sys, spi};

use super::catalog::ForeignTable;
use super::report::OrRaise;
use crate::plan::scan_plan::ScanPlan;
use crate::plan::slice::Defaults;
use crate::sources::{Origin, Table};

/// Pages that a sample reads, at most.
const PAGES: u64 = 10;
/// Where nothing says from when on to sample.
const SINCE: &str = "30 days";
/// Postgres wants a table's size in pages of its own, and looks only whether there is one.
const SOME_PAGES: pg_sys::BlockNumber = 1;

#[pg_guard]
pub(super) unsafe extern "C-unwind" fn analyze_foreign_table(
    relation: pg_sys::Relation,
    function: *mut pg_sys::AcquireSampleRowsFunc,
    pages: *mut pg_sys::BlockNumber,
) -> bool {
    // SAFETY: an open relation, and two places to be filled.
    unsafe {
        let table = ForeignTable::read((*relation).rd_id).or_raise();
        let askable = is_askable(&table.table, &table.defaults(0));
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
        let limit = u64::try_from(wanted).unwrap_or(0).min(PAGES * table.page_size());
        let (condition, time) = lower_bound(&table);
        let name = spi::quote_qualified_identifier(relation.namespace(), relation.name());
        let keep_in = pg_sys::CurrentMemoryContext;
        if pg_sys::SPI_connect() != pg_sys::SPI_OK_CONNECT as i32 {
            return 0;
        }
        let sampled = sample(&format!("SELECT * FROM {name} {condition} LIMIT {limit}"), &relation, rows, keep_in);
        *dead = 0.0;
        *total = if sampled < limit { sampled as f64 } else { (sampled as f64).max(estimate(&table, &name, condition.as_str(), time)) };
        pg_sys::SPI_finish();
        i32::try_from(sampled).unwrap_or(wanted)
    }
}

/// The condition without which the API may not answer, and the column of times.
fn lower_bound(table: &ForeignTable) -> (String, Option<String>) {
    let Some(range) = &table.table.time_range else { return (String::new(), None) };
    let own = table.columns.iter().flatten().find(|column| column.described == Some(range.column));
    let Some(name) = own.map(|column| spi::quote_identifier(&column.name)) else { return (String::new(), None) };
    if table.settings.default_from.is_some() || !range.required {
        return (String::new(), Some(name));
    }
    (format!("WHERE {name} >= pg_catalog.now() - interval '{SINCE}'"), Some(name))
}

/// Fills the array with the rows of a query over the whole table.
///
/// SAFETY: within SPI; the array is long enough.
unsafe fn sample(query: &str, relation: &PgRelation, rows: *mut pg_sys::HeapTuple, keep_in: pg_sys::MemoryContext) -> u64 {
    let text = CString::new(query).unwrap_or_default();
    // SAFETY: SPI's table lives until SPI_finish; the tuples made here live in the caller's context.
    unsafe {
        if pg_sys::SPI_execute(text.as_ptr(), true, 0) != pg_sys::SPI_OK_SELECT as i32 || pg_sys::SPI_tuptable.is_null() {
            return 0;
        }
        let (found, read) = ((*pg_sys::SPI_tuptable).tupdesc, pg_sys::SPI_processed);
        let own = relation.tuple_desc();
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
            let old = pg_sys::MemoryContextSwitchTo(keep_in);
            *rows.add(i) = pg_sys::heap_form_tuple(own.as_ptr(), values.as_mut_ptr(), nulls.as_mut_ptr());
            pg_sys::MemoryContextSwitchTo(old);
        }
        read
    }
}

/// How many rows the table has, if more than were sampled: by the API's own total, or else as densely as a page of them.
///
/// SAFETY: within SPI.
unsafe fn estimate(table: &ForeignTable, name: &str, condition: &str, time: Option<String>) -> f64 {
    let by_total = ScanPlan::default().is_counted_by_total(&table.table, &table.defaults(0));
    let page = table.page_size();
    let query = match time {
        _ if by_total && condition.is_empty() => format!("SELECT pg_catalog.count(*)::float8 FROM {name}"),
        Some(time) => format!(
            "SELECT (pg_catalog.count(*) * extract(epoch FROM pg_catalog.now() - min(t)) / greatest(extract(epoch FROM max(t) - min(t)), 1))::float8
               FROM (SELECT {time} AS t FROM {name} {condition} LIMIT {page}) s"
        ),
        None => return 0.0,
    };
    let text = CString::new(query).unwrap_or_default();
    let mut null = true;
    // SAFETY: the caller's; a query of one row and one column.
    unsafe {
        if pg_sys::SPI_execute(text.as_ptr(), true, 0) != pg_sys::SPI_OK_SELECT as i32 || pg_sys::SPI_processed == 0 {
            return 0.0;
        }
        let table = pg_sys::SPI_tuptable;
        let datum = pg_sys::SPI_getbinval(*(*table).vals, (*table).tupdesc, 1, &mut null);
        if null { 0.0 } else { f64::from_bits(datum.value() as u64) }
    }
}
