//! BeginForeignScan, IterateForeignScan, ReScanForeignScan, EndForeignScan: the executor's calls → one [`ScanState`] for each node.
//!
//! Nothing happens before the first pull (law 6): only then are the operands evaluated and the first request sent.

pub(crate) mod asynchronous;
mod cursor;
pub(crate) mod explain;
pub(crate) mod last_scan;
mod node;
mod notices;
pub(crate) mod scan;
mod slot;
mod spill_file;
mod statement;

use pgrx::prelude::*;
use pgrx::{PgList, PgMemoryContexts, pg_sys};

use self::node::{read_plan, relation_of, scan_user};
use self::scan::{Operand, ScanState, write_log};
use crate::pg::catalog::ForeignTable;
use crate::pg::report::OrRaise;

#[pg_guard]
pub(crate) unsafe extern "C-unwind" fn begin_foreign_scan(node: *mut pg_sys::ForeignScanState, flags: std::ffi::c_int) {
    let flags = flags as u32;
    if flags & pg_sys::EXEC_FLAG_EXPLAIN_ONLY != 0 {
        return;
    }
    // SAFETY: the executor's node has its plan, which our GetForeignPlan made, its relation and its query context (ExecInitForeignScan).
    let (plan_node, relation, user, context) = unsafe {
        let plan_node = (*node).ss.ps.plan.cast::<pg_sys::ForeignScan>();
        (plan_node, relation_of(node), scan_user(node), (*(*node).ss.ps.state).es_query_cxt)
    };
    // SAFETY: our GetForeignPlan made the plan.
    let plan = unsafe { read_plan(plan_node) };
    let table = ForeignTable::read(relation).or_raise();
    // SAFETY: our GetForeignPlan put expressions there, and the executor is starting this node.
    let operands = unsafe { operands(node, (*plan_node).fdw_exprs) };
    let scan = ScanState::new(table, plan, operands, (relation, user), flags & pg_sys::EXEC_FLAG_REWIND != 0);
    // SAFETY: the executor's node lives as long as its query context, in which the scan is dropped.
    unsafe { (*node).fdw_state = PgMemoryContexts::For(context).leak_and_drop_on_delete(scan).cast() };
}

/// The operands of a node, ready to be evaluated.
///
/// # Safety
/// The caller guarantees that the executor is starting `node`, and that `expressions` is a list of expressions of its plan.
unsafe fn operands(node: *mut pg_sys::ForeignScanState, expressions: *mut pg_sys::List) -> Vec<Operand> {
    // SAFETY: the caller guarantees expressions.
    let types: Vec<pg_sys::Oid> =
        unsafe { PgList::<pg_sys::Node>::from_pg(expressions).iter_ptr().map(|expr| pg_sys::exprType(expr)).collect() };
    // SAFETY: the caller guarantees a node that starts, which the states then belong to.
    let states = unsafe { PgList::<pg_sys::ExprState>::from_pg(pg_sys::ExecInitExprList(expressions, (&raw mut (*node).ss.ps).cast())) };
    states.iter_ptr().zip(types).collect()
}

/// The scan of a node; `None` under EXPLAIN without ANALYZE, which starts none.
///
/// # Safety
/// The caller guarantees that `node` is one of ours that the executor has begun, and that no other reference to its scan is in use.
pub(crate) unsafe fn scan_of<'s>(node: *mut pg_sys::ForeignScanState) -> Option<&'s mut ScanState> {
    // SAFETY: the caller guarantees what BeginForeignScan left there: null, or a scan in the query's context.
    unsafe { (*node).fdw_state.cast::<ScanState>().as_mut() }
}

#[pg_guard]
pub(crate) unsafe extern "C-unwind" fn iterate_foreign_scan(node: *mut pg_sys::ForeignScanState) -> *mut pg_sys::TupleTableSlot {
    // SAFETY: the executor's node has a slot of its own.
    let slot = unsafe { (*node).ss.ss_ScanTupleSlot };
    // SAFETY: a slot has the functions of its kind.
    if let Some(clear) = unsafe { (*(*slot).tts_ops).clear } {
        // SAFETY: the function is of the slot's kind.
        unsafe { clear(slot) };
    }
    // SAFETY: the executor has begun the node, and calls for one row at a time.
    let Some(scan) = (unsafe { scan_of(node) }) else { return slot };
    // SAFETY: the executor's node, which is this scan's.
    unsafe { scan.start_once(node) }.or_raise();
    if scan.plan.counts > 0 {
        if let Some(count) = scan.count().or_raise() {
            // SAFETY: the slot was cleared, and our GetForeignPlan made each column of a node that counts a bigint.
            unsafe { store_counts(slot, count) };
        }
        return slot;
    }
    // SAFETY: the slot was cleared, and ForeignNext switched to per-tuple memory.
    unsafe { scan.next_into(slot) }.or_raise();
    slot
}

/// Stores the one row of a node that counts.
///
/// # Safety
/// The caller guarantees that `slot` is the scan's tuple slot, cleared, and that each of its columns is a bigint.
unsafe fn store_counts(slot: *mut pg_sys::TupleTableSlot, count: u64) {
    // SAFETY: the caller guarantees the slot, whose arrays have natts elements.
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
    let same = unsafe { (*node).ss.ps.chgParam.is_null() };
    // SAFETY: the executor has begun the node, and calls for nothing else meanwhile.
    if let Some(scan) = unsafe { scan_of(node) } {
        scan.rewind(same);
    }
}

#[pg_guard]
pub(crate) unsafe extern "C-unwind" fn end_foreign_scan(node: *mut pg_sys::ForeignScanState) {
    // SAFETY: the executor has begun the node; what is left of the scan goes with the query's context.
    if let Some(scan) = unsafe { scan_of(node) } {
        scan.close();
        write_log(&scan.stats);
    }
}
