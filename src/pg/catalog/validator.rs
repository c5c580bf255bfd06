//! The wrapper's validator: Postgres calls it for each `CREATE` and `ALTER` with the options as they would become.

use pgrx::prelude::*;
use pgrx::{AnyElement, IntoDatum, pg_sys};

use crate::error::{Error, ErrorKind, Result};
use crate::options::{self, Context};
use crate::pg::catalog;
use crate::pg::report::{OrRaise, raise};
use crate::pg::text::to_server;
use crate::sources;

/// Raises where an option is unknown, misplaced or unusable.
#[pg_extern(sql = "
CREATE FUNCTION fdw_validator(text[], oid) RETURNS void
LANGUAGE c STRICT AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn fdw_validator(given: AnyElement, catalog: pg_sys::Oid) {
    // SAFETY: an array of texts, as Postgres stores options; what it is made into is palloc'd.
    let options = unsafe { catalog::options_of(pg_sys::untransformRelOptions(given.datum())) };
    validate(options, catalog).or_raise();
}

fn validate(options: catalog::Options, catalog: pg_sys::Oid) -> Result<()> {
    let context = match catalog {
        pg_sys::ForeignDataWrapperRelationId => Context::Wrapper,
        pg_sys::ForeignServerRelationId => Context::Server,
        pg_sys::UserMappingRelationId => Context::Mapping,
        pg_sys::ForeignTableRelationId => Context::Table,
        pg_sys::AttributeRelationId => Context::Column,
        _ => return Err(Error::new(ErrorKind::Internal, "options of an unknown kind of object")),
    };
    // SAFETY: reads who is asking.
    let superuser = unsafe { pg_sys::superuser() };
    if let Some((name, _)) = options.iter().find(|(name, _)| options::reads_file(name) && !superuser) {
        // SECURITY: the server would read the file with its own rights and send it to a host of the user's choice.
        return Err(Error::new(ErrorKind::Forbidden, format!("only a superuser may set option \"{name}\"")));
    }
    if context != Context::Server {
        // Which server a table belongs to is not told here, so the parameters of all built-in sources may stand.
        let parameters: Vec<String> = sources::built_in_names()
            .into_iter()
            .filter_map(|name| sources::built_in(name)?.ok())
            .flat_map(|source| source.parameters.iter().map(|p| p.name.clone()).collect::<Vec<_>>())
            .collect();
        options::validate(context, &options, None, &parameters)?;
        if let Some(text) = catalog::option(&options, "default_from") {
            parse_default_from(text, 0);
        }
        if let Some(text) = catalog::option(&options, "max_window") {
            parse_max_window(text);
        }
        return Ok(());
    }
    // A misplaced option is named before a missing one: it is what was written.
    if let Some((name, _)) = options.iter().find(|(name, _)| options::is_elsewhere(name, context)) {
        return options::validate(context, &[(name.clone(), String::new())], None, &[]);
    }
    let source = catalog::source_of(&options)?;
    let parameters: Vec<String> = source.parameters.iter().map(|p| p.name.clone()).collect();
    options::validate(context, &options, Some(&source), &parameters)
}

/// `default_from` is a time where it begins like a date, and else an interval before `now`. Postgres itself reads both, and
/// raises what it raises for a wrong one.
pub(crate) fn parse_default_from(text: &str, now: i64) -> i64 {
    let is_date = text.len() > 5 && text.as_bytes()[..4].iter().all(u8::is_ascii_digit) && text.as_bytes()[4] == b'-';
    if !is_date {
        return now - before("default_from", text, now);
    }
    let args = input_arguments("default_from", text);
    // SAFETY: input functions take a C string, a type's oid and a type modifier; the result is read as its type.
    let time = unsafe { pgrx::direct_function_call_as_datum(pg_sys::timestamptz_in, &args) };
    time.map_or(now, |datum| datum.value() as i64)
}

/// `max_window` in microseconds. A month has as many days as December.
pub(crate) fn parse_max_window(text: &str) -> i64 {
    before("max_window", text, 0)
}

/// How many microseconds an interval reaches back from a time.
fn before(option: &str, text: &str, now: i64) -> i64 {
    let args = input_arguments(option, text);
    // SAFETY: as above.
    let time = unsafe {
        let interval = pgrx::direct_function_call_as_datum(pg_sys::interval_in, &args);
        pgrx::direct_function_call_as_datum(pg_sys::timestamptz_mi_interval, &[Some(pg_sys::Datum::from(now)), interval])
    };
    match time.map(|datum| datum.value() as i64) {
        Some(time) if time < now => now.saturating_sub(time),
        _ => raise(&invalid(option).detail("An interval counts back from now: it must be greater than 0, such as '7 days'.")),
    }
}

/// What an input function takes: a C string, a type's oid and a type modifier. Times and intervals are ASCII: Postgres' own error about
/// another text would have that in it, which pgrx could not read in another encoding than UTF-8.
fn input_arguments(option: &str, text: &str) -> [Option<pg_sys::Datum>; 3] {
    if !text.is_ascii() {
        raise(&invalid(option));
    }
    [Some(pg_sys::Datum::from(to_server(text))), pg_sys::InvalidOid.into_datum(), (-1_i32).into_datum()]
}

fn invalid(option: &str) -> Error {
    Error::new(ErrorKind::OptionValue, format!("invalid value for option \"{option}\""))
}
