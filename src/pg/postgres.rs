//! Functions of Postgres that pgrx does not bind, each behind the boundary that turns Postgres' long jumps into panics.

use pgrx::pg_sys;
use pgrx::pg_sys::ffi::pg_guard_ffi_boundary;

unsafe extern "C-unwind" {
    // partcache.c
    fn RelationGetPartitionQual(relation: pg_sys::Relation) -> *mut pg_sys::List;
    // pqcomm.c, since 14
    #[cfg(not(any(feature = "pg13", feature = "pg14")))]
    fn pq_check_connection() -> bool;
    // latch.c, since 15
    #[cfg(not(any(feature = "pg13", feature = "pg14")))]
    fn WaitEventSetCanReportClosed() -> bool;
}

mod inheritance {
    use pgrx::pg_sys;

    unsafe extern "C-unwind" {
        // pg_inherits.c
        pub(super) fn has_superclass(relation: pg_sys::Oid) -> bool;
    }
}

/// The implicit AND of a partition's own bound and of those above it, over columns of relation 1.
///
/// # Safety
/// The relation is open, and a partition.
pub(super) unsafe fn partition_qual(relation: pg_sys::Relation) -> *mut pg_sys::List {
    // SAFETY: the caller's.
    unsafe { pg_guard_ffi_boundary(|| RelationGetPartitionQual(relation)) }
}

/// Whether a relation inherits from another.
pub(super) fn has_superclass(relation: pg_sys::Oid) -> bool {
    // SAFETY: an index lookup by oid.
    unsafe { pg_guard_ffi_boundary(|| inheritance::has_superclass(relation)) }
}

/// Whether the client has closed its connection, as far as the system can tell without reading from it.
pub(super) fn is_client_gone() -> bool {
    #[cfg(any(feature = "pg13", feature = "pg14"))]
    return false;
    #[cfg(not(any(feature = "pg13", feature = "pg14")))]
    // SAFETY: a backend with a port has its wait set for the client's socket (pq_init); background workers have none.
    unsafe {
        !pg_sys::MyProcPort.is_null() && pg_guard_ffi_boundary(|| WaitEventSetCanReportClosed() && !pq_check_connection())
    }
}
