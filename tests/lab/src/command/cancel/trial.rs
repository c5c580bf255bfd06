//! One trial: an interrupt ends a statement that waits in a phase. The trial measures the latency, and checks that nothing stays.

use std::time::{Duration, Instant};

use super::interrupt::Interrupt;
use super::phase::{GOOD, Phase, REFRESHED};
use super::{DATABASE, TrialContext};
use crate::command::stress::client::{Answer, Client, StatementError};
use crate::command::stress::process::{Resources, lives};
use crate::failure::{Doing, Failure, Result};

/// The `statement_timeout`: long enough for the statement to reach its phase before.
const TIMEOUT: Duration = Duration::from_secs(1);
/// A statement that has not ended after this time ignores the interrupt.
const GIVE_UP: Duration = Duration::from_secs(5);
/// Time for sockets and threads that close in the background.
const SETTLED: Duration = Duration::from_secs(5);

/// A statement's outcome and the moment when it was known.
type Ended = (std::result::Result<Answer, StatementError>, Instant);

/// The time from the interrupt to the end; `None` where the statement completed before the interrupt.
pub(super) async fn trial(context: &TrialContext, phase: Phase, interrupt: Interrupt, round: u32, rounds: u32) -> Result<Option<Duration>> {
    let control = context.stage.connect(DATABASE).await?;
    let session = context.stage.connect(DATABASE).await?;
    // The first scan starts the backend's threads, which belong to the idle state.
    check_answers(&session, phase).await?;
    let idle = Resources::by(session.backend)?;
    // Interrupts near the end of a statement that may complete, by the time that the same statement took before.
    let full = if phase.may_complete() { Some(time(&session, phase).await?) } else { None };
    let near_end = full.map(|full| full.mul_f64(0.6 + 0.4 * f64::from(round) / f64::from(rounds)));
    context.stage.simulator.clear_requests(phase.schema());
    session.ask(&phase.before()).await.doing("what comes before the statement")?;
    tokio::time::sleep(phase.pause()).await;
    let timeout = near_end.unwrap_or(TIMEOUT);
    if interrupt == Interrupt::Timeout {
        session.ask(&format!("SET statement_timeout = {}", timeout.as_millis().max(1))).await.doing("SET")?;
    }
    let received = phase.received(context).await?;
    let reached = async {
        match near_end {
            Some(moment) => {
                tokio::time::sleep(moment).await;
                Ok(())
            }
            None => phase.reached(context, received).await,
        }
    };
    let backend = session.backend;
    let latency = match interrupt {
        Interrupt::Cancel | Interrupt::Terminate => order(&control, &session, phase, interrupt, reached).await?,
        Interrupt::Timeout => run_out(&session, phase, timeout, reached).await?,
        Interrupt::DeadClient => return abandon(&control, session, phase, reached).await,
    };
    if interrupt.keeps_session() {
        session.ask("ROLLBACK; RESET statement_timeout").await.doing("ROLLBACK after the end")?;
        check_answers(&session, phase).await?;
        settle(backend, idle, phase).await?;
    }
    Ok(latency)
}

/// Cancels or terminates a statement once it waits.
async fn order(
    control: &Client,
    session: &Client,
    phase: Phase,
    interrupt: Interrupt,
    reached: impl Future<Output = Result<()>>,
) -> Result<Option<Duration>> {
    let function = if interrupt == Interrupt::Cancel { "pg_cancel_backend" } else { "pg_terminate_backend" };
    let ordered = async {
        reached.await?;
        let at = Instant::now();
        control.ask(&format!("SELECT {function}({})", session.backend)).await.doing(function)?;
        Ok::<_, Failure>(at)
    };
    let ((ended, at), ordered) = both(session, phase, ordered).await?;
    let completed = phase.may_complete() && ended.is_ok();
    if interrupt == Interrupt::Terminate {
        let gone = gone(session.backend).await?;
        return match ended {
            Err(refused) if refused.is_termination() => Ok(Some(gone.saturating_duration_since(ordered))),
            _ if completed => Ok(None),
            other => Err(Failure::new(format!("terminated, but {}", describe(&other)))),
        };
    }
    match ended {
        Err(refused) if refused.is_cancel(false) => Ok(Some(at.saturating_duration_since(ordered))),
        _ if completed => Ok(None),
        other => Err(Failure::new(format!("cancelled, but {}", describe(&other)))),
    }
}

