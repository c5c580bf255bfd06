//! The range of time of a request, and the rows that lie in it.

use std::ops::Range;

use super::settings::{Bounds, Granularity, Settings};
use super::spread::Spread;
use super::wire_time::{DAY, MILLI};

/// The requested range in ticks, widened to the unit of the settings. A missing bound is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RequestedRange {
    from: Option<i64>,
    to: Option<i64>,
    bounds: Bounds,
}

impl RequestedRange {
    pub(crate) fn new(settings: &Settings, from: Option<i64>, to: Option<i64>) -> Self {
        let unit = match settings.granularity {
            Granularity::Millisecond => MILLI,
            Granularity::Second | Granularity::SecondCutOff => 1_000 * MILLI,
            Granularity::MinuteCutOff => 60_000 * MILLI,
            Granularity::Day => DAY * MILLI,
        };
        Self {
            from: from.map(|from| from.div_euclid(unit) * unit),
            to: to.map(|to| match settings.granularity {
                Granularity::SecondCutOff | Granularity::MinuteCutOff => to.div_euclid(unit) * unit,
                _ => -(-to).div_euclid(unit) * unit,
            }),
            bounds: settings.bounds,
        }
    }

    /// The range for an API whose times are in ticks: it compares ticks, unless the settings name a coarser unit.
    pub(crate) fn in_ticks(settings: &Settings, from: Option<i64>, to: Option<i64>) -> Self {
        match settings.granularity {
            Granularity::Millisecond => Self { from, to, bounds: settings.bounds },
            _ => Self::new(settings, from, to),
        }
    }

    pub(crate) fn begun(&self, millis: i64) -> bool {
        self.begun_at(millis * MILLI)
    }

    pub(crate) fn ended(&self, millis: i64) -> bool {
        self.ended_at(millis * MILLI)
    }

    fn begun_at(&self, ticks: i64) -> bool {
        self.from.is_none_or(|from| match self.bounds {
            Bounds::Inclusive | Bounds::HalfOpen => ticks >= from,
            Bounds::Exclusive => ticks > from,
        })
    }

    fn ended_at(&self, ticks: i64) -> bool {
        self.to.is_some_and(|to| match self.bounds {
            Bounds::Inclusive => ticks > to,
            Bounds::Exclusive | Bounds::HalfOpen => ticks >= to,
        })
    }

    pub(crate) fn holds(&self, millis: i64) -> bool {
        self.holds_ticks(millis * MILLI)
    }

    pub(crate) fn holds_ticks(&self, ticks: i64) -> bool {
        self.begun_at(ticks) && !self.ended_at(ticks)
    }

    /// The rows of the range. `time` makes a row's time of that of the spread, and must not decrease.
    pub(crate) fn rows(&self, spread: &Spread, time: impl Fn(i64) -> i64) -> Range<u64> {
        let start = spread.first_where(|millis| self.begun(time(millis)));
        let end = spread.first_where(|millis| self.ended(time(millis)));
        start..end.max(start)
    }

    /// A time far outside of the range, if the range has a bound.
    pub(crate) fn far(&self) -> Option<i64> {
        let after = self.to.map(|to| to.div_euclid(MILLI) + 40 * DAY);
        after.or(self.from.map(|from| from.div_euclid(MILLI) - 40 * DAY))
    }
}
