//! Does each filter return what the same condition selects here: in this case of letters, and for several values?
//!
//! A filter is compared on bounds of which one page has all records. A filter that leaves out a record must not be pushed down (law 1); one
//! that returns others as well is only slower.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::ask::ProbeClient;
use super::sample::{PageSample, text_of, time_of};
use super::time::Range;
use super::{Findings, Probe, Remedy, has_more};
use crate::error::Result;
use crate::plan::request::PageToken;
use crate::sources::{Origin, SqlType};

/// The most requests for each filter.
pub(super) const MAX_REQUESTS_EACH: u64 = 3;
/// The most records that filters are tried on.
const RECORDS: usize = 150;

/// The bounds on which filters are compared, and all records that they hold.
struct Known {
    bounds: Option<(i64, i64)>,
    records: Vec<Value>,
}

/// Compares the filter of each column that records carry with the records themselves.
pub(super) async fn probe(probe: &Probe, client: &ProbeClient, sample: &PageSample, range: Option<Range>, findings: &mut Findings) {
    let unseen: Vec<&str> = probe
        .table
        .columns
        .iter()
        .enumerate()
        .filter(|(_, column)| matches!(column.origin, Origin::Request { option: None, required: false }))
        .map(|(i, _)| probe.names[i].as_str())
        .collect();
    if !unseen.is_empty() {
        findings.open("filters", format!("no record carries {}: what these select cannot be checked", unseen.join(", ")));
    }
    let filters: Vec<usize> = (0..probe.table.columns.len()).filter(|i| probe.table.columns[*i].filter.is_some()).collect();
    let filters: Vec<usize> = filters.into_iter().filter(|i| matches!(probe.table.columns[*i].origin, Origin::Field { .. })).collect();
    if filters.is_empty() {
        return;
    }
    let known = match known(probe, client, sample, range).await {
        Ok(Some(known)) => known,
        Ok(None) => {
            findings.open("filters", "not tried: one page does not hold all records of a window, or has none");
            return;
        }
        Err(error) => {
            findings.failed("filters", &error);
            return;
        }
    };
    for column in filters {
        if let Err(error) = one(probe, client, &known, column, findings).await {
            findings.failed(&probe.names[column], &error);
        }
    }
}

/// Reads bounds of which one page has all records; `None` where there are none such.
async fn known(probe: &Probe, client: &ProbeClient, sample: &PageSample, range: Option<Range>) -> Result<Option<Known>> {
    let bounds = match (range, &probe.table.time_range) {
        (Some(range), _) => {
            let column = &probe.table.columns[range.column];
            let time = |record: &Value| time_of(record, column, probe.settings.time_zone.as_ref());
            let mut times: Vec<i64> = sample.records.iter().filter_map(time).collect();
            times.sort_unstable();
            let room = usize::try_from(client.size / 2).unwrap_or(RECORDS).clamp(1, RECORDS);
            let (Some(first), Some(last)) = (times.first(), times.get(room - 1).or(times.last())) else { return Ok(None) };
            // An API with a coarse range widens these bounds, for requests with a filter as for those without.
            Some((first - 2_000, last + 2_000))
        }
        (None, Some(_)) => return Ok(None),
        (None, None) => None,
    };
    let all = client.page(bounds, &PageToken::Start, Some(client.size)).await?;
    let whole = !all.records.is_empty() && !has_more(client, &all, bounds).await?;
    Ok(whole.then_some(Known { bounds, records: all.records }))
}

/// Compares one column's filter: for its most frequent value, that value in another case, and two values.
async fn one(probe: &Probe, client: &ProbeClient, known: &Known, index: usize, findings: &mut Findings) -> Result<()> {
    let column = &probe.table.columns[index];
    let name = &probe.names[index];
    let (many, exact) = column.filter.as_ref().map_or((false, false), |filter| (filter.many, filter.exact));
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for text in known.records.iter().filter_map(|record| text_of(record, column)).filter(|text| !text.is_empty()) {
        *seen.entry(text).or_default() += 1;
    }
    let mut values: Vec<(usize, String)> = seen.into_iter().map(|(text, count)| (count, text)).collect();
    values.sort_by(|a, b| b.cmp(a));
    let Some((_, value)) = values.first() else {
        findings.open(name, "its filter was not tried: no record has a value");
        return Ok(());
    };
    let ask = async |values: &[&str]| {
        let values = BTreeMap::from([(index, values.iter().map(|value| (*value).to_owned()).collect())]);
        client.page_with(&values, known.bounds, &PageToken::Start, Some(client.size)).await
    };
    let compare = |answer: &PageSample, wanted: &[&str]| {
        let is_wanted = |record: &Value| text_of(record, column).is_some_and(|text| wanted.contains(&text.as_str()));
        let missing = known.records.iter().filter(|record| is_wanted(record) && !answer.records.contains(record)).count();
        (missing, answer.records.iter().filter(|record| !is_wanted(record)).count())
    };
    let local = || Some(Remedy::Column(name.clone(), vec![("pushdown".to_owned(), "false".to_owned())]));
    let (missing, others) = compare(&ask(&[value]).await?, &[value]);
    if missing > 0 {
        findings.wrong(name, format!("its filter leaves out {missing} records that have the value asked for"), local());
        return Ok(());
    }
    let mut found = vec![match others {
        0 => "its filter returns just the records that have the value",
        _ => "its filter returns other records as well; they are dropped",
    }];
    let swapped = swap_case(value);
    let is_text = column.sql_type == SqlType::Text;
    if is_text && swapped != *value && known.records.iter().all(|record| text_of(record, column).as_deref() != Some(swapped.as_str())) {
        let answer = ask(&[&swapped]).await;
        found.push(match answer {
            Ok(answer) if answer.records.is_empty() => "case counts",
            Ok(_) => "case does not count",
            Err(_) => "another case is refused",
        });
    }
    if many && let Some((_, second)) = values.get(1) {
        let both: BTreeSet<&str> = [value.as_str(), second.as_str()].into();
        let both: Vec<&str> = both.into_iter().collect();
        if compare(&ask(&both).await?, &both).0 > 0 {
            findings.wrong(name, format!("{}; of several values it leaves out some", found.join("; ")), local());
            return Ok(());
        }
        found.push("several values go in one request");
    }
    let right = !(exact && others > 0);
    findings.push(name, found.join("; "), Some(right), if right { None } else { local() });
    Ok(())
}

/// A text with small ASCII letters for large ones, and large for small.
fn swap_case(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_uppercase() { c.to_ascii_lowercase() } else { c.to_ascii_uppercase() }).collect()
}
