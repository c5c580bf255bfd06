//! The phases of a scan in which a statement can wait: what makes it wait there, and how the lab sees that it waits.

use std::fmt;
use std::time::Duration;

use super::TrialContext;
use super::interrupt::Interrupt;
use super::silent_peers::SilentPeers;
use crate::command::stress::Stage;
use crate::command::stress::sockets::{State, used};
use crate::failure::{Doing, Failure, Result};
use crate::stage::resolver::UNANSWERED;

/// Where a statement waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// In Postgres itself, without a scan: the latency of the interrupt alone.
    Baseline,
    Resolver,
    Connect,
    Handshake,
    Headers,
    Body,
    Drip,
    BackOff,
    FullChannel,
    HeldCommit,
    RefreshEnd,
}

pub(super) const PHASES: [Phase; 11] = [
    Phase::Baseline,
    Phase::Resolver,
    Phase::Connect,
    Phase::Handshake,
    Phase::Headers,
    Phase::Body,
    Phase::Drip,
    Phase::BackOff,
    Phase::FullChannel,
    Phase::HeldCommit,
    Phase::RefreshEnd,
];

/// Rows of the phase that ends with a commit.
pub(super) const REFRESHED: u32 = 20_000;
/// Rows of the table that answers.
pub(super) const GOOD: u32 = 60;
/// The longest time until a statement waits in its phase.
const PATIENCE: Duration = Duration::from_secs(10);
/// Time from the sign that the lab sees until the statement waits.
const A_MOMENT: Duration = Duration::from_millis(20);

impl Phase {
    pub(super) fn has(self, interrupt: Interrupt) -> bool {
        match interrupt {
            // Postgres ends the timeout before it commits (postgres.c, finish_xact_command).
            Interrupt::Timeout => self != Self::HeldCommit,
            Interrupt::DeadClient => self != Self::Baseline,
            Interrupt::Cancel | Interrupt::Terminate => true,
        }
    }

    /// The statements that create the phase's server and table. Timeouts are minutes, so that only the interrupt ends a wait.
    pub(super) fn objects(self, stage: &Stage, silent_peers: &SilentPeers) -> Result<String> {
        let name = self.schema();
        let simulated = |fault: &str| stage.url(&format!("tag={name},{fault}"));
        let url = match self {
            Self::Baseline => simulated(&format!("rows={GOOD}")),
            Self::Resolver => format!("https://api{UNANSWERED}"),
            Self::Connect => format!("http://127.0.0.1:{}", silent_peers.hole_port()?),
            Self::Handshake => format!("https://127.0.0.1:{}", silent_peers.handshake.port),
            Self::Headers => format!("http://127.0.0.1:{}", silent_peers.headers.port),
            Self::Body => simulated("rows=60,fault=stall"),
            Self::Drip => simulated("rows=60,fault=drip:1000"),
            Self::BackOff => simulated("rows=60,fault=throttle:25"),
            // The latency makes the rest of the scan take some seconds.
            Self::FullChannel => simulated("rows=100000,latency=20"),
            Self::HeldCommit => simulated("rows=60,fault=stall,at=2"),
            Self::RefreshEnd => simulated(&format!("rows={REFRESHED}")),
        };
        let (concurrency, page) = match self {
            Self::FullChannel => (2, 50),
            Self::RefreshEnd => (2, 1000),
            _ => (1, 50),
        };
        let patient = "connect_timeout '60s', read_timeout '60s', request_timeout '120s'";
        let options = format!(", page_size '{page}', concurrency '{concurrency}', {patient}");
        let mut sql = stage.tixngo(name, &url, &options);
        if self == Self::RefreshEnd {
            sql += &format!("CREATE MATERIALIZED VIEW {name}.copy AS SELECT * FROM {};", self.log());
        }
        Ok(sql)
    }

    /// The statements before the one that waits.
    pub(super) fn before(self) -> String {
        let cursor = |hold: &str| format!("BEGIN; DECLARE c CURSOR {hold} FOR SELECT ticketid FROM {}; FETCH 1 FROM c", self.log());
        match self {
            Self::FullChannel => cursor(""),
            Self::HeldCommit => cursor("WITH HOLD"),
            _ => String::new(),
        }
    }

