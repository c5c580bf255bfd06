//! Waiting for a page so that a cancel, a timeout or the postmaster's death ends the wait at once (law 7), and the client's death
//! within a second.

use std::cell::Cell;
use std::future::Future;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::task::Poll;
use std::time::{Duration, Instant};

use pgrx::{check_for_interrupts, pg_sys};

use super::compat;
use crate::error::{Error, ErrorKind, Result};
use crate::scan::page::Page;
use crate::scan::stats::Stats;
use crate::scan::stream::{ScanSpec, Stream};
use crate::scan::task::Task;

/// How often a scan looks whether its client is still there: nobody wants the answer of an abandoned query, and the API would go on
/// being asked. Postgres itself looks only where client_connection_check_interval says so.
const CLIENT_CHECK: Duration = Duration::from_secs(1);

thread_local! {
    /// When this backend looked last.
    static CHECKED: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// A stream whose descriptor is counted among the backend's, as Postgres asks of descriptors that it did not open itself.
#[derive(Debug)]
pub(super) struct WatchedStream {
    stream: Stream,
    _counted: CountedFd,
}

/// One descriptor in Postgres' count, given back whatever happens.
#[derive(Debug)]
struct CountedFd;

/// Runs a future to its end, unless a cancel, a timeout or the postmaster's death comes first.
pub(super) fn run<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> Result<T> {
    let _counted = CountedFd::acquire()?;
    let mut task = Task::start(future)?;
    loop {
        if let Poll::Ready(outcome) = task.try_take() {
            return outcome;
        }
        wait(task.wake_fd());
    }
}

/// Returns when the descriptor is readable or when it is time to look after the client, or raises what a cancel or a timeout raises.
fn wait(descriptor: BorrowedFd<'_>) {
    let events = pg_sys::WL_LATCH_SET | pg_sys::WL_SOCKET_READABLE | pg_sys::WL_TIMEOUT | pg_sys::WL_EXIT_ON_PM_DEATH;
    let timeout = CLIENT_CHECK.as_millis() as std::ffi::c_long;
    // SAFETY: MyLatch is set up before any query runs; the descriptor lives during the call.
    unsafe {
        pg_sys::WaitLatchOrSocket(pg_sys::MyLatch, events as i32, descriptor.as_raw_fd(), timeout, pg_sys::PG_WAIT_EXTENSION);
        pg_sys::ResetLatch(pg_sys::MyLatch);
    }
    check_client();
    check_for_interrupts!();
}

/// Looks once a second whether the client is still there, and makes the next check for interrupts end the session where it is not.
fn check_client() {
    let now = Instant::now();
    if CHECKED.get().is_some_and(|last| now.duration_since(last) < CLIENT_CHECK) {
        return;
    }
    CHECKED.set(Some(now));
    if compat::is_client_gone() {
        // SAFETY: flags of this backend, as its own timer would set them (ClientCheckTimeoutHandler in postgres.c).
        unsafe {
            pg_sys::ClientConnectionLost = 1;
            pg_sys::InterruptPending = 1;
        }
    }
}

impl CountedFd {
    fn acquire() -> Result<Self> {
        // SAFETY: a counter of this backend; it is given back when self is dropped.
        if unsafe { pg_sys::AcquireExternalFD() } {
            return Ok(Self);
        }
        Err(Error::new(ErrorKind::OutOfResources, "too many files are open in this session: raise max_files_per_process"))
    }
}

impl WatchedStream {
    pub(super) fn start(spec: ScanSpec, stats: std::sync::Arc<Stats>) -> Result<Self> {
        let counted = CountedFd::acquire()?;
        Ok(Self { stream: Stream::start(spec, stats)?, _counted: counted })
    }

    /// The next page, or `None` at the proven end. Raises what a cancel or a timeout raises.
    pub(super) fn next(&mut self, stats: &Stats) -> Result<Option<Page>> {
        loop {
            if let Poll::Ready(page) = self.stream.try_next() {
                // Where pages come faster than they are used up, nothing waits.
                check_client();
                check_for_interrupts!();
                return page;
            }
            let started = Instant::now();
            wait(self.stream.wake_fd());
            stats.wait_micros.add_time(started.elapsed());
        }
    }

    /// The next page if it is there.
    pub(super) fn try_next(&mut self) -> Poll<Result<Option<Page>>> {
        check_client();
        check_for_interrupts!();
        self.stream.try_next()
    }

    pub(super) fn wake_fd(&self) -> RawFd {
        self.stream.wake_fd().as_raw_fd()
    }

    pub(super) fn request_more(&self, got_rows: bool) {
        self.stream.request_more(got_rows);
    }

    pub(super) fn release(&self, page: Page) {
        self.stream.release(page);
    }
}

impl Drop for CountedFd {
    fn drop(&mut self) {
        // SAFETY: acquired before it was made.
        unsafe { pg_sys::ReleaseExternalFD() };
    }
}
