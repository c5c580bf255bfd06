//! What an API's own code means in a body that comes with a success.

use super::json_text;
use crate::error::Error;
use crate::http::refusal::in_success;
use crate::options::OnInvalid;
use crate::sources::ErrorRule;

/// The error that a code in a successful response means; `raw` is the code's JSON.
pub(super) fn refusal(rule: &ErrorRule, raw: &str) -> Option<Error> {
    let refusal = match raw.as_bytes().first() {
        None | Some(b'n') => None,
        Some(b'"') => rule.judge(&json_text::string(raw, OnInvalid::Replace).ok().flatten()?),
        Some(_) => rule.judge(raw),
    };
    refusal.map(in_success)
}
