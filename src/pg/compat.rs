//! Functions of Postgres that pgrx does not bind, each behind the boundary that turns Postgres' long jumps into panics.

use std::ffi::CStr;

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

/// The implicit AND of a partition's own bound and of those above it, over columns of relation 1.
///
/// # Safety
/// The relation is open, and a partition.
pub(crate) unsafe fn partition_qual(relation: pg_sys::Relation) -> *mut pg_sys::List {
    // SAFETY: the caller's.
    unsafe { pg_guard_ffi_boundary(|| RelationGetPartitionQual(relation)) }
}

/// Whether a relation inherits from another.
pub(crate) fn has_superclass(relation: pg_sys::Oid) -> bool {
    // SAFETY: an index lookup by oid.
    unsafe { pg_guard_ffi_boundary(|| inheritance::has_superclass(relation)) }
}

/// Whether the client has closed its connection, as far as the system can tell without reading from it.
pub(crate) fn is_client_gone() -> bool {
    // SAFETY: a backend with a port has its wait set for the client's socket (pq_init); background workers have none.
    unsafe { !pg_sys::MyProcPort.is_null() && pg_guard_ffi_boundary(|| WaitEventSetCanReportClosed() && !pq_check_connection()) }
}

/// Where a setting's session default comes from; `None` where nobody has named it. The name may be one that no library has defined
/// yet.
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
