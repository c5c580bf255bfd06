//! Descriptors that the backend's HTTP client opens → Postgres' count of them, so that it keeps fewer of its own files open (fd.c).

use pgrx::pg_sys;

/// A number of descriptors that Postgres counts as others', until this is dropped.
#[derive(Debug)]
pub(super) struct Descriptors(usize);

impl Descriptors {
    /// Counts descriptors. `None` where others than Postgres would have more than a third of all that a process may have.
    pub(super) fn acquire(count: usize) -> Option<Self> {
        let mut acquired = Self(0);
        while acquired.0 < count {
            // SAFETY: only counts, and may close files that Postgres opens again when it needs them.
            if !unsafe { pg_sys::AcquireExternalFD() } {
                return None;
            }
            acquired.0 += 1;
        }
        Some(acquired)
    }

    /// Counts descriptors in any case: whoever then finds none left gets an error of the system.
    pub(super) fn reserve(count: usize) -> Self {
        for _ in 0..count {
            // SAFETY: only counts, and may close files that Postgres opens again when it needs them.
            unsafe { pg_sys::ReserveExternalFD() };
        }
        Self(count)
    }
}

impl Drop for Descriptors {
    fn drop(&mut self) {
        for _ in 0..self.0 {
            // SAFETY: only counts; `acquire` or `reserve` counted each.
            unsafe { pg_sys::ReleaseExternalFD() };
        }
    }
}
