//! `lab bench`: the extension beside what a user has at hand, measured in the same run: a bare HTTP client, a local table, a script.

mod goal;
mod instructions;
mod keys;
mod limit;
mod memory;
mod planning;
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

const PAGE: u64 = 10_000;
/// Room for every page that is read twice, if the machine has it.
const CACHE_BYTES: u64 = 6 << 30;
const MONTH: &str = "createdDate >= '2026-01-01' AND createdDate < '2026-02-01'";

/// A part of the bench, given how often it measures.
type Part = fn(&Bench, usize) -> Result<()>;

/// What the bench consists of, in its order. The last one stops the server.
const PARTS: [(&str, Part); 6] = [
    ("speed", Bench::speed),
    ("limit", Bench::limit),
    ("keys", Bench::keys),
    ("planning", Bench::planning),
    ("memory", Bench::memory),
    ("instructions", Bench::instructions),
];

/// The stage of a bench.
#[derive(Debug)]
struct Bench {
    project: Project,
    runtime: Runtime,
    simulator: Simulator,
    cluster: Cluster,
}

pub(crate) fn run(mut args: Args) -> Result<ExitCode> {
    let rounds = if args.flag("--quick") { 3 } else { 5 };
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
    bench.execute(&bench.connect()?, "CREATE EXTENSION restlog_fdw")?;
    for (_, part) in PARTS.iter().filter(|(name, _)| only.is_empty() || only.iter().any(|wanted| wanted == name)) {
        part(&bench, rounds)?;
        std::io::stdout().flush()?;
    }
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
    fn connect(&self) -> Result<Client> {
        let address = format!("{} dbname=postgres", self.address());
        let (client, connection) = self.runtime.block_on(tokio_postgres::connect(&address, NoTls)).doing("connecting")?;
        self.runtime.spawn(connection);
        self.execute(&client, "SET client_min_messages = warning")?;
        Ok(client)
    }

    /// Where the server is, as libpq's clients read it.
    fn address(&self) -> String {
        format!("host=127.0.0.1 port={} user=postgres", self.cluster.port)
    }

    /// A schema and a server of the same name, with TIXNGO's tables.
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

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
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
