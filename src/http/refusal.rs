//! The error when an API refuses a request: for its user, for the number of requests, or by a code of its own.
//!
//! What must not be broken: the words name options and settings, never secrets.

use crate::error::{Error, ErrorKind};
use crate::sources::{ErrorRule, Refusal};

/// The error of a user who may not read.
pub(crate) fn unauthorized() -> Error {
    Error::new(ErrorKind::Unauthorized, "the API refused the credentials")
        .hint("Check the user mapping, and the option that names the header.")
}

/// The error of too many requests.
pub(crate) fn throttled() -> Error {
    Error::new(ErrorKind::Throttled, "the API refuses further requests for now")
        .hint("Lower concurrency or requests_per_second, or raise retry_budget.")
}

/// The refusal that the code in an unsuccessful response's body means.
pub(crate) fn in_error(rules: &[ErrorRule], body: &[u8]) -> Option<Refusal> {
    let document: serde_json::Value = serde_json::from_slice(body).ok()?;
    rules.iter().find_map(|rule| rule.judge_document(&document))
}

/// The error of a successful response whose code says that it holds no records.
pub(crate) fn in_success(refusal: Refusal) -> Error {
    let error = match refusal.kind {
        ErrorKind::Unauthorized => unauthorized(),
        ErrorKind::Throttled => throttled(),
        kind => Error::new(kind, "the API answered with an error instead of records"),
    };
    match refusal.code {
        Some(code) => error.detail(format!("Its code is \"{code}\".")),
        None => error,
    }
}
