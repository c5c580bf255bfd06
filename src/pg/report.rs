//! [`Error`] → `ereport`: the only place where our errors become Postgres'.

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::{PgLogLevel, PgSqlErrorCode};

use super::text::shown;
use crate::error::Error;

/// Ends the statement with this error.
pub(crate) fn raise(error: &Error) -> ! {
    let code = sqlstate(error.kind().sqlstate());
    let mut report = ErrorReport::new(code, shown(error.message()).into_owned(), "restlog_fdw");
    if let Some(detail) = error.get_detail() {
        report = report.set_detail(shown(&detail).into_owned());
    }
    if let Some(hint) = error.get_hint() {
        report = report.set_hint(shown(hint).into_owned());
    }
    report.report(PgLogLevel::ERROR);
    unreachable!("an ERROR does not return");
}

/// Tells the client something with a hint, and goes on.
pub(crate) fn notice(message: &str, hint: &str) {
    let code = PgSqlErrorCode::ERRCODE_SUCCESSFUL_COMPLETION;
    ErrorReport::new(code, shown(message).into_owned(), "restlog_fdw").set_hint(shown(hint).into_owned()).report(PgLogLevel::NOTICE);
}

/// Unwraps a result, or ends the statement with its error.
pub(crate) trait OrRaise<T> {
    fn or_raise(self) -> T;
}

impl<T> OrRaise<T> for crate::error::Result<T> {
    fn or_raise(self) -> T {
        match self {
            Ok(value) => value,
            Err(error) => raise(&error),
        }
    }
}

/// Postgres packs an SQLSTATE's five characters into six bits each (MAKE_SQLSTATE in elog.h).
fn sqlstate(text: &str) -> PgSqlErrorCode {
    let packed = text.bytes().rev().fold(0_i32, |sum, byte| (sum << 6) + (i32::from(byte).wrapping_sub(i32::from(b'0')) & 0x3f));
    packed.into()
}

/// pgrx appends a Rust backtrace to the DETAIL of each error when `RUST_BACKTRACE` is set in the server's environment. Users
/// must never see one. std asks the environment once and keeps the answer, in a copy of std that only this library has.
pub(crate) fn silence_backtraces() {
    const NAME: &str = "RUST_LIB_BACKTRACE";
    let before = std::env::var_os(NAME);
    // SAFETY: a backend has one thread while it loads libraries, so nobody reads the environment meanwhile.
    let set = |value: &std::ffi::OsStr| unsafe { std::env::set_var(NAME, value) };
    set("0".as_ref());
    let _ = std::backtrace::Backtrace::capture();
    match before {
        Some(value) => set(&value),
        // SAFETY: a backend has one thread while it loads libraries, so nobody reads the environment meanwhile.
        None => unsafe { std::env::remove_var(NAME) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlstates_pack_as_postgres_packs_them() {
        assert_eq!(sqlstate("22P02"), PgSqlErrorCode::ERRCODE_INVALID_TEXT_REPRESENTATION);
        assert_eq!(sqlstate("08006"), PgSqlErrorCode::ERRCODE_CONNECTION_FAILURE);
        assert_eq!(sqlstate("HV00J"), PgSqlErrorCode::ERRCODE_FDW_OPTION_NAME_NOT_FOUND);
    }
}
