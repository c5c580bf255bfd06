//! One session: draws scenarios and disturbances, runs them, checks the outcomes, and connects again where it must.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::Storm;
use super::disturbance::{Disturbance, StepResult, compare};
use super::scenario::{Expectation, Scenario};
use super::tally::{Ending, ScenarioTally};
use crate::command::stress::client::{Answer, Client};

/// How long the server may refuse a new connection: it restarts, or has no free slot.
const PATIENCE: Duration = Duration::from_secs(30);
/// Later statements that a cancel may end instead of its target.
const LATE: u32 = 20;

/// A connection, and the storm's count of crashes when the connection was made.
struct Connection {
    client: Client,
    crashes: u64,
}

/// How far a scenario has come.
#[derive(Debug, Default)]
struct Progress {
    statements: AtomicU64,
    /// Answers that were compared with the truth.
    compared: AtomicU64,
    /// Whether the disturbance has happened.
    happened: AtomicBool,
}

/// How a scenario ended, or what was wrong.
type ScenarioResult = Result<Ending, String>;

/// Runs scenarios until the storm is over.
pub(super) async fn run_session(storm: Arc<Storm>, number: u32, seed: u64) -> ScenarioTally {
    let mut rng = fastrand::Rng::with_seed(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ u64::from(number));
    let mut tally = ScenarioTally::default();
    let mut connected = None;
    while Instant::now() < storm.until {
        let scenario = Scenario::draw(&mut rng, &storm.world, number);
        let disturbance = Disturbance::draw(&mut rng);
        let session = match connected.take() {
            Some(session) => session,
            None => match connect(&storm).await {
                Ok(session) => session,
                Err(complaint) => {
                    tally.complain(scenario.kind, complaint);
                    break;
                }
            },
        };
        let (result, session) = run_scenario(&storm, session, &scenario, disturbance, &mut tally).await;
        connected = session;
        match result {
            Ok(ending) => tally.add(scenario.kind, ending),
            Err(wrong) => tally.complain(scenario.kind, format!("session {number}, {disturbance:?}: {wrong}")),
        }
    }
    tally
}

