//! Rows → tuples: the only room with pgrx and with `unsafe`. It takes no decision that could be tested without a server.

mod aggregate;
mod analyze;
mod asynchronous;
mod catalog;
mod connect;
mod descriptors;
mod estimate;
mod executor;
mod explain;
mod expr;
mod functions;
mod handler;
mod import;
mod joins;
mod last_scan;
mod layout;
mod learned;
mod node;
mod notices;
mod operand;
mod order;
mod planner;
mod postgres;
mod probe;
mod relation;
mod replay;
mod report;
mod row_bounds;
mod settings;
mod statement;
mod statistics;
mod text;
mod time_expr;
mod tuple;
mod validator;
mod wait;

use pgrx::prelude::*;

pgrx::pg_module_magic!();

/// Called by Postgres when it loads the library.
#[pg_guard]
pub extern "C-unwind" fn _PG_init() {
    report::silence_backtraces();
    settings::define();
}
