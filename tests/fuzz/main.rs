//! Inputs that nobody thought of, for everything that reads what strangers write: descriptions, pages, `Link`, `Retry-After`, and
//! values that are put into an address. Each target has an oracle; that nothing panics is the least of it.
//!
//! Inputs are the files of `corpus/` and mutations of them, in an order that the seed alone decides. `RESTLOG_FUZZ_SECONDS` (for each
//! target) and `RESTLOG_FUZZ_SEED` search on. An input that fails is written to a file and told how to try again.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on stops")]

mod address;
mod description;
mod engine;
mod link;
mod mutate;
mod page;
mod retry_after;
