//! A series of latencies and its quantiles.

use std::fmt;
use std::time::Duration;

/// Latencies, in ascending order.
#[derive(Debug, Clone, Default)]
pub(super) struct Latencies(Vec<Duration>);

impl Latencies {
    /// Adds latencies; a trial may have measured none.
    pub(super) fn add(&mut self, latencies: impl IntoIterator<Item = Duration>) {
        self.0.extend(latencies);
        self.0.sort();
    }

    /// Takes the latencies of another series.
    pub(super) fn absorb(&mut self, other: Self) {
        self.add(other.0);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn max(&self) -> Duration {
        self.0.last().copied().unwrap_or_default()
    }

    /// The smallest latency that `percent` of them do not exceed.
    fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0.get(rank - 1).copied().unwrap_or_default()
    }
}

impl fmt::Display for Latencies {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [p50, p99, max] = [self.percentile(50), self.percentile(99), self.max()].map(|time| time.as_secs_f64() * 1e3);
        write!(out, "{p50:6.1} {p99:7.1} {max:7.1}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_latencies_that_were_seen() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.percentile(50), Duration::ZERO);
        (1..=200).rev().for_each(|number| latencies.add([Duration::from_millis(number)]));
        latencies.add(None);
        let seen = [50, 99].map(|percent| latencies.percentile(percent).as_millis());
        assert_eq!((seen, latencies.max().as_millis()), ([100, 198], 200));
    }
}
