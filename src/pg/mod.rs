//! Rows → tuples: the only room with pgrx and with `unsafe`. It takes no decision that could be tested without a server.

mod aggregate;
mod analyze;
mod asynchronous;
mod catalog;
mod clauses;
mod connect;
mod descriptors;
mod estimate;
mod executor;
mod explain;
mod functions;
mod handler;
mod import;
mod joins;
mod last_scan;
mod learned;
mod node;
mod notices;
mod operand;
mod order;
mod page_store;
mod planner;
mod postgres;
mod probe;
mod projection;
mod relation;
mod report;
mod row_bounds;
mod settings;
mod slot;
mod statement;
mod statistics;
mod text;
mod time_expr;
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
