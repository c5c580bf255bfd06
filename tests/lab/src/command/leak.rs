//! `lab leak`: ten thousand scans in one backend that end in different ways, and scans as a thousand roles. After them the backend must
//! hold no more resources than before.

mod roles;

use std::fmt;
use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use super::stress::client::Client;
use super::stress::process::Resources;
use super::stress::{Outcome, Stage};
use crate::args::Args;
use crate::failure::{Doing, Failure, Result};
use crate::stage::step::Progress;
use crate::stage::testbed::open_project;

/// Scans that are measured, and those before them that fill caches.
pub(crate) const SCANS: u32 = 10_000;
const WARM_UP: u32 = 2_100;
/// Scans in a row that end in the same way.
const BATCH: u32 = 50;
/// Allowed growth of anonymous memory: the allocator's arenas differ a little from run to run.
const GROWTH_KIB: u64 = 1024;
const DATABASE: &str = "lab_leak";
/// Requests of a scan in flight.
const CONCURRENCY: usize = 2;
/// Idle connections in the pools of three servers, beyond the one that each has at least.
const SPARE_CONNECTIONS: usize = 3 * (CONCURRENCY - 1);
/// Time for connections to go back to their pool after the last answer.
const SETTLE: Duration = Duration::from_millis(300);

/// How a scan ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ScanEnd {
    End,
    Limit,
    ApiError,
    Timeout,
    CursorClosed,
    Raised,
    Rescan,
}

const SCAN_ENDS: [ScanEnd; 7] =
    [ScanEnd::End, ScanEnd::Limit, ScanEnd::ApiError, ScanEnd::Timeout, ScanEnd::CursorClosed, ScanEnd::Raised, ScanEnd::Rescan];

/// The resources of the backend at one moment.
#[derive(Debug, Clone, Copy)]
struct BackendSnapshot {
    held: Resources,
    contexts: u64,
    context_bytes: u64,
}

