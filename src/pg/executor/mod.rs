//! BeginForeignScan, IterateForeignScan, ReScanForeignScan, EndForeignScan.
//!
//! Nothing happens before the first pull (law 6): only then are the operands evaluated and the first request sent.

pub(crate) mod asynchronous;
mod cursor;
pub(crate) mod explain;
pub(crate) mod last_scan;
mod node;
mod notices;
mod projection;
pub(crate) mod scan;
mod slot;
mod spill_file;
mod statement;

use std::sync::Arc;

use pgrx::prelude::*;
use pgrx::{PgList, PgMemoryContexts, pg_sys};

use self::cursor::{Mode, Next};
use self::node::{read_plan, relation_of, scan_user};
use self::notices::Told;
use self::projection::Projection;
use self::scan::{ScanState, State, write_log};
use self::slot::SlotWriter;
use crate::pg::catalog::ForeignTable;
use crate::pg::report::OrRaise;
use crate::pg::text::is_utf8;
use crate::scan::stats::Stats;

#[pg_guard]
pub(crate) unsafe extern "C-unwind" fn begin_foreign_scan(node: *mut pg_sys::ForeignScanState, flags: std::ffi::c_int) {
    if flags as u32 & pg_sys::EXEC_FLAG_EXPLAIN_ONLY != 0 {
        return;
    }
    // SAFETY: the executor's node, with its plan, relation and query context set up (ExecInitForeignScan).
    unsafe {
        let plan_node = (*node).ss.ps.plan.cast::<pg_sys::ForeignScan>();
        let plan = read_plan(plan_node);
        let relation = relation_of(node);
        let table = ForeignTable::read(relation).or_raise();
        let filters = plan.filters(&table.endpoint);
        let types: Vec<pg_sys::Oid> =
            PgList::<pg_sys::Node>::from_pg((*plan_node).fdw_exprs).iter_ptr().map(|expr| pg_sys::exprType(expr)).collect();
        let states = pg_sys::ExecInitExprList((*plan_node).fdw_exprs, (&raw mut (*node).ss.ps).cast());
        let operands = PgList::<pg_sys::ExprState>::from_pg(states).iter_ptr().zip(types).collect();
        let utf8 = is_utf8();
        let projection = Projection::new(&table, &plan, utf8);
        let writer = SlotWriter::new(&table, &projection.attributes);
        let user = scan_user(node);
        let stats = Arc::new(Stats::default());
        let scan = ScanState {
            table,
            plan,
            relation,
            filters,
            operands,
            user,
            projection,
            writer,
            stats,
            slices: 0,
            rewinds: flags as u32 & pg_sys::EXEC_FLAG_REWIND != 0,
            mode: Mode::Blocking,
            last: Next::End,
            counted: 0,
            last_count: None,
            stand_ins: Vec::new(),
            told: Told::default(),
            state: State::NotStarted,
        };
        let context = (*(*node).ss.ps.state).es_query_cxt;
        (*node).fdw_state = PgMemoryContexts::For(context).leak_and_drop_on_delete(scan).cast();
    }
}

/// SAFETY: `node` went through BeginForeignScan.
pub(crate) unsafe fn scan_of<'s>(node: *mut pg_sys::ForeignScanState) -> Option<&'s mut ScanState> {
    // SAFETY: null, or set there and living in the query's context.
    unsafe { (*node).fdw_state.cast::<ScanState>().as_mut() }
}

#[pg_guard]
pub(crate) unsafe extern "C-unwind" fn iterate_foreign_scan(node: *mut pg_sys::ForeignScanState) -> *mut pg_sys::TupleTableSlot {
    // SAFETY: the executor's node; the slot belongs to this scan, and ForeignNext switched to per-tuple memory.
    unsafe {
        let slot = (*node).ss.ss_ScanTupleSlot;
        if let Some(clear) = (*(*slot).tts_ops).clear {
            clear(slot);
        }
        let Some(scan) = scan_of(node) else { return slot };
        scan.start_once(node).or_raise();
        if scan.plan.counts > 0 {
            if let Some(count) = scan.count().or_raise() {
                fill_counts(slot, count);
            }
            return slot;
        }
        scan.last = scan.advance().or_raise();
        if scan.last == Next::Row
            && let State::Reading(cursor) = &scan.state
            && let Some((page, row)) = cursor.current()
        {
            scan.writer.fill(slot, page, row);
        }
        slot
    }
}

/// Stores the one row of a node that counts.
///
/// SAFETY: `slot` is this scan's tuple slot, cleared; each of its columns is a bigint.
unsafe fn fill_counts(slot: *mut pg_sys::TupleTableSlot, count: u64) {
    // SAFETY: the caller's; the slot's arrays have natts elements.
    unsafe {
        for i in 0..(*(*slot).tts_tupleDescriptor).natts as usize {
            *(*slot).tts_values.add(i) = pg_sys::Datum::from(count);
            *(*slot).tts_isnull.add(i) = false;
        }
        pg_sys::ExecStoreVirtualTuple(slot);
    }
}
#[pg_guard]
pub(crate) unsafe extern "C-unwind" fn rescan_foreign_scan(node: *mut pg_sys::ForeignScanState) {
    // SAFETY: the executor's node.
    unsafe {
        let same = (*node).ss.ps.chgParam.is_null();
        if let Some(scan) = scan_of(node) {
            scan.rewind(same);
        }
    }
}

#[pg_guard]
pub(crate) unsafe extern "C-unwind" fn end_foreign_scan(node: *mut pg_sys::ForeignScanState) {
    // SAFETY: the executor's node. What is left of the scan goes with the query's context.
    if let Some(scan) = unsafe { scan_of(node) } {
        scan.close();
        write_log(&scan.stats);
    }
}
