//! Requests → responses: connections, authentication, retries and limits.
//!
//! This is the only room that knows reqwest. It knows nothing of pages, slices or Postgres. What must not be broken: secrets
//! reach only the hosts that the options name (law 9), and dropping a future ends its wait and closes its socket (law 7).

pub mod address;
pub mod authenticator;
pub mod body;
pub mod client;
mod connection_error;
pub mod content_range;
pub(crate) mod exchange;
mod failure;
pub mod limiter;
pub mod link;
mod pace;
pub mod rate_limit;
mod redirection;
pub(crate) mod refusal;
mod resolver;
pub mod response;
pub mod retry;
pub mod session;
pub mod trust;
pub mod usage;
