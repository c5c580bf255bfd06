//! TIXNGO's `GET /organizer/report/ticket-status-logs`: reads a request, pages by an opaque key.

mod page_key;
mod record;
mod ticket_log;
pub(crate) mod truth;

use std::ops::Range;

use super::api::{Ask, Endpoint, Page, Refusal};
use super::fault::Fault;
use super::json::Twist;
use super::settings::{Bounds, Case, FilterColumn, Granularity, Last, Order, Over, Settings};
use super::spread::{mix, mix_text};
use super::wire_time::{DAY, push_time, read_micros};

use page_key::Key;
use record::{COLUMNS, Kind, push_row};
use ticket_log::{Brief, TicketLog};

/// A page's record that content faults spoil: the third, so that good ones stand around it.
const SPOILED_RECORD: usize = 2;

/// The status log of all tickets.
#[derive(Debug)]
pub(crate) struct TicketStatusLogs;

impl Endpoint for TicketStatusLogs {
    fn path(&self) -> &'static str {
        "/organizer/report/ticket-status-logs"
    }

    fn read<'a>(&self, ask: &'a Ask<'a>) -> Result<Box<dyn Page + 'a>, Refusal> {
        ask.check_key()?;
        let settings = ask.settings;
        let required =
            |name| ask.one(name).filter(|value| !value.is_empty()).ok_or_else(|| Refusal::bad_request(format!("{name} is required")));
        let time = |name| read_micros(required(name)?).ok_or_else(|| Refusal::bad_request(format!("{name} is not a date-time")));
        let app = required("mobileAppId")?;
        if !settings.apps.iter().any(|known| known == app) {
            return Err(Refusal::bad_request("mobileAppId is unknown"));
        }
        if let Some(field) = settings.fault.as_ref().and_then(Fault::field)
            && column(field).is_none()
        {
            return Err(Refusal::bad_request(format!("setting fault: no field is called {field:?}")));
        }
        let range = AskedRange::new(settings, time("from")?, time("to")?);
        let log = TicketLog::new(settings, app);
        let window = range.rows(&log);
        let marks = mix_text(mix(settings.seed, settings.rows), app);
        let (cursor, number) = match ask.one("paginationKey").filter(|text| !text.is_empty()) {
            Some(text) => {
                let key = Key::decode(text, marks).ok_or_else(|| Refusal::bad_request("paginationKey is unknown"))?;
                (key.cursor.clamp(window.start, window.end), key.page)
            }
            None if settings.order == Order::Ascending => (window.start, 1),
            None => (window.end, 1),
        };
        Ok(Box::new(LogPage {
            settings,
            log,
            filters: Filters::new(ask, &range),
            range,
            window,
            cursor,
            number,
            limit: limit(ask)?,
            marks,
        }))
    }
}

fn column(field: &str) -> Option<usize> {
    COLUMNS.iter().position(|(name, _)| name.eq_ignore_ascii_case(field))
}

fn limit(ask: &Ask<'_>) -> Result<u64, Refusal> {
    let settings = ask.settings;
    let Some(text) = ask.one("limit") else {
        return Ok(settings.default_limit);
    };
    match text.parse::<u64>() {
        Ok(limit) if (1..=settings.max_limit).contains(&limit) => Ok(limit),
        Ok(limit) if limit > settings.max_limit && settings.over == Over::Clamp => Ok(settings.max_limit),
        _ => Err(Refusal::bad_request(format!("limit must be between 1 and {}", settings.max_limit))),
    }
}

/// The asked range of time, widened to the settings' unit, in microseconds.
#[derive(Debug, Clone, Copy)]
struct AskedRange {
    from: i64,
    to: i64,
    bounds: Bounds,
    column: FilterColumn,
}

impl AskedRange {
    fn new(settings: &Settings, from: i64, to: i64) -> Self {
        let unit = match settings.granularity {
            Granularity::Millisecond => 1_000,
            Granularity::Second => 1_000_000,
            Granularity::Day => DAY * 1_000,
        };
        Self { from: from.div_euclid(unit) * unit, to: -(-to).div_euclid(unit) * unit, bounds: settings.bounds, column: settings.filter }
    }

    fn begun(&self, millis: i64) -> bool {
        match self.bounds {
            Bounds::Inclusive | Bounds::HalfOpen => millis * 1000 >= self.from,
            Bounds::Exclusive => millis * 1000 > self.from,
        }
    }

    fn ended(&self, millis: i64) -> bool {
        match self.bounds {
            Bounds::Inclusive => millis * 1000 > self.to,
            Bounds::Exclusive | Bounds::HalfOpen => millis * 1000 >= self.to,
        }
    }

    /// The rows among which the answer lies: all of the answer, unless the range filters `updatedDate`.
    fn rows(&self, log: &TicketLog) -> Range<u64> {
        let late = if self.column == FilterColumn::Updated { 3 * DAY } else { 0 };
        let start = log.spread.first_where(|time| self.begun(time + late));
        let end = log.spread.first_where(|time| self.ended(time));
        start..end.max(start)
    }
}

