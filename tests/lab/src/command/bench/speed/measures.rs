//! What is measured, against which peer, and the goals.

use crate::command::bench::goal::Aim::{Shown, Speed, Time};
use crate::command::bench::goal::{Aim, Goal};
use crate::command::drain::Reading::{self, Full, KeyOnly, Skipping};

/// One line of the table.
#[derive(Debug)]
pub(super) struct Measure {
    pub(super) name: &'static str,
    pub(super) work: Work,
    pub(super) goals: &'static [Goal],
}

/// What is done with all rows. A text names the schema of the table that they are read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    /// Read by a bare client; the number is the simulator's latency in milliseconds.
    Drain(Reading, u64),
    Count(&'static str),
    /// Counted without asynchronous scans, so that partitions are read one after another.
    CountInTurn(&'static str),
    /// All columns are read by the server, which sends no row.
    Columns(&'static str),
    CreateTable(&'static str),
    Script,
}

/// Schemas of foreign tables, each with its data and its concurrency.
pub(super) const SERVERS: [(&str, &str, usize); 7] = [
    ("wait0_1", "rows=1000000", 1),
    ("wait0_4", "rows=1000000", 4),
    ("wait50_1", "rows=1000000,latency=50", 1),
    ("wait50_4", "rows=1000000,latency=50", 4),
    ("wait50_8", "rows=1000000,latency=50", 8),
    ("wait50_16", "rows=1000000,latency=50", 16),
    ("burst", "rows=1000000,latency=50,shape=burst", 8),
];

/// Partitions by time, each on a server that reads one page after another: begin, end and data.
pub(super) const PARTITIONS: [[&str; 3]; 4] = [
    ["2026-01-01", "2026-01-09", "rows=250000,latency=50,end=2026-01-09"],
    ["2026-01-09", "2026-01-17", "rows=250000,latency=50,start=2026-01-09,end=2026-01-17"],
    ["2026-01-17", "2026-01-25", "rows=250000,latency=50,start=2026-01-17,end=2026-01-25"],
    ["2026-01-25", "2026-02-01", "rows=250000,latency=50,start=2026-01-25"],
];

/// Headings and the measures below them.
pub(super) const MEASURES: [(&str, &[Measure]); 2] = [
    (
        "no waiting",
        &[
            measure("drain, next key only", Work::Drain(KeyOnly, 0), &[]),
            measure(SKIPPING, Work::Drain(Skipping, 0), &[]),
            measure(FULL, Work::Drain(Full, 0), &[]),
            measure("count(*), concurrency 1", Work::Count("wait0_1"), &[to(SKIPPING, Time(1.3))]),
            measure("count(*), concurrency 4", Work::Count("wait0_4"), &[to(SKIPPING, Time(0.9))]),
            measure("all columns, concurrency 1", Work::Columns("wait0_1"), &[to(FULL, Time(1.0))]),
            measure("all columns, concurrency 4", Work::Columns("wait0_4"), &[to(FULL, Time(0.5))]),
            measure(LOCAL, Work::CreateTable("local"), &[]),
            measure(SCRIPT, Work::Script, &[]),
            measure("CREATE TABLE AS, concurrency 4", Work::CreateTable("wait0_4"), &[to(LOCAL, Time(1.5)), to(SCRIPT, Speed(5.0))]),
        ],
    ),
    (
        "50 ms for each page",
        &[
            measure(WAITING, Work::Drain(Skipping, 50), &[]),
            measure("count(*), concurrency 1", Work::Count("wait50_1"), &[to(WAITING, Shown)]),
            measure("count(*), concurrency 4", Work::Count("wait50_4"), &[to(WAITING, Shown)]),
            measure(EVEN, Work::Count("wait50_8"), &[to(WAITING, Speed(6.0))]),
            measure("count(*), concurrency 16", Work::Count("wait50_16"), &[to(WAITING, Speed(10.0))]),
            measure("count(*) at 8, 90 % in 1 % of the time", Work::Count("burst"), &[to(EVEN, Speed(0.7))]),
            measure(IN_TURN, Work::CountInTurn("parted"), &[]),
            measure("count(*), four partitions", Work::Count("parted"), &[to(IN_TURN, Speed(3.5))]),
        ],
    ),
];

const SKIPPING: &str = "the skipping drain";
const FULL: &str = "the full-parse drain";
const LOCAL: &str = "CREATE TABLE AS from a local table";
const SCRIPT: &str = "the Python COPY script";
const WAITING: &str = "the waiting drain";
const EVEN: &str = "count(*), concurrency 8";
const IN_TURN: &str = "four partitions in turn";

const fn measure(name: &'static str, work: Work, goals: &'static [Goal]) -> Measure {
    Measure { name, work, goals }
}

const fn to(peer: &'static str, aim: Aim) -> Goal {
    Goal { peer, aim }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_peer_is_measured_once() {
        let all: Vec<&Measure> = MEASURES.iter().flat_map(|(_, measures)| *measures).collect();
        for goal in all.iter().flat_map(|measure| measure.goals) {
            assert_eq!(all.iter().filter(|measure| measure.name == goal.peer).count(), 1, "{}", goal.peer);
        }
    }
}
