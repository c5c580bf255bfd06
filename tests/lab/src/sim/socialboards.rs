//! Socialboards: what its endpoints share. Everything is read by POST, and every body has an `errorCode`, which is −1 without an error.

mod board;
mod stamp;
mod ticket_log;
mod tickets;
mod token;
pub(crate) mod truth;

use serde_json::json;

use super::api::{ApiRequest, Dialect, Refusal, Reply};
use super::json::RecordWriter;
use super::list::Frame;
use super::memory::TokenStatus;

use board::User;
pub(crate) use ticket_log::BoardTicketLog;
pub(crate) use tickets::BoardTickets;
pub(crate) use token::Tokens;

const DEFAULT_TAKE: u64 = 25;
const MAX_TAKE: u64 = 50;

/// Words the errors of Socialboards.
#[derive(Debug)]
pub(crate) struct Socialboards;

impl Dialect for Socialboards {
    fn refuse(&self, refusal: &Refusal) -> Reply {
        if refusal.status == 401 {
            let body = json!({"message": "Authorization has been denied for this request."});
            return Reply::new(401, body).with_header("www-authenticate", "Bearer");
        }
        let code = refusal.code.parse().unwrap_or(refusal.status);
        Reply::new(refusal.status, json!({"data": null, "errorCode": code, "errorText": refusal.message}))
    }

    fn envelope(&self) -> Reply {
        self.refuse(&Refusal::new(200, "17", "The community is being moved."))
    }

    fn credential(&self, request: &ApiRequest<'_>) -> Option<String> {
        request.bearer().map(str::to_owned)
    }
}

/// Refuses a client without a valid access token.
fn check_token(request: &ApiRequest<'_>) -> Result<(), Refusal> {
    match request.bearer().map(|token| request.memory.spend(token, request.settings)) {
        Some(TokenStatus::Valid) => Ok(()),
        _ => Err(Refusal::unauthorized("denied")),
    }
}

/// The frame of every list, which has no total.
fn frame() -> Frame {
    Frame { before: Vec::new(), records: Some("data"), after: vec!["\"errorCode\":-1".into(), "\"errorText\":null".into()] }
}

/// Writes the members of a user. `first_column` is the column of `customIdentifier`; a user inside of another column has no such member.
fn push_user(record: &mut RecordWriter<'_>, user: User, first_column: Option<usize>) {
    let column = |place: usize| first_column.map_or(usize::MAX, |first| first + place);
    if first_column.is_some() {
        record.plain(column(0), "customIdentifier", user.custom_identifier().as_deref());
    }
    record.plain(column(1), "email", user.email().as_deref());
    record.plain(column(2), "id", Some(&user.id()));
    record.plain(column(3), "image", user.image().as_deref());
    record.flag(column(4), "isBot", Some(user.is_bot()));
    record.text(column(5), "name", Some(user.name()));
    record.plain(column(6), "status", Some(user.status()));
}