/// The value filters of a request; an empty list filters nothing.
#[derive(Debug)]
struct Filters<'a> {
    case: Case,
    actions: Vec<&'a str>,
    from_statuses: Vec<&'a str>,
    to_statuses: Vec<&'a str>,
    from_owner: Option<&'a str>,
    to_owner: Option<&'a str>,
    actor: Option<&'a str>,
    /// Set when the range filters a column that does not order the rows.
    updated: Option<AskedRange>,
}

impl<'a> Filters<'a> {
    fn new(ask: &'a Ask<'a>, range: &AskedRange) -> Self {
        Self {
            case: ask.settings.case,
            actions: ask.many("actionNames").collect(),
            from_statuses: ask.many("fromStatuses").collect(),
            to_statuses: ask.many("toStatuses").collect(),
            from_owner: ask.one("fromOwnerId"),
            to_owner: ask.one("toOwnerId"),
            actor: ask.one("actor"),
            updated: (range.column == FilterColumn::Updated).then_some(*range),
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
        let Brief { action, actor, from_owner, to_owner } = log.brief(row);
        let same = |wanted: &str, value: &str| match self.case {
            Case::Exact => wanted == value,
            Case::Insensitive => wanted.eq_ignore_ascii_case(value),
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
            && self.updated.is_none_or(|range| {
                let updated = log.updated(row);
                range.begun(updated) && !range.ended(updated)
            })
    }
}

/// A page of the log, found and not yet written.
#[derive(Debug)]
struct LogPage<'a> {
    settings: &'a Settings,
    log: TicketLog,
    filters: Filters<'a>,
    range: AskedRange,
    window: Range<u64>,
    cursor: u64,
    number: u32,
    limit: u64,
    marks: u64,
}

impl LogPage<'_> {
    /// The page's rows, and where the next page begins if there is one.
    fn find(&self) -> (Vec<u64>, Option<u64>) {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let pass_all = self.filters.pass_all();
        let pass = |row: &u64| pass_all || self.filters.pass(&self.log, *row);
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
        let next = if self.settings.order == Order::Ascending {
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
        let end = if self.settings.order == Order::Ascending { self.window.end } else { self.window.start };
        match self.settings.last {
            Last::Null => Some("null".into()),
            Last::Absent => None,
            Last::Empty => Some("\"\"".into()),
            Last::Bookmark if page_is_empty && self.number > 1 => Some(self.key(self.cursor, self.number)),
            Last::Bookmark => Some(self.key(end, self.number + 1)),
        }
    }

    /// What a fault puts into the spoiled record.
    fn twist(&self, fault: &Fault) -> Option<Twist> {
        let mut again = false;
        let (field, value) = match fault {
            Fault::WrongType(field) => match COLUMNS[column(field)?].1 {
                Kind::Time | Kind::Flag => (field.as_str(), b"\"not-a-value\"".to_vec()),
                Kind::Text | Kind::Object => (field.as_str(), b"{\"unexpected\":[1,2]}".to_vec()),
            },
            Fault::Nul(field) => (field.as_str(), b"\"before\\u0000after\"".to_vec()),
            Fault::Surrogate(field) => (field.as_str(), b"\"before\\ud800after\"".to_vec()),
            Fault::Huge(field, bytes) => (field.as_str(), [&b"\""[..], &b"x".repeat(*bytes), b"\""].concat()),
            Fault::FarRow => {
                let mut text = vec![b'"'];
                push_time(&mut text, self.range.to.div_euclid(1000) + 40 * DAY);
                text.push(b'"');
                ("createdDate", text)
            }
            Fault::DupFields => {
                again = true;
                ("ticketId", b"\"tk-duplicate\"".to_vec())
            }
            _ => return None,
        };
        Some(Twist { column: column(field)?, value, again })
    }
}

impl Page for LogPage<'_> {
    fn number(&self) -> u32 {
        self.number
    }

    fn identity(&self) -> String {
        // The filters as asked, not as understood: an unfiltered page, the usual case, keeps a short key.
        let filters = if self.filters.pass_all() { String::new() } else { format!("{:?}", self.filters) };
        let Self { window, cursor, number, limit, marks, .. } = self;
        format!("log {marks} {window:?} {cursor} {number} {limit} {filters}")
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
        let twist = fault.and_then(|fault| self.twist(fault));
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
                let spoiled = SPOILED_RECORD.min(rows.len().saturating_sub(1));
                for (place, row) in rows.iter().enumerate() {
                    if place > 0 {
                        out.push(b',');
                    }
                    let twist = twist.as_ref().filter(|_| place == spoiled);
                    push_row(&mut out, &self.log.row(*row), self.settings, twist);
                }
                out.extend_from_slice(b"]}");
            }
        }
        out
    }
}
