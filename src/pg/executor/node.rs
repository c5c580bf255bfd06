//! What an executor's node says of itself: its plan, the relation that it reads, and the user whose mapping counts.

use pgrx::{PgList, pg_sys};

use crate::pg::report::OrRaise;
use crate::pg::text::text_of;
use crate::plan::scan_plan::ScanPlan;

/// What our planner told the executor.
///
/// # Safety
/// `plan` was made by our own GetForeignPlan.
pub(crate) unsafe fn read_plan(plan: *mut pg_sys::ForeignScan) -> ScanPlan {
    // SAFETY: it put one string there.
    let text = unsafe {
        let node = PgList::<pg_sys::Node>::from_pg((*plan).fdw_private).head().unwrap_or(std::ptr::null_mut());
        text_of((*node.cast::<pg_sys::String>()).sval)
    };
    ScanPlan::from_json(&text).or_raise()
}

/// The foreign table that a node reads. A node that counts has no relation of its own, only the one that it stands for.
///
/// SAFETY: the executor's node.
pub(crate) unsafe fn relation_of(node: *mut pg_sys::ForeignScanState) -> pg_sys::Oid {
    // SAFETY: the caller's.
    unsafe {
        match (*node).ss.ss_currentRelation.as_ref() {
            Some(relation) => relation.rd_id,
            None => entry_of(node).map_or(pg_sys::InvalidOid, |entry| (*entry).relid),
        }
    }
}

/// The range table's entry of that foreign table.
///
/// SAFETY: the executor's node.
unsafe fn entry_of(node: *mut pg_sys::ForeignScanState) -> Option<*mut pg_sys::RangeTblEntry> {
    // SAFETY: the caller's; fs_relids has the one relation that our node reads or stands for (create_foreignscan_plan).
    unsafe {
        let plan = (*node).ss.ps.plan.cast::<pg_sys::ForeignScan>();
        #[cfg(feature = "pg15")]
        let relids = (*plan).fs_relids;
        // Since 16 that set has outer joins as well, and another one has relations only.
        #[cfg(not(feature = "pg15"))]
        let relids = (*plan).fs_base_relids;
        let index = pg_sys::bms_next_member(relids, -1);
        PgList::<pg_sys::RangeTblEntry>::from_pg((*(*node).ss.ps.state).es_range_table).get_ptr(usize::try_from(index - 1).ok()?)
    }
}

/// The user whose mapping counts: a view's owner, or whoever runs the query.
///
/// SAFETY: the executor's node.
pub(crate) unsafe fn scan_user(node: *mut pg_sys::ForeignScanState) -> pg_sys::Oid {
    // SAFETY: the caller's.
    unsafe {
        #[cfg(feature = "pg15")]
        let user = entry_of(node).map_or(pg_sys::InvalidOid, |entry| (*entry).checkAsUser);
        #[cfg(not(feature = "pg15"))]
        let user = (*(*node).ss.ps.plan.cast::<pg_sys::ForeignScan>()).checkAsUser;
        if user == pg_sys::InvalidOid { pg_sys::GetUserId() } else { user }
    }
}
