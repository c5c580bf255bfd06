//! Half-open time ranges `[lo, hi)`, sets of them, and how times are rounded and written.
//!
//! Times are microseconds since 2000-01-01 00:00 UTC, Postgres' own epoch. What must not be broken: rounding and clamping may
//! make a window wider, never narrower (law 1), and no arithmetic may overflow at the infinities.

use std::fmt::Write as _;

use chrono::{DateTime, Datelike, Timelike, Utc};

/// Postgres' `-infinity`.
pub const MINUS_INFINITY: i64 = i64::MIN;
/// Postgres' `infinity`.
pub const INFINITY: i64 = i64::MAX;
/// Seconds from the Unix epoch to Postgres' epoch.
pub const EPOCH_SECONDS: i64 = 946_684_800;
/// A second, in microseconds.
pub const SECOND: i64 = 1_000_000;

/// The range `[lo, hi)`, in microseconds since 2000-01-01 00:00 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window {
    /// The first microsecond inside.
    pub lo: i64,
    /// The first microsecond after the window.
    pub hi: i64,
}

impl Window {
    /// All of time.
    pub const ALL: Self = Self { lo: MINUS_INFINITY, hi: INFINITY };

    /// Whether the window holds no time.
    pub fn is_empty(self) -> bool {
        self.lo >= self.hi
    }

    /// The window up to `now`. Logs hold what has happened, so only this part has a length worth counting.
    #[must_use]
    pub fn until(self, now: i64) -> Self {
        Self { hi: self.hi.min(now.max(self.lo)), ..self }
    }

    /// Whether the window holds this microsecond.
    pub fn contains(self, t: i64) -> bool {
        self.lo <= t && t < self.hi
    }
}

/// A union of windows: sorted, disjoint, none empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowSet(Vec<Window>);

impl WindowSet {
    /// All of time.
    pub fn all() -> Self {
        Self(vec![Window::ALL])
    }

    /// The union of windows, which may overlap, be empty and come in any order.
    pub fn of(windows: impl IntoIterator<Item = Window>) -> Self {
        let mut sorted: Vec<_> = windows.into_iter().filter(|w| !w.is_empty()).collect();
        sorted.sort_unstable();
        let mut merged: Vec<Window> = Vec::with_capacity(sorted.len());
        for window in sorted {
            match merged.last_mut() {
                Some(last) if window.lo <= last.hi => last.hi = last.hi.max(window.hi),
                _ => merged.push(window),
            }
        }
        Self(merged)
    }

    /// The times that are in both sets. One pass over both is enough, because both are sorted.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Self {
        let (mut ours, mut theirs) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut both = Vec::new();
        while let (Some(a), Some(b)) = (ours.peek(), theirs.peek()) {
            both.push(Window { lo: a.lo.max(b.lo), hi: a.hi.min(b.hi) });
            // The window that ends first meets no other window of the other set.
            if a.hi < b.hi {
                ours.next()
            } else {
                theirs.next()
            };
        }
        Self::of(both)
    }

    /// The times that are in either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self::of(self.0.iter().chain(&other.0).copied())
    }

    /// The windows, sorted by time.
    pub fn windows(&self) -> &[Window] {
        &self.0
    }

    /// The smallest single window that holds the whole set.
    #[must_use]
    pub fn hull(&self) -> Self {
        match (self.0.first(), self.0.last()) {
            (Some(first), Some(last)) => Self(vec![Window { lo: first.lo, hi: last.hi }]),
            _ => Self(Vec::new()),
        }
    }

    /// Whether the set holds no time.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The grid of whole seconds; or `unit`, where that is coarser than a second or does not divide it.
pub fn whole_seconds(unit: i64) -> i64 {
    if SECOND % unit == 0 { SECOND } else { unit }
}

/// The largest multiple of `unit` that is not above `t`. Where that would overflow, `t` itself.
pub fn floor_to(t: i64, unit: i64) -> i64 {
    t.checked_sub(t.rem_euclid(unit)).unwrap_or(t)
}

