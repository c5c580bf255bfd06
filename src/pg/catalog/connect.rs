//! A server and a user → their HTTP client, which the session keeps.
//!
//! A client is dropped when the server's options, the user's secrets or the content of `ca_file` change, or when another needs its room. It
//! must never be used with secrets that are not the user's own.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use pgrx::pg_sys;

use super::secrets::{no_secret, secrets};
use super::server::Server;
use crate::error::{ErrorKind, Result};
use crate::http::authenticator::Authenticator;
use crate::http::client::Connection;
use crate::http::trust::Trust;
use crate::options::{Secret, Settings};
use crate::pg::descriptors::Descriptors;
use crate::pg::settings;
use crate::pg::text::Options;
use crate::sources::Source;

/// Connections that are kept at most; each takes some hundred kilobytes.
const MAX_KEPT: usize = 64;

struct PooledConnection {
    server: pg_sys::Oid,
    user: pg_sys::Oid,
    /// The server's own options as they were: with a definition among them, they say all that the connection depends on.
    options: Options,
    secrets: BTreeMap<String, Secret>,
    connection: Arc<Connection>,
    /// The descriptors of its sockets.
    _descriptors: Descriptors,
}

thread_local! {
    /// The connection that was used last stands last.
    static CONNECTIONS: RefCell<Vec<PooledConnection>> = const { RefCell::new(Vec::new()) };
}

/// The connection of a server and a user. Options, secrets and `ca_file` are compared at each call, not watched: a changed one makes a new
/// connection.
pub(crate) fn connection(server: &Server, user: pg_sys::Oid) -> Result<Arc<Connection>> {
    let source: &Source = &server.source;
    // Only the server's options: tables of one server share its pool.
    let settings = Settings::resolve(Some(source), &server.options, &[])?;
    check_hosts(&settings)?;
    let secrets = secrets(user, server.oid)?;
    // Read at every scan: a corrected file counts at once.
    let trust = Trust::read(settings.ca_file.as_deref())?;
    CONNECTIONS.with_borrow_mut(|kept| {
        kept.retain(|k| {
            let unchanged = k.options == server.options && k.secrets == secrets && *k.connection.trust() == trust;
            k.server != server.oid || k.user != user || unchanged
        });
        if let Some(at) = kept.iter().position(|k| k.server == server.oid && k.user == user) {
            let used = kept.remove(at);
            let connection = Arc::clone(&used.connection);
            kept.push(used);
            return Ok(connection);
        }
        let access = Authenticator::new(source, settings.parameters.clone(), secrets.clone()).map_err(|error| match error.kind() {
            ErrorKind::Unauthorized => no_secret(source, user, server.oid),
            _ => error,
        })?;
        let connection = Arc::new(Connection::new(&settings, access)?);
        let descriptors = make_room(kept, settings.concurrency);
        let options = server.options.clone();
        kept.push(PooledConnection {
            server: server.oid,
            user,
            options,
            secrets,
            connection: Arc::clone(&connection),
            _descriptors: descriptors,
        });
        Ok(connection)
    })
}

/// Counts the descriptors of a new connection's sockets. If there are too many, connections that no scan uses are dropped, the least
/// recently used first.
fn make_room(kept: &mut Vec<PooledConnection>, sockets: usize) -> Descriptors {
    loop {
        let descriptors = if kept.len() < MAX_KEPT { Descriptors::acquire(sockets) } else { None };
        if let Some(descriptors) = descriptors {
            return descriptors;
        }
        match kept.iter().position(|k| Arc::strong_count(&k.connection) == 1) {
            Some(idle) => drop(kept.remove(idle)),
            // Scans use all of them, and need one more.
            None => return Descriptors::reserve(sockets),
        }
    }
}

/// Refuses settings that would send secrets where they must not go.
pub(crate) fn check_hosts(options: &Settings) -> Result<()> {
    settings::check_host(&options.base_url)?;
    options.auth_url.as_ref().map_or(Ok(()), settings::check_host)?;
    options.proxy.as_ref().map_or(Ok(()), settings::check_host)?;
    options.check_plain_http()
}
