//! A future on the backend's runtime, with a descriptor that becomes readable when the future ends.
//!
//! The backend waits for the descriptor with its own wait, which a cancel ends (law 7).

use std::future::Future;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::task::Poll;

use nix::sys::eventfd::{EfdFlags, EventFd};
use tokio::sync::oneshot;
use tokio::task::{AbortHandle, JoinError};

use super::runtime::runtime;
use crate::error::{Error, ErrorKind, Result};

/// A running future. Dropping the task ends the future.
#[derive(Debug)]
pub struct Task<T> {
    outcome: oneshot::Receiver<T>,
    wake: Arc<EventFd>,
    driver: AbortHandle,
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// Makes a descriptor readable.
pub(super) fn wake(descriptor: &EventFd) {
    // It fails only when the counter is full, and then the descriptor is readable anyway.
    let _ = descriptor.write(1);
}

/// Makes a descriptor readable when it is dropped. Owned by a future, it wakes the backend when that ends, even by a panic.
pub(super) struct NotifyOnDrop(pub(super) Arc<EventFd>);

impl Drop for NotifyOnDrop {
    fn drop(&mut self) {
        wake(&self.0);
    }
}

/// The error of a scan one of whose workers did not end by itself.
pub(super) fn worker_error(join: &JoinError) -> Error {
    let what = if join.is_panic() { "a worker panicked" } else { "a worker was stopped" };
    Error::new(ErrorKind::Internal, format!("{what} while it read from the API"))
}

/// A new eventfd, which a poll can wait for.
pub(super) fn eventfd() -> Result<Arc<EventFd>> {
    EventFd::from_value_and_flags(0, EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)
        .map(Arc::new)
        .map_err(|e| Error::new(ErrorKind::Internal, "could not create an eventfd").detail(format!("{e}.")))
}

impl<T: Send + 'static> Task<T> {
    /// Starts a future on the backend's runtime.
    pub fn start(future: impl Future<Output = T> + Send + 'static) -> Result<Self> {
        let wake = eventfd()?;
        let (sender, outcome) = oneshot::channel();
        let at_end = NotifyOnDrop(Arc::clone(&wake));
        let driver = runtime()?.spawn(async move {
            // Dropped after the outcome is sent, and by a panic.
            let _at_end = at_end;
            let _ = sender.send(future.await);
        });
        Ok(Self { outcome, wake, driver: driver.abort_handle() })
    }

    /// Takes what the future returned, once it has ended. A future that panicked is an error.
    pub fn try_take(&mut self) -> Poll<Result<T>> {
        match self.outcome.try_recv() {
            Ok(outcome) => Poll::Ready(Ok(outcome)),
            Err(oneshot::error::TryRecvError::Empty) => Poll::Pending,
            Err(oneshot::error::TryRecvError::Closed) => {
                Poll::Ready(Err(Error::new(ErrorKind::Internal, "a task ended without an outcome")))
            }
        }
    }

    /// The descriptor that is readable once the future has ended.
    pub fn wake_fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }
}
