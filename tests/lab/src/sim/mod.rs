//! The simulator. An API is a module that reads a request and writes its page. All APIs share settings, faults, the request log, the page
//! cache and the server.

mod api;
mod audit;
mod body;
mod certificates;
mod corrupt;
mod edit;
mod encoding;
mod exchange;
pub(crate) mod fault;
mod huawei;
mod json;
mod list;
mod memory;
mod page_cache;
mod page_key;
mod proxy;
mod request_body;
mod request_log;
mod requested_range;
mod respond;
mod response;
pub(crate) mod rows;
pub(crate) mod secure;
pub(crate) mod server;
mod settings;
mod socialboards;
mod spread;
mod target;
mod tixngo;
pub(crate) mod tls_endpoint;
mod viviot;
mod wire_time;

#[cfg(test)]
mod tests;
