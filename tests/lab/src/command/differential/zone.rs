//! Session time zones, their changes to and from summer time within the data, and times as SQL writes them.

use chrono::DateTime;

/// A session's TimeZone.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Zone {
    pub(super) name: &'static str,
    /// Minutes east of Greenwich in most of the data's winter. Local times drawn with it lie close to rows.
    pub(super) east: i64,
    /// When clocks change, in microseconds since 1970.
    pub(super) changes: &'static [i64],
}

const fn seconds(seconds: i64) -> i64 {
    seconds * 1_000_000
}

pub(super) static ZONES: [Zone; 6] = [
    Zone { name: "UTC", east: 0, changes: &[seconds(1_727_740_800), seconds(1_735_689_600)] },
    Zone { name: "Europe/Zurich", east: 60, changes: &[seconds(1_729_990_800), seconds(1_743_296_400)] },
    Zone { name: "America/New_York", east: -300, changes: &[seconds(1_730_613_600), seconds(1_741_503_600)] },
    Zone { name: "Asia/Kathmandu", east: 345, changes: &[seconds(1_735_669_800)] },
    Zone { name: "Pacific/Apia", east: 780, changes: &[seconds(1_735_642_800)] },
    Zone { name: "Australia/Lord_Howe", east: 660, changes: &[seconds(1_728_142_200), seconds(1_743_865_200)] },
];

/// The local time `east` minutes east of Greenwich, as `2024-10-27 01:00:00.000001`.
pub(super) fn wall(micros: i64, east: i64) -> String {
    let time = DateTime::from_timestamp_micros(micros + seconds(60 * east)).unwrap_or_default();
    let text = time.format("%Y-%m-%d %H:%M:%S%.6f").to_string();
    text.strip_suffix(".000000").map_or(text.clone(), str::to_owned)
}

/// The time in UTC with its offset, as `2024-10-27 01:00:00.000001+00`.
pub(super) fn zoned(micros: i64) -> String {
    wall(micros, 0) + "+00"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_to_the_microsecond() {
        assert_eq!(zoned(1_729_990_800_000_001), "2024-10-27 01:00:00.000001+00");
        assert_eq!(wall(1_729_990_800_000_000, -300), "2024-10-26 20:00:00");
    }
}
