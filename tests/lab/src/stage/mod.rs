//! What the commands share: the project's folder, its tools, a private cluster, a simulator, and cleaning up.

pub(crate) mod cleanup;
pub(crate) mod cluster;
pub(crate) mod prepare;
pub(crate) mod project;
pub(crate) mod resolver;
pub(crate) mod server_owner;
pub(crate) mod step;
pub(crate) mod testbed;
