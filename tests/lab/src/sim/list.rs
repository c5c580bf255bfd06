//! A page of a list: selects the rows of a request, counts them, takes those of the page, and writes them into the API's frame.

use std::fmt;
use std::ops::Range;
use std::sync::OnceLock;

use hyper::header::HOST;

use super::api::{ApiRequest, Page, Refusal};
use super::corrupt::{CORRUPTED_RECORD, Corruptions, check_field, field_override};
use super::edit::Edit;
use super::fault::Fault;
use super::json::{Columns, FieldOverride};
use super::settings::{Order, Over};

/// Flag in the begin of a page: the inserted row at this place belongs to the page before.
const BEHIND: u64 = 1 << 63;
/// The number of a row that an edit has added, among the rows that appeared later.
const EDITED: u64 = 7;

/// Decides whether a row belongs to the answer.
pub(crate) type Pass<'a> = Box<dyn Fn(u64) -> bool + Send + Sync + 'a>;

/// The rows that a request selects.
pub(crate) enum Rows<'a> {
    /// The rows of a range of numbers that pass a filter.
    Range(Range<u64>, Option<Pass<'a>>, Order),
    /// Rows that are filtered and sorted already.
    Sorted(Vec<u64>),
}

/// The part of the rows that a page contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PageRange {
    pub(crate) offset: u64,
    pub(crate) limit: u64,
    /// The page's number in its chain, from 1.
    pub(crate) page: u32,
}

impl PageRange {
    /// A page by offset. Its number is rounded up, so that it is right for pages that overlap by a row, and behind a smaller first page.
    pub(crate) fn at(offset: u64, limit: u64) -> Self {
        Self { offset, limit, page: u32::try_from(offset.div_ceil(limit)).unwrap_or(u32::MAX).saturating_add(1) }
    }

    /// A page by number, from 1.
    pub(crate) fn page(page: u64, limit: u64) -> Self {
        Self { offset: (page - 1).saturating_mul(limit), limit, page: u32::try_from(page).unwrap_or(u32::MAX) }
    }
}

/// The requested page size, or the default. The settings decide what happens to one that is too large.
pub(crate) fn page_size(request: &ApiRequest<'_>, name: &str, requested: Option<u64>, default: u64, max: u64) -> Result<u64, Refusal> {
    let (default, max) = request.settings.limits_or(default, max);
    match requested {
        None => Ok(default),
        Some(size) if (1..=max).contains(&size) => Ok(size),
        Some(size) if size > max && request.settings.over == Over::Clamp => Ok(max),
        Some(_) => Err(Refusal::bad_request(format!("{name} must be between 1 and {max}"))),
    }
}

/// A record of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) row: u64,
    /// Set for a row that appeared while pages were read: its number among those. The row is a copy of `row`, the first of the list, so
    /// that it passes every filter, but has an identity of its own.
    pub(crate) fresh: Option<u64>,
}

/// What a frame can say about its page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PageFacts {
    pub(crate) page_range: PageRange,
    pub(crate) total: u64,
    /// Records of this page.
    pub(crate) count: u64,
    /// Where the next page begins, if there is one. Later edits of the list do not change it.
    pub(crate) behind: Option<u64>,
    /// Whether the page names itself as the next one.
    pub(crate) repeats: bool,
}

/// The JSON around the records: members as `"name":value`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Frame {
    pub(crate) before: Vec<String>,
    /// The member with the records; `None` if the body is the array itself.
    pub(crate) records: Option<&'static str>,
    pub(crate) after: Vec<String>,
}

/// How an API writes the rows of a page.
pub(crate) trait List: Send + Sync {
    fn columns(&self) -> Columns;

    fn push(&self, out: &mut Vec<u8>, entry: Entry, field_override: Option<&FieldOverride>);

    fn frame(&self, facts: &PageFacts) -> Frame;

    fn headers(&self, _given: &PageFacts) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    fn corruptions(&self) -> Corruptions;

    /// Whether rows may appear at the front.
    fn shifts(&self) -> bool {
        true
    }

    fn has_total(&self) -> bool {
        true
    }

