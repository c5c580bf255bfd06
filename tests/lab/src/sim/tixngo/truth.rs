//! TIXNGO's rows as texts, the expected result of a scan. They are formatted apart from their JSON.

use chrono::{DateTime, SecondsFormat, Utc};

use super::record::COLUMNS;
use super::ticket::{Owner, Ticket, TicketBook};
use super::ticket_log::{LogRow, TicketLog};
use super::tickets;
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

/// The tickets of one app.
pub(crate) const TICKETS: Truth =
    Truth { table: "tixngo.tickets", columns: tickets::COLUMNS, request: &["mobileappid"], rows: ticket_rows };

fn ticket_rows(settings: &Settings, app: &str) -> Box<dyn Iterator<Item = truth::Row>> {
    let (book, app) = (TicketBook::new(settings, app), app.to_owned());
    Box::new((0..book.tickets).map(move |number| {
        let Ticket { id, event, event_name, event_start, owner, updated } = book.ticket(number, number);
        let owner = |get: fn(&Owner) -> Option<String>| owner.as_ref().and_then(get);
        vec![
            Some(format!("tk-{id:08}")),
            Some(format!("ev-{event:03}")),
            Some("org-1".into()),
            Some(event_name.into()),
            Some(format!("EV{event:03}")),
            time(Some(event_start)),
            owner(|owner| Some(owner.email.clone())),
            owner(|owner| Some(owner.first_name.into())),
            owner(|owner| Some(owner.last_name.into())),
            owner(|owner| owner.phone.clone()),
            owner(|owner| owner.birth_date.clone()),
            owner(|owner| owner.id_number.clone()),
            owner(|owner| owner.country.map(str::to_owned)),
            time(Some(updated)),
            Some(app.clone()),
        ]
    }))
}

fn time(millis: Option<i64>) -> Option<String> {
    millis.and_then(DateTime::<Utc>::from_timestamp_millis).map(|time| time.to_rfc3339_opts(SecondsFormat::Millis, true))
}

fn fields(row: &LogRow) -> [Option<String>; 25] {
    let text = |value: &str| Some(value.to_owned());
    let maybe = |value: Option<&str>| value.map(str::to_owned);
    let spectator = |owner: Option<u64>| owner.map(|owner| format!("sp-{owner:05}"));
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
