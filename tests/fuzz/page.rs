//! The page decoder against a plain reading of the same body: it accepts what that one finds well formed, with as many records and
//! the same values, and nothing else.
//!
//! The first byte of an input says which table reads it. Where JSON itself leaves open what is meant (a name twice in one object,
//! half surrogate pairs, numbers that no double holds, deep nesting) only that nothing panics is judged.

use std::collections::BTreeSet;

use once_cell::sync::Lazy;
use restlog_fdw::error::ErrorKind;
use restlog_fdw::options::OnInvalid;
use restlog_fdw::scan::decode::{Decoded, Decoder, PageColumn, SliceRules, Target as Wanted, ValueSource};
use restlog_fdw::scan::page::{CellState, Page};
use restlog_fdw::scan::paging::HEAD;
use restlog_fdw::sources::{Form, Pointer, Source, Table};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::engine::{Target, fuzz};
use super::mutate::Kind;

const WORDS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "null",
    "true",
    "0",
    "-0",
    "1e5",
    "9223372036854775808",
    "\"id\":1",
    "id",
    "ID",
    "name",
    "flag",
    "at",
    "who",
    "meta",
    "next",
    "total",
    "code",
    "items",
    "links",
    "\\u0000",
    "\\ud800",
    "\\ud83d\\ude00",
    "\\n",
    "é",
    "\u{0}",
    "2025-05-21T06:00:00.123Z",
    "2025-05-21 06:00:00",
    "7",
    "k2",
    "",
    "<html>",
];

/// A table for each way in which an envelope differs.
static TABLES: Lazy<Vec<Table>> = Lazy::new(|| {
    let columns = r#""columns": [{"name": "id"}]"#;
    let size = r#""size": {"name": "n", "max": 9}"#;
    let text = format!(
        r#"{{"name": "x", "errors": [{{"code": "/code", "ok": ["0"]}}], "tables": [
          {{"name": "a", "path": "/", "records": "/items", {columns}, "pagination": {{"style": "cursor", "token": {{"name": "k"}}, "next": "/next", "total": "/total", {size}}}}},
          {{"name": "b", "path": "/", "records": "", {columns}, "pagination": {{"style": "link_header", {size}}}}},
          {{"name": "c", "path": "/", "records": "/data/items", {columns}, "pagination": {{"style": "next_url", "next": "/links/next", {size}}}}},
          {{"name": "d", "path": "/", "records": "/items", {columns}, "pagination": {{"style": "offset", "token": {{"name": "o"}}, "overlap": true, "empty_page_ends": true, {size}}}}}
        ]}}"#
    );
    Source::read(&text).unwrap().tables
});

/// Name, place in the record, and what is wanted.
const COLUMNS: [(&str, &[&str], Wanted); 6] = [
    ("id", &["id"], Wanted::Integer(i64::MAX)),
    ("name", &["name"], Wanted::Text),
    ("flag", &["flag"], Wanted::Boolean),
    ("at", &["at"], Wanted::Timestamptz),
    ("who", &["who", "name"], Wanted::Text),
    ("meta", &["meta"], Wanted::Json),
];

