//! `lab bench`: speed and memory of the extension, beside a bare HTTP client, a local table and a script measured in the same run.

mod goal;
mod instructions;
mod keys;
mod limit;
mod machine;
mod memory;
mod planning;
mod results;
mod script;
mod simulator_time;
mod speed;

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use lab::Simulator;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use crate::args::Args;
use crate::failure::{Doing, Failure, Result};
use crate::stage::cluster::{Cluster, ClusterConfig};
use crate::stage::project::Project;
use crate::stage::testbed::open_project;
use goal::Measured;
use machine::RESULTS;
use results::Machine;

const PAGE: u64 = 10_000;
/// Room for every page that is read twice.
const CACHE_BYTES: u64 = 6 << 30;
const MONTH: &str = "createdDate >= '2026-01-01' AND createdDate < '2026-02-01'";

/// A part of the bench; it takes the number of rounds, prints its table, and returns the measured values.
type Part = fn(&Bench, usize) -> Result<Vec<Measured>>;

/// The parts in their order. The last one stops the server.
const PARTS: [(&str, Part); 6] = [
    ("speed", Bench::speed),
    ("limit", Bench::limit),
    ("keys", Bench::keys),
    ("planning", Bench::planning),
    ("memory", Bench::memory),
    ("instructions", Bench::instructions),
];

/// What all parts work on.
#[derive(Debug)]
struct Bench {
    project: Project,
    runtime: Runtime,
    simulator: Simulator,
    cluster: Cluster,
}

pub(crate) fn run(mut args: Args) -> Result<ExitCode> {
    let rounds = if args.flag("--quick") { 3 } else { 5 };
    let check = args.flag("--check");
    let no_build = args.flag("--no-build");
    let only = args.values("--only")?;
    args.end()?;
    if let Some(unknown) = only.iter().find(|name| PARTS.iter().all(|(part, _)| part != name)) {
        let known = PARTS.map(|(part, _)| part).join(", ");
        return Err(Failure::usage(format!("there is no part {unknown:?}, only {known}")));
    }
    let project = open_project(no_build)?;
    let cache = cache_bytes();
    let simulator = Simulator::start_with_cache(([127, 0, 0, 1], 0), cache).doing("starting the simulator")?;
    let bench = Bench {
        runtime: tokio::runtime::Builder::new_current_thread().enable_all().build()?,
        cluster: Cluster::start(&project, &simulator.url(), &ClusterConfig::default())?,
        simulator,
        project,
    };
    let client = bench.connect()?;
    bench.execute(&client, "CREATE EXTENSION restlog_fdw")?;
    // Before the last part stops the server.
    let machine = machine::machine(&bench.value(&client, "SHOW server_version")?);
    drop(client);
    let mut measured = Vec::new();
    for (_, part) in PARTS.iter().filter(|(name, _)| only.is_empty() || only.iter().any(|wanted| wanted == name)) {
        measured.extend(part(&bench, rounds)?);
        std::io::stdout().flush()?;
    }
    if check { keep_and_check(&bench.project, &machine, &measured) } else { Ok(ExitCode::SUCCESS) }
}

/// Appends the values to the table of results. A missed goal fails the command.
fn keep_and_check(project: &Project, machine: &Machine, measured: &[Measured]) -> Result<ExitCode> {
    let path = project.root.join(RESULTS);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|_| "# Results of the bench\n".into());
    let text = results::with_run(&text, machine, &machine::run(project), measured);
    std::fs::write(&path, text).doing(format!("writing {RESULTS}"))?;
    let mut out = std::io::stdout();
    writeln!(out, "\n{} values appended to {RESULTS}", measured.len())?;
    let Some(missed) = results::missed(measured) else { return Ok(ExitCode::SUCCESS) };
    writeln!(out, "{missed}")?;
    Ok(ExitCode::FAILURE)
}

/// The size of the simulator's cache: at most half of the memory that is free.
fn cache_bytes() -> usize {
    let free = memory_kib("MemAvailable:").unwrap_or(4 << 20);
    usize::try_from(CACHE_BYTES.min(free * 1024 / 2)).unwrap_or(usize::MAX)
}

/// A line of `/proc/meminfo`, in KiB.
fn memory_kib(name: &str) -> Option<u64> {
    let info = std::fs::read_to_string("/proc/meminfo").ok()?;
    info.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok())
}

impl Bench {
    fn connect(&self) -> Result<Client> {
        let address = format!("{} dbname=postgres", self.address());
        let (client, connection) = self.runtime.block_on(tokio_postgres::connect(&address, NoTls)).doing("connecting")?;
        self.runtime.spawn(connection);
        self.execute(&client, "SET client_min_messages = warning")?;
        Ok(client)
    }

    /// The server's address in libpq's form, without a database.
    fn address(&self) -> String {
        format!("host=127.0.0.1 port={} user=postgres", self.cluster.port)
    }

    /// Creates a server and a schema, both of this name, with TIXNGO's tables.
    fn server(&self, client: &Client, name: &str, data: &str, concurrency: usize) -> Result<()> {
        let url = self.simulator.url();
        let sql = format!(
            "CREATE SERVER {name} FOREIGN DATA WRAPPER restlog_fdw OPTIONS (source 'tixngo', \
             base_url '{url}/~{data}/v4', mobile_app_id 'my-app', page_size '{PAGE}', concurrency '{concurrency}');
             CREATE USER MAPPING FOR CURRENT_USER SERVER {name} OPTIONS (api_key 'lab-key');
             CREATE SCHEMA {name};
             IMPORT FOREIGN SCHEMA tixngo FROM SERVER {name} INTO {name};"
        );
        self.execute(client, &sql)
    }

    fn execute(&self, client: &Client, sql: &str) -> Result<()> {
        self.ask(client, sql).map(|_| ())
    }

    fn ask(&self, client: &Client, sql: &str) -> Result<Vec<SimpleQueryMessage>> {
        self.runtime.block_on(client.simple_query(sql)).map_err(|cause| {
            let detail = cause.as_db_error().map_or_else(|| cause.to_string(), ToString::to_string);
            Failure::new(format!("{sql}\n{detail}"))
        })
    }

    /// The first field of the first row.
    fn value(&self, client: &Client, sql: &str) -> Result<String> {
        first_value(&self.ask(client, sql)?).ok_or_else(|| Failure::new(format!("{sql}: no row")))
    }
}

fn first_value(messages: &[SimpleQueryMessage]) -> Option<String> {
    let mut values = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    values.next().map(str::to_owned)
}

fn median(times: &[Duration]) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// A number with commas between the thousands.
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
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!([0, 999, 1000, 12_345_678].map(grouped), ["0", "999", "1,000", "12,345,678"]);
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&[5, 1, 3].map(Duration::from_secs)), Duration::from_secs(3));
    }
}
