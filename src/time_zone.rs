//! What times without a zone mean: an offset from UTC, or a named zone whose offset depends on the time.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{self, AmbiguousOffset, TimeZoneDatabase};

use crate::units::{digits, parse_zone};

/// 2000-01-01 in seconds since 1970. Logs of APIs are younger, so earlier changes of a zone do not matter.
const OLDEST: i64 = 946_684_800;
/// The largest number of a zone's changes that are compared. The rules of many zones go on for ever.
const CHANGES: usize = 1000;

/// A zone of times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimeZone {
    /// Seconds east of UTC.
    Offset(i64),
    /// A zone of the IANA database.
    Named(tz::TimeZone),
}

impl TimeZone {
    /// Reads `Z`, `+08:00`, `GMT+8`, `UTC-5:30` or a name such as `Europe/Zurich`, whatever its case. East of UTC is positive, as ISO
    /// 8601 and Java have it; Postgres and POSIX read `GMT+8` the other way round.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(offset) = parse_zone(text.as_bytes()).or_else(|| offset_of_gmt(text)) {
            return Some(Self::Offset(offset));
        }
        let named = is_name(text).then(|| TimeZoneDatabase::bundled().get(text).ok())??;
        (!named.is_unknown()).then_some(Self::Named(named))
    }

    /// The zone's offset, in seconds east of UTC, when its clocks show a time. A time that clocks show twice is the later one, and a time
    /// that they skip has the offset before, as in Postgres (`DetermineTimeZoneOffset`, seen in 15).
    pub fn offset_at(&self, clock: DateTime) -> i64 {
        match self {
            Self::Offset(seconds) => *seconds,
            Self::Named(zone) => {
                let offset = match zone.to_ambiguous_timestamp(clock).offset() {
                    AmbiguousOffset::Unambiguous { offset } => offset,
                    AmbiguousOffset::Gap { before, .. } => before,
                    AmbiguousOffset::Fold { after, .. } => after,
                };
                i64::from(offset.seconds())
            }
        }
    }

    /// The zone's only offset since 2000, if it has only one. An API that takes one offset for all times can be told no other zone.
    pub fn sole_offset(&self) -> Option<i64> {
        match self {
            Self::Offset(seconds) => Some(*seconds),
            Self::Named(zone) => {
                let start = Timestamp::from_second(OLDEST).ok()?;
                let first = zone.to_offset(start);
                let mut changes = zone.following(start).take(CHANGES);
                changes.all(|change| change.offset() == first).then(|| i64::from(first.seconds()))
            }
        }
    }
}

/// Whether a text is written as the names of zones are.
pub fn is_name(text: &str) -> bool {
    let is_part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic()) && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+-".contains(&b))
    };
    text.split('/').all(is_part)
}

/// An offset as headers have it behind `GMT`: as it was written, else such as `+8` or `-3:30`.
pub fn offset_text(written: &str, offset: i64) -> String {
    let digits = without_gmt(written).unwrap_or(written);
    if digits.starts_with(['+', '-']) {
        return digits.to_owned();
    }
    let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.abs() / 60);
    match minutes % 60 {
        0 => format!("{sign}{}", minutes / 60),
        rest => format!("{sign}{}:{rest:02}", minutes / 60),
    }
}

fn without_gmt(text: &str) -> Option<&str> {
    let (name, rest) = text.split_at_checked(3)?;
    (name.eq_ignore_ascii_case("GMT") || name.eq_ignore_ascii_case("UTC")).then_some(rest)
}

