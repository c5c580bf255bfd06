//! How does the last page show, does the total hold, and what does the API answer for a parent that it does not know?
//!
//! A scan ends by what is found here, so that a wrong answer loses rows (law 2): a page that proves nothing is never said to be the end.

use std::collections::BTreeMap;

use super::ask::ProbeClient;
use super::sample::{PageSample, time_of};
use super::time::Range;
use super::{Findings, Probe, of_table};
use crate::error::{ErrorKind, Result};
use crate::plan::request::PageToken;
use crate::scan::decode::NextKey;
use crate::sources::{Origin, PagingStyle, Part, SqlType};

/// The most requests: the pages that are followed, and those about them.
pub(super) const MAX_REQUESTS: u64 = 9;
/// How many pages are followed to the end, from shortly before it.
const FOLLOWED: usize = 5;

const SUBJECT: &str = "last page";

/// Finds out how the end of the pages shows, by the table's style. `sample` is the window's first page.
pub(super) async fn probe(probe: &Probe, client: &ProbeClient, sample: &PageSample, range: Option<Range>, findings: &mut Findings) {
    let told = if probe.table.pagination.style.is_keyed() {
        named(probe, client, sample, range, findings).await
    } else {
        counted(probe, client, sample, findings).await
    };
    if let Err(error) = told {
        findings.failed(SUBJECT, &error);
    }
}

/// The bounds of the sample's first ten records by time, so that few pages lead to the end; `None` without a time range.
fn near_end(probe: &Probe, sample: &PageSample, range: Option<Range>) -> Option<(i64, i64)> {
    let range = range?;
    let column = &probe.table.columns[range.column];
    let mut times: Vec<i64> =
        sample.records.iter().filter_map(|record| time_of(record, column, probe.settings.time_zone.as_ref())).collect();
    times.sort_unstable();
    let (first, last) = (*times.first()?, *times.get(9).or(times.last())?);
    Some((first - 2 * range.unit, last + 2 * range.unit))
}

/// Follows pages that name the next one until one does not.
async fn named(probe: &Probe, client: &ProbeClient, sample: &PageSample, range: Option<Range>, findings: &mut Findings) -> Result<()> {
    let style = &probe.table.pagination.style;
    if style.names_address()
        && let Some(address) = sample.next.key()
    {
        judge_address(probe, address, findings);
    }
    if sample.next.key().is_none() && never_named(probe, client, sample, findings).await? {
        return Ok(());
    }
    let bounds = near_end(probe, sample, range).or_else(|| probe.bounds());
    let mut token = PageToken::Start;
    let mut before = PageSample::default();
    for _ in 0..FOLLOWED {
        let page = client.page(bounds, &token, Some(client.size)).await?;
        if begins_like(&page, &before) {
            findings.wrong(SUBJECT, again(probe), None);
            return Ok(());
        }
        before.records.clone_from(&page.records);
        let how = match &page.next {
            NextKey::Null => "is null",
            NextKey::Empty => "is an empty text",
            NextKey::Absent | NextKey::Key(_) => "is not there",
        };
        let Some(next) = page.next.into_key().and_then(|key| PageToken::named(style, key)) else {
            findings.right(SUBJECT, format!("the next page's key {how}"));
            return Ok(());
        };
        if page.records.is_empty() && next == token {
            let bookmark = style.may_bookmark();
            let found = "an empty page names the key just used: a bookmark";
            findings.push(SUBJECT, found, Some(bookmark), if bookmark { None } else { of_table("evidence", "empty_page") });
            return Ok(());
        }
        token = next;
    }
    findings.open(SUBJECT, format!("not reached within {FOLLOWED} pages"));
    Ok(())
}

/// The finding of the address that a page names for the next one.
fn judge_address(probe: &Probe, address: &str, findings: &mut Findings) {
    let place = if probe.table.pagination.style.next_in_link_header() { "the Link header" } else { "the body" };
    let absolute = address.contains("://");
    let elsewhere = absolute && url::Url::parse(address).is_ok_and(|url| url.origin() != probe.settings.base_url.origin());
    if elsewhere {
        findings.wrong("next page", format!("{place} names an address on another host, which is not followed"), None);
    } else {
        findings.right("next page", format!("{place} names {} address", if absolute { "an absolute" } else { "a relative" }));
    }
}

/// Finds out whether pages of a window name no next one even where there is one: asked for with one record less, the page that named
/// none must name it.
async fn never_named(probe: &Probe, client: &ProbeClient, sample: &PageSample, findings: &mut Findings) -> Result<bool> {
    let records = sample.records.len() as u64;
    if records < 2 {
        return Ok(false);
    }
    let smaller = match client.page(probe.bounds(), &PageToken::Start, Some(records.min(client.size) - 1)).await {
        // An API may take only a few sizes.
        Err(error) if error.kind() == ErrorKind::Shape => PageSample { next: sample.next.clone(), ..PageSample::default() },
        smaller => smaller?,
    };
    let (given, place) = (smaller.records.len() as u64, place_of_next(probe));
    if smaller.next.key().is_some() || (records < client.size && given != records - 1) {
        return Ok(false);
    }
    if given < records && given > 0 {
        let found = format!("a page of {given} records has nothing {place}, and there are at least {records}: no page names the next one");
        findings.wrong("next page", found, None);
    } else {
        findings.wrong(
            "next page",
            format!("a full page of {records} records has nothing {place}, and nothing proves that it is the last"),
            None,
        );
    }
    Ok(true)
}

