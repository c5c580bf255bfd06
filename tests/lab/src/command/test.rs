//! `lab test`: every Rust test, every golden, the random queries and the tests under stress; the last line tells how many passed and failed.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use lab::Simulator;

use super::golden::{Golden, GoldenResult, goldens};
use super::stress::{Outcome, Stage};
use super::{cancel, differential, leak, rust_tests, storm};
use crate::args::Args;
use crate::failure::{Doing, Failure, Result};
use crate::stage::cluster::Cluster;
use crate::stage::prepare::prepare;
use crate::stage::project::Project;
use crate::stage::step::Progress;

/// One line of the summary.
#[derive(Debug)]
struct Line {
    name: String,
    passed: u32,
    failed: u32,
    seconds: f64,
}

pub(crate) fn run(mut args: Args) -> Result<ExitCode> {
    let accept = args.flag("--accept");
    let long = args.flag("--long");
    let skip_rust = args.flag("--skip-rust");
    let no_build = args.flag("--no-build");
    let only = args.values("--only")?;
    args.end()?;
    let project = Project::find()?;
    let goldens = chosen(goldens(&project), &only)?;
    if !no_build {
        prepare(&project)?;
    }
    let mut lines = Vec::new();
    let mut complaints = Vec::new();
    let mut notes = Vec::new();
    if !skip_rust {
        let tests = rust_tests::run(&project)?;
        complaints.extend(tests.complaint);
        notes.extend(tests.figures);
        lines.extend(tests.suites.into_iter().map(|suite| Line {
            name: suite.name,
            passed: suite.passed,
            failed: suite.failed,
            seconds: suite.seconds,
        }));
    }
    let simulator = Simulator::start(([127, 0, 0, 1], 0)).doing("starting the simulator")?;
    let mut cluster = Cluster::start(&project, None, &simulator.url())?;
    cluster.publish_tls(&simulator.start_secure().doing("starting the simulator's https")?)?;
    let rust_lines = lines.len();
    let mut progress = Progress::new(&format!("{} golden tests", goldens.len()));
    for golden in goldens {
        progress.tick()?;
        let started = Instant::now();
        let verdict = golden.run(&project, &cluster, accept)?;
        let seconds = started.elapsed().as_secs_f64();
        let passed = !matches!(verdict, GoldenResult::Failed(_));
        let note = match verdict {
            GoldenResult::Passed => "",
            GoldenResult::Accepted => " (accepted)",
            GoldenResult::Failed(reason) => {
                complaints.push(format!("{}: {reason}", golden.name));
                ""
            }
        };
        lines.push(Line { name: format!("{}{note}", golden.name), passed: u32::from(passed), failed: u32::from(!passed), seconds });
    }
    progress.end(lines[rust_lines..].iter().all(|line| line.failed == 0))?;
    if only.is_empty() {
        let started = Instant::now();
        let queries = if long { differential::LONG_QUERIES } else { differential::QUERIES };
        let outcome = differential::compare(&cluster, &simulator, differential::SEED, 0..queries)?;
        lines.push(Line {
            name: format!("differential, seed {}", differential::SEED),
            passed: outcome.passed(),
            failed: outcome.failed,
            seconds: started.elapsed().as_secs_f64(),
        });
        notes.extend(outcome.notes().into_iter().map(|note| format!("differential: {note}")));
        complaints.extend(outcome.complaints);
    }
    drop(cluster);
    if only.is_empty() {
        // A cluster of its own: one of its backends is killed, and its log must tell of no other accident.
        let stage = Arc::new(Stage::start(&project, storm::SHORT.sessions)?);
        let mut add = |name: &str, run: &dyn Fn() -> Result<Outcome>| -> Result<()> {
            let started = Instant::now();
            let Outcome { passed, failed, complaints: wrong, notes: figures } = run()?;
            lines.push(Line { name: name.to_owned(), passed, failed, seconds: started.elapsed().as_secs_f64() });
            notes.extend(figures);
            complaints.extend(wrong);
            Ok(())
        };
        add("cancel in every phase", &|| cancel::measure(&stage, cancel::ROUNDS))?;
        add("leak", &|| leak::measure(&stage, leak::SCANS))?;
        add(&format!("storm, seed {}", storm::SHORT.seed), &|| storm::measure(&stage, storm::SHORT))?;
    }
    report(&lines, &notes, &complaints, skip_rust)
}

fn chosen(goldens: Vec<Golden>, only: &[String]) -> Result<Vec<Golden>> {
    if let Some(unknown) = only.iter().find(|name| goldens.iter().all(|golden| golden.name != **name)) {
        return Err(Failure::new(format!("there is no golden {unknown:?}")));
    }
    Ok(goldens.into_iter().filter(|golden| only.is_empty() || only.contains(&golden.name)).collect())
}

fn report(lines: &[Line], notes: &[String], complaints: &[String], skip_rust: bool) -> Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    for complaint in complaints {
        writeln!(out, "\n{}", complaint.trim_end())?;
    }
    let width = lines.iter().map(|line| line.name.chars().count()).max().unwrap_or(0);
    writeln!(out)?;
    for line in lines {
        let outcome = match (line.passed, line.failed) {
            (1, 0) => "ok".to_owned(),
            (count, 0) => format!("ok ({count})"),
            (0, 1) => "FAILED".to_owned(),
            (passed, failed) => format!("FAILED ({failed} of {})", passed + failed),
        };
        writeln!(out, "{:width$}  {outcome:16} {:7.2} s", line.name, line.seconds)?;
    }
    for note in notes {
        writeln!(out, "{note}")?;
    }
    let passed: u32 = lines.iter().map(|line| line.passed).sum();
    let failed: u32 = lines.iter().map(|line| line.failed).sum();
    if skip_rust {
        writeln!(out, "\nRust tests were skipped (--skip-rust): this is not the whole run.")?;
        writeln!(out, "without them: {passed} passed, {failed} failed")?;
    } else {
        writeln!(out, "\n{passed} passed, {failed} failed")?;
    }
    let well = failed == 0 && passed > 0;
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
