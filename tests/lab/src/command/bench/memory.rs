//! The peak of a backend that reads every column, by number of rows.

use std::io::Write;

use super::goal::{Measured, at_most};
use super::{Bench, MONTH, grouped};
use crate::command::backend_memory::{Peak, Watch};
use crate::failure::{Doing, Failure, Result};

const ROWS: [u64; 2] = [1_000_000, 4_000_000];
const CONCURRENCY: usize = 8;
/// Bound on everything resident, in MB.
const MOST: f64 = 130.0;
/// Growth that still counts as flat: a backend's own caches differ a little from run to run.
const FLAT: f64 = 1.1;

impl Bench {
    pub(super) fn memory(&self, _rounds: usize) -> Result<Vec<Measured>> {
        let mut out = std::io::stdout();
        writeln!(out, "\nmemory of a new backend that counts all columns at concurrency {CONCURRENCY}, in MB\n")?;
        writeln!(out, "{:26}{:>14}{:>24}", "rows", "its own", "with all it shares")?;
        let (mut peaks, mut measured) = (Vec::new(), Vec::new());
        for rows in ROWS {
            let peak = self.peak(rows)?;
            let resident = megabytes(peak.resident);
            let bound = at_most(resident, MOST, " MB");
            writeln!(out, "{:26}{:>14.1}{resident:>24.1}   {bound}", grouped(rows), megabytes(peak.anonymous))?;
            measured.push(Measured::new(format!("memory for {} rows", grouped(rows)), format!("{resident:.1} MB"), Some(bound)));
            peaks.push(peak);
        }
        if let [small, large] = peaks[..] {
            let ratio = |large: u64, small: u64| large as f64 / small.max(1) as f64;
            let resident = ratio(large.resident, small.resident);
            let own = ratio(large.anonymous, small.anonymous);
            let bound = at_most(resident, FLAT, "×");
            writeln!(out, "{:26}{own:>13.2}×{resident:>23.2}×   flat: {bound}", "growth")?;
            measured.push(Measured::new("growth of memory with rows", format!("{resident:.2}×"), Some(bound)));
        }
        Ok(measured)
    }

    /// The peak of a new backend that counts every column of this many rows.
    fn peak(&self, rows: u64) -> Result<Peak> {
        let client = self.connect()?;
        let schema = format!("rows{rows}");
        self.server(&client, &schema, &format!("rows={rows}"), CONCURRENCY)?;
        // Another backend than the one that made the objects.
        let client = self.connect()?;
        let process = self.value(&client, "SELECT pg_backend_pid()")?;
        let table = format!("{schema}.ticket_status_logs");
        let columns = format!(
            "SELECT string_agg('count(' || quote_ident(attname) || ')', ', ') FROM pg_attribute \
             WHERE attrelid = '{table}'::regclass AND attnum > 0"
        );
        let counts = self.value(&client, &columns)?;
        let watch = Watch::start(process.parse().doing("pg_backend_pid()")?)?;
        let counted = self.value(&client, &format!("SELECT {counts} FROM {table} WHERE {MONTH}"));
        let peak = watch.stop()?;
        match counted? {
            count if count == rows.to_string() => Ok(peak),
            count => Err(Failure::new(format!("the extension counts {count} rows instead of {rows}"))),
        }
    }
}

fn megabytes(kib: u64) -> f64 {
    kib as f64 * 1024.0 / 1e6
}
