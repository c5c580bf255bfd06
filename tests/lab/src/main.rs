//! The `lab` command: runs, tests, shows and measures restlog_fdw on a private cluster beside a simulated API.
#![forbid(unsafe_code)]

mod args;
mod command;
mod failure;
mod stage;

use std::io::Write;
use std::process::ExitCode;

use args::Args;
use failure::Failure;

const USAGE: &str = "\
usage: cargo lab COMMAND [OPTIONS]

  demo  [--keep]                        show the extension at work
  test  [--only NAME…] [--accept] [--long]
                                        run all Rust tests, all golden SQL tests, random queries beside a local
                                        copy: 1,000, or 10,000 with --long; and cancel, leak and storm, shortly
  bench [--quick] [--check] [--only PART…]
                                        measure speed and memory against a bare HTTP client, a local table
                                        and a Python script; with --check append the values to
                                        tests/lab/RESULTS.md, and fail if a goal is missed
  differential [--queries N] [--seed N] [--number N]
                                        only the random queries, or one of them by its number
  cancel [--rounds N]                   how fast a statement ends in each phase of a scan, in each way
  storm [--seconds N] [--sessions N] [--seed N]
                                        many sessions at once that are cancelled, terminated, dropped and killed
  leak  [--scans N]                     scans in one backend that end in every way, and what they leave behind
  up    [--port N] [--sim-port N]       start a cluster and the simulator, until Ctrl-C
  versions                              type-check and lint the extension for each Postgres version it supports;
                                        no Postgres needs to be installed

  sim   [--port N] [--cache MIB]        only the simulator
  rows  SETTINGS [--table TABLE] [--app APP]
                                        all rows of a data set, as CSV; TABLE is source.table
  requests TAG [--count] [--times] [--sort] [--headers NAMES]
                                        what the simulator was asked, then forgotten
                                        (RESTLOG_SIM_URL names the simulator)

demo, test, bench, differential, cancel, leak, storm and up install what is missing, build and install the extension, and clean up after
themselves. With --no-build they use the extension as it is installed; test takes --skip-rust as well.
";

fn main() -> ExitCode {
    let mut args = Args::new(std::env::args().skip(1));
    let outcome = match args.word().as_deref() {
        Some("demo") => command::demo::run(args),
        Some("bench") => command::bench::run(args),
        Some("test") => command::test::run(args),
        Some("differential") => command::differential::run(args),
        Some("cancel") => command::cancel::run(args),
        Some("storm") => command::storm::run(args),
        Some("leak") => command::leak::run(args),
        Some("up") => command::up::run(args),
        Some("versions") => command::versions::run(args),
        Some("sim") => command::sim::run(args),
        Some("rows") => command::rows::run(args),
        Some("requests") => command::requests::run(args),
        Some("help" | "--help" | "-h") => write!(std::io::stdout(), "{USAGE}").map(|()| ExitCode::SUCCESS).map_err(Failure::from),
        Some(other) => Err(Failure::usage(format!("there is no command {other:?}"))),
        None => Err(Failure::usage("which command?")),
    };
    match outcome {
        Ok(code) => code,
        Err(failure) if failure.is_broken_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("lab: {failure}");
            if failure.is_usage() {
                eprint!("\n{USAGE}");
                return ExitCode::from(2);
            }
            ExitCode::FAILURE
        }
    }
}
