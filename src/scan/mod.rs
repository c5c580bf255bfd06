//! Slices → requests → pages of rows.
//!
//! The backend starts a [`stream`], takes finished pages from it, and is woken by an eventfd. Behind the stream the `scheduler` gives
//! workers chains of pages to read: the `budget` says when a request may leave, the `fetcher` turns it into a decoded page, and the
//! `chain` says what that page means: what to deliver, what to queue, what to ask for next. Decisions are pure and tested without a
//! server (`chain`, `partition_plan`, [`paging`], [`decode`]); scheduler, fetcher and prefetch only carry them out.
//!
//! The room knows HTTP and threads, and no Postgres: nothing of Postgres runs on its threads (law 11).

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
