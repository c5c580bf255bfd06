//! The range of time that a request asks for, and the rows that lie in it.

use std::ops::Range;

use super::settings::{Bounds, Granularity, Settings};
use super::spread::Spread;
use super::wire_time::DAY;

/// The asked range, widened to the settings' unit, in microseconds; an end that is not asked for is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AskedRange {
    from: Option<i64>,
    to: Option<i64>,
    bounds: Bounds,
}

impl AskedRange {
    pub(crate) fn new(settings: &Settings, from: Option<i64>, to: Option<i64>) -> Self {
        let unit = match settings.granularity {
            Granularity::Millisecond => 1_000,
            Granularity::Second => 1_000_000,
            Granularity::Day => DAY * 1_000,
        };
        Self {
            from: from.map(|from| from.div_euclid(unit) * unit),
            to: to.map(|to| -(-to).div_euclid(unit) * unit),
            bounds: settings.bounds,
        }
    }

    pub(crate) fn begun(&self, millis: i64) -> bool {
        self.from.is_none_or(|from| match self.bounds {
            Bounds::Inclusive | Bounds::HalfOpen => millis * 1000 >= from,
            Bounds::Exclusive => millis * 1000 > from,
        })
    }

    pub(crate) fn ended(&self, millis: i64) -> bool {
        self.to.is_some_and(|to| match self.bounds {
            Bounds::Inclusive => millis * 1000 > to,
            Bounds::Exclusive | Bounds::HalfOpen => millis * 1000 >= to,
        })
    }

    pub(crate) fn holds(&self, millis: i64) -> bool {
        self.begun(millis) && !self.ended(millis)
    }

    /// The rows of the range, whose times are made of the spread's by a function that never falls.
    pub(crate) fn rows(&self, spread: &Spread, time: impl Fn(i64) -> i64) -> Range<u64> {
        let start = spread.first_where(|millis| self.begun(time(millis)));
        let end = spread.first_where(|millis| self.ended(time(millis)));
        start..end.max(start)
    }

    /// A time that no client may take for one it asked for, if it asked for any.
    pub(crate) fn far(&self) -> Option<i64> {
        let after = self.to.map(|to| to.div_euclid(1000) + 40 * DAY);
        after.or(self.from.map(|from| from.div_euclid(1000) - 40 * DAY))
    }
}
