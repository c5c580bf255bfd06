//! The settings `restlog_fdw.…`.

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

/// Its full name.
const ALLOWED_HOSTS_NAME: &CStr = c"restlog_fdw.allowed_hosts";

/// Whether the client gave [`ALLOWED_HOSTS`] a value that it may not give. Before the library is loaded anybody may, and Postgres then
/// forgets the administrator's; when the setting is defined, it forgets the client's as well.
static REPLACED: AtomicBool = AtomicBool::new(false);

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

pub(super) fn pushdown() -> bool {
    PUSHDOWN.get()
}

pub(super) fn max_requests() -> u64 {
    u64::try_from(MAX_REQUESTS.get()).unwrap_or(0)
}

pub(super) fn log_requests() -> bool {
    LOG_REQUESTS.get()
}

/// Refuses a host that the superuser did not list: that of the API, of a login, and of a proxy, which sees as much.
pub(super) fn check_host(url: &Url) -> Result<()> {
    // SECURITY: nobody knows which hosts the administrator had allowed.
    if REPLACED.load(Ordering::Relaxed) {
        let message = "this connection may not set restlog_fdw.allowed_hosts, so that no host is allowed";
        return Err(Error::new(ErrorKind::Forbidden, message).hint("Connect again without it in the connection's options (PGOPTIONS)."));
    }
    let allowed = ALLOWED_HOSTS.get();
    let allowed = allowed.as_deref().and_then(|c| c.to_str().ok()).unwrap_or_default();
    let host = url.host_str().unwrap_or_default();
    if allowed.trim().is_empty() || allowed.split(',').any(|name| name.trim().eq_ignore_ascii_case(host)) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Forbidden, "the server's host is not allowed")
        .hint("A superuser can add it to the setting restlog_fdw.allowed_hosts."))
}
