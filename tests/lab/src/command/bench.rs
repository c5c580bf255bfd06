//! `lab bench`: rows per second beside a bare HTTP client that reads the same pages, and memory by number of rows.

mod keys;

use std::collections::BTreeMap;
use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use lab::Simulator;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use super::backend_memory::{Peak, Watch};
use super::drain::{Reading, drain};
use crate::args::Args;
use crate::failure::{Doing, Failure, Result};
use crate::stage::cluster::Cluster;
use crate::stage::prepare::prepare;
use crate::stage::project::Project;

const ROWS: u64 = 1_000_000;
const PAGE: u64 = 10_000;
const LATENCIES: [u64; 2] = [0, 50];
const MEMORY_ROWS: [u64; 2] = [100_000, 4_000_000];
/// Room for every page that is read twice, if the machine has it.
const CACHE_BYTES: u64 = 6 << 30;
const MONTH: &str = "createdDate >= '2026-01-01' AND createdDate < '2026-02-01'";

/// What is measured, in the order of the table.
const MEASURES: [(&str, How); 6] = [
    ("bare HTTP, next key only", How::Drain(Reading::KeyOnly)),
    ("bare HTTP, JSON skipped", How::Drain(Reading::Skipping)),
    ("count(*)", How::Sql("", "SELECT count(*) FROM {logs} WHERE {month}")),
    ("SELECT *, all 26 columns", How::Sql("", "SELECT * FROM {logs} WHERE {month} OFFSET 1000000000")),
    ("the same, concurrency 1", How::Sql("_one", "SELECT * FROM {logs} WHERE {month} OFFSET 1000000000")),
    ("CREATE TABLE AS SELECT *", How::Sql("", "CREATE TABLE copy AS SELECT * FROM {logs} WHERE {month}")),
];

#[derive(Debug, Clone, Copy)]
enum How {
    Drain(Reading),
    /// The suffix of the schema, and the statement. An OFFSET beyond the end makes the server read all rows and columns
    /// and send none.
    Sql(&'static str, &'static str),
}

/// The stage of a bench.
#[derive(Debug)]
struct Bench {
    runtime: Runtime,
    simulator: Simulator,
    cluster: Cluster,
}

pub(crate) fn run(mut args: Args) -> Result<ExitCode> {
    let rounds = if args.flag("--quick") { 3 } else { 5 };
    let no_build = args.flag("--no-build");
    args.end()?;
    let project = Project::find()?;
    if !no_build {
        prepare(&project)?;
    }
    let cache = cache_bytes();
    let simulator = Simulator::start_with_cache(([127, 0, 0, 1], 0), cache).doing("starting the simulator")?;
    let bench = Bench {
        runtime: tokio::runtime::Builder::new_current_thread().enable_all().build()?,
        cluster: Cluster::start(&project, None, &simulator.url())?,
        simulator,
    };
    bench.create_objects()?;
    bench.speed(rounds)?;
    bench.keys(rounds)?;
    bench.memory()?;
    Ok(ExitCode::SUCCESS)
}

/// What the cache may take: not more than half of the memory that is free.
fn cache_bytes() -> usize {
    let info = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = info.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let free: u64 = line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(4 << 20);
    usize::try_from(CACHE_BYTES.min(free * 1024 / 2)).unwrap_or(usize::MAX)
}

impl Bench {
    fn create_objects(&self) -> Result<()> {
        let client = self.connect()?;
        self.execute(&client, "CREATE EXTENSION restlog_fdw")?;
        let speed = LATENCIES.iter().flat_map(|latency| {
            let data = format!("rows={ROWS},latency={latency}");
            [(format!("wait{latency}"), data.clone(), 4), (format!("wait{latency}_one"), data, 1)]
        });
        let memory = MEMORY_ROWS.iter().map(|rows| (format!("rows{rows}"), format!("rows={rows}"), 4));
        for (name, data, concurrency) in speed.chain(memory) {
            let url = self.simulator.url();
            let sql = format!(
                "CREATE SERVER {name} FOREIGN DATA WRAPPER restlog_fdw OPTIONS (source 'tixngo', \
                 base_url '{url}/~{data}/v4', mobile_app_id 'my-app', page_size '{PAGE}', concurrency '{concurrency}');
                 CREATE USER MAPPING FOR CURRENT_USER SERVER {name} OPTIONS (api_key 'lab-key');
                 CREATE SCHEMA {name};
                 IMPORT FOREIGN SCHEMA tixngo FROM SERVER {name} INTO {name};"
            );
            self.execute(&client, &sql)?;
        }
        Ok(())
    }

    fn connect(&self) -> Result<Client> {
        let address = format!("host=127.0.0.1 port={} user=postgres dbname=postgres", self.cluster.port);
        let (client, connection) = self.runtime.block_on(tokio_postgres::connect(&address, NoTls)).doing("connecting")?;
        self.runtime.spawn(connection);
        Ok(client)
    }

    fn execute(&self, client: &Client, sql: &str) -> Result<()> {
        self.runtime.block_on(client.batch_execute(sql)).map_err(|cause| {
            let detail = cause.as_db_error().map_or_else(|| cause.to_string(), ToString::to_string);
            Failure::new(format!("{sql}\n{detail}"))
        })
    }

