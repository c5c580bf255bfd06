//! The JSON Schema of descriptions says what the reader does: both judge every description, and every change of one, alike.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jsonschema::Validator;
use restlog_fdw::sources::{self, Source};
use serde_json::{Map, Value, json};

type Words = BTreeSet<String>;

/// What only the reader knows, as a part of its fault, and why a schema cannot.
const READER_ONLY: &[(&str, &str)] = &[
    ("is there twice", "names are compared with each other, columns' without case and underscores"),
    ("is not one of the source's parameters", "it is compared with the parameters' names"),
    ("is neither a parameter nor a secret", "it is compared with the parameters' names"),
    ("is not one of the table's columns", "it is compared with the columns' names"),
    ("is not a timestamptz", "it depends on another column's type"),
    ("no record carries this column", "it depends on another column's origin"),
    ("must lie beside the records", "two pointers are compared"),
    ("has no \"{", "the path is compared with the places' names"),
    ("needs a column that is a required request parameter", "the path is compared with the places' names"),
    ("is not a time zone that is known", "the names of zones are a long list that grows"),
    ("is taken by", "the places are compared with each other"),
];

/// Uses what the built-in descriptions do not.
const OTHERS: &str = r#"{
  "$schema": "description.schema.json", "name": "others", "title": "t", "reference": "r",
  "parameters": [{"name": "key_5", "doc": "d", "default": "k", "alternatives": ["a"]}, {"name": "tenant"}],
  "auth": [{"query": "{key_5}", "value": "{api_key}"}, {"header": "X-{tenant}", "value": "{token}"}],
  "logins": [
    {"path": "/login", "doc": "d", "form": {"u": "{username}", "fixed": ""}, "token": "", "expires_in": "/s"},
    {"json": ["{tenant}", 1, true, null, {"deep": {"er": "{password}"}}], "token_header": "X-Token"},
    {"json": "{refresh_token}", "token": "/a~1b/m~0n"}
  ],
  "headers": [{"header": "X-Tenant", "value": "{tenant} {time_zone}"}],
  "time_zone": "Pacific/Marquesas",
  "errors": [{"code": "", "ok": ["0", 0, 1.5], "unauthorized": [401], "throttled": ["T"]}],
  "tables": [
    {
      "name": "by_key", "doc": "d", "method": "POST", "path": "/a/{id}/b/{id}", "records": "/r/s",
      "pagination": {
        "style": "cursor", "token": {"in": "body", "name": "k"}, "next": "/n", "bookmark": false, "total": "/t", "empty_page_ends": false,
        "full_last_page": "check",
        "size": {"in": "body", "name": "l", "max": 1, "may_change": false}
      },
      "time_range": {
        "order": "ascending",
        "column": "at", "from": {"in": "body", "name": "f"}, "to": {"in": "header", "name": "t"},
        "required": false, "format": "rfc3339_ms", "unit": " .5 h "
      },
      "columns": [
        {"name": "id", "form": "plain", "request": {"option": "tenant", "required": true}, "filter": {"in": "path", "name": "id"}},
        {"name": "at", "type": "timestamptz", "filter": {"in": "header", "name": "X-At", "values": "one", "exact": false}},
        {"name": "whole", "type": "jsonb", "field": "", "filter": {"in": "body", "name": "w"}},
        {"name": "n", "type": "bigint", "doc": "d", "field": "/n", "form": "member_value", "filter": null, "request": null}
      ]
    },
    {
      "name": "by_address", "path": "/", "records": "/r", "columns": [{"name": "id"}, {"name": "at", "type": "timestamptz"}], "method": null,
      "time_range": {"column": "at", "from": {"name": "f"}, "to": {"name": "t"}, "order": "descending"},
      "pagination": {
        "style": "next_url", "next": "/n", "total": "/t", "empty_page_ends": true, "full_last_page": "accept",
        "size": {"in": "header", "name": "l", "max": 9}
      }
    },
    {
      "name": "by_link", "path": "/l", "records": "", "columns": [{"name": "id", "type": null}],
      "pagination": {"style": "link_header", "total": null, "empty_page_ends": null, "full_last_page": "error", "size": {"in": "query", "name": "l", "max": 9}}
    },
    {
      "name": "linked", "path": "/l", "records": "/r", "columns": [{"name": "id"}],
      "pagination": {"style": "link_header", "total": "/t", "empty_page_ends": true, "full_last_page": null, "size": {"in": null, "name": "l", "max": 9}}
    },
    {
      "name": "by_number", "path": "/n", "records": "/r", "columns": [{"name": "id"}],
      "pagination": {
        "style": "page_number", "token": {"in": "header", "name": "X-Page"}, "first": 0, "empty_page_ends": true, "total": "/t",
        "size": {"name": "l", "max": 18446744073709551615}
      }
    },
    {
      "name": "by_offset", "path": "/o", "records": "/r", "columns": [{"name": "id"}],
      "pagination": {
        "style": "offset", "token": {"name": "o"}, "max": 0, "overlap": true, "empty_page_ends": true, "total": null,
        "size": {"name": "l", "max": 9}
      }
    }
  ]
}"#;

