//! The data of Socialboards: tickets and their logs. Each is a pure function of the seed and its place.

use crate::sim::settings::Settings;
use crate::sim::spread::{Spread, mix};
use crate::sim::wire_time::MILLI;

use super::stamp::Stamp;

/// The first ticket's id.
const FIRST_TICKET: u64 = 100_001;
const USERS: u64 = 12;
/// Users from this number on are clients.
const FIRST_CLIENT: u64 = 5;

const NAMES: [&str; 12] = [
    "Garrick Ollivander",
    "Minerva McGonagall",
    "Bot \"Dobby\"",
    "Åse Bjørnstad",
    "Molly Weasley",
    "Harry Potter",
    "Luna Lovegood",
    "Zoë O'Neill",
    "Viktor Krum",
    "周 秋",
    "Neville Longbottom",
    "Tab\tbed",
];
const TITLES: [&str; 6] = ["Wand is broken", "Order #12, where is it?", "Re: \"refund\"", "Fråga om leverans", "🦉 lost", ""];
const MESSAGES: [&str; 5] =
    ["It does not work.", "Hello,\n\nplease call me back.", "C:\\owls\\post", "Når får jeg svar?", "5 < 7 & \"so on\""];
pub(crate) const STATUSES: [&str; 3] = ["open", "pending", "closed"];
/// Sources: the general one, the detailed one, and the name.
pub(crate) const SOURCES: [(&str, &str, &str); 3] =
    [("web", "web_website", "Wand shop"), ("email", "email_inbox", "post@wands.example"), ("facebook", "facebook_comment", "Wand fans")];
pub(crate) const CATEGORIES: [&str; 4] = ["Delivery", "Refund", "Praise", "Other: see notes"];
const SENTIMENTS: [&str; 3] = ["question", "positive", "negative"];
const TAGS: [&str; 4] = ["vip", "late", "owl-post", "æøå"];
pub(crate) const FLAGS: [&str; 11] = [
    "isAnonymized",
    "isMuted",
    "hasAttachments",
    "hasDraft",
    "isAssignedToBot",
    "isDeleted",
    "isExpired",
    "isHidden",
    "isLocked",
    "isSpam",
    "isSensitive",
];

/// What an entry of a ticket's log reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TicketEvent {
    Created,
    Read,
    /// From one status to another.
    Status(&'static str, &'static str),
    /// To this user.
    Assigned(User),
    Reply,
}

impl TicketEvent {
    pub(crate) fn action_type(&self) -> &'static str {
        match self {
            Self::Created => "ticket_created",
            Self::Read => "ticket_read",
            Self::Status(..) => "ticket_status_changed",
            Self::Assigned(_) => "ticket_assigned_to_user",
            Self::Reply => "reply_created",
        }
    }

    pub(crate) fn text(&self) -> String {
        match self {
            Self::Created => "created the ticket".into(),
            Self::Read => "read the ticket".into(),
            Self::Status(from, to) => format!("changed the status from \"{from}\" to \"{to}\""),
            Self::Assigned(user) => format!("changed ticket assignee to {{User:{}}}", user.id()),
            Self::Reply => "sent a reply".into(),
        }
    }
}

/// A user, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct User(pub(crate) u64);

impl User {
    /// A GUID with dashes.
    pub(crate) fn id(self) -> String {
        let (high, low) = (mix(11, self.0), mix(12, self.0));
        format!("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, high >> 16 & 0xffff, high & 0xffff, low >> 48, low << 16 >> 16)
    }

    pub(crate) fn name(self) -> &'static str {
        NAMES[(self.0 % USERS) as usize]
    }

    pub(crate) fn email(self) -> Option<String> {
        (self.0 != 8).then(|| format!("user{}@wands.example", self.0))
    }

    pub(crate) fn image(self) -> Option<String> {
        self.0.is_multiple_of(3).then(|| format!("https://img.wands.example/{}.png", self.0))
    }

    pub(crate) fn is_bot(self) -> bool {
        self.0 == 2
    }

    pub(crate) fn status(self) -> &'static str {
        if self.0 < FIRST_CLIENT { "team" } else { "client" }
    }

    pub(crate) fn custom_identifier(self) -> Option<String> {
        (self.0 % 4 == 1).then(|| format!("crm-{}", self.0))
    }
}

/// One entry of a ticket's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LogEntry {
    pub(crate) event: TicketEvent,
    pub(crate) time: Stamp,
    pub(crate) user: User,
}

/// One ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BoardTicket {
    pub(crate) id: u64,
    pub(crate) title: Option<&'static str>,
    pub(crate) message: &'static str,
    pub(crate) author: User,
    /// Index in `CATEGORIES`.
    pub(crate) category: Option<usize>,
    pub(crate) created: Stamp,
    /// Key and value.
    pub(crate) custom_fields: Vec<(&'static str, String)>,
    pub(crate) last_activity: Stamp,
    pub(crate) locked_by: Option<User>,
    pub(crate) link: Option<String>,
    /// In the order of `FLAGS`.
    pub(crate) flags: [bool; 11],
    pub(crate) replies: i64,
    pub(crate) is_muted: bool,
    pub(crate) sentiment: Option<&'static str>,
    pub(crate) source: (&'static str, &'static str, &'static str),
    pub(crate) status: &'static str,
    pub(crate) tags: Vec<&'static str>,
    /// Number of attachments.
    pub(crate) attachments: u64,
}

/// All tickets of one URL's settings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Board {
    pub(crate) tickets: u64,
    spread: Spread,
    seed: u64,
    end: i64,
    logs: Option<u64>,
}

