//! Whether a failed request is sent again, and after which wait. Pure: the clock and the dice are arguments.
//!
//! What must not be broken: every wait stays within the budget.

use std::time::Duration;

/// The longest wait before the first retry. It doubles with each further one.
const BASE: Duration = Duration::from_millis(250);
/// The longest wait that the server did not ask for.
const CAP: Duration = Duration::from_secs(10);
/// The most that is added to a wait that the server asked for, because its clock may differ from ours.
const AFTER: Duration = Duration::from_millis(250);

/// The class of a failure that a retry may help against. The durations are the waits that the server asked for, if it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryClass {
    /// Too many requests: a 429, a 403 that means it, or a body that says so.
    Throttled(Option<Duration>),
    /// A status of 500 to 599.
    Server(Option<Duration>),
    /// No connection, a broken one, a truncated body, or silence for too long.
    Connection,
}

impl RetryClass {
    /// The wait that the server asked for.
    pub fn asked(self) -> Option<Duration> {
        match self {
            Self::Throttled(asked) | Self::Server(asked) => asked,
            Self::Connection => None,
        }
    }
}

/// The user's limits for retries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The most retries of a failed request. Throttling is bounded by the budget alone, because the API works and says when it
    /// will again.
    pub max_retries: u32,
    /// The longest time that one request waits between attempts, in all.
    pub budget: Duration,
}

impl RetryPolicy {
    /// The wait before the next attempt, or `None` to give up. `attempt` counts from 1, `waited` is what this request has
    /// waited so far, `dice` is uniform in `[0, 1)`.
    pub fn next_wait(&self, failure: RetryClass, attempt: u32, waited: Duration, dice: f64) -> Option<Duration> {
        let bounded = !matches!(failure, RetryClass::Throttled(_));
        let left = self.budget.saturating_sub(waited);
        if (bounded && attempt > self.max_retries) || left.is_zero() {
            return None;
        }
        // Full jitter: clients that failed together must not return together.
        let ceiling = BASE.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(CAP);
        let own = ceiling.mul_f64(dice.clamp(0.0, 1.0));
        match failure.asked() {
            Some(asked) if asked > left => None,
            // A server that always says "one second" is still asked less and less often.
            Some(asked) => Some(asked.saturating_add(own.min(AFTER)).max(own).min(left)),
            None => Some(own.min(left)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RetryPolicy = RetryPolicy { max_retries: 3, budget: Duration::from_secs(60) };
    const NO_ADVICE: RetryClass = RetryClass::Server(None);

    fn wait(failure: RetryClass, attempt: u32, dice: f64) -> Option<Duration> {
        POLICY.next_wait(failure, attempt, Duration::ZERO, dice)
    }

    fn asked(seconds: u64) -> RetryClass {
        RetryClass::Throttled(Some(Duration::from_secs(seconds)))
    }

    #[test]
    fn waits_double_and_are_jittered_over_their_whole_range() {
        assert_eq!(wait(NO_ADVICE, 1, 0.0), Some(Duration::ZERO));
        assert_eq!(wait(NO_ADVICE, 1, 1.0), Some(Duration::from_millis(250)));
        assert_eq!(wait(RetryClass::Connection, 3, 1.0), Some(Duration::from_secs(1)));
        let patient = RetryPolicy { max_retries: 100, budget: Duration::from_secs(600) };
        assert_eq!(patient.next_wait(NO_ADVICE, 60, Duration::ZERO, 1.0), Some(CAP));
    }

    #[test]
    fn failures_are_bounded_by_their_number_and_throttling_by_the_budget_alone() {
        for failure in [NO_ADVICE, RetryClass::Server(Some(Duration::from_secs(1))), RetryClass::Connection] {
            assert!(wait(failure, 3, 0.5).is_some());
            assert_eq!(wait(failure, 4, 0.5), None, "{failure:?}");
        }
        for failure in [RetryClass::Throttled(None), asked(0), asked(5)] {
            assert!(wait(failure, 400, 0.5).is_some(), "{failure:?}");
            assert_eq!(POLICY.next_wait(failure, 4, POLICY.budget, 0.5), None, "{failure:?}");
        }
    }

    #[test]
    fn throttling_without_advice_uses_the_whole_budget() {
        for dice in [0.2, 0.5, 0.999] {
            let (mut waited, mut attempt) = (Duration::ZERO, 1);
            while let Some(wait) = POLICY.next_wait(RetryClass::Throttled(None), attempt, waited, dice) {
                waited += wait;
                attempt += 1;
            }
            assert_eq!(waited, POLICY.budget, "{dice}");
            assert!((8..60).contains(&attempt), "{dice}: {attempt} attempts");
        }
    }

    #[test]
    fn what_the_server_asks_is_waited_for_where_the_budget_has_room() {
        assert_eq!(wait(asked(5), 1, 0.0), Some(Duration::from_secs(5)));
        assert_eq!(wait(asked(5), 1, 1.0), Some(Duration::from_millis(5250)));
        assert_eq!(wait(asked(31), 1, 0.0), Some(Duration::from_secs(31)), "half a minute is nothing special");
        assert_eq!(wait(asked(60), 1, 1.0), Some(Duration::from_secs(60)), "the addition does not make it too long");
        assert_eq!(wait(asked(61), 1, 0.0), None);
        assert_eq!(wait(RetryClass::Server(Some(Duration::from_secs(40))), 1, 0.0), Some(Duration::from_secs(40)));
        assert_eq!(wait(asked(1), 10, 0.9), Some(Duration::from_secs(9)), "the same advice over and over is not believed");
        assert_eq!(wait(asked(u64::MAX), 1, 1.0), None);
        let endless = RetryPolicy { max_retries: 3, budget: Duration::MAX };
        assert_eq!(endless.next_wait(asked(u64::MAX), 1, Duration::ZERO, 1.0), Some(Duration::new(u64::MAX, 250_000_000)));
    }

    #[test]
    fn the_budget_bounds_all_waits_together() {
        let spent = Duration::from_secs(58);
        assert_eq!(POLICY.next_wait(asked(3), 2, spent, 0.0), None);
        assert_eq!(POLICY.next_wait(asked(1), 2, spent, 0.0), Some(Duration::from_secs(1)));
        assert_eq!(POLICY.next_wait(RetryClass::Throttled(None), 9, spent, 0.9), Some(Duration::from_secs(2)));
    }
}
