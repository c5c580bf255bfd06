//! The simulator's rooms. An API is one file that reads a request and writes its page; settings, faults, the request
//! log, the page cache and everything about sockets are shared.

mod api;
mod body;
mod encoding;
mod exchange;
mod fault;
mod json;
mod page_cache;
mod request_log;
pub(crate) mod rows;
pub(crate) mod server;
mod settings;
mod spread;
mod target;
mod tixngo;
mod wire_time;

#[cfg(test)]
mod tests;
