//! The text of a description → a [`Source`], checked as a whole: the error lists every fault with its place.
//!
//! What must not be broken: a source that is returned has no fault. Values that stand in for missing members never leave this
//! room.

mod auth;
mod pagination;
mod places;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value;

use self::auth::{credential, header, login, parameter};
use self::pagination::pagination;

use crate::error::{Error, ErrorKind, Result};
use crate::sources::fault::{Faults, Object};
use crate::sources::{
    Column, Direction, ErrorRule, Filter, Form, FullLastPage, Method, Origin, PageSize, Pagination, PagingStyle, Part, Place, Pointer,
    Source, SqlType, Table, TimeFormat, TimeRange, fold, placeholders,
};
use crate::time_zone::{TimeZone, is_name};
use crate::units::parse_duration;

/// The names of the source's parameters.
type ParameterNames<'n> = HashSet<&'n str>;

pub(super) fn source(text: &str, pause: &mut dyn FnMut()) -> Result<Source> {
    let value: Value = serde_json::from_str(text).map_err(|e| {
        Error::new(ErrorKind::OptionValue, "definition is not valid JSON").detail(format!(
            "At line {}, column {}: {}.",
            e.line(),
            e.column(),
            reason(&e)
        ))
    })?;
    let mut faults = Faults::new(pause);
    let source = read_source(&value, &mut faults);
    let faults = faults.into_found();
    if faults.is_empty() {
        return Ok(source);
    }
    let count = faults.len();
    let plural = if count == 1 { "fault" } else { "faults" };
    Err(Error::new(ErrorKind::OptionValue, format!("definition has {count} {plural}")).detail(faults.join("\n")))
}

/// The reason of a JSON error without its position, which the message has already.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

fn read_source(value: &Value, faults: &mut Faults<'_>) -> Source {
    let mut o = Object::new(value, "", faults);
    let name = o.text("name", faults);
    if !is_identifier(&name) {
        faults.push("/name", "must be lower-case letters, digits and underscores, and begin with a letter");
    }
    let title = o.text_or("title", "", faults);
    let reference = o.text_or("reference", "", faults);
    let parameters: Vec<_> = o.list("parameters", faults).into_iter().map(|(v, at)| parameter(v, &at, faults)).collect();
    let mut names = ParameterNames::new();
    for (i, parameter) in parameters.iter().enumerate() {
        if !names.insert(&parameter.name) {
            faults.push(&format!("/parameters/{i}/name"), format_args!("\"{}\" is there twice", parameter.name));
        }
    }
    let auth: Vec<_> = o.list("auth", faults).into_iter().map(|(v, at)| credential(v, &at, &names, faults)).collect();
    let logins = o.list("logins", faults).into_iter().filter_map(|(v, at)| login(v, &at, &names, faults)).collect();
    let headers: Vec<_> = o.list("headers", faults).into_iter().map(|(v, at)| header(v, &at, &names, faults)).collect();
    let time_zone = o.get("time_zone").and_then(|v| {
        let zone = v.as_str().and_then(TimeZone::parse);
        match (&zone, v.as_str()) {
            (Some(_), _) => {}
            (None, Some(text)) if is_name(text) => faults.push("/time_zone", format_args!("\"{text}\" is not a time zone that is known")),
            (None, _) => {
                faults
                    .push("/time_zone", "must be an offset from UTC, such as \"+08:00\" or \"GMT+8\", or a name such as \"Europe/Zurich\"");
            }
        }
        zone
    });
    let errors: Arc<[ErrorRule]> = o.list("errors", faults).into_iter().filter_map(|(v, at)| error_rule(v, &at, faults)).collect();
    let listed = o.list("tables", faults);
    if listed.is_empty() {
        faults.push("/tables", "must have at least one table");
    }
    let own = places::of_source(&auth, &headers);
    let (mut tables, mut earlier): (Vec<Table>, _) = (Vec::new(), HashSet::new());
    for (v, at) in listed {
        let table = Table { errors: Arc::clone(&errors), ..table(v, &at, &names, faults) };
        if !earlier.insert(table.name.clone()) {
            faults.push(&format!("{at}/name"), format_args!("\"{}\" is there twice", table.name));
        }
        places::check_apart_from_source(&own, &table, &at, faults);
        tables.push(table);
    }
    // Editors use `$schema` to check a description while it is written.
    o.optional_text("$schema", faults);
    o.finish(faults);
    Source { name, title, reference, parameters, auth, logins, headers, time_zone, tables }
}

