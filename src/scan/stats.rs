//! What a scan did: process-local counters, shown by EXPLAIN ANALYZE and `restlog.last_scan()`. A SELECT writes nothing (law 10).

use crate::http::usage::{Counter, Usage};

/// The counters of one scan.
#[derive(Debug, Default)]
pub struct Stats {
    /// What its requests took.
    pub usage: Usage,
    /// Pages decoded.
    pub pages: Counter,
    /// Records received.
    pub records: Counter,
    /// Records dropped just outside the window: the widening's price.
    pub outside_window: Counter,
    /// Records dropped because they belong to another slice.
    pub outside_slice: Counter,
    /// What `count(*)` counted: totals of the API, or records where a total did not hold.
    pub counted: Counter,
    /// Rows of the windows that were read to their end.
    pub covered_rows: Counter,
    /// The length of those windows together, in microseconds.
    pub covered_micros: Counter,
    /// Microseconds spent decoding, summed over workers.
    pub decode_micros: Counter,
    /// Microseconds that the backend waited for pages.
    pub wait_micros: Counter,
}
