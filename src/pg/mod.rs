//! Pages → tuples, and Postgres' clauses → plans: the only room with pgrx and with `unsafe`.
//!
//! It takes no decision that could be tested without a server: such a decision stands in a pure room, with unit tests.

mod catalog;
mod compat;
mod descriptors;
mod executor;
mod handler;
mod node;
mod operand;
mod planner;
mod report;
mod settings;
mod sql;
mod text;
mod wait;

use pgrx::prelude::*;

pgrx::pg_module_magic!();

/// Called by Postgres when it loads the library.
#[pg_guard]
pub extern "C-unwind" fn _PG_init() {
    report::silence_backtraces();
    settings::define();
}