pub(crate) fn run(mut args: Args) -> Result<ExitCode> {
    let no_build = args.flag("--no-build");
    let scans = args.number("--scans")?.unwrap_or(SCANS);
    args.end()?;
    let project = open_project(no_build)?;
    let outcome = measure(&Stage::start(&project, 1)?, scans)?;
    let mut out = std::io::stdout().lock();
    for line in outcome.complaints.iter().chain(&outcome.notes) {
        writeln!(out, "{line}")?;
    }
    Ok(if outcome.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs the scans, and compares the backend's resources after them with those before.
pub(crate) fn measure(stage: &Stage, scans: u32) -> Result<Outcome> {
    let mut progress = Progress::new(&format!("{scans} scans in one backend"));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let outcome = runtime.block_on(compare(stage, scans, &mut progress))?;
    progress.end(outcome.failed == 0)?;
    Ok(outcome)
}

async fn compare(stage: &Stage, scans: u32, progress: &mut Progress) -> Result<Outcome> {
    stage.cluster.create_database(DATABASE)?;
    let maker = stage.connect(DATABASE).await?;
    // Without retries and with small pages, the scans end quickly.
    let quick = format!(", page_size '20', max_retries '0', concurrency '{CONCURRENCY}'");
    let mut sql = String::from("CREATE EXTENSION restlog_fdw;");
    sql += &stage.tixngo("good", &stage.url("tag=leak,rows=60"), &quick);
    sql += &stage.tixngo("bad", &stage.url("tag=leak,rows=60,fault=status:500,at=2"), &quick);
    sql += &stage.tixngo("slow", &stage.url("tag=leak,rows=60,fault=stall,at=2"), &quick);
    maker.ask(&sql).await.doing("making the tables")?;
    drop(maker);
    let client = stage.connect(DATABASE).await?;
    let mut outcome = Outcome::default();
    scan(&client, WARM_UP, progress, &mut outcome).await?;
    let before = snapshot(&client).await?;
    let requests_before = stage.simulator.requests("leak").len();
    let started = Instant::now();
    let counts = scan(&client, scans, progress, &mut outcome).await?;
    let seconds = started.elapsed().as_secs_f64();
    let requests = stage.simulator.requests("leak").len() - requests_before;
    let after = snapshot(&client).await?;
    outcome.check((requests < scans as usize).then(|| format!("leak: {scans} scans cannot have sent {requests} requests only")));
    let growth = after.held.anonymous.saturating_sub(before.held.anonymous);
    let others = |snapshot: BackendSnapshot| snapshot.held.descriptors - snapshot.held.sockets;
    let grown = [
        (growth > GROWTH_KIB).then_some("anonymous memory"),
        (others(after) > others(before)).then_some("descriptors"),
        (after.held.sockets > before.held.sockets + SPARE_CONNECTIONS).then_some("sockets"),
        (after.held.threads > before.held.threads).then_some("threads"),
        (after.contexts > before.contexts).then_some("memory contexts"),
    ];
    for grown in grown {
        outcome.check(grown.map(|what| format!("leak: {what} grew\n  before {before}\n  after  {after}")));
    }
    let ends: Vec<String> = SCAN_ENDS.iter().zip(counts).map(|(end, count)| format!("{count} {end}")).collect();
    outcome.notes.push(format!(
        "leak: {scans} scans in {seconds:.1} s, {requests} requests ({}): before {before}; after {after}: {growth} kB more",
        ends.join(", ")
    ));
    roles::measure(stage, progress, &mut outcome).await?;
    Ok(outcome)
}

/// Runs the scans in batches, each of which ends in another way, and returns how many ended in each.
async fn scan(client: &Client, scans: u32, progress: &mut Progress, outcome: &mut Outcome) -> Result<[u32; SCAN_ENDS.len()]> {
    let mut counts = [0; SCAN_ENDS.len()];
    let mut left = scans;
    for place in (0..SCAN_ENDS.len()).cycle() {
        if left == 0 {
            break;
        }
        progress.tick()?;
        let batch = left.min(BATCH);
        SCAN_ENDS[place].run(client, batch, outcome).await?;
        counts[place] += batch;
        left -= batch;
    }
    Ok(counts)
}

impl ScanEnd {
    async fn run(self, client: &Client, scans: u32, outcome: &mut Outcome) -> Result<()> {
        let Some(block) = self.block() else {
            client.ask("SET statement_timeout = '4ms'").await.doing("SET")?;
            for _ in 0..scans {
                let ended = client.ask(&format!("SELECT count(*) FROM {}", range("slow"))).await;
                if !matches!(&ended, Err(refused) if refused.is_time_out()) {
                    outcome.check(Some(format!("leak: a scan that waits was not timed out: {ended:?}")));
                }
            }
            return client.ask("RESET statement_timeout").await.map(|_| ()).doing("RESET");
        };
        let sql = format!("DO $$ DECLARE r record; n bigint; BEGIN FOR i IN 1..{scans} LOOP {block} END LOOP; END $$");
        client.ask(&sql).await.map(|_| ()).doing(format!("scans that end by {self}"))
    }

    /// One scan in plpgsql, which fails if the scan ends otherwise. A timeout has none: it ends the whole statement.
    fn block(self) -> Option<String> {
        let (good, bad) = (range("good"), range("bad"));
        let count = |expected: u32| format!("IF n <> {expected} THEN RAISE 'there are % rows', n; END IF;");
        Some(match self {
            Self::Timeout => return None,
            Self::End => format!("SELECT count(ticketid) INTO n FROM {good}; {}", count(60)),
            Self::Limit => format!("SELECT count(*) INTO n FROM (SELECT ticketid FROM {good} LIMIT 3) few; {}", count(3)),
            Self::CursorClosed => format!("n := 0; FOR r IN SELECT ticketid FROM {good} LOOP n := n + 1; EXIT; END LOOP; {}", count(1)),
            Self::ApiError => format!(
                "BEGIN SELECT count(ticketid) INTO n FROM {bad}; RAISE 'no error'; EXCEPTION WHEN connection_failure THEN NULL; END;"
            ),
            Self::Raised => format!(
                "BEGIN n := 0; FOR r IN SELECT ticketid FROM {good} LOOP RAISE division_by_zero; END LOOP; RAISE 'no rows'; \
                 EXCEPTION WHEN division_by_zero THEN NULL; END;"
            ),
            Self::Rescan => format!(
                "SELECT count(*) INTO n FROM (VALUES (2), (3)) AS wanted(number), \
                   LATERAL (SELECT ticketid FROM {good} ORDER BY ticketid LIMIT wanted.number) AS few; {}",
                count(5)
            ),
        })
    }
}

impl fmt::Display for ScanEnd {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::End => "end",
            Self::Limit => "LIMIT",
            Self::ApiError => "API error",
            Self::Timeout => "timeout",
            Self::CursorClosed => "closed cursor",
            Self::Raised => "exception",
            Self::Rescan => "rescan",
        })
    }
}

/// A schema's table, with the condition that the API requires.
fn range(schema: &str) -> String {
    format!("{schema}.ticket_status_logs WHERE createddate >= '2026-01-01'")
}

/// The resources of the idle backend.
async fn snapshot(client: &Client) -> Result<BackendSnapshot> {
    for schema in ["good", "bad", "slow"] {
        // So each pool has a connection.
        let first_page = format!("SELECT ticketid FROM {} LIMIT 1", range(schema));
        client.ask(&first_page).await.doing("a first page")?;
    }
    tokio::time::sleep(SETTLE).await;
    let contexts = client.value("SELECT count(*) || ' ' || sum(total_bytes) FROM pg_backend_memory_contexts").await;
    let contexts = contexts.doing("pg_backend_memory_contexts")?;
    let numbers = contexts.split_once(' ').and_then(|(count, bytes)| Some((count.parse().ok()?, bytes.parse().ok()?)));
    let (contexts, context_bytes) = numbers.ok_or_else(|| Failure::new(format!("{contexts:?} are no numbers")))?;
    Ok(BackendSnapshot { held: Resources::by(client.backend)?, contexts, context_bytes })
}

impl fmt::Display for BackendSnapshot {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { held: Resources { anonymous, descriptors, sockets, threads }, contexts, context_bytes } = self;
        write!(
            out,
            "{anonymous} kB, {descriptors} descriptors ({sockets} sockets), {threads} threads, {contexts} contexts of {} kB",
            context_bytes / 1024
        )
    }
}
