//! Whether a failed request is sent again, and when. Pure: the clock and the dice are arguments.

use std::time::Duration;

/// Waits before the first retry at most this long, twice as long before the next, and so on.
const BASE: Duration = Duration::from_millis(250);
/// No wait of our own choice is longer.
const CAP: Duration = Duration::from_secs(10);
/// A server that asks for more patience is given up: a transaction should not sleep for minutes (refresh.md §6.5).
const RETRY_AFTER_CAP: Duration = Duration::from_secs(30);

/// What came of one attempt, as far as a retry could help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// 429, or 503 that names a time, with `Retry-After` if the server sent one.
    Throttled(Option<Duration>),
    /// 5xx.
    Server,
    /// No connection, a broken one, a cut body, or silence for too long.
    Connection,
}

/// The user's limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Sends after the first.
    pub max_retries: u32,
    /// Waiting between sends, in all.
    pub budget: Duration,
}

impl RetryPolicy {
    /// How long to wait before sending again, or `None` to give up. `attempt` counts from 1, `waited` is what this request has
    /// waited so far, `dice` is uniform in `[0, 1)`.
    pub fn next_wait(&self, failure: Failure, attempt: u32, waited: Duration, dice: f64) -> Option<Duration> {
        if attempt > self.max_retries {
            return None;
        }
        // Full jitter: clients that failed together must not come back together.
        let ceiling = BASE.saturating_mul(1 << (attempt - 1).min(16)).min(CAP);
        let own = ceiling.mul_f64(dice.clamp(0.0, 1.0));
        let wait = match failure {
            Failure::Throttled(Some(asked)) if asked > RETRY_AFTER_CAP => return None,
            // A little later than asked: the server's clock need not be ours.
            Failure::Throttled(Some(asked)) => asked + own.min(Duration::from_millis(250)),
            Failure::Throttled(None) | Failure::Server | Failure::Connection => own,
        };
        (waited + wait <= self.budget).then_some(wait)
    }
}

/// Reads a `Retry-After` header in both of its forms (RFC 9110 §10.2.3). `now` is in seconds since the Unix epoch.
pub fn retry_after(header: &str, now: u64) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let when = httpdate::parse_http_date(header).ok()?;
    let when = when.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs();
    Some(Duration::from_secs(when.saturating_sub(now)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RetryPolicy = RetryPolicy { max_retries: 3, budget: Duration::from_secs(60) };

    fn wait(failure: Failure, attempt: u32, dice: f64) -> Option<Duration> {
        POLICY.next_wait(failure, attempt, Duration::ZERO, dice)
    }

    #[test]
    fn waits_double_and_are_jittered_over_their_whole_range() {
        assert_eq!(wait(Failure::Server, 1, 0.0), Some(Duration::ZERO));
        assert_eq!(wait(Failure::Server, 1, 1.0), Some(Duration::from_millis(250)));
        assert_eq!(wait(Failure::Connection, 3, 1.0), Some(Duration::from_secs(1)));
        assert_eq!(wait(Failure::Server, 4, 1.0), None);
        let patient = RetryPolicy { max_retries: 100, budget: Duration::from_secs(600) };
        assert_eq!(patient.next_wait(Failure::Server, 60, Duration::ZERO, 1.0), Some(CAP));
    }

    #[test]
    fn retry_after_is_obeyed_up_to_its_cap() {
        let asked = |s| Failure::Throttled(Some(Duration::from_secs(s)));
        assert_eq!(wait(asked(5), 1, 0.0), Some(Duration::from_secs(5)));
        assert_eq!(wait(asked(31), 1, 0.0), None);
        assert_eq!(wait(asked(3), 4, 0.0), None);
    }

    #[test]
    fn the_budget_bounds_all_waits_together() {
        let spent = Duration::from_secs(58);
        assert_eq!(POLICY.next_wait(Failure::Throttled(Some(Duration::from_secs(3))), 2, spent, 0.0), None);
        assert_eq!(POLICY.next_wait(Failure::Throttled(Some(Duration::from_secs(1))), 2, spent, 0.0), Some(Duration::from_secs(1)));
    }

    #[test]
    fn retry_after_comes_in_two_forms() {
        assert_eq!(retry_after(" 7 ", 0), Some(Duration::from_secs(7)));
        assert_eq!(retry_after("Fri, 31 Dec 1999 23:59:59 GMT", 946_684_790), Some(Duration::from_secs(9)));
        assert_eq!(retry_after("Fri, 31 Dec 1999 23:59:59 GMT", 946_684_900), Some(Duration::ZERO));
        for bad in ["", "soon", "-1", "1.5"] {
            assert_eq!(retry_after(bad, 0), None, "{bad}");
        }
    }
}
