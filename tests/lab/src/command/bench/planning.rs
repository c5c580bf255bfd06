//! The time to plan a query with many conditions, and one that joins four tables, beside the same queries of a local table.

use std::io::Write;
use std::time::Duration;

use tokio_postgres::Client;

use super::goal::{Measured, at_most};
use super::{Bench, MONTH, median, milliseconds};
use crate::failure::{Failure, Result};

/// Runs for each round: one takes less than a millisecond.
const RUNS: usize = 60;
/// Milliseconds that a foreign table may take more than a local one.
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
    pub(super) fn planning(&self, rounds: usize) -> Result<Vec<Measured>> {
        let client = self.connect()?;
        self.server(&client, "planned", "rows=3100,tag=planned", 4)?;
        self.execute(&client, "CREATE SCHEMA kept; CREATE TABLE kept.ticket_status_logs (LIKE planned.ticket_status_logs)")?;
        self.execute(&client, &format!("INSERT INTO kept.ticket_status_logs SELECT * FROM planned.ticket_status_logs WHERE {MONTH}"))?;
        self.execute(&client, "ANALYZE kept.ticket_status_logs")?;
        let mut measured = Vec::new();
        for (what, query) in [("a query with 20 conditions", many_conditions as fn(&str) -> String), ("a join of four tables", four_tables)]
        {
            measured.push(self.compare_plans(&client, what, query, rounds * RUNS)?);
        }
        Ok(measured)
    }

    /// Plans one query of the foreign table and of the local one by turns, and prints both.
    fn compare_plans(&self, client: &Client, what: &str, query: fn(&str) -> String, runs: usize) -> Result<Measured> {
        let plan = |schema: &str| -> Result<Duration> {
            let plan = self.value(client, &format!("EXPLAIN (SUMMARY, FORMAT JSON) {}", query(schema)))?;
            planning_time(&plan).ok_or_else(|| Failure::new(format!("no planning time in {plan}")))
        };
        let (mut foreign, mut local) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            foreign.push(plan("planned")?);
            local.push(plan("kept")?);
        }
        let [foreign, local] = [foreign, local].map(|times| milliseconds(median(&times)));
        let more = foreign - local;
        let mut out = std::io::stdout();
        writeln!(out, "\nplanning {what}, medians of {runs} runs\n")?;
        writeln!(out, "{:38}{local:>9.2} ms", "of local tables")?;
        let bound = at_most(more, MOST, " ms");
        writeln!(out, "{:38}{foreign:>9.2} ms   {more:.2} ms more, {bound}", "of foreign tables")?;
        Ok(Measured::new(format!("planning {what}"), format!("{more:.2} ms more than of local tables"), Some(bound)))
    }
}

/// A query with all conditions, and the two of a month.
fn many_conditions(schema: &str) -> String {
    format!("SELECT * FROM {schema}.ticket_status_logs WHERE {MONTH} AND {}", CONDITIONS.join(" AND "))
}

/// A join of four tables by the ticket, each with five conditions.
fn four_tables(schema: &str) -> String {
    let table = |i: usize| {
        let own = CONDITIONS[3 * i..3 * i + 3].join(" AND ");
        format!("(SELECT * FROM {schema}.ticket_status_logs WHERE {MONTH} AND {own}) t{i}")
    };
    format!(
        "SELECT * FROM {} JOIN {} USING (ticketid) JOIN {} USING (ticketid) JOIN {} USING (ticketid)",
        table(0),
        table(1),
        table(2),
        table(3)
    )
}

/// The time in EXPLAIN's JSON, which is in milliseconds.
fn planning_time(plan: &str) -> Option<Duration> {
    let (_, after) = plan.split_once("\"Planning Time\":")?;
    let time: f64 = after.split([',', '\n', '}']).next()?.trim().parse().ok()?;
    Duration::try_from_secs_f64(time / 1000.0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_planning_time() {
        assert_eq!(planning_time("[{\"Plan\": {},\n  \"Planning Time\": 0.123\n}]"), Some(Duration::from_micros(123)));
        assert_eq!(planning_time("[]"), None);
    }
}
