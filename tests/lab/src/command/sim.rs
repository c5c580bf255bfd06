//! `lab sim`: runs the simulator alone, until it is killed.

use std::io::Write;
use std::process::ExitCode;

use lab::Simulator;

use crate::args::Args;
use crate::failure::{Doing, Result};

pub(crate) fn run(mut args: Args) -> Result<ExitCode> {
    let port = args.number::<u16>("--port")?.unwrap_or(0);
    let cache: usize = args.number("--cache")?.unwrap_or(256);
    args.end()?;
    let simulator =
        Simulator::start_with_cache(([127, 0, 0, 1], port), cache << 20).doing(format!("starting the simulator on port {port}"))?;
    let mut out = std::io::stdout();
    writeln!(out, "{}", simulator.url())?;
    out.flush()?;
    loop {
        std::thread::park();
    }
}
