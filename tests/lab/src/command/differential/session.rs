//! One connection, whose answers are texts.

use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Runtime;
use tokio_postgres::{AsyncMessage, Client, NoTls, SimpleQueryMessage};

use super::comparator::LOST;
use crate::failure::{Doing, Result};
use crate::stage::cluster::Cluster;

/// The database of the test.
pub(super) const DATABASE: &str = "lab_differential";

/// A connection of the test.
#[derive(Debug)]
pub(super) struct Session {
    runtime: Runtime,
    client: Client,
    /// Notices of the server.
    notices: Arc<Mutex<Vec<String>>>,
}

/// A row's values; `None` is NULL.
pub(super) type ResultRow = Vec<Option<String>>;

/// The error of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SqlError {
    pub(super) sqlstate: String,
    pub(super) message: String,
    /// Detail and hint.
    pub(super) more: String,
}

impl fmt::Display for SqlError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}{}", self.sqlstate, self.message, self.more)
    }
}

impl Session {
    pub(super) fn open(cluster: &Cluster, database: &str) -> Result<Self> {
        let address = format!("host=127.0.0.1 port={} user=postgres dbname={database}", cluster.port);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let (client, mut connection) = runtime.block_on(tokio_postgres::connect(&address, NoTls)).doing("connecting")?;
        let notices = Arc::new(Mutex::new(Vec::new()));
        let received = Arc::clone(&notices);
        runtime.spawn(async move {
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
                if let AsyncMessage::Notice(notice) = message {
                    received.lock().unwrap_or_else(PoisonError::into_inner).push(notice.message().to_owned());
                }
            }
        });
        Ok(Self { runtime, client, notices })
    }

    /// The notices since the last call. A notice arrives before the end of the statement that raised it.
    pub(super) fn take_notices(&self) -> Vec<String> {
        std::mem::take(&mut *self.notices.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The rows of a statement, or why there are none.
    pub(super) fn ask(&self, sql: &str) -> std::result::Result<Vec<ResultRow>, SqlError> {
        let messages = self.runtime.block_on(self.client.simple_query(sql)).map_err(|cause| match cause.as_db_error() {
            Some(error) => {
                let more = [error.detail(), error.hint()].into_iter().flatten().map(|more| format!(" ({more})"));
                SqlError { sqlstate: error.code().code().to_owned(), message: error.message().to_owned(), more: more.collect() }
            }
            None => SqlError { sqlstate: LOST.into(), message: cause.to_string(), more: String::new() },
        })?;
        let rows = messages.into_iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some((0..row.len()).map(|place| row.get(place).map(str::to_owned)).collect()),
            _ => None,
        });
        Ok(rows.collect())
    }

    /// Runs statements that must succeed.
    pub(super) fn run(&self, sql: &str) -> Result<()> {
        self.ask(sql).map(|_| ()).doing(sql)
    }

    /// The only value of a statement that must succeed.
    pub(super) fn value(&self, sql: &str) -> Result<String> {
        let rows = self.ask(sql).doing(sql)?;
        Ok(rows.into_iter().flatten().flatten().next().unwrap_or_default())
    }
}
