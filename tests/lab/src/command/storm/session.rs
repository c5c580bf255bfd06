//! One session: draws a piece of work and what is done to it, plays it, judges it, and connects again where it must.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::Storm;
use super::order::{Order, Verdict, compare};
use super::piece::{Piece, Want};
use super::tally::{Ending, Tally};
use crate::command::stress::client::{Answer, Client};

/// How long a new connection may be refused, while the server restarts or other backends have yet to end.
const PATIENCE: Duration = Duration::from_secs(30);
/// Statements that a late cancel may hit after the one that it was for.
const LATE: u32 = 20;

/// A connection, and how often the server had crashed when it was made.
struct Connected {
    client: Client,
    crashes: u64,
}

/// How far a piece has come.
#[derive(Debug, Default)]
struct Progress {
    statements: AtomicU64,
    /// Answers that were held against the truth.
    compared: AtomicU64,
    /// Whether the order was given.
    given: AtomicBool,
}

/// What came of a piece: its ending, or what was wrong.
type Played = Result<Ending, String>;

/// Plays pieces until the storm is over.
pub(super) async fn live(storm: Arc<Storm>, number: u32, seed: u64) -> Tally {
    let mut rng = fastrand::Rng::with_seed(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ u64::from(number));
    let mut tally = Tally::default();
    let mut connected = None;
    while Instant::now() < storm.until {
        let piece = Piece::draw(&mut rng, &storm.world, number);
        let order = Order::draw(&mut rng);
        let session = match connected.take() {
            Some(session) => session,
            None => match connect(&storm).await {
                Ok(session) => session,
                Err(complaint) => {
                    tally.complain(piece.kind, complaint);
                    break;
                }
            },
        };
        let (played, session) = play(&storm, session, &piece, order, &mut tally).await;
        connected = session;
        match played {
            Ok(ending) => tally.add(piece.kind, ending),
            Err(wrong) => tally.complain(piece.kind, format!("session {number}, {order:?}: {wrong}")),
        }
    }
    tally
}

async fn connect(storm: &Storm) -> Result<Connected, String> {
    let started = Instant::now();
    loop {
        let crashes = storm.crashes.load(Ordering::SeqCst);
        match Client::connect(&storm.address).await {
            Ok(client) => return Ok(Connected { client, crashes }),
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

/// Plays one piece under one order. The session comes back where it lives on.
async fn play(storm: &Storm, session: Connected, piece: &Piece, order: Order, tally: &mut Tally) -> (Played, Option<Connected>) {
    let progress = Progress::default();
    let played = under(storm, &session, piece, order, &progress).await;
    tally.statements += progress.statements.into_inner();
    tally.compared += progress.compared.into_inner();
    let over = match &played {
        Ok(Ending::Dropped | Ending::Crashed | Ending::Terminated) | Err(_) => true,
        // The order may strike only now.
        Ok(_) => matches!(order, Order::Terminate(_)) && progress.given.into_inner(),
    };
    if over {
        return (played, None);
    }
    match tidy(storm, &session, order).await {
        Ok(alive) => (played, alive.then_some(session)),
        Err(wrong) => (played.and(Err(wrong)), None),
    }
}

/// Plays the statements, and gives the order when its moment has come.
async fn under(storm: &Storm, session: &Connected, piece: &Piece, order: Order, progress: &Progress) -> Played {
    let client = &session.client;
    let steps = perform(storm, session, piece, order, progress);
    tokio::pin!(steps);
    match order {
        Order::Leave => steps.await,
        Order::Timeout(after) => {
            progress.given.store(true, Ordering::SeqCst);
            match client.ask(&format!("SET statement_timeout = {}", after.as_millis())).await {
                Ok(_) => steps.await,
                Err(refused) if storm.may_have_crashed(session.crashes) && refused.is_crash() => Ok(Ending::Crashed),
                Err(refused) => Err(format!("SET: {refused}")),
            }
        }
        Order::Cancel(after) | Order::Terminate(after) => {
            let early = tokio::select! {
                played = &mut steps => Some(played),
                () = tokio::time::sleep(after) => None,
            };
            if let Some(played) = early {
                return played;
            }
            progress.given.store(true, Ordering::SeqCst);
            let function = if matches!(order, Order::Cancel(_)) { "pg_cancel_backend" } else { "pg_terminate_backend" };
            let command = format!("SELECT {function}({})", client.backend);
            // Where the order cannot be given, the server has crashed, and the session is judged by that.
            let (played, _) = tokio::join!(steps, storm.command(&command));
            played
        }
        Order::Drop(after) => tokio::select! {
            played = &mut steps => played,
            () = tokio::time::sleep(after) => Ok(Ending::Dropped),
        },
    }
}

/// Ends what a piece has left open. A cancel or a timeout may still strike here; says whether the session lives.
async fn tidy(storm: &Storm, session: &Connected, order: Order) -> Result<bool, String> {
    let mut late = 0;
    loop {
        let Err(refused) = session.client.ask("ROLLBACK; RESET statement_timeout").await else { return Ok(true) };
        if storm.may_have_crashed(session.crashes) && refused.is_crash() {
            return Ok(false);
        }
        late += 1;
        let struck = match order {
            Order::Cancel(_) => refused.is_cancel(false),
            Order::Timeout(_) => refused.is_time_out(),
            _ => false,
        };
        if !struck || late > LATE {
            return Err(format!("ROLLBACK: {refused}"));
        }
    }
}

/// Runs the statements of a piece one after another, until one of them was ended.
async fn perform(storm: &Storm, session: &Connected, piece: &Piece, order: Order, progress: &Progress) -> Played {
    let mut ending = Ending::Right;
    let mut parts = Vec::new();
    for step in &piece.steps {
        tokio::time::sleep(step.pause).await;
        let mut outcome = session.client.ask(&step.sql).await;
        progress.statements.fetch_add(1, Ordering::Relaxed);
        let mut step = step.clone();
        match step.want {
            Want::Part => parts.extend(outcome.as_ref().ok().copied()),
            Want::Rest(expected) => {
                step.want = Want::Rows(expected);
                outcome = outcome.map(|rest| parts.iter().copied().chain([rest]).sum::<Answer>());
            }
            _ => {}
        }
        let compared = outcome.is_ok() && matches!(step.want, Want::Rows(_));
        progress.compared.fetch_add(u64::from(compared), Ordering::Relaxed);
        let given = if progress.given.load(Ordering::SeqCst) { order } else { Order::Leave };
        match compare(&step, given, storm.may_have_crashed(session.crashes), &outcome) {
            Verdict::Right => {}
            Verdict::Refused if step.want == Want::Failure => {}
            Verdict::Refused => ending = Ending::Refused,
            Verdict::Ended(ended) => return Ok(ended),
            Verdict::Wrong(wrong) => return Err(format!("{}: {wrong}", step.sql)),
        }
    }
    Ok(ending)
}
