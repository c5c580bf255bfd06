//! One row over a connection that is open, beside the time of bare HTTP for the same page.

use std::io::Write;
use std::time::{Duration, Instant};

use super::goal::{Measured, at_most};
use super::{Bench, MONTH, median, milliseconds};
use crate::command::drain::HttpConnection;
use crate::failure::{Doing, Failure, Result};

const DATA: &str = "rows=1000000,tag=limit";
/// Runs for each round: one takes about a millisecond.
const RUNS: usize = 40;
/// Milliseconds that the extension and the server may add.
const MOST: f64 = 2.0;

impl Bench {
    pub(super) fn limit(&self, rounds: usize) -> Result<Vec<Measured>> {
        let client = self.connect()?;
        self.server(&client, "limit1", DATA, 4)?;
        let sql = format!("SELECT * FROM limit1.ticket_status_logs WHERE {MONTH} LIMIT 1");
        let ask = || self.value(&client, &sql);
        // The first query of a session opens the connection.
        ask()?;
        self.simulator.clear_requests("limit");
        ask()?;
        let requests = self.simulator.requests("limit");
        let targets = requests.iter().map(|line| target(line)).collect::<Option<Vec<_>>>();
        let targets = targets.filter(|targets| !targets.is_empty()).ok_or_else(|| Failure::new(format!("LIMIT 1 asked {requests:?}")))?;
        let url = self.simulator.url();
        let mut connection = self.runtime.block_on(HttpConnection::connect(url.trim_start_matches("http://")))?;
        let (mut extension, mut bare) = (Vec::new(), Vec::new());
        for _ in 0..rounds * RUNS {
            extension.push(timed(|| ask().map(|_| ()))?);
            bare.push(timed(|| {
                for target in &targets {
                    self.runtime.block_on(connection.get(target, true)).doing("LIMIT 1")?;
                }
                Ok(())
            })?);
        }
        let (extension, bare) = (median(&extension), median(&bare));
        let over = milliseconds(extension) - milliseconds(bare);
        let mut out = std::io::stdout();
        writeln!(out, "\nLIMIT 1 on a warm connection, medians of {} runs\n", rounds * RUNS)?;
        let pages = if targets.len() == 1 {
            "the page asked for, over bare HTTP".into()
        } else {
            format!("its {} pages, over bare HTTP", targets.len())
        };
        writeln!(out, "{pages:38}{:>9.2} ms", milliseconds(bare))?;
        let bound = at_most(over, MOST, " ms");
        writeln!(out, "{:38}{:>9.2} ms   {over:.2} ms over it, {bound}", "SELECT * … LIMIT 1", milliseconds(extension))?;
        Ok(vec![Measured::new("LIMIT 1 on a warm connection", format!("{over:.2} ms over bare HTTP"), Some(bound))])
    }
}

fn timed(run: impl FnOnce() -> Result<()>) -> Result<Duration> {
    let started = Instant::now();
    run()?;
    Ok(started.elapsed())
}

/// The request's target in a line of the simulator's log, whose values are decoded there.
fn target(line: &str) -> Option<String> {
    let (path, query) = line.strip_prefix("GET ")?.split_once('?')?;
    let mut encoded = url::form_urlencoded::Serializer::new(String::new());
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=')?;
        encoded.append_pair(name, value);
    }
    Some(format!("/~{DATA}{path}?{}", encoded.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logged_request_can_be_sent_again() {
        let line = "GET /v4/organizer/report/ticket-status-logs?mobileAppId=my-app&from=2026-01-01T00:00:00+00:00";
        let again = "/~rows=1000000,tag=limit/v4/organizer/report/ticket-status-logs\
                     ?mobileAppId=my-app&from=2026-01-01T00%3A00%3A00%2B00%3A00";
        assert_eq!(target(line).as_deref(), Some(again));
        assert_eq!(target("POST /login"), None);
    }
}