fn file(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn schema() -> Value {
    serde_json::from_str(&file("src/sources/description.schema.json")).unwrap()
}

/// Every description at hand, with its name.
fn samples() -> Vec<(String, Value)> {
    let readme = file("README.md");
    let example = readme.split_once("definition '{").and_then(|(_, rest)| rest.split_once("}');")).unwrap().0;
    let mut texts = vec![("README.md".to_owned(), format!("{{{example}}}")), ("others".to_owned(), OTHERS.to_owned())];
    texts.extend(sources::built_in_names().into_iter().map(|name| (name.to_owned(), file(&format!("src/sources/{name}.json")))));
    texts.into_iter().map(|(name, text)| (name, serde_json::from_str(&text).unwrap())).collect()
}

/// The reader's faults, each as `place: what is wrong`.
fn faults(document: &Value) -> Vec<String> {
    match Source::read(&document.to_string()) {
        Ok(_) => Vec::new(),
        Err(error) => error.get_detail().unwrap().lines().map(str::to_owned).collect(),
    }
}

fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Array(items) => items.iter().enumerate().for_each(|(i, item)| places(item, &format!("{at}/{i}"), found)),
        Value::Object(members) => members.iter().for_each(|(name, member)| places(member, &format!("{at}/{name}"), found)),
        _ => {}
    }
}

/// The place of every value at or below a place.
fn places_below(document: &Value, at: &str) -> Vec<String> {
    let mut found = Vec::new();
    places(document.pointer(at).unwrap(), at, &mut found);
    found
}

/// The document with another value at a place.
fn set(document: &Value, at: &str, value: Value) -> Value {
    let mut changed = document.clone();
    *changed.pointer_mut(at).unwrap() = value;
    changed
}

/// The document with one more member in the object at a place.
fn with(document: &Value, at: &str, name: &str, value: Value) -> Value {
    let mut changed = document.clone();
    changed.pointer_mut(at).unwrap().as_object_mut().unwrap().insert(name.to_owned(), value);
    changed
}

/// The document without the value at a place.
fn without(document: &Value, at: &str) -> Option<Value> {
    let (parent, name) = at.rsplit_once('/')?;
    let mut changed = document.clone();
    match changed.pointer_mut(parent)? {
        Value::Object(members) => drop(members.remove(name)),
        Value::Array(items) => drop(items.remove(name.parse().ok()?)),
        _ => return None,
    }
    Some(changed)
}

/// The partitions of every description, each with its name.
fn all_partitions() -> Vec<(String, Value, String)> {
    let of_sample = |(name, document): (String, Value)| pieces(&document).into_iter().map(move |(piece, at)| (name.clone(), piece, at));
    samples().into_iter().flat_map(of_sample).collect()
}

