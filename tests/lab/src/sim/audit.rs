//! Two invented APIs, for descriptions that users write. Both have the same records and name the URL of the next page: events in the body,
//! with the secret in the query; entries in the `Link` header, with the secret in a header.

mod events;
pub(crate) mod truth;

use serde_json::json;
use url::form_urlencoded;

use super::api::{ApiRequest, Dialect, Endpoint, Found, Refusal, Reply};
use super::corrupt::Corruptions;
use super::json::{Columns, FieldKind, FieldOverride, RecordWriter, push_text, wire_name};
use super::list::{Entry, Frame, List, ListPage, PageFacts, PageRange, Pass, Rows, page_size};
use super::page_key::Key;
use super::requested_range::RequestedRange;
use super::server::OTHER_HOST;
use super::settings::{Last, NextUrl, Nulls, Order, Switch};
use super::target::SECRET;
use super::wire_time::{read_ticks, time_json};

use events::Trail;

/// The default and the largest page size.
const LIMITS: (u64, u64) = (100, 500);
/// The query parameter of a URL of the next page.
const AFTER: &str = "after";

const COLUMNS: Columns = &[
    ("id", FieldKind::Number),
    ("at", FieldKind::Time),
    ("kind", FieldKind::Text),
    ("who", FieldKind::Nested),
    ("who.name", FieldKind::Text),
    ("who.mail", FieldKind::Text),
    ("size", FieldKind::Number),
    ("tags", FieldKind::Object),
];

/// Words the errors of the audit API.
#[derive(Debug)]
struct Audit;

impl Dialect for Audit {
    fn refuse(&self, refusal: &Refusal) -> Reply {
        Reply::new(refusal.status, json!({"error": refusal.message, "code": refusal.code}))
    }

    fn envelope(&self) -> Reply {
        Reply::new(200, json!({"error": "the index is being rebuilt", "code": "REBUILD"}))
    }

    fn credential(&self, request: &ApiRequest<'_>) -> Option<String> {
        request.one(SECRET).or(request.header("x-key")).map(str::to_owned)
    }
}

/// Events: `{"items": […], "links": {"next": "…"}}`.
#[derive(Debug)]
pub(crate) struct Events;

impl Endpoint for Events {
    fn path(&self) -> &'static str {
        "/audit/events"
    }

    fn dialect(&self) -> &'static dyn Dialect {
        &Audit
    }

    fn read<'a>(&self, request: &'a ApiRequest<'a>) -> Result<Found<'a>, Refusal> {
        read(request, request.one(SECRET), "page_size", LinkLocation::InBody)
    }
}

/// Entries: `[…]`, and a `Link` header.
#[derive(Debug)]
pub(crate) struct Entries;

impl Endpoint for Entries {
    fn path(&self) -> &'static str {
        "/audit/entries"
    }

    fn dialect(&self) -> &'static dyn Dialect {
        &Audit
    }

    fn read<'a>(&self, request: &'a ApiRequest<'a>) -> Result<Found<'a>, Refusal> {
        read(request, request.header("x-key"), "per_page", LinkLocation::InHeader)
    }
}

/// Where a response has the URL of the next page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LinkLocation {
    InBody,
    InHeader,
}

fn read<'a>(request: &'a ApiRequest<'a>, key: Option<&str>, size_name: &str, link_location: LinkLocation) -> Result<Found<'a>, Refusal> {
    if key != Some(request.settings.key.as_str()) {
        return Err(Refusal::unauthorized("the key is missing or wrong"));
    }
    let bound = |name: &str| {
        let refused = || Refusal::bad_request(format!("{name} is not a time"));
        request.one(name).map(|text| read_ticks(text).ok_or_else(refused)).transpose()
    };
    let trail = Trail::new(request.settings);
    let range = RequestedRange::new(request.settings, bound("since")?, bound("until")?);
    let limit = page_size(request, size_name, request.number(size_name)?, LIMITS.0, LIMITS.1)?;
    let page_range = match request.one(AFTER) {
        None => PageRange { offset: 0, limit, page: 1 },
        Some(text) => {
            let key = Key::decode(text, trail.marks()).ok_or_else(|| Refusal::bad_request("after is unknown"))?;
            PageRange { offset: key.cursor, limit, page: key.page }
        }
    };
    let kinds: Vec<&str> = request.many("kind").collect();
    let is_ranged = request.one("since").or(request.one("until")).is_some() && request.settings.untimed_in_range == Switch::Off;
    let passes = move |row| (kinds.is_empty() || kinds.contains(&trail.kind(row))) && (!is_ranged || trail.has_time(row));
    let filter = (request.one("kind").is_some() || request.settings.untimed.is_some()).then(|| Box::new(passes) as Pass<'_>);
    let rows = Rows::Range(range.rows(&trail.spread, |time| time), filter, request.settings.order_or(Order::Ascending));
    Ok(Found::page(ListPage::new(request, Records { request, trail, range, link_location }, "audit", rows, page_range)?))
}

struct Records<'a> {
    request: &'a ApiRequest<'a>,
    trail: Trail,
    range: RequestedRange,
    link_location: LinkLocation,
}

