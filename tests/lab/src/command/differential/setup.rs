//! The set-ups in which the foreign tables are asked: by themselves, as partitions, with a default, behind views, behind another wrapper.
//!
//! Each has a schema of its name with what it sets up, which comes before the schema of its server in the search path: a query needs no
//! other names, and what a set-up does not have is the server's.

use super::table::Table;
use super::world::{SERVERS, Server};

/// The families that set-ups are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Plain,
    Partition,
    Default,
    Analyzed,
    View,
    Federation,
}

impl Family {
    pub(super) const ALL: [Self; 6] = [Self::Plain, Self::Partition, Self::Default, Self::Analyzed, Self::View, Self::Federation];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Partition => "partition",
            Self::Default => "default",
            Self::Analyzed => "analyzed",
            Self::View => "view",
            Self::Federation => "federation",
        }
    }

    /// Most of a hundred queries that may be refused for want of a condition. Behind postgres_fdw an API sees only what that ships; with a
    /// default, every condition on the time that yields no lower bound is refused.
    pub(super) fn most_refused(self) -> u32 {
        match self {
            Self::Plain | Self::Analyzed => 6,
            Self::Partition | Self::View => 12,
            Self::Default | Self::Federation => 40,
        }
    }
}

/// What the tables' option `default_from` does to a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DefaultFrom {
    /// They have none.
    Absent,
    /// It stands in where the query says nothing of the time, and nowhere else.
    Seen,
    /// The extension may be shown less than the query says, so it may stand in anywhere; then somebody must be told.
    Hidden,
}

/// One set-up.
#[derive(Debug)]
pub(super) struct Setup {
    pub(super) name: &'static str,
    pub(super) family: Family,
    /// The place in [`SERVERS`] of the one that it is made of.
    server: usize,
    /// How often it is drawn.
    pub(super) share: u32,
    pub(super) default_from: DefaultFrom,
    /// Tables that know a lower bound by themselves, so that a query needs none.
    bounded: &'static [&'static str],
    /// Whether conditions on what no record carries reach the API in one piece. They do not where a part of a table is local.
    pub(super) has_parameters: bool,
    /// Places in the order of a table's times, in hundredths, where something begins or ends.
    pub(super) edges: &'static [u32],
}

const fn plain(name: &'static str, server: usize) -> Setup {
    Setup {
        name,
        family: Family::Plain,
        server,
        share: 14,
        default_from: DefaultFrom::Absent,
        bounded: &[],
        has_parameters: true,
        edges: &[],
    }
}

/// Where the default begins, in hundredths of a table's times.
pub(super) const DEFAULT: u32 = 30;

pub(super) static SETUPS: [Setup; 14] = [
    plain("one", 0),
    plain("four", 1),
    plain("exclusive", 2),
    plain("ordered", 3),
    Setup {
        family: Family::Partition,
        share: 16,
        bounded: &["logs", "operate_logs"],
        has_parameters: false,
        edges: &[15, 50, 70, 90],
        ..plain("partitioned", 0)
    },
    Setup {
        family: Family::Partition,
        share: 14,
        bounded: &["logs"],
        has_parameters: false,
        edges: &[20, 45, 60, 75],
        ..plain("nested", 1)
    },
    Setup { family: Family::Partition, share: 8, bounded: &["logs"], has_parameters: false, edges: &[40, 80], ..plain("inherited", 3) },
    Setup {
        family: Family::Default,
        share: 14,
        default_from: DefaultFrom::Seen,
        bounded: &["logs", "logs_of_both"],
        edges: &[DEFAULT],
        ..plain("defaulted", 1)
    },
    Setup { family: Family::Analyzed, share: 10, ..plain("analyzed", 0) },
    Setup { family: Family::View, share: 8, ..plain("barrier", 0) },
    Setup { family: Family::View, share: 8, bounded: &["logs", "logs_of_both"], has_parameters: false, edges: &[55], ..plain("united", 1) },
    Setup {
        family: Family::View,
        share: 5,
        default_from: DefaultFrom::Hidden,
        bounded: &["logs", "logs_of_both"],
        edges: &[DEFAULT],
        ..plain("barrier_default", 1)
    },
    Setup { family: Family::Federation, share: 8, ..plain("federated", 0) },
    Setup {
        family: Family::Federation,
        share: 5,
        default_from: DefaultFrom::Hidden,
        bounded: &["logs", "logs_of_both"],
        edges: &[DEFAULT],
        ..plain("federated_default", 1)
    },
];

impl Setup {
    pub(super) fn server(&self) -> &'static Server {
        &SERVERS[self.server]
    }

    /// Where its tables are found.
    pub(super) fn path(&self) -> String {
        format!("{}, {}, public", self.name, self.server().name)
    }

    /// How many of a hundred queries of a table that demands a lower bound have one.
    pub(super) fn bounds(&self, table: &Table) -> u32 {
        if self.bounded.contains(&table.name) { 45 } else { 95 }
    }

    /// The values of restlog_fdw.pushdown to try; the sessions behind postgres_fdw do not have this one's settings.
    pub(super) fn pushdowns(&self) -> &'static [&'static str] {
        if self.family == Family::Federation { &["on"] } else { &["on", "off"] }
    }

    /// Whether a scan's announcement can be held against what the simulator saw: there is one scan, of the table itself.
    pub(super) fn can_check_cost(&self) -> bool {
        matches!(self.family, Family::Plain | Family::Default | Family::Analyzed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_has_a_setup_and_every_setup_a_name_of_its_own() {
        for family in Family::ALL {
            assert!(SETUPS.iter().any(|setup| setup.family == family), "{}", family.name());
        }
        for (place, setup) in SETUPS.iter().enumerate() {
            assert!(SETUPS[..place].iter().all(|other| other.name != setup.name), "{}", setup.name);
        }
    }
}
