//! Which column does the time range filter, how coarsely, does it include its ends, and in which order do records come?
//!
//! A record of the sample is looked for in small windows around its times: where the API returns it tells what its range does. A wrong
//! column or unit loses rows at the edges of windows, so that nothing is said to be right that no record has shown.

use serde_json::Value;

use super::ask::ProbeClient;
use super::sample::{PageSample, ParsedTime, moment, origin, time_of};
use super::{Findings, Probe, of_table};
use crate::error::{ErrorKind, Result};
use crate::plan::request::PageToken;
use crate::sources::{Column, Form, SqlType, TimeRange};

/// The most requests, beside one for each further column of times.
pub(super) const MAX_REQUESTS: u64 = 12;

const MILLI: i64 = 1_000;
const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// 1970-01-02 and 2100-01-01: before and after what any log has.
const LONG_AGO: i64 = -10_956 * DAY;
const FAR_AHEAD: i64 = 36_525 * DAY;

/// The API's time range, as it was found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    /// The description's column that the range filters.
    pub(super) column: usize,
    /// The granularity of the range, in microseconds.
    pub(super) unit: i64,
    /// Whether both ends of a range are cut to the granularity, so that a range within one unit has no record.
    is_cut: bool,
}

/// Whether a column holds times.
pub(super) fn is_time(column: &Column) -> bool {
    column.sql_type == SqlType::Timestamptz
}

/// Finds out what the time range does; `None` where there is no range, or nothing could be found out.
pub(super) async fn probe(probe: &Probe, client: &ProbeClient, sample: &PageSample, findings: &mut Findings) -> Option<Range> {
    let Some(described) = &probe.table.time_range else {
        order(probe, sample, None, findings);
        return None;
    };
    let unread = match sample.records.is_empty() {
        true => swapped(probe, client, described).await,
        false => unread(probe, client, described).await,
    };
    match unread {
        Ok(None) => {}
        Ok(Some(found)) => {
            findings.wrong("time range", found, None);
            order(probe, sample, None, findings);
            return None;
        }
        Err(error) => {
            findings.failed("time range", &error);
            return None;
        }
    }
    let found = match filtered_column(probe, client, sample, described).await {
        Ok(Some(found)) => found,
        Ok(None) => {
            let found = format!("no record of {} could be found again by its times", sample.records.len());
            findings.open("time range", found);
            return None;
        }
        Err(error) => {
            findings.failed("time range", &error);
            return None;
        }
    };
    let (range, record, t) = found;
    let name = &probe.names[range.column];
    if range.column == described.column {
        findings.right("time range", format!("it filters \"{name}\""));
    } else {
        let meant = &probe.names[described.column];
        findings.wrong("time range", format!("it filters \"{name}\", not \"{meant}\""), of_table("time_column", name));
    }
    judge_unit(described, range, findings);
    if range.unit <= MILLI && t % MILLI == 0 {
        judge_ends(client, record, t, findings).await;
    }
    order(probe, sample, Some(range.column), findings);
    Some(range)
}

/// The finding of a range's unit: a coarser one than described loses records, or brings too many.
fn judge_unit(described: &TimeRange, range: Range, findings: &mut Findings) {
    let unit = unit_name(range.unit);
    if range.unit <= described.unit.max(MILLI) {
        findings.right("time range's unit", format!("{unit} or finer"));
    } else {
        let what = if range.is_cut { "both ends of a range are cut to" } else { "a range is widened to" };
        findings.wrong("time range's unit", format!("{what} whole units of {unit}"), of_table("time_unit", unit));
    }
}

/// The finding of a range's ends, by a record at the time `t`.
async fn judge_ends(client: &ProbeClient, record: &Value, t: i64, findings: &mut Findings) {
    match ends(client, record, t).await {
        Ok((from, to)) => {
            let word = |included| if included { "includes" } else { "excludes" };
            findings.right("time range's ends", format!("from {} its instant, to {} it; either way is read right", word(from), word(to)));
        }
        Err(error) => findings.failed("time range's ends", &error),
    }
}

/// A unit as the table option `time_unit` writes it.
fn unit_name(unit: i64) -> &'static str {
    match unit {
        DAY => "1d",
        HOUR => "1h",
        MINUTE => "1min",
        SECOND => "1s",
        _ => "1ms",
    }
}

/// Finds out which bound the API does not read, by days on which no log has records: a day far ahead has records only where `from`
/// counts for nothing, and a day long ago only where `to` does. A refusal of such days tells nothing.
async fn unread(probe: &Probe, client: &ProbeClient, described: &TimeRange) -> Result<Option<String>> {
    let mut unread = Vec::new();
    for (begin, place) in [(FAR_AHEAD, &described.from), (LONG_AGO, &described.to)] {
        let found = match client.page(Some((begin, begin + DAY)), &PageToken::Start, Some(client.size)).await {
            Err(error) if error.kind() == ErrorKind::Shape => continue,
            found => found?,
        };
        let time = |record: &Value| time_of(record, &probe.table.columns[described.column], probe.settings.time_zone.as_ref());
        let is_outside = |t: i64| !(begin - DAY..begin + 2 * DAY).contains(&t);
        if found.records.iter().any(|record| time(record).is_some_and(is_outside)) {
            unread.push(format!("\"{}\"", place.name));
        }
    }
    let all = unread.join(" and ");
    Ok((!unread.is_empty()).then(|| format!("the API does not read {all}: check the name and the place in the description's time_range")))
}

