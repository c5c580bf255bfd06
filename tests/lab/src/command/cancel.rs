//! `lab cancel`: how long a statement lives on after it was cancelled, timed out, terminated, or left by its client, in each
//! phase of a scan in which it can wait; and that nothing of it stays.

mod latency;
mod phase;
mod silence;
mod trial;
mod way;

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::stress::{Outcome, Stage};
use crate::args::Args;
use crate::failure::{Doing, Failure, Result};
use crate::stage::prepare::prepare;
use crate::stage::project::Project;
use crate::stage::step::Progress;
use latency::Latencies;
use phase::{PHASES, Phase};
use silence::Silence;
use way::{WAYS, Way};

/// Trials of each phase and way in a test run, and when only this is run.
pub(crate) const ROUNDS: u32 = 3;
const LONG_ROUNDS: u32 = 20;
/// Phases tried at the same time: they mostly wait, but the machine must have an idle moment when the order comes.
const AT_ONCE: usize = 3;
const DATABASE: &str = "lab_cancel";

/// What all trials share.
#[derive(Debug)]
struct Ground {
    stage: Arc<Stage>,
    silence: Silence,
}

/// The latencies of one phase and way.
#[derive(Debug)]
struct Measured {
    phase: Phase,
    way: Way,
    latencies: Latencies,
}

pub(crate) fn run(mut args: Args) -> Result<ExitCode> {
    let no_build = args.flag("--no-build");
    let rounds = args.number("--rounds")?.unwrap_or(LONG_ROUNDS);
    args.end()?;
    let project = Project::find()?;
    if !no_build {
        prepare(&project)?;
    }
    let outcome = measure(&Arc::new(Stage::start(&project, 20)?), rounds)?;
    let mut out = std::io::stdout().lock();
    for line in outcome.notes.iter().chain(&outcome.complaints) {
        writeln!(out, "{line}")?;
    }
    writeln!(out, "\n{} passed, {} failed", outcome.passed, outcome.failed)?;
    Ok(if outcome.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Tries every phase in every way so often.
pub(crate) fn measure(stage: &Arc<Stage>, rounds: u32) -> Result<Outcome> {
    let mut progress = Progress::new(&format!("cancel in {} phases, {rounds} times each", PHASES.len()));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let outcome = runtime.block_on(all(stage, rounds, &mut progress))?;
    progress.end(outcome.failed == 0)?;
    Ok(outcome)
}

async fn all(stage: &Arc<Stage>, rounds: u32, progress: &mut Progress) -> Result<Outcome> {
    stage.cluster.create_database(DATABASE)?;
    let silence = Silence::start(stage).await?;
    let client = stage.connect(DATABASE).await?;
    let mut sql = String::from("CREATE EXTENSION restlog_fdw;");
    for phase in PHASES {
        sql += &phase.objects(stage, &silence)?;
    }
    client.ask(&sql).await.doing("making the tables")?;
    drop(client);
    let ground = Arc::new(Ground { stage: Arc::clone(stage), silence });
    let lanes = Arc::new(Semaphore::new(AT_ONCE));
    let mut trials = JoinSet::new();
    for phase in PHASES {
        let (ground, lanes) = (Arc::clone(&ground), Arc::clone(&lanes));
        trials.spawn(async move {
            let _lane = lanes.acquire().await.doing("a lane")?;
            let mut measured = Vec::new();
            let mut complaints = Vec::new();
            for way in WAYS.into_iter().filter(|way| phase.has(*way)) {
                let mut latencies = Latencies::default();
                if phase != Phase::Baseline && Phase::Baseline.has(way) {
                    // What an order takes changes with what else the machine does.
                    let mut now = Latencies::default();
                    now.add(trial::trial(&ground, Phase::Baseline, way, 0, 1).await?);
                    measured.push(Measured { phase: Phase::Baseline, way, latencies: now });
                }
                for round in 0..rounds {
                    match trial::trial(&ground, phase, way, round, rounds).await {
                        Ok(latency) => latencies.add(latency),
                        Err(failure) => complaints.push(format!("cancel: {phase}, {way}: {failure}")),
                    }
                }
                measured.push(Measured { phase, way, latencies });
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

/// One series for each phase and way, in their order.
fn merged(measured: Vec<Measured>) -> Vec<Measured> {
    let mut all: Vec<Measured> = Vec::new();
    for one in measured {
        match all.iter_mut().find(|known| known.phase == one.phase && known.way == one.way) {
            Some(known) => known.latencies.absorb(one.latencies),
            None => all.push(one),
        }
    }
    all.sort_by_key(|one| (PHASES.iter().position(|phase| *phase == one.phase), WAYS.iter().position(|way| *way == one.way)));
    all
}

/// Holds every latency against the baseline of its way, and tells all in a table.
fn check_latencies(measured: &[Measured], outcome: &mut Outcome) {
    let baseline = |way: Way| {
        let found = measured.iter().find(|one| one.phase == Phase::Baseline && one.way == way);
        found.map_or(Duration::ZERO, |one| one.latencies.max())
    };
    outcome.notes.push("\nfrom the order to the end, in ms: p50, p99, max; at most".into());
    for one in measured {
        let Measured { phase, way, latencies } = one;
        let bound = way.bound(baseline(way.compared_to()));
        let late = *phase != Phase::Baseline && latencies.max() > bound;
        outcome.notes.push(format!("{:28} {:18} {latencies}; {:5.0}", phase.to_string(), way.to_string(), bound.as_secs_f64() * 1e3));
        let complaint = if latencies.is_empty() {
            Some(format!("cancel: {phase}, {way}: nothing was measured"))
        } else {
            late.then(|| format!("cancel: {phase}, {way}: ended {latencies} ms after the order, at most {bound:?} were expected"))
        };
        outcome.check(complaint);
    }
}
