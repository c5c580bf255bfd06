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

/// What the user reads: a primary message, and where they help a DETAIL and a HINT. The DETAIL is made of where it happened, of a
/// cause and of a sentence. A plan carries an error where the refusal of a scan waits until a row is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Error(Box<Parts>);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Parts {
    kind: ErrorKind,
    message: String,
    location: Location,
    status: Option<u16>,
    cause: Option<String>,
    detail: Option<String>,
    hint: Option<String>,
}

/// What a request was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// A token.
    Login,
    /// A page of a chain, by its number from 1 on.
    Page(u64),
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Login => f.write_str("login"),
            Self::Page(number) => write!(f, "page {number}"),
        }
    }
}

/// Where an error happened. Each layer fills what it knows, and [`Error::get_detail`] alone writes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// The foreign table, as users call it.
    pub table: Option<String>,
    /// Method and path. No host: an error may be read by users who must not know it.
    pub request: Option<String>,
    /// What the request was for.
    pub purpose: Option<Purpose>,
    /// How often the request was sent; 0 and 1 are not worth telling.
    pub attempts: u32,
    /// The record of the page, from 1 on, and the page.
    pub record: Option<(u64, u64)>,
    /// The record's column, as users call it.
    pub column: Option<String>,
}

impl Location {
    /// The request as far as it is known: `GET /logs, page 3, after 2 attempts`.
    fn exchange(&self) -> Option<String> {
        let mut text = self.request.clone()?;
        if let Some(purpose) = self.purpose {
            text += &format!(", {purpose}");
        }
        if self.attempts > 1 {
            text += &format!(", after {} attempts", self.attempts);
        }
        Some(text)
    }

    /// The record as far as it is known, a sentence.
    fn in_record(&self) -> Option<String> {
        let (record, page) = self.record?;
        Some(match &self.column {
            Some(column) => format!("Column \"{column}\", record {record} of page {page}."),
            None => format!("Record {record} of page {page}."),
        })
    }

    /// The column of the foreign table and the record, for errors of Postgres itself; empty where one is not known.
    pub fn in_row(&self) -> String {
        let (Some(column), Some(table), Some((record, page))) = (&self.column, &self.table, self.record) else { return String::new() };
        format!("Column \"{column}\" of foreign table \"{table}\", record {record} of page {page}.")
    }
}

/// Shorthand of this crate.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error with its primary message: lower case, no full stop (Postgres' error style guide).
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let (location, message) = (Location::default(), message.into());
        Self(Box::new(Parts { kind, message, location, status: None, cause: None, detail: None, hint: None }))
    }

    /// Another class and primary message for the same failure, which stays located.
    #[must_use]
    pub fn reworded(mut self, kind: ErrorKind, message: impl Into<String>) -> Self {
        (self.0.kind, self.0.message) = (kind, message.into());
        self
    }

    /// Sets the sentence of the DETAIL.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Sets the cause, a phrase without a full stop that stands behind the location: `connection refused`.
    #[must_use]
    pub fn cause(mut self, cause: impl Into<String>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// Sets the status of a response that is not a success, as the cause; `code` is what the body says beside it.
    #[must_use]
    pub fn status(mut self, status: u16, code: Option<&str>) -> Self {
        self.0.status = Some(status);
        self.cause(code.map_or_else(|| format!("HTTP status {status}"), |code| format!("HTTP status {status}, code \"{code}\"")))
    }

    /// Adds what a layer knows of where it happened.
    #[must_use]
    pub fn located(mut self, fill: impl FnOnce(&mut Location)) -> Self {
        fill(&mut self.0.location);
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

    /// The status of the response, where that is the cause.
    pub fn http_status(&self) -> Option<u16> {
        self.0.status
    }

    /// The cause, as [`Error::cause`] or [`Error::status`] set it.
    pub fn get_cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    /// The DETAIL, if any: the table, the request with the cause, the record, and the error's own sentence.
    pub fn get_detail(&self) -> Option<String> {
        let Parts { location, cause, detail, .. } = &*self.0;
        let exchange = match (location.exchange(), cause) {
            (Some(exchange), Some(cause)) => Some(format!("{exchange}: {cause}.")),
            (Some(exchange), None) => Some(format!("{exchange}.")),
            (None, cause) => cause.as_ref().map(|cause| format!("{cause}.")),
        };
        let sentences: Vec<String> = [exchange, location.in_record(), detail.clone()].into_iter().flatten().collect();
        match (&location.table, sentences.is_empty()) {
            (None, true) => None,
            (None, false) => Some(sentences.join(" ")),
            (Some(table), true) => Some(format!("Foreign table \"{table}\".")),
            (Some(table), false) => Some(format!("Foreign table \"{table}\": {}", sentences.join(" "))),
        }
    }

    /// The HINT, if any.
    pub fn get_hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        if let Some(detail) = self.get_detail() {
            write!(f, ": {detail}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    fn error() -> Error {
        Error::new(ErrorKind::Shape, "x")
    }

    fn in_request(location: &mut Location) {
        (location.request, location.purpose) = (Some("GET /logs".into()), Some(Purpose::Page(3)));
    }

    #[test]
    fn a_detail_says_all_that_the_layers_know_from_the_outside_in() {
        assert_eq!(error().get_detail(), None);
        let detail = |error: Error| error.get_detail().unwrap();
        let refused = error().status(404, None).located(in_request);
        assert_eq!(detail(refused.clone()), "GET /logs, page 3: HTTP status 404.");
        assert_eq!(refused.http_status(), Some(404));
        let refused = refused.located(|l| (l.table, l.attempts) = (Some("t".into()), 4));
        assert_eq!(detail(refused), "Foreign table \"t\": GET /logs, page 3, after 4 attempts: HTTP status 404.");
        assert_eq!(detail(error().located(|l| l.table = Some("t".into()))), "Foreign table \"t\".");
        let in_record = error().detail("It is wrong.").located(|l| (l.record, l.column) = (Some((2, 3)), Some("a".into())));
        assert_eq!(detail(in_record.clone()), "Column \"a\", record 2 of page 3. It is wrong.");
        assert_eq!(detail(in_record.located(in_request)), "GET /logs, page 3. Column \"a\", record 2 of page 3. It is wrong.");
        let login =
            error().status(400, Some("E.1")).located(|l| (l.request, l.purpose) = (Some("POST /token".into()), Some(Purpose::Login)));
        assert_eq!(detail(login), "POST /token, login: HTTP status 400, code \"E.1\".");
        assert_eq!(detail(error().cause("connection refused").located(in_request)), "GET /logs, page 3: connection refused.");
    }
}