fn is_identifier(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn table(value: &Value, at: &str, parameters: &ParameterNames<'_>, faults: &mut Faults<'_>) -> Table {
    let mut o = Object::new(value, at, faults);
    let name = o.text("name", faults);
    if !is_identifier(&name) {
        faults.push(&o.place("name"), "must be lower-case letters, digits and underscores, and begin with a letter");
    }
    let doc = o.text_or("doc", "", faults);
    let method = o.choice("method", &[("GET", Method::Get), ("POST", Method::Post)], Some(Method::Get), faults).unwrap_or(Method::Get);
    let path = o.text("path", faults);
    if !path.starts_with('/') {
        faults.push(&o.place("path"), "must begin with \"/\"");
    }
    check_path(&path, &o.place("path"), faults);
    if o.get("records").is_none() {
        faults.push(at, "\"records\" is required");
    }
    let records = o.pointer("records", faults).unwrap_or_default();
    let listed = o.list("columns", faults);
    if listed.is_empty() {
        faults.push(&o.place("columns"), "must have at least one column");
    }
    let (mut columns, mut earlier): (Vec<Column>, _) = (Vec::new(), HashSet::new());
    for (v, at) in listed {
        let column = column(v, &at, parameters, faults);
        if !earlier.insert(fold(&column.name)) {
            faults.push(&format!("{at}/name"), format_args!("\"{}\" is there twice", column.name));
        }
        columns.push(column);
    }
    let time_range = o.get("time_range").map(|v| time_range(v, &o.place("time_range"), &columns, faults));
    let pagination = match o.required("pagination", faults) {
        Some(v) => pagination(v, &o.place("pagination"), faults),
        None => None,
    };
    let has_pagination = pagination.is_some();
    // A missing pagination is a fault already, so this value is never used.
    let pagination = pagination.unwrap_or_else(|| Pagination {
        style: PagingStyle::Number { place: placeholder(), first: 1 },
        size: PageSize { place: placeholder(), max: 1, may_change: false },
        total: None,
        empty_page_ends: false,
        full_last_page: FullLastPage::default(),
    });
    let table = Table { name, doc, method, path, records, errors: Arc::default(), pagination, time_range, columns };
    if has_pagination {
        check_places(at, &table, faults);
        places::check_apart(at, &table.columns, table.time_range.as_ref(), &table.pagination, faults);
        check_beside_records(at, &table, faults);
    }
    o.finish(faults);
    table
}

/// Reports a next key or a total around or below the records, because both are read while the records are skipped.
fn check_beside_records(at: &str, table: &Table, faults: &mut Faults<'_>) {
    let Table { pagination, records, .. } = table;
    for (key, pointer) in [("next", pagination.style.next_in_body()), ("total", pagination.total.as_ref())] {
        if pointer.is_some_and(|p| p.0.is_empty() || p.0.starts_with(&records.0) || records.0.starts_with(&p.0)) {
            faults.push(&format!("{at}/pagination/{key}"), "must lie beside the records, not around or below them");
        }
    }
}

/// Reports a path with a query or a fragment, or with a step that URL normalization would remove.
fn check_path(path: &str, at: &str, faults: &mut Faults<'_>) {
    if path.contains(['?', '#']) {
        faults.push(
            at,
            "must have no \"?\" and no \"#\": what stands in the query is a column with a \"filter\", where it never changes one with \
             a \"request\" whose \"option\" is a parameter with a \"default\"",
        );
    }
    if path.split('/').any(|step| matches!(step, "." | "..")) {
        faults.push(at, "must have no step \".\" or \"..\"");
    }
}

/// Reports a value without a place in the request, and a place in the path without a value.
fn check_places(at: &str, table: &Table, faults: &mut Faults<'_>) {
    let Table { method, path, columns, time_range, pagination, .. } = table;
    let mut places: Vec<&Place> = columns.iter().filter_map(|c| Some(&c.filter.as_ref()?.place)).collect();
    places.extend(time_range.iter().flat_map(|range| [&range.from, &range.to]));
    places.push(&pagination.size.place);
    match &pagination.style {
        PagingStyle::Cursor { token, .. } => places.push(token),
        PagingStyle::Number { place, .. } | PagingStyle::Offset { place, .. } => places.push(place),
        PagingStyle::NextUrl(_) => {}
    }
    if *method == Method::Get && places.iter().any(|place| place.part == Part::Body) {
        faults.push(at, "a GET has no body: \"in\": \"body\" needs \"method\": \"POST\"");
    }
    let in_path = placeholders(path).unwrap_or_else(|| {
        faults.push(&format!("{at}/path"), "has an unclosed brace");
        Vec::new()
    });
    let known: HashSet<&str> = in_path.iter().copied().collect();
    for place in places.iter().filter(|place| place.part == Part::Path && !known.contains(place.name.as_str())) {
        faults.push(&format!("{at}/path"), format_args!("has no \"{{{}}}\"", place.name));
    }
    let required: HashSet<&str> = columns
        .iter()
        .filter(|column| matches!(column.origin, Origin::Request { required: true, .. }))
        .filter_map(|column| column.filter.as_ref().filter(|filter| filter.place.part == Part::Path))
        .map(|filter| filter.place.name.as_str())
        .collect();
    let whole = times(path.split('/').filter_map(|step| step.strip_prefix('{')?.strip_suffix('}')));
    let anywhere = times(in_path.iter().copied());
    for name in in_path.iter().filter(|name| anywhere.get(*name) != whole.get(*name)) {
        faults.push(&format!("{at}/path"), format_args!("\"{{{name}}}\" must be a whole step of the path"));
    }
    for name in in_path.iter().filter(|name| !required.contains(*name)) {
        faults.push(&format!("{at}/path"), format_args!("\"{{{name}}}\" needs a column that is a required request parameter in the path"));
    }
}

/// The number of occurrences of each name.
fn times<'n>(names: impl Iterator<Item = &'n str>) -> HashMap<&'n str, usize> {
    let mut times = HashMap::new();
    names.for_each(|name| *times.entry(name).or_default() += 1);
    times
}

