//! TIXNGO: what its endpoints share, and `GET /organizer/report/ticket-status-logs`, which pages by an opaque key.

mod record;
mod ticket;
mod ticket_log;
mod tickets;
pub(crate) mod truth;

use std::ops::Range;

use super::api::{ApiRequest, Dialect, Endpoint, Found, Page, Refusal, Reply};
use super::corrupt::{CORRUPTED_RECORD, Corruptions, check_field, field_override};
use super::edit::Edit;
use super::fault::Fault;
use super::page_key::Key;
use super::requested_range::RequestedRange;
use super::settings::{FilterColumn, Last, LetterCase, Order, Over, Settings};
use super::spread::{mix, mix_text};
use super::wire_time::{DAY, read_ticks, time_json};

use record::{COLUMNS, push_row};
use ticket_log::{TicketLog, TicketSummary};
pub(crate) use tickets::Tickets;

/// The default and the largest page size.
const LIMITS: (u64, u64) = (1_000, 10_000);

/// Words the errors of TIXNGO, whose real form is not published.
#[derive(Debug)]
pub(crate) struct Tixngo;

impl Dialect for Tixngo {
    fn refuse(&self, refusal: &Refusal) -> Reply {
        Reply::new(refusal.status, serde_json::json!({"error": {"code": refusal.code, "message": refusal.message}}))
    }

    fn envelope(&self) -> Reply {
        Reply::new(200, r#"{"error":{"code":"E1042","message":"report is not available"}}"#)
    }

    fn credential(&self, request: &ApiRequest<'_>) -> Option<String> {
        request.header(&request.settings.header).map(str::to_owned)
    }

    fn fail(&self, status: u16, credential: Option<String>) -> Reply {
        let code = format!("E{status}");
        Reply::new(status, serde_json::json!({"error": {"code": code, "message": "failed by order", "received_key": credential}}))
    }
}

/// Refuses a client without the right key.
fn check_key(request: &ApiRequest<'_>) -> Result<(), Refusal> {
    let Settings { scheme, key, header, .. } = request.settings;
    let expected = if scheme.is_empty() { key.clone() } else { format!("{scheme} {key}") };
    if request.header(header) == Some(expected.as_str()) { Ok(()) } else { Err(Refusal::unauthorized("the api key is missing or wrong")) }
}

fn required<'a>(request: &'a ApiRequest<'a>, name: &str) -> Result<&'a str, Refusal> {
    request.one(name).filter(|value| !value.is_empty()).ok_or_else(|| Refusal::bad_request(format!("{name} is required")))
}

/// The mobile application of the request.
fn app<'a>(request: &'a ApiRequest<'a>) -> Result<&'a str, Refusal> {
    let app = required(request, "mobileAppId")?;
    let is_known = request.settings.apps.iter().any(|known| known == app);
    is_known.then_some(app).ok_or_else(|| Refusal::bad_request("mobileAppId is unknown"))
}

/// The status log of all tickets.
#[derive(Debug)]
pub(crate) struct TicketStatusLogs;

impl Endpoint for TicketStatusLogs {
    fn path(&self) -> &'static str {
        "/organizer/report/ticket-status-logs"
    }

    fn dialect(&self) -> &'static dyn Dialect {
        &Tixngo
    }

    fn read<'a>(&self, request: &'a ApiRequest<'a>) -> Result<Found<'a>, Refusal> {
        check_key(request)?;
        let settings = request.settings;
        let app = app(request)?;
        let time = |name| read_ticks(required(request, name)?).ok_or_else(|| Refusal::bad_request(format!("{name} is not a date-time")));
        check_field(settings, COLUMNS)?;
        let range = RequestedRange::new(settings, Some(time("from")?), Some(time("to")?));
        let log = TicketLog::new(settings, app);
        let window = window(&range, &log, settings.filter);
        let marks = mix_text(mix(settings.seed, settings.rows), app);
        let order = settings.order_or(Order::Ascending);
        let (cursor, number) = match request.one("paginationKey").filter(|text| !text.is_empty()) {
            Some(text) => {
                let key = Key::decode(text, marks).ok_or_else(|| Refusal::bad_request("paginationKey is unknown"))?;
                (key.cursor.clamp(window.start, window.end), key.page)
            }
            None if order == Order::Ascending => (window.start, 1),
            None => (window.end, 1),
        };
        Ok(Found::page(LogPage {
            settings,
            order,
            log,
            filters: Filters::new(request, &range),
            range,
            window,
            cursor,
            number,
            limit: limit(request)?,
            marks,
            edit: request.memory.edited(settings, &request.target, "log", number),
        }))
    }
}

