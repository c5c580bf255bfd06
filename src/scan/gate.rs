//! How many requests of a scan are in flight: few at first, twice as many with each round that succeeds, and half as many when
//! the API says that there are too many. A wait that it asks for holds for all of them.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// The decisions, without a clock of their own.
#[derive(Debug)]
struct Window {
    /// The most that may ever be in flight.
    most: f64,
    /// How many may be now.
    limit: f64,
    /// Up to here the limit doubles in a round; beyond, it grows by one.
    threshold: f64,
    running: usize,
    /// Until then nothing is sent.
    resume: Option<Instant>,
    /// When the limit was last lowered: requests that were sent before do not lower it again.
    lowered: Option<Instant>,
}

impl Window {
    fn new(most: usize) -> Self {
        let most = most.max(1) as f64;
        Self { most, limit: 1.0, threshold: most, running: 0, resume: None, lowered: None }
    }

    /// Takes a place, or says how long to wait for a time that the API named; `Some(None)` waits for somebody's end.
    fn enter(&mut self, now: Instant) -> Result<(), Option<Duration>> {
        if let Some(wait) = self.resume.map(|resume| resume.saturating_duration_since(now)).filter(|wait| !wait.is_zero()) {
            return Err(Some(wait));
        }
        if self.running as f64 + 1.0 > self.limit.floor() {
            return Err(None);
        }
        self.running += 1;
        Ok(())
    }

    fn leave(&mut self, sent: Instant, outcome: Outcome, now: Instant) {
        self.running = self.running.saturating_sub(1);
        match outcome {
            Outcome::Success if self.limit < self.threshold => self.limit = (self.limit + 1.0).min(self.most),
            Outcome::Success => self.limit = (self.limit + 1.0 / self.limit).min(self.most),
            Outcome::Throttled(wait) => {
                self.resume = Some(self.resume.map_or(now + wait, |resume| resume.max(now + wait)));
                if self.lowered.is_none_or(|lowered| sent >= lowered) {
                    self.threshold = (self.limit / 2.0).max(1.0);
                    self.limit = self.threshold;
                    self.lowered = Some(now);
                }
            }
            Outcome::Other => {}
        }
    }
}

/// What came of a request, as far as others should know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// An answer.
    Success,
    /// The API wants fewer; nobody sends for so long.
    Throttled(Duration),
    /// Anything else.
    Other,
}

/// The gate that all requests of a scan pass.
#[derive(Debug)]
pub struct Gate {
    window: Mutex<Window>,
    moved: Notify,
}

/// A place within the gate, given back when it is dropped.
#[derive(Debug)]
pub struct Place<'g> {
    gate: &'g Gate,
    sent: Instant,
    outcome: Outcome,
}

impl Gate {
    /// A gate that opens up to so many.
    pub fn new(most: usize) -> Self {
        Self { window: Mutex::new(Window::new(most)), moved: Notify::new() }
    }

    /// Waits for a place.
    pub async fn enter(&self) -> Place<'_> {
        loop {
            // Registered before looking: a place that is given back in between wakes it.
            let moved = self.moved.notified();
            let now = Instant::now();
            let entered = self.window.lock().map_or(Ok(()), |mut window| window.enter(now));
            match entered {
                Ok(()) => return Place { gate: self, sent: now, outcome: Outcome::Other },
                Err(None) => moved.await,
                Err(Some(wait)) => tokio::time::sleep(wait).await,
            }
        }
    }
}

impl Place<'_> {
    /// Gives the place back with what came of it.
    pub fn leave(mut self, outcome: Outcome) {
        self.outcome = outcome;
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Ok(mut window) = self.gate.window.lock() {
            window.leave(self.sent, self.outcome, Instant::now());
        }
        self.gate.moved.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lets in as many as may, and ends them all.
    fn round(window: &mut Window, now: Instant, outcome: Outcome) -> usize {
        let mut inside = 0;
        while window.enter(now).is_ok() {
            inside += 1;
        }
        for _ in 0..inside {
            window.leave(now, outcome, now + Duration::from_millis(1));
        }
        inside
    }

    #[test]
    fn the_number_in_flight_doubles_up_to_the_most() {
        let (mut window, now) = (Window::new(8), Instant::now());
        assert_eq!([(); 5].map(|()| round(&mut window, now, Outcome::Success)), [1, 2, 4, 8, 8]);
    }

    #[test]
    fn one_refusal_slows_everybody_once() {
        let (mut window, start) = (Window::new(8), Instant::now());
        for _ in 0..4 {
            round(&mut window, start, Outcome::Success);
        }
        let wait = Duration::from_secs(2);
        assert_eq!(round(&mut window, start, Outcome::Throttled(wait)), 8);
        let told = start + Duration::from_millis(1);
        assert_eq!(window.enter(told), Err(Some(wait)), "nobody sends before the time that the API named");
        let later = told + wait;
        assert_eq!(round(&mut window, later, Outcome::Success), 4, "eight refusals of one round halve it once");
        assert!(round(&mut window, later, Outcome::Success) <= 5, "from here on it grows slowly");
    }

    #[test]
    fn a_failure_that_is_no_refusal_changes_nothing() {
        let (mut window, now) = (Window::new(4), Instant::now());
        assert_eq!([(); 3].map(|()| round(&mut window, now, Outcome::Other)), [1, 1, 1]);
    }
}
