//! A node of the executor → its plan, the relation that it reads, and the user whose mapping counts.

use pgrx::{PgList, pg_sys};

use crate::pg::compat;
use crate::pg::report::OrRaise;
use crate::pg::text::text_of;
use crate::plan::scan_plan::ScanPlan;

/// The private part of a plan.
///
/// # Safety
/// The caller guarantees that our own GetForeignPlan made `plan`.
pub(crate) unsafe fn read_plan(plan: *mut pg_sys::ForeignScan) -> ScanPlan {
    // SAFETY: the caller guarantees that our GetForeignPlan made the list, which has one string.
    let text = unsafe {
        let node = PgList::<pg_sys::Node>::from_pg((*plan).fdw_private).head().unwrap_or(std::ptr::null_mut());
        text_of((*node.cast::<pg_sys::String>()).sval)
    };
    ScanPlan::from_json(&text).or_raise()
}

/// The foreign table that a node reads. A node that counts has no relation of its own, only the one that it stands for.
///
/// # Safety
/// The caller guarantees that `node` is the executor's, of a plan that our GetForeignPlan made.
pub(crate) unsafe fn relation_of(node: *mut pg_sys::ForeignScanState) -> pg_sys::Oid {
    // SAFETY: the caller guarantees the node; its relation is null or open, and its entry lives as long.
    unsafe {
        match (*node).ss.ss_currentRelation.as_ref() {
            Some(relation) => relation.rd_id,
            None => entry_of(node).map_or(pg_sys::InvalidOid, |entry| (*entry).relid),
        }
    }
}

/// The range table's entry of the foreign table that a node reads.
///
/// # Safety
/// The caller guarantees that `node` is the executor's, of a plan that our GetForeignPlan made.
unsafe fn entry_of(node: *mut pg_sys::ForeignScanState) -> Option<*mut pg_sys::RangeTblEntry> {
    // SAFETY: the caller guarantees the node, whose set has the one relation that it reads or stands for (create_foreignscan_plan).
    unsafe {
        let plan = (*node).ss.ps.plan.cast::<pg_sys::ForeignScan>();
        let index = pg_sys::bms_next_member(compat::scanned_relids(&*plan), -1);
        PgList::<pg_sys::RangeTblEntry>::from_pg((*(*node).ss.ps.state).es_range_table).get_ptr(usize::try_from(index - 1).ok()?)
    }
}

/// The user whose mapping counts: a view's owner, or whoever runs the query.
///
/// # Safety
/// The caller guarantees that `node` is the executor's, of a plan that our GetForeignPlan made.
pub(crate) unsafe fn scan_user(node: *mut pg_sys::ForeignScanState) -> pg_sys::Oid {
    // SAFETY: the caller guarantees the node, whose plan and range table's entry live as long.
    unsafe {
        let entry = entry_of(node).and_then(|entry| entry.as_ref());
        let user = compat::checked_user(&*(*node).ss.ps.plan.cast::<pg_sys::ForeignScan>(), entry);
        if user == pg_sys::InvalidOid { pg_sys::GetUserId() } else { user }
    }
}