fn limit(request: &ApiRequest<'_>) -> Result<u64, Refusal> {
    let settings = request.settings;
    let (default, max) = settings.limits_or(LIMITS.0, LIMITS.1);
    let Some(text) = request.one("limit") else {
        return Ok(default);
    };
    match text.parse::<u64>() {
        Ok(limit) if (1..=max).contains(&limit) => Ok(limit),
        Ok(limit) if limit > max && settings.over == Over::Clamp => Ok(max),
        _ => Err(Refusal::bad_request(format!("limit must be between 1 and {max}"))),
    }
}

/// The rows that can be in the answer. A range on `updatedDate` includes rows that were created up to three days before.
fn window(range: &RequestedRange, log: &TicketLog, column: FilterColumn) -> Range<u64> {
    let late = if column == FilterColumn::Updated { 3 * DAY } else { 0 };
    let start = range.rows(&log.spread, |time| time + late).start;
    start..range.rows(&log.spread, |time| time).end.max(start)
}

/// The value filters of a request; an empty list filters nothing.
#[derive(Debug)]
struct Filters<'a> {
    case: LetterCase,
    actions: Vec<&'a str>,
    from_statuses: Vec<&'a str>,
    to_statuses: Vec<&'a str>,
    from_owner: Option<&'a str>,
    to_owner: Option<&'a str>,
    actor: Option<&'a str>,
    /// The range, if it filters a column that does not order the rows.
    updated: Option<RequestedRange>,
}

impl<'a> Filters<'a> {
    fn new(request: &'a ApiRequest<'a>, range: &RequestedRange) -> Self {
        Self {
            case: request.settings.case,
            actions: request.many("actionNames").collect(),
            from_statuses: request.many("fromStatuses").collect(),
            to_statuses: request.many("toStatuses").collect(),
            from_owner: request.one("fromOwnerId"),
            to_owner: request.one("toOwnerId"),
            actor: request.one("actor"),
            updated: (request.settings.filter == FilterColumn::Updated).then_some(*range),
        }
    }

    fn pass_all(&self) -> bool {
        self.actions.is_empty()
            && self.from_statuses.is_empty()
            && self.to_statuses.is_empty()
            && self.from_owner.is_none()
            && self.to_owner.is_none()
            && self.actor.is_none()
            && self.updated.is_none()
    }

    fn pass(&self, log: &TicketLog, row: u64) -> bool {
        let TicketSummary { action, actor, from_owner, to_owner } = log.summary(row);
        let same = |wanted: &str, value: &str| match self.case {
            LetterCase::Exact => wanted == value,
            LetterCase::Insensitive => wanted.eq_ignore_ascii_case(value),
        };
        let any = |wanted: &[&str], value: Option<&str>| {
            wanted.is_empty() || value.is_some_and(|value| wanted.iter().any(|wanted| same(wanted, value)))
        };
        let owned = |wanted: Option<&str>, owner: Option<u64>| {
            wanted.is_none_or(|wanted| owner.is_some_and(|owner| same(wanted, &format!("sp-{owner:05}"))))
        };
        any(&self.actions, Some(action.name))
            && any(&self.from_statuses, action.from)
            && any(&self.to_statuses, Some(action.to))
            && self.actor.is_none_or(|wanted| same(wanted, actor))
            && owned(self.from_owner, from_owner)
            && owned(self.to_owner, to_owner)
            && self.updated.is_none_or(|range| range.holds(log.updated(row)))
    }
}

/// A page of the log that is found and not yet written.
#[derive(Debug)]
struct LogPage<'a> {
    settings: &'a Settings,
    order: Order,
    log: TicketLog,
    filters: Filters<'a>,
    range: RequestedRange,
    window: Range<u64>,
    cursor: u64,
    number: u32,
    limit: u64,
    marks: u64,
    edit: Option<Edit>,
}

