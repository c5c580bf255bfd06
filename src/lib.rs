//! restlog_fdw: a paged REST log API as a Postgres table.
//!
//! The rooms, each knowing only those to its right: `pg → scan → plan → sources`, with `error`, `options`, `small_file`, `time_zone` and `units`
//! beside.
//! `sources` says what the APIs are, `plan` turns quals into requests, `scan` turns requests into pages, `pg` turns pages
//! into tuples and is the only room with pgrx and `unsafe`. The laws that they keep are tested in `tests/` and in each room.

#![deny(unsafe_code)]

#[forbid(unsafe_code)]
pub mod error;
#[forbid(unsafe_code)]
pub mod options;
// The one room that talks to Postgres.
#[allow(unsafe_code, reason = "Postgres is C")]
mod pg;
#[forbid(unsafe_code)]
pub mod plan;
#[forbid(unsafe_code)]
pub mod scan;
#[forbid(unsafe_code)]
pub mod small_file;
#[forbid(unsafe_code)]
pub mod sources;
#[forbid(unsafe_code)]
pub mod time_zone;
#[forbid(unsafe_code)]
pub mod units;
