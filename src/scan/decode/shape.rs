//! The errors of a response without the declared shape, and of values that cannot be placed.
//!
//! SECURITY: each says where the body is wrong, and shows nothing of it; it may hold personal data or repeat a secret.

use super::reader::Reader;
use crate::error::{Error, ErrorKind};
use crate::sources::{Pointer, TimeRange};

/// A body that is no JSON, or only half of it.
pub(super) fn malformed(text: &str, error: &serde_json::Error) -> Error {
    if text.trim_start().starts_with('<') {
        return Error::new(ErrorKind::Shape, "the response is a web page, not JSON")
            .hint("Check base_url: a wrong path or a login page often answers like this.");
    }
    let problem = if error.is_eof() { "the response ends before its JSON does" } else { "the response is not valid JSON" };
    Error::new(ErrorKind::Shape, problem).detail(format!("At line {}, column {} of {} bytes.", error.line(), error.column(), text.len()))
}

/// A body that is no text at all.
pub(super) fn not_utf8(error: std::str::Utf8Error) -> Error {
    Error::new(ErrorKind::Shape, "the response is not valid UTF-8").detail(format!("At byte {}.", error.valid_up_to()))
}

/// A body without the object in which the key of the next page stands.
pub(super) fn no_evidence(at: &Pointer) -> Error {
    Error::new(ErrorKind::Shape, format!("the response has no object at \"{at}\""))
        .detail("Without it nothing says whether there is another page.")
        .hint("The API may have answered with an error message in a successful response; check base_url and the options.")
}

/// A body without an array of records.
pub(super) fn no_records(at: &Pointer) -> Error {
    Error::new(ErrorKind::Shape, format!("the response has no array of records at \"{at}\""))
        .detail("An answer without records does not prove that there are none.")
        .hint("The API may have answered with an error message in a successful response; check base_url and the options.")
}

/// A record that is a scalar or an array; `record` and `page` count from 1.
pub(in crate::scan) fn not_an_object(record: u64, page: u64) -> Error {
    Error::new(ErrorKind::Shape, "a record is not an object").located(|at| at.record = Some((record, page)))
}

impl Reader<'_> {
    /// Says in an error which value is meant, by column, record and page.
    fn located(&self, error: Error, column: usize) -> Error {
        let (name, record) = (self.decoder.columns[column].name.clone(), (self.out.facts.records, self.page.number));
        error.located(|at| (at.column, at.record) = (Some(name), Some(record)))
    }

    /// A text that Postgres cannot hold.
    pub(super) fn bad_text(&self, column: usize) -> Error {
        let error = Error::new(ErrorKind::BadText, "a text has a NUL character or half of a surrogate pair, which Postgres cannot hold")
            .hint("Set the option on_invalid to 'null' or 'replace' on the server or the foreign table.");
        self.located(error, column)
    }

    /// A time before the window that only bounds cut to whole minutes let through.
    pub(super) fn cut_off(&self, column: usize) -> Error {
        let name = &self.decoder.columns[column].name;
        let message =
            format!("the API answered a record whose \"{name}\" lies before the time range, as if it cut bounds to whole minutes");
        let error = Error::new(ErrorKind::Shape, message)
            .detail("Records may be missing where another range ends.")
            .hint("Set the table option time_unit to '1min', or to what restlog.probe tells.");
        self.located(error, column)
    }

    /// A value that is no time, where the window needs one.
    pub(super) fn no_time(&self, column: usize) -> Error {
        let name = &self.decoder.columns[column].name;
        let error = Error::new(
            ErrorKind::BadDatetime,
            format!("a value of \"{name}\" is not a time with its zone, as the time range needs"),
        )
        .hint("If the API writes times without a zone, set the option time_zone to the one that it means, such as 'Z' or 'Europe/Zurich'.");
        self.located(error, column)
    }

    /// A record without the time by which the API was asked.
    pub(super) fn without_time(&self, column: usize) -> Error {
        let name = &self.decoder.columns[column].name;
        let error = Error::new(ErrorKind::Shape, format!("the API answered a record without \"{name}\", by which it answers"))
            .hint(format!("If records may have none, run ALTER FOREIGN TABLE … ALTER COLUMN {name} DROP NOT NULL."));
        self.located(error, column)
    }

    /// A time that no rounding of the bounds explains.
    pub(super) fn far_outside(&self, column: usize) -> Error {
        let name = &self.decoder.columns[column].name;
        let unread = self.decoder.range.as_ref().map_or_else(String::new, |TimeRange { from, to, .. }| {
            format!(
                "Records may be missing. The API may not read the parameters \"{}\" and \"{}\": check their names; or ",
                from.name, to.name
            )
        });
        let error = Error::new(
            ErrorKind::Shape,
            format!("the API answered a record whose \"{name}\" lies far outside the time range asked for"),
        )
        .hint(format!(
            "{unread}it filters another column than \"{name}\": set the table option time_column to it; or its range is coarser than \
                 described: set time_unit, such as '1d'. restlog.probe tells which."
        ));
        self.located(error, column)
    }
}
