//! The Python script that a user would write: it reads the pages and copies them into a table.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::failure::{Doing, Failure, Result};

const SCRIPT: &str = include_str!("copy.py");

/// The libraries that the script uses, or why it cannot run.
pub(super) fn libraries() -> std::result::Result<String, String> {
    let output = python(&[]).output().map_err(|cause| format!("python3: {cause}"))?;
    let last = |text: &[u8]| String::from_utf8_lossy(text).trim_end().lines().last().unwrap_or_default().to_owned();
    if output.status.success() { Ok(last(&output.stdout)) } else { Err(last(&output.stderr)) }
}

/// One run: the time from the first request to the commit, without Python's own start, and the rows.
pub(super) fn copy(url: &str, address: &str, table: &str) -> Result<(Duration, u64)> {
    let output = python(&[url, address, table]).output().doing("python3")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let report = text
        .split_once(' ')
        .and_then(|(seconds, rows)| Some((Duration::try_from_secs_f64(seconds.parse().ok()?).ok()?, rows.trim_end().parse().ok()?)));
    report.ok_or_else(|| Failure::new(format!("the Python script: {}", String::from_utf8_lossy(&output.stderr))))
}

fn python(args: &[&str]) -> Command {
    let mut python = Command::new("python3");
    python.args(["-c", SCRIPT]).args(args).stdin(Stdio::null());
    python
}