impl Records<'_> {
    /// The URL of the page with this key, or of the first page.
    fn url(&self, after: Option<&str>) -> String {
        let ApiRequest { target, parameters, settings, port, .. } = self.request;
        let kept = parameters.iter().filter(|(name, _)| name != SECRET && name != AFTER);
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(kept);
        query.extend_pairs(after.map(|after| (AFTER, after)));
        let query = query.finish();
        let path = if target.settings.is_empty() { target.path.to_owned() } else { format!("/~{}{}", target.settings, target.path) };
        match settings.next {
            NextUrl::Absolute => format!("http://{}{path}?{query}", self.request.header("host").unwrap_or_default()),
            NextUrl::Relative => format!("{path}?{query}"),
            NextUrl::Query => format!("?{query}"),
            NextUrl::OtherHost => format!("http://{OTHER_HOST}:{port}{path}?{query}"),
        }
    }

    /// The URL of the page after this one, if there is one.
    fn next(&self, facts: &PageFacts) -> Option<String> {
        let end = facts.behind.unwrap_or(facts.total);
        let key = |page| Key { cursor: end, page }.encode(self.trail.marks());
        let is_last = facts.behind.is_none();
        let is_bookmark = is_last && self.request.settings.last == Last::Bookmark;
        if facts.repeats || (is_bookmark && facts.count == 0 && facts.page_range.page > 1) {
            return Some(self.url(self.request.one(AFTER)));
        }
        (!is_last || is_bookmark).then(|| self.url(Some(&key(facts.page_range.page + 1))))
    }
}

impl List for Records<'_> {
    fn columns(&self) -> Columns {
        COLUMNS
    }

    fn push(&self, out: &mut Vec<u8>, entry: Entry, field_override: Option<&FieldOverride>) {
        let mut event = self.trail.event(entry.row);
        event.id += entry.fresh.map_or(0, |fresh| (self.trail.rows + fresh).cast_signed());
        let mut tags = vec![b'['];
        for (place, tag) in event.tags.iter().enumerate() {
            if place > 0 {
                tags.push(b',');
            }
            push_text(&mut tags, tag);
        }
        tags.push(b']');
        let name = |column| wire_name(COLUMNS, column);
        let mut record = RecordWriter::new(out, self.request.settings.write_nulls_or(Nulls::Present), field_override);
        record.number(0, name(0), Some(event.id));
        record.time(1, name(1), event.at);
        record.text(2, name(2), Some(event.kind));
        let who = |record: &mut RecordWriter<'_>| {
            record.text(4, name(4), event.who.map(|(name, _)| name));
            record.text(5, name(5), event.who.and_then(|(_, mail)| mail));
        };
        record.nested(3, name(3), event.who.is_some().then_some(&who));
        record.number(6, name(6), event.size);
        record.raw(7, name(7), Some(&tags));
        record.end(name);
    }

    fn frame(&self, facts: &PageFacts) -> Frame {
        if self.link_location == LinkLocation::InHeader {
            return Frame::default();
        }
        let links = match (self.next(facts), self.request.settings.last) {
            (Some(url), _) => json!({"next": url}),
            (None, Last::Absent) => json!({}),
            (None, Last::Empty) => json!({"next": ""}),
            (None, _) => json!({"next": null}),
        };
        Frame { before: Vec::new(), records: Some("items"), after: vec![format!("\"links\":{links}")] }
    }

    fn headers(&self, facts: &PageFacts) -> Vec<(&'static str, String)> {
        if self.link_location == LinkLocation::InBody {
            return Vec::new();
        }
        // Another relation precedes `next`, as in most such headers.
        let first = format!("<{}>; rel=\"first\"", self.url(None));
        let next = self.next(facts).map(|url| format!(", <{url}>; rel=\"next\"")).unwrap_or_default();
        vec![("link", first + &next)]
    }

    fn corruptions(&self) -> Corruptions {
        Corruptions { far: self.range.far().map(|time| ("at", time_json(time))), twice: Some(("id", b"0".to_vec())) }
    }

    fn shifts(&self) -> bool {
        false
    }

    fn names_next(&self) -> bool {
        true
    }
}
