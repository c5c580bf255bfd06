//! The catalogs → what a foreign server, table, column and user mapping say; and the commands that write them.
//!
//! Whatever is read here holds for one statement: Postgres locks the objects while it plans and runs a query, and options may be
//! another's at the next.

mod column;
pub(crate) mod connect;
pub(crate) mod import;
mod interval;
pub(crate) mod secrets;
pub(crate) mod server;
mod table;
pub(crate) mod validator;

pub(crate) use self::column::ForeignColumn;
pub(crate) use self::table::ForeignTable;
