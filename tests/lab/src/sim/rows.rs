//! Prints every row of a data set as CSV, the truth that SQL tests compare a foreign table with.
//!
//! Shares only the row with the JSON writer: formats, quotes and dates are made by other code, so that a fault in one
//! shows as a difference.

use std::fmt;
use std::io::{self, Write};

use super::settings::{SettingError, Settings};
use super::tixngo::truth;

/// Why rows could not be printed.
#[derive(Debug)]
pub enum RowsError {
    /// The settings cannot be used; the text says which and why.
    Settings(SettingError),
    /// The output did not take the rows.
    Output(io::Error),
}

impl fmt::Display for RowsError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(cause) => cause.fmt(out),
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

/// Writes a header and all rows of `app` under these settings: NULL as nothing, an empty text as `""`.
pub fn write_rows(settings: &str, app: &str, out: &mut dyn Write) -> Result<(), RowsError> {
    let settings = Settings::parse(settings).map_err(RowsError::Settings)?;
    writeln!(out, "{}", truth::names().join(","))?;
    for row in truth::rows(&settings, app) {
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
