//! The rows of TIXNGO's ticket status log. Each is a pure function of seed, app and number.
//!
//! Rows come in blocks of 64: eight tickets with eight steps of a small life story each, so that statuses fit the actions and the pair of
//! ticket and version is unique.

use crate::sim::settings::Settings;
use crate::sim::spread::{Spread, mix, mix_text};
use crate::sim::wire_time::DAY;

pub(crate) const NOT_DOWNLOADED: &str = "NOT_DOWNLOADED";
const DOWNLOADED: &str = "DOWNLOADED";
const PENDING_TRANSFER: &str = "PENDING_TRANSFER";
const DELETION_PENDING: &str = "DELETION_PENDING";
const DELETED: &str = "DELETED";

/// What happened to a ticket, and the statuses around it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TicketAction {
    pub(crate) name: &'static str,
    pub(crate) from: Option<&'static str>,
    pub(crate) to: &'static str,
}

const fn action(name: &'static str, from: Option<&'static str>, to: &'static str) -> TicketAction {
    TicketAction { name, from, to }
}

// The reference page has four of these names; the others are assumed.
const INJECT: TicketAction = action("INJECT", None, NOT_DOWNLOADED);
const DOWNLOAD: TicketAction = action("DOWNLOAD", Some(NOT_DOWNLOADED), DOWNLOADED);
const ACTIVATE: TicketAction = action("ACTIVATE", Some(DOWNLOADED), DOWNLOADED);
const START: TicketAction = action("START_TRANSFER", Some(DOWNLOADED), PENDING_TRANSFER);
const ACCEPT: TicketAction = action("ACCEPT_TRANSFER", Some(PENDING_TRANSFER), NOT_DOWNLOADED);
const CANCEL: TicketAction = action("CANCEL_TRANSFER", Some(PENDING_TRANSFER), DOWNLOADED);
const CONTROL: TicketAction = action("CONTROL", Some(DOWNLOADED), DOWNLOADED);
const LOG_OFF: TicketAction = action("LOG_OFF", Some(DOWNLOADED), NOT_DOWNLOADED);
const REQUEST_DELETION: TicketAction = action("REQUEST_DELETION", Some(DOWNLOADED), DELETION_PENDING);
const DELETE: TicketAction = action("DELETE", Some(DELETION_PENDING), DELETED);

static STORIES: [[TicketAction; 8]; 4] = [
    [INJECT, DOWNLOAD, ACTIVATE, CONTROL, LOG_OFF, DOWNLOAD, ACTIVATE, CONTROL],
    [INJECT, DOWNLOAD, START, ACCEPT, DOWNLOAD, ACTIVATE, CONTROL, CONTROL],
    [INJECT, DOWNLOAD, START, CANCEL, START, ACCEPT, DOWNLOAD, ACTIVATE],
    [INJECT, DOWNLOAD, LOG_OFF, DOWNLOAD, START, CANCEL, REQUEST_DELETION, DELETE],
];

const TICKETS_PER_BLOCK: u64 = 8;
const ROWS_PER_BLOCK: u64 = 64;

const ACTORS: [&str; 4] = ["Device", "Backoffice user", "S-360", "System"];
const DEVICES: [&str; 8] =
    ["iPhone 15 Pro", "Pixel 9", "Galaxy S24", "iPhone SE, 2nd gen", "Fairphone 5", "Redmi Note 13", "Xperia 1 VI", ""];
const LANGUAGES: [&str; 5] = ["en", "fr", "de", "it", "ja"];
const DELETION_REASONS: [&str; 2] = ["RESALE_PENDING", "RESOLD"];
const DIRECTIONS: [&str; 2] = ["outgoing", "incoming"];

