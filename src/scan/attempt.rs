//! How one attempt at a request failed, and whether another may help.

use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use reqwest::{Response, StatusCode};

use super::decode;
use super::retry::{Failure, retry_after};
use crate::error::{Error, ErrorKind};
use crate::sources::ErrorRule;

/// One failed attempt.
#[derive(Debug)]
pub(super) struct Attempt {
    /// What a retry could help against.
    pub(super) failure: Option<Failure>,
    /// What the user reads if it stays.
    pub(super) error: Error,
    /// Whether the API does not take the token any more.
    pub(super) expired: bool,
    /// What the API answered, if it did.
    status: Option<StatusCode>,
}

impl Attempt {
    /// A failure that another attempt would meet again.
    pub(super) fn given_up(error: Error) -> Self {
        Self { failure: None, error, expired: false, status: None }
    }

    /// An answer of success whose body says that it is none.
    pub(super) fn by_answer(error: Error) -> Self {
        let failure = (error.kind() == ErrorKind::Throttled).then_some(Failure::Throttled(None));
        Self { failure, expired: error.kind() == ErrorKind::Unauthorized, error, status: None }
    }

    /// No answer, or half of one.
    pub(super) fn connection(error: &reqwest::Error) -> Self {
        let (message, hint) = if error.is_timeout() && error.is_connect() {
            ("the API could not be reached in time", "Check base_url and the network, or raise connect_timeout.")
        } else if error.is_timeout() {
            ("the API did not answer in time", "Ask for a smaller time range or page_size, or raise read_timeout or request_timeout.")
        } else if error.is_connect() {
            ("the API could not be reached", "Check base_url, the network, and for https the certificate (ca_file).")
        } else {
            ("the connection to the API broke off", "Try again; if it stays, ask for a smaller page_size.")
        };
        let mut failed = Error::new(ErrorKind::Unreachable, message).hint(hint);
        if !error.is_timeout() {
            // SECURITY: an OS error or a TLS alert; never the URL, and not the host that a certificate's refusal repeats.
            failed = failed.detail(match root_cause(error) {
                text if text.contains("not valid for name") => "invalid peer certificate: it is for another host name".to_owned(),
                text => text,
            });
        }
        Self { failure: Some(Failure::Connection), ..Self::given_up(failed) }
    }

    /// An answer that is not a success. Its body is never shown: it may repeat a secret or hold personal data.
    pub(super) fn status(response: &Response, now: u64) -> Self {
        let status = response.status();
        let asked = response.headers().get(RETRY_AFTER).and_then(|h| h.to_str().ok()).and_then(|h| retry_after(h, now));
        let at_status = |error: Error| error.detail(format!("HTTP status {}", status.as_u16()));
        let error = |kind, message: &str, hint: &str| at_status(Error::new(kind, message).hint(hint));
        let (failure, error) = match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => (None, at_status(unauthorized())),
            StatusCode::TOO_MANY_REQUESTS => (Some(Failure::Throttled(asked)), at_status(throttled(asked))),
            StatusCode::NOT_FOUND | StatusCode::GONE => (
                None,
                error(
                    ErrorKind::Shape,
                    "the API has no such path",
                    "Check base_url: with the table's path it must make the API's own address.",
                ),
            ),
            _ if status.is_redirection() => (
                None,
                error(
                    ErrorKind::Shape,
                    "the API redirects to another host, which is not followed",
                    "Set base_url to the address that it redirects to, if you trust it.",
                ),
            ),
            StatusCode::SERVICE_UNAVAILABLE if asked.is_some() => {
                (Some(Failure::Throttled(asked)), error(ErrorKind::Unreachable, "the API is unavailable", "Try again later."))
            }
            StatusCode::NOT_IMPLEMENTED | StatusCode::HTTP_VERSION_NOT_SUPPORTED => {
                (None, error(ErrorKind::Unreachable, "the API failed", "Check base_url."))
            }
            _ if status.is_server_error() => (Some(Failure::Server), error(ErrorKind::Unreachable, "the API failed", "Try again later.")),
            _ => (
                None,
                error(
                    ErrorKind::Shape,
                    "the API rejected the request",
                    "Check the options and the values in the query, such as page_size or an identifier.",
                ),
            ),
        };
        Self { failure, error, expired: status == StatusCode::UNAUTHORIZED, status: Some(status) }
    }

    /// Whether the body may have a code that says why.
    pub(super) fn may_say_more(&self) -> bool {
        self.status.is_some_and(|status| status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS)
    }

    /// Adds what the body's code says. A gateway may tell with one status that a token has expired and that there are too many
    /// requests.
    pub(super) fn said(self, rules: &[ErrorRule], body: Option<&[u8]>) -> Self {
        let (Some(status), Some((kind, code))) = (self.status, body.and_then(|body| decode::refusal_of(rules, body))) else { return self };
        let code = code.map_or_else(String::new, |code| format!(", code \"{code}\""));
        let failed = match kind {
            ErrorKind::Throttled => Self::by_answer(throttled(None)),
            ErrorKind::Unauthorized => Self::by_answer(unauthorized()),
            _ => self,
        };
        Self { error: failed.error.detail(format!("HTTP status {}{code}", status.as_u16())), status: Some(status), ..failed }
    }

    /// The same for a login, which has no other secrets than these.
    pub(super) fn of_login(self, names: &[&str]) -> Error {
        let refused = [StatusCode::BAD_REQUEST, StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN];
        let error = match self.status {
            Some(status) if refused.contains(&status) => Error::new(ErrorKind::Unauthorized, "the API refused the login")
                .hint(format!("Check {} in the user mapping.", names.join(", "))),
            Some(status) if status.is_client_error() || status.is_redirection() => {
                Error::new(self.error.kind(), self.error.message()).hint("Check auth_url: it must be the login's own address.")
            }
            _ => return self.error,
        };
        error.detail(self.error.get_detail().unwrap_or_default())
    }
}

