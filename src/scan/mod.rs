//! Requests → pages → rows. Knows HTTP and threads, and no Postgres: the backend asks for finished pages and is woken by an
//! eventfd (law 11).

mod budget;
mod chain;
pub mod decode;
mod fetcher;
mod ordering;
pub mod page;
pub mod page_store;
pub mod paging;
mod partition_plan;
mod prefetch;
pub mod probe;
pub mod projection;
mod queue;
pub mod runtime;
mod scheduler;
pub mod spec;
pub mod stats;
pub mod stream;
pub mod task;
