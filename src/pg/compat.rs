//! The differences between the supported versions of Postgres, one function each, and the functions of Postgres that pgrx does not
//! bind. No other file may name a version.
//!
//! pgrx wraps what it binds in a boundary that turns Postgres' long jumps into panics. A function that is declared here must be called
//! within such a boundary too: a long jump over Rust frames would skip their destructors.

use std::ffi::CStr;
use std::ptr::null_mut;

use pgrx::pg_sys;
use pgrx::pg_sys::ffi::pg_guard_ffi_boundary;

unsafe extern "C-unwind" {
    // partcache.c
    fn RelationGetPartitionQual(relation: pg_sys::Relation) -> *mut pg_sys::List;
    // pqcomm.c
    fn pq_check_connection() -> bool;
    // latch.c
    fn WaitEventSetCanReportClosed() -> bool;
}

mod inheritance {
    use pgrx::pg_sys;

    unsafe extern "C-unwind" {
        // pg_inherits.c
        pub(crate) fn has_superclass(relation: pg_sys::Oid) -> bool;
    }
}

/// Calls a constructor of foreign paths. 17 added the list of restrictions before the last argument, 18 the number of disabled nodes
/// behind the rows. A null list is an empty list.
macro_rules! create_path {
    ($function:ident, $($until_rows:expr),+; $($costs:expr),+) => {{
        #[cfg(any(feature = "pg15", feature = "pg16"))]
        let path = pg_sys::$function($($until_rows,)+ $($costs,)+ null_mut(), null_mut());
        #[cfg(feature = "pg17")]
        let path = pg_sys::$function($($until_rows,)+ $($costs,)+ null_mut(), null_mut(), null_mut());
        #[cfg(feature = "pg18")]
        let path = pg_sys::$function($($until_rows,)+ 0, $($costs,)+ null_mut(), null_mut(), null_mut());
        path
    }};
}

/// The estimates of a path, in the planner's units.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PathCost {
    pub(crate) rows: f64,
    /// The cost before the first row.
    pub(crate) startup: f64,
    /// The cost of all rows.
    pub(crate) total: f64,
}

/// Makes a path that scans a foreign table. `outer` are the relations that give it parameters.
///
/// # Safety
/// `root` and `rel` are the planner's, `rel` a base relation. `pathkeys` and `outer` live in the planner's memory context, or are null.
pub(crate) unsafe fn create_foreignscan_path(
    root: *mut pg_sys::PlannerInfo,
    rel: *mut pg_sys::RelOptInfo,
    cost: PathCost,
    pathkeys: *mut pg_sys::List,
    outer: pg_sys::Relids,
) -> *mut pg_sys::ForeignPath {
    let PathCost { rows, startup, total } = cost;
    // SAFETY: the caller guarantees the pointers; a null target stands for the relation's own.
    unsafe { create_path!(create_foreignscan_path, root, rel, null_mut(), rows; startup, total, pathkeys, outer) }
}

/// Makes a path that answers an upper relation, without any order.
///
/// # Safety
/// `root` and `rel` are the planner's, `rel` an upper relation.
pub(crate) unsafe fn create_foreign_upper_path(
    root: *mut pg_sys::PlannerInfo,
    rel: *mut pg_sys::RelOptInfo,
    cost: PathCost,
) -> *mut pg_sys::ForeignPath {
    let PathCost { rows, startup, total } = cost;
    // SAFETY: the caller guarantees the pointers; an upper relation has its target before GetForeignUpperPaths is called.
    unsafe { create_path!(create_foreign_upper_path, root, rel, (*rel).reltarget, rows; startup, total, null_mut()) }
}

/// Whether a pathkey puts the largest value first. Before 18 it names a btree strategy, since then a comparison.
pub(crate) fn is_descending(key: &pg_sys::PathKey) -> bool {
    #[cfg(not(feature = "pg18"))]
    let is_descending = key.pk_strategy as u32 == pg_sys::BTGreaterStrategyNumber;
    #[cfg(feature = "pg18")]
    let is_descending = key.pk_cmptype == pg_sys::CompareType::COMPARE_GT;
    is_descending
}

