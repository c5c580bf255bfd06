//! Requests → pages → rows. Knows HTTP and threads, and no Postgres: the backend asks for finished pages and is woken by an
//! eventfd (law 11).

pub mod address;
mod ahead;
mod attempt;
pub mod auth;
pub mod body;
mod chain;
pub mod client;
pub mod decode;
mod drive;
pub mod gate;
pub mod json_text;
pub mod link;
mod lock;
mod no_answer;
mod pace;
pub mod page;
pub mod paging;
pub mod partial;
pub mod probe;
pub mod rate_limit;
mod redirection;
mod resolver;
pub mod retry;
pub mod runtime;
pub mod session;
pub mod stats;
pub mod stream;
pub mod task;
pub mod timestamp;
pub mod trust;
mod turns;
mod works;
