//! The backend's end of a scan: finished pages out of a channel, and a descriptor to wait for them.
//!
//! Nothing here blocks, so that a cancel ends a wait at once (law 7). Memory is bounded by pages: the channel holds `concurrency` of
//! them, and each worker one more (law 8).

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

/// A running scan. Dropping it ends all of its requests.
#[derive(Debug)]
pub struct Stream {
    pages: mpsc::Receiver<Message>,
    /// Readable when something came through the channel.
    wake: Arc<EventFd>,
    demand: Demand,
    /// Memory of pages that were read, for pages to come.
    free_pages: Arc<Mutex<Vec<Page>>>,
    driver: AbortHandle,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Stream {
    /// Starts the scan, which sends its first request, and returns at once.
    pub fn start(spec: ScanSpec, stats: Arc<Stats>) -> Result<Self> {
        let wake = eventfd()?;
        let free_pages = Arc::new(Mutex::new(Vec::new()));
        let (sender, pages) = mpsc::channel(spec.concurrency.max(1));
        let (demand, budget) = RequestBudget::new();
        let scheduler = Scheduler::new(spec, stats, budget, Arc::clone(&wake), Arc::clone(&free_pages));
        let driver = runtime()?.spawn(run(scheduler, sender)).abort_handle();
        Ok(Self { pages, wake, demand, free_pages, driver })
    }

    /// Takes the next finished page; `Ready(None)` is the proven end, `Pending` says that no page is finished.
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

    /// Allows more requests, because the consumer has used up its pages. If any of them had rows, the scan reads on without a limit;
    /// if all were empty, the next page may still satisfy the consumer, and the number of requests only doubles.
    pub fn request_more(&self, any_rows: bool) {
        self.demand.request_more(any_rows);
    }

    /// The descriptor that is readable whenever [`Stream::try_next`] is worth a call.
    pub fn wake_fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }

    /// Keeps the memory of a page that was read, for pages to come: returning it to the allocator each time costs a quarter of a scan
    /// in page faults.
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
