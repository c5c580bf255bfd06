//! The foreign tables, on several servers.

use lab::Simulator;

use super::local_copy;
use super::sample::DATA;
use super::session::Session;
use super::table::TABLES;
use crate::failure::Result;
use crate::stage::cluster::Cluster;

/// A way to be served: each has all tables, in a schema of its name.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) name: &'static str,
    pub(super) concurrency: u64,
    /// Records of a page, by source.
    pages: [(&'static str, u64); 4],
    /// The simulator's switches beside the data's.
    switches: &'static str,
    /// Whether the order that the simulator keeps is declared.
    ordered: bool,
}

/// Small pages, so that few rows are many pages.
pub(super) static SERVERS: [Server; 4] = [
    Server {
        name: "one",
        concurrency: 1,
        pages: [("tixngo", 200), ("viviot", 200), ("huawei", 40), ("socialboards", 50)],
        switches: "",
        ordered: false,
    },
    Server {
        name: "four",
        concurrency: 4,
        pages: [("tixngo", 150), ("viviot", 150), ("huawei", 30), ("socialboards", 20)],
        switches: "",
        ordered: false,
    },
    Server {
        name: "exclusive",
        concurrency: 4,
        pages: [("tixngo", 250), ("viviot", 300), ("huawei", 50), ("socialboards", 50)],
        switches: ",bounds=exclusive,last=bookmark",
        ordered: false,
    },
    Server {
        name: "ordered",
        concurrency: 2,
        pages: [("tixngo", 180), ("viviot", 100), ("huawei", 40), ("socialboards", 30)],
        switches: ",bounds=half_open,order=asc",
        ordered: true,
    },
];

impl Server {
    pub(super) fn page(&self, source: &str) -> u64 {
        self.pages.iter().find(|(name, _)| *name == source).map_or(1, |(_, page)| *page)
    }

    /// Under which the simulator logs its requests.
    pub(super) fn tag(&self) -> String {
        format!("differential_{}", self.name)
    }
}

/// Makes all servers and their tables, and the local copy, in the session's database, which must be new.
pub(super) fn make(session: &Session, cluster: &Cluster, simulator: &Simulator) -> Result<()> {
    session.run("SET client_min_messages = warning; CREATE EXTENSION restlog_fdw")?;
    for server in &SERVERS {
        make_foreign(session, server, simulator)?;
    }
    local_copy::make(session, &cluster.program(), SERVERS[0].name)
}

fn make_foreign(session: &Session, server: &Server, simulator: &Simulator) -> Result<()> {
    let Server { name: schema, concurrency, pages, switches, ordered } = server;
    let mut sql = format!("CREATE SCHEMA {schema};");
    for (source, page) in pages {
        let prefix = if *source == "tixngo" { "/v4" } else { "" };
        let secret = if *source == "tixngo" { "api_key 'lab-key'" } else { "token 'lab-token'" };
        let url = format!("{}/~tag={},{DATA}{switches}{prefix}", simulator.url(), server.tag());
        sql += &format!(
            "CREATE SERVER {schema}_{source} FOREIGN DATA WRAPPER restlog_fdw \
               OPTIONS (source '{source}', base_url '{url}', page_size '{page}', concurrency '{concurrency}'); \
             CREATE USER MAPPING FOR CURRENT_USER SERVER {schema}_{source} OPTIONS ({secret}); CREATE SCHEMA imported;"
        );
        for table in TABLES.iter().filter(|table| table.source == *source) {
            let (remote, name) = (table.remote, table.name);
            sql += &format!("IMPORT FOREIGN SCHEMA {source} LIMIT TO ({remote}) FROM SERVER {schema}_{source} INTO imported;");
            if remote != name {
                sql += &format!("ALTER FOREIGN TABLE imported.{remote} RENAME TO {name};");
            }
            sql += &format!("ALTER FOREIGN TABLE imported.{name} SET SCHEMA {schema};");
            let mut options = Vec::new();
            if ["logs", "tickets"].contains(&table.name) {
                options.push("ADD mobile_app_id 'my-app'");
            }
            if *ordered && ["logs", "action_logs", "cases", "board_tickets"].contains(&table.name) {
                options.push("ADD \"order\" 'ascending'");
            }
            if !options.is_empty() {
                sql += &format!("ALTER FOREIGN TABLE {schema}.{} OPTIONS ({});", table.name, options.join(", "));
            }
            if table.name == "tickets" {
                sql += &format!("ALTER FOREIGN TABLE {schema}.tickets ADD lastupdated timestamptz OPTIONS (field '/lastUpdated');");
            }
        }
        sql += "DROP SCHEMA imported;";
    }
    session.run(&sql)
}