/// Messages of a transfer and their JSON: texts that need escapes, and escapes that are not needed.
pub(crate) const MESSAGES: [(&str, &str); 12] = [
    ("Enjoy the match!", r#""Enjoy the match!""#),
    ("Gate 4, row 12", r#""Gate 4, row 12""#),
    ("She said \"see you there\"", r#""She said \"see you there\"""#),
    (r"C:\tickets\new", r#""C:\\tickets\\new""#),
    ("À bientôt, Zoë", r#""À bientôt, Zoë""#),
    ("🎉 see you there! 🏟️", r#""🎉 see you there! 🏟️""#),
    ("ticket 🎟 for you", r#""ticket \ud83c\udf9f for you""#),
    ("試合を楽しんで", r#""試合を楽しんで""#),
    ("line one\nline two\ttabbed", r#""line one\nline two\ttabbed""#),
    ("and/or", r#""and\/or""#),
    ("{\"not\": \"json\"}", r#""{\"not\": \"json\"}""#),
    ("", r#""""#),
];

const METHODS: [&str; 3] = ["BLUETOOTH", "MANUAL", "ONLINE"];

/// How a ticket was activated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Activation {
    pub(crate) method: &'static str,
    pub(crate) gate: u64,
    pub(crate) offline: bool,
}

/// One entry of the log.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LogRow {
    pub(crate) ticket: u64,
    pub(crate) version: u64,
    pub(crate) actor: &'static str,
    pub(crate) action: &'static TicketAction,
    pub(crate) from_owner: Option<u64>,
    pub(crate) to_owner: Option<u64>,
    pub(crate) spectator: u64,
    pub(crate) message: Option<(&'static str, &'static str)>,
    pub(crate) group: Option<u64>,
    pub(crate) language: Option<&'static str>,
    pub(crate) controlled: Option<i64>,
    pub(crate) deletion_reason: Option<&'static str>,
    pub(crate) activation: Option<Activation>,
    pub(crate) last_direction: Option<&'static str>,
    pub(crate) checked: bool,
    pub(crate) kept_by_owner: Option<bool>,
    pub(crate) event: u64,
    pub(crate) contingent: Option<u64>,
    pub(crate) mobile_time: Option<i64>,
    pub(crate) device: Option<&'static str>,
    pub(crate) direction: Option<&'static str>,
    pub(crate) created: i64,
    pub(crate) updated: i64,
}

/// The columns that the API filters by, which are cheaper than the whole row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TicketSummary {
    pub(crate) action: &'static TicketAction,
    pub(crate) actor: &'static str,
    pub(crate) from_owner: Option<u64>,
    pub(crate) to_owner: Option<u64>,
}

/// All rows of one app under one URL's settings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TicketLog {
    pub(crate) spread: Spread,
    pub(crate) seed: u64,
}

impl TicketLog {
    pub(crate) fn new(settings: &Settings, app: &str) -> Self {
        Self { spread: Spread::new(settings), seed: mix_text(mix(settings.seed, 1), app) }
    }

    /// Random bits for what is constant in a ticket's log.
    fn ticket_bits(&self, ticket: u64) -> u64 {
        mix(self.seed, !ticket)
    }

    pub(crate) fn event(&self, ticket: u64) -> u64 {
        self.ticket_bits(ticket) >> 10 & 31
    }

    /// The ticket of a row, its step, and the action.
    fn step(&self, row: u64) -> (u64, u64, &'static TicketAction) {
        let place = row % ROWS_PER_BLOCK;
        let in_block = place % TICKETS_PER_BLOCK;
        let ticket = row / ROWS_PER_BLOCK * TICKETS_PER_BLOCK + in_block;
        // Each ticket begins its story at another step, so that twenty rows already contain every action.
        let step = place / TICKETS_PER_BLOCK + in_block;
        let story = &STORIES[(mix(self.seed, ticket) % 4) as usize];
        (ticket, step, &story[(step % 8) as usize])
    }

    /// The filterable part of a row.
    pub(crate) fn summary(&self, row: u64) -> TicketSummary {
        let (_, _, action) = self.step(row);
        let bits = mix(self.seed, row);
        let moves = matches!(action.name, "START_TRANSFER" | "ACCEPT_TRANSFER" | "CANCEL_TRANSFER");
        TicketSummary {
            action,
            actor: match action.name {
                "INJECT" => ACTORS[2],
                "REQUEST_DELETION" | "DELETE" => ACTORS[1],
                _ if bits.is_multiple_of(16) => ACTORS[3],
                _ if bits % 16 == 1 => ACTORS[1],
                _ => ACTORS[0],
            },
            from_owner: moves.then(|| owner(mix(bits, 1))),
            to_owner: moves.then(|| owner(mix(bits, 2))),
        }
    }

    /// When the row was changed last: up to three days after its creation.
    pub(crate) fn updated(&self, row: u64) -> i64 {
        self.spread.time(row) + (mix(self.seed, row) >> 8).rem_euclid(3 * DAY.unsigned_abs() + 1).cast_signed()
    }

    pub(crate) fn row(&self, row: u64) -> LogRow {
        let (ticket, step, action) = self.step(row);
        let bits = mix(self.seed, row);
        let ticket_bits = self.ticket_bits(ticket);
        let TicketSummary { actor, from_owner, to_owner, .. } = self.summary(row);
        let created = self.spread.time(row);
        let moves = from_owner.is_some();
        let on_device = actor == ACTORS[0];
        let pick = |shift: u32, count: usize| (bits >> shift) as usize % count;
        LogRow {
            ticket,
            version: step + 1,
            actor,
            action,
            from_owner,
            to_owner,
            spectator: from_owner.unwrap_or_else(|| owner(ticket_bits)),
            message: (action.name == "START_TRANSFER").then(|| MESSAGES[pick(4, MESSAGES.len())]),
            group: moves.then_some(bits >> 32),
            language: moves.then(|| LANGUAGES[pick(12, LANGUAGES.len())]),
            controlled: (action.name == "CONTROL").then(|| created - (bits % 2000).cast_signed()),
            deletion_reason: matches!(action.to, DELETED | DELETION_PENDING).then(|| DELETION_REASONS[pick(5, 2)]),
            activation: (action.name == "ACTIVATE").then(|| Activation {
                method: METHODS[pick(7, METHODS.len())],
                gate: bits >> 20 & 15,
                offline: bits >> 30 & 1 == 1,
            }),
            last_direction: moves.then(|| DIRECTIONS[pick(9, 2)]),
            checked: action.name == "CONTROL" || ticket_bits & 1 == 1,
            kept_by_owner: (ticket_bits & 6 != 0).then_some(ticket_bits & 8 == 0),
            event: self.event(ticket),
            contingent: (ticket_bits >> 16 & 3 != 0).then_some(ticket_bits >> 20 & 7),
            mobile_time: on_device.then(|| created - (bits >> 13 & 4095).cast_signed()),
            device: on_device.then(|| DEVICES[pick(25, DEVICES.len())]),
            direction: (action.to == PENDING_TRANSFER).then(|| DIRECTIONS[pick(9, 2)]),
            created,
            updated: self.updated(row),
        }
    }
}

/// Half of all transfers are between sixteen owners, so that a small data set has an owner with many rows.
fn owner(bits: u64) -> u64 {
    if bits & 1 == 0 { bits >> 1 & 15 } else { (bits >> 1) % 5000 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn log(rows: u64) -> TicketLog {
        TicketLog::new(&Settings::parse(&format!("rows={rows}")).unwrap(), "my-app")
    }

    #[test]
    fn ticket_and_version_name_a_row() {
        let log = log(10_000);
        let keys: HashSet<_> = (0..10_000).map(|row| log.row(row)).map(|row| (row.ticket, row.version)).collect();
        assert_eq!(keys.len(), 10_000);
    }

    #[test]
    fn a_message_is_what_its_json_says() {
        for (text, wire) in MESSAGES {
            assert_eq!(serde_json::from_str::<String>(wire).unwrap(), text);
        }
    }

    #[test]
    fn every_story_has_statuses_that_fit() {
        for story in &STORIES {
            for pair in story.windows(2) {
                assert_eq!(pair[1].from, Some(pair[0].to), "{} → {}", pair[0].name, pair[1].name);
            }
        }
    }

    #[test]
    fn nullable_fields_are_sometimes_null() {
        let log = log(1000);
        let rows: Vec<LogRow> = (0..1000).map(|row| log.row(row)).collect();
        let some = |get: fn(&LogRow) -> bool| {
            let count = rows.iter().filter(|row| get(row)).count();
            assert!((1..1000).contains(&count), "{count}");
        };
        some(|row| row.from_owner.is_some());
        some(|row| row.message.is_some());
        some(|row| row.controlled.is_some());
        some(|row| row.deletion_reason.is_some());
        some(|row| row.activation.is_some());
        some(|row| row.kept_by_owner.is_some());
        some(|row| row.contingent.is_some());
        some(|row| row.device == Some(""));
        some(|row| row.action.from.is_none());
    }

    #[test]
    fn another_app_or_seed_is_other_data() {
        let settings = Settings::parse("rows=100").unwrap();
        let (mine, other) = (TicketLog::new(&settings, "my-app"), TicketLog::new(&settings, "other-app"));
        assert!((0..100).any(|row| mine.row(row) != other.row(row)));
        let seeded = TicketLog::new(&Settings::parse("rows=100,seed=2").unwrap(), "my-app");
        assert!((0..100).any(|row| mine.row(row) != seeded.row(row)));
    }
}
