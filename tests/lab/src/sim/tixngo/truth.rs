//! The log as plain texts, made apart from its JSON: what a client must have read in the end.

use chrono::{DateTime, SecondsFormat, Utc};

use super::record::COLUMNS;
use super::ticket_log::{Row, TicketLog};
use crate::sim::rows::{self as truth, Truth};
use crate::sim::settings::Settings;

/// The ticket status log of one app.
pub(crate) const TICKET_STATUS_LOGS: Truth =
    Truth { table: "tixngo.ticket_status_logs", columns: COLUMNS, request: &["mobileappid"], rows };

/// All rows of an app, in the order of their creation.
fn rows(settings: &Settings, app: &str) -> Box<dyn Iterator<Item = truth::Row>> {
    let (log, app) = (TicketLog::new(settings, app), app.to_owned());
    Box::new((0..settings.rows).map(move |row| {
        let mut fields: truth::Row = fields(&log.row(row)).into();
        fields.push(Some(app.clone()));
        fields
    }))
}

fn fields(row: &Row) -> [Option<String>; 25] {
    let text = |value: &str| Some(value.to_owned());
    let maybe = |value: Option<&str>| value.map(str::to_owned);
    let spectator = |owner: Option<u64>| owner.map(|owner| format!("sp-{owner:05}"));
    let time = |millis: Option<i64>| {
        millis.and_then(DateTime::<Utc>::from_timestamp_millis).map(|time| time.to_rfc3339_opts(SecondsFormat::Millis, true))
    };
    [
        Some(format!("tk-{:08}", row.ticket)),
        Some(row.version.to_string()),
        text(row.actor),
        text(row.action.name),
        maybe(row.action.from),
        text(row.action.to),
        spectator(row.from_owner),
        spectator(row.to_owner),
        spectator(Some(row.spectator)),
        maybe(row.message.map(|(text, _)| text)),
        row.group.map(|group| format!("tg-{group:010}")),
        maybe(row.language),
        time(row.controlled),
        maybe(row.deletion_reason),
        row.activation.map(|activation| {
            format!(r#"{{"method":"{}","gate":{},"offline":{}}}"#, activation.method, activation.gate, activation.offline)
        }),
        maybe(row.last_direction),
        Some(row.checked.to_string()),
        row.kept_by_owner.map(|kept| kept.to_string()),
        Some(format!("ev-{:03}", row.event)),
        row.contingent.map(|contingent| format!("ct-{contingent:02}")),
        time(row.mobile_time),
        maybe(row.device),
        maybe(row.direction),
        time(Some(row.created)),
        time(Some(row.updated)),
    ]
}
