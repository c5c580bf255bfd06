//! How many requests of a scan are in flight: few at first, twice as many with each round that succeeds, and half as many when
//! the API says that there are too many. A wait that it asks for holds for all of them.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::lock::lock_whole;

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
    /// When a request last succeeded.
    answered: Option<Instant>,
}

impl Window {
    fn new(most: usize, start: f64) -> Self {
        let most = most.max(1) as f64;
        Self { most, limit: start.clamp(1.0, most), threshold: most, running: 0, resume: None, lowered: None, answered: None }
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

    fn leave(&mut self, succeeded: bool) {
        self.running = self.running.saturating_sub(1);
        if succeeded {
            let step = if self.limit < self.threshold { 1.0 } else { 1.0 / self.limit };
            self.limit = (self.limit + step).min(self.most);
        }
    }

    fn slow_down(&mut self, sent: Instant, wait: Duration, now: Instant) {
        self.resume = Some(self.resume.map_or(now + wait, |resume| resume.max(now + wait)));
        if self.lowered.is_none_or(|lowered| sent >= lowered) {
            self.threshold = (self.limit / 2.0).max(1.0);
            self.limit = self.threshold;
            self.lowered = Some(now);
        }
    }
}

/// So long a connection remembers how many requests an API took.
const WARM: Duration = Duration::from_secs(60);

/// How many requests were in flight when the last scan ended.
#[derive(Debug, Default)]
pub struct Warmth(Mutex<Option<(f64, Instant)>>);

impl Warmth {
    /// Half of that is no surprise to the API within a minute.
    fn start(&self, now: Instant) -> f64 {
        let last = *lock_whole(&self.0);
        last.filter(|(_, at)| now.saturating_duration_since(*at) < WARM).map_or(1.0, |(limit, _)| limit / 2.0)
    }

    /// Remembers how far a scan got.
    pub fn keep(&self, limit: f64, now: Instant) {
        *lock_whole(&self.0) = Some((limit, now));
    }
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
    succeeded: bool,
}

impl Gate {
    /// A gate that opens up to so many.
    pub fn new(most: usize) -> Self {
        Self::after(most, &Warmth::default())
    }

    /// The same, where the scan before may have shown that the API takes more than one.
    pub fn after(most: usize, warmth: &Warmth) -> Self {
        Self { window: Mutex::new(Window::new(most, warmth.start(Instant::now()))), moved: Notify::new() }
    }

    /// How many may be in flight.
    pub fn limit(&self) -> f64 {
        lock_whole(&self.window).limit
    }

    /// Whether a request has succeeded since then.
    pub fn answered_since(&self, moment: Instant) -> bool {
        lock_whole(&self.window).answered.is_some_and(|answered| answered >= moment)
    }

    /// Waits for a place.
    pub async fn enter(&self) -> Place<'_> {
        loop {
            // Registered before looking: a place that is given back in between wakes it.
            let moved = self.moved.notified();
            let now = Instant::now();
            let entered = lock_whole(&self.window).enter(now);
            match entered {
                Ok(()) => return Place { gate: self, succeeded: false },
                Err(None) => moved.await,
                Err(Some(wait)) => tokio::time::sleep(wait).await,
            }
        }
    }

    /// The API wants fewer requests than there were when this one was `sent`; nobody sends for so long.
    pub fn slow_down(&self, sent: Instant, wait: Duration) {
        lock_whole(&self.window).slow_down(sent, wait, Instant::now());
    }
}

impl Place<'_> {
    /// Gives the place back after an answer: more may be in flight from now on.
    pub fn succeeded(mut self) {
        self.succeeded = true;
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut window = lock_whole(&self.gate.window);
        window.leave(self.succeeded);
        if self.succeeded {
            window.answered = Some(Instant::now());
        }
        drop(window);
        self.gate.moved.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lets in as many as may, and ends them all.
    fn round(window: &mut Window, now: Instant, succeeded: bool) -> usize {
        let mut inside = 0;
        while window.enter(now).is_ok() {
            inside += 1;
        }
        for _ in 0..inside {
            window.leave(succeeded);
        }
        inside
    }

    #[test]
    fn the_number_in_flight_doubles_up_to_the_most() {
        let (mut window, now) = (Window::new(8, 1.0), Instant::now());
        assert_eq!([(); 5].map(|()| round(&mut window, now, true)), [1, 2, 4, 8, 8]);
    }

    #[test]
    fn one_refusal_slows_everybody_once() {
        let (mut window, start) = (Window::new(8, 1.0), Instant::now());
        for _ in 0..4 {
            round(&mut window, start, true);
        }
        let wait = Duration::from_secs(2);
        let refused = round(&mut window, start, false);
        assert_eq!(refused, 8);
        let told = start + Duration::from_millis(1);
        (0..refused).for_each(|_| window.slow_down(start, wait, told));
        assert_eq!(window.enter(told), Err(Some(wait)), "nobody sends before the time that the API named");
        let later = told + wait;
        assert_eq!(round(&mut window, later, true), 4, "eight refusals of one round halve it once");
        assert!(round(&mut window, later, true) <= 5, "from here on it grows slowly");
    }

    #[test]
    fn a_scan_soon_after_another_starts_with_half_of_what_that_one_reached() {
        let (warmth, now) = (Warmth::default(), Instant::now());
        assert_eq!(warmth.start(now), 1.0);
        warmth.keep(8.0, now);
        assert_eq!(warmth.start(now + Duration::from_secs(1)), 4.0);
        assert_eq!(warmth.start(now + WARM), 1.0, "the API may have forgotten");
        assert_eq!(round(&mut Window::new(2, 4.0), now, true), 2, "never more than there may be");
    }

    #[tokio::test]
    async fn who_waits_can_tell_whether_others_were_answered() {
        let (gate, before) = (Gate::new(2), Instant::now());
        drop(gate.enter().await);
        assert!(!gate.answered_since(before), "an end without an answer is none");
        gate.enter().await.succeeded();
        assert!(gate.answered_since(before));
        assert!(!gate.answered_since(Instant::now() + Duration::from_millis(1)));
    }

    #[test]
    fn a_failure_that_is_no_refusal_changes_nothing() {
        let (mut window, now) = (Window::new(4, 1.0), Instant::now());
        assert_eq!([(); 3].map(|()| round(&mut window, now, false)), [1, 1, 1]);
    }
}
