//! Set-ups behind postgres_fdw: the foreign tables are in another database of the cluster.

use lab::Simulator;

use super::{SERVERS, make_defaulted, make_server};
use crate::command::differential::sample::Sample;
use crate::command::differential::session::Session;
use crate::failure::Result;
use crate::stage::cluster::Cluster;

/// The database that has the foreign tables.
const BEHIND: &str = "lab_differential_behind";

pub(super) fn make(session: &Session, cluster: &Cluster, simulator: &Simulator, sample: &Sample) -> Result<()> {
    cluster.create_database(BEHIND)?;
    let behind = Session::open(cluster, BEHIND)?;
    behind.run("SET client_min_messages = warning; CREATE EXTENSION restlog_fdw")?;
    for server in &SERVERS[..2] {
        make_server(&behind, server, simulator)?;
    }
    make_defaulted(&behind, sample, &SERVERS[1])?;
    session.run("CREATE EXTENSION postgres_fdw")?;
    let address = format!("host '{}', port '{}', dbname '{BEHIND}'", cluster.socket().display(), cluster.port);
    // Without statistics postgres_fdw estimates a scan as cheap, and a join would read the API again for each row.
    for (schema, of, options) in [
        ("federated", SERVERS[0].name, "fetch_size '70', async_capable 'true', fdw_startup_cost '100000'"),
        ("federated_default", "defaulted", "use_remote_estimate 'true'"),
    ] {
        session.run(&format!(
            "CREATE SERVER {schema} FOREIGN DATA WRAPPER postgres_fdw OPTIONS ({address}, {options}); \
             CREATE USER MAPPING FOR CURRENT_USER SERVER {schema} OPTIONS (user 'postgres'); \
             CREATE SCHEMA {schema}; IMPORT FOREIGN SCHEMA {of} FROM SERVER {schema} INTO {schema}"
        ))?;
    }
    Ok(())
}
