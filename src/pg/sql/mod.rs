//! The functions that users call, and ANALYZE.

pub(crate) mod analyze;
mod functions;
mod probe;
