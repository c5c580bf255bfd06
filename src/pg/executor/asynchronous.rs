//! IsForeignPathAsyncCapable, ForeignAsyncRequest, ForeignAsyncConfigureWait, ForeignAsyncNotify: an Append over several foreign
//! tables reads all of them at once.
//!
//! A pull on behalf of an Append must never wait: the Append waits for all of its scans together.

use pgrx::pg_sys;
use pgrx::prelude::*;

use super::cursor::{Mode, Pull};
use super::scan_of;

#[pg_guard]
pub(crate) unsafe extern "C-unwind" fn is_async_capable(path: *mut pg_sys::ForeignPath) -> bool {
    // A node that counts asks once, and has nothing to interleave.
    // SAFETY: the planner's path has a relation.
    unsafe { (*(*path).path.parent).reloptkind != pg_sys::RelOptKind::RELOPT_UPPER_REL }
}

#[pg_guard]
pub(crate) unsafe extern "C-unwind" fn foreign_async_request(request: *mut pg_sys::AsyncRequest) {
    // SAFETY: the executor's request, to one of our nodes.
    unsafe { produce(request) };
}

/// Adds what the Append waits for.
#[pg_guard]
pub(crate) unsafe extern "C-unwind" fn foreign_async_configure_wait(request: *mut pg_sys::AsyncRequest) {
    // SAFETY: the executor's request, to one of our nodes.
    let Some(descriptor) = (unsafe { scan_of((*request).requestee.cast()) }).and_then(|scan| scan.wake_fd()) else { return };
    // SAFETY: only an Append requests (execAsync.c), which has just made its set of events and drops it before any scan ends.
    unsafe {
        let set = (*(*request).requestor.cast::<pg_sys::AppendState>()).as_eventset;
        pg_sys::AddWaitEventToSet(set, pg_sys::WL_SOCKET_READABLE, descriptor, std::ptr::null_mut(), request.cast());
    }
}

#[pg_guard]
pub(crate) unsafe extern "C-unwind" fn foreign_async_notify(request: *mut pg_sys::AsyncRequest) {
    // SAFETY: the executor's request, to one of our nodes.
    unsafe { produce(request) };
}

/// Answers with the next row that is there, or with none at the end; else the request stays pending.
///
/// # Safety
/// The caller guarantees that `request` is the executor's, to one of our nodes.
unsafe fn produce(request: *mut pg_sys::AsyncRequest) {
    // SAFETY: the caller guarantees a live request, whose requestee is our node.
    let node = unsafe { (*request).requestee };
    // SAFETY: our node's fdw_state is null or what BeginForeignScan put there.
    if let Some(scan) = unsafe { scan_of(node.cast()) } {
        // The node may answer without a pull.
        (scan.mode, scan.last) = (Mode::Nonblocking, Pull::End);
    }
    // SAFETY: the executor set the node's own function, which applies local conditions and projection.
    let slot = unsafe { (*node).ExecProcNodeReal.map_or(std::ptr::null_mut(), |next| next(node)) };
    // SAFETY: our node's fdw_state is null or what BeginForeignScan put there.
    let last = unsafe { scan_of(node.cast()) }.map(|scan| {
        scan.mode = Mode::Blocking;
        scan.last
    });
    // SAFETY: the node's function returns null or one of the executor's slots.
    let is_empty = unsafe { slot.as_ref() }.is_none_or(|slot| slot.tts_flags & pg_sys::TTS_FLAG_EMPTY as u16 != 0);
    // SAFETY: the caller guarantees a live request, which nobody else uses during this call.
    let request = unsafe { &mut *request };
    request.callback_pending = is_empty && last == Some(Pull::Pending);
    request.request_complete = !request.callback_pending;
    request.result = if is_empty { std::ptr::null_mut() } else { slot };
}
