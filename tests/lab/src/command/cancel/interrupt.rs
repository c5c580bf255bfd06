//! The interrupts that end a statement.

use std::fmt;
use std::time::Duration;

/// Law 7 allows this latency beyond that of the interrupt itself on this machine.
const ALLOWED: Duration = Duration::from_millis(100);
/// The bound for a dead client, for which the backend looks once a second.
const DEAD_CLIENT: Duration = Duration::from_millis(1500);
/// Factor on the baseline: few trials estimate it badly, and other programs run at the same time.
const NOISE: u32 = 10;

/// What ends a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interrupt {
    Cancel,
    Timeout,
    Terminate,
    DeadClient,
}

pub(super) const INTERRUPTS: [Interrupt; 4] = [Interrupt::Cancel, Interrupt::Timeout, Interrupt::Terminate, Interrupt::DeadClient];

impl Interrupt {
    /// The interrupt whose baseline counts. A dead client has none: Postgres itself does not look for it during a statement.
    pub(super) fn compared_to(self) -> Self {
        if self == Self::DeadClient { Self::Terminate } else { self }
    }

    /// The longest allowed latency, by the longest latency of the baseline.
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
