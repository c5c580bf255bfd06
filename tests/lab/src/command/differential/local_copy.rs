//! The local copy of the foreign tables' rows. It comes from the simulator itself, never from a foreign table.

use std::path::Path;

use super::sample::{APPS, DATA, KEYS, Sample, TARGETS, header};
use super::session::Session;
use super::setup::DEFAULT;
use super::table::{ParameterOperand, Table, foreign_tables};
use crate::failure::Result;

/// Fills schema `local`, whose tables have the columns of those in the schema `like`. `lab` is the program that prints the rows.
pub(super) fn make(session: &Session, lab: &Path, like: &str) -> Result<()> {
    session.run("CREATE SCHEMA local")?;
    for table in foreign_tables() {
        let name = table.name;
        session.run(&format!("CREATE TABLE local.{name} (LIKE {like}.{name})"))?;
        for app in if table.key == Some("mobileappid") { &APPS[..] } else { &APPS[..1] } {
            stage(session, lab, &format!("{}.{}", table.source, table.remote), app)?;
            session.run(&insert(name, session)?)?;
            session.run("DROP TABLE stage")?;
        }
        add_targets(session, lab, table)?;
    }
    make_keys(session)?;
    session.run("ANALYZE local.logs; ANALYZE public.keys")
}

/// Creates schema `local_default`: views of the copy without the rows before the default.
pub(super) fn make_defaulted(session: &Session, sample: &Sample) -> Result<()> {
    session.run("CREATE SCHEMA local_default")?;
    for table in foreign_tables().filter(|table| table.has_range) {
        let Table { name, time, .. } = table;
        let from = sample.place(table, DEFAULT);
        session.run(&format!("CREATE VIEW local_default.{name} AS SELECT * FROM local.{name} WHERE \"{time}\" >= timestamptz {from}"))?;
    }
    Ok(())
}

/// Loads rows from the simulator into a table `stage`, as texts.
fn stage(session: &Session, lab: &Path, remote: &str, app: &str) -> Result<()> {
    let columns: Vec<String> = header(remote)?.iter().map(|column| format!("\"{column}\" text")).collect();
    session.run(&format!(
        "CREATE TEMP TABLE stage({}); COPY stage FROM PROGRAM '\"{}\" rows {DATA} --table {remote} --app {app}' CSV HEADER",
        columns.join(", "),
        lab.display()
    ))
}

/// The statement that inserts the staged rows into a table of the copy: the columns that both have.
fn insert(name: &str, session: &Session) -> Result<String> {
    session.value(&format!(
        "SELECT format('INSERT INTO local.{name}(%s) SELECT %s FROM stage', string_agg(quote_ident(a.attname), ', '), \
           string_agg(format('%I::%s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ')) \
         FROM pg_attribute a JOIN pg_attribute s ON s.attname = a.attname AND s.attrelid = 'stage'::regclass AND s.attnum > 0 \
         WHERE a.attrelid = 'local.{name}'::regclass AND a.attnum > 0"
    ))
}

/// Adds the columns that the API filters by and no record contains.
fn add_targets(session: &Session, lab: &Path, table: &Table) -> Result<()> {
    let mut columns: Vec<(&str, &str)> = table
        .parameters
        .iter()
        .filter_map(|parameter| match parameter.operand {
            ParameterOperand::Value(column, kind) => Some((column, kind.sql())),
            ParameterOperand::Nothing | ParameterOperand::Between => None,
        })
        .collect();
    columns.sort_unstable();
    columns.dedup();
    if columns.is_empty() {
        return Ok(());
    }
    let added: Vec<String> = columns.iter().map(|(column, of)| format!("ADD {column} {of}")).collect();
    let set: Vec<String> =
        columns.iter().map(|(column, of)| format!("{column} = s.{}::{of}", column.trim_start_matches("truth_"))).collect();
    let name = table.name;
    session.run(&format!("ALTER TABLE local.{name} {}", added.join(", ")))?;
    stage(session, lab, TARGETS, APPS[0])?;
    session.run(&format!("UPDATE local.{name} t SET {} FROM stage s WHERE s.id::uuid = t.id; DROP TABLE stage", set.join(", ")))
}

/// Creates the table of keys: a few rows, of which one is there twice and one is NULL.
fn make_keys(session: &Session) -> Result<()> {
    let values = KEYS.iter().map(|(column, (table, other))| {
        let step = if *column == "until" { "n * 2 + 1" } else { "n * 2" };
        format!(
            "(SELECT {other} FROM (SELECT DISTINCT {other} FROM local.{table} WHERE {other} IS NOT NULL) v ORDER BY {other} \
              OFFSET ({step}) * (SELECT count(DISTINCT {other}) FROM local.{table}) / 16 LIMIT 1) AS {column}"
        )
    });
    let values: Vec<String> = values.collect();
    session.run(&format!(
        "CREATE TABLE public.keys AS SELECT n, {} FROM generate_series(0, 7) n; \
         INSERT INTO public.keys TABLE public.keys LIMIT 1; INSERT INTO public.keys(n) VALUES (NULL)",
        values.join(", ")
    ))
}