    /// How long the consumer pauses before it goes on.
    pub(super) fn pause(self) -> Duration {
        if self == Self::FullChannel { Duration::from_millis(200) } else { Duration::ZERO }
    }

    /// The statement that waits.
    pub(super) fn statement(self) -> String {
        match self {
            Self::Baseline => "SELECT pg_sleep(60)".into(),
            Self::FullChannel => "FETCH ALL FROM c".into(),
            Self::HeldCommit => "COMMIT".into(),
            Self::RefreshEnd => format!("REFRESH MATERIALIZED VIEW {}.copy", self.schema()),
            _ => format!("SELECT count(ticketid) FROM {}", self.log()),
        }
    }

    /// Whether the statement may complete before the interrupt.
    pub(super) fn may_complete(self) -> bool {
        self == Self::RefreshEnd
    }

    /// Connections that may go back to the pool, because their last answer was read to its end.
    pub(super) fn idle_connections(self) -> usize {
        match self {
            Self::BackOff => 1,
            Self::FullChannel | Self::RefreshEnd => 2,
            _ => 0,
        }
    }

    /// Threads that may outlive the scan: glibc's resolver cannot be interrupted, and its thread is kept for the next name.
    pub(super) fn lingering_threads(self) -> usize {
        usize::from(self == Self::Resolver)
    }

    /// A counter of what the phase's statements have sent so far.
    pub(super) async fn received(self, context: &TrialContext) -> Result<u64> {
        let TrialContext { stage, silent_peers } = context;
        Ok(match self {
            Self::Baseline | Self::FullChannel | Self::RefreshEnd => 0,
            Self::Resolver => silent_peers.queries(),
            Self::Connect => {
                let port = silent_peers.hole_port()?;
                // On a busy machine the kernel's table is long: reading it must not hold up the sessions.
                tokio::task::spawn_blocking(move || used(port, State::SynSent)).await.doing("the kernel's table")?? as u64
            }
            Self::Handshake => silent_peers.handshake.received(),
            Self::Headers => silent_peers.headers.received(),
            Self::Body | Self::Drip | Self::BackOff | Self::HeldCommit => stage.simulator.requests(self.schema()).len() as u64,
        })
    }

    /// Returns once the statement waits in the phase: its counter has passed `before`.
    pub(super) async fn reached(self, context: &TrialContext, before: u64) -> Result<()> {
        let waits = async {
            if !matches!(self, Self::Baseline | Self::FullChannel | Self::RefreshEnd) {
                while self.received(context).await? <= before {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
            tokio::time::sleep(A_MOMENT).await;
            Ok(())
        };
        tokio::time::timeout(PATIENCE, waits).await.unwrap_or_else(|_| Err(Failure::new("the phase was not reached")))
    }

    pub(super) fn schema(self) -> &'static str {
        match self {
            Self::Baseline => "good",
            Self::Resolver => "resolver",
            Self::Connect => "connect",
            Self::Handshake => "handshake",
            Self::Headers => "headers",
            Self::Body => "body",
            Self::Drip => "drip",
            Self::BackOff => "back_off",
            Self::FullChannel => "full_channel",
            Self::HeldCommit => "held_commit",
            Self::RefreshEnd => "refresh_end",
        }
    }

    /// The phase's table, with the condition that the API requires.
    fn log(self) -> String {
        format!("{}.ticket_status_logs WHERE createddate >= '2026-01-01'", self.schema())
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Baseline => "baseline: pg_sleep",
            Self::Resolver => "resolver without an answer",
            Self::Connect => "connect, queue full",
            Self::Handshake => "TLS handshake",
            Self::Headers => "headers",
            Self::Body => "body",
            Self::Drip => "drip",
            Self::BackOff => "back-off after 429",
            Self::FullChannel => "full channel",
            Self::HeldCommit => "commit, cursor WITH HOLD",
            Self::RefreshEnd => "end of REFRESH",
        })
    }
}
