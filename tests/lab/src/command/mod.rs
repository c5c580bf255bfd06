//! The commands of `lab`, one file each, and what only one of them needs.

mod backend_memory;
pub(crate) mod bench;
pub(crate) mod cancel;
pub(crate) mod demo;
pub(crate) mod differential;
mod drain;
mod golden;
pub(crate) mod leak;
pub(crate) mod requests;
pub(crate) mod rows;
mod rust_tests;
pub(crate) mod sim;
pub(crate) mod storm;
pub(crate) mod stress;
pub(crate) mod test;
pub(crate) mod up;
pub(crate) mod versions;
