//! What disturbs a session while its statements run, and the check of a statement's outcome against that.

use std::time::Duration;

use super::scenario::{Expectation, Step};
use super::tally::Ending;
use crate::command::stress::client::{Answer, StatementError};

/// The longest time before a disturbance, and the longest `statement_timeout`.
const LONGEST: Duration = Duration::from_millis(120);

/// What happens to a session, and the time from the begin of the scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Disturbance {
    Leave,
    Cancel(Duration),
    Terminate(Duration),
    /// The client dies.
    Drop(Duration),
    Timeout(Duration),
}

/// What the outcome of one statement means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StepResult {
    /// The outcome is correct, and the scenario goes on.
    Right,
    /// The API failed, and Postgres reported one of the expected errors.
    StatementError,
    /// The disturbance ended the statement.
    Ended(Ending),
    Wrong(String),
}

impl Disturbance {
    pub(super) fn draw(rng: &mut fastrand::Rng) -> Self {
        // Most waits are short, as most statements are.
        let after = LONGEST.mul_f64(rng.f64().powi(2)) + Duration::from_millis(2);
        match rng.u32(0..100) {
            0..45 => Self::Leave,
            45..60 => Self::Cancel(after),
            60..70 => Self::Terminate(after),
            70..80 => Self::Drop(after),
            _ => Self::Timeout(after),
        }
    }
}

/// Compares the outcome of a statement with what the step expects. `happened` is the disturbance if it has happened already, else `Leave`;
/// `crashed` says whether another backend may have crashed since the session began.
pub(super) fn compare(step: &Step, happened: Disturbance, crashed: bool, outcome: &Result<Answer, StatementError>) -> StepResult {
    let refused = match outcome {
        Ok(answer) => {
            return match step.expectation {
                Expectation::Rows(expected) if *answer != expected => StepResult::Wrong(format!("{answer} instead of {expected}")),
                Expectation::Failure => StepResult::Wrong(format!("{answer}, though the API fails")),
                _ => StepResult::Right,
            };
        }
        Err(refused) => refused,
    };
    if refused.sqlstate().is_some_and(|sqlstate| step.errors.contains(&sqlstate)) {
        return StepResult::StatementError;
    }
    match happened {
        Disturbance::Cancel(_) if refused.is_cancel(false) => StepResult::Ended(Ending::Cancelled),
        Disturbance::Timeout(_) if refused.is_time_out() => StepResult::Ended(Ending::TimedOut),
        Disturbance::Terminate(_) if refused.is_termination() => StepResult::Ended(Ending::Terminated),
        _ if crashed && refused.is_crash() => StepResult::Ended(Ending::Crashed),
        _ => StepResult::Wrong(refused.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(5);

    fn error(sqlstate: &str, message: &str) -> Result<Answer, StatementError> {
        Err(StatementError::Error { sqlstate: sqlstate.into(), message: message.into() })
    }

    fn step(expectation: Expectation, errors: &'static [&'static str]) -> Step {
        Step { sql: String::new(), pause: Duration::ZERO, expectation, errors }
    }

    fn is_wrong(verdict: &StepResult) -> bool {
        matches!(verdict, StepResult::Wrong(_))
    }

    #[test]
    fn an_answer_must_be_right_whatever_was_ordered() {
        let [one, other] = ["1", "2"].map(|value| Answer::of_values([Some(value)].into_iter()));
        for disturbance in [Disturbance::Leave, Disturbance::Cancel(SOON), Disturbance::Terminate(SOON), Disturbance::Timeout(SOON)] {
            assert_eq!(compare(&step(Expectation::Rows(one), &[]), disturbance, true, &Ok(one)), StepResult::Right);
            assert!(is_wrong(&compare(&step(Expectation::Rows(one), &["08006"]), disturbance, true, &Ok(other))));
            assert!(is_wrong(&compare(&step(Expectation::Failure, &["08006"]), disturbance, true, &Ok(one))));
        }
    }

    #[test]
    fn an_error_must_be_what_was_done() {
        let cancelled = error("57014", "canceling statement due to user request");
        let plain = step(Expectation::Done, &["08006"]);
        assert_eq!(compare(&plain, Disturbance::Cancel(SOON), false, &cancelled), StepResult::Ended(Ending::Cancelled));
        assert!(is_wrong(&compare(&plain, Disturbance::Leave, true, &cancelled)));
        assert_eq!(compare(&plain, Disturbance::Timeout(SOON), false, &cancelled), StepResult::Ended(Ending::TimedOut));
        assert_eq!(compare(&plain, Disturbance::Leave, false, &error("08006", "")), StepResult::StatementError);
        assert!(is_wrong(&compare(&plain, Disturbance::Cancel(SOON), true, &error("XX000", ""))));
        assert_eq!(compare(&plain, Disturbance::Terminate(SOON), false, &error("57P01", "")), StepResult::Ended(Ending::Terminated));
        let lost = Err(StatementError::Lost(String::new()));
        assert_eq!(compare(&plain, Disturbance::Leave, true, &lost), StepResult::Ended(Ending::Crashed));
        assert!(is_wrong(&compare(&plain, Disturbance::Leave, false, &lost)));
    }
}
