//! Viviot's `GET /actionlogs`, a ServiceStack service: parameter names are case-insensitive, times are milliseconds, ids have no dashes,
//! and nulls are left out.

pub(crate) mod action_log;
mod login;
pub(crate) mod truth;

use serde_json::json;

use super::api::{ApiRequest, Dialect, Endpoint, Found, Refusal, Reply};
use super::corrupt::Corruptions;
use super::json::{Columns, FieldKind, FieldOverride, RecordWriter, push_text, wire_name};
use super::list::{Entry, Frame, List, ListPage, PageFacts, PageRange, Pass, Rows, page_size};
use super::memory::TokenStatus;
use super::requested_range::RequestedRange;
use super::settings::{Nulls, Order, PastEnd, Settings, Switch, Total};
use super::wire_time::{read_ticks, read_zoned_ticks};

use action_log::{Action, ActionLog, task_id, task_list_id, thing_id};
pub(crate) use login::Login;

const MAX_ITEMS: u64 = 1000;
/// Lifetime of the login's token, in seconds.
const TOKEN_LIFE: u64 = 3600;
/// The server's zone for a time without one, in minutes east of Greenwich. It is not UTC, so that a client's mistake shows.
const SERVER_ZONE: i64 = 60;
/// The largest capped total.
const CAP: u64 = 10_000;

const COLUMNS: Columns = &[
    ("id", FieldKind::Text),
    ("timestamp", FieldKind::Number),
    ("actionInitiator", FieldKind::Text),
    ("action", FieldKind::Nested),
    ("actionTargetThing", FieldKind::Text),
    ("actionTargetUser", FieldKind::Text),
    ("organizationId", FieldKind::Text),
    ("actionTargetTask", FieldKind::Text),
    ("actionTargetTaskList", FieldKind::Text),
    ("information", FieldKind::Text),
];

/// Words the errors of Viviot.
#[derive(Debug)]
pub(crate) struct Viviot;

impl Dialect for Viviot {
    fn refuse(&self, refusal: &Refusal) -> Reply {
        let code = match refusal.status {
            400 => "ArgumentException",
            401 => "Unauthorized",
            403 => "Forbidden",
            404 => "NotFound",
            429 => "TooManyRequests",
            _ => "Exception",
        };
        let reply = Reply::new(refusal.status, json!({"responseStatus": {"errorCode": code, "message": refusal.message, "errors": []}}));
        match refusal.status {
            401 => reply.with_header("www-authenticate", "credentials realm=\"/auth/credentials\""),
            _ => reply,
        }
    }

    fn envelope(&self) -> Reply {
        let status = json!({"errorCode": "SqlException", "message": "Timeout expired."});
        Reply::new(200, json!({"data": [], "totalAvailableItems": 0, "totalPages": 0, "responseStatus": status}))
    }

    fn credential(&self, request: &ApiRequest<'_>) -> Option<String> {
        request.bearer().map(str::to_owned)
    }
}

/// The log of all actions.
#[derive(Debug)]
pub(crate) struct ActionLogs;

impl Endpoint for ActionLogs {
    fn path(&self) -> &'static str {
        "/actionlogs"
    }

    fn dialect(&self) -> &'static dyn Dialect {
        &Viviot
    }

    fn read<'a>(&self, request: &'a ApiRequest<'a>) -> Result<Found<'a>, Refusal> {
        check_access(request)?;
        let required = |name| number(request, name)?.ok_or_else(|| Refusal::bad_request(format!("'{name}' must not be empty.")));
        let page = required("Page")?;
        if page == 0 {
            return Err(Refusal::bad_request("'Page' must be greater than 0."));
        }
        let size = page_size(request, "ItemsPerPage", Some(required("ItemsPerPage")?), MAX_ITEMS, MAX_ITEMS)?;
        let range = RequestedRange::new(request.settings, bound(request, "From")?, bound(request, "To")?);
        let log = ActionLog::new(request.settings);
        let (start, end) = (log.first_where(|time| range.begun(time)), log.first_where(|time| range.ended(time)));
        let rows = Rows::Range(start..end.max(start), filter(request, log)?, request.settings.order_or(Order::Descending));
        let found =
            ListPage::new(request, Actions { settings: request.settings, log, range }, "actionlogs", rows, PageRange::page(page, size))?;
        if request.settings.past_end == PastEnd::Error && page > 1 && (page - 1).saturating_mul(size) >= found.total() {
            return Err(Refusal::bad_request("'Page' lies behind the last one."));
        }
        Ok(Found::page(found))
    }
}

/// Refuses a client without a valid token, key or session, or without a role that may read.
fn check_access(request: &ApiRequest<'_>) -> Result<(), Refusal> {
    let cookies = request.header("cookie").into_iter().flat_map(|text| text.split(';'));
    let session = cookies.filter_map(|cookie| cookie.trim().strip_prefix("ss-id=")).next();
    let standing = match (request.bearer(), session) {
        (Some(key), _) if key == request.settings.key => TokenStatus::Valid,
        (Some(token), _) | (None, Some(token)) => request.memory.spend(token, request.settings),
        (None, None) => TokenStatus::Unknown,
    };
    match standing {
        TokenStatus::Valid if request.settings.role == Switch::Off => Err(Refusal::new(403, "FORBIDDEN", "Invalid Role")),
        TokenStatus::Valid => Ok(()),
        TokenStatus::Expired => Err(Refusal::unauthorized("Token has expired")),
        TokenStatus::Unknown => Err(Refusal::unauthorized("Not Authenticated")),
    }
}