/// The document in partitions, each with the place below which it is to be changed: all with the first table, each table, each
/// column. One of few columns is judged in a fraction of the time.
fn pieces(document: &Value) -> Vec<(Value, String)> {
    let mut pieces = Vec::new();
    for table in document["tables"].as_array().unwrap() {
        let alone = set(document, "/tables", json!([table]));
        let is_needed = |i: &usize| !faults(&without(&alone, &format!("/tables/0/columns/{i}")).unwrap()).is_empty();
        let columns = table["columns"].as_array().unwrap();
        let (needed, other): (Vec<usize>, Vec<usize>) = (0..columns.len()).partition(is_needed);
        let cut = |more: Option<&usize>| set(&alone, "/tables/0/columns", needed.iter().chain(more).map(|i| columns[*i].clone()).collect());
        let top = if pieces.is_empty() { "" } else { "/tables/0" };
        pieces.push((cut(other.first().filter(|_| needed.is_empty())), top.to_owned()));
        pieces.extend(other.iter().map(|i| (cut(Some(i)), format!("/tables/0/columns/{}", needed.len()))));
    }
    pieces
}

/// The members that the reader knows in the object at a place, unless any may stand there.
fn members(document: &Value, at: &str) -> Option<Words> {
    let faults = faults(&with(document, at, "no_such_member", Value::Null));
    let known = faults.iter().find_map(|fault| fault.split_once("\"no_such_member\" is not a member here; known are "))?.1;
    Some(known.split(", ").map(str::to_owned).collect())
}

/// The words that the reader knows for the text at a place, if only some may stand there.
fn choices(document: &Value, at: &str) -> Option<Words> {
    let faults = faults(&set(document, at, json!("no_such_word")));
    let listed = faults.iter().find_map(|fault| fault.strip_prefix(at)?.strip_prefix(": must be one of "))?;
    Some(listed.split(", ").map(|word| word.trim_matches('"').to_owned()).collect())
}

/// Calls `visit` with each value within a value.
fn walk(value: &Value, visit: &mut impl FnMut(&Value)) {
    visit(value);
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(item, visit)),
        Value::Object(members) => members.values().for_each(|member| walk(member, visit)),
        _ => {}
    }
}

/// The members of an object that a schema lists, where no others may be.
fn closed(schema: &Value) -> Option<&Map<String, Value>> {
    (schema.get("additionalProperties")? == &Value::Bool(false)).then(|| schema.get("properties")?.as_object())?
}

/// What the schema has against a document.
fn refusal(validator: &Validator, document: &Value) -> String {
    validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect::<Vec<_>>().join("; ")
}

/// Why the two verdicts differ, if they do. Notes what only the reader knew.
fn difference(validator: &Validator, document: &Value, used: &mut BTreeSet<&str>) -> Option<String> {
    let faults = faults(document);
    let reader_only = |fault: &String| READER_ONLY.iter().map(|(text, _)| *text).find(|text| fault.contains(text));
    if !validator.is_valid(document) {
        return faults.is_empty().then(|| format!("the schema refuses what the reader accepts: {}", refusal(validator, document)));
    }
    let unknown: Vec<&String> = faults.iter().filter(|fault| reader_only(fault).is_none()).collect();
    used.extend(faults.iter().filter_map(reader_only));
    (!unknown.is_empty()).then(|| format!("the schema accepts what the reader refuses: {unknown:?}"))
}

