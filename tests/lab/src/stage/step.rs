//! Runs one long command: its output goes to a log, a progress line to the terminal. If it fails, the log's tail is shown.

use std::fs::File;
use std::io::{IsTerminal, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::cleanup::{at_end, kill_group, park_if_stopping};
use crate::failure::{Doing, Failure, Result};

/// How often a terminal is refreshed, and how often a log file gets a line.
const REFRESH: Duration = Duration::from_millis(200);
const PLAIN_LINE: Duration = Duration::from_secs(30);
/// Lines of a log that are shown after a failure.
const TAIL: usize = 40;

/// Runs a command to its end, and returns the exit status.
pub(crate) fn run_to_end(title: &str, log: &Path, command: &mut Command) -> Result<ExitStatus> {
    let out = File::create(log).doing(format!("writing {}", log.display()))?;
    command
        .stdin(Stdio::null())
        .stdout(out.try_clone()?)
        .stderr(out)
        // In a process group of its own, so that a signal ends its children as well.
        .process_group(0);
    let mut child = command.spawn().doing(format!("{title}: {:?}", command.get_program()))?;
    let leader = child.id();
    let killer = at_end(move || kill_group(leader));
    let mut progress = Progress::new(title);
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        progress.tick()?;
        std::thread::sleep(REFRESH);
    };
    park_if_stopping();
    // The group has ended, and its number may be used again.
    killer.forget();
    progress.end(status.success())?;
    Ok(status)
}

/// Runs a command to its end, and fails with the log's tail if the command fails.
pub(crate) fn run(title: &str, log: &Path, command: &mut Command) -> Result<()> {
    let status = run_to_end(title, log, command)?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(format!("{title}: {status}\n{}\nThe whole log: {}", tail(log), log.display())))
}

/// The last lines of a log, without the colours that some tools write even into files.
pub(crate) fn tail(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<String> = text.lines().map(without_colours).collect();
    lines[lines.len().saturating_sub(TAIL)..].join("\n")
}

fn without_colours(line: &str) -> String {
    let mut parts = line.split("\x1b[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(part.split_once('m').map_or(part, |(_, text)| text));
    }
    plain
}

/// A line that counts seconds. A terminal has it rewritten in place; a file gets a new one now and then.
#[derive(Debug)]
pub(crate) struct Progress {
    title: String,
    started: Instant,
    last_line: Duration,
    terminal: bool,
}

impl Progress {
    pub(crate) fn new(title: &str) -> Self {
        Self { title: title.to_owned(), started: Instant::now(), last_line: Duration::ZERO, terminal: std::io::stdout().is_terminal() }
    }

    pub(crate) fn tick(&mut self) -> Result<()> {
        let elapsed = self.started.elapsed();
        let mut out = std::io::stdout().lock();
        if self.terminal {
            write!(out, "\r{} … {} s ", self.title, elapsed.as_secs())?;
            out.flush()?;
        } else if elapsed - self.last_line >= PLAIN_LINE {
            self.last_line = elapsed;
            writeln!(out, "{} … {} s", self.title, elapsed.as_secs())?;
        }
        Ok(())
    }

    pub(crate) fn end(self, well: bool) -> Result<()> {
        let mut out = std::io::stdout().lock();
        let start = if self.terminal { "\r" } else { "" };
        let outcome = if well { "done" } else { "FAILED" };
        writeln!(out, "{start}{} … {outcome} in {:.1} s", self.title, self.started.elapsed().as_secs_f64())?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_go_and_text_stays() {
        assert_eq!(without_colours("\x1b[32m\x1b[1m  Using\x1b[0m pg15"), "  Using pg15");
        assert_eq!(without_colours("plain"), "plain");
    }
}
