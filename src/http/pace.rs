//! Spaces the requests of one session evenly, for the option `requests_per_second`.
//!
//! What must not be broken: concurrent requests reserve different moments.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::lock::lock_whole;

/// The least gap between two requests, and when the next may be sent.
#[derive(Debug)]
pub(crate) struct Pace {
    gap: Duration,
    next: Mutex<Instant>,
}

impl Pace {
    /// Allows `rate` requests per second, and at least one per hour.
    pub(crate) fn new(rate: f64) -> Self {
        Self { gap: Duration::from_secs_f64((1.0 / rate).min(3600.0)), next: Mutex::new(Instant::now()) }
    }

    /// Reserves the next free moment, and returns how long to wait for it.
    pub(crate) fn reserve(&self) -> Duration {
        let now = Instant::now();
        let mut next = lock_whole(&self.next);
        let at = (*next).max(now);
        *next = at + self.gap;
        at - now
    }
}
