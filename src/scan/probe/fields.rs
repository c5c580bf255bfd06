//! Do the records have the fields that are described, under these names and in these forms?
//!
//! A sample's records → findings, and the forms that differ, in which the questions after this one read the records.

use std::collections::BTreeSet;

use serde_json::Value;

use super::access::{Parameters, attempt};
use super::sample::{PageSample, ParsedTime, field, moment, origin};
use super::{Findings, Probe, Remedy, time};
use crate::plan::request::PageToken;
use crate::sources::{Form, SqlType, placeholders};

/// The most requests: those that find out the language of texts.
pub(super) const MAX_REQUESTS: u64 = 7;
/// The most unknown fields that a finding names.
const NAMED: usize = 20;

/// Compares a sample with the described columns, and returns the columns that are written otherwise, with their form.
pub(super) fn probe(probe: &Probe, sample: &PageSample, findings: &mut Findings) -> Vec<(usize, Form)> {
    let records = &sample.records;
    if records.is_empty() {
        findings.open("fields", "the window has no records");
        return Vec::new();
    }
    let mut forms = Vec::new();
    let mut missing = Vec::new();
    let (mut nulls, mut absences) = (false, false);
    for (i, column) in probe.table.columns.iter().enumerate() {
        let Some((pointer, form)) = origin(column) else { continue };
        let name = &probe.names[i];
        let values: Vec<(String, &Value)> = records.iter().filter_map(|record| field(record, pointer)).collect();
        absences |= values.len() < records.len();
        nulls |= values.iter().any(|(_, value)| value.is_null());
        let Some((path, _)) = values.first() else {
            missing.push(name.as_str());
            continue;
        };
        if *path != pointer.to_string() {
            findings.right(name, format!("its field is written \"{path}\"; case does not count"));
        }
        let values: Vec<&Value> = values.into_iter().map(|(_, value)| value).filter(|value| !value.is_null()).collect();
        forms.extend(judge_form(probe, i, form, &values, findings).map(|form| (i, form)));
    }
    if !missing.is_empty() {
        findings.open("fields", format!("none of {} records has {}", records.len(), missing.join(", ")));
    }
    findings.open(
        "members without a value",
        match (nulls, absences) {
            (true, true) => "are null or left out",
            (true, false) => "are null",
            (false, true) => "are left out",
            (false, false) => "there are none",
        },
    );
    let unknown = unknown(probe, records);
    if !unknown.is_empty() {
        let found = format!("records have fields that the description does not: {}; a column \"raw\" holds them", unknown.join(", "));
        findings.open("fields", found);
    }
    forms
}

/// The names of records' members that no column reads.
fn unknown(probe: &Probe, records: &[Value]) -> Vec<String> {
    let known: BTreeSet<String> = probe.table.columns.iter().filter_map(|c| Some(origin(c)?.0.0.first()?.to_ascii_lowercase())).collect();
    let names: BTreeSet<&String> = records.iter().filter_map(Value::as_object).flat_map(|members| members.keys()).collect();
    names.into_iter().filter(|name| !known.contains(&name.to_ascii_lowercase())).take(NAMED).cloned().collect()
}

/// Compares a column's values, of which none is null, with its type and described form; returns the form that they have where it is
/// another one.
fn judge_form(probe: &Probe, index: usize, form: Form, values: &[&Value], findings: &mut Findings) -> Option<Form> {
    let (name, column) = (probe.names[index].as_str(), &probe.table.columns[index]);
    let set = |option: &str, value: &str| Some(Remedy::Column(name.to_owned(), vec![(option.to_owned(), value.to_owned())]));
    let first = values.first()?;
    if time::is_time(column) {
        let zone = probe.settings.time_zone.as_ref();
        match values.iter().map(|value| moment(value, form, zone)).find(|moment| !matches!(moment, ParsedTime::At(_) | ParsedTime::None)) {
            None if zone.is_some() && values.iter().any(|value| moment(value, form, None) == ParsedTime::NoZone) => {
                findings.right(name, "its times have no zone, and are read by the option time_zone or the description's");
            }
            None => {}
            Some(ParsedTime::Number) => {
                findings.wrong(name, "its times are milliseconds since 1970", set("form", "unix_ms"));
                return Some(Form::UnixMillis);
            }
            Some(ParsedTime::NoZone) => {
                let zone = Some(Remedy::Server(vec![("time_zone".to_owned(), "+00:00".to_owned())]));
                findings.wrong(name, "its times have no zone, and which is meant is not told; UTC is usual", zone);
            }
            Some(_) => findings.wrong(name, "some of its values are no times that can be read", None),
        }
        return None;
    }
    let is_json_text = |value: &&Value| value.as_str().is_some_and(|text| serde_json::from_str::<Value>(text).is_ok_and(|v| v.is_object()));
    match (column.sql_type, form) {
        (SqlType::Jsonb, Form::Embedded) => {
            let how = if values.iter().any(is_json_text) { "a JSON text in a string" } else { "JSON itself" };
            findings.right(name, format!("it is written as {how}; both are read"));
        }
        (SqlType::Jsonb, _) if values.iter().any(is_json_text) => {
            findings.wrong(name, "it is written as a JSON text in a string", set("form", "embedded_json"));
            return Some(Form::Embedded);
        }
        (SqlType::Int | SqlType::Bigint | SqlType::Boolean, Form::Plain) => {
            let fits = |value: &&Value| match column.sql_type {
                SqlType::Boolean => value.is_boolean() || value.as_str().is_some_and(|text| text.parse::<bool>().is_ok()),
                _ => value.is_i64() || value.as_str().is_some_and(|text| text.parse::<i64>().is_ok()),
            };
            let wrong = values.iter().filter(|value| !fits(value)).count();
            if wrong > 0 {
                let found = format!("{wrong} of {} values are no {}: declare the column text", values.len(), column.sql_type.as_sql());
                findings.wrong(name, found, None);
            }
        }
        (SqlType::Text, Form::Plain) if first.is_object() || first.is_array() => {
            findings.open(name, "it is written as an object or an array; the column shows its JSON text");
        }
        _ => {}
    }
    None
}

/// Finds out which of a header's known values the API assumes where none is sent: records are the same with it.
pub(super) async fn probe_language(probe: &Probe, parameters: &Parameters, sample: &PageSample, findings: &mut Findings) {
    let named = probe.source.headers.iter().flat_map(|header| placeholders(&header.value).unwrap_or_default());
    let unset = |name: &&str| !parameters.contains_key(*name);
    for name in named.filter(unset) {
        let Some(parameter) = probe.source.parameters.iter().find(|p| p.name == name && !p.alternatives.is_empty()) else { continue };
        let mut same = Vec::new();
        for value in parameter.alternatives.iter().take(3) {
            let mut changed = parameters.clone();
            changed.insert(parameter.name.clone(), value.clone());
            let Ok(client) = attempt(probe, &changed).await else { continue };
            let Ok(page) = client.page(probe.bounds(), &PageToken::Start, Some(probe.page_size)).await else { continue };
            if page.records == sample.records {
                same.push(format!("'{value}'"));
            }
        }
        let found = match same.len() {
            0 => format!("without the option {name} records are as with none of its known values"),
            n if n == parameter.alternatives.len().min(3) => format!("the option {name} makes no difference to these records"),
            _ => format!("without the option {name} records are as with {}", same.join(", ")),
        };
        findings.open(name, found);
    }
}
