//! `lab up`: runs a cluster with the extension, and the simulator, until Ctrl-C.

use std::io::Write;
use std::process::ExitCode;

use crate::args::Args;
use crate::failure::Result;
use crate::stage::cleanup;
use crate::stage::testbed::{Testbed, open_project};

pub(crate) fn run(mut args: Args) -> Result<ExitCode> {
    let no_build = args.flag("--no-build");
    let port = args.number("--port")?;
    let simulator_port = args.number::<u16>("--sim-port")?.unwrap_or(0);
    args.end()?;
    let project = open_project(no_build)?;
    let Testbed { cluster, simulator } = Testbed::start_on(&project, port, simulator_port)?.with_tls()?;
    let mut out = std::io::stdout();
    let variables: Vec<String> = cluster.environment().iter().map(|(name, value)| format!(" {name}={value}")).collect();
    writeln!(
        out,
        "export RESTLOG_SIM_URL={} RESTLOG_LAB={}{}\npsql postgresql://postgres@127.0.0.1:{}/postgres\n\n\
         Ctrl-C stops both and removes the cluster.",
        simulator.url(),
        cluster.program().display(),
        variables.concat(),
        cluster.port
    )?;
    out.flush()?;
    Ok(cleanup::wait_for_signal())
}
