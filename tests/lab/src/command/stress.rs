//! What the stress tests share: a cluster of their own beside a simulator, sessions that report the SQLSTATE of a failure, and the
//! resources of a backend.

pub(super) mod client;
pub(super) mod process;
pub(super) mod sockets;

use std::net::UdpSocket;

use lab::Simulator;

use crate::failure::{Doing, Result};
use crate::stage::cluster::{Cluster, ClusterConfig};
use crate::stage::project::Project;
use crate::stage::testbed::start_simulator;
use client::Client;

/// The cluster's settings: errors are logged with their SQLSTATE, and small memory makes queries write temporary files.
const SETTINGS: &str = "log_line_prefix = '%m [%p] SQLSTATE %e '\nwork_mem = '64kB'\n";

/// A cluster, a simulator, and a nameserver that receives and does not answer.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(super) cluster: Cluster,
    pub(super) simulator: Simulator,
    pub(super) nameserver: UdpSocket,
}

/// What a test came to.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) passed: u32,
    pub(crate) failed: u32,
    pub(crate) complaints: Vec<String>,
    /// Figures, one line each.
    pub(crate) notes: Vec<String>,
}

impl Stage {
    /// Starts all three. The cluster accepts this many sessions at once, beside those that are about to end.
    pub(crate) fn start(project: &Project, sessions: u32) -> Result<Self> {
        let simulator = start_simulator(0)?;
        let nameserver = UdpSocket::bind("127.0.0.1:0").doing("a port for the nameserver")?;
        nameserver.set_nonblocking(true)?;
        let config = ClusterConfig {
            connections: sessions * 2 + 40,
            settings: SETTINGS,
            nameserver: Some(nameserver.local_addr()?.port()),
            log: "server-under-stress",
            ..ClusterConfig::default()
        };
        let cluster = Cluster::start(project, &simulator.url(), &config)?;
        Ok(Self { cluster, simulator, nameserver })
    }

    /// A new session in a database.
    pub(super) async fn connect(&self, database: &str) -> Result<Client> {
        Client::connect(&self.address(database)).await.doing(format!("connecting to {database}"))
    }

    /// A database's address in libpq's form.
    pub(super) fn address(&self, database: &str) -> String {
        format!("host=127.0.0.1 port={} user=postgres dbname={database}", self.cluster.port)
    }

    /// The port on which the simulator serves.
    pub(super) fn simulator_port(&self) -> u16 {
        self.simulator.url().rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or(0)
    }

    /// The statements that create a server for TIXNGO and a schema with its log, both of this name.
    pub(super) fn tixngo(&self, name: &str, base_url: &str, options: &str) -> String {
        format!(
            "CREATE SERVER {name} FOREIGN DATA WRAPPER restlog_fdw \
               OPTIONS (source 'tixngo', base_url '{base_url}/v4', mobile_app_id 'my-app'{options}); \
             CREATE USER MAPPING FOR CURRENT_USER SERVER {name} OPTIONS (api_key 'lab-key'); CREATE SCHEMA {name}; \
             IMPORT FOREIGN SCHEMA tixngo LIMIT TO (ticket_status_logs) FROM SERVER {name} INTO {name};"
        )
    }

    /// The simulator's address with these settings.
    pub(super) fn url(&self, settings: &str) -> String {
        format!("{}/~{settings}", self.simulator.url())
    }
}

impl Outcome {
    /// Counts one check, and keeps its complaint.
    pub(super) fn check(&mut self, complaint: Option<String>) {
        match complaint {
            None => self.passed += 1,
            Some(complaint) => {
                self.failed += 1;
                self.complaints.push(complaint);
            }
        }
    }
}
