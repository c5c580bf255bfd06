//! A log that is read key by key: a list of keys, one after another and several at once.

use std::io::Write;
use std::time::Instant;

use super::goal::Measured;
use super::{Bench, median};
use crate::failure::{Failure, Result};

const KEYS: usize = 200;
const LATENCY: u64 = 50;
const CONCURRENCIES: [usize; 2] = [1, 8];

impl Bench {
    pub(super) fn keys(&self, rounds: usize) -> Result<Vec<Measured>> {
        let mut out = std::io::stdout();
        let client = self.connect()?;
        let url = self.simulator.url();
        for concurrency in CONCURRENCIES {
            let name = format!("keys{concurrency}");
            let sql = format!(
                "CREATE SERVER {name} FOREIGN DATA WRAPPER restlog_fdw OPTIONS (source 'huawei', \
                 base_url '{url}/~cases={KEYS},latency={LATENCY}', concurrency '{concurrency}');
                 CREATE USER MAPPING FOR CURRENT_USER SERVER {name} OPTIONS (token 'lab-token');
                 CREATE SCHEMA {name};
                 IMPORT FOREIGN SCHEMA huawei FROM SERVER {name} INTO {name};"
            );
            self.execute(&client, &sql)?;
        }
        let keys = self.value(&client, "SELECT array_agg(incident_id) FROM keys8.cases")?;
        let mut times = [Vec::new(), Vec::new()];
        let mut counts = Vec::new();
        for _ in 0..rounds {
            for (concurrency, times) in CONCURRENCIES.iter().zip(&mut times) {
                let sql = format!("SELECT count(operate_type) FROM keys{concurrency}.operate_logs WHERE case_id = ANY ('{keys}')");
                let started = Instant::now();
                counts.push(self.value(&client, &sql)?);
                times.push(started.elapsed());
            }
        }
        if counts.iter().any(|count| *count != counts[0]) {
            return Err(Failure::new(format!("the logs of {KEYS} keys have {counts:?} entries")));
        }
        let [one, eight] = times.each_ref().map(|times| median(times).as_secs_f64());
        let ratio = one / eight;
        writeln!(out, "\nthe logs of {KEYS} keys, {LATENCY} ms for each answer, medians of {rounds} runs\n")?;
        writeln!(out, "{:26}{one:>12.2} s", "one after another")?;
        writeln!(out, "{:26}{eight:>12.2} s {ratio:>8.1}×", "eight at once")?;
        let measure = format!("the logs of {KEYS} keys, {LATENCY} ms for each answer, eight at once");
        Ok(vec![Measured::new(measure, format!("{ratio:.1}× the speed of one after another"), None)])
    }
}
