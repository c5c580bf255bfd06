//! The tables of the storm: APIs that work, APIs with each fault, and the simulator's own rows, from which the expected answers come.

use lab::write_table;

use super::DATABASE;
use crate::command::stress::Stage;
use crate::command::stress::client::{Answer, Client};
use crate::failure::{Doing, Failure, Result};

/// The data's settings in every URL.
const DATA: &str = "rows=2000,cases=40,logs=3,tickets=30";

/// Sources and their tables.
const TABLES: [(&str, &str); 6] = [
    ("tixngo", "ticket_status_logs"),
    ("viviot", "action_logs"),
    ("huawei", "cases"),
    ("huawei", "operate_logs"),
    ("socialboards", "tickets"),
    ("socialboards", "ticket_log"),
];

/// An API with a fault.
#[derive(Debug)]
pub(super) struct Faulty {
    pub(super) schema: &'static str,
    switches: &'static str,
    /// SQLSTATEs that a scan may fail with.
    pub(super) errors: &'static [&'static str],
    /// Whether a scan may succeed nevertheless.
    pub(super) may_answer: bool,
}

pub(super) static FAULTY: [Faulty; 7] = [
    Faulty { schema: "throttled", switches: "fault=throttle:0", errors: &["53400"], may_answer: false },
    Faulty { schema: "broken", switches: "fault=status:503,at=2", errors: &["08006"], may_answer: false },
    Faulty { schema: "cut", switches: "fault=cut,at=2", errors: &["08006"], may_answer: false },
    Faulty { schema: "stalled", switches: "fault=stall,at=2", errors: &["08006"], may_answer: false },
    Faulty { schema: "silent", switches: "fault=stall_headers", errors: &["08006"], may_answer: false },
    Faulty { schema: "dripping", switches: "fault=drip:60000", errors: &["08006"], may_answer: true },
    // The fault ends after two hundred requests.
    Faulty { schema: "shaky", switches: "fault=status:502,at=2,times=200", errors: &["08006"], may_answer: true },
];

/// A query. The schema stands in it as `{}`, or as `{0}` where it stands twice.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) sql: &'static str,
    pub(super) of: About,
}

/// The tables that a question reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// One table that the faulty schemas have as well.
    OneOfAny,
    One,
    Join,
}

pub(super) static QUESTIONS: [Question; 9] = [
    Question {
        sql: "SELECT ticketid, ticketstatuslogid::text, actionname FROM {}.ticket_status_logs WHERE createddate::timestamptz >= '2026-01-01'",
        of: About::OneOfAny,
    },
    Question {
        sql: "SELECT actionname, count(ticketid) FROM {}.ticket_status_logs \
              WHERE createddate::timestamptz >= '2026-01-05' AND createddate::timestamptz < '2026-01-25' GROUP BY actionname",
        of: About::OneOfAny,
    },
    Question { sql: "SELECT incident_id, xcustomer_id FROM {}.cases WHERE create_time::timestamptz >= '2026-01-01'", of: About::OneOfAny },
    Question { sql: "SELECT id::text, actionname FROM {}.action_logs WHERE \"timestamp\"::timestamptz >= '2026-01-10'", of: About::One },
    Question { sql: "SELECT id::text, title FROM {}.tickets", of: About::One },
    Question { sql: "SELECT actiontype, username FROM {}.ticket_log WHERE ticketid = '100001'", of: About::One },
    Question {
        sql: "SELECT c.incident_id, l.incident_log_id FROM {0}.cases c JOIN {0}.operate_logs l ON l.case_id = c.incident_id \
              WHERE c.create_time::timestamptz >= '2026-01-20'",
        of: About::Join,
    },
    Question {
        sql: "SELECT t.title, l.actiontype FROM {0}.tickets t JOIN {0}.ticket_log l ON l.ticketid = t.id \
              WHERE t.creationtime::timestamptz >= '2026-01-20'",
        of: About::Join,
    },
    Question {
        sql: "SELECT count(ticketid) FROM {}.ticket_status_logs \
              WHERE createddate::timestamptz >= '2026-01-01' AND actionname = 'INJECT'",
        of: About::One,
    },
];

/// The actions that a prepared statement is executed with.
pub(super) static ACTIONS: [&str; 3] = ["INJECT", "ACTIVATE", "CONTROL"];

/// The expected answers.
#[derive(Debug)]
pub(super) struct World {
    /// In the order of [`QUESTIONS`].
    pub(super) answers: Vec<Answer>,
    /// In the order of [`ACTIONS`].
    pub(super) by_action: Vec<Answer>,
}

impl Question {
    pub(super) fn of_schema(&self, schema: &str) -> String {
        self.sql.replace("{}", schema).replace("{0}", schema)
    }
}

/// The query of a materialized view that corresponds to the first question.
pub(super) fn of_view(view: &str) -> String {
    format!("SELECT ticketid, ticketstatuslogid::text, actionname FROM {view}")
}

/// A session's two materialized views: of the API that works, and of the one that recovers.
pub(super) fn views(session: u32) -> [String; 2] {
    [format!("storm.steady_{session}"), format!("storm.shaky_{session}")]
}

/// The number of records that have an action, by a parameter or a literal.
pub(super) fn by_action(schema: &str, action: &str) -> String {
    format!(
        "SELECT count(ticketid) FROM {schema}.ticket_status_logs WHERE createddate::timestamptz >= '2026-01-01' AND actionname = {action}"
    )
}

