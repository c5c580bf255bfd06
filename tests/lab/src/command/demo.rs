//! `lab demo`: shows the extension at work, each statement before its result and what it asked of the API after it.

use std::io::{IsTerminal, Write};
use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

use lab::Simulator;

use crate::args::Args;
use crate::failure::{Doing, Failure, Result};
use crate::stage::cleanup::{self, rest_if_stopping};
use crate::stage::cluster::Cluster;
use crate::stage::prepare::prepare;
use crate::stage::project::Project;

/// The request log's namespace, and the data that the demo reads.
const TAG: &str = "demo";
const DATA: &str = "rows=1000000";
const DATABASE: &str = "demo";
/// Requests shown of a chapter; the rest is counted.
const SHOWN_REQUESTS: usize = 3;

/// A part of the demo: one psql session.
struct Chapter {
    title: &'static str,
    text: &'static str,
    sql: String,
}

pub(crate) fn run(mut args: Args) -> Result<ExitCode> {
    let keep = args.flag("--keep");
    let no_build = args.flag("--no-build");
    args.end()?;
    let project = Project::find()?;
    if !no_build {
        prepare(&project)?;
    }
    let simulator = Simulator::start(([127, 0, 0, 1], 0)).doing("starting the simulator")?;
    let cluster = Cluster::start(&project, None, &simulator.url())?;
    cluster.create_database(DATABASE)?;
    for chapter in chapters(&simulator.url()) {
        tell(&chapter, &simulator, &cluster)?;
    }
    let mut out = std::io::stdout();
    heading("Go on by yourself")?;
    if keep {
        writeln!(out, "psql postgresql://postgres@127.0.0.1:{}/{DATABASE}\n", cluster.port)?;
        writeln!(out, "The simulated API is at {}. Ctrl-C stops both and removes the cluster.", simulator.url())?;
        out.flush()?;
        return Ok(cleanup::wait_for_signal());
    }
    writeln!(out, "With `cargo lab demo --keep` the cluster stays, and a line for psql is printed here.")?;
    Ok(ExitCode::SUCCESS)
}

