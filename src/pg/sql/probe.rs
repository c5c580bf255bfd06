//! `restlog.probe`: what a live API does that its page does not say, with the statement to run where the description is wrong.

use std::collections::BTreeMap;
use std::sync::Arc;

use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;
use pgrx::{AnyElement, pg_sys};

use crate::error::{Error, ErrorKind, Result};
use crate::options::Settings;
use crate::pg::catalog::connect;
use crate::pg::catalog::{ForeignTable, secrets};
use crate::pg::executor;
use crate::pg::executor::last_scan::remember;
use crate::pg::report::OrRaise;
use crate::pg::text::{Options, options_of, shown, text_of};
use crate::pg::wait;
use crate::plan::slicing::missing_parameter;
use crate::plan::window::Window;
use crate::scan::probe::{Finding, Probe, Remedy};
use crate::scan::stats::Stats;
use crate::sources::statements::option_changes;
use crate::sources::{self, ColumnIndex, Origin};

/// Asks the API behind a foreign table, within a range of times; `keys` gives request parameters, such as `{"case_id": "…"}`.
#[allow(clippy::type_complexity, reason = "pgrx reads the SQL columns from this type")]
#[pg_extern(sql = "
CREATE FUNCTION probe(\"table\" regclass, \"from\" timestamptz, \"to\" timestamptz, keys jsonb DEFAULT '{}')
RETURNS TABLE (subject text, found text, as_described boolean, setting text)
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn probe(
    table: pg_sys::Oid,
    from: TimestampWithTimeZone,
    to: TimestampWithTimeZone,
    keys: AnyElement,
) -> TableIterator<'static, (name!(subject, String), name!(found, String), name!(as_described, Option<bool>), name!(setting, Option<String>))>
{
    // SAFETY: the SQL above declares a jsonb, and STRICT; its output is palloc'd. pgrx's own type would take the text for UTF-8.
    let keys = unsafe { text_of(pg_sys::OidOutputFunctionCall(pg_sys::F_JSONB_OUT.into(), keys.datum())) };
    let keys = serde_json::from_str(&keys).unwrap_or_default();
    let rows = findings(table, from.into(), to.into(), &keys).or_raise();
    TableIterator::new(rows)
}

#[allow(clippy::type_complexity, reason = "rows of restlog.probe()")]
fn findings(
    relation: pg_sys::Oid,
    from: i64,
    to: i64,
    keys: &serde_json::Value,
) -> Result<Vec<(String, String, Option<bool>, Option<String>)>> {
    check_is_ours(relation)?;
    if from >= to {
        return Err(Error::new(ErrorKind::OptionValue, "the range of times to probe is empty").hint("\"to\" must be later than \"from\"."));
    }
    // SAFETY: reads the current user.
    let user = unsafe { pg_sys::GetUserId() };
    let table = ForeignTable::read(relation)?;
    let settings = Settings::resolve(Some(&table.server.source), &table.server.options, &[])?;
    connect::check_hosts(&settings)?;
    let described = table.server.source.table(&table.described);
    let names: Vec<String> = described.into_iter().flat_map(|table| &table.columns).map(|column| column.name.clone()).collect();
    let stats = Arc::new(Stats::default());
    let probe = Probe {
        source: Arc::clone(&table.server.source),
        values: values(&table, &names, keys)?,
        names,
        secrets: secrets::secrets(user, table.server.oid)?,
        window: Window { lo: from, hi: to },
        page_size: table.page_size(),
        limits: executor::scan::limits(table.settings.max_response_bytes),
        stats: Arc::clone(&stats),
        table: Arc::clone(&table.endpoint),
        settings,
    };
    pgrx::notice!("restlog.probe sends at most {} requests", probe.most_requests());
    let found = wait::run(probe.run());
    executor::scan::write_log(&stats);
    remember(&stats, &[]);
    let names = TableNames::read(relation, &table);
    Ok(found?.into_iter().map(|finding| row(finding, &table, &names)).collect())
}

/// The value of a query of one row and one column about an object. It only reads: a standby has no transaction to write in (law 10).
fn read_one<T: FromDatum + IntoDatum>(query: &str, object: pg_sys::Oid) -> Option<T> {
    Spi::connect(|client| client.select(query, Some(1), &[object.into()])?.first().get_one::<T>()).ok().flatten()
}

/// Refuses a relation that the current user may not read, or that is no foreign table of ours.
fn check_is_ours(relation: pg_sys::Oid) -> Result<()> {
    let ours = read_one::<bool>(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_foreign_table t JOIN pg_catalog.pg_foreign_server s ON s.oid = t.ftserver
           JOIN pg_catalog.pg_foreign_data_wrapper w ON w.oid = s.srvfdw
           WHERE t.ftrelid = $1 AND w.fdwhandler = 'restlog.fdw_handler'::pg_catalog.regproc)",
        relation,
    );
    if ours != Some(true) {
        return Err(
            Error::new(ErrorKind::TableName, "this is no foreign table of restlog_fdw").hint("Give one that IMPORT FOREIGN SCHEMA made.")
        );
    }
    let readable = read_one::<bool>("SELECT pg_catalog.has_table_privilege($1, 'SELECT')", relation);
    if readable != Some(true) {
        return Err(
            Error::new(ErrorKind::Forbidden, "permission denied for the foreign table").hint("Probing it needs the right to SELECT.")
        );
    }
    Ok(())
}

