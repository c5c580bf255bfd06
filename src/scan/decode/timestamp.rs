//! ISO 8601 with a zone → microseconds since 2000, exactly as `timestamptz_in` reads it.
//!
//! Only what is certain is read here: four-digit years, whole fields, an explicit zone. Everything else is `None` and goes
//! through Postgres' own input function, which also words the error.

use jiff::civil::DateTime;

use crate::plan::window::EPOCH_SECONDS;
use crate::time_zone::TimeZone;
use crate::units::{digits, parse_zone};

/// Reads such as `2025-05-21T06:00:00.1234567+02:00`, `2025-05-21 06:00Z` and, at midnight, `2025-05-21`. A time without a zone is read only where `default_zone` says what it means.
pub fn parse(text: &[u8], default_zone: Option<&TimeZone>) -> Option<i64> {
    if text.len() < 10 || text[4] != b'-' || text[7] != b'-' {
        return None;
    }
    let year = digits(&text[0..4])?;
    let month = digits(&text[5..7])?;
    let day = digits(&text[8..10])?;
    let (hour, minute, second, mut at) = match &text[10..] {
        [] => (0, 0, 0, 10),
        [b'T' | b' ', h, i, b':', m, j, b':', s, k, ..] => (digits(&[*h, *i])?, digits(&[*m, *j])?, digits(&[*s, *k])?, 19),
        [b'T' | b' ', h, i, b':', m, j, ..] => (digits(&[*h, *i])?, digits(&[*m, *j])?, 0, 16),
        _ => return None,
    };
    if year == 0 || !(1..=12).contains(&month) || day == 0 || day > days_in(year, month) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let mut micros = 0;
    if at == 19 && text.get(at) == Some(&b'.') {
        let fraction = text[at + 1..].iter().take_while(|b| b.is_ascii_digit()).count();
        micros = fraction_micros(&text[at..at + 1 + fraction])?;
        at += 1 + fraction;
    }
    let offset = match text.get(at..) {
        Some([]) => {
            let clock = DateTime::new(year as i16, month as i8, day as i8, hour as i8, minute as i8, second as i8, 0);
            default_zone?.offset_at(clock.ok()?)
        }
        zone => parse_zone(zone?)?,
    };
    let days = days_from_epoch(year, month, day);
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset - EPOCH_SECONDS;
    Some(seconds * 1_000_000 + micros)
}

/// `.d…`: up to six digits are exact; more are rounded as Postgres' `ParseFractionalSecond` does, through a double and `rint`.
fn fraction_micros(text: &[u8]) -> Option<i64> {
    let count = text.len() - 1;
    match count {
        0 => None,
        1..=6 => Some(digits(&text[1..])? * 10_i64.pow(6 - count as u32)),
        _ => {
            let fraction: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
            Some((fraction * 1e6).round_ties_even() as i64)
        }
    }
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar (era arithmetic on years that begin in March).
fn days_from_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    /// What chrono makes of it, in our epoch.
    fn truth(text: &str) -> i64 {
        DateTime::parse_from_rfc3339(text).unwrap().timestamp_micros() - EPOCH_SECONDS * 1_000_000
    }

    #[test]
    fn common_forms_agree_with_chrono() {
        for text in [
            "2000-01-01T00:00:00Z",
            "2025-05-21T06:00:00.000Z",
            "1999-12-31T23:59:59.999999Z",
            "2024-02-29T12:34:56.1+05:30",
            "2023-08-03T20:39:35.01+03:00",
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59-15:59",
            "2025-05-21T06:00:00+02:00",
            "1900-03-01T00:00:00Z",
        ] {
            assert_eq!(parse(text.as_bytes(), None), Some(truth(text)), "{text}");
        }
    }

    #[test]
    fn every_day_of_four_centuries_agrees_with_chrono() {
        let mut day = chrono::NaiveDate::from_ymd_opt(1790, 1, 1).unwrap();
        while day < chrono::NaiveDate::from_ymd_opt(2200, 1, 1).unwrap() {
            let text = format!("{day}T10:20:30Z");
            assert_eq!(parse(text.as_bytes(), None), Some(truth(&text)), "{text}");
            day = day.succ_opt().unwrap();
        }
    }

    #[test]
    fn seven_digits_round_to_the_nearest_microsecond() {
        let base = truth("2023-12-13T22:11:52Z");
        for (fraction, micros) in [("9031351", 903_135), ("9031355", 903_136), ("0000005", 0), ("0000015", 2), ("9999999", 1_000_000)] {
            assert_eq!(parse(format!("2023-12-13T22:11:52.{fraction}Z").as_bytes(), None), Some(base + micros), "{fraction}");
        }
    }

    #[test]
    fn whatever_is_not_certain_is_left_to_postgres() {
        for text in [
            "2025-05-21",
            "2025-05-21T06:00:00",
            "2025-05-21T06:00:00.Z",
            "2025-02-29T00:00:00Z",
            "2025-13-01T00:00:00Z",
            "2025-05-21T24:00:00Z",
            "2025-05-21T06:00:60Z",
            "0000-01-01T00:00:00Z",
            "2025-05-21T06:00:00+16:00",
            "2025-05-21T06:00:00 UTC",
            "infinity",
            "not a date at all…",
            "2025-05-21T06:00:00+1",
            "2025-05-21Z",
            "2025-05-21T",
            "2025-05-21T06",
            "2025-05-21T06:0",
            "2025-05-21T06:00.5Z",
            "2025-05-21T06:00:0Z",
            "20250521T060000Z    ",
            "+025-05-21T06:00:00Z",
        ] {
            assert_eq!(parse(text.as_bytes(), None), None, "{text}");
        }
    }

    fn zone(text: &str) -> TimeZone {
        TimeZone::parse(text).unwrap()
    }

    #[test]
    fn a_time_without_a_zone_is_read_where_its_zone_is_known() {
        let utc = truth("2025-05-21T06:00:00.5Z");
        for text in ["2025-05-21T06:00:00.5", "2025-05-21 06:00:00.5"] {
            assert_eq!(parse(text.as_bytes(), Some(&zone("Z"))), Some(utc), "{text}");
            assert_eq!(parse(text.as_bytes(), Some(&zone("GMT+8"))), Some(utc - 28_800_000_000), "{text}");
            assert_eq!(parse(text.as_bytes(), Some(&zone("Europe/Zurich"))), Some(utc - 7_200_000_000), "{text}");
        }
        assert_eq!(parse(b"2025-05-21T06:00:00.5+01:00", Some(&zone("+08:00"))), Some(utc - 3_600_000_000), "its own zone goes first");
        // What Postgres would read in the session's zone, although the API's is known.
        let day = truth("2025-05-21T00:00:00Z");
        for (text, hours) in [("2025-05-21", 0), ("2025-05-21 06:00", 6), ("2025-05-21T06:00", 6)] {
            assert_eq!(parse(text.as_bytes(), Some(&zone("GMT+8"))), Some(day + (hours - 8) * 3_600_000_000), "{text}");
            assert_eq!(parse(text.as_bytes(), None), None, "{text}");
        }
        let last = truth("9999-12-31T23:59:59+01:00");
        assert_eq!(parse(b"9999-12-31T23:59:59", Some(&zone("Europe/Zurich"))), Some(last));
    }
}
