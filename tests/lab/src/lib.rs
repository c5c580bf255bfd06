//! The lab's library: a simulator of paged REST log APIs on loopback, served from seeded rows.
//!
//! The extension's own tests and the `lab` binary use the same simulator: a Rust test can repeat the behaviour of a golden with the same
//! URL.
#![forbid(unsafe_code)]

mod sim;

pub use sim::fault::FAULTS;
pub use sim::rows::{RowsError, write_rows, write_table};
pub use sim::secure::{Proxy, Secure};
pub use sim::server::Simulator;
pub use sim::tls_endpoint::TlsEndpoint;
