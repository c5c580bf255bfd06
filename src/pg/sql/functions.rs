//! The functions of schema `restlog` that read what is known, and `check_server`, which asks.
//!
//! Their SQL is part of the extension's interface: names, types and order of the columns stay as they are.

use std::collections::BTreeMap;
use std::sync::Arc;

use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;
use pgrx::{AnyElement, pg_sys};

use crate::error::{Error, ErrorKind, Result};
use crate::http::client::Limits;
use crate::options::Settings;
use crate::pg::catalog::connect;
use crate::pg::catalog::server::Server;
use crate::pg::compat;
use crate::pg::executor;
use crate::pg::executor::last_scan;
use crate::pg::report::OrRaise;
use crate::pg::settings;
use crate::pg::text;
use crate::pg::wait::WatchedStream;
use crate::plan::askable::askable_table;
use crate::plan::window::EPOCH_SECONDS;
use crate::scan::decode::Decoder;
use crate::scan::spec::ScanSpec;
use crate::scan::stats::Stats;
use crate::sources::{self, Origin, Table};

extension_sql_file!("../../../sql/wrapper.sql", name = "wrapper", finalize);

/// The built-in sources.
#[pg_extern(immutable, parallel_safe)]
fn sources() -> TableIterator<'static, (name!(name, String), name!(title, String), name!(tables, Vec<String>), name!(reference, String))> {
    let rows: Vec<_> = sources::built_in_names()
        .into_iter()
        .filter_map(|name| sources::built_in(name)?.ok())
        .map(|s| (s.name.clone(), s.title.clone(), s.tables.iter().map(|t| t.name.clone()).collect(), s.reference.clone()))
        .collect();
    TableIterator::new(rows)
}

/// The columns of a built-in source: what each is, and where a condition on it travels.
#[allow(clippy::type_complexity, reason = "pgrx reads the SQL columns from this type")]
#[pg_extern(sql = "
CREATE FUNCTION columns(source text)
RETURNS TABLE (table_name text, column_name text, data_type text, field text, request_parameter text, description text)
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn columns(
    source: AnyElement,
) -> TableIterator<
    'static,
    (
        name!(table_name, String),
        name!(column_name, String),
        name!(data_type, String),
        name!(field, Option<String>),
        name!(request_parameter, Option<String>),
        name!(description, String),
    ),
> {
    // SAFETY: the SQL above declares one argument of type text, and STRICT.
    let source = unsafe { text::text_of(text::argument(source)) };
    let found = sources::built_in(&source).unwrap_or_else(|| {
        Err(Error::new(ErrorKind::OptionValue, format!("there is no built-in source \"{source}\""))
            .hint(format!("Built in are: {}.", sources::built_in_names().join(", "))))
    });
    let source = found.or_raise();
    let rows: Vec<_> = source.tables.iter().flat_map(table_rows).collect();
    TableIterator::new(rows)
}

#[allow(clippy::type_complexity, reason = "a row of restlog.columns()")]
fn table_rows(table: &Table) -> Vec<(String, String, String, Option<String>, Option<String>, String)> {
    let row = |(i, column): (usize, &sources::Column)| {
        let field = match &column.origin {
            Origin::Field { pointer, .. } => Some(pointer.to_string()),
            Origin::Request { .. } => None,
        };
        let range =
            table.time_range.as_ref().filter(|range| range.column == i).map(|range| format!("{}, {}", range.from.name, range.to.name));
        let parameter = range.or_else(|| column.filter.as_ref().map(|f| f.place.name.clone()));
        (
            table.name.clone(),
            column.name.clone(),
            column.sql_type.as_sql().to_owned(),
            field,
            parameter,
            text::shown(&column.doc).into_owned(),
        )
    };
    table.columns.iter().enumerate().map(row).collect()
}

/// What this session's last scan did; no row before the first.
#[allow(clippy::type_complexity, reason = "pgrx reads the SQL columns from this type")]
#[pg_extern(volatile, parallel_restricted)]
fn last_scan() -> TableIterator<
    'static,
    (
        name!(requests, i64),
        name!(pages, i64),
        name!(rows, i64),
        name!(bytes, i64),
        name!(api_total_first, Option<i64>),
        name!(api_total_last, Option<i64>),
        name!(api_date, Option<TimestampWithTimeZone>),
        name!(retries, i64),
        name!(throttled_ms, i64),
        name!(rows_outside_window, i64),
        name!(rows_outside_slice, i64),
        name!(bytes_decoded, i64),
        name!(wait_ms, i64),
        name!(fetch_ms, i64),
        name!(decode_ms, i64),
        name!(defaults, Vec<String>),
    ),
