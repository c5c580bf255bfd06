//! The locks of a scan's shared state. A lock whose holder panicked is never passed over in silence: work behind it would be lost.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::{Error, ErrorKind, Result};

/// Locks state that decides which rows are read. A panic may have left it half changed, so a poisoned lock is an error of the scan.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> Result<MutexGuard<'_, T>> {
    mutex.lock().map_err(|_| Error::new(ErrorKind::Internal, "a worker panicked while it held what the others need"))
}

/// Locks state that no row depends on: buffers, lines for the log, the pace of requests. Such state is whole at any moment, so a poisoned
/// lock is taken as it is.
pub(crate) fn lock_whole<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_whoever_held_it_is_an_error_where_rows_depend_on_it() {
        let mutex = Mutex::new(7);
        let panicked = std::thread::scope(|scope| {
            let holder = scope.spawn(|| {
                let _held = mutex.lock();
                std::panic::resume_unwind(Box::new("on purpose"));
            });
            holder.join().is_err()
        });
        assert!(panicked);
        assert_eq!(lock(&mutex).unwrap_err().kind(), ErrorKind::Internal);
        assert_eq!(*lock_whole(&mutex), 7);
    }
}
