//! One session: statements, their answers as a count and a digest, and the SQLSTATE of their failures.

use std::collections::hash_map::DefaultHasher;
use std::fmt;
use std::hash::{Hash, Hasher};

use tokio::task::JoinHandle;
use tokio_postgres::{NoTls, SimpleQueryMessage, SimpleQueryRow};

/// A session. Dropping it closes the socket without a Terminate message, as the death of a client does.
#[derive(Debug)]
pub(crate) struct Client {
    client: tokio_postgres::Client,
    driver: JoinHandle<()>,
    /// The backend's process.
    pub(crate) backend: u32,
}

/// Number and digest of an answer's rows, whatever their order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) rows: u64,
    digest: u64,
}

/// Why a statement has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StatementError {
    /// The server says so.
    Error { sqlstate: String, message: String },
    /// The connection ended without a message, or could not be made.
    Lost(String),
}

impl Client {
    pub(crate) async fn connect(address: &str) -> Result<Self, StatementError> {
        let (client, connection) = tokio_postgres::connect(address, NoTls).await.map_err(StatementError::from)?;
        let driver = tokio::spawn(async move {
            // An error of the connection is that of the statement that runs on it.
            let _ = connection.await;
        });
        let mut session = Self { client, driver, backend: 0 };
        let process = session.value("SET client_min_messages = error; SELECT pg_backend_pid()").await?;
        session.backend = process.parse().map_err(|_| StatementError::Lost(format!("{process:?} is no process")))?;
        Ok(session)
    }

    /// The answer of the statements.
    pub(crate) async fn ask(&self, sql: &str) -> Result<Answer, StatementError> {
        Ok(self.rows(sql).await?.iter().map(Answer::of_row).sum())
    }

    /// The first value of the statements; empty where it is NULL or there is no row.
    pub(crate) async fn value(&self, sql: &str) -> Result<String, StatementError> {
        let rows = self.rows(sql).await?;
        Ok(rows.first().and_then(|row| row.get(0)).unwrap_or_default().to_owned())
    }

    async fn rows(&self, sql: &str) -> Result<Vec<SimpleQueryRow>, StatementError> {
        let messages = self.client.simple_query(sql).await.map_err(StatementError::from)?;
        let rows = messages.into_iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        Ok(rows.collect())
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Answer {
    /// An answer of one row.
    pub(crate) fn of_values<'v>(values: impl Iterator<Item = Option<&'v str>>) -> Self {
        let mut hasher = DefaultHasher::new();
        values.for_each(|value| value.hash(&mut hasher));
        Self { rows: 1, digest: hasher.finish() }
    }

    fn of_row(row: &SimpleQueryRow) -> Self {
        Self::of_values((0..row.len()).map(|place| row.get(place)))
    }
}

impl std::iter::Sum for Answer {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::default(), |all, part| Self { rows: all.rows + part.rows, digest: all.digest.wrapping_add(part.digest) })
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} rows with the digest {:016x}", self.rows, self.digest)
    }
}

impl StatementError {
    /// The SQLSTATE, unless the connection was lost.
    pub(crate) fn sqlstate(&self) -> Option<&str> {
        match self {
            Self::Error { sqlstate, .. } => Some(sqlstate),
            Self::Lost(_) => None,
        }
    }

    /// Whether this is a cancel: by `statement_timeout` if `timeout`, else by a request.
    pub(crate) fn is_cancel(&self, timeout: bool) -> bool {
        let expected = if timeout { "canceling statement due to statement timeout" } else { "canceling statement due to user request" };
        matches!(self, Self::Error { sqlstate, message } if sqlstate == "57014" && message == expected)
    }

    /// Whether this may be a short `statement_timeout`. If the timer fires while Postgres parses, Postgres sets it again before it serves
    /// interrupts, forgets the cause, and reports a cancel by request.
    pub(crate) fn is_time_out(&self) -> bool {
        self.is_cancel(true) || self.is_cancel(false)
    }

    /// Whether the session was terminated.
    pub(crate) fn is_termination(&self) -> bool {
        self.sqlstate().is_none_or(|sqlstate| sqlstate == "57P01")
    }

    /// Whether this is the effect of another backend's crash, until the server accepts connections again.
    pub(crate) fn is_crash(&self) -> bool {
        self.sqlstate().is_none_or(|sqlstate| ["57P02", "57P03"].contains(&sqlstate))
    }
}

impl From<tokio_postgres::Error> for StatementError {
    fn from(cause: tokio_postgres::Error) -> Self {
        match cause.as_db_error() {
            Some(error) => {
                let detail = error.detail().map(|detail| format!(" ({detail})")).unwrap_or_default();
                Self::Error { sqlstate: error.code().code().to_owned(), message: format!("{}{detail}", error.message()) }
            }
            None => Self::Lost(cause.to_string()),
        }
    }
}

impl fmt::Display for StatementError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error { sqlstate, message } => write!(out, "{sqlstate}: {message}"),
            Self::Lost(reason) => write!(out, "connection lost: {reason}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(values: &[&'static str]) -> Answer {
        Answer::of_values(values.iter().map(|value| Some(*value)))
    }

    #[test]
    fn an_answer_is_its_rows_in_any_order() {
        let sum = |rows: &[Answer]| rows.iter().copied().sum::<Answer>();
        let (a, b) = (row(&["1", "x"]), row(&["2", "x"]));
        assert_eq!(sum(&[a, b]), sum(&[b, a]));
        assert_ne!(sum(&[a, b]), sum(&[a, a]));
        assert_ne!(sum(&[a, b, b]), sum(&[a, b]));
        assert_ne!(row(&["1x"]), row(&["1", "x"]));
        assert_ne!(Answer::of_values([None].into_iter()), row(&[""]));
    }

    #[test]
    fn a_cancel_says_whose_it_is() {
        let error = |sqlstate: &str, message: &str| StatementError::Error { sqlstate: sqlstate.into(), message: message.into() };
        let cancel = error("57014", "canceling statement due to user request");
        assert!(cancel.is_cancel(false) && !cancel.is_cancel(true));
        assert!(cancel.is_time_out() && !error("57014", "canceling statement due to lock timeout").is_time_out());
        assert!(!error("08006", "canceling statement due to user request").is_cancel(false));
        assert!(error("57P01", "").is_termination() && StatementError::Lost(String::new()).is_termination() && !cancel.is_termination());
        assert!(error("57P03", "").is_crash() && !error("57P01", "").is_crash());
    }
}
