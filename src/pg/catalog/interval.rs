//! The options `default_from` and `max_window` → microseconds, as Postgres itself reads times and intervals.

use pgrx::{IntoDatum, pg_sys};

use crate::error::{Error, ErrorKind};
use crate::pg::report::raise;
use crate::pg::text::to_server;

/// The lower bound of `default_from`, which is a time if it begins like a date, and else an interval before `now`. A wrong one raises
/// Postgres' own error.
pub(crate) fn parse_default_from(text: &str, now: i64) -> i64 {
    let is_date = text.len() > 5 && text.as_bytes()[..4].iter().all(u8::is_ascii_digit) && text.as_bytes()[4] == b'-';
    if !is_date {
        return now - reach("default_from", text, now);
    }
    let args = input_arguments("default_from", text);
    // SAFETY: an input function gets the three arguments of its kind, and returns a timestamptz.
    let time = unsafe { pgrx::direct_function_call_as_datum(pg_sys::timestamptz_in, &args) };
    time.map_or(now, |datum| datum.value() as i64)
}

/// `max_window` in microseconds. A month has as many days as December.
pub(crate) fn parse_max_window(text: &str) -> i64 {
    reach("max_window", text, 0)
}

/// How many microseconds an interval reaches back from a time.
fn reach(option: &str, text: &str, now: i64) -> i64 {
    let args = input_arguments(option, text);
    // SAFETY: an input function gets the three arguments of its kind, and returns an interval.
    let interval = unsafe { pgrx::direct_function_call_as_datum(pg_sys::interval_in, &args) };
    let args = [Some(pg_sys::Datum::from(now)), interval];
    // SAFETY: the function takes a timestamptz and an interval, and returns a timestamptz.
    let time = unsafe { pgrx::direct_function_call_as_datum(pg_sys::timestamptz_mi_interval, &args) };
    match time.map(|datum| datum.value() as i64) {
        Some(time) if time < now => now.saturating_sub(time),
        _ => raise(&invalid(option).detail("An interval counts back from now: it must be greater than 0, such as '7 days'.")),
    }
}

/// What an input function takes: a C string, a type's oid and a type modifier. Times and intervals are ASCII: Postgres' own error about
/// another text would quote it, and pgrx could not read the quote in another encoding than UTF-8.
fn input_arguments(option: &str, text: &str) -> [Option<pg_sys::Datum>; 3] {
    if !text.is_ascii() {
        raise(&invalid(option));
    }
    [Some(pg_sys::Datum::from(to_server(text))), pg_sys::InvalidOid.into_datum(), (-1_i32).into_datum()]
}

fn invalid(option: &str) -> Error {
    Error::new(ErrorKind::OptionValue, format!("invalid value for option \"{option}\""))
}