/// What to put in place of a value.
fn replacements(value: &Value) -> Vec<Value> {
    let others = json!([
        null, true, false, 0, 1, -1, 2.5, 1e20, "", " ", "x", "xY", "x y", "/", "/x", "x/", "/~", "/a~2", "~0", "{", "}", "{}", "{nope}",
        "{no pe}", "x{nope", "/x/{nope}", "/x{nope}", "/{a}{b}", "/{a{b}", "/{a/b}", "/x?y=z", "/x#y", "/{a?}",
        "/x/../y", "/.", "..", "/a./..b", "0ms", "1d", "1.", ".25min", ".", "10.75us", "1.2.3",
        "-1s", "1 weeks", "z", "Z", "+12", "+13:37", "+15", "+16", "+1", "+01:60", "+010:00", "08:00", "GMT+8", "utc-5:30", "GMT+5:60",
        "GMT+16:00", "GMT+830", "UTC", "europe/zurich", "Etc/GMT+8", "Mars/Base", "Europe/", "/Europe", "Europe/Zurich/", [], {}, [null], [1], [true], ["x"],
        ["{"], [["x"]], [{}], {"x": null}, {"x": 1}, {"x": "{"}, {"x": {"y": "{"}}, {"name": "x"}, {"in": "path", "name": "x"}
    ]);
    let mut others = others.as_array().unwrap().clone();
    match value {
        Value::String(text) => {
            let shorter: String = text.chars().skip(1).collect();
            others.extend([format!("{text}x"), format!(" {text}"), format!("{text}{{"), text.to_uppercase(), shorter].map(Value::String));
        }
        Value::Array(items) => {
            let more = |item: Value| Value::Array(items.iter().cloned().chain([item]).collect());
            others.extend([Value::Null, json!("x"), json!({})].map(more));
            others.extend(items.first().cloned().map(more));
        }
        _ => others.push(json!([value])),
    }
    others
}

/// The document changed at one place in every way that we know.
fn changes(document: &Value, at: &str) -> Vec<Value> {
    let value = document.pointer(at).unwrap();
    let mut changed: Vec<Value> = replacements(value).into_iter().map(|other| set(document, at, other)).collect();
    changed.extend(without(document, at));
    if let Some(present) = value.as_object() {
        changed.push(with(document, at, "no_such_member", json!(1)));
        for name in members(document, at).into_iter().flatten().filter(|name| present.get(name).is_none_or(Value::is_null)) {
            let values = json!([null, true, 1, "x", "/x", "{nope}", [], {}, {"name": "x"}]);
            changed.extend(values.as_array().unwrap().iter().map(|value| with(document, at, &name, value.clone())));
            let words = choices(&with(document, at, &name, json!("x")), &format!("{at}/{name}")).into_iter().flatten();
            changed.extend(words.map(|word| with(document, at, &name, Value::String(word))));
        }
    }
    for word in choices(document, at).into_iter().flatten() {
        changed.push(set(document, at, Value::String(word)));
    }
    changed
}

#[test]
fn the_schema_is_one_and_explains_every_member() {
    let schema = schema();
    assert!(jsonschema::meta::is_valid(&schema));
    assert!(file("README.md").contains("`src/sources/description.schema.json`"));
    walk(&schema, &mut |part| {
        for (name, member) in closed(part).into_iter().flatten() {
            let named = member.get("$ref").and_then(Value::as_str).map(|path| schema.pointer(&path[1..]).unwrap());
            let text = [Some(member), named].into_iter().flatten().find_map(|part| part.get("description")?.as_str());
            assert!(text.is_some_and(|text| text.ends_with('.')), "{name} has no description that is a sentence");
        }
    });
}

#[test]
fn every_description_is_valid_and_read() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for (name, document) in samples() {
        assert_eq!(faults(&document), [""; 0], "{name}");
        assert!(validator.is_valid(&document), "{name}: {}", refusal(&validator, &document));
    }
}

