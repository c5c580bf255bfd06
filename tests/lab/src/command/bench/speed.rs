//! Rows per second of every work and of its peers, in rounds, so that the machine's moods strike all of them alike.

mod measures;

use std::io::Write;
use std::time::{Duration, Instant};

use tokio_postgres::{Client, SimpleQueryMessage};

use self::measures::{MEASURES, Measure, PARTITIONS, SERVERS, Work};
use super::simulator_time::simulator_time;
use super::{Bench, MONTH, PAGE, cores, first_value, grouped, median, script};
use crate::command::drain::{Reading, drain};
use crate::failure::{Failure, Result};

const ROWS: u64 = 1_000_000;

/// What the rounds gave for one measure.
#[derive(Debug, Default)]
struct Samples {
    times: Vec<Duration>,
    /// The simulator's part of the processor, over all rounds; `None` where the kernel does not tell.
    simulator: Option<Duration>,
}

impl Bench {
    pub(super) fn speed(&self, rounds: usize) -> Result<()> {
        let mut out = std::io::stdout();
        let client = self.connect()?;
        self.objects(&client)?;
        let script = script::libraries();
        let measures: Vec<&Measure> = MEASURES.iter().flat_map(|(_, measures)| *measures).collect();
        let runs = |work: Work| work != Work::Script || script.is_ok();
        // Every chain of pages before it counts, so that no run pays for the making of JSON; twice, because a session that has
        // learned how densely a table is filled cuts its windows elsewhere.
        for measure in [&measures, &measures].into_iter().flatten() {
            if measure.work != Work::Script {
                self.run(&client, measure.work)?;
            }
        }
        let written = self.simulator.pages_written();
        let mut samples: Vec<Samples> = measures.iter().map(|_| Samples::default()).collect();
        for round in 1..=rounds {
            writeln!(out, "round {round} of {rounds}")?;
            for (measure, samples) in measures.iter().zip(&mut samples).filter(|(measure, _)| runs(measure.work)) {
                let before = simulator_time();
                samples.times.push(self.run(&client, measure.work)?);
                if let (Some(before), Some(after)) = (before, simulator_time()) {
                    *samples.simulator.get_or_insert_default() += after.saturating_sub(before);
                }
            }
        }
        let cores = cores();
        writeln!(
            out,
            "\n{} rows in pages of {}; rows per second, medians of {rounds} runs; simulator, client and server share {cores} cores,\n\
             of which \"simulator\" is the simulator's part; while it was measured it wrote {} pages anew",
            grouped(ROWS),
            grouped(PAGE),
            grouped(self.simulator.pages_written() - written)
        )?;
        let median_of = |name: &str| {
            let at = measures.iter().position(|measure| measure.name == name)?;
            samples.get(at).filter(|samples| !samples.times.is_empty()).map(|samples| median(&samples.times))
        };
        let mut lines = measures.iter().zip(&samples);
        for (heading, below) in &MEASURES {
            writeln!(out, "\n{heading:40}{:>11}{:>11}", "rows/s", "simulator")?;
            for (measure, samples) in lines.by_ref().take(below.len()) {
                if samples.times.is_empty() {
                    let reason = script.as_ref().err().map_or("", String::as_str);
                    writeln!(out, "{:40}{:>11} left out: {reason}", measure.name, "–")?;
                    continue;
                }
                let own = median(&samples.times);
                let speed = grouped((ROWS as f64 / own.as_secs_f64()) as u64);
                let mut notes: Vec<String> =
                    measure.goals.iter().filter_map(|goal| Some(goal.describe(own, median_of(goal.peer)?))).collect();
                if let (Work::Script, Ok(libraries)) = (measure.work, &script) {
                    notes.push(libraries.clone());
                }
                let mut start = format!("{:40}{speed:>11}{:>11}", measure.name, samples.share());
                if notes.is_empty() {
                    writeln!(out, "{start}")?;
                }
                for note in notes {
                    writeln!(out, "{start:62}   {note}")?;
                    start.clear();
                }
            }
        }
        Ok(())
    }

    fn objects(&self, client: &Client) -> Result<()> {
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

    /// One run, and that it saw every row.
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

    /// The time of a statement that counts, or returns or stores, so many rows.
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
    /// The simulator's share of all cores while this was measured.
    fn share(&self) -> String {
        let wall: Duration = self.times.iter().sum();
        let share = |cpu: Duration| 100.0 * cpu.as_secs_f64() / (wall.as_secs_f64() * cores() as f64);
        self.simulator.map_or_else(|| "–".to_owned(), |cpu| format!("{:.0} %", share(cpu)))
    }
}

/// The chain of pages that the bare clients read.
fn chain(latency: u64) -> String {
    format!(
        "/~rows={ROWS},latency={latency}/v4/organizer/report/ticket-status-logs\
         ?mobileAppId=my-app&from=2026-01-01&to=2026-02-01&limit={PAGE}"
    )
}