/// The smallest multiple of `unit` that is not below `t`. Where that would overflow, `t` itself.
pub fn ceil_to(t: i64, unit: i64) -> i64 {
    match t.rem_euclid(unit) {
        0 => t,
        rest => t.checked_add(unit - rest).unwrap_or(t),
    }
}

// 0001-01-01 00:00:00 and 9999-12-31 23:59:59.999999, in microseconds since 2000: the first and the last time with a year of
// four digits.
const FIRST: i64 = (-62_135_596_800 - EPOCH_SECONDS) * SECOND;
const LAST: i64 = (253_402_300_799 - EPOCH_SECONDS) * SECOND + 999_999;

/// Whether no year of four digits lies in the window. No API has rows there.
pub fn is_unrepresentable(window: Window) -> bool {
    window.hi <= FIRST || window.lo > LAST
}

/// Writes a time as RFC 3339 with milliseconds and `Z`. A time outside the years 1 to 9999 becomes the nearest time inside. No
/// API has rows outside, so a clamped window still holds every row.
pub fn rfc3339_millis(t: i64) -> String {
    format_time(t.clamp(FIRST, LAST), false)
}

/// Writes a time as RFC 3339, with milliseconds, or with microseconds if it has them. `None` if the year does not have four
/// digits.
pub fn rfc3339(t: i64) -> Option<String> {
    (FIRST..=LAST).contains(&t).then(|| format_time(t, t.rem_euclid(1000) != 0))
}

fn format_time(t: i64, micros: bool) -> String {
    let time = DateTime::<Utc>::from_timestamp_micros(t + EPOCH_SECONDS * SECOND).unwrap_or_default();
    let (digits, fraction) = if micros { (6, time.timestamp_subsec_micros()) } else { (3, time.timestamp_subsec_millis()) };
    let mut text = String::with_capacity(27);
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{fraction:0digits$}Z",
        time.year(),
        time.month(),
        time.day(),
        time.hour(),
        time.minute(),
        time.second()
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn w(lo: i64, hi: i64) -> Window {
        Window { lo, hi }
    }

    #[test]
    fn unions_are_sorted_and_merged_and_empty_parts_vanish() {
        assert_eq!(WindowSet::of([w(5, 7), w(1, 3), w(3, 5), w(9, 9), w(20, 10)]).windows(), [w(1, 7)]);
        assert_eq!(WindowSet::of([w(5, 7), w(1, 3)]).windows(), [w(1, 3), w(5, 7)]);
    }

    #[test]
    fn intersections_keep_what_is_in_both() {
        let a = WindowSet::of([w(0, 10), w(20, 30)]);
        assert_eq!(a.intersect(&WindowSet::of([w(5, 25)])).windows(), [w(5, 10), w(20, 25)]);
        assert!(a.intersect(&WindowSet::of([w(10, 20)])).is_empty());
        assert_eq!(a.intersect(&WindowSet::all()), a);
        assert_eq!(a.hull().windows(), [w(0, 30)]);
    }

    #[test]
    fn bounds_round_outwards_also_before_2000() {
        assert_eq!((floor_to(1999, 1000), ceil_to(1999, 1000)), (1000, 2000));
        assert_eq!((floor_to(-1, 1000), ceil_to(-1, 1000)), (-1000, 0));
        assert_eq!((floor_to(2000, 1000), ceil_to(2000, 1000)), (2000, 2000));
        assert_eq!((floor_to(i64::MIN, 1000), ceil_to(i64::MAX, 1000)), (i64::MIN, i64::MAX));
    }

    #[test]
    fn times_are_written_with_milliseconds_and_clamped_to_four_digit_years() {
        assert_eq!(rfc3339_millis(0), "2000-01-01T00:00:00.000Z");
        assert_eq!(rfc3339_millis(-1), "1999-12-31T23:59:59.999Z");
        assert_eq!(rfc3339_millis(MINUS_INFINITY), "0001-01-01T00:00:00.000Z");
        assert_eq!(rfc3339_millis(INFINITY), "9999-12-31T23:59:59.999Z");
    }
}
