//! ImportForeignSchema: the tables of a source as `CREATE FOREIGN TABLE` statements.

use std::collections::HashSet;

use pgrx::prelude::*;
use pgrx::{PgList, pg_sys};

use super::server::Server;
use crate::error::{Error, ErrorKind};
use crate::pg::report::{OrRaise, raise};
use crate::pg::text::{options_of, text_of, to_server};
use crate::sources::statements::create_foreign_table;
use crate::sources::{ColumnCase, Table};

#[pg_guard]
pub(crate) unsafe extern "C-unwind" fn import_foreign_schema(
    stmt: *mut pg_sys::ImportForeignSchemaStmt,
    server: pg_sys::Oid,
) -> *mut pg_sys::List {
    // SAFETY: Postgres' statement.
    unsafe {
        let read = Server::read(server).or_raise();
        let case = ColumnCase::of_options(&options_of((*stmt).options)).or_raise();
        let schema = text_of((*stmt).remote_schema);
        if schema != read.source.name {
            let error = Error::new(ErrorKind::TableName, format!("the server has no schema \"{schema}\""))
                .hint(format!("Use IMPORT FOREIGN SCHEMA {}: a source's own name is its only schema.", read.source.name));
            raise(&error);
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
            let text = create_foreign_table(table, &text_of((*stmt).server_name), case);
            if text.contains('\0') {
                let error =
                    Error::new(ErrorKind::ColumnName, format!("a column of table \"{}\" has a NUL character in its name", table.name));
                raise(&error.hint("Correct the server's option definition."));
            }
            statements.push(to_server(&text));
        }
        statements.into_pg()
    }
}
