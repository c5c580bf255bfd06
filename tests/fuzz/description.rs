//! Descriptions: what is read has a request for each table and is valid by the JSON Schema; what is not has faults with places.

use std::collections::BTreeMap;

use jsonschema::Validator;
use once_cell::sync::Lazy;
use restlog_fdw::error::ErrorKind;
use restlog_fdw::http::address::below;
use restlog_fdw::plan::request::{PageToken, request};
use restlog_fdw::plan::slice::Slice;
use restlog_fdw::plan::window::Window;
use restlog_fdw::sources::{Part, Source};
use serde_json::Value;
use url::Url;

use super::engine::{Target, fuzz};
use super::mutate::Kind;

const WORDS: &[&str] = &[
    "",
    "x",
    "X",
    "name",
    "path",
    "/",
    "/p",
    "/p/{id}",
    "/p?x",
    "{id}",
    "{",
    "}",
    "{token}",
    "{nope}",
    "cursor",
    "offset",
    "page_number",
    "next_url",
    "link_header",
    "query",
    "body",
    "header",
    "POST",
    "timestamptz",
    "jsonb",
    "member_name",
    "many",
    "1d",
    "1us",
    "0s",
    "Europe/Zurich",
    "GMT+8",
    "ascending",
    "/a~1b",
    "~2",
    "id",
    "at",
    "request",
    "filter",
    "time_range",
    "required",
    "\u{0}",
    "é",
    "a\nb",
    "..",
];

static SCHEMA: Lazy<Validator> = Lazy::new(|| {
    let schema: Value = serde_json::from_str(include_str!("../../src/sources/description.schema.json")).unwrap();
    jsonschema::validator_for(&schema).unwrap()
});

fn check(input: &[u8]) -> Result<String, String> {
    let Ok(text) = std::str::from_utf8(input) else { return Ok("not text".into()) };
    match Source::read(text) {
        Ok(source) => accepted(&source, text),
        Err(error) if error.kind() != ErrorKind::OptionValue => Err(format!("it has another class: {error:?}")),
        Err(error) => {
            let detail = error.get_detail().ok_or("an error without detail")?;
            if error.message() == "definition is not valid JSON" {
                return if serde_json::from_str::<Value>(text).is_err() {
                    Ok("not JSON".into())
                } else {
                    Err(format!("it is JSON: {detail}"))
                };
            }
            if serde_json::from_str::<Value>(text).is_err() {
                return Err("what is not JSON was read".into());
            }
            let faults = error.message().split(' ').find_map(|word| word.parse::<usize>().ok()).ok_or("nobody counted the faults")?;
            let places = detail.lines().filter(|line| line.starts_with('/') && line.contains(": ")).count();
            if places != faults || detail.lines().count() != faults {
                return Err(format!("{faults} faults, and {places} places: {detail}"));
            }
            // Which kinds of faults there are: what stands behind the place, without the names in it.
            let kind =
                |line: &str| line.split_once(": ").map(|(_, what)| what.split('"').step_by(2).collect::<String>()).unwrap_or_default();
            let mut kinds: Vec<String> = detail.lines().map(kind).collect();
            kinds.sort_unstable();
            kinds.dedup();
            kinds.truncate(2);
            Ok(format!("faults {}", kinds.join("; ")))
        }
    }
}

fn accepted(source: &Source, text: &str) -> Result<String, String> {
    let value: Value = serde_json::from_str(text).map_err(|_| "what is not JSON was read")?;
    if !SCHEMA.is_valid(&value) {
        return Err("the JSON Schema refuses it".into());
    }
    let mut styles = Vec::new();
    for table in &source.tables {
        let filtered = table.columns.iter().enumerate().filter(|(_, column)| column.filter.is_some());
        let values: BTreeMap<usize, Vec<String>> = filtered.map(|(i, _)| (i, vec![format!("value {i}/é")])).collect();
        let slice = Slice { window: table.time_range.as_ref().map(|_| Window { lo: 0, hi: 1 }), values, recheck_columns: Vec::new() };
        let asked = request(table, &slice, &PageToken::Start, 7);
        below(&Url::parse("https://a.example/v4").unwrap(), &asked.path).ok_or("a path that cannot be sent")?;
        // Each value stands in the request, at its own place and nowhere else.
        for (i, values) in &slice.values {
            let part = table.columns[*i].filter.as_ref().unwrap().place.part;
            let places = [
                (Part::Path, format!("{:?}", asked.path)),
                (Part::Query, format!("{:?}", asked.query)),
                (Part::Header, format!("{:?}", asked.headers)),
                (Part::Body, format!("{:?}", asked.body)),
            ];
            if let Some((place, _)) = places.iter().find(|(place, shown)| shown.contains(&format!("\"{}\"", values[0])) != (*place == part))
            {
                return Err(format!("the value of column {i} stands wrong in the {}: {asked:?}", place.as_str()));
            }
        }
        styles.push(format!("{:?}", table.pagination.style).split([' ', '(']).next().unwrap_or_default().to_owned());
    }
    styles.sort_unstable();
    styles.dedup();
    Ok(format!("read {}", styles.join(", ")))
}

#[test]
fn descriptions() {
    fuzz(&Target { name: "description", kind: Kind::Json, words: WORDS, check }, "read");
}
