//! Properties that hold whatever is drawn: what is asked, windows, cutting and paging, each against a model that is simpler than
//! what it judges.
//!
//! `RESTLOG_SEED` draws other cases, `RESTLOG_CASES` multiplies their number. A failure prints its smallest case, and is drawn again
//! first from then on: its seed is kept in `regressions/`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on stops")]

mod asked;
mod cutting;
mod links;
mod paging;
mod slices;
#[path = "../reading/spec.rs"]
mod spec;
mod windows;

use std::io::Write;

use proptest::test_runner::{Config, FileFailurePersistence, RngSeed};

/// So many cases, from a seed that is printed; `regressions` is the name of the file that keeps failures.
fn cases(count: u32, regressions: &'static str) -> Config {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seed = number("RESTLOG_SEED").unwrap_or(1);
    let cases = count * number("RESTLOG_CASES").unwrap_or(1) as u32;
    // Not by println!, which a test that passes keeps to itself.
    std::io::stderr().write_all(format!("figure: {regressions}: {cases} cases of seed {seed}\n").as_bytes()).unwrap();
    let file = format!("{}/tests/properties/regressions/{regressions}.txt", env!("CARGO_MANIFEST_DIR"));
    Config {
        cases,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(file.leak()))),
        max_shrink_iters: 4096,
        // Cases that prove nothing are drawn anew.
        max_global_rejects: 4 * cases,
        ..Config::default()
    }
}
