//! The wrapper's handler: the list of callbacks that Postgres calls, in the order of its manual.

use pgrx::prelude::*;
use pgrx::{PgBox, pg_sys};

use super::catalog::import;
use super::executor;
use super::executor::asynchronous;
use super::executor::explain;
use super::planner;
use super::planner::aggregate;
use super::sql::analyze;

/// The record by which Postgres knows that the next function has the version-1 calling convention (fmgr.h).
#[unsafe(no_mangle)]
pub(super) extern "C-unwind" fn pg_finfo_restlog_fdw_handler() -> &'static pg_sys::Pg_finfo_record {
    const V1: pg_sys::Pg_finfo_record = pg_sys::Pg_finfo_record { api_version: 1 };
    &V1
}

/// Returns a palloc'd FdwRoutine. Written by hand, because pgrx has no SQL type for fdw_handler.
///
/// # Safety
/// Postgres alone calls it, as a function without arguments.
#[unsafe(no_mangle)]
#[pg_guard]
pub unsafe extern "C-unwind" fn restlog_fdw_handler(_call: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: a zeroed node of this tag is an FdwRoutine without callbacks.
    let mut routine = unsafe { PgBox::<pg_sys::FdwRoutine>::alloc_node(pg_sys::NodeTag::T_FdwRoutine) };

    // Scanning
    routine.GetForeignRelSize = Some(planner::get_foreign_rel_size);
    routine.GetForeignPaths = Some(planner::get_foreign_paths);
    routine.GetForeignPlan = Some(planner::get_foreign_plan);
    routine.BeginForeignScan = Some(executor::begin_foreign_scan);
    routine.IterateForeignScan = Some(executor::iterate_foreign_scan);
    routine.ReScanForeignScan = Some(executor::rescan_foreign_scan);
    routine.EndForeignScan = Some(executor::end_foreign_scan);

    // Asynchronous execution
    routine.IsForeignPathAsyncCapable = Some(asynchronous::is_async_capable);
    routine.ForeignAsyncRequest = Some(asynchronous::foreign_async_request);
    routine.ForeignAsyncConfigureWait = Some(asynchronous::foreign_async_configure_wait);
    routine.ForeignAsyncNotify = Some(asynchronous::foreign_async_notify);

    // Aggregates
    routine.GetForeignUpperPaths = Some(aggregate::get_foreign_upper_paths);

    // EXPLAIN
    routine.ExplainForeignScan = Some(explain::explain_foreign_scan);

    // ANALYZE
    routine.AnalyzeForeignTable = Some(analyze::analyze_foreign_table);

    // IMPORT FOREIGN SCHEMA
    routine.ImportForeignSchema = Some(import::import_foreign_schema);

    pg_sys::Datum::from(routine.into_pg())
}
