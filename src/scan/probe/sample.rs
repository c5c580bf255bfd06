//! What one answer says, read from its JSON. Pure.

use serde_json::Value;

use crate::scan::decode::timestamp;
use crate::scan::decode::{DOTNET_UNSET, from_unix_millis};
use crate::sources::{Column, Form, Origin, Pointer};
use crate::time_zone::TimeZone;

/// One page.
#[derive(Debug, Clone, Default)]
pub(super) struct PageSample {
    pub(super) records: Vec<Value>,
    pub(super) next: Next,
    pub(super) total: Option<u64>,
    /// How it was compressed.
    pub(super) encoding: Option<String>,
}

/// How a page names the next one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Next {
    /// Not at all: the member is not there.
    #[default]
    Absent,
    Null,
    Empty,
    Key(String),
}

impl Next {
    pub(super) fn read(value: Option<&Value>) -> Self {
        match value {
            None => Self::Absent,
            Some(Value::Null) => Self::Null,
            Some(Value::String(text)) if text.is_empty() => Self::Empty,
            Some(Value::String(text)) => Self::Key(text.clone()),
            Some(other) => Self::Key(other.to_string()),
        }
    }

    pub(super) fn key(&self) -> Option<&str> {
        match self {
            Self::Key(key) => Some(key),
            Self::Absent | Self::Null | Self::Empty => None,
        }
    }
}

/// A field of a record, and the name by which it was found: as a scan finds it, case does not count where no name is exact.
pub(super) fn field<'v>(record: &'v Value, pointer: &Pointer) -> Option<(String, &'v Value)> {
    let mut value = record;
    let mut path = String::new();
    for step in &pointer.0 {
        let members = value.as_object()?;
        let close = || members.iter().find(|(name, _)| name.eq_ignore_ascii_case(step));
        let (name, member) = members.get_key_value(step).or_else(close)?;
        path = format!("{path}/{name}");
        value = member;
    }
    Some((path, value))
}

/// The pointer and the form of a column that records carry.
pub(super) fn origin(column: &Column) -> Option<(&Pointer, Form)> {
    match &column.origin {
        Origin::Field { pointer, form } => Some((pointer, *form)),
        Origin::Request { .. } => None,
    }
}

/// What a value is as a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ParsedTime {
    /// Microseconds since 2000.
    At(i64),
    /// A time without a zone, and nothing says which is meant.
    NoZone,
    /// A number where a text was described.
    Number,
    /// NULL.
    None,
    /// No time.
    Other,
}

pub(super) fn moment(value: &Value, form: Form, zone: Option<&TimeZone>) -> ParsedTime {
    match value {
        Value::Null => ParsedTime::None,
        Value::Number(number) => unix(number.as_i64(), form),
        Value::String(text) if text.len() > 9 && text.bytes().all(|b| b.is_ascii_digit()) => unix(text.parse().ok(), form),
        Value::String(text) => {
            match (timestamp::parse(text.as_bytes(), zone), timestamp::parse(text.as_bytes(), Some(&TimeZone::Offset(0)))) {
                (Some(t), _) => ParsedTime::At(t),
                (None, Some(_)) => ParsedTime::NoZone,
                (None, None) => ParsedTime::Other,
            }
        }
        _ => ParsedTime::Other,
    }
}

fn unix(millis: Option<i64>, form: Form) -> ParsedTime {
    match millis {
        _ if form != Form::UnixMillis => ParsedTime::Number,
        Some(DOTNET_UNSET) => ParsedTime::None,
        millis => millis.and_then(from_unix_millis).map_or(ParsedTime::Other, ParsedTime::At),
    }
}

/// The time of a record's column.
pub(super) fn time_of(record: &Value, column: &Column, zone: Option<&TimeZone>) -> Option<i64> {
    let (pointer, form) = origin(column)?;
    match moment(field(record, pointer)?.1, form, zone) {
        ParsedTime::At(t) => Some(t),
        _ => None,
    }
}

/// A record's value as a condition on the column would write it.
pub(super) fn text_of(record: &Value, column: &Column) -> Option<String> {
    let (pointer, form) = origin(column)?;
    let value = field(record, pointer)?.1;
    let value = match (form, value) {
        (Form::MemberName, Value::Object(members)) if members.len() == 1 => return members.keys().next().cloned(),
        (Form::MemberValue, Value::Object(members)) if members.len() == 1 => members.values().next()?,
        _ => value,
    };
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_found_as_a_scan_finds_them() {
        let record = json!({"eventId": "e", "user": {"Name": "n"}, "x": {"12": "opened"}});
        assert_eq!(field(&record, &Pointer(vec!["eventID".into()])).unwrap().0, "/eventId");
        assert_eq!(field(&record, &Pointer(vec!["user".into(), "name".into()])).unwrap().1, "n");
        assert!(field(&record, &Pointer(vec!["user".into(), "id".into()])).is_none());
    }

    #[test]
    fn times_are_told_by_their_form() {
        assert_eq!(moment(&json!("2000-01-01T00:00:01Z"), Form::Plain, None), ParsedTime::At(1_000_000));
        assert_eq!(moment(&json!("2000-01-01 00:00:01"), Form::Plain, None), ParsedTime::NoZone);
        assert_eq!(moment(&json!("2000-01-01 01:00:01"), Form::Plain, Some(&TimeZone::Offset(3600))), ParsedTime::At(1_000_000));
        assert_eq!(moment(&json!(946_684_801_000_i64), Form::UnixMillis, None), ParsedTime::At(1_000_000));
        assert_eq!(moment(&json!(946_684_801_000_i64), Form::Plain, None), ParsedTime::Number);
        assert_eq!(moment(&json!("946684801000"), Form::Plain, None), ParsedTime::Number);
        assert_eq!(moment(&json!("946684801000"), Form::UnixMillis, None), ParsedTime::At(1_000_000));
        assert_eq!(moment(&json!(DOTNET_UNSET), Form::UnixMillis, None), ParsedTime::None);
        assert_eq!(moment(&json!("soon"), Form::Plain, None), ParsedTime::Other);
    }
}