    /// The first field of the first row.
    fn value(&self, client: &Client, sql: &str) -> Result<String> {
        let messages = self.runtime.block_on(client.simple_query(sql)).doing(sql)?;
        let row = messages.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        });
        row.map(str::to_owned).ok_or_else(|| Failure::new(format!("{sql}: no row")))
    }

    /// One run of one measure.
    fn measure(&self, client: &Client, how: How, latency: u64) -> Result<Duration> {
        match how {
            How::Drain(reading) => {
                let url = self.simulator.url();
                let host = url.trim_start_matches("http://");
                let path = format!(
                    "/~rows={ROWS},latency={latency}/v4/organizer/report/ticket-status-logs\
                     ?mobileAppId=my-app&from=2026-01-01&to=2026-02-01&limit={PAGE}"
                );
                let started = Instant::now();
                let drained = self.runtime.block_on(drain(host, &path, reading))?;
                let elapsed = started.elapsed();
                let expected = ROWS / PAGE;
                if drained.pages != expected || (reading == Reading::Skipping && drained.rows != ROWS) {
                    return Err(Failure::new(format!("the drain got {drained:?} instead of {expected} pages")));
                }
                Ok(elapsed)
            }
            How::Sql(suffix, sql) => {
                let table = format!("wait{latency}{suffix}.ticket_status_logs");
                let started = Instant::now();
                self.execute(client, &sql.replace("{logs}", &table).replace("{month}", MONTH))?;
                let elapsed = started.elapsed();
                self.execute(client, "DROP TABLE IF EXISTS copy")?;
                Ok(elapsed)
            }
        }
    }

    fn speed(&self, rounds: usize) -> Result<()> {
        let mut out = std::io::stdout();
        let client = self.connect()?;
        self.execute(&client, "SET client_min_messages = warning")?;
        let count = self.value(&client, &format!("SELECT count(*) FROM wait0.ticket_status_logs WHERE {MONTH}"))?;
        if count != ROWS.to_string() {
            return Err(Failure::new(format!("the extension counts {count} rows instead of {ROWS}")));
        }
        // Every chain of pages once, so that no run pays for the making of JSON.
        for (_, how) in MEASURES {
            self.measure(&client, how, 0)?;
        }
        let mut times: BTreeMap<(usize, u64), Vec<Duration>> = BTreeMap::new();
        for round in 1..=rounds {
            writeln!(out, "round {round} of {rounds}")?;
            for latency in LATENCIES {
                for (place, (_, how)) in MEASURES.into_iter().enumerate() {
                    times.entry((place, latency)).or_default().push(self.measure(&client, how, latency)?);
                }
            }
        }
        let speed = |place: usize, latency: u64| {
            let mut times = times.get(&(place, latency)).cloned().unwrap_or_default();
            times.sort();
            times.get(times.len() / 2).map_or(0.0, |median| ROWS as f64 / median.as_secs_f64())
        };
        writeln!(
            out,
            "\n{ROWS} rows in pages of {PAGE}; rows per second, medians of {rounds} runs; simulator, client and server \
             share {} cores\n",
            std::thread::available_parallelism().map_or(1, usize::from)
        )?;
        write!(out, "{:26}", "waiting per page")?;
        for latency in LATENCIES {
            write!(out, "{:>14} {:>9}", format!("{latency} ms"), "of bare")?;
        }
        writeln!(out)?;
        for (place, (name, _)) in MEASURES.into_iter().enumerate() {
            write!(out, "{name:26}")?;
            for latency in LATENCIES {
                let rate = speed(place, latency);
                write!(out, "{:>14} {:>8.2}×", grouped(rate as u64), rate / speed(0, latency))?;
            }
            writeln!(out)?;
        }
        Ok(())
    }

    /// The peak of a new backend that counts every column of so many rows.
    fn peak(&self, rows: u64) -> Result<Peak> {
        let client = self.connect()?;
        let process = self.value(&client, "SELECT pg_backend_pid()")?;
        let table = format!("rows{rows}.ticket_status_logs");
        let columns = format!(
            "SELECT string_agg('count(' || quote_ident(attname) || ')', ', ') FROM pg_attribute \
             WHERE attrelid = '{table}'::regclass AND attnum > 0"
        );
        let counts = self.value(&client, &columns)?;
        let watch = Watch::start(process.parse().doing("pg_backend_pid()")?)?;
        let counted = self.value(&client, &format!("SELECT {counts} FROM {table} WHERE {MONTH}"));
        let peak = watch.stop()?;
        match counted? {
            count if count == rows.to_string() => Ok(peak),
            count => Err(Failure::new(format!("the extension counts {count} rows instead of {rows}"))),
        }
    }

    fn memory(&self) -> Result<()> {
        let mut out = std::io::stdout();
        writeln!(out, "\nmemory of a new backend that counts all columns, in MiB\n")?;
        writeln!(out, "{:26}{:>14}{:>24}", "rows", "its own", "with all it shares")?;
        let mut peaks = Vec::new();
        for rows in MEMORY_ROWS {
            let peak = self.peak(rows)?;
            writeln!(out, "{:26}{:>14.1}{:>24.1}", grouped(rows), mib(peak.anonymous), mib(peak.resident))?;
            peaks.push(peak);
        }
        if let [small, large] = peaks[..] {
            let more = |large: u64, small: u64| mib(large) - mib(small);
            writeln!(
                out,
                "{:26}{:>14.1}{:>24.1}",
                "difference",
                more(large.anonymous, small.anonymous),
                more(large.resident, small.resident)
            )?;
        }
        Ok(())
    }
}

fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!([0, 999, 1000, 12_345_678].map(grouped), ["0", "999", "1,000", "12,345,678"]);
    }
}