    /// Whether a page names the next one, by a key or a URL.
    fn names_next(&self) -> bool {
        false
    }
}

/// A page of a list that is found and not yet written.
pub(crate) struct ListPage<'a, L> {
    request: &'a ApiRequest<'a>,
    list: L,
    rows: Rows<'a>,
    page_range: PageRange,
    arrived: u64,
    edit: Option<Edit>,
    found: OnceLock<PageContents>,
}

/// The contents of a page.
#[derive(Debug, Default)]
struct PageContents {
    entries: Vec<Entry>,
    total: u64,
    behind: Option<u64>,
}

impl<L> fmt::Debug for ListPage<'_, L> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("ListPage").field("page_range", &self.page_range).field("arrived", &self.arrived).finish_non_exhaustive()
    }
}

impl<'a, L: List> ListPage<'a, L> {
    /// `chain` identifies the list, by its endpoint and its parent: rows appear in each list on their own.
    pub(crate) fn new(request: &'a ApiRequest<'a>, list: L, chain: &str, rows: Rows<'a>, page_range: PageRange) -> Result<Self, Refusal> {
        check_field(request.settings, list.columns())?;
        let arrived = if list.shifts() { request.memory.arrived(request.settings, &request.target, chain, page_range.page) } else { 0 };
        let edit = request.memory.edited(request.settings, &request.target, chain, page_range.page);
        Ok(Self { request, list, rows, page_range, arrived, edit, found: OnceLock::new() })
    }

    /// The rows of all pages together.
    pub(crate) fn total(&self) -> u64 {
        self.found().total
    }

    fn found(&self) -> &PageContents {
        self.found.get_or_init(|| self.find())
    }

    /// Finds the page's records, and counts those of all pages.
    fn find(&self) -> PageContents {
        match &self.rows {
            Rows::Range(range, None, Order::Ascending) => self.contents_of(range.end - range.start, |place| range.start + place),
            Rows::Range(range, None, Order::Descending) => self.contents_of(range.end - range.start, |place| range.end - 1 - place),
            Rows::Range(range, Some(pass), order) => {
                let mut rows: Vec<u64> = range.clone().filter(|row| pass(*row)).collect();
                if *order == Order::Descending {
                    rows.reverse();
                }
                self.contents_of_all(&rows)
            }
            Rows::Sorted(rows) => self.contents_of_all(rows),
        }
    }

    fn contents_of_all(&self, rows: &[u64]) -> PageContents {
        self.contents_of(rows.len() as u64, |place| {
            usize::try_from(place).ok().and_then(|place| rows.get(place)).copied().unwrap_or_default()
        })
    }

    fn contents_of(&self, count: u64, row_at: impl Fn(u64) -> u64) -> PageContents {
        if count == 0 {
            return PageContents::default();
        }
        let edit = self.edit.and_then(|edit| edit.placed(count, &row_at));
        let (arrived, total) = (self.arrived, edit.map_or(count, |edit| edit.count(count)) + self.arrived);
        // The place of a row before the edit, and whether the edit has added the row.
        let origin = |place: u64| edit.map_or((place, false), |edit| edit.origin(place));
        let begin = match edit {
            Some(edit) if self.list.names_next() => {
                let behind = |place: &u64| {
                    let (at, new) = edit.origin(*place);
                    (at, !new) >= (self.page_range.offset & !BEHIND, self.page_range.offset & BEHIND > 0)
                };
                (0..total).find(behind).unwrap_or(total)
            }
            _ => self.page_range.offset,
        };
        let end = begin.saturating_add(self.page_range.limit).min(total);
        let entry = |place: u64| match place.checked_sub(arrived) {
            Some(place) => {
                let (at, new) = origin(place);
                Entry { row: row_at(at), fresh: new.then_some(EDITED) }
            }
            None => Entry { row: row_at(0), fresh: Some(arrived - 1 - place) },
        };
        let behind = (end < total).then(|| match origin(end) {
            (at, false) if matches!(edit, Some(Edit::Insert(inserted)) if inserted == at) => at | BEHIND,
            (at, _) => at,
        });
        PageContents { entries: (begin..end).map(entry).collect(), total, behind }
    }