impl World {
    /// Creates everything in a new database.
    pub(super) async fn make(stage: &Stage, sessions: u32) -> Result<Self> {
        stage.cluster.create_database(DATABASE)?;
        let client = stage.connect(DATABASE).await?;
        let mut sql = String::from("CREATE EXTENSION restlog_fdw;");
        sql += &apis(stage, "good", "", &["tixngo", "viviot", "huawei", "socialboards"]);
        for Faulty { schema, .. } in &FAULTY {
            // The faults come after the views are filled.
            sql += &apis(stage, schema, "", &["tixngo", "huawei"]);
        }
        client.ask(&sql).await.doing("making the tables")?;
        make_truth(stage, &client).await?;
        make_views(&client, sessions).await?;
        for Faulty { schema, switches, .. } in &FAULTY {
            for source in ["tixngo", "huawei"] {
                let sql = format!("ALTER SERVER {schema}_{source} OPTIONS (SET base_url '{}')", base_url(stage, schema, switches, source));
                client.ask(&sql).await.doing("breaking an API")?;
            }
        }
        let mut world = Self { answers: Vec::new(), by_action: Vec::new() };
        for question in &QUESTIONS {
            world.answers.push(client.ask(&question.of_schema("truth")).await.doing(question.sql)?);
        }
        for action in ACTIONS {
            world.by_action.push(client.ask(&by_action("truth", &format!("'{action}'"))).await.doing(action)?);
        }
        match world.answers.iter().position(|answer| answer.rows == 0) {
            None => Ok(world),
            Some(place) => Err(Failure::new(format!("nothing is found by {}", QUESTIONS[place].sql))),
        }
    }
}

/// The statements that create a schema with the tables of some sources. Timeouts and retries are short, as the storm is.
fn apis(stage: &Stage, schema: &str, switches: &str, sources: &[&str]) -> String {
    let mut sql = format!("CREATE SCHEMA {schema};");
    for source in sources {
        let url = base_url(stage, schema, switches, source);
        let secret = if *source == "tixngo" { "api_key 'lab-key'" } else { "token 'lab-token'" };
        let app = if *source == "tixngo" { ", mobile_app_id 'my-app'" } else { "" };
        let page = if *source == "tixngo" || *source == "viviot" { 150 } else { 10 };
        let tables: Vec<&str> = TABLES.iter().filter(|(of, _)| of == source).map(|(_, table)| *table).collect();
        sql += &format!(
            "CREATE SERVER {schema}_{source} FOREIGN DATA WRAPPER restlog_fdw OPTIONS (source '{source}', base_url '{url}', \
               page_size '{page}', concurrency '2', max_retries '1', retry_budget '500ms', read_timeout '400ms', request_timeout '1500ms'{app}); \
             CREATE USER MAPPING FOR CURRENT_USER SERVER {schema}_{source} OPTIONS ({secret}); \
             IMPORT FOREIGN SCHEMA {source} LIMIT TO ({}) FROM SERVER {schema}_{source} INTO {schema};",
            tables.join(", ")
        );
    }
    sql
}

fn base_url(stage: &Stage, schema: &str, switches: &str, source: &str) -> String {
    let prefix = if source == "tixngo" { "/v4" } else { "" };
    format!("{}{prefix}", stage.url(&format!("tag=storm_{schema}_{source},{DATA},{switches}")))
}

/// Loads all rows from the simulator itself, as texts.
async fn make_truth(stage: &Stage, client: &Client) -> Result<()> {
    client.ask("CREATE SCHEMA truth").await.doing("CREATE SCHEMA")?;
    for (source, table) in TABLES {
        let remote = format!("{source}.{table}");
        let mut text = Vec::new();
        write_table(&remote, "rows=1,cases=1,tickets=1", "my-app", &mut text).map_err(|_| Failure::new(format!("no truth of {remote}")))?;
        let text = String::from_utf8_lossy(&text);
        let header = text.lines().next().unwrap_or_default();
        let columns: Vec<String> = header.split(',').map(|column| format!("\"{column}\" text")).collect();
        let sql = format!(
            "CREATE TABLE truth.{table} ({}); COPY truth.{table} FROM PROGRAM '\"{}\" rows {DATA} --table {remote} --app my-app' CSV HEADER",
            columns.join(", "),
            stage.cluster.program().display()
        );
        client.ask(&sql).await.doing(sql)?;
    }
    Ok(())
}

/// Each session has views of its own, so that refreshes do not wait for each other's locks.
async fn make_views(client: &Client, sessions: u32) -> Result<()> {
    client.ask("CREATE SCHEMA storm").await.doing("CREATE SCHEMA")?;
    client.ask(GUARDED).await.doing("CREATE FUNCTION")?;
    for session in 0..sessions {
        for (view, schema) in views(session).iter().zip(["good", "shaky"]) {
            let sql = format!(
                "CREATE MATERIALIZED VIEW {view} AS SELECT * FROM {schema}.ticket_status_logs WHERE createddate >= '2026-01-01'; \
                 CREATE UNIQUE INDEX ON {view} (ticketid, ticketstatuslogid)"
            );
            client.ask(&sql).await.doing("making the views")?;
        }
    }
    Ok(())
}

/// Counts the rows of a query, or returns the SQLSTATE of its error.
const GUARDED: &str = "CREATE FUNCTION storm.guarded(query text) RETURNS text LANGUAGE plpgsql AS $$ \
    DECLARE n bigint; \
    BEGIN \
      EXECUTE format('SELECT count(*) FROM (%s) AS asked', query) INTO n; \
      RETURN n; \
    EXCEPTION WHEN connection_failure OR configuration_limit_exceeded THEN \
      RETURN SQLSTATE; \
    END $$";