fn placeholder() -> Place {
    Place { part: Part::Query, name: String::new() }
}

fn error_rule(value: &Value, at: &str, faults: &mut Faults<'_>) -> Option<ErrorRule> {
    let mut o = Object::new(value, at, faults);
    if o.get("code").is_none() {
        faults.push(at, "\"code\" is required");
    }
    let code = o.pointer("code", faults);
    let mut codes = |key: &'static str, faults: &mut Faults<'_>| -> Vec<String> {
        let listed = o.list(key, faults);
        listed
            .into_iter()
            .map(|(v, at)| match v {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                _ => {
                    faults.push(&at, "must be a string or a number");
                    String::new()
                }
            })
            .collect()
    };
    let (ok, unauthorized, throttled) = (codes("ok", faults), codes("unauthorized", faults), codes("throttled", faults));
    o.finish(faults);
    Some(ErrorRule { code: code?, ok, unauthorized, throttled })
}

fn column(value: &Value, at: &str, parameters: &ParameterNames<'_>, faults: &mut Faults<'_>) -> Column {
    const TYPES: &[(&str, SqlType)] = &[
        ("text", SqlType::Text),
        ("timestamptz", SqlType::Timestamptz),
        ("boolean", SqlType::Boolean),
        ("int", SqlType::Int),
        ("bigint", SqlType::Bigint),
        ("uuid", SqlType::Uuid),
        ("jsonb", SqlType::Jsonb),
    ];
    let mut o = Object::new(value, at, faults);
    let name = o.word("name", faults);
    let sql_type = o.choice("type", TYPES, Some(SqlType::Text), faults).unwrap_or(SqlType::Text);
    let doc = o.text_or("doc", "", faults);
    let pointer = o.pointer("field", faults);
    let form = o.choice("form", Form::NAMES, Some(Form::Plain), faults).unwrap_or_default();
    let filter = o.get("filter").map(|v| filter(v, &o.place("filter"), faults));
    let origin = match o.get("request") {
        None => Origin::Field { pointer: pointer.unwrap_or_else(|| Pointer(vec![name.clone()])), form },
        Some(v) => {
            if pointer.is_some() || form != Form::Plain {
                faults.push(at, "a request parameter has no \"field\" and no \"form\": no record carries it");
            }
            if filter.is_none() {
                faults.push(at, "a request parameter needs a \"filter\" that says where it travels");
            }
            if sql_type == SqlType::Jsonb {
                faults.push(&o.place("type"), "a request parameter cannot be jsonb, which has no one text to ask for: declare it text");
            }
            request_origin(v, &o.place("request"), parameters, faults)
        }
    };
    o.finish(faults);
    Column { name, sql_type, doc, origin, filter }
}

