//! One answer's body → its records as JSON, with what stands around them; and a record → the values that columns would have. Pure.
//!
//! The envelope is read by the code of a scan. Fields and times must be found as a scan finds them, so that no finding is about values
//! that a scan never sees.

use serde::de::{Deserialize, Deserializer, Error as _};
use serde_json::Value;

use crate::error::{Error, Result};
use crate::scan::decode::{self, DOTNET_UNSET, EnvelopeRules, NextKey, RecordSink, from_unix_millis, timestamp};
use crate::sources::{Column, Form, Origin, Pointer};
use crate::time_zone::TimeZone;

/// The answer to one question.
#[derive(Debug, Clone, Default)]
pub(super) struct PageSample {
    pub(super) records: Vec<Value>,
    pub(super) next: NextKey,
    pub(super) total: Option<u64>,
    /// The response's `Content-Encoding`.
    pub(super) encoding: Option<String>,
}

impl PageSample {
    /// Reads a body as a scan reads it, but for the records, which are kept as they are.
    pub(super) fn read(envelope: &EnvelopeRules, body: &[u8]) -> Result<Self> {
        let mut records = JsonRecords::default();
        let facts = envelope.read(body, &mut records)?;
        Ok(Self { records: records.0, next: facts.next, total: facts.total, encoding: None })
    }
}

/// Records as their JSON.
#[derive(Default)]
struct JsonRecords(Vec<Value>);

impl RecordSink for JsonRecords {
    fn record<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> std::result::Result<(), D::Error> {
        self.0.push(Value::deserialize(deserializer)?);
        match self.0.last() {
            Some(Value::Object(_)) => Ok(()),
            _ => Err(D::Error::custom("")),
        }
    }

    fn take_error(&mut self) -> Option<Error> {
        None
    }

    fn not_an_object(&self) -> Error {
        decode::not_an_object(self.0.len() as u64, 1)
    }
}

/// Finds a field of a record, and the path by which it was found. As in a scan, case does not count where no name is exact.
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

/// The pointer and the form of a column that records carry; `None` for a column of the request.
pub(super) fn origin(column: &Column) -> Option<(&Pointer, Form)> {
    match &column.origin {
        Origin::Field { pointer, form } => Some((pointer, *form)),
        Origin::Request { .. } => None,
    }
}

/// A value read as a time.
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

/// Reads a value as a time; `zone` is the zone of times that are written without one, if any is known.
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

/// Reads milliseconds since 1970, where that is the column's form.
fn unix(millis: Option<i64>, form: Form) -> ParsedTime {
    match millis {
        _ if form != Form::UnixMillis => ParsedTime::Number,
        Some(DOTNET_UNSET) => ParsedTime::None,
        millis => millis.and_then(from_unix_millis).map_or(ParsedTime::Other, ParsedTime::At),
    }
}

/// The time that a record has in a column, in microseconds since 2000.
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
    use crate::options::OnInvalid;
    use crate::scan::decode::{Decoder, SliceRules};
    use crate::scan::page::Page;
    use crate::sources::{ErrorRule, built_in};

    /// A page's key, total and records.
    type Told = (Option<String>, Option<u64>, u64);

    /// What a scan and a probe make of a body.
    fn both(body: &str) -> [Result<Told>; 2] {
        let mut table = built_in("tixngo").unwrap().unwrap().tables[0].clone();
        table.pagination.total = Pointer::parse("/count");
        let codes = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect();
        let code = Pointer::parse("/code").unwrap();
        table.errors = [ErrorRule { code, ok: codes(&["0"]), unauthorized: codes(&["401"]), throttled: Vec::new() }].into();
        let decoder = Decoder::new(Vec::new(), &table, OnInvalid::Error, None);
        let scan = decoder.decode(&SliceRules::default(), body.as_bytes(), Page::default().reset(0, 1));
        let probe = PageSample::read(&EnvelopeRules::of(&table), body.as_bytes());
        [
            scan.map(|(_, decoded)| (decoded.facts.next, decoded.facts.total, decoded.facts.records)),
            probe.map(|sample| (sample.next.into_key(), sample.total, sample.records.len() as u64)),
        ]
    }

    #[test]
    fn a_probe_reads_an_envelope_as_a_scan_does() {
        let paged = |key: &str, more: &str| format!(r#"{{"pagination":{{"nextPageKey":{key}}}{more},"result":[{{"a":1}},{{}}]}}"#);
        for (body, key, total) in [
            (paged("\"k\"", r#","count":"17""#), Some("k"), Some(17)),
            (paged("17", r#","count":17"#), Some("17"), Some(17)),
            (paged("1e2", ""), Some("1e2"), None),
            (paged("null", r#","count":null,"code":0"#), None, None),
            (paged("\"\"", r#","code":"""#), None, None),
        ] {
            let read = Ok((key.map(str::to_owned), total, 2));
            assert_eq!(both(&body), [read.clone(), read], "{body}");
        }
        for (body, message) in [
            (paged("{}", ""), "the key of the next page is neither a string nor a number"),
            (paged("1", r#","count":1.5"#), "the total of the response is not a whole number"),
            (paged("1", r#","code":"401""#), "the API refused the credentials"),
            (paged("1", r#","code":17"#), "the API answered with an error instead of records"),
            (r#"{"pagination":{},"data":[]}"#.to_owned(), "the response has no array of records at \"/result\""),
            (r#"{"pagination":{},"result":{}}"#.to_owned(), "the response has no array of records at \"/result\""),
            (r#"{"pagination":{},"result":[{},7]}"#.to_owned(), "a record is not an object"),
            (r#"{"result":[]}"#.to_owned(), "the response has no object at \"/pagination\""),
            (r#"{"result":["#.to_owned(), "the response ends before its JSON does"),
            ("<html>".to_owned(), "the response is a web page, not JSON"),
        ] {
            let [scan, probe] = both(&body);
            assert_eq!(scan, probe, "{body}");
            assert_eq!(scan.unwrap_err().message(), message, "{body}");
        }
    }

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