/// The error of who may not read.
pub(super) fn unauthorized() -> Error {
    Error::new(ErrorKind::Unauthorized, "the API refused the credentials")
        .hint("Check the user mapping, and the option that names the header.")
}

/// The error of who asks too often; `asked` is how long the API wants us to wait.
pub(super) fn throttled(asked: Option<Duration>) -> Error {
    let wait = asked.filter(|time| !time.is_zero()).map_or_else(String::new, |time| format!("The API asks to wait {} s. ", time.as_secs()));
    Error::new(ErrorKind::Throttled, "the API refuses further requests for now")
        .hint(format!("{wait}Lower concurrency or requests_per_second."))
}

/// The innermost reason. The outer ones repeat the URL with its host and query.
pub(super) fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::built_in;

    fn failed(status: u16, body: &str) -> Attempt {
        let rules = built_in("huawei").unwrap().unwrap().tables[0].errors.clone();
        let status = StatusCode::from_u16(status).unwrap();
        let error = Error::new(ErrorKind::Shape, "the API rejected the request").detail(format!("HTTP status {}", status.as_u16()));
        Attempt { status: Some(status), ..Attempt::given_up(error) }.said(&rules, Some(body.as_bytes()))
    }

    #[test]
    fn a_code_beside_a_status_says_what_the_status_does_not() {
        let throttled = failed(400, r#"{"error_code": "APIG.0308", "error_msg": "s3cret"}"#);
        assert_eq!((throttled.failure, throttled.error.kind()), (Some(Failure::Throttled(None)), ErrorKind::Throttled));
        assert_eq!(throttled.error.get_detail(), Some("HTTP status 400, code \"APIG.0308\""));
        let expired = failed(403, r#"{"error_code": "APIG.0301"}"#);
        assert!(expired.expired && expired.error.kind() == ErrorKind::Unauthorized);
        let other = failed(400, r#"{"error_code": "OSM.0001"}"#);
        assert_eq!((other.failure, other.error.kind(), other.expired), (None, ErrorKind::Shape, false));
        assert_eq!(other.error.get_detail(), Some("HTTP status 400, code \"OSM.0001\""));
        assert_eq!(failed(400, "<html>").error.get_detail(), Some("HTTP status 400"));
        assert_eq!(failed(400, r#"{"error_code": "a secret text"}"#).error.get_detail(), Some("HTTP status 400"), "no code, so not shown");
    }

    #[test]
    fn a_refused_login_names_the_secrets_to_check() {
        let at = |status: u16| {
            let error = Error::new(ErrorKind::Shape, "x").detail("HTTP status");
            Attempt { status: StatusCode::from_u16(status).ok(), ..Attempt::given_up(error) }.of_login(&["client_id", "refresh_token"])
        };
        assert_eq!(at(400).kind(), ErrorKind::Unauthorized);
        assert_eq!(at(400).get_hint(), Some("Check client_id, refresh_token in the user mapping."));
        assert!(at(404).get_hint().unwrap().contains("auth_url"));
        assert_eq!(at(500).kind(), ErrorKind::Shape, "a failure of the server is none of the secrets'");
    }
}