/// The relations that a foreign scan reads or stands for. Since 16 `fs_relids` has outer joins as well.
pub(crate) fn scanned_relids(plan: &pg_sys::ForeignScan) -> pg_sys::Relids {
    #[cfg(feature = "pg15")]
    let relids = plan.fs_relids;
    #[cfg(not(feature = "pg15"))]
    let relids = plan.fs_base_relids;
    relids
}

/// The user as whom a foreign scan checks permissions; `InvalidOid` is whoever runs the query. Before 16 the range table's `entry` of
/// the relation says it, since then the plan.
pub(crate) fn checked_user(plan: &pg_sys::ForeignScan, entry: Option<&pg_sys::RangeTblEntry>) -> pg_sys::Oid {
    #[cfg(feature = "pg15")]
    let (_, user) = (plan, entry.map_or(pg_sys::InvalidOid, |entry| entry.checkAsUser));
    #[cfg(not(feature = "pg15"))]
    let (_, user) = (entry, plan.checkAsUser);
    user
}

/// Whether a user may use a foreign server. 16 replaced the check of each kind of object by one for all.
pub(crate) fn check_server_usage(server: pg_sys::Oid, user: pg_sys::Oid) -> pg_sys::AclResult::Type {
    // AclMode has 64 bits since 16.
    let usage = pg_sys::ACL_USAGE as pg_sys::AclMode;
    // SAFETY: lookups by oid; an oid of no server raises.
    unsafe {
        #[cfg(feature = "pg15")]
        let allowed = pg_sys::pg_foreign_server_aclcheck(server, user, usage);
        #[cfg(not(feature = "pg15"))]
        let allowed = pg_sys::object_aclcheck(pg_sys::ForeignServerRelationId, server, user, usage);
        allowed
    }
}

/// The implicit AND of a partition's own bound and of those above it, over columns of relation 1.
///
/// # Safety
/// The relation is open, and a partition.
pub(crate) unsafe fn partition_qual(relation: pg_sys::Relation) -> *mut pg_sys::List {
    // SAFETY: the caller guarantees an open partition, which has a bound in the relation cache.
    unsafe { pg_guard_ffi_boundary(|| RelationGetPartitionQual(relation)) }
}

/// Whether a relation inherits from another.
pub(crate) fn has_superclass(relation: pg_sys::Oid) -> bool {
    // SAFETY: an index lookup by oid.
    unsafe { pg_guard_ffi_boundary(|| inheritance::has_superclass(relation)) }
}

/// Whether the client has closed its connection, as far as the system can tell without reading from the socket.
pub(crate) fn is_client_gone() -> bool {
    // SAFETY: a backend with a port has its wait set for the client's socket (pq_init); background workers have none.
    unsafe { !pg_sys::MyProcPort.is_null() && pg_guard_ffi_boundary(|| WaitEventSetCanReportClosed() && !pq_check_connection()) }
}

/// The source of a setting's session default; `None` where nobody has named it. The name may be one that no library has defined
/// yet. Before 16 the array of settings does not come with its length.
pub(crate) fn source_of_setting(name: &CStr) -> Option<pg_sys::GucSource::Type> {
    let mut count = 0;
    // SAFETY: the settings live as long as the process; the array of their addresses is read at once.
    unsafe {
        #[cfg(feature = "pg15")]
        let all = {
            count += pg_sys::GetNumConfigOptions();
            pg_sys::get_guc_variables()
        };
        #[cfg(not(feature = "pg15"))]
        let all = pg_sys::get_guc_variables(&raw mut count);
        let all = std::slice::from_raw_parts(all, usize::try_from(count).ok()?);
        let named =
            |setting: &&*mut pg_sys::config_generic| CStr::from_ptr((***setting).name).to_bytes().eq_ignore_ascii_case(name.to_bytes());
        all.iter().find(named).map(|setting| (**setting).reset_source)
    }
}