/// The reader's own lists are compared, so that a new member or word cannot be forgotten in the schema or in `OTHERS`.
#[test]
fn both_know_the_same_members_and_words() {
    let schema = schema();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let (mut kinds, mut enums) = (BTreeSet::<Words>::new(), BTreeSet::new());
    walk(&schema, &mut |part| {
        kinds.extend(closed(part).map(|properties| properties.keys().cloned().collect()));
        let words = part.get("enum").and_then(Value::as_array);
        enums.extend(words.map(|words| words.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Words>()));
    });
    let names: Words = kinds.iter().flatten().cloned().collect();
    let mut elsewhere = BTreeMap::new();
    walk(&serde_json::from_str(OTHERS).unwrap(), &mut |part| {
        let set = part.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
        elsewhere.extend(set.map(|(name, value)| (name.clone(), value.clone())));
    });
    // What the reader lists, and which of it the samples use.
    let (mut objects, mut texts) = (BTreeMap::<Words, Words>::new(), BTreeMap::<Words, Words>::new());
    for (sample, document, below) in all_partitions() {
        for at in places_below(&document, &below) {
            let value = document.pointer(&at).unwrap();
            if let Some(present) = value.as_object()
                && let Some(known) = members(&document, &at)
            {
                // A null is as good as nothing wherever the member is known; elsewhere what it is in another object is refused too.
                let accepts = |name: &&String| {
                    let values = [Some(&Value::Null), elsewhere.get(*name)].into_iter().flatten();
                    let added = |value: &Value| validator.is_valid(&with(&document, &at, name, value.clone()));
                    present.contains_key(*name) || values.into_iter().any(added)
                };
                let in_schema: Words = names.union(&known).filter(accepts).cloned().collect();
                assert_eq!(in_schema, known, "{sample} at \"{at}\": left the schema's members, right the reader's");
                let filled = present.iter().filter(|(_, value)| !value.is_null()).map(|(name, _)| name.clone());
                objects.entry(known).or_default().extend(filled);
            }
            if let (Some(text), Some(known)) = (value.as_str(), choices(&document, &at)) {
                texts.entry(known).or_default().insert(text.to_owned());
            }
        }
    }
    for kind in kinds {
        // What a style of pagination knows is less than what the schema lists for all styles.
        let known: Words = objects.keys().filter(|known| known.is_subset(&kind)).flatten().cloned().collect();
        assert_eq!(kind, known, "left the schema's members of an object, right the reader's");
    }
    assert_eq!(enums, texts.keys().cloned().collect(), "left the schema's enums, right the reader's choices");
    for (known, used) in objects.into_iter().chain(texts) {
        assert_eq!(used, known, "left what the descriptions use, right what there is: add the rest to OTHERS");
    }
}

#[test]
fn both_judge_every_change_alike() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let (mut used, mut wrong, mut count) = (BTreeSet::new(), Vec::new(), 0);
    for (name, document, below) in all_partitions() {
        for at in places_below(&document, &below) {
            for changed in changes(&document, &at) {
                count += 1;
                if let Some(difference) = difference(&validator, &changed, &mut used) {
                    wrong.push(format!("{name} with {} at \"{at}\": {difference}", changed.pointer(&at).unwrap_or(&Value::Null)));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count} verdicts differ, among them:\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
    for (text, _) in READER_ONLY {
        assert!(used.contains(text), "no change shows that only the reader knows \"{text}\"");
    }
}

/// The reader is stricter here, and the schema's texts say so: each with the fault and the reason.
#[test]
fn numbers_are_the_readers_own() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let document: Value = serde_json::from_str(OTHERS).unwrap();
    for (at, value, fault, reason) in [
        ("/tables/0/time_range/unit", json!("366d"), "must be a duration", "a pattern does not count to a year"),
        ("/tables/0/time_range/unit", json!("0.0000001us"), "must be a duration", "a pattern does not round to zero"),
        ("/tables/0/pagination/size/max", json!(9.0), "must be a whole number", "9.0 is an integer to a schema"),
    ] {
        let changed = set(&document, at, value);
        assert!(validator.is_valid(&changed) && faults(&changed).iter().any(|found| found.contains(fault)), "{at}: {reason}");
    }
}
