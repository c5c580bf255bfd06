//! Instructions for each row, counted by callgrind: their number does not depend on how busy the machine is.

use std::io::Write;
use std::process::{Command, Stdio};

use super::goal::Measured;
use super::{Bench, MONTH, grouped};
use crate::failure::{Doing, Failure, Result};
use crate::stage::step::run_to_end;

/// Numbers of rows. The difference of two runs is what the additional rows take, without a backend's start and a first page.
const ROWS: [u64; 2] = [20_000, 60_000];
const CALLGRIND: [&str; 3] = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"];
const WORKS: [(&str, &str); 2] = [("count(*)", "SELECT count(*) FROM {logs}"), ("all columns", "SELECT * FROM {logs} OFFSET 1000000000")];

impl Bench {
    /// Stops the server: a backend that runs without a server needs the data for itself.
    pub(super) fn instructions(&self, _rounds: usize) -> Result<Vec<Measured>> {
        let mut out = std::io::stdout();
        writeln!(out, "\ninstructions of a whole backend for each row, at concurrency 1, from the network to its rows\n")?;
        if Command::new(CALLGRIND[0]).arg("--version").stdout(Stdio::null()).status().is_err() {
            writeln!(out, "left out: valgrind is not installed")?;
            return Ok(Vec::new());
        }
        let client = self.connect()?;
        for rows in ROWS {
            self.server(&client, &format!("steps{rows}"), &format!("rows={rows},tag=steps"), 1)?;
        }
        drop(client);
        self.cluster.stop_server();
        let mut counts = Vec::new();
        for (name, sql) in WORKS {
            let [few, many] = ROWS.map(|rows| self.counted(name, sql, rows));
            counts.push((name, grouped(many?.saturating_sub(few?) / (ROWS[1] - ROWS[0]))));
        }
        writeln!(out)?;
        for (name, count) in &counts {
            writeln!(out, "{name:40}{count:>11}")?;
        }
        let measured = |(name, count)| Measured::new(format!("instructions for each row, {name}"), count, None);
        Ok(counts.into_iter().map(measured).collect())
    }

    /// The instructions of a backend that runs this statement once.
    fn counted(&self, name: &str, sql: &str, rows: u64) -> Result<u64> {
        let table = format!("steps{rows}.ticket_status_logs WHERE {MONTH}");
        let sql = format!("{}\nSELECT 'rows: ' || rows FROM restlog.last_scan()\n", sql.replace("{logs}", &table));
        let log = self.project.log("callgrind");
        let mut backend = self.cluster.backend_alone(&CALLGRIND, &sql)?;
        let status = run_to_end(&format!("callgrind: {name} of {} rows", grouped(rows)), &log, &mut backend)?;
        let text = String::from_utf8_lossy(&std::fs::read(&log).doing(log.display())?).into_owned();
        let whole = text.contains(&format!("\"rows: {rows}\""));
        collected(&text)
            .filter(|_| status.success() && whole)
            .ok_or_else(|| Failure::new(format!("callgrind: {status}; its output is in {}", self.project.shown(&log))))
    }
}

/// The sum that callgrind prints at the end.
fn collected(text: &str) -> Option<u64> {
    let line = text.lines().rfind(|line| line.contains("Collected :"))?;
    line.rsplit_once(' ')?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_callgrinds_sum() {
        let text = "==12== Events    : Ir\n==12== Collected : 1234567\n==12== \n";
        assert_eq!(collected(text), Some(1_234_567));
        assert_eq!(collected("killed"), None);
    }
}
