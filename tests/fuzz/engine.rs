//! Feeds a target with its corpus and with mutations of it, and keeps those that make it answer as it never did before.

use std::collections::BTreeSet;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fastrand::Rng;

use super::mutate::{Kind, mutate};

/// Seconds for each target where nothing else is said: they share the machine's cores.
const SECONDS: f64 = 8.0;
const SEED: u64 = 1;
/// Inputs that are kept to be mutated further.
const KEPT: usize = 4096;

/// What is fuzzed.
pub(super) struct Target {
    /// The folder of its corpus.
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// Partitions that its inputs are made of.
    pub(super) words: &'static [&'static str],
    /// In one word how it took the input, or what is wrong.
    pub(super) check: fn(&[u8]) -> Result<String, String>,
}

/// Runs a target. Says how many of its inputs were accepted, by the word that begins with this.
pub(super) fn fuzz(target: &Target, accepted: &str) {
    if let Ok(file) = std::env::var("RESTLOG_FUZZ_INPUT") {
        let input = std::fs::read(&file).unwrap();
        println!("{}: {:?}", target.name, judge(target, &input).unwrap_or_else(|wrong| panic!("{file}: {wrong}")));
        return;
    }
    let seed = number("RESTLOG_FUZZ_SEED").map_or(SEED, |seed| seed as u64);
    let budget = Duration::from_secs_f64(number("RESTLOG_FUZZ_SECONDS").unwrap_or(SECONDS));
    let (started, mut rng) = (Instant::now(), Rng::with_seed(seed));
    let (mut verdicts, mut taken, mut count) = (BTreeSet::new(), 0_u64, 0_u64);
    let files = corpus(target.name);
    assert!(!files.is_empty(), "{} has no corpus", target.name);
    // What was accepted, and all that was answered as nothing was before.
    let (mut good, mut pool) = (files.clone(), files.clone());
    // The corpus first, as it is; then mutations, until the time is over. Only how far it comes depends on the clock.
    while (count as usize) < files.len() || started.elapsed() < budget {
        let input = match files.get(count as usize) {
            Some(file) => file.clone(),
            None => {
                let parents = if rng.u8(..4) > 0 { &good } else { &pool };
                mutate(parents[rng.usize(..parents.len())].clone(), &pool, target.kind, target.words, &mut rng)
            }
        };
        count += 1;
        let verdict = judge(target, &input).unwrap_or_else(|wrong| fail(target, seed, count, &input, &wrong));
        let is_accepted = verdict.starts_with(accepted);
        taken += u64::from(is_accepted);
        if verdicts.insert(verdict) && pool.len() < KEPT {
            good.extend(is_accepted.then(|| input.clone()));
            pool.push(input);
        }
    }
    let (name, kinds, seconds) = (target.name, verdicts.len(), started.elapsed().as_secs_f64());
    // Not by println!, which a test that passes keeps to itself.
    let figure = format!(
        "fuzz {name}: {count} inputs ({} of the corpus), {taken} accepted, {kinds} outcomes, seed {seed}, {seconds:.1} s",
        files.len()
    );
    std::io::stderr().write_all(format!("figure: {figure}\n").as_bytes()).unwrap();
    assert!(taken > count / 100 && taken < count, "{name}: {taken} of {count} inputs were accepted, which proves little");
}

fn number(name: &str) -> Option<f64> {
    std::env::var(name).ok()?.parse().ok()
}

fn judge(target: &Target, input: &[u8]) -> Result<String, String> {
    catch_unwind(AssertUnwindSafe(|| (target.check)(input))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Err(format!("it panicked: {}", text.unwrap_or_default()))
    })
}

fn fail(target: &Target, seed: u64, number: u64, input: &[u8], wrong: &str) -> ! {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{seed}-{number}", target.name));
    std::fs::write(&file, input).unwrap();
    let (name, file, shown) = (target.name, file.display(), input.escape_ascii());
    panic!(
        "{name}: input {number} of seed {seed}: {wrong}\n  {shown}\n\
         Again: RESTLOG_FUZZ_INPUT={file} cargo test --test fuzz {name}\n\
         Once it is mended: cp {file} tests/fuzz/corpus/{name}/"
    );
}

/// The files of a target's corpus, by their names.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(name);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}
