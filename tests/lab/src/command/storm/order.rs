//! What is done to a session while its statements run, and whether the outcome of a statement fits that.

use std::time::Duration;

use super::piece::{Step, Want};
use super::tally::Ending;
use crate::command::stress::client::{Answer, Refused};

/// The longest time before an order, and the longest `statement_timeout`.
const LONGEST: Duration = Duration::from_millis(120);

/// What is done, and how long after the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Leave,
    Cancel(Duration),
    Terminate(Duration),
    /// The client dies.
    Drop(Duration),
    Timeout(Duration),
}

/// What the outcome of one statement means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is right, and the next statement may come.
    Right,
    /// The API failed, and Postgres said so as it should.
    Refused,
    /// It was ended, as ordered.
    Ended(Ending),
    Wrong(String),
}

impl Order {
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

/// Holds the outcome of a statement against what is wanted and what was done. `given` is the order if it was already given,
/// `crashed` whether another backend may have crashed since the session began.
pub(super) fn compare(step: &Step, given: Order, crashed: bool, outcome: &Result<Answer, Refused>) -> Verdict {
    let refused = match outcome {
        Ok(answer) => {
            return match step.want {
                Want::Rows(expected) if *answer != expected => Verdict::Wrong(format!("{answer} instead of {expected}")),
                Want::Failure => Verdict::Wrong(format!("{answer}, though the API fails")),
                _ => Verdict::Right,
            };
        }
        Err(refused) => refused,
    };
    if refused.sqlstate().is_some_and(|sqlstate| step.errors.contains(&sqlstate)) {
        return Verdict::Refused;
    }
    match given {
        Order::Cancel(_) if refused.is_cancel(false) => Verdict::Ended(Ending::Cancelled),
        Order::Timeout(_) if refused.is_time_out() => Verdict::Ended(Ending::TimedOut),
        Order::Terminate(_) if refused.is_termination() => Verdict::Ended(Ending::Terminated),
        _ if crashed && refused.is_crash() => Verdict::Ended(Ending::Crashed),
        _ => Verdict::Wrong(refused.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(5);

    fn error(sqlstate: &str, message: &str) -> Result<Answer, Refused> {
        Err(Refused::Error { sqlstate: sqlstate.into(), message: message.into() })
    }

    fn step(want: Want, errors: &'static [&'static str]) -> Step {
        Step { sql: String::new(), pause: Duration::ZERO, want, errors }
    }

    fn is_wrong(verdict: &Verdict) -> bool {
        matches!(verdict, Verdict::Wrong(_))
    }

    #[test]
    fn an_answer_must_be_right_whatever_was_ordered() {
        let [one, other] = ["1", "2"].map(|value| Answer::of_values([Some(value)].into_iter()));
        for order in [Order::Leave, Order::Cancel(SOON), Order::Terminate(SOON), Order::Timeout(SOON)] {
            assert_eq!(compare(&step(Want::Rows(one), &[]), order, true, &Ok(one)), Verdict::Right);
            assert!(is_wrong(&compare(&step(Want::Rows(one), &["08006"]), order, true, &Ok(other))));
            assert!(is_wrong(&compare(&step(Want::Failure, &["08006"]), order, true, &Ok(one))));
        }
    }

    #[test]
    fn an_error_must_be_what_was_done() {
        let cancelled = error("57014", "canceling statement due to user request");
        let plain = step(Want::Done, &["08006"]);
        assert_eq!(compare(&plain, Order::Cancel(SOON), false, &cancelled), Verdict::Ended(Ending::Cancelled));
        assert!(is_wrong(&compare(&plain, Order::Leave, true, &cancelled)));
        assert_eq!(compare(&plain, Order::Timeout(SOON), false, &cancelled), Verdict::Ended(Ending::TimedOut));
        assert_eq!(compare(&plain, Order::Leave, false, &error("08006", "")), Verdict::Refused);
        assert!(is_wrong(&compare(&plain, Order::Cancel(SOON), true, &error("XX000", ""))));
        assert_eq!(compare(&plain, Order::Terminate(SOON), false, &error("57P01", "")), Verdict::Ended(Ending::Terminated));
        let lost = Err(Refused::Lost(String::new()));
        assert_eq!(compare(&plain, Order::Leave, true, &lost), Verdict::Ended(Ending::Crashed));
        assert!(is_wrong(&compare(&plain, Order::Leave, false, &lost)));
    }
}
