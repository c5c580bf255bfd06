//! `lab cancel`: the time from an interrupt to the end of a statement, in each phase of a scan in which it can wait, and a check that
//! nothing of the statement stays. Interrupts are a cancel, a timeout, a termination and a client that dies.

mod interrupt;
mod latency;
mod phase;
mod silent_peers;
mod trial;

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::stress::{Outcome, Stage};
use crate::args::Args;
use crate::failure::{Doing, Failure, Result};
use crate::stage::step::Progress;
use crate::stage::testbed::open_project;
use interrupt::{INTERRUPTS, Interrupt};
use latency::Latencies;
use phase::{PHASES, Phase};
use silent_peers::SilentPeers;

/// Trials of each phase and interrupt: in a test run, and in a run of this command alone.
pub(crate) const ROUNDS: u32 = 3;
const LONG_ROUNDS: u32 = 20;
/// Phases tried at the same time. They mostly wait, but an interrupt must find the machine idle.
const AT_ONCE: usize = 3;
const DATABASE: &str = "lab_cancel";

/// What all trials need.
#[derive(Debug)]
struct TrialContext {
    stage: Arc<Stage>,
    silent_peers: SilentPeers,
}

/// The latencies of one phase and interrupt.
#[derive(Debug)]
struct Measured {
    phase: Phase,
    interrupt: Interrupt,
    latencies: Latencies,
}

pub(crate) fn run(mut args: Args) -> Result<ExitCode> {
    let no_build = args.flag("--no-build");
    let rounds = args.number("--rounds")?.unwrap_or(LONG_ROUNDS);
    args.end()?;
    let project = open_project(no_build)?;
    let outcome = measure(&Arc::new(Stage::start(&project, 20)?), rounds)?;
    let mut out = std::io::stdout().lock();
    for line in outcome.notes.iter().chain(&outcome.complaints) {
        writeln!(out, "{line}")?;
    }
    writeln!(out, "\n{} passed, {} failed", outcome.passed, outcome.failed)?;
    Ok(if outcome.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs `rounds` trials of every phase and interrupt.
pub(crate) fn measure(stage: &Arc<Stage>, rounds: u32) -> Result<Outcome> {
    let mut progress = Progress::new(&format!("cancel in {} phases, {rounds} times each", PHASES.len()));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let outcome = runtime.block_on(all(stage, rounds, &mut progress))?;
    progress.end(outcome.failed == 0)?;
    Ok(outcome)
}

async fn all(stage: &Arc<Stage>, rounds: u32, progress: &mut Progress) -> Result<Outcome> {
    stage.cluster.create_database(DATABASE)?;
    let silent_peers = SilentPeers::start(stage).await?;
    let client = stage.connect(DATABASE).await?;
    let mut sql = String::from("CREATE EXTENSION restlog_fdw;");
    for phase in PHASES {
        sql += &phase.objects(stage, &silent_peers)?;
    }
    client.ask(&sql).await.doing("making the tables")?;
    drop(client);
    let context = Arc::new(TrialContext { stage: Arc::clone(stage), silent_peers });
    let lanes = Arc::new(Semaphore::new(AT_ONCE));
    let mut trials = JoinSet::new();
    for phase in PHASES {
        let (context, lanes) = (Arc::clone(&context), Arc::clone(&lanes));
        trials.spawn(async move {
            let _lane = lanes.acquire().await.doing("a lane")?;
            let mut measured = Vec::new();
            let mut complaints = Vec::new();
            for interrupt in INTERRUPTS.into_iter().filter(|interrupt| phase.has(*interrupt)) {
                let mut latencies = Latencies::default();
                if phase != Phase::Baseline && Phase::Baseline.has(interrupt) {
                    // The baseline changes with the load of the machine, so it is measured again beside each phase.
                    let mut now = Latencies::default();
                    now.add(trial::trial(&context, Phase::Baseline, interrupt, 0, 1).await?);
                    measured.push(Measured { phase: Phase::Baseline, interrupt, latencies: now });
                }
                for round in 0..rounds {
                    match trial::trial(&context, phase, interrupt, round, rounds).await {
                        Ok(latency) => latencies.add(latency),
                        Err(failure) => complaints.push(format!("cancel: {phase}, {interrupt}: {failure}")),
                    }
                }
                measured.push(Measured { phase, interrupt, latencies });
            }
            Ok::<_, Failure>((measured, complaints))
        });
    }
    let mut measured = Vec::new();
    let mut outcome = Outcome::default();
    let mut tick = tokio::time::interval(Duration::from_millis(200));
    loop {
        tokio::select! {
            ended = trials.join_next() => match ended {
                None => break,
                Some(ended) => {
                    let (more, complaints) = ended.doing("a trial")??;
                    measured.extend(more);
                    complaints.into_iter().for_each(|complaint| outcome.check(Some(complaint)));
                }
            },
            _ = tick.tick() => progress.tick()?,
        }
    }
    check_latencies(&merged(measured), &mut outcome);
    Ok(outcome)
}

/// One series for each phase and interrupt, in their order.
fn merged(measured: Vec<Measured>) -> Vec<Measured> {
    let mut all: Vec<Measured> = Vec::new();
    for one in measured {
        match all.iter_mut().find(|known| known.phase == one.phase && known.interrupt == one.interrupt) {
            Some(known) => known.latencies.absorb(one.latencies),
            None => all.push(one),
        }
    }
    all.sort_by_key(|one| {
        (PHASES.iter().position(|phase| *phase == one.phase), INTERRUPTS.iter().position(|interrupt| *interrupt == one.interrupt))
    });
    all
}

/// Checks every latency against the baseline of its interrupt, and adds a table of all to the notes.
fn check_latencies(measured: &[Measured], outcome: &mut Outcome) {
    let baseline = |interrupt: Interrupt| {
        let found = measured.iter().find(|one| one.phase == Phase::Baseline && one.interrupt == interrupt);
        found.map_or(Duration::ZERO, |one| one.latencies.max())
    };
    outcome.notes.push("\nfrom the order to the end, in ms: p50, p99, max; at most".into());
    for one in measured {
        let Measured { phase, interrupt, latencies } = one;
        let bound = interrupt.bound(baseline(interrupt.compared_to()));
        let late = *phase != Phase::Baseline && latencies.max() > bound;
        outcome.notes.push(format!("{:28} {:18} {latencies}; {:5.0}", phase.to_string(), interrupt.to_string(), bound.as_secs_f64() * 1e3));
        let complaint = if latencies.is_empty() {
            Some(format!("cancel: {phase}, {interrupt}: nothing was measured"))
        } else {
            late.then(|| format!("cancel: {phase}, {interrupt}: ended {latencies} ms after the order, at most {bound:?} were expected"))
        };
        outcome.check(complaint);
    }
}