/// Seconds east of UTC of `GMT+8`, `UTC-05:30`, `GMT+0830`, `UTC`.
fn offset_of_gmt(text: &str) -> Option<i64> {
    let rest = without_gmt(text)?;
    if rest.is_empty() {
        return Some(0);
    }
    let (sign, clock) = match rest.split_at_checked(1)? {
        ("+", clock) => (1, clock),
        ("-", clock) => (-1, clock),
        _ => return None,
    };
    let (hour, minute) = match clock.split_once(':') {
        Some((hour, minute)) if minute.len() == 2 => (hour, minute),
        Some(_) => return None,
        None if clock.len() == 4 => clock.split_at_checked(2)?,
        None => (clock, "0"),
    };
    let (hours, minutes) = (digits(hour.as_bytes())?, digits(minute.as_bytes())?);
    // As `units::parse_zone` has it: Postgres refuses zones beyond ±15:59:59.
    (matches!(hour.len(), 1 | 2) && hours <= 15 && minutes <= 59).then_some(sign * (hours * 3600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offset(zone: &str, clock: &str) -> i64 {
        TimeZone::parse(zone).unwrap().offset_at(clock.parse().unwrap())
    }

    #[test]
    fn offsets_are_east_of_utc_in_every_form() {
        for (text, seconds) in [
            ("Z", 0),
            ("+08:00", 28_800),
            ("-0930", -34_200),
            ("+15", 54_000),
            ("GMT+8", 28_800),
            ("gmt-8", -28_800),
            ("UTC-5", -18_000),
            ("GMT+08:00", 28_800),
            ("UTC+5:45", 20_700),
            ("GMT+0545", 20_700),
            ("GMT", 0),
            ("UTC", 0),
            ("GMT+0", 0),
        ] {
            assert_eq!(TimeZone::parse(text), Some(TimeZone::Offset(seconds)), "{text}");
        }
        for text in
            ["", "GMT8", "GMT+16", "GMT+8:5", "GMT+8:60", "GMT+123", "GMT+", "GMTZ", "GMT +8", "+8", "EST5", "Mars/Base", " Europe/Zurich"]
        {
            assert_eq!(TimeZone::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_named_zones_offset_depends_on_the_time() {
        assert_eq!(offset("Europe/Zurich", "2026-01-15T12:00"), 3600);
        assert_eq!(offset("europe/zurich", "2026-07-15T12:00"), 7200);
        assert_eq!(offset("Asia/Shanghai", "2026-07-15T12:00"), 28_800);
        assert_eq!(offset("Asia/Shanghai", "1988-07-15T12:00"), 32_400, "there was a summer time");
        // The tz database's own names of offsets are POSIX', west of UTC.
        assert_eq!(offset("Etc/GMT+8", "2026-07-15T12:00"), -28_800);
        for year in [2050, 2400, 9999] {
            assert_eq!(offset("Europe/Zurich", &format!("{year}-07-15T12:00")), 7200, "{year}: the rule goes on");
        }
        assert_eq!(offset("Europe/Zurich", "9999-12-31T23:59:59"), 3600);
        assert_eq!(offset("Europe/Zurich", "0001-01-01T00:00"), 2048, "the sun's time, before 1853");
    }

    /// The golden `zones` has what Postgres makes of the same times.
    #[test]
    fn what_clocks_skip_or_show_twice_is_read_as_postgres_reads_it() {
        for (zone, clock, seconds) in [
            ("Europe/Zurich", "2026-03-29T01:59:59", 3600),
            ("Europe/Zurich", "2026-03-29T02:00:00", 3600),
            ("Europe/Zurich", "2026-03-29T02:59:59", 3600),
            ("Europe/Zurich", "2026-03-29T03:00:00", 7200),
            ("Europe/Zurich", "2025-10-26T01:59:59", 7200),
            ("Europe/Zurich", "2025-10-26T02:00:00", 3600),
            ("Europe/Zurich", "2025-10-26T02:59:59", 3600),
            ("Europe/Zurich", "2025-10-26T03:00:00", 3600),
            ("America/New_York", "2026-03-08T02:30:00", -18_000),
            ("America/New_York", "2025-11-02T01:30:00", -18_000),
            ("Australia/Lord_Howe", "2026-04-05T01:45:00", 37_800),
            ("Australia/Lord_Howe", "2025-10-05T02:15:00", 37_800),
            ("Europe/Moscow", "2014-10-26T01:30:00", 10_800),
            ("Pacific/Apia", "2011-12-30T12:00:00", -36_000),
        ] {
            assert_eq!(offset(zone, clock), seconds, "{zone} at {clock}");
        }
    }

    #[test]
    fn only_a_zone_whose_clocks_are_never_changed_has_one_offset() {
        let sole = |zone: &str| TimeZone::parse(zone).unwrap().sole_offset();
        assert_eq!(
            [sole("+05:45"), sole("Asia/Shanghai"), sole("Asia/Kathmandu"), sole("UTC")],
            [Some(20_700), Some(28_800), Some(20_700), Some(0)]
        );
        assert_eq!([sole("Europe/Zurich"), sole("America/New_York"), sole("Europe/Moscow")], [None; 3]);
    }

    #[test]
    fn a_header_has_the_offset_as_it_was_written() {
        for (written, seconds, text) in [
            ("+08:00", 28_800, "+08:00"),
            ("GMT+8", 28_800, "+8"),
            ("UTC-05:30", -19_800, "-05:30"),
            ("Z", 0, "+0"),
            ("GMT", 0, "+0"),
            ("Asia/Shanghai", 28_800, "+8"),
            ("Asia/Kathmandu", 20_700, "+5:45"),
            ("Pacific/Marquesas", -34_200, "-9:30"),
        ] {
            assert_eq!(offset_text(written, seconds), text, "{written}");
        }
    }
}
