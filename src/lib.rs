//! restlog_fdw: a paged REST log API as a Postgres table.
//!
//! The rooms, each knowing only those to its right: `pg → scan → http → plan → sources`, with `error`, `lock`, `options`, `small_file`,
//! `time_zone` and `units` beside.
//! `sources` says what the APIs are, `plan` turns quals into requests, `http` turns requests into responses, `scan` turns responses
//! into pages, `pg` turns pages into tuples and is the only room with pgrx and `unsafe`.
//!
//! # Laws
//!
//! The code cites them by number. Each names tests that fail when it is broken; `tests/architecture/main.rs` holds that these exist, and
//! that every citation leads here.
//!
//! 1. **The API may return too much, never too little; Postgres rechecks every qual.** A pushdown is declared only where it yields a
//!    superset. No row's value is overwritten with the value that was asked for, except request parameters that the record lacks.
//!    Tests: `tests/properties/slices.rs` a_row_that_satisfies_the_condition_is_in_just_one_slice,
//!    `tests/properties/asked.rs` what_is_received_is_what_was_asked_for_or_nothing_is_sent, `tests/pg_regress/sql/pushdown.sql`.
//! 2. **A scan is complete or it is an error.** It ends only on declared evidence: the key of the next page is missing, null or empty;
//!    the total is reached; an empty page where a description says so. A short page proves nothing unless declared. A truncated body, a
//!    limit of pages, an error envelope in a 200, a 404 on a collection are errors, never a short answer. An empty page that names a
//!    next key is read past; a hundred of them in a row are an error.
//!    Tests: `tests/matrix.rs` every_cell_is_right_or_one_error_of_its_class,
//!    `tests/properties/paging.rs` a_server_that_is_not_is_read_right_or_an_error, `tests/pg_regress/sql/faults.sql`.
//! 3. **Every page makes progress.** A page token seen before in this slice is an error.
//!    Tests: `src/scan/paging/tests.rs` a_key_seen_before_is_an_error_also_when_others_came_between,
//!    `tests/counted.rs` a_parameter_that_the_api_does_not_read_is_named_whatever_it_makes_of_sizes.
//! 4. **A LIMIT sizes the first page; it never ends a scan.** Postgres stops pulling: that is how a scan ends early.
//!    Tests: `src/plan/scan_plan.rs` a_limit_sizes_the_first_page_only_where_sizes_may_change, `tests/pg_regress/sql/request_counts.sql`,
//!    `tests/scan.rs` a_consumer_that_stops_pulling_stops_the_requests.
//! 5. **A plan is plain data** that `copyObject` can copy: private data as one JSON string, operands in `fdw_exprs`. It holds no
//!    pointer and no value known only at planning, so that `EXECUTE` ten times, plpgsql loops, cursors and generic plans all work.
//!    Tests: `src/plan/scan_plan.rs` a_plan_survives_its_text, `tests/pg_regress/sql/rescan.sql`.
//! 6. **The first request leaves at the first pull.** `EXPLAIN` sends nothing. An empty window, `WHERE false` or a NULL operand sends
//!    nothing.
//!    Tests: `tests/pg_regress/sql/explain.sql`, `tests/pg_regress/sql/request_counts.sql`,
//!    `tests/scan.rs` one_request_leaves_until_the_consumer_wants_more.
//! 7. **Every wait ends within 100 ms of a cancel**: DNS, connect, TLS, headers, body, back-off; of a `statement_timeout` too. 57014 is
//!    for cancels only.
//!    Tests: `tests/pg_regress/sql/cancel.sql`, `tests/lab/src/command/cancel/phase.rs`,
//!    `tests/scan.rs` dropping_a_stream_ends_a_request_that_nobody_answers.
//! 8. **Memory is bounded by pages in flight**, not by rows: a scan of four million rows stays flat.
//!    Tests: `tests/memory.rs` a_page_takes_no_more_than_ten_times_its_body, `tests/scan.rs` no_more_than_concurrency_slices_are_in_flight,
//!    `tests/lab/src/command/leak.rs`.
//! 9. **A secret is a `Secret`**: accepted in a user mapping only, without Display and Serialize, `***` in Debug; never in EXPLAIN, an
//!    error or a log line; not sent to another host by a redirect; not sent over plain http except to loopback, unless
//!    `allow_http 'true'`.
//!    Tests: `src/options/tests.rs` a_secret_has_no_way_out_but_expose, `tests/answers.rs` redirects_that_are_not_followed_say_why,
//!    `tests/pg_regress/sql/secrets.sql`.
//! 10. **A SELECT writes nothing.** Read-only transactions and hot standbys work.
//!     Tests: `tests/pg_regress/sql/security.sql`, `tests/pg_regress/sql/probe.sql`.
//! 11. **Threads never touch Postgres.** They are started lazily in the backend, with all signals blocked.
//!     Tests: `tests/scan.rs` the_threads_block_every_signal, `tests/architecture/main.rs` pgrx_is_known_in_one_room.
//! 12. **An upper bound is pinned, and nothing behind it is lost.** Without one in the query, pages are read up to the scan's start, so
//!     that new rows cannot shift them; what is stamped later (clocks differ, events are planned) is a window of its own, read last. A
//!     query that says nothing of the time sends no range where the API demands none: records without a time are rows too. Where an API
//!     counts its pages and has no such bound, a shift is noticed and repaired, or the scan is an error.
//!     Tests: `src/plan/slicing.rs` what_is_later_than_the_scans_start_is_asked_for_last,
//!     `tests/shifts.rs` a_scan_has_the_rows_of_one_moment_or_fails, `tests/pg_regress/sql/bounds.sql`.
//! 13. **A table's options, partition bounds and defaults may make a query refused, never short.** A default stands in for a condition
//!     only where the query says nothing of that column; a partition returns only the rows of its bound; where a default was used and
//!     the scan read to its end, the client is told.
//!     Tests: `src/plan/slicing.rs` a_default_stands_in_only_for_what_the_query_does_not_restrict, `tests/pg_regress/sql/defaults.sql`,
//!     `tests/pg_regress/sql/partitions.sql`.

#![deny(unsafe_code)]

#[forbid(unsafe_code)]
pub mod error;
#[forbid(unsafe_code)]
pub mod http;
#[forbid(unsafe_code)]
mod lock;
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
