//! `lab demo`: shows the extension at work: each statement, its result, and the requests that it sent.

mod chapters;

use std::io::{IsTerminal, Write};
use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

use lab::Simulator;

use crate::args::Args;
use crate::failure::{Doing, Failure, Result};
use crate::stage::cleanup::{self, park_if_stopping};
use crate::stage::cluster::Cluster;
use crate::stage::testbed::{Testbed, open_project};
use chapters::{CHAPTERS, Chapter, SIMULATOR};

/// The request log's namespace.
const TAG: &str = "demo";
const DATABASE: &str = "demo";
/// Requests to one endpoint that are shown in a chapter; the others are counted.
const SHOWN_REQUESTS: usize = 2;
/// Parameters that carry a page key, and the length to which a key is cut.
const PAGE_KEYS: [&str; 2] = ["paginationKey=", "after="];
const SHOWN_KEY: usize = 6;

pub(crate) fn run(mut args: Args) -> Result<ExitCode> {
    let keep = args.flag("--keep");
    let no_build = args.flag("--no-build");
    args.end()?;
    let project = open_project(no_build)?;
    let Testbed { cluster, simulator } = Testbed::start(&project)?;
    cluster.create_database(DATABASE)?;
    for chapter in CHAPTERS {
        show(chapter, &simulator, &cluster)?;
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
fn show(chapter: &Chapter, simulator: &Simulator, cluster: &Cluster) -> Result<()> {
    heading(chapter.title)?;
    let mut out = std::io::stdout();
    writeln!(out, "{}\n", chapter.text)?;
    out.flush()?;
    let sql = chapter.sql.replace(SIMULATOR, &format!("{}/~tag={TAG},", simulator.url()));
    simulator.clear_requests(TAG);
    let started = Instant::now();
    let mut psql = cluster.psql(DATABASE).args(["-q", "-v", "ON_ERROR_STOP=1"]).stdin(Stdio::piped()).spawn().doing("psql")?;
    if let Some(mut stdin) = psql.stdin.take() {
        stdin.write_all(script(&sql).as_bytes()).doing("psql")?;
    }
    let status = psql.wait().doing("psql")?;
    let elapsed = started.elapsed();
    park_if_stopping();
    if !status.success() {
        return Err(Failure::new(format!("the demo ends here: psql: {status}")));
    }
    show_requests(&simulator.requests(TAG), elapsed)
}

fn show_requests(requests: &[String], elapsed: Duration) -> Result<()> {
    let mut out = std::io::stdout();
    let seconds = elapsed.as_secs_f64();
    match requests.len() {
        0 => writeln!(out, "→ {seconds:.2} s; no request was sent.")?,
        1 => writeln!(out, "→ {seconds:.2} s; one request was sent:")?,
        count => writeln!(out, "→ {seconds:.2} s; {count} requests were sent:")?,
    }
    for sent in by_endpoint(requests) {
        for request in sent.iter().take(SHOWN_REQUESTS) {
            writeln!(out, "  {}", shortened(request))?;
        }
        if sent.len() > SHOWN_REQUESTS {
            writeln!(out, "  … and {} more", sent.len() - SHOWN_REQUESTS)?;
        }
    }
    Ok(())
}

/// The requests of each endpoint, in the order of the first request to each.
fn by_endpoint(requests: &[String]) -> Vec<Vec<&str>> {
    let mut endpoints: Vec<(String, Vec<&str>)> = Vec::new();
    for request in requests {
        let name = endpoint(request);
        match endpoints.iter_mut().find(|(known, _)| *known == name) {
            Some((_, sent)) => sent.push(request),
            None => endpoints.push((name, vec![request])),
        }
    }
    endpoints.into_iter().map(|(_, sent)| sent).collect()
}

/// A request's method and path, with identifiers left out: they are the steps that have digits.
fn endpoint(request: &str) -> String {
    let (method, target) = request.split_once(' ').unwrap_or_default();
    let path = target.split(['?', ' ']).next().unwrap_or_default();
    let steps = path.split('/').map(|step| if step.contains(|c: char| c.is_ascii_digit()) { "…" } else { step });
    format!("{method} {}", steps.collect::<Vec<_>>().join("/"))
}

/// A request without the path's beginning, and with only the beginning of a page key.
fn shortened(request: &str) -> String {
    let text = request.replace(" /v4/organizer/report/", " …/").replace(" /v2/servicerequest/", " …/");
    for name in PAGE_KEYS {
        if let Some((before, rest)) = text.split_once(name) {
            let key = rest.split('&').next().unwrap_or_default();
            let begin: String = key.chars().take(SHOWN_KEY).collect();
            return format!("{before}{name}{begin}…{}", &rest[key.len()..]);
        }
    }
    text
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_for_different_identifiers_go_to_one_endpoint() {
        let requests = [
            "GET /v2/servicerequest/cases?limit=100&offset=0",
            "GET /v2/servicerequest/cases/SR2/operate-logs?limit=100",
            "POST /tickets/list {\"take\":50}",
            "GET /v2/servicerequest/cases/SR1/operate-logs?limit=100",
            "GET /v2/servicerequest/cases?limit=100&offset=100",
        ]
        .map(str::to_owned);
        let of = |numbers: &[usize]| numbers.iter().map(|number| requests[*number].as_str()).collect::<Vec<_>>();
        assert_eq!(by_endpoint(&requests), [of(&[0, 4]), of(&[1, 3]), of(&[2])]);
    }

    #[test]
    fn a_page_key_is_cut_wherever_it_stands() {
        assert_eq!(shortened("GET /v4/organizer/report/logs?limit=5&paginationKey=abcdefgh"), "GET …/logs?limit=5&paginationKey=abcdef…");
        assert_eq!(shortened("GET /audit/entries?after=abcdefgh&kind=login"), "GET /audit/entries?after=abcdef…&kind=login");
        assert_eq!(shortened("POST /tickets/7/log?skip=0 {}"), "POST /tickets/7/log?skip=0 {}");
    }
}
