//! How many requests of a scan may be in flight: additive increase, multiplicative decrease.
//!
//! The limit begins low, doubles with each round of successes, and halves when the API says that there are too many requests. A
//! wait that the API asks for holds for all requests of the scan.
//!
//! What must not be broken: a released permit wakes a waiting request, or the scan would hang.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::lock::lock_whole;

/// The limit and its changes. Time is an argument, so that tests need no clock.
#[derive(Debug)]
struct Aimd {
    /// The most requests that may ever be in flight.
    most: f64,
    /// How many requests may be in flight now.
    limit: f64,
    /// Below this limit a round of successes doubles the limit; above, it adds one.
    threshold: f64,
    running: usize,
    /// No request is sent before this time.
    resume: Option<Instant>,
    /// When the limit was last lowered. Failures of requests sent before do not lower it again.
    lowered: Option<Instant>,
    /// When a request last succeeded.
    answered: Option<Instant>,
}

impl Aimd {
    fn new(most: usize, initial: f64) -> Self {
        let most = most.max(1) as f64;
        Self { most, limit: initial.clamp(1.0, most), threshold: most, running: 0, resume: None, lowered: None, answered: None }
    }

    /// Takes a permit. `Err(Some(wait))` is the wait for a time that the API named, `Err(None)` the wait for another request's
    /// end.
    fn acquire(&mut self, now: Instant) -> Result<(), Option<Duration>> {
        if let Some(wait) = self.resume.map(|resume| resume.saturating_duration_since(now)).filter(|wait| !wait.is_zero()) {
            return Err(Some(wait));
        }
        if self.running as f64 + 1.0 > self.limit.floor() {
            return Err(None);
        }
        self.running += 1;
        Ok(())
    }

    fn release(&mut self, succeeded: bool) {
        self.running = self.running.saturating_sub(1);
        if succeeded {
            let step = if self.limit < self.threshold { 1.0 } else { 1.0 / self.limit };
            self.limit = (self.limit + step).min(self.most);
        }
    }

    fn on_throttled(&mut self, sent: Instant, wait: Duration, now: Instant) {
        self.resume = Some(self.resume.map_or(now + wait, |resume| resume.max(now + wait)));
        if self.lowered.is_none_or(|lowered| sent >= lowered) {
            self.threshold = (self.limit / 2.0).max(1.0);
            self.limit = self.threshold;
            self.lowered = Some(now);
        }
    }
}

/// How long a connection remembers the number of requests that an API accepted.
const LIMIT_MEMORY_TTL: Duration = Duration::from_secs(60);

/// How many requests were in flight when the last scan ended: the slow-start hint of the next one.
#[derive(Debug, Default)]
pub struct LimitMemory(Mutex<Option<(f64, Instant)>>);

impl LimitMemory {
    /// The limit with which a scan begins: half of the last one, if that is recent, else 1.
    fn initial(&self, now: Instant) -> f64 {
        let last = *lock_whole(&self.0);
        last.filter(|(_, at)| now.saturating_duration_since(*at) < LIMIT_MEMORY_TTL).map_or(1.0, |(limit, _)| limit / 2.0)
    }

    /// Remembers the limit that a scan reached.
    pub fn record(&self, limit: f64, now: Instant) {
        *lock_whole(&self.0) = Some((limit, now));
    }
}

/// Limits a scan's requests in flight to what the API accepts.
#[derive(Debug)]
pub struct ConcurrencyLimiter {
    aimd: Mutex<Aimd>,
    changed: Notify,
}

/// The right to have one request in flight. Dropping it releases it.
#[derive(Debug)]
pub struct Permit<'g> {
    limiter: &'g ConcurrencyLimiter,
    succeeded: bool,
}

impl ConcurrencyLimiter {
    /// A limiter that allows up to `most` requests.
    pub fn new(most: usize) -> Self {
        Self::after(most, &LimitMemory::default())
    }

    /// A limiter that begins with the limit that the last scan of this connection justifies.
    pub fn after(most: usize, limit_memory: &LimitMemory) -> Self {
        Self { aimd: Mutex::new(Aimd::new(most, limit_memory.initial(Instant::now()))), changed: Notify::new() }
    }

    /// How many requests may be in flight now.
    pub fn limit(&self) -> f64 {
        lock_whole(&self.aimd).limit
    }

