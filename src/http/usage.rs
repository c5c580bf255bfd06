//! What the requests of a scan took: counters that workers add to and the backend reads.
//!
//! What must not be broken: no other memory depends on a counter, because the counters are relaxed atomics.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::lock::lock_whole;

/// A counter that workers add to and the backend reads.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds to the counter, and returns its value before.
    pub fn add(&self, n: u64) -> u64 {
        // Relaxed: no other memory is read on the strength of a counter.
        self.0.fetch_add(n, Ordering::Relaxed)
    }

    /// Adds a duration, in microseconds.
    pub fn add_time(&self, d: Duration) {
        self.add(u64::try_from(d.as_micros()).unwrap_or(u64::MAX));
    }

    /// The sum so far.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What the requests of one scan took.
#[derive(Debug, Default)]
pub struct Usage {
    /// Requests sent, retries included.
    pub requests: Counter,
    /// Requests counted against the scan's limit.
    pub begun: Counter,
    /// Requests sent again.
    pub retries: Counter,
    /// Bytes of response bodies on the wire.
    pub wire_bytes: Counter,
    /// Bytes of response bodies, decompressed.
    pub body_bytes: Counter,
    /// Microseconds from sending a request to the end of its body, summed over all requests.
    pub fetch_micros: Counter,
    /// Microseconds spent waiting between retries.
    pub backoff_micros: Counter,
    /// The newest `Date` header, in seconds since the Unix epoch; 0 if there was none.
    pub api_date: Counter,
    /// Request lines for the log, kept only while the setting asks for them.
    log: Mutex<Vec<String>>,
}

impl Usage {
    /// Records a `Date` header, in seconds since the Unix epoch.
    pub fn record_date(&self, seconds: u64) {
        self.api_date.0.fetch_max(seconds, Ordering::Relaxed);
    }

    /// Adds a line for the log.
    pub fn log(&self, line: String) {
        lock_whole(&self.log).push(line);
    }

    /// Takes all lines for the log.
    pub fn take_log(&self) -> Vec<String> {
        std::mem::take(&mut *lock_whole(&self.log))
    }
}