/// Where a page would name the next one.
fn place_of_next(probe: &Probe) -> String {
    let next = probe.table.pagination.style.next_in_body();
    next.map_or_else(|| "in its Link header".to_owned(), |next| format!("at \"{next}\" in its body"))
}

/// Whether two pages have their first records in common, and these records differ from each other.
fn begins_like(page: &PageSample, other: &PageSample) -> bool {
    let (page, other) = (&page.records, &other.records);
    let both = page.len().min(other.len());
    both > 1 && page[..both] == other[..both] && page[0] != page[both - 1]
}

/// The finding of a page that is the first again.
fn again(probe: &Probe) -> String {
    let token = probe.table.pagination.style.token_place();
    let unread = token.map_or_else(String::new, |place| format!(": the API does not read \"{}\"", place.name));
    format!("another page is the first again{unread}")
}

/// Asks counted pages for one behind the last.
async fn counted(probe: &Probe, client: &ProbeClient, sample: &PageSample, findings: &mut Findings) -> Result<()> {
    let pagination = &probe.table.pagination;
    // The page is behind the total, or without a total behind whatever a small window may hold.
    let past = match behind(&pagination.style, sample.total.unwrap_or(50_000), client.page_records) {
        Some(token) => Some(client.page(probe.bounds(), &token, Some(client.size)).await),
        None => None,
    };
    if matches!(&past, Some(Ok(page)) if begins_like(page, sample)) {
        findings.wrong(SUBJECT, again(probe), None);
        return Ok(());
    }
    let past_end = match &past {
        Some(Ok(page)) if page.records.is_empty() => "a page behind the last is empty",
        Some(Ok(_)) => "a page behind the last has records",
        Some(Err(_)) => "a page behind the last is refused",
        None => "a page behind the last cannot be asked for",
    };
    let is_empty = matches!(&past, Some(Ok(page)) if page.records.is_empty());
    let by_empty_page = || if is_empty || past.as_ref().is_some_and(Result::is_ok) { of_table("evidence", "empty_page") } else { None };
    match (&pagination.total, sample.total) {
        (None, _) if is_empty => findings.right(SUBJECT, past_end),
        (None, _) => findings.wrong(SUBJECT, past_end, None),
        (Some(_), None) => findings.wrong(SUBJECT, format!("the response has no total; {past_end}"), by_empty_page()),
        (Some(_), Some(total)) => {
            let more = matches!(&past, Some(Ok(page)) if !page.records.is_empty());
            if more {
                findings.wrong(SUBJECT, format!("the total stops at {total}, and there are more records"), by_empty_page());
            } else if sample.records.len() as u64 > total {
                findings.wrong(SUBJECT, format!("the total is {total}, and one page has more records"), by_empty_page());
            } else {
                findings.right(SUBJECT, format!("the total is {total}; {past_end}"));
            }
        }
    }
    Ok(())
}

/// The first page behind so many `records`, of which a page has `size`; `None` where it cannot be asked for.
fn behind(style: &PagingStyle, records: u64, size: u64) -> Option<PageToken> {
    match style {
        PagingStyle::Number { first, .. } => Some(PageToken::Page(first + records.div_ceil(size.max(1)))),
        PagingStyle::Offset { max, .. } => max.is_none_or(|max| records <= max).then_some(PageToken::Offset(records)),
        // A named page can be asked for only by its name.
        PagingStyle::Cursor { .. } | PagingStyle::NextUrl(_) => None,
    }
}

/// Asks for a parent that does not exist: an empty answer would make a wrong key look like no records.
pub(super) async fn probe_unknown(probe: &Probe, client: &ProbeClient, findings: &mut Findings) {
    let parent = probe.table.columns.iter().enumerate().find(|(_, column)| {
        let in_path = column.filter.as_ref().is_some_and(|filter| filter.place.part == Part::Path);
        in_path && matches!(column.origin, Origin::Request { option: None, required: true })
    });
    let Some((index, column)) = parent else { return };
    let key = if matches!(column.sql_type, SqlType::Int | SqlType::Bigint) { "2147483647" } else { "no-such-key" };
    let name = &probe.names[index];
    let answer = client.page_with(&BTreeMap::from([(index, vec![key.to_owned()])]), probe.bounds(), &PageToken::Start, Some(1)).await;
    let found = match answer {
        Err(error) => format!("an unknown {name} is an error: {}", error.get_detail().unwrap_or_else(|| error.message().to_owned())),
        Ok(page) if page.records.is_empty() => format!("an unknown {name} has no records, and is no error"),
        Ok(_) => format!("an unknown {name} has records of others"),
    };
    findings.open(name, found);
}
