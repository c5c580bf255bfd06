//! File descriptors that Postgres did not open itself: it is told of them, so that it keeps fewer of its own files open (fd.c).

use pgrx::pg_sys;

/// So many descriptors that Postgres leaves to others, until they are dropped.
#[derive(Debug)]
pub(crate) struct Descriptors(usize);

impl Descriptors {
    /// `None` where others would have more than a third of all that a process may have.
    pub(crate) fn acquire(count: usize) -> Option<Self> {
        let mut acquired = Self(0);
        while acquired.0 < count {
            // SAFETY: it only counts, and may close files that Postgres opens again when it needs them.
            if !unsafe { pg_sys::AcquireExternalFD() } {
                return None;
            }
            acquired.0 += 1;
        }
        Some(acquired)
    }

    /// Takes them in any case: whoever then finds none left has an error of the system.
    pub(crate) fn reserve(count: usize) -> Self {
        for _ in 0..count {
            // SAFETY: as above.
            unsafe { pg_sys::ReserveExternalFD() };
        }
        Self(count)
    }
}

impl Drop for Descriptors {
    fn drop(&mut self) {
        for _ in 0..self.0 {
            // SAFETY: each was counted.
            unsafe { pg_sys::ReleaseExternalFD() };
        }
    }
}
