//! Rows per second of every measure and of its peers. They run in rounds, so that a slow moment of the machine affects all alike.

mod measures;

use std::io::Write;
use std::time::{Duration, Instant};

use tokio_postgres::{Client, SimpleQueryMessage};

use self::measures::{MEASURES, Measure, PARTITIONS, SERVERS, Work};
use super::goal::{Measured, Outcome};
use super::simulator_time::simulator_time;
use super::{Bench, MONTH, PAGE, cores, first_value, grouped, median, script};
use crate::command::drain::{Reading, drain};
use crate::failure::{Failure, Result};

const ROWS: u64 = 1_000_000;

/// What the rounds gave for one measure.
#[derive(Debug)]
struct Samples {
    heading: &'static str,
    measure: &'static Measure,
    times: Vec<Duration>,
    /// The simulator's time on the processor, over all rounds; `None` where the kernel does not report it.
    simulator: Option<Duration>,
}

/// The libraries of the Python script, or why it cannot run.
type Script = std::result::Result<String, String>;

impl Bench {
    pub(super) fn speed(&self, rounds: usize) -> Result<Vec<Measured>> {
        let client = self.connect()?;
        self.create_objects(&client)?;
        let script = script::libraries();
        self.warm_up(&client)?;
        let written = self.simulator.pages_written();
        let samples = self.sample(&client, rounds, &script)?;
        writeln!(
            std::io::stdout(),
            "\n{} rows in pages of {}; rows per second, medians of {rounds} runs; simulator, client and server share {} cores,\n\
             of which \"simulator\" is the simulator's part; while it was measured it wrote {} pages anew",
            grouped(ROWS),
            grouped(PAGE),
            cores(),
            grouped(self.simulator.pages_written() - written)
        )?;
        print(&samples, &script)
    }

    /// Reads every chain of pages before it counts, so that no run pays for the writing of JSON. Twice: once the density of a
    /// table is known, the extension cuts its windows elsewhere.
    fn warm_up(&self, client: &Client) -> Result<()> {
        for _ in 0..2 {
            for measure in MEASURES.iter().flat_map(|(_, measures)| *measures).filter(|measure| measure.work != Work::Script) {
                self.run(client, measure.work)?;
            }
        }
        Ok(())
    }

    /// Runs every measure in each round. A script that cannot run has no samples.
    fn sample(&self, client: &Client, rounds: usize, script: &Script) -> Result<Vec<Samples>> {
        let measures = MEASURES.iter().flat_map(|(heading, measures)| measures.iter().map(|measure| (*heading, measure)));
        let samples = measures.map(|(heading, measure)| Samples { heading, measure, times: Vec::new(), simulator: None });
        let mut samples: Vec<Samples> = samples.collect();
        for round in 1..=rounds {
            writeln!(std::io::stdout(), "round {round} of {rounds}")?;
            for samples in samples.iter_mut().filter(|samples| samples.measure.work != Work::Script || script.is_ok()) {
                let before = simulator_time();
                samples.times.push(self.run(client, samples.measure.work)?);
                if let (Some(before), Some(after)) = (before, simulator_time()) {
                    *samples.simulator.get_or_insert_default() += after.saturating_sub(before);
                }
            }
        }
        Ok(samples)
    }

    fn create_objects(&self, client: &Client) -> Result<()> {
        for (name, data, concurrency) in SERVERS {
            self.server(client, name, data, concurrency)?;
        }
        let like = "LIKE wait0_4.ticket_status_logs";
        self.execute(
            client,
            &format!("CREATE SCHEMA parted; CREATE TABLE parted.ticket_status_logs ({like}) PARTITION BY RANGE (createdDate)"),
        )?;
        for (number, [from, to, data]) in PARTITIONS.iter().enumerate() {
            let name = format!("part{number}");
            self.server(client, &name, data, 1)?;
            let sql = format!(
                "CREATE FOREIGN TABLE parted.{name} PARTITION OF parted.ticket_status_logs \
                 FOR VALUES FROM ('{from}') TO ('{to}') SERVER {name} OPTIONS (table 'ticket_status_logs')"
            );
            self.execute(client, &sql)?;
        }
        self.execute(client, &format!("CREATE SCHEMA local; CREATE TABLE local.ticket_status_logs ({like})"))?;
        self.execute(client, &format!("INSERT INTO local.ticket_status_logs SELECT * FROM wait0_4.ticket_status_logs WHERE {MONTH}"))?;
        self.execute(client, "VACUUM (ANALYZE) local.ticket_status_logs")
    }

