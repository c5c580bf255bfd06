//! `lab versions`: type-checks and lints the extension for each Postgres version that Cargo.toml has a feature for.
//!
//! No Postgres needs to be installed: pgrx-pg-sys ships the bindings that docs.rs builds its documentation with. `DOCS_RS=1` keeps its
//! build script from looking for a Postgres, and `--cfg docsrs` has the crate include the shipped bindings.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, ExitCode};

use serde::Deserialize;

use crate::args::Args;
use crate::failure::{Doing, Failure, Result};
use crate::stage::project::Project;
use crate::stage::step::run_to_end;

const EXTENSION: &str = "restlog_fdw";
/// Adds `--cfg docsrs` for pgrx-pg-sys alone; RUSTFLAGS would add it for every crate.
const RUSTC_WRAPPER: &str = "tests/lab/src/command/versions/rustc.sh";

pub(crate) fn run(args: Args) -> Result<ExitCode> {
    args.end()?;
    let project = Project::find()?;
    let features = version_features(&metadata(&project)?)?;
    let mut failed = 0;
    for feature in &features {
        // A failure does not stop the others: one run shows what each version lacks.
        failed += usize::from(!passes(&project, feature)?);
    }
    writeln!(std::io::stdout(), "{} versions passed, {failed} failed", features.len() - failed)?;
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What `cargo metadata` says about the workspace's own packages.
fn metadata(project: &Project) -> Result<String> {
    let output = project.cargo().args(["metadata", "--no-deps", "--format-version", "1"]).output().doing("cargo metadata")?;
    if !output.status.success() {
        return Err(Failure::new(format!("cargo metadata: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr).trim_end())));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    features: BTreeMap<String, Vec<String>>,
}

/// The extension's features `pgNN`, oldest version first. None at all is a failure: a check of nothing must not pass.
fn version_features(metadata: &str) -> Result<Vec<String>> {
    let metadata: Metadata = serde_json::from_str(metadata).doing("reading cargo metadata")?;
    let extension = metadata.packages.into_iter().find(|package| package.name == EXTENSION);
    let extension = extension.ok_or_else(|| Failure::new(format!("cargo metadata has no package {EXTENSION}")))?;
    let mut numbered: Vec<(u32, String)> = extension.features.into_keys().filter_map(|name| Some((version_number(&name)?, name))).collect();
    if numbered.is_empty() {
        return Err(Failure::new(format!("{EXTENSION} has no feature pgNN")));
    }
    numbered.sort_unstable();
    Ok(numbered.into_iter().map(|(_, name)| name).collect())
}

fn version_number(feature: &str) -> Option<u32> {
    feature.strip_prefix("pg")?.parse().ok()
}

/// Checks one version, and shows the compiler's output if that fails.
fn passes(project: &Project, feature: &str) -> Result<bool> {
    let log = project.log(&format!("versions-{feature}"));
    let status = run_to_end(&format!("checking the extension for {feature}"), &log, &mut check(project, feature))?;
    if !status.success() {
        let output = std::fs::read(&log).doing(format!("reading {}", log.display()))?;
        writeln!(std::io::stdout(), "\n{}\n", String::from_utf8_lossy(&output).trim_end())?;
    }
    Ok(status.success())
}

/// Clippy has `-D warnings` for the extension alone, so that all versions share the dependencies that do not know Postgres.
fn check(project: &Project, feature: &str) -> Command {
    let mut cargo = project.cargo();
    cargo
        .env("DOCS_RS", "1")
        .env("RUSTC_WRAPPER", project.root.join(RUSTC_WRAPPER))
        .args(["clippy", "--quiet", "--color", "never", "--package", EXTENSION, "--lib"])
        .args(["--no-default-features", "--features", feature])
        // In a folder of its own: other builds have no DOCS_RS, and each would build the bindings of the other anew.
        .args(["--target-dir", "target/versions"])
        .args(["--", "-D", "warnings"]);
    cargo
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(features: &str) -> String {
        format!(r#"{{"packages": [{{"name": "lab", "features": {{"pg1": []}}}}, {{"name": "restlog_fdw", "features": {{{features}}}}}]}}"#)
    }

    #[test]
    fn versions_are_the_extensions_features_by_number() {
        let metadata = metadata(r#""default": ["pg15"], "pg100": [], "pg18": ["pgrx/pg18"], "pg15": [], "pgrx": [], "pg": []"#);
        assert_eq!(version_features(&metadata).unwrap(), ["pg15", "pg18", "pg100"]);
    }

    #[test]
    fn nothing_to_check_is_a_failure() {
        let failure = |metadata: &str| version_features(metadata).unwrap_err().to_string();
        assert_eq!(failure(&metadata(r#""default": []"#)), "restlog_fdw has no feature pgNN");
        assert_eq!(failure(r#"{"packages": []}"#), "cargo metadata has no package restlog_fdw");
        assert!(failure("").starts_with("reading cargo metadata: "));
    }

    #[test]
    fn each_version_is_checked_with_its_feature_alone_and_warnings_fail() {
        let project = Project { root: "/project".into() };
        let check = check(&project, "pg16");
        let args: Vec<_> = check.get_args().map(|arg| arg.to_string_lossy().into_owned()).collect();
        let args = args.join(" ");
        assert!(args.contains("--no-default-features --features pg16 "), "{args}");
        assert!(args.ends_with("-- -D warnings"), "{args}");
    }
}