    /// Whether a request has succeeded since this moment.
    pub fn answered_since(&self, moment: Instant) -> bool {
        lock_whole(&self.aimd).answered.is_some_and(|answered| answered >= moment)
    }

    /// Waits for a permit.
    pub async fn acquire(&self) -> Permit<'_> {
        loop {
            // Registered before the limit is read: a permit released in between wakes this request.
            let changed = self.changed.notified();
            let now = Instant::now();
            let acquired = lock_whole(&self.aimd).acquire(now);
            match acquired {
                Ok(()) => return Permit { limiter: self, succeeded: false },
                Err(None) => changed.await,
                Err(Some(wait)) => tokio::time::sleep(wait).await,
            }
        }
    }

    /// Lowers the limit: the API wants fewer requests than when this one was `sent`. No request is sent for the time of `wait`.
    pub fn on_throttled(&self, sent: Instant, wait: Duration) {
        lock_whole(&self.aimd).on_throttled(sent, wait, Instant::now());
    }
}

impl Permit<'_> {
    /// Releases the permit after a response, which raises the limit.
    pub fn succeeded(mut self) {
        self.succeeded = true;
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut aimd = lock_whole(&self.limiter.aimd);
        aimd.release(self.succeeded);
        if self.succeeded {
            aimd.answered = Some(Instant::now());
        }
        drop(aimd);
        self.limiter.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Acquires as many permits as the limit allows, and releases them all.
    fn round(aimd: &mut Aimd, now: Instant, succeeded: bool) -> usize {
        let mut inside = 0;
        while aimd.acquire(now).is_ok() {
            inside += 1;
        }
        for _ in 0..inside {
            aimd.release(succeeded);
        }
        inside
    }

    #[test]
    fn the_number_in_flight_doubles_up_to_the_most() {
        let (mut aimd, now) = (Aimd::new(8, 1.0), Instant::now());
        assert_eq!([(); 5].map(|()| round(&mut aimd, now, true)), [1, 2, 4, 8, 8]);
    }

    #[test]
    fn one_refusal_slows_everybody_once() {
        let (mut aimd, initial) = (Aimd::new(8, 1.0), Instant::now());
        for _ in 0..4 {
            round(&mut aimd, initial, true);
        }
        let wait = Duration::from_secs(2);
        let refused = round(&mut aimd, initial, false);
        assert_eq!(refused, 8);
        let told = initial + Duration::from_millis(1);
        (0..refused).for_each(|_| aimd.on_throttled(initial, wait, told));
        assert_eq!(aimd.acquire(told), Err(Some(wait)), "nobody sends before the time that the API named");
        let later = told + wait;
        assert_eq!(round(&mut aimd, later, true), 4, "eight refusals of one round halve it once");
        assert!(round(&mut aimd, later, true) <= 5, "from here on it grows slowly");
    }

    #[test]
    fn a_scan_soon_after_another_starts_with_half_of_what_that_one_reached() {
        let (limit_memory, now) = (LimitMemory::default(), Instant::now());
        assert_eq!(limit_memory.initial(now), 1.0);
        limit_memory.record(8.0, now);
        assert_eq!(limit_memory.initial(now + Duration::from_secs(1)), 4.0);
        assert_eq!(limit_memory.initial(now + LIMIT_MEMORY_TTL), 1.0, "the API may have forgotten");
        assert_eq!(round(&mut Aimd::new(2, 4.0), now, true), 2, "never more than there may be");
    }

    #[tokio::test]
    async fn who_waits_can_tell_whether_others_were_answered() {
        let (limiter, before) = (ConcurrencyLimiter::new(2), Instant::now());
        drop(limiter.acquire().await);
        assert!(!limiter.answered_since(before), "an end without an answer is none");
        limiter.acquire().await.succeeded();
        assert!(limiter.answered_since(before));
        assert!(!limiter.answered_since(Instant::now() + Duration::from_millis(1)));
    }

    #[test]
    fn a_failure_that_is_no_refusal_changes_nothing() {
        let (mut aimd, now) = (Aimd::new(4, 1.0), Instant::now());
        assert_eq!([(); 3].map(|()| round(&mut aimd, now, false)), [1, 1, 1]);
    }
}
