//! The rows of TIXNGO's list of tickets, in the order of their last update. Each is a pure function of seed, app and number. They are the
//! tickets of the status log: a ticket has the same event in both.

use crate::sim::settings::Settings;
use crate::sim::spread::{Spread, mix};
use crate::sim::wire_time::DAY;

use super::ticket_log::TicketLog;

const EVENTS: [&str; 5] = ["Opening night", "Derby", "Cup final", "Gala \"1926\"", "Fête de la musique"];
const FIRST_NAMES: [&str; 5] = ["Ada", "Zoë", "Jean-Luc", "明", "Seán"];
const LAST_NAMES: [&str; 5] = ["Okafor", "O'Neill", "Müller, Dr.", "鈴木", "d'Arc"];
const COUNTRIES: [&str; 4] = ["CH", "FR", "JP", "GB"];

/// Who holds a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) email: String,
    pub(crate) first_name: &'static str,
    pub(crate) last_name: &'static str,
    pub(crate) phone: Option<String>,
    /// `1984-03-07`
    pub(crate) birth_date: Option<String>,
    pub(crate) id_number: Option<String>,
    pub(crate) country: Option<&'static str>,
}

/// One ticket; one that is deleted has no owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) id: u64,
    pub(crate) event: u64,
    pub(crate) event_name: &'static str,
    pub(crate) event_start: i64,
    pub(crate) owner: Option<Owner>,
    pub(crate) updated: i64,
}

/// All tickets of one app under one URL's settings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TicketBook {
    pub(crate) tickets: u64,
    pub(crate) spread: Spread,
    log: TicketLog,
    seed: u64,
    end: i64,
}

impl TicketBook {
    pub(crate) fn new(settings: &Settings, app: &str) -> Self {
        let log = TicketLog::new(settings, app);
        let spread = Spread::of(settings, settings.tickets);
        Self { tickets: settings.tickets, spread, log, seed: mix(log.seed, 2), end: settings.end }
    }

    pub(crate) fn is_deleted(&self, number: u64) -> bool {
        mix(self.seed, number).is_multiple_of(10)
    }

    /// The ticket of a number. A ticket that appears later looks like an earlier one, but has an id of its own.
    pub(crate) fn ticket(&self, number: u64, id: u64) -> Ticket {
        let bits = mix(self.seed, number);
        let event = self.log.event(number);
        let pick = |shift: u32, count: usize| (bits >> shift) as usize % count;
        let owner = || Owner {
            email: format!("fan{}@mail.example", bits >> 8 & 4095),
            first_name: FIRST_NAMES[pick(20, FIRST_NAMES.len())],
            last_name: LAST_NAMES[pick(23, LAST_NAMES.len())],
            phone: (bits >> 26 & 3 != 0).then(|| format!("+41 79 {:07}", bits >> 28 & 0xf_ffff)),
            birth_date: (bits >> 48 & 1 == 1).then(|| format!("{}-{:02}-{:02}", 1950 + (bits >> 49) % 60, 1 + bits % 12, 1 + bits % 28)),
            id_number: (bits >> 55 & 3 == 0).then(|| format!("X{:06}", bits >> 30 & 0xf_ffff)),
            country: (bits >> 57 & 3 != 0).then(|| COUNTRIES[pick(59, COUNTRIES.len())]),
        };
        Ticket {
            id,
            event,
            event_name: EVENTS[(event % EVENTS.len() as u64) as usize],
            event_start: self.end + event.cast_signed() * DAY / 2,
            owner: (!self.is_deleted(number)).then(owner),
            updated: self.spread.time(number),
        }
    }
}
