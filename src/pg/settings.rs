//! The settings `restlog_fdw.…` of Postgres → what the extension does by them.

use std::ffi::{CStr, CString};
use std::sync::atomic::{AtomicBool, Ordering};

use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting, pg_sys};
use url::Url;

use super::compat::source_of_setting;
use crate::error::{Error, ErrorKind, Result};

static PUSHDOWN: GucSetting<bool> = GucSetting::<bool>::new(true);
static MAX_REQUESTS: GucSetting<i32> = GucSetting::<i32>::new(0);
static LOG_REQUESTS: GucSetting<bool> = GucSetting::<bool>::new(false);
static ALLOWED_HOSTS: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(Some(c""));

/// The full name of [`ALLOWED_HOSTS`].
const ALLOWED_HOSTS_NAME: &CStr = c"restlog_fdw.allowed_hosts";

/// Whether the client gave [`ALLOWED_HOSTS`] a value, which only a superuser may. Before the library is loaded Postgres lets anybody do so,
/// and forgets the administrator's value. When the setting is defined, it forgets the client's value as well.
static REPLACED: AtomicBool = AtomicBool::new(false);

/// Defines the settings. Must run once, when the library is loaded.
pub(super) fn define() {
    let is_clients = || source_of_setting(ALLOWED_HOSTS_NAME) == Some(pg_sys::GucSource::PGC_S_CLIENT);
    let named_by_client = is_clients();
    GucRegistry::define_bool_guc(
        c"restlog_fdw.pushdown",
        c"Sends conditions on value columns to the API.",
        c"When off, only the time range and required parameters travel; every other condition is checked locally.",
        &PUSHDOWN,
        GucContext::Userset,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"restlog_fdw.max_requests",
        c"Most requests that one scan may send; 0 is no limit.",
        c"A scan that needs more is an error, never a short answer.",
        &MAX_REQUESTS,
        0,
        i32::MAX,
        GucContext::Userset,
        GucFlags::default(),
    );
    GucRegistry::define_bool_guc(
        c"restlog_fdw.log_requests",
        c"Writes a line to the server's log for each request.",
        c"The line has method, path, parameters and outcome; never a secret.",
        &LOG_REQUESTS,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_string_guc(
        ALLOWED_HOSTS_NAME,
        c"Hosts that may be asked, separated by commas; empty allows any.",
        c"Compared with the hosts of base_url, auth_url and proxy.",
        &ALLOWED_HOSTS,
        GucContext::Suset,
        GucFlags::default(),
    );
    REPLACED.store(named_by_client && !is_clients(), Ordering::Relaxed);
}

/// Whether conditions on value columns may be sent to the API.
pub(super) fn pushdown() -> bool {
    PUSHDOWN.get()
}

/// Requests that one scan may send at most; 0 is no limit.
pub(super) fn max_requests() -> u64 {
    u64::try_from(MAX_REQUESTS.get()).unwrap_or(0)
}

/// Whether each request writes a line to the server's log.
pub(super) fn log_requests() -> bool {
    LOG_REQUESTS.get()
}

/// Refuses a host that the superuser did not list. The hosts of the API, of a login and of a proxy are checked: each sees secrets.
pub(super) fn check_host(url: &Url) -> Result<()> {
    // SECURITY: nobody knows which hosts the administrator had allowed.
    if REPLACED.load(Ordering::Relaxed) {
        let message = "this connection may not set restlog_fdw.allowed_hosts, so that no host is allowed";
        return Err(Error::new(ErrorKind::Forbidden, message).hint("Connect again without it in the connection's options (PGOPTIONS)."));
    }
    let allowed = ALLOWED_HOSTS.get();
    let allowed = allowed.as_deref().and_then(|c| c.to_str().ok()).unwrap_or_default();
    if is_listed(allowed, url.host_str().unwrap_or_default()) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Forbidden, "the server's host is not allowed")
        .hint("A superuser can add it to the setting restlog_fdw.allowed_hosts."))
}

/// Whether a list of names, separated by commas, has this one. An empty list has all.
fn is_listed(list: &str, host: &str) -> bool {
    list.trim().is_empty() || list.split(',').any(|name| name.trim().eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_list_allows_any_host_and_any_other_only_its_own() {
        assert!(is_listed(" ", "api.example") && is_listed("other, API.example", "api.example"));
        assert!(!is_listed("api.example.org,example", "api.example") && !is_listed("api.example", ""));
    }
}
