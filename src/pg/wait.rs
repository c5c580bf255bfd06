//! Waits for pages → waits of the backend, which a cancel, a timeout or the postmaster's death ends at once (law 7), and the client's death
//! within a second.

use std::cell::Cell;
use std::future::Future;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::task::Poll;
use std::time::{Duration, Instant};

use pgrx::{check_for_interrupts, pg_sys};

use super::compat;
use super::descriptors::Descriptors;
use crate::error::{Error, ErrorKind, Result};
use crate::scan::page::Page;
use crate::scan::spec::ScanSpec;
use crate::scan::stats::Stats;
use crate::scan::stream::Stream;
use crate::scan::task::Task;

/// How often a scan checks that its client is still there. Nobody wants the answer of an abandoned query, and without the check the API
/// would go on being asked: Postgres itself looks only where client_connection_check_interval says so.
const CLIENT_CHECK: Duration = Duration::from_secs(1);

thread_local! {
    /// When this backend checked last.
    static CHECKED: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// A stream whose descriptor Postgres counts, as it demands of descriptors that it did not open itself.
#[derive(Debug)]
pub(super) struct WatchedStream {
    stream: Stream,
    _counted: Descriptors,
}

/// Runs a future to its end, unless a cancel, a timeout or the postmaster's death comes first.
pub(super) fn run<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> Result<T> {
    let _counted = count_descriptor()?;
    let mut task = Task::start(future)?;
    loop {
        if let Poll::Ready(outcome) = task.try_take() {
            return outcome;
        }
        wait(task.wake_fd());
    }
}

/// Returns when the descriptor is readable or when it is time to check the client. Raises what a cancel or a timeout raises.
fn wait(descriptor: BorrowedFd<'_>) {
    let events = pg_sys::WL_LATCH_SET | pg_sys::WL_SOCKET_READABLE | pg_sys::WL_TIMEOUT | pg_sys::WL_EXIT_ON_PM_DEATH;
    let timeout = CLIENT_CHECK.as_millis() as std::ffi::c_long;
    // SAFETY: Postgres sets MyLatch up before any query runs; the descriptor is borrowed during the call.
    unsafe {
        pg_sys::WaitLatchOrSocket(pg_sys::MyLatch, events as i32, descriptor.as_raw_fd(), timeout, pg_sys::PG_WAIT_EXTENSION);
        pg_sys::ResetLatch(pg_sys::MyLatch);
    }
    check_client();
    check_for_interrupts!();
}

/// Checks once a second that the client is still there. If it is not, the next check for interrupts ends the session.
fn check_client() {
    let now = Instant::now();
    if CHECKED.get().is_some_and(|last| now.duration_since(last) < CLIENT_CHECK) {
        return;
    }
    CHECKED.set(Some(now));
    if compat::is_client_gone() {
        // SAFETY: flags of this backend, which its own timer sets in this way (ClientCheckTimeoutHandler in postgres.c).
        unsafe {
            pg_sys::ClientConnectionLost = 1;
            pg_sys::InterruptPending = 1;
        }
    }
}

/// One descriptor in Postgres' count.
fn count_descriptor() -> Result<Descriptors> {
    let message = "too many files are open in this session: raise max_files_per_process";
    Descriptors::acquire(1).ok_or_else(|| Error::new(ErrorKind::OutOfResources, message))
}

impl WatchedStream {
    /// Sends the first request of a scan.
    pub(super) fn start(spec: ScanSpec, stats: std::sync::Arc<Stats>) -> Result<Self> {
        let counted = count_descriptor()?;
        Ok(Self { stream: Stream::start(spec, stats)?, _counted: counted })
    }

    /// The next page, or `None` at the proven end. Raises what a cancel or a timeout raises.
    pub(super) fn next(&mut self, stats: &Stats) -> Result<Option<Page>> {
        loop {
            if let Poll::Ready(page) = self.stream.try_next() {
                // Where pages come faster than they are used up, the scan never waits, and would never check otherwise.
                check_client();
                check_for_interrupts!();
                return page;
            }
            let started = Instant::now();
            wait(self.stream.wake_fd());
            stats.wait_micros.add_time(started.elapsed());
        }
    }

    /// The next page if it is there. Raises what a cancel or a timeout raises.
    pub(super) fn try_next(&mut self) -> Poll<Result<Option<Page>>> {
        check_client();
        check_for_interrupts!();
        self.stream.try_next()
    }

    /// Readable whenever [`Self::try_next`] is worth a call.
    pub(super) fn wake_fd(&self) -> RawFd {
        self.stream.wake_fd().as_raw_fd()
    }

    /// Tells the stream that its pages were used up; see [`Stream::request_more`].
    pub(super) fn request_more(&self, any_rows: bool) {
        self.stream.request_more(any_rows);
    }

    /// Gives the memory of a page back.
    pub(super) fn release(&self, page: Page) {
        self.stream.release(page);
    }
}