/// The request parameters by the described column. `keys` win over the options.
fn values(table: &ForeignTable, names: &[String], keys: &serde_json::Value) -> Result<BTreeMap<usize, Vec<String>>> {
    let mut values: BTreeMap<usize, Vec<String>> = sources::given_parameters(&table.endpoint, &table.settings.parameters)
        .into_iter()
        .map(|(column, value)| (column, vec![value]))
        .collect();
    let Some(members) = keys.as_object() else {
        return Err(Error::new(ErrorKind::OptionValue, "keys must be a JSON object, such as {\"case_id\": \"…\"}"));
    };
    let index = ColumnIndex::new(&table.endpoint);
    let described: BTreeMap<String, usize> = names.iter().enumerate().rev().map(|(i, name)| (sources::fold(name), i)).collect();
    for (name, value) in members {
        let column = index.named(name).or_else(|| described.get(&sources::fold(name)).copied());
        let Some(column) = column.filter(|i| matches!(table.endpoint.columns[*i].origin, Origin::Request { .. })) else {
            return Err(Error::new(ErrorKind::OptionValue, format!("\"{name}\" is no request parameter of the table")));
        };
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        values.insert(column, vec![text]);
    }
    for (i, column) in table.endpoint.columns.iter().enumerate() {
        if matches!(column.origin, Origin::Request { required: true, .. }) && !values.contains_key(&i) {
            let example = serde_json::json!({ &*column.name: "…" });
            return Err(
                missing_parameter(&table.endpoint, column).hint(format!("Give it as the fourth argument of restlog.probe: '{example}'."))
            );
        }
    }
    Ok(values)
}

/// The names of a foreign table and its server as statements have them, and the options that the table has.
struct TableNames {
    table: String,
    server: String,
    table_options: Options,
}

impl TableNames {
    fn read(relation: pg_sys::Oid, table: &ForeignTable) -> Self {
        // SAFETY: its one caller has read the foreign table and its server, so both exist; what these return is palloc'd.
        unsafe {
            Self {
                table: text_of(pg_sys::OidOutputFunctionCall(pg_sys::F_REGCLASSOUT.into(), pg_sys::Datum::from(relation))),
                server: text_of(pg_sys::quote_identifier((*pg_sys::GetForeignServer(table.server.oid)).servername)),
                table_options: options_of((*pg_sys::GetForeignTable(relation)).options),
            }
        }
    }
}

/// A row of `restlog.probe()`.
fn row(finding: Finding, table: &ForeignTable, names: &TableNames) -> (String, String, Option<bool>, Option<String>) {
    let setting = finding.remedy.as_ref().and_then(|remedy| statement(remedy, table, names));
    let shown = |text: &str| shown(text).into_owned();
    (shown(&finding.subject), shown(&finding.found), finding.as_described, setting.as_deref().map(shown))
}

/// The statement that follows a remedy; `None` where the foreign table has no such column.
fn statement(remedy: &Remedy, table: &ForeignTable, names: &TableNames) -> Option<String> {
    Some(match remedy {
        Remedy::Server(settings) => format!("ALTER SERVER {} OPTIONS ({})", names.server, option_changes(settings, &table.server.options)),
        Remedy::Table(settings) => {
            format!("ALTER FOREIGN TABLE {} OPTIONS ({})", names.table, option_changes(settings, &names.table_options))
        }
        Remedy::Column(name, settings) => {
            let described = table.server.source.table(&table.described)?.column(name)?;
            let own = table.columns.iter().flatten().find(|column| column.described == Some(described))?;
            let column = pgrx::spi::quote_identifier(&own.name);
            format!("ALTER FOREIGN TABLE {} ALTER COLUMN {column} OPTIONS ({})", names.table, option_changes(settings, &own.options))
        }
    })
}