impl Board {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            tickets: settings.tickets,
            spread: Spread::of(settings, settings.tickets),
            seed: mix(settings.seed, 0x5342),
            end: settings.end,
            logs: settings.logs,
        }
    }

    /// The number of the ticket with this id, if there is one.
    pub(crate) fn ticket_number(&self, id: &str) -> Option<u64> {
        id.parse::<u64>().ok()?.checked_sub(FIRST_TICKET).filter(|number| *number < self.tickets)
    }

    /// The number of entries of a ticket's log: as set, else from one to sixty.
    pub(crate) fn log_count(&self, ticket: u64) -> u64 {
        let bits = mix(self.seed, !ticket);
        self.logs.unwrap_or_else(|| 1 + bits % 31 + (bits >> 8) % 31)
    }

    pub(crate) fn created(&self, ticket: u64) -> Stamp {
        Stamp::new(self.spread.time(ticket) * MILLI, mix(self.seed, ticket))
    }

    /// The time of the last entry of a ticket's log.
    pub(crate) fn last_activity(&self, ticket: u64) -> Stamp {
        match self.log_count(ticket) {
            0 => self.created(ticket),
            count => self.log(ticket, count - 1).time,
        }
    }

    pub(crate) fn log(&self, ticket: u64, place: u64) -> LogEntry {
        let bits = mix(mix(self.seed, ticket), place);
        let team = User((bits >> 8) % FIRST_CLIENT);
        let client = User(FIRST_CLIENT + mix(self.seed, ticket) % (USERS - FIRST_CLIENT));
        let (event, user) = match bits % 8 {
            _ if place == 0 => (TicketEvent::Created, client),
            0 | 1 => (TicketEvent::Read, team),
            2 | 3 => {
                (TicketEvent::Status(["Open", "Pending"][(bits >> 4 & 1) as usize], ["Closed", "Open"][(bits >> 4 & 1) as usize]), team)
            }
            4 => (TicketEvent::Assigned(User((bits >> 16) % FIRST_CLIENT)), team),
            5 | 6 => (TicketEvent::Reply, team),
            _ => (TicketEvent::Reply, client),
        };
        let created = self.spread.time(ticket);
        let span = (self.end - created).unsigned_abs();
        let time = created + (span / 2 * place / self.log_count(ticket).max(1)).cast_signed();
        // The first entry is the creation, and has exactly its time.
        let time = if place == 0 { self.created(ticket) } else { Stamp::new(time * MILLI, bits) };
        LogEntry { event, time, user }
    }

    /// The ticket of a number. A ticket that appears later looks like an earlier one, but has an id of its own.
    pub(crate) fn ticket(&self, number: u64, id_number: u64) -> BoardTicket {
        let bits = mix(self.seed, number);
        let pick = |shift: u32, count: usize| (bits >> shift) as usize % count;
        let status = STATUSES[pick(3, STATUSES.len())];
        BoardTicket {
            id: FIRST_TICKET + id_number,
            title: (bits >> 5 & 7 != 0).then(|| TITLES[pick(8, TITLES.len())]),
            message: MESSAGES[pick(11, MESSAGES.len())],
            author: User(FIRST_CLIENT + bits % (USERS - FIRST_CLIENT)),
            category: (bits >> 14 & 3 != 0).then(|| pick(16, CATEGORIES.len())),
            created: self.created(number),
            custom_fields: if bits >> 18 & 1 == 1 { vec![("order", format!("A-{}", bits >> 20 & 15))] } else { Vec::new() },
            last_activity: self.last_activity(number),
            locked_by: (bits >> 24 & 7 == 0).then_some(User((bits >> 27) % FIRST_CLIENT)),
            link: (bits >> 30 & 1 == 1).then(|| format!("https://wands.example/t/{number}?a=1&b=2")),
            flags: std::array::from_fn(|flag| bits >> (31 + flag) & 3 == 0),
            replies: (0..self.log_count(number)).filter(|place| self.log(number, *place).event == TicketEvent::Reply).count() as i64,
            is_muted: bits >> 32 & 3 == 0,
            sentiment: (bits >> 44 & 3 != 0).then(|| SENTIMENTS[pick(46, SENTIMENTS.len())]),
            source: SOURCES[pick(48, SOURCES.len())],
            status,
            tags: TAGS.into_iter().enumerate().filter(|(tag, _)| bits >> (50 + tag) & 3 == 0).map(|(_, name)| name).collect(),
            attachments: (bits >> 56 & 7).saturating_sub(5),
        }
    }
}