/// Lets `statement_timeout` end a statement.
async fn run_out(session: &Client, phase: Phase, timeout: Duration, reached: impl Future<Output = Result<()>>) -> Result<Option<Duration>> {
    let started = Instant::now();
    let reached = async {
        reached.await?;
        Ok(Instant::now())
    };
    let ((ended, at), reached) = both(session, phase, reached).await?;
    match ended {
        Err(refused) if refused.is_cancel(true) && (reached < at || phase.may_complete()) => {
            // The server counts whole milliseconds.
            Ok(Some(at.duration_since(started).saturating_sub(Duration::from_millis(timeout.as_millis() as u64))))
        }
        Ok(_) if phase.may_complete() => Ok(None),
        Err(refused) if refused.is_cancel(true) => Err(Failure::new("timed out before the phase was reached")),
        other => Err(Failure::new(format!("timed out, but {}", describe(&other)))),
    }
}

/// Closes the connection as a dying client does, and waits for the end of its backend.
async fn abandon(control: &Client, session: Client, phase: Phase, reached: impl Future<Output = Result<()>>) -> Result<Option<Duration>> {
    let backend = session.backend;
    let statement = phase.statement();
    let early = tokio::select! {
        ended = session.ask(&statement) => Some(ended),
        reached = reached => reached.map(|()| None)?,
    };
    if let Some(ended) = early {
        return if phase.may_complete() && ended.is_ok() {
            Ok(None)
        } else {
            Err(Failure::new(format!("not yet abandoned, but {}", describe(&ended))))
        };
    }
    let left = Instant::now();
    drop(session);
    match gone(backend).await {
        Ok(gone) => Ok(Some(gone.saturating_duration_since(left))),
        Err(failure) => {
            control.ask(&format!("SELECT pg_terminate_backend({backend})")).await.doing("pg_terminate_backend")?;
            gone(backend).await?;
            Err(failure)
        }
    }
}

/// Runs the statement and the interrupt at the same time.
async fn both<T>(session: &Client, phase: Phase, other: impl Future<Output = Result<T>>) -> Result<(Ended, T)> {
    let statement = phase.statement();
    let ended = async {
        let ended = tokio::time::timeout(GIVE_UP * 3, session.ask(&statement)).await;
        ended.map(|ended| (ended, Instant::now())).doing("the statement did not end")
    };
    tokio::try_join!(ended, other)
}

/// The moment when a process is gone.
async fn gone(process: u32) -> Result<Instant> {
    let since = Instant::now();
    while lives(process) {
        if since.elapsed() > GIVE_UP {
            return Err(Failure::new(format!("the backend lives on after {} s", GIVE_UP.as_secs())));
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(Instant::now())
}

/// Checks that the session still answers correctly, and that the view is complete.
async fn check_answers(session: &Client, phase: Phase) -> Result<()> {
    let sql = "SELECT count(ticketid) FROM good.ticket_status_logs WHERE createddate >= '2026-01-01'";
    expect(&session.value(sql).await.doing("the session is of no use any more")?, GOOD)?;
    if phase == Phase::RefreshEnd {
        let sql = format!("SELECT count(*) FROM {}.copy", phase.schema());
        expect(&session.value(&sql).await.doing("the view")?, REFRESHED)?;
    }
    Ok(())
}

fn expect(found: &str, expected: u32) -> Result<()> {
    if found == expected.to_string() { Ok(()) } else { Err(Failure::new(format!("{found} rows instead of {expected}"))) }
}

/// The time of the whole statement.
async fn time(session: &Client, phase: Phase) -> Result<Duration> {
    // The first run is slower.
    session.ask(&phase.statement()).await.doing("the whole statement")?;
    let started = Instant::now();
    session.ask(&phase.statement()).await.doing("the whole statement")?;
    Ok(started.elapsed())
}

/// Waits until the backend holds no more threads and sockets than when it was idle.
async fn settle(backend: u32, idle: Resources, phase: Phase) -> Result<()> {
    let since = Instant::now();
    loop {
        let now = Resources::by(backend)?;
        if now.threads <= idle.threads + phase.lingering_threads() && now.sockets <= idle.sockets + phase.idle_connections() {
            return Ok(());
        }
        if since.elapsed() > SETTLED {
            return Err(Failure::new(format!("something stays: {now:?}, idle were {idle:?}")));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn describe(ended: &std::result::Result<Answer, StatementError>) -> String {
    match ended {
        Ok(answer) => format!("it was answered with {answer}"),
        Err(refused) => refused.to_string(),
    }
}
