//! The set-ups of the foreign tables: by themselves, as partitions, with a default, behind views, behind postgres_fdw.
//!
//! Each set-up has a schema of its own, which precedes the schema of its server in the search path. So a query has the same names in all
//! set-ups, and a table that the set-up lacks is the server's.

use super::table::Table;
use super::world::{SERVERS, Server};

/// The families of set-ups, by which queries are counted.
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

    /// Per cent of the queries that may be refused because a required condition is missing. Behind postgres_fdw the extension sees only the
    /// conditions that are shipped. With a default, a condition on the time that yields no lower bound is refused.
    pub(super) fn most_refused(self) -> u32 {
        match self {
            Self::Plain | Self::Analyzed => 6,
            Self::Partition | Self::View => 12,
            Self::Default | Self::Federation => 40,
        }
    }
}

/// What the option `default_from` does to a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DefaultFrom {
    /// The tables do not have the option.
    Absent,
    /// The default applies exactly where the query has no condition on the time.
    Seen,
    /// The extension may not see all conditions of the query, so the default may apply anywhere. Then a notice must report it.
    Hidden,
}

/// One set-up.
#[derive(Debug)]
pub(super) struct Setup {
    pub(super) name: &'static str,
    pub(super) family: Family,
    /// Index in [`SERVERS`].
    server: usize,
    /// Weight of the set-up.
    pub(super) share: u32,
    pub(super) default_from: DefaultFrom,
    /// Tables with a lower bound of their own, so that a query needs none.
    bounded: &'static [&'static str],
    /// Whether conditions on parameters that no record contains can be drawn. A table that is partly local cannot answer them.
    pub(super) has_parameters: bool,
    /// Ranks among a table's times, in hundredths, where a partition, a default or a view begins or ends.
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

/// Rank of the default among a table's times, in hundredths.
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

    /// The search path of the set-up.
    pub(super) fn path(&self) -> String {
        format!("{}, {}, public", self.name, self.server().name)
    }

    /// Per cent of the queries that have a lower bound, for a table whose API requires one.
    pub(super) fn bounds(&self, table: &Table) -> u32 {
        if self.bounded.contains(&table.name) { 45 } else { 95 }
    }

    /// The values of restlog_fdw.pushdown to try. Sessions behind postgres_fdw do not have this session's settings.
    pub(super) fn pushdowns(&self) -> &'static [&'static str] {
        if self.family == Family::Federation { &["on"] } else { &["on", "off"] }
    }

    /// Whether the cost of a query can be checked: the plan has one scan, of the table itself.
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
