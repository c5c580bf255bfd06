//! What the bench has measured, and the goals that it must reach.

use std::fmt;
use std::time::Duration;

/// A bound on a time, relative to that of a peer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Aim {
    /// At most this many times the peer's time.
    Time(f64),
    /// At least this many times the peer's speed.
    Speed(f64),
    /// No bound: the ratio is only shown.
    Shown,
}

/// A peer, by its measure's name, and the bound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Goal {
    pub(super) peer: &'static str,
    pub(super) aim: Aim,
}

/// Whether a measured value is within its bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Held,
    Missed,
    /// Something that the measure needs is not installed.
    NotMeasured,
}

/// A bound in words, and whether the measured value is within it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bound {
    pub(super) text: String,
    pub(super) outcome: Outcome,
}

/// One measured value, and its bound if it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Measured {
    /// What was measured.
    pub(super) measure: String,
    pub(super) value: String,
    pub(super) bound: Option<Bound>,
}

impl Goal {
    pub(super) fn measured(&self, measure: String, own: Duration, peer: Duration) -> Measured {
        let (own, other, peer) = (own.as_secs_f64(), peer.as_secs_f64(), self.peer);
        let (value, bound) = match self.aim {
            Aim::Time(most) => {
                let ratio = own / other;
                (format!("{ratio:.2}× the time of {peer}"), Some(at_most(ratio, most, "×")))
            }
            Aim::Speed(least) => {
                let ratio = other / own;
                (format!("{ratio:.2}× the speed of {peer}"), Some(Bound::new(format!("at least {least:.1}×"), ratio >= least)))
            }
            Aim::Shown => (format!("{:.2}× the speed of {peer}", other / own), None),
        };
        Measured { measure, value, bound }
    }

    /// The goal of a measure that could not be taken, or whose peer could not.
    pub(super) fn not_measured(&self, measure: String) -> Measured {
        let text = match self.aim {
            Aim::Time(most) => format!("at most {most:.2}× the time of {}", self.peer),
            Aim::Speed(least) => format!("at least {least:.1}× the speed of {}", self.peer),
            Aim::Shown => format!("the speed of {}", self.peer),
        };
        Measured { measure, value: "–".into(), bound: Some(Bound { text, outcome: Outcome::NotMeasured }) }
    }
}

impl Measured {
    pub(super) fn new(measure: impl Into<String>, value: impl Into<String>, bound: Option<Bound>) -> Self {
        Self { measure: measure.into(), value: value.into(), bound }
    }

    pub(super) fn has(&self, outcome: Outcome) -> bool {
        self.bound.as_ref().is_some_and(|bound| bound.outcome == outcome)
    }
}

/// The value, then the bound.
impl fmt::Display for Measured {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.bound {
            Some(bound) => write!(out, "{}, {bound}", self.value),
            None => out.write_str(&self.value),
        }
    }
}

impl Bound {
    fn new(text: String, is_held: bool) -> Self {
        Self { text, outcome: if is_held { Outcome::Held } else { Outcome::Missed } }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)?;
        if self.outcome == Outcome::Missed { out.write_str(": missed") } else { Ok(()) }
    }
}

/// A bound from above.
pub(super) fn at_most(measured: f64, most: f64, unit: &str) -> Bound {
    let bound = if unit == "×" { format!("{most:.2}") } else { most.to_string() };
    Bound::new(format!("at most {bound}{unit}"), measured <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_stand_beside_their_bounds() {
        let goal = |aim| Goal { peer: "a peer", aim };
        let shown = |aim, own, peer| goal(aim).measured(String::new(), Duration::from_secs(own), Duration::from_secs(peer)).to_string();
        assert_eq!(shown(Aim::Time(0.9), 3, 4), "0.75× the time of a peer, at most 0.90×");
        assert_eq!(shown(Aim::Time(0.9), 4, 4), "1.00× the time of a peer, at most 0.90×: missed");
        assert_eq!(shown(Aim::Speed(6.0), 1, 7), "7.00× the speed of a peer, at least 6.0×");
        assert_eq!(shown(Aim::Speed(6.0), 2, 7), "3.50× the speed of a peer, at least 6.0×: missed");
        assert_eq!(shown(Aim::Shown, 2, 7), "3.50× the speed of a peer");
        assert_eq!(at_most(131.0, 130.0, " MB").to_string(), "at most 130 MB: missed");
        let absent = goal(Aim::Speed(6.0)).not_measured("a measure".into());
        assert!(absent.has(Outcome::NotMeasured) && !absent.has(Outcome::Missed));
        assert_eq!(absent.to_string(), "–, at least 6.0× the speed of a peer");
    }
}
