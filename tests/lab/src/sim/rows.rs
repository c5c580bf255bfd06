//! Prints every row of a data set as CSV: the truth with which SQL tests compare a foreign table.
//!
//! Only the row is shared with the JSON writer. Other code formats values, quotes and dates, so that an error in either is a difference.

use std::fmt;
use std::io::{self, Write};

use super::audit;
use super::huawei;
use super::json::{Columns, FieldKind};
use super::settings::{SettingError, Settings};
use super::socialboards;
use super::tixngo;
use super::viviot;

/// A row's values as texts; `None` is NULL.
pub(crate) type Row = Vec<Option<String>>;

/// The truth of one table.
pub(crate) struct Truth {
    pub(crate) table: &'static str,
    pub(crate) columns: Columns,
    /// Parameters of a request that select a parent, and that records do not contain.
    pub(crate) request: &'static [&'static str],
    /// All rows under the settings, and of this app where the API has apps.
    pub(crate) rows: fn(&Settings, &str) -> Box<dyn Iterator<Item = Row>>,
}

static TRUTHS: [Truth; 10] = [
    tixngo::truth::TICKET_STATUS_LOGS,
    tixngo::truth::TICKETS,
    huawei::truth::OPERATE_LOGS,
    huawei::truth::CASES,
    huawei::truth::MESSAGES,
    viviot::truth::ACTION_LOGS,
    viviot::truth::ACTION_TARGETS,
    socialboards::truth::TICKET_LOG,
    socialboards::truth::TICKETS,
    audit::truth::EVENTS,
];

impl Truth {
    /// The columns in lower case, as SQL folds them.
    fn names(&self) -> impl Iterator<Item = String> {
        let fields = self.columns.iter().filter(|(_, kind)| *kind != FieldKind::Nested);
        fields.map(|(name, _)| name.replace('.', "").to_lowercase()).chain(self.request.iter().map(|name| (*name).to_owned()))
    }
}

/// Why rows could not be printed.
#[derive(Debug)]
pub enum RowsError {
    /// The settings cannot be used; the text says which and why.
    Settings(SettingError),
    /// No table has this name; the names that are known.
    Table(String),
    /// The rows cannot be written.
    Output(io::Error),
}

impl fmt::Display for RowsError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(cause) => cause.fmt(out),
            Self::Table(known) => write!(out, "the tables are {known}"),
            Self::Output(cause) => cause.fmt(out),
        }
    }
}

impl std::error::Error for RowsError {}

impl From<io::Error> for RowsError {
    fn from(cause: io::Error) -> Self {
        Self::Output(cause)
    }
}

/// Writes a header and all rows of TIXNGO's ticket status log of `app`, as [`write_table`] does.
pub fn write_rows(settings: &str, app: &str, out: &mut dyn Write) -> Result<(), RowsError> {
    write_table("tixngo.ticket_status_logs", settings, app, out)
}

/// Writes a header and all rows of a table under these settings. NULL is an empty field, an empty text is `""`.
pub fn write_table(table: &str, settings: &str, app: &str, out: &mut dyn Write) -> Result<(), RowsError> {
    let truth = TRUTHS.iter().find(|truth| truth.table == table).ok_or_else(|| {
        let known: Vec<&str> = TRUTHS.iter().map(|truth| truth.table).collect();
        RowsError::Table(known.join(", "))
    })?;
    let settings = Settings::parse(settings).map_err(RowsError::Settings)?;
    writeln!(out, "{}", truth.names().collect::<Vec<_>>().join(","))?;
    for row in (truth.rows)(&settings, app) {
        let line: Vec<String> = row.into_iter().map(csv_field).collect();
        writeln!(out, "{}", line.join(","))?;
    }
    Ok(())
}

fn csv_field(value: Option<String>) -> String {
    match value {
        None => String::new(),
        Some(text) if text.is_empty() || text.contains([',', '"', '\n', '\r']) => {
            format!("\"{}\"", text.replace('"', "\"\""))
        }
        Some(text) => text,
    }
}
