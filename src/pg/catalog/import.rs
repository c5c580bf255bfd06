//! ImportForeignSchema: the tables of a source as `CREATE FOREIGN TABLE` statements. Their text is made in [`crate::sources::statements`].

use std::collections::HashSet;
use std::ffi::c_char;

use pgrx::prelude::*;
use pgrx::{PgList, pg_sys};

use super::server::Server;
use crate::error::{Error, ErrorKind, Result};
use crate::pg::report::OrRaise;
use crate::pg::text::{options_of, text_of, to_server};
use crate::sources::statements::create_foreign_table;
use crate::sources::{ColumnCase, Table};

#[pg_guard]
pub(crate) unsafe extern "C-unwind" fn import_foreign_schema(
    stmt: *mut pg_sys::ImportForeignSchemaStmt,
    server: pg_sys::Oid,
) -> *mut pg_sys::List {
    // SAFETY: Postgres calls back with its parsed statement, which lives during the call.
    statements(unsafe { &*stmt }, server).or_raise().into_pg()
}

/// The statements that create the tables of the source that the command wants.
fn statements(stmt: &pg_sys::ImportForeignSchemaStmt, server: pg_sys::Oid) -> Result<PgList<c_char>> {
    let source = Server::read(server)?.source;
    // SAFETY: a parsed statement has an options list.
    let case = ColumnCase::of_options(&unsafe { options_of(stmt.options) })?;
    // SAFETY: a parsed statement names a schema and a server, each NUL-terminated.
    let (schema, server) = unsafe { (text_of(stmt.remote_schema), text_of(stmt.server_name)) };
    if schema != source.name {
        return Err(Error::new(ErrorKind::TableName, format!("the server has no schema \"{schema}\""))
            .hint(format!("Use IMPORT FOREIGN SCHEMA {}: a source's own name is its only schema.", source.name)));
    }
    // SAFETY: a parsed statement's table list has RangeVars, each with a name.
    let listed: HashSet<String> =
        unsafe { PgList::<pg_sys::RangeVar>::from_pg(stmt.table_list).iter_ptr().map(|t| text_of((*t).relname)).collect() };
    let wanted = |table: &&Table| match stmt.list_type {
        pg_sys::ImportForeignSchemaType::FDW_IMPORT_SCHEMA_LIMIT_TO => listed.contains(&table.name),
        pg_sys::ImportForeignSchemaType::FDW_IMPORT_SCHEMA_EXCEPT => !listed.contains(&table.name),
        _ => true,
    };
    let mut statements = PgList::<c_char>::new();
    for table in source.tables.iter().filter(wanted) {
        check_for_interrupts!();
        let text = create_foreign_table(table, &server, case);
        if text.contains('\0') {
            let message = format!("a column of table \"{}\" has a NUL character in its name", table.name);
            return Err(Error::new(ErrorKind::ColumnName, message).hint("Correct the server's option definition."));
        }
        statements.push(to_server(&text));
    }
    Ok(statements)
}