/// A parameter's value; the name is case-insensitive.
fn one<'a>(request: &'a ApiRequest<'a>, name: &str) -> Option<&'a str> {
    let same = |(key, value): &'a (String, String)| key.eq_ignore_ascii_case(name).then_some(value.as_str());
    request.parameters.iter().rev().find_map(same)
}

fn number(request: &ApiRequest<'_>, name: &str) -> Result<Option<u64>, Refusal> {
    let read = |text: &str| text.parse().map_err(|_| Refusal::bad_request(format!("Unable to bind to request, '{name}' is no number")));
    one(request, name).map(read).transpose()
}

/// A bound of a range of time, in ticks. A bare date is taken as UTC.
fn bound(request: &ApiRequest<'_>, name: &str) -> Result<Option<i64>, Refusal> {
    let read = |text: &str| {
        let ticks = read_ticks(text).or_else(|| read_zoned_ticks(text, SERVER_ZONE));
        ticks.ok_or_else(|| Refusal::bad_request(format!("Unable to bind to request, '{name}' is no date")))
    };
    one(request, name).map(read).transpose()
}

/// The value filters of a request, if there are any.
fn filter<'a>(request: &'a ApiRequest<'a>, log: ActionLog) -> Result<Option<Pass<'a>>, Refusal> {
    type Get = fn(&Action) -> Option<u64>;
    type GetText = fn(&Action) -> Option<String>;
    let numbers: [(&str, Get); 5] = [
        ("UserId", |action| action.user),
        ("BusinessUserId", |action| action.business_user),
        ("Action", |action| Some(action.code.unsigned_abs())),
        ("TargetUserId", |action| action.target_user),
        ("TargetBusinessUserId", |action| action.target_business_user),
    ];
    let texts: [(&str, GetText); 3] = [
        ("TargetThingId", |action| action.thing.map(thing_id)),
        ("TargetTaskId", |action| action.task.map(task_id)),
        ("TargetTaskListId", |action| action.task_list.map(task_list_id)),
    ];
    let mut wanted_numbers = Vec::new();
    for (name, get) in numbers {
        if let Some(wanted) = number(request, name)? {
            wanted_numbers.push((wanted, get));
        }
    }
    let wanted_texts: Vec<_> = texts.into_iter().filter_map(|(name, get)| Some((one(request, name)?, get))).collect();
    if wanted_numbers.is_empty() && wanted_texts.is_empty() {
        return Ok(None);
    }
    Ok(Some(Box::new(move |row| {
        let action = log.action(row);
        wanted_numbers.iter().all(|(wanted, get)| get(&action) == Some(*wanted))
            && wanted_texts.iter().all(|(wanted, get)| get(&action).as_deref() == Some(wanted))
    })))
}

struct Actions<'a> {
    settings: &'a Settings,
    log: ActionLog,
    range: RequestedRange,
}

impl List for Actions<'_> {
    fn columns(&self) -> Columns {
        COLUMNS
    }

    fn push(&self, out: &mut Vec<u8>, entry: Entry, field_override: Option<&FieldOverride>) {
        let action = self.log.action(entry.row);
        // A row that appears later looks like an earlier one, but has an id of its own.
        let id = self.log.id(entry.fresh.map_or(entry.row, |fresh| self.log.rows + fresh));
        let mut code_and_name = format!("{{\"{}\":", action.code).into_bytes();
        push_text(&mut code_and_name, action.name);
        code_and_name.push(b'}');
        let name = |column| wire_name(COLUMNS, column);
        let mut record = RecordWriter::new(out, self.settings.write_nulls_or(Nulls::Absent), field_override);
        record.plain(0, name(0), Some(&guid(id)));
        record.number(1, name(1), Some(action.time));
        record.text(2, name(2), Some(action.initiator()));
        record.raw(3, name(3), Some(&code_and_name));
        record.text(4, name(4), action.thing_name());
        record.text(5, name(5), action.target_user_name());
        record.plain(6, name(6), action.organization_id().map(guid).as_deref());
        record.text(7, name(7), action.task_name());
        record.text(8, name(8), action.task_list_name().as_deref());
        record.text(9, name(9), action.information);
        record.end(name);
    }

    fn frame(&self, facts: &PageFacts) -> Frame {
        let total = match self.settings.total {
            Total::Exact => facts.total,
            Total::Capped => facts.total.min(CAP),
            Total::Absent => return Frame { records: Some("data"), ..Frame::default() },
        };
        // The API declares a decimal, so the number of pages may have a fraction.
        let pages = total as f64 / facts.page_range.limit as f64;
        let after = vec![format!("\"totalAvailableItems\":{total}"), format!("\"totalPages\":{pages}")];
        Frame { before: Vec::new(), records: Some("data"), after }
    }

    fn corruptions(&self) -> Corruptions {
        let far = self.range.far().map(|time| ("timestamp", time.to_string().into_bytes()));
        Corruptions { far, twice: Some(("id", b"\"00000000000000000000000000000000\"".to_vec())) }
    }
}

/// .NET's format "N".
fn guid(id: [u64; 2]) -> String {
    format!("{:016x}{:016x}", id[0], id[1])
}