fn request_origin(value: &Value, at: &str, parameters: &ParameterNames<'_>, faults: &mut Faults<'_>) -> Origin {
    let mut o = Object::new(value, at, faults);
    let option = o.optional_text("option", faults);
    if let Some(name) = &option
        && !parameters.contains(name.as_str())
    {
        faults.push(&o.place("option"), format_args!("\"{name}\" is not one of the source's parameters"));
    }
    let required = o.flag("required", false, faults);
    o.finish(faults);
    Origin::Request { option, required }
}

fn place(value: &Value, at: &str, faults: &mut Faults<'_>) -> Place {
    let mut o = Object::new(value, at, faults);
    let place = place_members(&mut o, faults);
    o.finish(faults);
    place
}

fn place_members(o: &mut Object<'_>, faults: &mut Faults<'_>) -> Place {
    const PARTS: &[(&str, Part)] = &[("query", Part::Query), ("body", Part::Body), ("header", Part::Header), ("path", Part::Path)];
    let part = o.choice("in", PARTS, Some(Part::Query), faults).unwrap_or(Part::Query);
    Place { part, name: o.word("name", faults) }
}

fn filter(value: &Value, at: &str, faults: &mut Faults<'_>) -> Filter {
    let mut o = Object::new(value, at, faults);
    let place = place_members(&mut o, faults);
    let many = o.choice("values", &[("one", false), ("many", true)], Some(false), faults).unwrap_or(false);
    let exact = o.flag("exact", false, faults);
    o.finish(faults);
    Filter { place, many, exact }
}

fn time_range(value: &Value, at: &str, columns: &[Column], faults: &mut Faults<'_>) -> TimeRange {
    let mut o = Object::new(value, at, faults);
    let name = o.text("column", faults);
    let column = columns.iter().position(|c| c.name == name);
    match column {
        None => faults.push(&o.place("column"), format_args!("\"{name}\" is not one of the table's columns")),
        Some(i) if columns[i].sql_type != SqlType::Timestamptz => {
            faults.push(&o.place("column"), format_args!("\"{name}\" is not a timestamptz"));
        }
        Some(_) => {}
    }
    let mut bound = |key: &'static str, faults: &mut Faults<'_>| match o.required(key, faults) {
        Some(v) => place(v, &o.place(key), faults),
        None => placeholder(),
    };
    let from = bound("from", faults);
    let to = bound("to", faults);
    let required = o.flag("required", false, faults);
    let format = o
        .choice("format", &[("rfc3339_ms", TimeFormat::Rfc3339Millis)], Some(TimeFormat::Rfc3339Millis), faults)
        .unwrap_or(TimeFormat::Rfc3339Millis);
    let text = o.text_or("unit", "1ms", faults);
    let unit = match parse_duration(&text) {
        Some(unit) if !unit.is_zero() => i64::try_from(unit.as_micros()).unwrap_or(i64::MAX),
        _ => {
            faults.push(&o.place("unit"), "must be a duration, such as \"1ms\", \"1s\" or \"1d\"");
            1
        }
    };
    if column.is_some_and(|i| matches!(columns[i].origin, Origin::Request { .. })) {
        faults.push(&o.place("column"), "no record carries this column, so nothing could be checked against it");
    }
    let order = o.get("order").and_then(|_| o.choice("order", Direction::NAMES, None, faults));
    o.finish(faults);
    let unit = format.grid(unit);
    TimeRange { column: column.unwrap_or(0), from, to, required, format, unit, order }
}
