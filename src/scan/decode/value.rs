//! The forms in which APIs write single values → the values. Pure; what is not certain is `None`, and left to Postgres.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::plan::window::EPOCH_SECONDS;

/// 0001-01-01T00:00:00Z, `DateTime.MinValue`: a field that was never set.
pub(in crate::scan) const DOTNET_UNSET: i64 = -62_135_596_800_000;

/// Milliseconds since 1970 → microseconds since 2000; `None` where these do not fit.
pub(in crate::scan) fn from_unix_millis(millis: i64) -> Option<i64> {
    millis.checked_mul(1000)?.checked_sub(EPOCH_SECONDS * 1_000_000)
}

/// The only member of an object; `None` where it has none or several.
pub(super) fn one_member(raw: &str) -> Option<(String, Box<RawValue>)> {
    let members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(raw).ok()?;
    let mut members = members.into_iter();
    members.next().filter(|_| members.len() == 0)
}

/// The bytes of a uuid with or without dashes; `None` for the other forms, which are left to `uuid_in`.
pub(super) fn uuid(text: &[u8]) -> Option<[u8; 16]> {
    let dashed = text.len() == 36;
    if !(dashed || text.len() == 32) {
        return None;
    }
    let mut bytes = [0; 16];
    let mut nibbles = 0;
    for (at, byte) in text.iter().enumerate() {
        if dashed && matches!(at, 8 | 13 | 18 | 23) {
            if *byte != b'-' {
                return None;
            }
            continue;
        }
        let nibble = char::from(*byte).to_digit(16)? as u8;
        bytes[nibbles / 2] = (bytes[nibbles / 2] << 4) | nibble;
        nibbles += 1;
    }
    (nibbles == 32).then_some(bytes)
}