async fn connect(storm: &Storm) -> Result<Connection, String> {
    let started = Instant::now();
    loop {
        let crashes = storm.crashes.load(Ordering::SeqCst);
        match Client::connect(&storm.address).await {
            Ok(client) => return Ok(Connection { client, crashes }),
            Err(refused) => {
                let full = refused.sqlstate() == Some("53300");
                let away = storm.may_have_crashed(crashes) && refused.is_crash();
                if !(full || away) || started.elapsed() > PATIENCE {
                    return Err(format!("cannot connect: {refused}"));
                }
            }
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

/// Runs one scenario under one disturbance. Returns the connection if it can still be used.
async fn run_scenario(
    storm: &Storm,
    session: Connection,
    scenario: &Scenario,
    disturbance: Disturbance,
    tally: &mut ScenarioTally,
) -> (ScenarioResult, Option<Connection>) {
    let progress = Progress::default();
    let result = run_disturbed(storm, &session, scenario, disturbance, &progress).await;
    tally.statements += progress.statements.into_inner();
    tally.compared += progress.compared.into_inner();
    let over = match &result {
        Ok(Ending::Dropped | Ending::Crashed | Ending::Terminated) | Err(_) => true,
        // The termination may arrive only now.
        Ok(_) => matches!(disturbance, Disturbance::Terminate(_)) && progress.happened.into_inner(),
    };
    if over {
        return (result, None);
    }
    match clean_up(storm, &session, disturbance).await {
        Ok(alive) => (result, alive.then_some(session)),
        Err(wrong) => (result.and(Err(wrong)), None),
    }
}

/// Runs the statements, and disturbs them when the time has come.
async fn run_disturbed(
    storm: &Storm,
    session: &Connection,
    scenario: &Scenario,
    disturbance: Disturbance,
    progress: &Progress,
) -> ScenarioResult {
    let client = &session.client;
    let steps = run_steps(storm, session, scenario, disturbance, progress);
    tokio::pin!(steps);
    match disturbance {
        Disturbance::Leave => steps.await,
        Disturbance::Timeout(after) => {
            progress.happened.store(true, Ordering::SeqCst);
            match client.ask(&format!("SET statement_timeout = {}", after.as_millis())).await {
                Ok(_) => steps.await,
                Err(refused) if storm.may_have_crashed(session.crashes) && refused.is_crash() => Ok(Ending::Crashed),
                Err(refused) => Err(format!("SET: {refused}")),
            }
        }
        Disturbance::Cancel(after) | Disturbance::Terminate(after) => {
            let early = tokio::select! {
                result = &mut steps => Some(result),
                () = tokio::time::sleep(after) => None,
            };
            if let Some(result) = early {
                return result;
            }
            progress.happened.store(true, Ordering::SeqCst);
            let function = if matches!(disturbance, Disturbance::Cancel(_)) { "pg_cancel_backend" } else { "pg_terminate_backend" };
            let command = format!("SELECT {function}({})", client.backend);
            // If the control session fails, the server has crashed, and the outcome of the steps shows that.
            let (result, _) = tokio::join!(steps, storm.command(&command));
            result
        }
        Disturbance::Drop(after) => tokio::select! {
            result = &mut steps => result,
            () = tokio::time::sleep(after) => Ok(Ending::Dropped),
        },
    }
}

/// Ends the transaction that a scenario has left open, and returns whether the session lives. A late cancel or timeout may end the
/// ROLLBACK, or the statement after it: a timer that fires when a statement has done its work strikes while the next one is read.
async fn clean_up(storm: &Storm, session: &Connection, disturbance: Disturbance) -> Result<bool, String> {
    let mut statements = ["ROLLBACK; RESET statement_timeout", "RESET statement_timeout"].into_iter();
    let mut statement = statements.next();
    let mut late = 0;
    while let Some(sql) = statement {
        let Err(refused) = session.client.ask(sql).await else {
            statement = statements.next();
            continue;
        };
        if storm.may_have_crashed(session.crashes) && refused.is_crash() {
            return Ok(false);
        }
        late += 1;
        let struck = match disturbance {
            Disturbance::Cancel(_) => refused.is_cancel(false),
            Disturbance::Timeout(_) => refused.is_time_out(),
            _ => false,
        };
        if !struck || late > LATE {
            return Err(format!("{sql}: {refused}"));
        }
    }
    Ok(true)
}

/// Runs the statements of a scenario in turn, until the disturbance ends one of them.
async fn run_steps(
    storm: &Storm,
    session: &Connection,
    scenario: &Scenario,
    disturbance: Disturbance,
    progress: &Progress,
) -> ScenarioResult {
    let mut ending = Ending::Right;
    let mut parts = Vec::new();
    for step in &scenario.steps {
        tokio::time::sleep(step.pause).await;
        let mut outcome = session.client.ask(&step.sql).await;
        progress.statements.fetch_add(1, Ordering::Relaxed);
        let mut step = step.clone();
        match step.expectation {
            Expectation::Part => parts.extend(outcome.as_ref().ok().copied()),
            Expectation::Rest(expected) => {
                step.expectation = Expectation::Rows(expected);
                outcome = outcome.map(|rest| parts.iter().copied().chain([rest]).sum::<Answer>());
            }
            _ => {}
        }
        let compared = outcome.is_ok() && matches!(step.expectation, Expectation::Rows(_));
        progress.compared.fetch_add(u64::from(compared), Ordering::Relaxed);
        let happened = if progress.happened.load(Ordering::SeqCst) { disturbance } else { Disturbance::Leave };
        match compare(&step, happened, storm.may_have_crashed(session.crashes), &outcome) {
            StepResult::Right => {}
            StepResult::StatementError if step.expectation == Expectation::Failure => {}
            StepResult::StatementError => ending = Ending::StatementError,
            StepResult::Ended(ended) => return Ok(ended),
            StepResult::Wrong(wrong) => return Err(format!("{}: {wrong}", step.sql)),
        }
    }
    Ok(ending)
}
