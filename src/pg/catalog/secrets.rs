//! A user mapping of the catalogs → the user's secrets (law 9).

use std::collections::BTreeMap;

use pgrx::pg_sys;

use crate::error::{Error, ErrorKind, Result};
use crate::http::authenticator::{self, Owner};
use crate::options::Secret;
use crate::pg::text::{options_of, text_of};
use crate::small_file;
use crate::sources::Source;

/// The largest file of a secret.
const MAX_SECRET_FILE: u64 = 64 << 10;

/// The secrets of a user's mapping; empty where there is none. Files are read here, by the database server.
pub(crate) fn secrets(user: pg_sys::Oid, server: pg_sys::Oid) -> Result<BTreeMap<String, Secret>> {
    if !is_mapped(user, server) {
        return Ok(BTreeMap::new());
    }
    // SAFETY: the mapping exists, as just seen; GetUserMapping palloc's what it returns.
    let options = unsafe { options_of((*pg_sys::GetUserMapping(user, server)).options) };
    let mut secrets = BTreeMap::new();
    for (name, value) in options {
        match name.strip_suffix("_file") {
            None => secrets.insert(name, Secret::new(value)),
            Some(secret) => secrets.insert(secret.to_owned(), read_file(&name, &value)?),
        };
    }
    Ok(secrets)
}

/// The secret that stands in the file which an option names.
fn read_file(option: &str, path: &str) -> Result<Secret> {
    let unreadable = |cause: &dyn std::fmt::Display| {
        Error::new(ErrorKind::Unauthorized, format!("could not read the file of option \"{option}\"")).detail(format!("{cause}."))
    };
    let bytes = small_file::read(path, MAX_SECRET_FILE).map_err(|e| unreadable(&e))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| unreadable(&"It is not UTF-8"))?;
    Ok(Secret::new(text.trim()))
}

/// The refusal of a user who has not the secrets that a server's source wants. Both the user and the server exist.
pub(crate) fn no_secret(source: &Source, user: pg_sys::Oid, server: pg_sys::Oid) -> Error {
    // SAFETY: a palloc'd name, or null where there is no such user.
    let user_name = unsafe { text_of(pg_sys::GetUserNameFromId(user, true)) };
    // SAFETY: GetForeignServer raises rather than returning null, and palloc's what it returns.
    let server_name = unsafe { text_of((*pg_sys::GetForeignServer(server)).servername) };
    let owner = Owner { user: &user_name, server: &server_name, has_mapping: is_mapped(user, server) };
    authenticator::no_secret(source, Some(owner))
}

/// Whether a user has a mapping, of its own or everybody's.
fn is_mapped(user: pg_sys::Oid, server: pg_sys::Oid) -> bool {
    has_mapping(user, server) || has_mapping(pg_sys::InvalidOid, server)
}

fn has_mapping(user: pg_sys::Oid, server: pg_sys::Oid) -> bool {
    let cache = pg_sys::SysCacheIdentifier::USERMAPPINGUSERSERVER as i32;
    // SAFETY: this cache's key has two columns, both of type oid.
    let tuple = unsafe { pg_sys::SearchSysCache2(cache, pg_sys::Datum::from(user), pg_sys::Datum::from(server)) };
    if tuple.is_null() {
        return false;
    }
    // SAFETY: the cache returned the tuple just now, and nobody else holds it.
    unsafe { pg_sys::ReleaseSysCache(tuple) };
    true
}