impl LogPage<'_> {
    /// The page's rows, and where the next page begins if there is one.
    fn find(&self) -> (Vec<u64>, Option<u64>) {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let pass_all = self.filters.pass_all();
        let pass = |row: &u64| self.edit != Some(Edit::Delete(*row)) && (pass_all || self.filters.pass(&self.log, *row));
        let mut rows = Vec::new();
        let mut take = |walk: &mut dyn Iterator<Item = u64>| {
            for row in walk {
                if rows.len() == limit {
                    return Some(row);
                }
                rows.push(row);
            }
            None
        };
        let next = if self.order == Order::Ascending {
            take(&mut (self.cursor..self.window.end).filter(pass))
        } else {
            take(&mut (self.window.start..self.cursor).rev().filter(pass)).map(|row| row + 1)
        };
        (rows, next)
    }

    fn key(&self, cursor: u64, page: u32) -> String {
        format!("\"{}\"", Key { cursor, page }.encode(self.marks))
    }

    /// The JSON of `nextPageKey` after the last page; `None` leaves the member out.
    fn last_key(&self, page_is_empty: bool) -> Option<String> {
        let end = if self.order == Order::Ascending { self.window.end } else { self.window.start };
        match self.settings.last {
            Last::Null => Some("null".into()),
            Last::Absent => None,
            Last::Empty => Some("\"\"".into()),
            Last::Bookmark if page_is_empty && self.number > 1 => Some(self.key(self.cursor, self.number)),
            Last::Bookmark => Some(self.key(end, self.number + 1)),
        }
    }

    fn corruptions(&self) -> Corruptions {
        Corruptions {
            far: self.range.far().map(|time| ("createdDate", time_json(time))),
            twice: Some(("ticketId", b"\"tk-duplicate\"".to_vec())),
        }
    }
}

impl Page for LogPage<'_> {
    fn number(&self) -> u32 {
        self.number
    }

    fn identity(&self) -> String {
        // A page without filters, the usual case, has a short key.
        let filters = if self.filters.pass_all() { String::new() } else { format!("{:?}", self.filters) };
        let Self { window, cursor, number, limit, marks, .. } = self;
        format!("log {marks} {window:?} {cursor} {number} {limit} {filters} {:?}", self.edit)
    }

    fn supports(&self, fault: &Fault) -> bool {
        !matches!(fault, Fault::MovedTotal | Fault::Shift | Fault::Edit(Edit::Insert(_) | Edit::Move(..)))
    }

    fn shell(&self) -> (Vec<u8>, Vec<u8>) {
        (b"{\"pagination\":{\"pageSize\":0,\"nextPageKey\":null},\"result\":[".to_vec(), b"]}".to_vec())
    }

    fn write(&self, fault: Option<&Fault>) -> Vec<u8> {
        let (rows, next) = match fault {
            Some(Fault::EmptyMiddle | Fault::EndlessEmpty) => (Vec::new(), Some(self.cursor)),
            _ => self.find(),
        };
        let key = match (fault, next) {
            (Some(Fault::RepeatKey), _) => Some(self.key(self.cursor, self.number)),
            (_, Some(cursor)) => Some(self.key(cursor, self.number + 1)),
            (_, None) => self.last_key(rows.is_empty()),
        };
        let field_override = fault.and_then(|fault| field_override(fault, COLUMNS, self.corruptions()));
        let mut out = Vec::with_capacity(200 + rows.len() * 720);
        out.extend_from_slice(format!("{{\"pagination\":{{\"pageSize\":{}", rows.len()).as_bytes());
        if let Some(key) = key {
            out.extend_from_slice(b",\"nextPageKey\":");
            out.extend_from_slice(key.as_bytes());
        }
        out.push(b'}');
        match fault {
            Some(Fault::NoRecords) => out.push(b'}'),
            Some(Fault::RecordsObject) => out.extend_from_slice(b",\"result\":{}}"),
            _ => {
                out.extend_from_slice(b",\"result\":[");
                let corrupted = CORRUPTED_RECORD.min(rows.len().saturating_sub(1));
                for (place, row) in rows.iter().enumerate() {
                    if place > 0 {
                        out.push(b',');
                    }
                    let field_override = field_override.as_ref().filter(|_| place == corrupted);
                    let mut written = self.log.row(*row);
                    // An edited row has a version of its own.
                    written.version += if self.edit == Some(Edit::Change(*row)) { 1_000 } else { 0 };
                    push_row(&mut out, &written, self.settings, field_override);
                }
                out.extend_from_slice(b"]}");
            }
        }
        out
    }
}
