//! ImportForeignSchema: the tables of a source as `CREATE FOREIGN TABLE` statements.

use std::collections::HashSet;

use pgrx::prelude::*;
use pgrx::{PgList, pg_sys};

use super::{Server, option, options_of, text_of};
use crate::error::{Error, ErrorKind, Result};
use crate::pg::report::OrRaise;
use crate::pg::text::to_server;
use crate::sources::{Column, Table};

/// How an API's name becomes a column's.
#[derive(Clone, Copy)]
enum ColumnCase {
    /// As if it had been typed unquoted: `createdDate` → `createddate`.
    Fold,
    /// As it is.
    Preserve,
    /// `createdDate` → `created_date`.
    Snake,
}

#[pg_guard]
pub(crate) unsafe extern "C-unwind" fn import_foreign_schema(
    stmt: *mut pg_sys::ImportForeignSchemaStmt,
    server: pg_sys::Oid,
) -> *mut pg_sys::List {
    // SAFETY: Postgres' statement.
    unsafe {
        let read = Server::read(server).or_raise();
        let case = column_case(&options_of((*stmt).options)).or_raise();
        let schema = text_of((*stmt).remote_schema);
        if schema != read.source.name {
            let error = Error::new(ErrorKind::TableName, format!("the server has no schema \"{schema}\""))
                .hint(format!("Use IMPORT FOREIGN SCHEMA {}: a source's own name is its only schema.", read.source.name));
            crate::pg::report::raise(&error);
        }
        let listed: HashSet<String> =
            PgList::<pg_sys::RangeVar>::from_pg((*stmt).table_list).iter_ptr().map(|t| text_of((*t).relname)).collect();
        let wanted = |table: &&Table| match (*stmt).list_type {
            pg_sys::ImportForeignSchemaType::FDW_IMPORT_SCHEMA_LIMIT_TO => listed.contains(&table.name),
            pg_sys::ImportForeignSchemaType::FDW_IMPORT_SCHEMA_EXCEPT => !listed.contains(&table.name),
            _ => true,
        };
        let mut statements = PgList::<std::ffi::c_char>::new();
        for table in read.source.tables.iter().filter(wanted) {
            check_for_interrupts!();
            let text = create_table(table, &text_of((*stmt).server_name), case);
            if text.contains('\0') {
                let error =
                    Error::new(ErrorKind::ColumnName, format!("a column of table \"{}\" has a NUL character in its name", table.name));
                crate::pg::report::raise(&error.hint("Correct the server's option definition."));
            }
            statements.push(to_server(&text));
        }
        statements.into_pg()
    }
}

fn column_case(options: &super::Options) -> Result<ColumnCase> {
    if let Some((name, _)) = options.iter().find(|(name, _)| name != "column_case") {
        return Err(Error::new(ErrorKind::OptionName, format!("option \"{name}\" is not valid for IMPORT FOREIGN SCHEMA"))
            .hint("The only valid option here is: column_case."));
    }
    match option(options, "column_case") {
        None | Some("fold") => Ok(ColumnCase::Fold),
        Some("preserve") => Ok(ColumnCase::Preserve),
        Some("snake") => Ok(ColumnCase::Snake),
        Some(_) => Err(Error::new(ErrorKind::OptionValue, "invalid value for option \"column_case\"")
            .detail("It must be one of fold, preserve, snake.")),
    }
}

fn create_table(table: &Table, server: &str, case: ColumnCase) -> String {
    // An API that answers by time only has no record without one; and conditions on NULL then fold away.
    let required = table.time_range.as_ref().filter(|range| range.required).map(|range| range.column);
    let column = |(i, c): (usize, &Column)| {
        let not_null = if required == Some(i) { " NOT NULL" } else { "" };
        format!("  {} {}{not_null}", quote_ident(&cased(&c.name, case)), c.sql_type.as_sql())
    };
    let columns: Vec<String> = table.columns.iter().enumerate().map(column).collect();
    format!(
        "CREATE FOREIGN TABLE {} (\n{}\n) SERVER {} OPTIONS (table {})",
        quote_ident(&table.name),
        columns.join(",\n"),
        quote_ident(server),
        quote_literal(&table.name)
    )
}

fn cased(name: &str, case: ColumnCase) -> String {
    match case {
        ColumnCase::Preserve => name.to_owned(),
        ColumnCase::Fold => name.to_lowercase(),
        ColumnCase::Snake => {
            let mut snake = String::with_capacity(name.len() + 4);
            let mut before_is_upper = true;
            for c in name.chars() {
                // A run of capitals is one word: eventID → event_id.
                if c.is_uppercase() && !before_is_upper {
                    snake.push('_');
                }
                before_is_upper = c.is_uppercase() || c == '_';
                snake.extend(c.to_lowercase());
            }
            snake
        }
    }
}

/// Always quoted: a folded name may be a reserved word, such as `user`.
fn quote_ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn quote_literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
