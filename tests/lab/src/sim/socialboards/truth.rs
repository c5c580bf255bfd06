//! Socialboards' rows as texts, the expected result of a scan. They are formatted apart from their JSON.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::board::{Board, CATEGORIES, LogEntry, TicketEvent, User};
use super::stamp::Stamp;
use super::tickets::category_id;
use super::{ticket_log, tickets};
use crate::sim::rows::{Row, Truth};
use crate::sim::settings::Settings;

/// The logs of all tickets.
pub(crate) const TICKET_LOG: Truth =
    Truth { table: "socialboards.ticket_log", columns: ticket_log::COLUMNS, request: &["ticketid"], rows: log_rows };
/// All tickets.
pub(crate) const TICKETS: Truth = Truth { table: "socialboards.tickets", columns: tickets::COLUMNS, request: &[], rows: ticket_rows };

/// A time in UTC, rounded as Postgres rounds: the fraction as a double, to the nearest microsecond, halves to even.
fn time(stamp: Stamp) -> Option<String> {
    const SECOND: i64 = 10_000_000;
    let fraction: f64 = format!("0.{:07}", stamp.ticks.rem_euclid(SECOND)).parse().ok()?;
    let micros = stamp.ticks.div_euclid(SECOND) * 1_000_000 + (fraction * 1e6).round_ties_even() as i64;
    Some(DateTime::<Utc>::from_timestamp_micros(micros)?.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string())
}

fn user(user: User) -> [Option<String>; 7] {
    [
        user.custom_identifier(),
        user.email(),
        Some(user.id()),
        user.image(),
        Some(user.is_bot().to_string()),
        Some(user.name().to_owned()),
        Some(user.status().to_owned()),
    ]
}

fn user_json(user: User) -> Value {
    json!({
        "email": user.email(), "id": user.id(), "image": user.image(), "isBot": user.is_bot(), "name": user.name(),
        "status": user.status(),
    })
}

fn log_rows(settings: &Settings, _app: &str) -> Box<dyn Iterator<Item = Row>> {
    let board = Board::new(settings);
    Box::new((0..board.tickets).flat_map(move |ticket| {
        let id = board.ticket(ticket, ticket).id;
        (0..board.log_count(ticket)).map(move |place| log_row(board.log(ticket, place), id))
    }))
}

fn log_row(log: LogEntry, ticket: u64) -> Row {
    let users: Vec<Value> = match log.event {
        TicketEvent::Assigned(user) => vec![user_json(user)],
        _ => Vec::new(),
    };
    let mut row = vec![
        Some(log.event.text()),
        Some(log.event.action_type().to_owned()),
        Some(json!({"categories": [], "tags": [], "users": users}).to_string()),
        time(log.time),
    ];
    row.extend(user(log.user));
    row.push(Some(ticket.to_string()));
    row
}

fn ticket_rows(settings: &Settings, _app: &str) -> Box<dyn Iterator<Item = Row>> {
    let board = Board::new(settings);
    Box::new((0..board.tickets).map(move |number| ticket_row(&board, number)))
}

fn ticket_row(board: &Board, number: u64) -> Row {
    let ticket = board.ticket(number, number);
    let text = |value: &str| Some(value.to_owned());
    let fields: Value = ticket.custom_fields.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
    let files: Value = (1..=ticket.attachments)
        .map(|at| json!({"name": format!("file {at}.pdf"), "url": format!("https://files.example/{at}")}))
        .collect();
    let mut row = vec![
        Some(ticket.id.to_string()),
        ticket.title.map(str::to_owned),
        text(ticket.message),
        Some(format!("<p>{}</p>", ticket.message)),
    ];
    row.extend(user(ticket.author));
    row.extend([
        ticket.category.map(|category| category_id(category).to_string()),
        ticket.category.map(|category| CATEGORIES[category].to_owned()),
        time(ticket.created),
        Some(fields.to_string()),
        time(ticket.last_activity),
        ticket.locked_by.map(|user| user_json(user).to_string()),
        ticket.link,
    ]);
    row.extend(ticket.flags.map(|flag| Some(flag.to_string())));
    row.extend([
        Some(ticket.replies.to_string()),
        Some(ticket.is_muted.to_string()),
        ticket.sentiment.map(str::to_owned),
        text(ticket.source.0),
        text(ticket.source.1),
        text(ticket.source.2),
        text(ticket.status),
        Some(json!(ticket.tags).to_string()),
        Some(files.to_string()),
    ]);
    row
}
