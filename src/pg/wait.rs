//! Waiting for a page so that a cancel, a timeout or the postmaster's death ends the wait at once (law 7).

use std::os::fd::AsRawFd;
use std::task::Poll;
use std::time::Instant;

use pgrx::{check_for_interrupts, pg_sys};

use crate::error::{Error, ErrorKind, Result};
use crate::scan::page::Page;
use crate::scan::stats::Stats;
use crate::scan::stream::{ScanSpec, Stream};

/// A stream whose descriptor is counted among the backend's, as Postgres asks of descriptors that it did not open itself.
#[derive(Debug)]
pub(super) struct WatchedStream {
    stream: Stream,
    _counted: CountedFd,
}

/// One descriptor in Postgres' count, given back whatever happens.
#[derive(Debug)]
struct CountedFd;

impl WatchedStream {
    pub(super) fn start(spec: ScanSpec, stats: std::sync::Arc<Stats>) -> Result<Self> {
        // SAFETY: a counter of this backend; it is given back by CountedFd.
        if !unsafe { pg_sys::AcquireExternalFD() } {
            return Err(Error::new(ErrorKind::Internal, "too many files are open in this session").hint("Raise max_files_per_process."));
        }
        let counted = CountedFd;
        Ok(Self { stream: Stream::start(spec, stats)?, _counted: counted })
    }

    /// The next page, or `None` at the proven end. Raises what a cancel or a timeout raises.
    pub(super) fn next(&mut self, stats: &Stats) -> Result<Option<Page>> {
        loop {
            if let Poll::Ready(page) = self.stream.try_next() {
                return page;
            }
            let started = Instant::now();
            self.wait();
            stats.wait_micros.add_time(started.elapsed());
        }
    }

    fn wait(&self) {
        let events = pg_sys::WL_LATCH_SET | pg_sys::WL_SOCKET_READABLE | pg_sys::WL_EXIT_ON_PM_DEATH;
        // SAFETY: MyLatch is set up before any query runs; the descriptor lives as long as self.
        unsafe {
            pg_sys::WaitLatchOrSocket(pg_sys::MyLatch, events as i32, self.stream.wake_fd().as_raw_fd(), -1, pg_sys::PG_WAIT_EXTENSION);
            pg_sys::ResetLatch(pg_sys::MyLatch);
        }
        check_for_interrupts!();
    }

    pub(super) fn want_more(&self, got_rows: bool) {
        self.stream.want_more(got_rows);
    }

    pub(super) fn recycle(&self, page: Page) {
        self.stream.recycle(page);
    }
}

impl Drop for CountedFd {
    fn drop(&mut self) {
        // SAFETY: acquired before it was made.
        unsafe { pg_sys::ReleaseExternalFD() };
    }
}
