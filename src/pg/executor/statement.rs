//! A statement → the time at which its first scan started. All of its scans read up to this time.

use std::cell::RefCell;
use std::ffi::c_void;

use pgrx::pg_sys;

thread_local! {
    /// The start of each running statement, by the query context of its executor.
    static STARTS: RefCell<Vec<(pg_sys::MemoryContext, i64)>> = const { RefCell::new(Vec::new()) };
}

/// When the statement's first scan started. It is the upper bound of scans that have no other, and the time that intervals count back
/// from: two scans of one statement read the same range, and so does one that is started again.
///
/// # Safety
/// The caller guarantees that `executor` is running.
pub(crate) unsafe fn start(executor: *mut pg_sys::EState) -> i64 {
    // SAFETY: the caller guarantees a running executor.
    let context = unsafe { (*executor).es_query_cxt };
    if let Some(start) = STARTS.with_borrow(|starts| starts.iter().find(|(of, _)| *of == context).map(|(_, start)| *start)) {
        return start;
    }
    // SAFETY: reads the clock.
    let start = unsafe { pg_sys::GetCurrentTimestamp() };
    let size = size_of::<pg_sys::MemoryContextCallback>();
    // SAFETY: the callback is allocated, with its size, in the context whose end calls it.
    unsafe {
        let callback = pg_sys::MemoryContextAllocZero(context, size).cast::<pg_sys::MemoryContextCallback>();
        (*callback).func = Some(forget);
        (*callback).arg = context.cast();
        pg_sys::MemoryContextRegisterResetCallback(context, callback);
    }
    STARTS.with_borrow_mut(|starts| starts.push((context, start)));
    start
}

/// Called when the query context ends: the statement is over, also by an error.
#[pgrx::pg_guard]
unsafe extern "C-unwind" fn forget(context: *mut c_void) {
    // At the end of the process there may be nothing to forget any more.
    let _ = STARTS.try_with(|starts| starts.borrow_mut().retain(|(of, _)| !std::ptr::eq(*of, context.cast())));
}
