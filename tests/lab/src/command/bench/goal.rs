//! What a measure is held against, and how that is said.

use std::time::Duration;

/// A bound on what was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Aim {
    /// At most so many times as long as the peer.
    Time(f64),
    /// At least so many times as fast as the peer.
    Speed(f64),
    /// As fast as it may be.
    Shown,
}

/// A peer, by its measure's name, and the bound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Goal {
    pub(super) peer: &'static str,
    pub(super) aim: Aim,
}

impl Goal {
    pub(super) fn describe(&self, own: Duration, peer: Duration) -> String {
        let (own, other, peer) = (own.as_secs_f64(), peer.as_secs_f64(), self.peer);
        match self.aim {
            Aim::Time(most) => {
                let ratio = own / other;
                format!("{ratio:.2}× the time of {peer}, {}", at_most(ratio, most, "×"))
            }
            Aim::Speed(least) => {
                let ratio = other / own;
                let verdict = if ratio >= least { "" } else { ": missed" };
                format!("{ratio:.2}× the speed of {peer}, at least {least:.1}×{verdict}")
            }
            Aim::Shown => format!("{:.2}× the speed of {peer}", other / own),
        }
    }
}

/// The bound from above, and whether it was missed.
pub(super) fn at_most(measured: f64, most: f64, unit: &str) -> String {
    let verdict = if measured <= most { "" } else { ": missed" };
    let bound = if unit == "×" { format!("{most:.2}") } else { most.to_string() };
    format!("at most {bound}{unit}{verdict}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_stand_beside_their_bounds() {
        let describe = |aim, own, peer| Goal { peer: "a peer", aim }.describe(Duration::from_secs(own), Duration::from_secs(peer));
        assert_eq!(describe(Aim::Time(0.9), 3, 4), "0.75× the time of a peer, at most 0.90×");
        assert_eq!(describe(Aim::Time(0.9), 4, 4), "1.00× the time of a peer, at most 0.90×: missed");
        assert_eq!(describe(Aim::Speed(6.0), 1, 7), "7.00× the speed of a peer, at least 6.0×");
        assert_eq!(describe(Aim::Speed(6.0), 2, 7), "3.50× the speed of a peer, at least 6.0×: missed");
        assert_eq!(describe(Aim::Shown, 2, 7), "3.50× the speed of a peer");
        assert_eq!(at_most(131.0, 130.0, " MB"), "at most 130 MB: missed");
    }
}
