//! Formats and parses times of APIs: milliseconds or ticks since 1970, RFC 3339, and local times.

use chrono::{DateTime, NaiveDateTime, Utc};

/// Ticks of 100 ns in a millisecond. No API here has finer times.
pub(crate) const MILLI: i64 = 10_000;
/// Milliseconds of a day.
pub(crate) const DAY: i64 = 86_400_000;

const DIGIT_PAIRS: [[u8; 2]; 100] = digit_pairs();

const fn digit_pairs() -> [[u8; 2]; 100] {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
}

/// Appends `2026-01-01T00:00:00.000Z`. Written by hand for speed: a row has five times, and a million rows are written in a second.
pub(crate) fn push_time(out: &mut Vec<u8>, millis: i64) {
    let (year, month, day) = civil(millis.div_euclid(DAY));
    let in_day = millis.rem_euclid(DAY);
    let (seconds, fraction) = (in_day / 1000, in_day % 1000);
    let pair = |number: i64| DIGIT_PAIRS[(number % 100).unsigned_abs() as usize];
    let mut text = *b"0000-00-00T00:00:00.000Z";
    text[0..2].copy_from_slice(&pair(year / 100));
    text[2..4].copy_from_slice(&pair(year));
    text[5..7].copy_from_slice(&pair(month));
    text[8..10].copy_from_slice(&pair(day));
    text[11..13].copy_from_slice(&pair(seconds / 3600));
    text[14..16].copy_from_slice(&pair(seconds / 60 % 60));
    text[17..19].copy_from_slice(&pair(seconds % 60));
    text[20] = b'0' + (fraction / 100) as u8;
    text[21..23].copy_from_slice(&pair(fraction));
    out.extend_from_slice(&text);
}

/// A time as a JSON string.
pub(crate) fn time_json(millis: i64) -> Vec<u8> {
    let mut text = vec![b'"'];
    push_time(&mut text, millis);
    text.push(b'"');
    text
}

/// The local time `minutes` east of Greenwich, as `2026-01-05 18:30:00`.
pub(crate) fn local_text(millis: i64, minutes: i64) -> String {
    let mut text = Vec::new();
    push_time(&mut text, millis + minutes * 60_000);
    text[10] = b' ';
    String::from_utf8_lossy(&text[..19]).into_owned()
}

/// Year, month and day of a day number: Howard Hinnant's `civil_from_days`.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// Parses an RFC 3339 time or a date as ticks since 1970.
pub(crate) fn read_ticks(text: &str) -> Option<i64> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return ticks(time.to_utc());
    }
    let day: chrono::NaiveDate = text.parse().ok()?;
    ticks(day.and_time(chrono::NaiveTime::MIN).and_utc())
}

fn ticks(time: DateTime<Utc>) -> Option<i64> {
    time.timestamp().checked_mul(1000 * MILLI)?.checked_add(i64::from(time.timestamp_subsec_nanos() / 100))
}

/// Parses a time as ticks since 1970. A time without a zone is local, `minutes` east of Greenwich; digits alone are milliseconds.
pub(crate) fn read_zoned_ticks(text: &str, minutes: i64) -> Option<i64> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return ticks(time.to_utc());
    }
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse::<i64>().ok()?.checked_mul(MILLI);
    }
    let forms = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f"];
    let time = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())?;
    Some(ticks(time.and_utc())? - minutes * 60_000 * MILLI)
}

/// The minutes east of Greenwich of a zone like `GMT+8` or `UTC-03:30`.
pub(crate) fn read_zone(text: &str) -> Option<i64> {
    let rest = ["GMT", "UTC"].iter().find_map(|name| text.strip_prefix(name)).or((text == "Z").then_some(""))?;
    if rest.is_empty() {
        return Some(0);
    }
    let (sign, rest) = match rest.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':').unwrap_or((rest, "0"));
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    ((0..=14).contains(&hours) && (0..60).contains(&minutes)).then_some(sign * (hours * 60 + minutes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::SecondsFormat;

    #[test]
    fn writes_what_chrono_writes() {
        for step in -40_000..40_000_i64 {
            let millis = step * 53 * DAY / 7 + step;
            let Some(time) = DateTime::<Utc>::from_timestamp_millis(millis) else {
                panic!("{millis} is no time");
            };
            if !(0..=9999).contains(&chrono::Datelike::year(&time)) {
                continue;
            }
            let mut text = Vec::new();
            push_time(&mut text, millis);
            assert_eq!(String::from_utf8_lossy(&text), time.to_rfc3339_opts(SecondsFormat::Millis, true));
        }
    }

    #[test]
    fn reads_times_and_dates() {
        assert_eq!(read_ticks("1970-01-01T01:00:00.0000012+01:00"), Some(12));
        assert_eq!(read_ticks("1970-01-02"), Some(DAY * MILLI));
        assert_eq!(read_ticks("1969-12-31T23:59:59.9999999Z"), Some(-1));
        assert_eq!(read_ticks("yesterday"), None);
    }

    #[test]
    fn a_zone_moves_a_local_time() {
        assert_eq!(
            ["GMT+8", "UTC-03:30", "GMT", "Z", "Mars", "GMT8"].map(read_zone),
            [Some(480), Some(-210), Some(0), Some(0), None, None]
        );
        assert_eq!(local_text(DAY, 480), "1970-01-02 08:00:00");
        for text in ["1970-01-02 08:00:00", "1970-01-02T08:00:00.0", "86400000", "1970-01-02T00:00:00Z"] {
            assert_eq!(read_zoned_ticks(text, 480), Some(DAY * MILLI), "{text}");
        }
        assert_eq!(read_zoned_ticks("", 0), None);
    }
}