/// Finds out whether a window has no records because its bounds are swapped.
async fn swapped(probe: &Probe, client: &ProbeClient, described: &TimeRange) -> Result<Option<String>> {
    let (from, to) = (probe.window.lo, probe.window.hi);
    let found = match client.page(Some((to, from)), &PageToken::Start, Some(client.size)).await {
        Err(error) if error.kind() == ErrorKind::Shape => return Ok(None),
        found => found?,
    };
    let (lower, upper) = (&described.to.name, &described.from.name);
    Ok((!found.records.is_empty()).then(|| {
        format!(
            "\"{upper}\" and \"{lower}\" are swapped: the window has records where \"{lower}\" is its beginning and \"{upper}\" its end"
        )
    }))
}

/// Finds the column that the range filters: a record is returned for a window of some milliseconds around its time in that column. The
/// described column is tried first.
async fn filtered_column<'s>(
    probe: &Probe,
    client: &ProbeClient,
    sample: &'s PageSample,
    described: &TimeRange,
) -> Result<Option<(Range, &'s Value, i64)>> {
    let mut columns: Vec<usize> = (0..probe.table.columns.len()).filter(|i| is_time(&probe.table.columns[*i])).collect();
    columns.retain(|i| *i != described.column && origin(&probe.table.columns[*i]).is_some());
    columns.insert(0, described.column);
    // Where both ends of a range are cut, a small range around the record is empty; one wider than a whole unit has the record.
    let cuts = [SECOND, MINUTE].map(|cut| (described.column, cut));
    for (column, cut) in columns.into_iter().map(|column| (column, 0)).chain(cuts) {
        let times = |record: &Value| time_of(record, &probe.table.columns[column], probe.settings.time_zone.as_ref());
        let Some((record, t)) = most_informative(sample, times) else { continue };
        let near = 2 * MILLI + cut;
        if client.returns(record, t - near, t + near).await? {
            let unit = if cut == 0 { unit(client, record, t).await? } else { cut };
            return Ok(Some((Range { column, unit, is_cut: cut > 0 }, record, t)));
        }
    }
    Ok(None)
}

/// The record whose time tells most: behind it, within the same second, minute, hour and day, there is room for a window that has the
/// record only if the API widens windows.
fn most_informative(sample: &PageSample, time: impl Fn(&Value) -> Option<i64>) -> Option<(&Value, i64)> {
    let room = |t: i64| {
        let within = |unit: i64, need: i64| t.rem_euclid(unit) + need < unit;
        let on_grid = t.rem_euclid(MILLI) == 0 && t.rem_euclid(SECOND) > 5 * MILLI;
        [on_grid, within(SECOND, 5 * MILLI), within(MINUTE, 5 * SECOND), within(HOUR, 5 * MINUTE), within(DAY, 5 * HOUR)]
            .into_iter()
            .filter(|fits| *fits)
            .count()
    };
    let candidates = sample.records.iter().filter_map(|record| Some((record, time(record)?)));
    candidates.max_by_key(|(_, t)| room(*t))
}

/// Finds the unit to which the API widens windows: a window shortly behind a record has the record only if it is widened.
async fn unit(client: &ProbeClient, record: &Value, t: i64) -> Result<i64> {
    let mut found = MILLI;
    for (unit, behind) in [(SECOND, 2 * MILLI), (MINUTE, 2 * SECOND), (HOUR, 2 * MINUTE), (DAY, 2 * HOUR)] {
        if !client.returns(record, t + behind, t + behind + 2 * MILLI).await? {
            break;
        }
        found = unit;
    }
    Ok(found)
}

/// Finds out whether `from` and `to` include their instants, by windows that begin or end at a record.
async fn ends(client: &ProbeClient, record: &Value, t: i64) -> Result<(bool, bool)> {
    Ok((client.returns(record, t, t + 3 * MILLI).await?, client.returns(record, t - 3 * MILLI, t).await?))
}

/// The finding of the order in which records come: by the column that the range filters, or else by any of their times, also one that
/// is not described.
fn order(probe: &Probe, sample: &PageSample, filtered: Option<usize>, findings: &mut Findings) {
    let zone = probe.settings.time_zone.as_ref();
    let by = |times: Vec<i64>| match times.len() {
        0 | 1 => None,
        _ if times.is_sorted() => Some("oldest first"),
        _ if times.is_sorted_by(|a, b| a >= b) => Some("newest first"),
        _ => None,
    };
    let of_column = |i: usize| by(sample.records.iter().filter_map(|record| time_of(record, &probe.table.columns[i], zone)).collect());
    let of_member = |name: &String| {
        let time = |record: &Value| match moment(record.get(name)?, Form::Plain, zone) {
            ParsedTime::At(t) => Some(t),
            _ => None,
        };
        by(sample.records.iter().filter_map(time).collect())
    };
    let columns = (0..probe.table.columns.len()).filter(|i| is_time(&probe.table.columns[*i]) && filtered.is_none_or(|f| f == *i));
    let members = sample.records.iter().take(1).filter_map(Value::as_object).flat_map(|members| members.keys());
    let named = |found: Option<&str>, name: &str| found.map(|found| format!("{found} (\"{name}\")"));
    let found = columns.filter_map(|i| named(of_column(i), &probe.names[i])).next();
    let found = found.or_else(|| members.filter(|_| filtered.is_none()).find_map(|name| named(of_member(name), name)));
    findings.open("order", found.unwrap_or_else(|| "by none of their times".to_owned()));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_record_with_room_behind_it_is_taken() {
        let sample = PageSample { records: (0..3).map(|i| json!(i)).collect(), ..PageSample::default() };
        let times = [DAY - MILLI, 10 * HOUR + 7 * MINUTE + 9 * SECOND + 40 * MILLI, 10 * HOUR];
        let (record, t) = most_informative(&sample, |record| Some(times[record.as_u64().unwrap() as usize])).unwrap();
        assert_eq!((record, t), (&json!(1), times[1]));
        assert!(most_informative(&sample, |_| None).is_none());
    }
}