    /// The time of one run, which fails unless it read every row.
    fn run(&self, client: &Client, work: Work) -> Result<Duration> {
        let select = |what: &str, schema: &str| format!("SELECT {what} FROM {schema}.ticket_status_logs WHERE {MONTH}");
        match work {
            Work::Drain(reading, latency) => self.bare(reading, latency),
            Work::Count(schema) => self.sql(client, &select("count(*)", schema), ROWS),
            Work::CountInTurn(schema) => {
                self.execute(client, "SET enable_async_append = off")?;
                let time = self.sql(client, &select("count(*)", schema), ROWS);
                self.execute(client, "RESET enable_async_append")?;
                time
            }
            // An OFFSET beyond the end makes the server read all rows and columns and send none.
            Work::Columns(schema) => self.sql(client, &format!("{} OFFSET 1000000000", select("*", schema)), 0),
            Work::CreateTable(schema) => {
                let time = self.sql(client, &format!("CREATE TABLE copy AS {}", select("*", schema)), ROWS);
                self.execute(client, "DROP TABLE copy")?;
                time
            }
            Work::Script => {
                self.execute(client, "CREATE TABLE copy (LIKE wait0_4.ticket_status_logs)")?;
                let url = format!("{}{}", self.simulator.url(), chain(0));
                let (time, rows) = script::copy(&url, &format!("{} dbname=postgres", self.address()), "copy")?;
                let stored = self.value(client, "SELECT count(*) FROM copy")?;
                self.execute(client, "DROP TABLE copy")?;
                if rows == ROWS && stored == ROWS.to_string() {
                    Ok(time)
                } else {
                    Err(Failure::new(format!("the script read {rows} rows and stored {stored}")))
                }
            }
        }
    }

    fn bare(&self, reading: Reading, latency: u64) -> Result<Duration> {
        let url = self.simulator.url();
        let started = Instant::now();
        let drained = self.runtime.block_on(drain(url.trim_start_matches("http://"), &chain(latency), reading))?;
        let elapsed = started.elapsed();
        let rows = if reading == Reading::KeyOnly { 0 } else { ROWS };
        if (drained.pages, drained.rows) == (ROWS / PAGE, rows) {
            Ok(elapsed)
        } else {
            Err(Failure::new(format!("the drain got {drained:?} instead of {ROWS} rows")))
        }
    }

    /// The time of a statement that counts, returns or stores this many rows.
    fn sql(&self, client: &Client, sql: &str, expected: u64) -> Result<Duration> {
        let started = Instant::now();
        let messages = self.ask(client, sql)?;
        let elapsed = started.elapsed();
        let completed = messages.iter().find_map(|message| match message {
            SimpleQueryMessage::CommandComplete(rows) => Some(*rows),
            _ => None,
        });
        let rows = match first_value(&messages) {
            Some(count) => count.parse().ok(),
            None => completed,
        };
        if rows == Some(expected) { Ok(elapsed) } else { Err(Failure::new(format!("{sql}\n{rows:?} rows instead of {expected}"))) }
    }
}

impl Samples {
    fn median(&self) -> Option<Duration> {
        (!self.times.is_empty()).then(|| median(&self.times))
    }

    /// The goals of the measure, against its peers in `all`.
    fn goals(&self, all: &[Self]) -> Vec<Measured> {
        let name = || format!("{}: {}", self.heading, self.measure.name);
        let goals = self.measure.goals.iter().map(|goal| {
            let peer = all.iter().find(|samples| samples.measure.name == goal.peer);
            match (self.median(), peer.and_then(Self::median)) {
                (Some(own), Some(peer)) => goal.measured(name(), own, peer),
                _ => goal.not_measured(name()),
            }
        });
        goals.collect()
    }

    /// One line, or as many as there are goals.
    fn print(&self, goals: &[Measured], script: &Script) -> Result<()> {
        let (mut out, name) = (std::io::stdout(), self.measure.name);
        let Some(time) = self.median() else {
            let reason = script.as_ref().err().map_or("", String::as_str);
            writeln!(out, "{name:40}{:>11} left out: {reason}", "–")?;
            return Ok(());
        };
        let speed = grouped((ROWS as f64 / time.as_secs_f64()) as u64);
        let mut notes: Vec<String> = goals.iter().filter(|goal| !goal.has(Outcome::NotMeasured)).map(ToString::to_string).collect();
        if let (Work::Script, Ok(libraries)) = (self.measure.work, script) {
            notes.push(libraries.clone());
        }
        let mut start = format!("{name:40}{speed:>11}{:>11}", self.share());
        if notes.is_empty() {
            writeln!(out, "{start}")?;
        }
        for note in notes {
            writeln!(out, "{start:62}   {note}")?;
            start.clear();
        }
        Ok(())
    }

    /// The simulator's share of all cores during the runs.
    fn share(&self) -> String {
        let wall: Duration = self.times.iter().sum();
        let share = |cpu: Duration| 100.0 * cpu.as_secs_f64() / (wall.as_secs_f64() * cores() as f64);
        self.simulator.map_or_else(|| "–".to_owned(), |cpu| format!("{:.0} %", share(cpu)))
    }
}

/// Prints the table, and returns the measured goals.
fn print(all: &[Samples], script: &Script) -> Result<Vec<Measured>> {
    let mut measured = Vec::new();
    for (heading, _) in &MEASURES {
        writeln!(std::io::stdout(), "\n{heading:40}{:>11}{:>11}", "rows/s", "simulator")?;
        for samples in all.iter().filter(|samples| samples.heading == *heading) {
            let goals = samples.goals(all);
            samples.print(&goals, script)?;
            measured.extend(goals);
        }
    }
    Ok(measured)
}

/// The chain of pages that the bare clients read.
fn chain(latency: u64) -> String {
    format!(
        "/~rows={ROWS},latency={latency}/v4/organizer/report/ticket-status-logs\
         ?mobileAppId=my-app&from=2026-01-01&to=2026-02-01&limit={PAGE}"
    )
}
