//! Huawei Cloud's service tickets: what the endpoints share. Business errors have status 200, errors of the gateway another one.

mod case_data;
mod cases;
mod login;
mod messages;
mod operate_logs;
mod texts;
pub(crate) mod truth;

use serde_json::json;

use super::api::{ApiRequest, Dialect, Refusal, Reply};
use super::list::{PageRange, page_size};
use super::memory::TokenStatus;
use super::settings::{Language, Settings, TimeForm, Total, UnknownCase};
use super::wire_time::{local_text, read_zone, read_zoned_ticks, time_json};

use case_data::CaseData;
pub(crate) use cases::Cases;
pub(crate) use login::IamLogin;
pub(crate) use messages::Messages;
pub(crate) use operate_logs::OperateLogs;

/// The default zone of local times, in minutes east of Greenwich: GMT+8.
pub(crate) const ZONE: i64 = 480;
/// The largest offset of a request.
const MAX_OFFSET: u64 = 65_535;
const MAX_LIMIT: u64 = 100;
const DEFAULT_LIMIT: u64 = 10;
/// The only group whose tickets a client may read.
const GROUP: &str = "lab-group";

/// Words the errors of Huawei.
#[derive(Debug)]
pub(crate) struct Huawei;

impl Dialect for Huawei {
    fn refuse(&self, refusal: &Refusal) -> Reply {
        let text = refusal.message.as_str();
        let (code, message, by_gateway) = match refusal.status {
            200 => (refusal.code, text, false),
            401 => ("APIG.0301", text, true),
            404 | 405 => ("APIGW.0101", text, true),
            429 => ("APIG.0308", "The throttling threshold has been reached: policy user over ratelimit,limit:10,time:1 second", true),
            403 => ("OSM.0003", text, false),
            500.. => ("OSM.0004", text, false),
            _ => ("OSM.0001", text, false),
        };
        if by_gateway {
            let body = json!({"error_code": code, "error_msg": message, "request_id": "lab-request"});
            return Reply::new(refusal.status, body).with_header("x-request-id", "lab-request");
        }
        Reply::new(refusal.status, json!({"error_code": code, "error_msg": message}))
    }

    fn envelope(&self) -> Reply {
        self.refuse(&Refusal::new(200, "OSM.01010002", "No operation permission."))
    }

    fn credential(&self, request: &ApiRequest<'_>) -> Option<String> {
        request.header("x-auth-token").map(str::to_owned)
    }
}

/// The parameters that all lists have in common.
#[derive(Debug, Clone, Copy)]
struct RequestParams<'a> {
    settings: &'a Settings,
    page_range: PageRange,
    /// Minutes east of Greenwich.
    zone: i64,
    language: Language,
}

impl<'a> RequestParams<'a> {
    /// Checks the token, and reads the common parameters.
    fn read(request: &'a ApiRequest<'a>) -> Result<Self, Refusal> {
        let refused = |why: &str| Err(Refusal::unauthorized(format!("Incorrect IAM authentication information: {why}")));
        match request.header("x-auth-token").map(|token| request.memory.spend(token, request.settings)) {
            Some(TokenStatus::Valid) => {}
            Some(TokenStatus::Expired) => return refused("token expires, expires_at:2026-01-01T00:00:00.000000Z"),
            Some(TokenStatus::Unknown) => return refused("decrypt token fail"),
            None => return refused("x-auth-token not found"),
        }
        if request.one("group_id").is_some_and(|group| !group.is_empty() && group != GROUP) {
            return Err(Refusal::new(200, "OSM.01010002", "No operation permission."));
        }
        let offset = request.number("offset")?.unwrap_or(0);
        if offset > MAX_OFFSET {
            return Err(Refusal::bad_request(format!("offset must not exceed {MAX_OFFSET}")));
        }
        let limit = page_size(request, "limit", request.number("limit")?, DEFAULT_LIMIT, MAX_LIMIT)?;
        let zone = match request.header("x-time-zone") {
            None => ZONE,
            Some(text) => read_zone(text).ok_or_else(|| Refusal::bad_request("X-Time-Zone is unknown"))?,
        };
        let language = request.header("x-language").and_then(Language::from_tag).unwrap_or(request.settings.language);
        Ok(Self { settings: request.settings, page_range: PageRange::at(offset, limit), zone, language })
    }

    /// The number of the case in the path; `None` for an unknown case without rows.
    fn case(&self, request: &ApiRequest<'_>, data: &CaseData) -> Result<Option<u64>, Refusal> {
        match data.case_number(request.segment(0)) {
            Some(case) => Ok(Some(case)),
            None if self.settings.unknown_case == UnknownCase::Empty => Ok(None),
            None => Err(Refusal::new(200, "OSM.01010001", "Param validation fail.")),
        }
    }

    /// A bound of a range of time, in ticks.
    fn bound(&self, request: &ApiRequest<'_>, name: &str) -> Result<Option<i64>, Refusal> {
        let read = |text| read_zoned_ticks(text, self.zone).ok_or_else(|| Refusal::bad_request(format!("{name} is not a time")));
        request.one(name).map(read).transpose()
    }

    /// A time as JSON, in the form that the settings choose.
    fn time(&self, millis: i64) -> Vec<u8> {
        match self.settings.time_form {
            TimeForm::Rfc3339 => time_json(millis),
            TimeForm::Local => format!("\"{}\"", local_text(millis, self.zone)).into_bytes(),
            TimeForm::Millis => format!("\"{millis}\"").into_bytes(),
        }
    }

    /// The member with the total, if the settings want one.
    fn total(&self, name: &str, total: u64) -> Vec<String> {
        match self.settings.total {
            Total::Absent => Vec::new(),
            Total::Exact => vec![format!("\"{name}\":{total}")],
            Total::Capped => vec![format!("\"{name}\":{}", total.min(MAX_OFFSET))],
        }
    }
}
