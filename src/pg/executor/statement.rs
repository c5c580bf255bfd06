//! What all scans of a statement share.

use std::cell::RefCell;
use std::ffi::c_void;

use pgrx::pg_sys;

thread_local! {
    /// By the memory of the executor: the time up to which its scans read.
    static STARTS: RefCell<Vec<(pg_sys::MemoryContext, i64)>> = const { RefCell::new(Vec::new()) };
}

/// When the statement's first scan started. Scans that have no upper bound of their own, and intervals that count back from now, take
/// this one: two scans of one statement read the same range, and so does one that is started again.
///
/// # Safety
///
/// The executor is running this statement.
pub(crate) unsafe fn start(executor: *mut pg_sys::EState) -> i64 {
    // SAFETY: the caller's. The callback is allocated in the context whose end calls it.
    unsafe {
        let context = (*executor).es_query_cxt;
        if let Some(start) = STARTS.with_borrow(|starts| starts.iter().find(|(of, _)| *of == context).map(|(_, start)| *start)) {
            return start;
        }
        let start = pg_sys::GetCurrentTimestamp();
        let callback =
            pg_sys::MemoryContextAllocZero(context, size_of::<pg_sys::MemoryContextCallback>()).cast::<pg_sys::MemoryContextCallback>();
        (*callback).func = Some(forget);
        (*callback).arg = context.cast();
        pg_sys::MemoryContextRegisterResetCallback(context, callback);
        STARTS.with_borrow_mut(|starts| starts.push((context, start)));
        start
    }
}

/// The statement has ended, also by an error.
#[pgrx::pg_guard]
unsafe extern "C-unwind" fn forget(context: *mut c_void) {
    // At the end of the process there may be nothing to forget any more.
    let _ = STARTS.try_with(|starts| starts.borrow_mut().retain(|(of, _)| !std::ptr::eq(*of, context.cast())));
}
