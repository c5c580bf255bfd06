//! Slices in flight, bounded; hands finished pages over to the backend and wakes it.
//!
//! Memory is bounded by pages: the channel holds `concurrency` of them, each worker one more (law 8).

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use nix::sys::eventfd::EventFd;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::budget::{Demand, RequestBudget};
use super::page::Page;
use super::runtime::runtime;
use super::scheduler::{Message, Scheduler, run};
use super::spec::ScanSpec;
use super::stats::Stats;
use super::task::eventfd;
use crate::error::{Error, ErrorKind, Result};
use crate::lock::lock_whole;

/// A running scan, seen from the backend. Dropping it ends all of its requests.
#[derive(Debug)]
pub struct Stream {
    pages: mpsc::Receiver<Message>,
    wake: Arc<EventFd>,
    demand: Demand,
    free_pages: Arc<Mutex<Vec<Page>>>,
    driver: AbortHandle,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Stream {
    /// Sends the first request. Returns at once.
    pub fn start(spec: ScanSpec, stats: Arc<Stats>) -> Result<Self> {
        let wake = eventfd()?;
        let free_pages = Arc::new(Mutex::new(Vec::new()));
        let (sender, pages) = mpsc::channel(spec.concurrency.max(1));
        let (demand, budget) = RequestBudget::new();
        let scheduler = Scheduler::new(spec, stats, budget, Arc::clone(&wake), Arc::clone(&free_pages));
        let driver = runtime()?.spawn(run(scheduler, sender)).abort_handle();
        Ok(Self { pages, wake, demand, free_pages, driver })
    }

    /// The next finished page; `Ready(None)` is the proven end.
    pub fn try_next(&mut self) -> Poll<Result<Option<Page>>> {
        // Cleared before looking: a page that arrives in between wakes again.
        let _ = self.wake.read();
        match self.pages.try_recv() {
            Ok(Message::Page(page)) => Poll::Ready(Ok(Some(*page))),
            Ok(Message::End) => Poll::Ready(Ok(None)),
            Ok(Message::Failed(error)) => Poll::Ready(Err(error)),
            Err(mpsc::error::TryRecvError::Empty) => Poll::Pending,
            Err(mpsc::error::TryRecvError::Disconnected) => {
                Poll::Ready(Err(Error::new(ErrorKind::Internal, "a scan ended without saying that it was complete")))
            }
        }
    }

    /// The consumer has used up what it got. If that were rows, pages are fetched ahead from now on; if all pages so far were
    /// empty, one page may still satisfy it, and the requests only double.
    pub fn request_more(&self, any_rows: bool) {
        self.demand.request_more(any_rows);
    }

    /// Readable whenever [`Stream::try_next`] is worth a call.
    pub fn wake_fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }

    /// Gives the memory of a page that was read back: returning it to the allocator each time costs a quarter of a scan in page faults.
    pub fn release(&self, page: Page) {
        let mut free_pages = lock_whole(&self.free_pages);
        if free_pages.len() < 4 {
            free_pages.push(page);
        }
    }
}

#[cfg(test)]
mod tests {
    use nix::sys::eventfd::EfdFlags;

    use super::*;

    #[test]
    fn a_channel_that_closes_without_the_end_is_an_error() {
        let (sender, pages) = mpsc::channel(1);
        let (demand, _budget) = RequestBudget::new();
        let driver = runtime().unwrap().spawn(async {}).abort_handle();
        let wake = Arc::new(EventFd::from_flags(EfdFlags::EFD_NONBLOCK).unwrap());
        let mut stream = Stream { pages, wake, demand, free_pages: Arc::default(), driver };
        assert!(stream.try_next().is_pending());
        drop(sender);
        assert!(matches!(stream.try_next(), Poll::Ready(Err(_))), "lost rows must not look like the end");
    }
}
