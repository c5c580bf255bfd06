//! The simulator's time on the processor: its threads run within the lab's own process.

use std::fs::read_to_string;
use std::time::Duration;

/// The name that the simulator gives its threads.
const THREADS: &str = "simulator";

/// Time on a processor so far; `None` where the kernel does not report it.
pub(super) fn simulator_time() -> Option<Duration> {
    let mut total = None;
    for task in std::fs::read_dir("/proc/self/task").ok()?.flatten() {
        // A thread may end after it was listed.
        let Ok(name) = read_to_string(task.path().join("comm")) else { continue };
        if name.trim_end() != THREADS {
            continue;
        }
        let Ok(times) = read_to_string(task.path().join("schedstat")) else { continue };
        let nanoseconds = times.split_whitespace().next().and_then(|first| first.parse().ok())?;
        *total.get_or_insert_default() += Duration::from_nanos(nanoseconds);
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_simulator_that_answers_takes_time() {
        let simulator = lab::Simulator::start(([127, 0, 0, 1], 0)).unwrap();
        let host = simulator.url().replace("http://", "");
        let path = "/~rows=20000/v4/organizer/report/ticket-status-logs?mobileAppId=my-app&from=2026-01-01&to=2026-02-01&limit=10000";
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(crate::command::drain::drain(&host, path, crate::command::drain::Reading::KeyOnly)).unwrap();
        assert!(simulator_time().is_some_and(|time| time > Duration::from_micros(100)));
    }
}
