//! The rows of the audit API, oldest first. Each is a pure function of the seed and its number.

use crate::sim::settings::Settings;
use crate::sim::spread::{Spread, mix};

pub(crate) const KINDS: [&str; 5] = ["login", "logout", "file.read", "file.write", "share & \"publish\""];
/// Names and addresses.
pub(crate) const PEOPLE: [(&str, Option<&str>); 5] = [
    ("Ada Okafor", Some("ada@corp.example")),
    ("Zoë \"Z\" Berg", Some("zoe+audit@corp.example")),
    ("service/backup", None),
    ("山田 太郎", Some("yamada@corp.example")),
    ("", Some("noname@corp.example")),
];
const TAGS: [&str; 4] = ["vpn", "night shift", "a,b", "émile"];

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AuditEvent {
    pub(crate) id: i64,
    /// The event's time; some events have none.
    pub(crate) at: Option<i64>,
    pub(crate) kind: &'static str,
    pub(crate) who: Option<(&'static str, Option<&'static str>)>,
    pub(crate) size: Option<i64>,
    pub(crate) tags: Vec<&'static str>,
}

/// All events of one URL's settings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trail {
    pub(crate) spread: Spread,
    pub(crate) rows: u64,
    seed: u64,
    untimed: Option<u64>,
}

impl Trail {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self { spread: Spread::new(settings), rows: settings.rows, seed: mix(settings.seed, 0x4155), untimed: settings.untimed }
    }

    /// Scrambles page keys, so that a key of other data is unknown.
    pub(crate) fn marks(&self) -> u64 {
        mix(self.seed, self.rows)
    }

    pub(crate) fn kind(&self, row: u64) -> &'static str {
        KINDS[(mix(self.seed, row) % KINDS.len() as u64) as usize]
    }

    pub(crate) fn has_time(&self, row: u64) -> bool {
        self.untimed.is_none_or(|share| row % share != share / 2)
    }

    pub(crate) fn event(&self, row: u64) -> AuditEvent {
        let bits = mix(self.seed, row);
        AuditEvent {
            // Larger than an int4, so that a client needs bigint.
            id: 7_000_000_000 + row.cast_signed(),
            at: self.has_time(row).then(|| self.spread.time(row)),
            kind: self.kind(row),
            who: (bits >> 8 & 7 != 0).then(|| PEOPLE[(bits >> 11) as usize % PEOPLE.len()]),
            size: (bits >> 16 & 3 != 0).then_some((bits >> 20 & 0x1_ffff_ffff).cast_signed()),
            tags: TAGS.into_iter().enumerate().filter(|(tag, _)| bits >> (54 + tag) & 3 == 0).map(|(_, name)| name).collect(),
        }
    }
}
