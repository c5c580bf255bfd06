//! Spaces the requests of one session evenly: the option `requests_per_second`.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::lock::lock_whole;

/// The least gap between two requests, and when the next may leave.
#[derive(Debug)]
pub(crate) struct Pace {
    gap: Duration,
    next: Mutex<Instant>,
}

impl Pace {
    /// So many requests a second, and one an hour at least.
    pub(crate) fn new(rate: f64) -> Self {
        Self { gap: Duration::from_secs_f64((1.0 / rate).min(3600.0)), next: Mutex::new(Instant::now()) }
    }

    /// Takes the next free moment and says how long it is until then.
    pub(crate) fn reserve(&self) -> Duration {
        let now = Instant::now();
        let mut next = lock_whole(&self.next);
        let at = (*next).max(now);
        *next = at + self.gap;
        at - now
    }
}
