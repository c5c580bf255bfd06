//! Reads booleans, durations, sizes and offsets from UTC as Postgres does.

use std::time::Duration;

/// A boolean as Postgres reads it.
pub fn parse_bool(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "t" | "on" | "yes" | "y" | "1" => Some(true),
        "false" | "f" | "off" | "no" | "n" | "0" => Some(false),
        _ => None,
    }
}

/// A number followed by one of `units`.
fn parse_unit(value: &str, units: &[(&str, f64)], bare: f64) -> Option<f64> {
    let value = value.trim();
    let end = value.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(value.len());
    let number: f64 = value[..end].parse().ok()?;
    let unit = value[end..].trim();
    let factor = if unit.is_empty() { bare } else { units.iter().find(|(name, _)| *name == unit)?.1 };
    Some(number * factor)
}

/// A duration with Postgres' units of time; a bare number is milliseconds, as for Postgres' own timeouts.
pub fn parse_duration(value: &str) -> Option<Duration> {
    const UNITS: &[(&str, f64)] = &[("us", 1e-6), ("ms", 1e-3), ("s", 1.0), ("min", 60.0), ("h", 3600.0), ("d", 86400.0)];
    let seconds = parse_unit(value, UNITS, 1e-3)?;
    // A timeout beyond a year is a mistake, and tokio's timers end soon after.
    if seconds > 31_536_000.0 { None } else { Duration::try_from_secs_f64(seconds).ok() }
}

/// A size with Postgres' units of memory; a bare number is bytes.
pub fn parse_bytes(value: &str) -> Option<u64> {
    const UNITS: &[(&str, f64)] = &[("B", 1.0), ("kB", 1024.0), ("MB", 1_048_576.0), ("GB", 1_073_741_824.0)];
    let bytes = parse_unit(value, UNITS, 1.0)?;
    if bytes > 1e15 { None } else { Some(bytes as u64) }
}

/// Seconds east of UTC of `Z`, `+02`, `+0200`, `+02:00`.
pub fn parse_zone(text: &[u8]) -> Option<i64> {
    let (sign, rest) = match text {
        [b'Z' | b'z'] => return Some(0),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (hour, minute) = match rest {
        [_, _] => (digits(rest)?, 0),
        [_, _, _, _] => (digits(&rest[..2])?, digits(&rest[2..])?),
        [_, _, b':', _, _] => (digits(&rest[..2])?, digits(&rest[3..])?),
        _ => return None,
    };
    // Postgres refuses zones beyond ±15:59:59; let it say so.
    (hour <= 15 && minute <= 59).then_some(sign * (hour * 3600 + minute * 60))
}

/// A number of decimal digits only.
pub(crate) fn digits(text: &[u8]) -> Option<i64> {
    text.iter().try_fold(0, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_take_postgres_units_and_bare_numbers_are_milliseconds() {
        for (text, millis) in [("400ms", 400), ("10s", 10_000), ("1500", 1500), ("1.5s", 1500), ("2min", 120_000), ("1 h", 3_600_000)] {
            assert_eq!(parse_duration(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "s", "-1s", "10 seconds", "1e9", "400d", "NaN", "1.2.3"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }

    #[test]
    fn sizes_take_postgres_units_and_bare_numbers_are_bytes() {
        for (text, bytes) in [("7", 7), ("1kB", 1024), ("64MB", 64 << 20), ("1GB", 1 << 30)] {
            assert_eq!(parse_bytes(text), Some(bytes), "{text}");
        }
        for text in ["", "MB", "-1", "1mb", "9999999GB"] {
            assert_eq!(parse_bytes(text), None, "{text}");
        }
    }
}
