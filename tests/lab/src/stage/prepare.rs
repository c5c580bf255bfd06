//! Installs what the extension needs on a bare Debian, then builds and installs the extension.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::project::Project;
use super::server_owner::is_root;
use super::step::run;
use crate::failure::{Doing, Failure, Result};

/// The Postgres that Debian 12 has, and that the extension's default feature is for.
pub(crate) const PG_CONFIG: &str = "/usr/lib/postgresql/15/bin/pg_config";
const PG_FEATURE: &str = "pg15";
const PACKAGES: [&str; 3] = ["postgresql-15", "postgresql-server-dev-15", "libclang-dev"];

/// Installs what is missing, then builds and installs the extension.
pub(crate) fn prepare(project: &Project) -> Result<()> {
    install_packages(project)?;
    install_cargo_pgrx(project)?;
    register_postgres(project)?;
    install_extension(project)
}

fn install_packages(project: &Project) -> Result<()> {
    let missing: Vec<&str> = PACKAGES.into_iter().filter(|package| !is_installed(package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let line = format!("apt-get update && apt-get install -y --no-install-recommends {}", missing.join(" "));
    if !is_root()? {
        return Err(Failure::new(format!("packages are missing; install them with:\n  sudo sh -c '{line}'")));
    }
    let mut apt = Command::new("sh");
    apt.args(["-c", &line]).env("DEBIAN_FRONTEND", "noninteractive");
    run(&format!("installing {}", missing.join(", ")), &project.log("apt"), &mut apt)
}

fn is_installed(package: &str) -> bool {
    let query = Command::new("dpkg-query").args(["-W", "-f", "${Status}", package]).output();
    query.is_ok_and(|output| output.stdout == b"install ok installed")
}

fn install_cargo_pgrx(project: &Project) -> Result<()> {
    let version = project.pgrx_version()?;
    let found = project.cargo().args(["pgrx", "--version"]).output().doing("cargo")?;
    if String::from_utf8_lossy(&found.stdout).split_whitespace().last() == Some(&version) {
        return Ok(());
    }
    run(
        &format!("installing cargo-pgrx {version} (some minutes)"),
        &project.log("cargo-pgrx"),
        project.cargo().args(["install", "cargo-pgrx", "--version", &version, "--locked", "--force"]),
    )
}

/// Writes the server's pg_config into pgrx's own configuration, keeping the servers that are there.
fn register_postgres(project: &Project) -> Result<()> {
    let home = match std::env::var_os("PGRX_HOME") {
        Some(folder) => PathBuf::from(folder),
        None => std::env::home_dir().ok_or_else(|| Failure::new("there is no home folder"))?.join(".pgrx"),
    };
    let known = std::fs::read_to_string(home.join("config.toml")).unwrap_or_default();
    let known: Vec<(&str, &str)> = known
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(feature, path)| (feature.trim(), path.trim().trim_matches('"')))
        .filter(|(feature, path)| feature.starts_with("pg") && Path::new(path).is_file())
        .collect();
    if known.contains(&(PG_FEATURE, PG_CONFIG)) {
        return Ok(());
    }
    let mut init = project.cargo();
    init.args(["pgrx", "init", &format!("--{PG_FEATURE}"), PG_CONFIG]);
    for (feature, path) in known.into_iter().filter(|(feature, _)| *feature != PG_FEATURE) {
        init.args([&format!("--{feature}"), path]);
    }
    run("introducing Postgres to pgrx", &project.log("pgrx-init"), &mut init)
}

fn install_extension(project: &Project) -> Result<()> {
    let mut install = project.cargo();
    // A backtrace would hide the reason of a failure above fifty lines of frames.
    install.env("RUST_BACKTRACE", "0");
    install.args(["pgrx", "install", "--release", "--pg-config", PG_CONFIG]);
    if !is_root()? {
        let may_sudo = Command::new("sudo").args(["-n", "true"]).output().is_ok_and(|output| output.status.success());
        if !may_sudo {
            return Err(Failure::new(format!(
                "the extension goes into the system's folders; install it with:\n  \
                 cargo pgrx install --release --sudo --pg-config {PG_CONFIG}\nand repeat with --no-build"
            )));
        }
        install.arg("--sudo");
    }
    run("building and installing the extension", &project.log("install"), &mut install)
}