fn heading(title: &str) -> Result<()> {
    let mut out = std::io::stdout();
    let (bold, plain) = if out.is_terminal() { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
    writeln!(out, "\n{bold}{title}{plain}\n{}\n", "─".repeat(title.chars().count()))?;
    Ok(())
}

/// Prints a chapter: its statements and results as psql echoes them, then the requests they caused.
fn tell(chapter: &Chapter, simulator: &Simulator, cluster: &Cluster) -> Result<()> {
    heading(chapter.title)?;
    let mut out = std::io::stdout();
    writeln!(out, "{}\n", chapter.text)?;
    out.flush()?;
    simulator.clear_requests(TAG);
    let started = Instant::now();
    let mut psql = cluster.psql(DATABASE).args(["-q", "-v", "ON_ERROR_STOP=1"]).stdin(Stdio::piped()).spawn().doing("psql")?;
    if let Some(mut stdin) = psql.stdin.take() {
        stdin.write_all(script(&chapter.sql).as_bytes()).doing("psql")?;
    }
    let status = psql.wait().doing("psql")?;
    let elapsed = started.elapsed();
    rest_if_stopping();
    if !status.success() {
        return Err(Failure::new(format!("the demo ends here: psql: {status}")));
    }
    tell_requests(&simulator.requests(TAG), elapsed)
}

fn tell_requests(requests: &[String], elapsed: Duration) -> Result<()> {
    let mut out = std::io::stdout();
    let seconds = elapsed.as_secs_f64();
    match requests.len() {
        0 => writeln!(out, "→ {seconds:.2} s; the API was not asked.")?,
        1 => writeln!(out, "→ {seconds:.2} s; the API was asked once:")?,
        count => writeln!(out, "→ {seconds:.2} s; the API was asked {count} times:")?,
    }
    for request in requests.iter().take(SHOWN_REQUESTS) {
        writeln!(out, "  {}", shortened(request))?;
    }
    if requests.len() > SHOWN_REQUESTS {
        writeln!(out, "  … and {} more", requests.len() - SHOWN_REQUESTS)?;
    }
    Ok(())
}

/// A request without the path's beginning, and with only the beginning of a page key.
fn shortened(request: &str) -> String {
    let text = request.replace(" /v4/organizer/report/", " …/");
    match text.split_once("paginationKey=") {
        Some((before, key)) => {
            let begin: String = key.chars().take(6).collect();
            format!("{before}paginationKey={begin}…")
        }
        None => text,
    }
}

/// Makes psql print each block of a script before it runs it. psql's own echo drops blank lines, and would show the
/// commands that tidy the output.
fn script(sql: &str) -> String {
    let mut script = String::new();
    for block in sql.trim().split("\n\n") {
        for line in block.lines() {
            script += &format!("\\echo '{}'\n", line.replace('\\', "\\\\").replace('\'', "''"));
        }
        // A plan is as wide as its longest line: without a frame it reads better.
        let is_plan = block.starts_with("EXPLAIN");
        if is_plan {
            script += "\\pset format unaligned\n\\pset tuples_only on\n";
        }
        script += block;
        script.push('\n');
        if is_plan {
            script += "\\pset format aligned\n\\pset tuples_only off\n";
        }
        let prints_table = block.lines().any(|line| ["SELECT", "FETCH", "\\d"].iter().any(|word| line.starts_with(word)));
        if is_plan || !prints_table {
            script += "\\echo\n";
        }
    }
    script
}

fn chapters(simulator_url: &str) -> Vec<Chapter> {
    let chapter = |title, text, sql: &str| Chapter { title, text, sql: sql.to_owned() };
    vec![
        chapter(
            "A server, a key, a schema",
            "The API is simulated: a million log entries of January 2026 behind an HTTP server on this machine.",
            &format!(
                "
CREATE EXTENSION restlog_fdw;

CREATE SERVER tixngo FOREIGN DATA WRAPPER restlog_fdw OPTIONS (
  source 'tixngo',
  base_url '{simulator_url}/~{DATA},tag={TAG}/v4',
  mobile_app_id 'my-app'
);
CREATE USER MAPPING FOR CURRENT_USER SERVER tixngo OPTIONS (api_key 'lab-key');

CREATE SCHEMA tixngo;
IMPORT FOREIGN SCHEMA tixngo FROM SERVER tixngo INTO tixngo;

\\det tixngo.*
"
            ),
        ),
        chapter(
            "Is it there, and may we read?",
            "One tiny request answers both.",
            "
SELECT * FROM restlog.check_server('tixngo');
",
        ),
        chapter(
            "A WHERE becomes a request",
            "The time range and the actions travel to the API; everything else Postgres does as usual.",
            "
SELECT actionName, count(*), min(createdDate), max(createdDate)
FROM tixngo.ticket_status_logs
WHERE createdDate >= '2026-01-15 12:00' AND createdDate < '2026-01-15 18:00'
  AND actionName IN ('ACTIVATE', 'CONTROL')
GROUP BY actionName ORDER BY actionName;

EXPLAIN (VERBOSE, COSTS OFF)
SELECT actionName, count(*), min(createdDate), max(createdDate)
FROM tixngo.ticket_status_logs
WHERE createdDate >= '2026-01-15 12:00' AND createdDate < '2026-01-15 18:00'
  AND actionName IN ('ACTIVATE', 'CONTROL')
GROUP BY actionName ORDER BY actionName;
",
        ),
        chapter(
            "A LIMIT reads one small page",
            "The month has a million entries; five are asked for.",
            "
SELECT ticketId, ticketStatusLogId, actor, actionName, createdDate
FROM tixngo.ticket_status_logs
WHERE createdDate >= '2026-01-01' AND createdDate < '2026-02-01'
LIMIT 5;
",
        ),
        chapter(
            "A cursor reads as far as it is pulled",
            "Pages come when rows are wanted, and the last one wanted is the last one asked for.",
            "
BEGIN;
DECLARE entries CURSOR FOR
  SELECT ticketId, actionName, transferMessage FROM tixngo.ticket_status_logs
  WHERE createdDate >= '2026-01-01' AND createdDate < '2026-02-01' AND actionName = 'START_TRANSFER';

FETCH 3 FROM entries;

FETCH 2 FROM entries;

CLOSE entries;
COMMIT;
",
        ),
        chapter(
            "A join with a local table",
            "What the API does not know comes from here.",
            "
CREATE TABLE event (eventId text PRIMARY KEY, name text);
INSERT INTO event VALUES ('ev-001', 'Opening night'), ('ev-014', 'Derby'), ('ev-031', 'Cup final');

SELECT event.name, count(*) AS controls, count(DISTINCT log.ticketId) AS tickets
FROM tixngo.ticket_status_logs AS log JOIN event USING (eventId)
WHERE log.createdDate >= '2026-01-20' AND log.createdDate < '2026-01-21' AND log.actionName = 'CONTROL'
GROUP BY event.name ORDER BY controls DESC;
",
        ),
        chapter(
            "A materialized view: read once, ask often",
            "Building it and refreshing it read the API; reading it does not.",
            "
CREATE MATERIALIZED VIEW activations AS
  SELECT createdDate::date AS day, count(*) AS activations, count(DISTINCT spectatorId) AS spectators
  FROM tixngo.ticket_status_logs
  WHERE createdDate >= '2026-01-01' AND createdDate < '2026-02-01' AND actionName = 'ACTIVATE'
  GROUP BY day;

SELECT requests, pages, rows, pg_size_pretty(bytes) AS bytes FROM restlog.last_scan();

REFRESH MATERIALIZED VIEW activations;

SELECT requests, pages, rows, pg_size_pretty(bytes) AS bytes FROM restlog.last_scan();
",
        ),
        chapter(
            "Reading the view",
            "This is what a dashboard does.",
            "
SELECT * FROM activations ORDER BY day LIMIT 7;
",
        ),
    ]
}
