//! `lab differential`: random queries, each run on the foreign tables and on a local copy of the simulator's rows.

mod bound;
mod comparator;
mod condition;
mod default_from;
mod draw;
mod join;
mod local_copy;
mod outputs;
mod report;
mod rng;
mod sample;
mod select;
mod session;
mod setup;
mod shrink;
mod table;
mod tally;
mod time_leaf;
mod value_leaf;
mod world;
mod write;
mod zone;

use std::io::Write;
use std::ops::Range;
use std::process::ExitCode;

use crate::args::Args;
use crate::failure::Result;
use crate::stage::cleanup::park_if_stopping;
use crate::stage::step::Progress;
use crate::stage::testbed::{Testbed, open_project};

use comparator::{Comparator, KINDS, Verdict};
use report::{FailedQuery, report};
use sample::Sample;
use session::{DATABASE, Session};
use setup::SETUPS;
use tally::Tally;

/// Queries of each test run, and of a long one.
pub(crate) const QUERIES: u64 = 1000;
pub(crate) const LONG_QUERIES: u64 = 10_000;
/// Seed of every test run. All runs have the same queries, so that only a change of the code makes one fail.
pub(crate) const SEED: u64 = 1;
/// Failures of each kind that are shrunk and reported; the others are only counted.
const REPORTED: usize = 5;
/// Smaller queries tried for one failure.
const TRIES: usize = 400;

/// The results of the queries.
#[derive(Debug, Default)]
pub(crate) struct DifferentialOutcome {
    pub(crate) failed: u32,
    pub(crate) complaints: Vec<String>,
    tally: Tally,
    /// Scans whose requests were compared with their bound.
    cost_checked: usize,
}

impl DifferentialOutcome {
    pub(crate) fn passed(&self) -> u32 {
        self.tally.right()
    }

    /// The figures, a line each.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut lines = self.tally.lines();
        lines.push(format!("{} scans checked for their cost", self.cost_checked));
        lines
    }

    /// Fails a run that has compared too little to prove anything.
    fn check(&mut self, queries: u64) {
        let unchecked = (queries >= 100 && self.cost_checked == 0).then(|| "no scan was checked for its cost".to_owned());
        if let Some(weakness) = self.tally.weakness().or(unchecked) {
            self.failed += 1;
            self.complaints.push(format!("differential: {weakness}"));
        }
    }
}

pub(crate) fn run(mut args: Args) -> Result<ExitCode> {
    let no_build = args.flag("--no-build");
    let seed = args.number("--seed")?.unwrap_or(SEED);
    let number: Option<u64> = args.number("--number")?;
    let queries = args.number("--queries")?.unwrap_or(QUERIES);
    args.end()?;
    let project = open_project(no_build)?;
    let testbed = Testbed::start(&project)?;
    let numbers = number.map_or(0..queries, |number| number..number + 1);
    let outcome = compare(&testbed, seed, numbers)?;
    drop(testbed);
    let mut out = std::io::stdout().lock();
    for complaint in &outcome.complaints {
        writeln!(out, "\n{complaint}")?;
    }
    writeln!(out)?;
    for note in outcome.notes() {
        writeln!(out, "{note}")?;
    }
    writeln!(out, "\nseed {seed}: {} passed, {} failed", outcome.passed(), outcome.failed)?;
    Ok(if outcome.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs the queries of these numbers, in a database of their own.
pub(crate) fn compare(testbed: &Testbed, seed: u64, numbers: Range<u64>) -> Result<DifferentialOutcome> {
    let Testbed { cluster, simulator } = testbed;
    cluster.create_database(DATABASE)?;
    let session = Session::open(cluster, DATABASE)?;
    let sample = Sample::read()?;
    world::make(&session, cluster, simulator, &sample)?;
    let mut comparator = Comparator::new(session, simulator, cluster);
    let mut outcome = DifferentialOutcome::default();
    let mut kinds = [0; KINDS.len()];
    let queries = numbers.end - numbers.start;
    let mut progress = Progress::new(&format!("{queries} queries of seed {seed} on both sides"));
    for number in numbers {
        progress.tick()?;
        park_if_stopping();
        let query = draw::draw(&sample, seed, number);
        let family = SETUPS[query.setup].family;
        match comparator.compare(&query)? {
            verdict @ (Verdict::Agreed(rows) | Verdict::Shortened(rows)) => {
                let counts = outcome.tally.of(family);
                counts.right += 1;
                counts.found += u32::from(rows > 0);
                counts.shortened += u32::from(matches!(verdict, Verdict::Shortened(_)));
            }
            Verdict::Refused(reason) => outcome.tally.refuse(family, &reason),
            Verdict::LocalError => outcome.tally.of(family).local_errors += 1,
            Verdict::InvalidSql(refused) => {
                outcome.failed += 1;
                outcome.tally.of(family).wrong += 1;
                outcome.complaints.push(format!("differential: query {number} of seed {seed} is no query\n  {refused}"));
            }
            Verdict::Wrong(first) => {
                outcome.failed += 1;
                outcome.tally.of(family).wrong += 1;
                let kind = &mut kinds[first.kind()];
                *kind += 1;
                if *kind > REPORTED {
                    continue;
                }
                let mut wrong = first;
                let (smallest, tried) = shrink::shrink(query.clone(), TRIES, |smaller| match comparator.compare(smaller) {
                    Ok(Verdict::Wrong(other)) if wrong.resembles(&other) => {
                        wrong = other;
                        true
                    }
                    _ => false,
                });
                let failed = FailedQuery { seed, number, drawn: &query, smallest: &smallest, wrong: &wrong, tried };
                outcome.complaints.push(report(&failed));
            }
        }
    }
    if kinds.iter().any(|count| *count > REPORTED) {
        let counts: Vec<String> = KINDS.iter().zip(kinds).map(|(kind, count)| format!("{count} {kind}")).collect();
        outcome.complaints.push(format!("differential: {}; of each kind {REPORTED} are reported", counts.join(", ")));
    }
    outcome.cost_checked = comparator.cost_checked;
    outcome.check(queries);
    progress.end(outcome.failed == 0)?;
    Ok(outcome)
}
