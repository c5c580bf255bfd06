//! All that can go wrong, and what the operator should do about it.
//!
//! One type for every room: finer ones would only be converted into each other on the way up. `pg/report.rs` turns it into
//! an `ereport`; nothing else knows how Postgres is told.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why something failed. Each variant has one SQLSTATE, so that callers (the refresh ledger first of all) can react.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ErrorKind {
    /// An option's name is unknown, misplaced or missing: correct the `CREATE` or `ALTER` statement.
    OptionName,
    /// An option's value, a description or a setting cannot be used: correct the value.
    OptionValue,
    /// A column has no field to read: name the column after a field, or set its option `field`.
    ColumnName,
    /// The description has no such table: set the table option `table`.
    TableName,
    /// The query lacks a condition without which the API cannot be asked: add the predicate that the hint shows.
    MissingQual,
    /// No answer in time, a broken connection, or a 5xx that outlasted its retries: try again later.
    Unreachable,
    /// No connection as things are set: no such host, no TLS or HTTP at the port, or a certificate that is not to be trusted. Another
    /// attempt would meet the same: correct `base_url`, `proxy` or `ca_file`.
    Unconnectable,
    /// 401 or 403, or no secret at all: correct the user mapping.
    Unauthorized,
    /// 429 that outlasted `retry_budget`, or more requests than `restlog_fdw.max_requests` allows.
    Throttled,
    /// One response is larger than `max_response_bytes`: ask for smaller pages or raise the limit.
    TooLarge,
    /// The response has not the declared shape, or does not prove that it is complete: nothing is returned.
    Shape,
    /// A time that cannot be placed in the range that was asked for; other values are judged by their type's input function.
    BadDatetime,
    /// Text that Postgres cannot hold (a NUL character, half a surrogate pair): see the option `on_invalid`.
    BadText,
    /// The host or the scheme is not allowed: see `restlog_fdw.allowed_hosts` and `allow_http`.
    Forbidden,
    /// The server's limits leave no room for a descriptor: raise `max_files_per_process`, or end other scans.
    OutOfResources,
    /// A bug of ours.
    Internal,
}

impl ErrorKind {
    /// The class that clients see. No default arm: a new variant must choose.
    pub fn sqlstate(self) -> &'static str {
        match self {
            Self::OptionName => "HV00D",
            Self::OptionValue => "22023",
            Self::ColumnName => "HV005",
            Self::TableName => "HV00R",
            Self::MissingQual => "HV00J",
            Self::Unreachable => "08006",
            Self::Unconnectable => "08001",
            Self::Unauthorized => "28000",
            Self::Throttled => "53400",
            Self::TooLarge => "54000",
            Self::Shape => "HV00L",
            Self::BadDatetime => "22007",
            Self::BadText => "22021",
            Self::Forbidden => "42501",
            Self::OutOfResources => "53000",
            Self::Internal => "XX000",
        }
    }
}

/// What the user reads: a primary message, and where they help a DETAIL and a HINT. A plan carries one where the refusal of a scan
/// waits until a row is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Error(Box<Parts>);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Parts {
    kind: ErrorKind,
    message: String,
    detail: Option<String>,
    hint: Option<String>,
}

/// Shorthand of this crate.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error with its primary message: lower case, no full stop (Postgres' error style guide).
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Parts { kind, message: message.into(), detail: None, hint: None }))
    }

    /// Sets the DETAIL, a sentence.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Sets the HINT, a sentence that says what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// The class of the error.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The primary message.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The DETAIL, if any.
    pub fn get_detail(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }

    /// The HINT, if any.
    pub fn get_hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        if let Some(detail) = &self.0.detail {
            write!(f, ": {detail}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
