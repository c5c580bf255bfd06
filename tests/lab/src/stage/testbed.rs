//! What most commands need: a project that is built, a simulator, and a cluster whose clients know the simulator.

use lab::Simulator;

use super::cluster::{Cluster, ClusterConfig};
use super::prepare::prepare;
use super::project::Project;
use crate::failure::{Doing, Result};

/// A simulator and a cluster beside it. The cluster stops first: its backends may still read from the simulator.
#[derive(Debug)]
pub(crate) struct Testbed {
    pub(crate) cluster: Cluster,
    pub(crate) simulator: Simulator,
}

impl Testbed {
    /// Starts both on free ports.
    pub(crate) fn start(project: &Project) -> Result<Self> {
        Self::start_on(project, None, 0)
    }

    /// Starts both on these ports. A missing cluster port and a simulator port of 0 stand for a free one.
    pub(crate) fn start_on(project: &Project, cluster_port: Option<u16>, simulator_port: u16) -> Result<Self> {
        let simulator = start_simulator(simulator_port)?;
        let config = ClusterConfig { port: cluster_port, ..ClusterConfig::default() };
        Ok(Self { cluster: Cluster::start(project, &simulator.url(), &config)?, simulator })
    }

    /// Starts the simulator's https as well, and publishes it to the cluster's clients.
    pub(crate) fn with_tls(mut self) -> Result<Self> {
        let secure = self.simulator.start_secure().doing("starting the simulator's https")?;
        self.cluster.publish_tls(&secure)?;
        Ok(self)
    }
}

/// Finds the project, and builds and installs the extension unless the caller wants it as it is installed.
pub(crate) fn open_project(no_build: bool) -> Result<Project> {
    let project = Project::find()?;
    if !no_build {
        prepare(&project)?;
    }
    Ok(project)
}

pub(crate) fn start_simulator(port: u16) -> Result<Simulator> {
    Simulator::start(([127, 0, 0, 1], port)).doing("starting the simulator")
}
