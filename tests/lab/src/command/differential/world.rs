//! Creates the foreign tables on several servers, and the set-ups that are made of them.

mod federation;
mod partition;
mod view;

use lab::Simulator;

use super::local_copy;
use super::sample::{DATA, Sample};
use super::session::Session;
use super::setup::DEFAULT;
use super::table::{Table, foreign_tables};
use crate::failure::Result;
use crate::stage::cluster::Cluster;

/// Settings of the simulator and of the extension. Each server has all tables, in a schema of its name.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) name: &'static str,
    pub(super) concurrency: u64,
    /// Records of a page, by source.
    pages: [(&'static str, u64); 4],
    /// The simulator's switches beside the data's.
    switches: &'static str,
    /// Whether the tables declare the order of the simulator's rows.
    ordered: bool,
}

/// Pages are small, so that few rows are many pages.
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

    /// The tag of the server's requests in the simulator's log.
    pub(super) fn tag(&self) -> String {
        format!("differential_{}", self.name)
    }
}

/// Creates all set-ups and the local copy in the session's database, which must be empty.
pub(super) fn make(session: &Session, cluster: &Cluster, simulator: &Simulator, sample: &Sample) -> Result<()> {
    session.run("SET client_min_messages = warning; CREATE EXTENSION restlog_fdw")?;
    for server in &SERVERS {
        make_server(session, server, simulator)?;
    }
    local_copy::make(session, &cluster.program(), SERVERS[0].name)?;
    local_copy::make_defaulted(session, sample)?;
    partition::make_partitioned(session, sample, &SERVERS[0])?;
    partition::make_nested(session, sample, &SERVERS[1])?;
    partition::make_inherited(session, sample, &SERVERS[3])?;
    make_defaulted(session, sample, &SERVERS[1])?;
    make_analyzed(session, sample, &SERVERS[0])?;
    view::make_views(session, "barrier", SERVERS[0].name, &["security_barrier", "security_invoker", "security_barrier, security_invoker"])?;
    view::make_views(session, "barrier_default", "defaulted", &["security_barrier"])?;
    view::make_united(session, sample, &SERVERS[1])?;
    federation::make(session, cluster, simulator, sample)?;
    session.run("RESET client_min_messages")
}

/// Creates a server for each source, and all their tables.
fn make_server(session: &Session, server: &Server, simulator: &Simulator) -> Result<()> {
    let Server { name: schema, concurrency, pages, switches, .. } = server;
    let mut sql = format!("CREATE SCHEMA {schema};");
    for (source, page) in pages {
        let prefix = if *source == "tixngo" { "/v4" } else { "" };
        let secret = if *source == "tixngo" { "api_key 'lab-key'" } else { "token 'lab-token'" };
        let url = format!("{}/~tag={},{DATA}{switches}{prefix}", simulator.url(), server.tag());
        sql += &format!(
            "CREATE SERVER {schema}_{source} FOREIGN DATA WRAPPER restlog_fdw \
               OPTIONS (source '{source}', base_url '{url}', page_size '{page}', concurrency '{concurrency}'); \
             CREATE USER MAPPING FOR CURRENT_USER SERVER {schema}_{source} OPTIONS ({secret});"
        );
    }
    for table in foreign_tables() {
        sql += &imported(server, table, schema, table.name);
    }
    session.run(&sql)
}

/// The statements that import a table under a name of its own.
fn imported(server: &Server, table: &Table, schema: &str, name: &str) -> String {
    let Table { source, remote, .. } = table;
    let mut sql = format!(
        "CREATE SCHEMA imported; IMPORT FOREIGN SCHEMA {source} LIMIT TO ({remote}) FROM SERVER {}_{source} INTO imported;",
        server.name
    );
    if *remote != name {
        sql += &format!("ALTER FOREIGN TABLE imported.{remote} RENAME TO {name};");
    }
    sql += &format!("ALTER FOREIGN TABLE imported.{name} SET SCHEMA {schema}; DROP SCHEMA imported;");
    let options = options(server, table);
    if !options.is_empty() {
        let added: Vec<String> = options.iter().map(|option| format!("ADD {option}")).collect();
        sql += &format!("ALTER FOREIGN TABLE {schema}.{name} OPTIONS ({});", added.join(", "));
    }
    if table.name == "tickets" {
        sql += &format!("ALTER FOREIGN TABLE {schema}.{name} ADD lastupdated timestamptz OPTIONS (field '/lastUpdated');");
    }
    sql
}

/// A table's options on a server, beside its name in the source.
fn options(server: &Server, table: &Table) -> Vec<&'static str> {
    let mut options = Vec::new();
    if ["logs", "tickets"].contains(&table.name) {
        options.push("mobile_app_id 'my-app'");
    }
    if server.ordered && ["logs", "logs_of_both", "action_logs", "cases", "board_tickets"].contains(&table.name) {
        options.push("\"order\" 'ascending'");
    }
    options
}

/// The SERVER and OPTIONS clauses of a foreign table that is not imported.
fn foreign_options(server: &Server, table: &Table) -> String {
    let name = format!("table '{}'", table.remote);
    let options: Vec<&str> = std::iter::once(name.as_str()).chain(options(server, table)).collect();
    format!("SERVER {}_{} OPTIONS ({})", server.name, table.source, options.join(", "))
}

/// The options of columns that a foreign table has taken from its parent.
fn attach_options(table: &Table, name: &str) -> String {
    if table.name == "tickets" {
        format!("ALTER FOREIGN TABLE {name} ALTER lastupdated OPTIONS (ADD field '/lastUpdated')")
    } else {
        String::new()
    }
}

/// Creates tables with the option `default_from`, where the API has a range of times.
fn make_defaulted(session: &Session, sample: &Sample, server: &Server) -> Result<()> {
    let mut sql = String::from("CREATE SCHEMA defaulted;");
    for table in foreign_tables() {
        let name = table.name;
        sql += &imported(server, table, "defaulted", name);
        if table.has_range {
            sql += &format!("ALTER FOREIGN TABLE defaulted.{name} OPTIONS (ADD default_from {});", sample.place(table, DEFAULT));
        }
    }
    session.run(&sql)
}

/// Creates tables whose statistics cover a part of them: ANALYZE begins at the default, which is then dropped.
fn make_analyzed(session: &Session, sample: &Sample, server: &Server) -> Result<()> {
    let mut sql = String::from("CREATE SCHEMA analyzed;");
    for table in foreign_tables() {
        let name = table.name;
        sql += &imported(server, table, "analyzed", name);
        if table.has_range {
            sql += &format!("ALTER FOREIGN TABLE analyzed.{name} OPTIONS (ADD default_from {});", sample.place(table, DEFAULT));
        }
        sql += &format!("ANALYZE analyzed.{name}; ANALYZE local.{name};");
        if table.has_range {
            sql += &format!("ALTER FOREIGN TABLE analyzed.{name} OPTIONS (DROP default_from);");
        }
    }
    session.run(&sql)
}

/// The columns of a table, as a list.
fn columns(session: &Session, table: &str) -> Result<String> {
    session.value(&format!(
        "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute \
         WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped"
    ))
}
