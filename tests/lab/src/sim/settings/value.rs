//! The settings whose value is a number or a time.

use chrono::{DateTime, NaiveDate, NaiveDateTime};

pub(super) fn whole(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("{text:?} is not a whole number"))
}

pub(super) fn positive(text: &str) -> Result<u64, String> {
    match whole(text)? {
        0 => Err("must not be 0".into()),
        number => Ok(number),
    }
}

pub(super) fn positive_u32(text: &str) -> Result<u32, String> {
    u32::try_from(positive(text)?).map_err(|_| format!("{text:?} is too large"))
}

/// A date, an RFC 3339 time, or its compact form, which needs no colon in a path.
pub(super) fn moment(text: &str) -> Result<i64, String> {
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Ok(day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis());
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.timestamp_millis());
    }
    NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%SZ")
        .map(|time| time.and_utc().timestamp_millis())
        .map_err(|_| format!("{text:?} is neither a date nor a time"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms_of_a_time_agree() {
        for text in ["2026-01-01", "2026-01-01T00:00:00Z", "20260101T000000Z"] {
            assert_eq!(moment(text), Ok(1_767_225_600_000));
        }
    }
}
