//! The forms in which APIs write single values.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::super::page::{CellState, Page};
use super::Target;
use crate::plan::window::EPOCH_SECONDS;

/// Whether a cell holds this value, by the type's own equality: a uuid is the same with and without dashes.
pub(super) fn is_same(page: &Page, target: Target, state: CellState, cell: u64, value: &str) -> bool {
    match (state, target) {
        (CellState::Bytes, Target::Uuid) => uuid(value.as_bytes()).is_some_and(|bytes| page.bytes(cell, 16) == bytes),
        (CellState::Bytes, _) => page.varlena(cell) == value.as_bytes(),
        (CellState::Value, Target::Boolean) => value == if cell == 1 { "true" } else { "false" },
        (CellState::Value, _) => value.parse() == Ok(cell as i64),
        _ => false,
    }
}

/// 0001-01-01T00:00:00Z, `DateTime.MinValue`: a field that was never set.
pub(in crate::scan) const DOTNET_UNSET: i64 = -62_135_596_800_000;

/// Microseconds since 2000, unless they do not fit.
pub(in crate::scan) fn from_unix_millis(millis: i64) -> Option<i64> {
    millis.checked_mul(1000)?.checked_sub(EPOCH_SECONDS * 1_000_000)
}

/// The one member of an object.
pub(super) fn one_member(raw: &str) -> Option<(String, Box<RawValue>)> {
    let members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(raw).ok()?;
    let mut members = members.into_iter();
    members.next().filter(|_| members.len() == 0)
}

/// A uuid with or without dashes; other forms are for `uuid_in`.
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