/// JSON in which no object has a name twice, and no two that differ only by case.
struct Plain(Value);

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Plain;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("JSON")
            }
            fn visit_unit<E>(self) -> Result<Plain, E> {
                Ok(Plain(Value::Null))
            }
            fn visit_bool<E>(self, value: bool) -> Result<Plain, E> {
                Ok(Plain(value.into()))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Plain, E> {
                Ok(Plain(value.into()))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Plain, E> {
                Ok(Plain(value.into()))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Plain, E> {
                Ok(Plain(value.into()))
            }
            fn visit_str<E>(self, value: &str) -> Result<Plain, E> {
                Ok(Plain(value.into()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Plain, A::Error> {
                let mut items = Vec::new();
                while let Some(Plain(item)) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Plain(items.into()))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Plain, A::Error> {
                let (mut members, mut names) = (serde_json::Map::new(), BTreeSet::new());
                while let Some((name, Plain(member))) = map.next_entry::<String, Plain>()? {
                    if !names.insert(name.to_ascii_lowercase()) {
                        return Err(A::Error::custom("twice"));
                    }
                    members.insert(name, member);
                }
                Ok(Plain(members.into()))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// What a plain reading makes of a body: JSON, no JSON, or what JSON leaves open.
enum Reading {
    Json(Value),
    Not,
    Open,
}

fn read(body: &[u8]) -> Reading {
    match serde_json::from_slice::<Plain>(body) {
        Ok(Plain(value)) => Reading::Json(value),
        Err(error) => {
            let text = error.to_string();
            let open = ["twice", "surrogate", "hex escape", "number out of range", "recursion limit"];
            if open.iter().any(|words| text.contains(words)) { Reading::Open } else { Reading::Not }
        }
    }
}

/// A field as a scan finds it: case does not count.
fn field<'v>(record: &'v Value, path: &[&str]) -> &'v Value {
    path.iter().fold(record, |value, step| {
        let found = value.as_object().and_then(|members| members.iter().find(|(name, _)| name.eq_ignore_ascii_case(step)));
        found.map_or(&Value::Null, |(_, member)| member)
    })
}

/// What the body is by its description: its records, or why it has none that may be read.
fn records<'v>(table: &Table, body: &'v Value) -> Result<&'v Vec<Value>, &'static str> {
    let code = match body.get("code") {
        Some(Value::String(code)) => code.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    };
    // The root is the array itself, so that nothing stands beside it.
    if !code.is_empty() && code != "0" && body.is_object() {
        return Err("a code");
    }
    let records = table.records.find(body).and_then(Value::as_array).ok_or("no array")?;
    if !records.iter().all(Value::is_object) {
        return Err("no object");
    }
    if table.name == "c" && !body["links"].is_object() {
        return Err("no evidence");
    }
    let next = if table.name == "c" { &body["links"]["next"] } else { &body["next"] };
    if matches!(table.name.as_str(), "a" | "c") && !(next.is_null() || next.is_string() || next.is_number()) {
        return Err("no key");
    }
    let total = &body["total"];
    let is_total = total.is_null() || total.is_u64() || total.as_str().is_some_and(|text| text.parse::<u64>().is_ok());
    if table.name == "a" && !is_total {
        return Err("no total");
    }
    Ok(records)
}

/// Whether a cell says what the record says.
fn agrees(page: &Page, (state, cell): (CellState, u64), wanted: Wanted, value: &Value) -> bool {
    let text = match state {
        CellState::Null => return value.is_null(),
        CellState::Value => {
            return match (wanted, value) {
                (Wanted::Integer(_), Value::String(text)) => text.parse() == Ok(cell as i64),
                (Wanted::Integer(_), value) => value.as_i64() == Some(cell as i64),
                (Wanted::Boolean, Value::String(text)) => text == if cell == 1 { "true" } else { "false" },
                (Wanted::Boolean, value) => *value == Value::Bool(cell == 1),
                (Wanted::Timestamptz, Value::String(text)) => {
                    let time = chrono::DateTime::parse_from_rfc3339(&text.replacen(' ', "T", 1));
                    time.is_ok_and(|time| (time.timestamp_micros() - 946_684_800_000_000).abs_diff(cell as i64) <= 1)
                        || chrono::DateTime::parse_from_str(&text.replacen(' ', "T", 1), "%Y-%m-%dT%H:%M:%S%.f%#z").is_ok()
                }
                _ => false,
            };
        }
        CellState::Bytes => page.varlena(cell),
        CellState::Text => page.arena()[cell as usize..].split(|byte| *byte == 0).next().unwrap_or_default(),
    };
    let Ok(text) = std::str::from_utf8(text) else { return false };
    match value {
        Value::String(string) if wanted != Wanted::Json => text == string,
        value => serde_json::from_str::<Value>(text).is_ok_and(|read| read == *value),
    }
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(members) => members.iter().any(|(name, member)| name.contains('\0') || has_nul(member)),
        _ => false,
    }
}

fn check(input: &[u8]) -> Result<String, String> {
    let Some((variant, body)) = input.split_first() else { return Ok("empty".into()) };
    let body = body.strip_prefix(b"\n").unwrap_or(body);
    let table = &TABLES[usize::from(variant % 4)];
    let column = |(name, path, target): &(&str, &[&str], Wanted)| PageColumn {
        name: (*name).to_owned(),
        from: ValueSource::Field(Pointer(path.iter().map(|step| (*step).to_owned()).collect())),
        target: *target,
        form: Form::Plain,
    };
    let decoder = Decoder::new(COLUMNS.iter().map(column).collect(), table, OnInvalid::Error, None);
    let decoded = decoder.decode(&SliceRules::default(), body, Page::default().reset(COLUMNS.len(), 1));
    let reading = read(body);
    let value = match (&reading, &decoded) {
        (Reading::Open, _) => return Ok("open".into()),
        (Reading::Not, Ok(_)) => return Err("what is not JSON was read".into()),
        (Reading::Not, Err(error)) => return Ok(format!("not JSON: {}", error.message())),
        (Reading::Json(value), _) => value,
    };
    match (records(table, value), decoded) {
        (Err(_), Err(error)) => Ok(format!("refused: {}", error.message())),
        (Err(why), Ok(_)) => Err(format!("it was read, with {why}")),
        (Ok(records), Err(error)) => {
            let nul = records.iter().any(has_nul) || has_nul(&value["next"]) || has_nul(&value["links"]);
            match error.kind() {
                ErrorKind::BadText | ErrorKind::Shape if nul => Ok(format!("text: {}", error.message())),
                _ => Err(format!("it was refused: {error}")),
            }
        }
        (Ok(records), Ok((page, decoded))) => compare(table, value, records, &page, &decoded),
    }
}

fn compare(table: &Table, body: &Value, records: &[Value], page: &Page, decoded: &Decoded) -> Result<String, String> {
    let facts = &decoded.facts;
    if (facts.records, page.rows()) != (records.len() as u64, records.len()) {
        return Err(format!("{} records and {} rows of {}", facts.records, page.rows(), records.len()));
    }
    for (row, record) in records.iter().enumerate() {
        for (column, (name, path, wanted)) in COLUMNS.iter().enumerate() {
            let value = field(record, path);
            let cell = page.cell(row, column);
            if !agrees(page, cell, *wanted, value) {
                return Err(format!("\"{name}\" of record {row} is {cell:?}, not {value}"));
            }
        }
    }
    let key = |value: &Value| match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let next = match table.name.as_str() {
        "a" => key(&body["next"]),
        "c" => key(&body["links"]["next"]),
        _ => None,
    };
    let same = match (&facts.next, &next) {
        // An empty text names no page.
        (None, Some(empty)) => empty.is_empty(),
        // A number is sent back by its digits, whatever a double makes of them.
        (Some(read), Some(_)) if *read != *next.as_ref().unwrap_or(read) => {
            serde_json::from_str::<Value>(read).is_ok_and(|read| key(&read) == next)
        }
        (read, next) => read == next,
    };
    if !same {
        return Err(format!("the next key is {:?}, not {next:?}", facts.next));
    }
    let total = if table.name == "a" { body["total"].as_u64().or_else(|| body["total"].as_str()?.parse().ok()) } else { None };
    if facts.total != total {
        return Err(format!("the total is {:?}, not {total:?}", facts.total));
    }
    if facts.last.is_some() != (table.name == "d" && !records.is_empty()) {
        return Err("the last record is not remembered where pages overlap".into());
    }
    if facts.head.len() != records.len().min(HEAD) {
        return Err(format!("{} of {} records tell how the page begins", facts.head.len(), records.len()));
    }
    // Pages are kept by their bytes.
    let back = Page::from_bytes(&page.to_bytes()).ok_or("the page's bytes are none of a page")?;
    if (0..records.len()).any(|row| back.row(row).ne(page.row(row))) || back.arena() != page.arena() {
        return Err("the page does not come back from its bytes".into());
    }
    let states: BTreeSet<(usize, u8)> =
        (0..page.rows()).flat_map(|row| (0..COLUMNS.len()).map(move |c| (c, page.cell(row, c).0 as u8))).collect();
    Ok(format!("read {} with next {} total {}: {states:?}", table.name, next.is_some(), total.is_some()))
}

#[test]
fn pages() {
    fuzz(&Target { name: "page", kind: Kind::JsonBehindOneLine, words: WORDS, check }, "read");
}
