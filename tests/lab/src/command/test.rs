//! `lab test`: every Rust test, every golden, the random queries and the tests under stress. The last line counts what passed and failed.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use super::golden::{Golden, GoldenResult, goldens};
use super::stress::{Outcome, Stage};
use super::{cancel, differential, leak, rust_tests, storm};
use crate::args::Args;
use crate::failure::{Failure, Result};
use crate::stage::cluster::Cluster;
use crate::stage::prepare::prepare;
use crate::stage::project::Project;
use crate::stage::step::Progress;
use crate::stage::testbed::Testbed;

/// One line of the summary.
#[derive(Debug)]
struct Line {
    name: String,
    passed: u32,
    failed: u32,
    seconds: f64,
}

/// What the tests came to, in the order in which they ran.
#[derive(Debug, Default)]
struct Summary {
    lines: Vec<Line>,
    /// Figures of tests that passed.
    notes: Vec<String>,
    complaints: Vec<String>,
}

pub(crate) fn run(mut args: Args) -> Result<ExitCode> {
    let accept = args.flag("--accept");
    let long = args.flag("--long");
    let skip_rust = args.flag("--skip-rust");
    let no_build = args.flag("--no-build");
    let only = args.values("--only")?;
    args.end()?;
    let project = Project::find()?;
    // Before the build, so that a mistyped name is reported at once.
    let goldens = chosen(goldens(&project), &only)?;
    if !no_build {
        prepare(&project)?;
    }
    let mut summary = Summary::default();
    if !skip_rust {
        summary.run_rust_tests(&project)?;
    }
    let testbed = Testbed::start(&project)?.with_tls()?;
    summary.run_goldens(goldens, &project, &testbed.cluster, accept)?;
    if only.is_empty() {
        summary.run_differential(&testbed, if long { differential::LONG_QUERIES } else { differential::QUERIES })?;
    }
    drop(testbed);
    if only.is_empty() {
        summary.run_stress_tests(&project)?;
    }
    summary.print(skip_rust)
}

fn chosen(goldens: Vec<Golden>, only: &[String]) -> Result<Vec<Golden>> {
    if let Some(unknown) = only.iter().find(|name| goldens.iter().all(|golden| golden.name != **name)) {
        return Err(Failure::new(format!("there is no golden {unknown:?}")));
    }
    Ok(goldens.into_iter().filter(|golden| only.is_empty() || only.contains(&golden.name)).collect())
}

impl Summary {
    fn run_rust_tests(&mut self, project: &Project) -> Result<()> {
        let tests = rust_tests::run(project)?;
        self.complaints.extend(tests.complaint);
        self.notes.extend(tests.figures);
        self.lines.extend(tests.suites.into_iter().map(|suite| Line {
            name: suite.name,
            passed: suite.passed,
            failed: suite.failed,
            seconds: suite.seconds,
        }));
        Ok(())
    }

    fn run_goldens(&mut self, goldens: Vec<Golden>, project: &Project, cluster: &Cluster, accept: bool) -> Result<()> {
        let mut progress = Progress::new(&format!("{} golden tests", goldens.len()));
        let mut all_passed = true;
        for golden in goldens {
            progress.tick()?;
            let started = Instant::now();
            let result = golden.run(project, cluster, accept)?;
            let seconds = started.elapsed().as_secs_f64();
            let passed = !matches!(result, GoldenResult::Failed(_));
            all_passed &= passed;
            let note = match result {
                GoldenResult::Passed => "",
                GoldenResult::Accepted => " (accepted)",
                GoldenResult::Failed(reason) => {
                    self.complaints.push(format!("{}: {reason}", golden.name));
                    ""
                }
            };
            let name = format!("{}{note}", golden.name);
            self.lines.push(Line { name, passed: u32::from(passed), failed: u32::from(!passed), seconds });
        }
        progress.end(all_passed)
    }

    fn run_differential(&mut self, testbed: &Testbed, queries: u64) -> Result<()> {
        let started = Instant::now();
        let outcome = differential::compare(testbed, differential::SEED, 0..queries)?;
        self.lines.push(Line {
            name: format!("differential, seed {}", differential::SEED),
            passed: outcome.passed(),
            failed: outcome.failed,
            seconds: started.elapsed().as_secs_f64(),
        });
        self.notes.extend(outcome.notes().into_iter().map(|note| format!("differential: {note}")));
        self.complaints.extend(outcome.complaints);
        Ok(())
    }

    /// On a cluster of their own: the storm kills one of its backends, and the log must report no other crash.
    fn run_stress_tests(&mut self, project: &Project) -> Result<()> {
        let stage = Arc::new(Stage::start(project, storm::SHORT.sessions)?);
        self.run_stress_test("cancel in every phase", || cancel::measure(&stage, cancel::ROUNDS))?;
        self.run_stress_test("leak", || leak::measure(&stage, leak::SCANS))?;
        self.run_stress_test(&format!("storm, seed {}", storm::SHORT.seed), || storm::measure(&stage, storm::SHORT))
    }

    fn run_stress_test(&mut self, name: &str, measure: impl FnOnce() -> Result<Outcome>) -> Result<()> {
        let started = Instant::now();
        let Outcome { passed, failed, complaints, notes } = measure()?;
        self.lines.push(Line { name: name.to_owned(), passed, failed, seconds: started.elapsed().as_secs_f64() });
        self.notes.extend(notes);
        self.complaints.extend(complaints);
        Ok(())
    }

    fn print(&self, skip_rust: bool) -> Result<ExitCode> {
        let Self { lines, notes, complaints } = self;
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
}
