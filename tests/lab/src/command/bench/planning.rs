//! What planning a query with many conditions takes, beside the same query on a local table.

use std::io::Write;

use super::goal::at_most;
use super::{Bench, MONTH};
use crate::failure::{Failure, Result};

/// Runs for each round: one takes less than a millisecond.
const RUNS: usize = 60;
/// Most milliseconds more than a local table.
const MOST: f64 = 1.0;
const CONDITIONS: [&str; 18] = [
    "createddate::date >= '2026-01-05'",
    "date_trunc('month', createddate) = '2026-01-01'",
    "(createddate AT TIME ZONE 'Europe/Zurich')::date < '2026-01-20'",
    "extract(year from createddate) = 2026",
    "(createddate < '2026-01-10' OR createddate > '2026-01-15')",
    "createddate > now() - interval '10 years'",
    "createddate <> '2026-01-07'",
    "actionname IN ('ACTIVATE', 'CONTROL', 'DOWNLOAD')",
    "(actionname = 'ACTIVATE' OR actionname = 'CONTROL')",
    "actor = 'Device'",
    "fromstatus = ANY (ARRAY['DOWNLOADED', 'NOT_DOWNLOADED'])",
    "tostatus IS NOT NULL",
    "ticketid LIKE 'tk-%'",
    "length(ticketid) > 3",
    "NOT checked",
    "keptbyowner IS NOT TRUE",
    "coalesce(fromownerid, '') <> 'x'",
    "lower(toownerid) <> 'y'",
];

impl Bench {
    pub(super) fn planning(&self, rounds: usize) -> Result<()> {
        let client = self.connect()?;
        self.server(&client, "planned", "rows=3100,tag=planned", 4)?;
        self.execute(&client, "CREATE SCHEMA kept; CREATE TABLE kept.ticket_status_logs (LIKE planned.ticket_status_logs)")?;
        self.execute(&client, &format!("INSERT INTO kept.ticket_status_logs SELECT * FROM planned.ticket_status_logs WHERE {MONTH}"))?;
        self.execute(&client, "ANALYZE kept.ticket_status_logs")?;
        let plan = |schema: &str| -> Result<f64> {
            let conditions = CONDITIONS.join(" AND ");
            let sql = format!("EXPLAIN (SUMMARY, FORMAT JSON) SELECT * FROM {schema}.ticket_status_logs WHERE {MONTH} AND {conditions}");
            let plan = self.value(&client, &sql)?;
            planning_time(&plan).ok_or_else(|| Failure::new(format!("no planning time in {plan}")))
        };
        let (mut foreign, mut local) = (Vec::new(), Vec::new());
        for _ in 0..rounds * RUNS {
            foreign.push(plan("planned")?);
            local.push(plan("kept")?);
        }
        let [foreign, local] = [foreign, local].map(middle);
        let more = foreign - local;
        let count = CONDITIONS.len() + 2;
        let mut out = std::io::stdout();
        writeln!(out, "\nplanning a query with {count} conditions, medians of {} runs\n", rounds * RUNS)?;
        writeln!(out, "{:38}{local:>9.2} ms", "of a local table")?;
        writeln!(out, "{:38}{foreign:>9.2} ms   {more:.2} ms more, {}", "of a foreign table", at_most(more, MOST, " ms"))?;
        Ok(())
    }
}

fn planning_time(plan: &str) -> Option<f64> {
    let (_, after) = plan.split_once("\"Planning Time\":")?;
    after.split([',', '\n', '}']).next()?.trim().parse().ok()
}

fn middle(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_planning_time() {
        assert_eq!(planning_time("[{\"Plan\": {},\n  \"Planning Time\": 0.123\n}]"), Some(0.123));
        assert_eq!(planning_time("[]"), None);
        assert_eq!(middle(vec![3.0, 1.0, 2.0]), 2.0);
    }
}
