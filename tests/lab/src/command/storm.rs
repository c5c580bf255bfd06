//! `lab storm`: many sessions at once, against APIs that work and APIs that fail. Statements are cancelled, terminated and timed out,
//! clients die, and one backend is killed. Every answer is checked, and at the end that nothing is left.

mod aftermath;
mod crash;
mod disturbance;
mod scenario;
mod session;
mod tally;
mod world;

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::stress::client::{Client, StatementError};
use super::stress::{Outcome, Stage};
use crate::args::Args;
use crate::failure::{Doing, Result};
use crate::stage::step::Progress;
use crate::stage::testbed::open_project;
use tally::ScenarioTally;
use world::World;

/// The size of a storm.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) duration: Duration,
    pub(crate) sessions: u32,
    /// Seed of the scenarios and the disturbances. Their timing depends on the machine as well.
    pub(crate) seed: u64,
}

/// The storm of a test run.
pub(crate) const SHORT: Size = Size { duration: Duration::from_secs(10), sessions: 12, seed: 1 };
const LONG: Size = Size { duration: Duration::from_secs(60), sessions: 40, seed: 1 };
/// Every statement ends within this time: also one whose API fails, with all retries.
const LAST_PIECE: Duration = Duration::from_secs(15);
const DATABASE: &str = "lab_storm";

/// What all sessions share.
#[derive(Debug)]
struct Storm {
    address: String,
    sessions: u32,
    world: World,
    until: Instant,
    /// Counts up when a backend is about to be killed, and again once the server has recovered: odd means in between.
    crashes: AtomicU64,
    /// The session that cancels and terminates others.
    control: tokio::sync::Mutex<Option<Client>>,
}

pub(crate) fn run(mut args: Args) -> Result<ExitCode> {
    let no_build = args.flag("--no-build");
    let size = Size {
        duration: args.number("--seconds")?.map_or(LONG.duration, Duration::from_secs),
        sessions: args.number("--sessions")?.unwrap_or(LONG.sessions),
        seed: args.number("--seed")?.unwrap_or(LONG.seed),
    };
    args.end()?;
    let project = open_project(no_build)?;
    let outcome = measure(&Stage::start(&project, size.sessions)?, size)?;
    let mut out = std::io::stdout().lock();
    for line in outcome.notes.iter().chain(&outcome.complaints) {
        writeln!(out, "{line}")?;
    }
    writeln!(out, "\nseed {}: {} passed, {} failed", size.seed, outcome.passed, outcome.failed)?;
    Ok(if outcome.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs the storm, and checks what it has left.
pub(crate) fn measure(stage: &Stage, size: Size) -> Result<Outcome> {
    let title = format!("a storm of {} sessions for {} s", size.sessions, size.duration.as_secs());
    let mut progress = Progress::new(&title);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let outcome = runtime.block_on(all(stage, size, &mut progress))?;
    progress.end(outcome.failed == 0)?;
    Ok(outcome)
}

async fn all(stage: &Stage, size: Size, progress: &mut Progress) -> Result<Outcome> {
    let world = World::make(stage, size.sessions).await?;
    let storm = Arc::new(Storm {
        address: stage.address(DATABASE),
        sessions: size.sessions,
        world,
        until: Instant::now() + size.duration,
        crashes: AtomicU64::new(0),
        control: tokio::sync::Mutex::new(None),
    });
    let mut sessions = JoinSet::new();
    for number in 0..size.sessions {
        sessions.spawn(session::run_session(Arc::clone(&storm), number, size.seed));
    }
    let crash = tokio::spawn(crash::crash(Arc::clone(&storm), size.duration.mul_f64(0.4)));
    let mut tally = ScenarioTally::default();
    let mut tick = tokio::time::interval(Duration::from_millis(200));
    loop {
        tokio::select! {
            ended = sessions.join_next() => match ended {
                None => break,
                Some(ended) => tally.absorb(ended.doing("a session")?),
            },
            _ = tick.tick() => progress.tick()?,
        }
    }
    let overrun = storm.until.elapsed();
    let recovered = crash.await.doing("the crash")??;
    let mut outcome = tally.outcome();
    outcome.notes.push(format!("storm: one backend killed, the server took connections again after {} ms", recovered.as_millis()));
    outcome.check((overrun > LAST_PIECE).then(|| format!("storm: the last statement took {} s", overrun.as_secs())));
    aftermath::check(stage, &storm, &tally, &mut outcome).await?;
    Ok(outcome)
}

impl Storm {
    /// Whether a session may see a crash that began when `crashes` was `begun`.
    fn may_have_crashed(&self, begun: u64) -> bool {
        let now = self.crashes.load(Ordering::SeqCst);
        now != begun || now % 2 == 1
    }

    /// Runs a statement in the control session, and returns the first value.
    async fn command(&self, sql: &str) -> std::result::Result<String, StatementError> {
        let mut control = self.control.lock().await;
        let client = match control.take() {
            Some(client) => client,
            None => Client::connect(&self.address).await?,
        };
        let answer = client.value(sql).await;
        // A session that failed is not used again.
        if answer.is_ok() {
            *control = Some(client);
        }
        answer
    }
}
