//! The ways in which a statement is told to end.

use std::fmt;
use std::time::Duration;

/// Law 7 allows so much beyond what the order itself takes on this machine.
const ALLOWED: Duration = Duration::from_millis(100);
/// A dead client is looked for once a second.
const DEAD_CLIENT: Duration = Duration::from_millis(1500);
/// A baseline of few trials is a guess, and other programs run beside.
const NOISE: u32 = 10;

/// How a statement is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interrupt {
    Cancel,
    Timeout,
    Terminate,
    DeadClient,
}

pub(super) const INTERRUPTS: [Interrupt; 4] = [Interrupt::Cancel, Interrupt::Timeout, Interrupt::Terminate, Interrupt::DeadClient];

impl Interrupt {
    /// The way whose baseline counts: Postgres itself does not look for a dead client during a statement.
    pub(super) fn compared_to(self) -> Self {
        if self == Self::DeadClient { Self::Terminate } else { self }
    }

    /// The latest moment for the end, by the longest baseline.
    pub(super) fn bound(self, baseline: Duration) -> Duration {
        let allowed = if self == Self::DeadClient { DEAD_CLIENT } else { ALLOWED };
        allowed + baseline * NOISE
    }

    /// Whether the session lives on.
    pub(super) fn keeps_session(self) -> bool {
        matches!(self, Self::Cancel | Self::Timeout)
    }
}

impl fmt::Display for Interrupt {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Cancel => "cancel",
            Self::Timeout => "statement_timeout",
            Self::Terminate => "terminate",
            Self::DeadClient => "dead client",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_grows_with_the_baseline() {
        let baseline = Duration::from_millis(2);
        assert_eq!(Interrupt::Cancel.bound(baseline), Duration::from_millis(120));
        assert_eq!(Interrupt::DeadClient.bound(baseline), Duration::from_millis(1520));
    }
}
