//! `lab up`: a cluster with the extension and the simulator beside it, until Ctrl-C.

use std::io::Write;
use std::process::ExitCode;

use lab::Simulator;

use crate::args::Args;
use crate::failure::{Doing, Result};
use crate::stage::cleanup;
use crate::stage::cluster::Cluster;
use crate::stage::prepare::prepare;
use crate::stage::project::Project;

pub(crate) fn run(mut args: Args) -> Result<ExitCode> {
    let no_build = args.flag("--no-build");
    let port = args.number("--port")?;
    let simulator_port = args.number::<u16>("--sim-port")?.unwrap_or(0);
    args.end()?;
    let project = Project::find()?;
    if !no_build {
        prepare(&project)?;
    }
    let simulator = Simulator::start(([127, 0, 0, 1], simulator_port)).doing("starting the simulator")?;
    let mut cluster = Cluster::start(&project, port, &simulator.url())?;
    cluster.publish_tls(&simulator.start_secure().doing("starting the simulator's https")?)?;
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