> {
    let rows: Vec<_> = last_scan::last_scan().map(|(stats, defaults)| counters(&stats, defaults)).into_iter().collect();
    TableIterator::new(rows)
}

#[allow(clippy::type_complexity, reason = "a row of restlog.last_scan()")]
fn counters(
    s: &Stats,
    defaults: Vec<String>,
) -> (i64, i64, i64, i64, Option<i64>, Option<i64>, Option<TimestampWithTimeZone>, i64, i64, i64, i64, i64, i64, i64, i64, Vec<String>) {
    let n = |counter: &crate::http::usage::Counter| i64::try_from(counter.get()).unwrap_or(i64::MAX);
    let ms = |counter| n(counter) / 1000;
    let date = match s.usage.api_date.get() {
        0 => None,
        unix => TimestampWithTimeZone::try_from((unix as i64 - EPOCH_SECONDS) * 1_000_000).ok(),
    };
    (
        n(&s.usage.requests),
        n(&s.pages),
        n(&s.records),
        n(&s.usage.wire_bytes),
        None,
        None,
        date,
        n(&s.usage.retries),
        ms(&s.usage.backoff_micros),
        n(&s.outside_window),
        n(&s.outside_slice),
        n(&s.usage.body_bytes),
        ms(&s.wait_micros),
        ms(&s.usage.fetch_micros),
        ms(&s.decode_micros),
        defaults,
    )
}

/// Sends one tiny request as the current user: is the API reachable, and does it accept the credentials?
#[allow(clippy::type_complexity, reason = "pgrx reads the SQL columns from this type")]
#[pg_extern(sql = "
CREATE FUNCTION check_server(name text) RETURNS TABLE (ok boolean, message text, detail text, hint text, sqlstate text)
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn check_server(
    name: AnyElement,
) -> TableIterator<
    'static,
    (name!(ok, bool), name!(message, String), name!(detail, Option<String>), name!(hint, Option<String>), name!(sqlstate, String)),
> {
    // SAFETY: the SQL above declares one argument of type text, and STRICT.
    let oid = server_oid(unsafe { text::argument(name) });
    let shown = |text: &str| text::shown(text).into_owned();
    let row = match ask(oid) {
        Ok(message) => (true, shown(&message), None, None, "00000".to_owned()),
        Err(error) => (
            false,
            shown(error.message()),
            error.get_detail().as_deref().map(shown),
            error.get_hint().map(shown),
            error.kind().sqlstate().to_owned(),
        ),
    };
    TableIterator::once(row)
}

/// The server of that name. Raises Postgres' errors if there is none, or if the current user may not use it.
fn server_oid(name: *const std::ffi::c_char) -> pg_sys::Oid {
    // SAFETY: its one caller gives a NUL-terminated name.
    unsafe {
        let oid = pg_sys::get_foreign_server_oid(name, false);
        let allowed = compat::check_server_usage(oid, pg_sys::GetUserId());
        if allowed != pg_sys::AclResult::ACLCHECK_OK {
            pg_sys::aclcheck_error(allowed, pg_sys::ObjectType::OBJECT_FOREIGN_SERVER, name);
        }
        oid
    }
}

/// Sends the request, and says which it was.
fn ask(oid: pg_sys::Oid) -> Result<String> {
    let server = Server::read(oid)?;
    let options = Settings::resolve(Some(&server.source), &server.options, &[])?;
    // SAFETY: reads the current user and the clock.
    let (user, now) = unsafe { (pg_sys::GetUserId(), pg_sys::GetCurrentTimestamp()) };
    let (table, slices) = askable_table(&server.source, &options.parameters, now)?;
    let connection = connect::connection(&server, user)?;
    let line = format!("{} {}", table.method.as_str(), table.path);
    let stats = Arc::new(Stats::default());
    let spec = ScanSpec {
        table: Arc::new(table.clone()),
        slices,
        now,
        decoder: Decoder::new(Vec::new(), table, options.on_invalid, options.time_zone.clone()),
        time_column: None,
        time_is_required: false,
        fan_out_columns: BTreeMap::new(),
        page_sizes: (1, 1),
        limited: true,
        order: None,
        known_density: None,
        concurrency: 1,
        limits: Limits { max_requests: 0, max_response_bytes: options.max_response_bytes, log: settings::log_requests() },
        connection,
        counting: None,
    };
    let answer = WatchedStream::start(spec, Arc::clone(&stats))?.next(&stats);
    executor::scan::write_log(&stats);
    answer?;
    Ok(format!("the API answered {line} as it should"))
}