    fn facts(&self, count: usize, fault: Option<&Fault>) -> PageFacts {
        // The rows of a page that a fault has emptied are still to come.
        let behind = if count == 0 && self.page_range.offset < self.total() { Some(self.page_range.offset) } else { self.found().behind };
        PageFacts {
            page_range: self.page_range,
            total: self.total(),
            count: count as u64,
            behind,
            repeats: fault == Some(&Fault::RepeatKey),
        }
    }

    fn entries(&self, fault: Option<&Fault>) -> &[Entry] {
        match fault {
            Some(Fault::EmptyMiddle | Fault::EndlessEmpty) => &[],
            _ => &self.found().entries,
        }
    }

    fn around(&self, frame: &Frame) -> (Vec<u8>, Vec<u8>) {
        let Some(name) = frame.records else {
            return (b"[".to_vec(), b"]".to_vec());
        };
        let before: String = frame.before.iter().flat_map(|member| [member, ","]).collect();
        let after: String = frame.after.iter().flat_map(|member| [",", member]).collect();
        (format!("{{{before}\"{name}\":[").into_bytes(), format!("]{after}}}").into_bytes())
    }
}

impl<L: List> Page for ListPage<'_, L> {
    fn number(&self) -> u32 {
        self.page_range.page
    }

    fn identity(&self) -> String {
        let ApiRequest { target, segments, body, .. } = self.request;
        // URLs of the next page contain all settings, also those that do not change records.
        let settings = if self.list.names_next() { target.settings } else { "" };
        // The host is part of URLs of the next page; the other two headers decide the form of times and texts.
        let headers = [HOST.as_str(), "x-time-zone", "x-language"].map(|name| self.request.header(name).unwrap_or_default());
        format!("{settings} {} {segments:?} {} {} {headers:?} {} {:?}", target.path, target.query, body.text(), self.arrived, self.edit)
    }

    fn supports(&self, fault: &Fault) -> bool {
        let corruptions = self.list.corruptions();
        match fault {
            Fault::FarRow => corruptions.far.is_some(),
            Fault::DupFields => corruptions.twice.is_some(),
            Fault::RepeatKey => self.list.names_next(),
            Fault::Shift => self.list.shifts(),
            Fault::Edit(Edit::Move(..)) => !self.list.names_next(),
            Fault::MovedTotal => self.list.shifts() && self.list.has_total(),
            _ => true,
        }
    }

    fn headers(&self, fault: Option<&Fault>) -> Vec<(&'static str, String)> {
        self.list.headers(&self.facts(self.entries(fault).len(), fault))
    }

    fn write(&self, fault: Option<&Fault>) -> Vec<u8> {
        let entries = self.entries(fault);
        let frame = self.list.frame(&self.facts(entries.len(), fault));
        match fault {
            Some(Fault::NoRecords) => return format!("{{{}}}", [frame.before, frame.after].concat().join(",")).into_bytes(),
            Some(Fault::RecordsObject) => {
                let members = frame.records.map(|name| format!("\"{name}\":{{}}"));
                let members: Vec<String> = frame.before.into_iter().chain(members).chain(frame.after).collect();
                return format!("{{{}}}", members.join(",")).into_bytes();
            }
            _ => {}
        }
        let field_override = fault.and_then(|fault| field_override(fault, self.list.columns(), self.list.corruptions()));
        let (mut out, after) = self.around(&frame);
        let corrupted = CORRUPTED_RECORD.min(entries.len().saturating_sub(1));
        for (place, entry) in entries.iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            self.list.push(&mut out, *entry, field_override.as_ref().filter(|_| place == corrupted));
        }
        out.extend_from_slice(&after);
        out
    }

    fn shell(&self) -> (Vec<u8>, Vec<u8>) {
        let page_range = PageRange { offset: 0, limit: 1, page: 1 };
        self.around(&self.list.frame(&PageFacts { page_range, total: 0, count: 0, behind: None, repeats: false }))
    }
}
