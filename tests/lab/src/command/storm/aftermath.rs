//! The checks after the storm: nothing is left, and answers are still correct.

use std::time::{Duration, Instant};

use super::tally::{ENDINGS, Ending, ScenarioTally};
use super::world::{QUESTIONS, of_view, views};
use super::{DATABASE, Storm};
use crate::command::stress::sockets::{State, served};
use crate::command::stress::{Outcome, Stage};
use crate::failure::{Doing, Result};

/// Time for backends without a client to end, and for their connections to close.
const PATIENCE: Duration = Duration::from_secs(10);
const BACKENDS: &str = "SELECT string_agg(pid || ' ' || state || ' ' || coalesce(wait_event, '-') || ': ' || left(query, 80), '; ') \
                        FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";

/// Checks everything, once all sessions have ended.
pub(super) async fn check(stage: &Stage, storm: &Storm, tally: &ScenarioTally, outcome: &mut Outcome) -> Result<()> {
    *storm.control.lock().await = None;
    let started = Instant::now();
    let client = stage.connect(DATABASE).await?;
    let left = loop {
        let left = client.value(BACKENDS).await.doing("pg_stat_activity")?;
        if left.is_empty() || started.elapsed() > PATIENCE {
            break left;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    outcome.check((!left.is_empty()).then(|| format!("storm: backends are left: {left}")));
    let requests = loop {
        let requests = served(stage.simulator_port(), State::Open)?;
        if requests == 0 || started.elapsed() > PATIENCE {
            break requests;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    outcome.check((requests > 0).then(|| format!("storm: {requests} connections to the API are left")));
    let calm = started.elapsed();
    let files = stage.cluster.temporary_files();
    outcome.check((files > 0).then(|| format!("storm: {files} temporary files are left")));
    check_log(&stage.cluster.log(), outcome);
    check_endings(tally, outcome);
    for (question, expected) in QUESTIONS.iter().zip(&storm.world.answers) {
        let sql = question.of_schema("good");
        let answer = client.ask(&sql).await.doing(&sql)?;
        outcome.check((answer != *expected).then(|| format!("storm: in a new session {sql}: {answer} instead of {expected}")));
    }
    for view in (0..storm.sessions).flat_map(views) {
        let answer = client.ask(&of_view(&view)).await.doing(&view)?;
        outcome.check((answer != storm.world.answers[0]).then(|| format!("storm: {view} has {answer}")));
    }
    let written = client.value("SELECT sum(temp_files) FROM pg_stat_database").await.doing("pg_stat_database")?;
    outcome.notes.push(format!(
        "storm: calm after {} ms; no backend, no connection to an API, none of the {written} temporary files since the crash may be left",
        calm.as_millis()
    ));
    Ok(())
}

/// The log must report one killed backend and no other crash.
fn check_log(log: &str, outcome: &mut Outcome) {
    let lines = |word: &str| log.lines().filter(|line| line.contains(word)).collect::<Vec<_>>();
    for accident in ["PANIC:", "SQLSTATE XX000"] {
        let found = lines(accident);
        outcome.check(found.first().map(|first| format!("storm: the log has {} lines like: {first}", found.len())));
    }
    let killed = lines("was terminated by signal");
    let expected = killed.len() == 1 && killed[0].contains("signal 9");
    outcome.check((!expected).then(|| format!("storm: not one backend was killed but: {}", killed.join("; "))));
}

/// A storm proves nothing if some ending never occurs, or some kind of scenario never completes.
fn check_endings(tally: &ScenarioTally, outcome: &mut Outcome) {
    for (ending, name) in ENDINGS.iter().filter(|(ending, _)| *ending != Ending::Wrong) {
        outcome.check((tally.of(*ending) == 0).then(|| format!("storm: no scenario was {name}")));
    }
    let never = tally.never_right();
    outcome.check((!never.is_empty()).then(|| format!("storm: never done: {}", never.join(", "))));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_may_tell_of_one_kill_only() {
        let failures = |log: &str| {
            let mut outcome = Outcome::default();
            check_log(log, &mut outcome);
            outcome.failed
        };
        let kill = "2026 [7] SQLSTATE 00000 LOG:  server process (PID 8) was terminated by signal 9: Killed\n";
        assert_eq!(failures(kill), 0);
        assert_eq!(failures(&kill.repeat(2)), 1);
        assert_eq!(failures(&kill.replace("signal 9", "signal 11")), 1);
        assert_eq!(failures(&format!("{kill}2026 [9] SQLSTATE XX000 ERROR:  a scan ended\n")), 1);
        assert_eq!(failures(&format!("{kill}2026 [9] SQLSTATE XX000 PANIC:  stuck\n")), 2);
    }
}
