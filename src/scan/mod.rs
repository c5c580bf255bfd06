//! Requests → pages → rows. Knows HTTP and threads, and no Postgres: the backend asks for finished pages and is woken by an
//! eventfd (law 11).

pub mod address;
pub mod authenticator;
pub mod body;
mod chain;
pub mod client;
mod connection_error;
pub mod content_range;
pub mod decode;
mod failure;
pub mod json_text;
pub mod limiter;
pub mod link;
mod lock;
mod ordering;
mod pace;
pub mod page;
pub mod paging;
mod prefetch;
pub mod probe;
mod queue;
pub mod rate_limit;
mod redirection;
mod resolver;
pub mod retry;
pub mod runtime;
mod scheduler;
pub mod session;
pub mod stats;
pub mod stream;
pub mod task;
pub mod timestamp;
pub mod trust;
