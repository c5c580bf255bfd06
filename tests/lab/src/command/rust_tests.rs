//! All Rust tests of the workspace, counted from cargo's output.

use crate::failure::Result;
use crate::stage::project::Project;
use crate::stage::step::{run_to_end, tail};

/// One test program's count.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Suite {
    pub(crate) name: String,
    pub(crate) passed: u32,
    /// Ignored tests count as failures: a test that is not run proves nothing.
    pub(crate) failed: u32,
    pub(crate) seconds: f64,
}

/// What the tests came to.
#[derive(Debug)]
pub(crate) struct RustTests {
    pub(crate) suites: Vec<Suite>,
    /// Figures that tests print although they pass: how much they have tried.
    pub(crate) figures: Vec<String>,
    /// The failures in words.
    pub(crate) complaint: Option<String>,
}

/// Runs all tests; a failure does not stop the others.
pub(crate) fn run(project: &Project) -> Result<RustTests> {
    let log = project.log("cargo-test");
    let mut cargo = project.cargo();
    cargo.args(["test", "--workspace", "--no-fail-fast", "--color", "never"]);
    let status = run_to_end("Rust tests", &log, &mut cargo)?;
    let text = String::from_utf8_lossy(&std::fs::read(&log)?).into_owned();
    let mut suites = read_suites(&text);
    let failed: u32 = suites.iter().map(|suite| suite.failed).sum();
    if !status.success() && failed == 0 {
        suites.push(Suite { name: "cargo test".into(), passed: 0, failed: 1, seconds: 0.0 });
    }
    let complaint = (!status.success() || failed > 0).then(|| complaint(&text, &log));
    Ok(RustTests { suites, figures: read_figures(&text), complaint })
}

fn read_suites(text: &str) -> Vec<Suite> {
    let mut suites = Vec::new();
    let mut name = String::new();
    for line in text.lines() {
        let line = line.trim_start();
        if let Some(running) = line.strip_prefix("Running ") {
            name = program_name(running);
        } else if let Some(tested) = line.strip_prefix("Doc-tests ") {
            name = format!("{tested} (documentation)");
        } else if let Some(result) = line.strip_prefix("test result: ") {
            let number = |word: &str| -> u32 {
                let before = result.split_once(word).map(|(before, _)| before.trim_end());
                before.and_then(|text| text.rsplit(' ').next()?.parse().ok()).unwrap_or(0)
            };
            let suite = Suite {
                name: std::mem::take(&mut name),
                passed: number("passed"),
                failed: number("failed") + number("ignored"),
                seconds: result.rsplit_once("finished in ").and_then(|(_, time)| time.trim_end_matches('s').parse().ok()).unwrap_or(0.0),
            };
            if suite.passed + suite.failed > 0 {
                suites.push(suite);
            }
        }
    }
    suites
}

/// The texts behind `figure: `. They may stand in the middle of a line, behind the name of a test.
fn read_figures(text: &str) -> Vec<String> {
    text.lines().filter_map(|line| line.split_once("figure: ")).map(|(_, figure)| figure.to_owned()).collect()
}

/// `unittests src/lib.rs (target/debug/deps/lab-71277406d0cc0aa1)` becomes `lab src/lib.rs`.
fn program_name(running: &str) -> String {
    let (source, program) = running.split_once(" (").unwrap_or((running, ""));
    let source = source.trim_start_matches("unittests ");
    let program = program.rsplit('/').next().and_then(|file| file.rsplit_once('-')).map_or("", |(name, _)| name);
    format!("{program} {source}").trim().to_owned()
}

fn complaint(text: &str, log: &std::path::Path) -> String {
    let wanted =
        |line: &&str| line.starts_with("test ") && (line.ends_with("FAILED") || line.contains("... ignored")) || line.starts_with("error");
    let lines: Vec<&str> = text.lines().filter(wanted).collect();
    format!("{}\n\n{}\nThe whole log: {}", lines.join("\n"), tail(log), log.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_cargo_prints() {
        let text = "     Running unittests src/lib.rs (target/debug/deps/lab-71277406d0cc0aa1)\n\
                    running 4 tests\ntest a ... ok\n\n\
                    test result: FAILED. 2 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 8.17s\n\
                    \x20  Doc-tests lab\n\
                    test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
        let suite = Suite { name: "lab src/lib.rs".into(), passed: 2, failed: 2, seconds: 8.17 };
        assert_eq!(read_suites(text), [suite]);
        assert_eq!(read_figures("x\nfigure: fuzz link: 7 inputs\ntest a ... figure: 2\n"), ["fuzz link: 7 inputs", "2"]);
    }
}
