//! How one attempt at a request failed, and whether another attempt may help.
//!
//! What must not be broken: a response's body is never shown, because it may repeat a secret or hold personal data (law 9).

use std::time::Duration;

use reqwest::StatusCode;

use super::connection_error::{self, Cause, Peer, Route};
use super::rate_limit::Advice;
use super::refusal::{self, throttled, unauthorized};
use super::retry::RetryClass;
use crate::error::{Error, ErrorKind};
use crate::sources::{ErrorRule, Refusal};

/// A failed attempt.
#[derive(Debug)]
pub(crate) struct RequestFailure {
    /// What may help.
    pub(crate) recovery: Recovery,
    /// The error that the user reads if no further attempt succeeds.
    pub(crate) error: Error,
    /// The status of the response, if there was one.
    status: Option<StatusCode>,
}

/// What may help after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recovery {
    /// Another attempt.
    Retry(RetryClass),
    /// A new token: the API does not take this one.
    NewToken,
    /// Nothing that this client can do.
    None,
}

impl Recovery {
    /// The class of a failure that a retry may help against.
    pub(crate) fn retry(self) -> Option<RetryClass> {
        match self {
            Self::Retry(class) => Some(class),
            Self::NewToken | Self::None => None,
        }
    }
}

impl RequestFailure {
    /// A failure that a further attempt would meet again.
    pub(crate) fn permanent(error: Error) -> Self {
        Self { recovery: Recovery::None, error, status: None }
    }

    /// A successful response whose body holds an error. `wait` is the wait that its headers advise.
    pub(crate) fn from_body(error: Error, wait: Option<Duration>) -> Self {
        let recovery = match error.kind() {
            ErrorKind::Throttled => Recovery::Retry(RetryClass::Throttled(wait)),
            ErrorKind::Unauthorized => Recovery::NewToken,
            _ => Recovery::None,
        };
        Self { recovery, error, status: None }
    }

    /// No response, or half of one. `asked` is the peer that the request was for, `route` its way there.
    pub(crate) fn connection(error: &reqwest::Error, asked: Peer, route: Route) -> Self {
        let (peer, cause) = connection_error::read(error, asked, route);
        let recovery = if cause.may_pass() { Recovery::Retry(RetryClass::Connection) } else { Recovery::None };
        Self { recovery, ..Self::permanent(cause.error(peer)) }
    }

    /// A response with another status than success. Its body is never shown: it may repeat a secret or hold personal data.
    /// `now` is in seconds since the Unix epoch.
    pub(crate) fn status(status: StatusCode, advice: Advice, now: u64) -> Self {
        let wait = advice.wait;
        let error = |kind, message: &str, hint: &str| Error::new(kind, message).hint(hint);
        let (failure, error) = match status {
            StatusCode::TOO_MANY_REQUESTS => (Some(RetryClass::Throttled(wait)), throttled_until(wait, now)),
            // GitHub and others report too many requests by a 403.
            StatusCode::FORBIDDEN if advice.exhausted => (Some(RetryClass::Throttled(wait)), throttled_until(wait, now)),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => (None, unauthorized()),
            StatusCode::PROXY_AUTHENTICATION_REQUIRED => (None, connection_error::proxy_login()),
            StatusCode::NOT_FOUND | StatusCode::GONE => (
                None,
                error(
                    ErrorKind::Shape,
                    "the API has no such path",
                    "Check base_url: with the table's path it must make the API's own address.",
                ),
            ),
            StatusCode::ACCEPTED => {
                let hint = "Try again later, or raise retry_budget.";
                (
                    Some(RetryClass::Server(wait)),
                    error(ErrorKind::Unreachable, "the API has accepted the request, but not yet answered it", hint),
                )
            }
            // The server stopped waiting for the request, or fears a replay: RFC 9110 and RFC 8470 ask for another attempt.
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY => {
                (Some(RetryClass::Server(wait)), error(ErrorKind::Unreachable, "the API did not take the request", "Try again later."))
            }
            StatusCode::SERVICE_UNAVAILABLE if wait.is_some() => {
                let until = wait.and_then(|wait| moment(wait, now)).map_or_else(String::new, |until| format!(" until {until}"));
                let message = format!("the API is unavailable{until}");
                (Some(RetryClass::Server(wait)), error(ErrorKind::Unreachable, &message, "Try again later, or raise retry_budget."))
            }
            StatusCode::NOT_IMPLEMENTED | StatusCode::HTTP_VERSION_NOT_SUPPORTED => {
                (None, error(ErrorKind::Unreachable, "the API failed", "Check base_url."))
            }
            _ if status.is_server_error() => {
                (Some(RetryClass::Server(None)), error(ErrorKind::Unreachable, "the API failed", "Try again later."))
            }
            _ => (
                None,
                error(
                    ErrorKind::Shape,
                    "the API rejected the request",
                    "Check the options and the values in the query, such as page_size or an identifier.",
                ),
            ),
        };
        let recovery = match failure {
            Some(class) => Recovery::Retry(class),
            None if status == StatusCode::UNAUTHORIZED => Recovery::NewToken,
            None => Recovery::None,
        };
        Self { recovery, error: error.status(status.as_u16(), None), status: Some(status) }
    }

    /// A redirect that is not followed.
    pub(crate) fn redirected(status: StatusCode, error: Error) -> Self {
        Self { status: Some(status), ..Self::permanent(error.status(status.as_u16(), None)) }
    }

    /// Whether the body may hold a code that explains the status.
    pub(crate) fn body_may_explain(&self) -> bool {
        self.status.is_some_and(|status| status.is_client_error()) && self.recovery.retry().is_none()
    }

    /// Adds what the body's code says. Some gateways use one status both for an expired token and for too many requests.
    pub(crate) fn with_body_code(self, rules: &[ErrorRule], body: Option<&[u8]>) -> Self {
        let Some(status) = self.status else { return self };
        if status == StatusCode::BAD_REQUEST && body.is_some_and(wants_https) {
            let error = Cause::NotHttp.error(Peer::Api);
            return Self { error: error.status(status.as_u16(), None), ..self };
        }
        let Some(Refusal { kind, code }) = body.and_then(|body| refusal::in_error(rules, body)) else { return self };
        let failed = match kind {
            ErrorKind::Throttled => Self::from_body(throttled(), None),
            ErrorKind::Unauthorized => Self::from_body(unauthorized(), None),
            _ => self,
        };
        Self { error: failed.error.status(status.as_u16(), code.as_deref()), status: Some(status), ..failed }
    }

    /// The error of a failed login. `names` are the secrets that the login carries.
    pub(crate) fn into_login_error(self, names: &[&str]) -> Error {
        let refused = [StatusCode::BAD_REQUEST, StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN];
        match self.status {
            // Throttling and failures worth a retry are neither the secrets' fault nor the address'.
            _ if self.recovery.retry().is_some() => self.error,
            Some(status) if refused.contains(&status) => self
                .error
                .reworded(ErrorKind::Unauthorized, "the API refused the login")
                .hint(format!("Check {} in the user mapping.", names.join(", "))),
            Some(status) if status.is_client_error() || status.is_redirection() => {
                self.error.hint("Check auth_url: it must be the login's own address.")
            }
            _ => self.error,
        }
    }
}

/// The error of too many requests, with the time until which the API asks to wait.
fn throttled_until(wait: Option<Duration>, now: u64) -> Error {
    match wait.and_then(|wait| moment(wait, now)) {
        None => throttled(),
        Some(until) => Error::new(ErrorKind::Throttled, format!("the API refuses further requests until {until}"))
            .hint("Come again then, or raise retry_budget to wait for it; lower concurrency or requests_per_second."),
    }
}

/// When a wait ends, readable for people and programs; `None` if there is nothing to wait for.
fn moment(wait: Duration, now: u64) -> Option<String> {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let until = i64::try_from(now.checked_add(seconds)?).ok()?;
    let until = chrono::DateTime::from_timestamp(until, 0).filter(|_| seconds > 0)?;
    Some(format!("{} UTC, in {seconds} s", until.format("%Y-%m-%d %H:%M:%S")))
}

/// Whether a body says that plain http came to a port for https. nginx, Apache and the servers written in Go have such texts.
fn wants_https(body: &[u8]) -> bool {
    let contains = |text: &str| body.windows(text.len()).any(|part| part == text.as_bytes());
    contains("plain HTTP request was sent to HTTPS port")
        || contains("speaking plain HTTP to an SSL-enabled")
        || contains("an HTTP request to an HTTPS server")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::built_in;

    fn failed(status: u16, body: &str) -> RequestFailure {
        let rules = built_in("huawei").unwrap().unwrap().tables[0].errors.clone();
        let status = StatusCode::from_u16(status).unwrap();
        let error = Error::new(ErrorKind::Shape, "the API rejected the request").status(status.as_u16(), None);
        RequestFailure { status: Some(status), ..RequestFailure::permanent(error) }.with_body_code(&rules, Some(body.as_bytes()))
    }

    #[test]
    fn a_code_beside_a_status_says_what_the_status_does_not() {
        let throttled = failed(400, r#"{"error_code": "APIG.0308", "error_msg": "s3cret"}"#);
        assert_eq!((throttled.recovery.retry(), throttled.error.kind()), (Some(RetryClass::Throttled(None)), ErrorKind::Throttled));
        assert_eq!(throttled.error.get_cause(), Some("HTTP status 400, code \"APIG.0308\""));
        let expired = failed(403, r#"{"error_code": "APIG.0301"}"#);
        assert!(expired.recovery == Recovery::NewToken && expired.error.kind() == ErrorKind::Unauthorized);
        let other = failed(400, r#"{"error_code": "OSM.0001"}"#);
        assert_eq!((other.recovery.retry(), other.error.kind(), other.recovery == Recovery::NewToken), (None, ErrorKind::Shape, false));
        assert_eq!(other.error.get_cause(), Some("HTTP status 400, code \"OSM.0001\""));
        assert_eq!(failed(400, "<html>").error.get_cause(), Some("HTTP status 400"));
        assert_eq!(failed(400, r#"{"error_code": "a secret text"}"#).error.get_cause(), Some("HTTP status 400"), "no code, so not shown");
    }

    #[test]
    fn a_refused_login_names_the_secrets_to_check() {
        let at = |status: u16| {
            let error = Error::new(ErrorKind::Shape, "x");
            RequestFailure { status: StatusCode::from_u16(status).ok(), ..RequestFailure::permanent(error) }
                .into_login_error(&["client_id", "refresh_token"])
        };
        assert_eq!(at(400).kind(), ErrorKind::Unauthorized);
        assert_eq!(at(400).get_hint(), Some("Check client_id, refresh_token in the user mapping."));
        assert!(at(404).get_hint().unwrap().contains("auth_url"));
        assert_eq!(at(500).kind(), ErrorKind::Shape, "a failure of the server is none of the secrets'");
    }

    /// 2026-11-24 12:00:00 UTC.
    const NOON: u64 = 1_795_521_600;

    fn refused(status: u16, wait: Option<u64>, exhausted: bool) -> RequestFailure {
        RequestFailure::status(StatusCode::from_u16(status).unwrap(), Advice { wait: wait.map(Duration::from_secs), exhausted }, NOON)
    }

    #[test]
    fn throttling_says_when_to_come_again() {
        let later = refused(429, Some(3600), true);
        assert_eq!(later.error.message(), "the API refuses further requests until 2026-11-24 13:00:00 UTC, in 3600 s");
        assert_eq!(
            (later.recovery.retry(), later.error.kind()),
            (Some(RetryClass::Throttled(Some(Duration::from_secs(3600)))), ErrorKind::Throttled)
        );
        for wait in [None, Some(0), Some(u64::MAX)] {
            assert_eq!(refused(429, wait, true).error.message(), "the API refuses further requests for now", "{wait:?}");
        }
        let unavailable = refused(503, Some(90), true);
        assert_eq!(unavailable.error.message(), "the API is unavailable until 2026-11-24 12:01:30 UTC, in 90 s");
        assert_eq!(unavailable.recovery.retry(), Some(RetryClass::Server(Some(Duration::from_secs(90)))));
        assert_eq!(refused(503, None, false).recovery.retry(), Some(RetryClass::Server(None)));
    }

    #[test]
    fn a_403_is_a_throttle_where_its_headers_say_so() {
        let throttled = refused(403, Some(40), true);
        assert_eq!(
            (throttled.recovery.retry().and_then(RetryClass::asked), throttled.error.kind()),
            (Some(Duration::from_secs(40)), ErrorKind::Throttled)
        );
        assert_eq!(refused(403, None, true).recovery.retry(), Some(RetryClass::Throttled(None)));
        let forbidden = refused(403, Some(40), false);
        assert_eq!((forbidden.recovery.retry(), forbidden.error.kind()), (None, ErrorKind::Unauthorized));
        assert_eq!(refused(401, Some(40), true).recovery.retry(), None, "a refused credential is what it is");
        let login = refused(403, Some(40), true).into_login_error(&["password"]);
        assert_eq!(login.kind(), ErrorKind::Throttled, "also when it is a login that is throttled");
    }

    #[test]
    fn an_answer_for_https_is_known_by_what_servers_say() {
        let rules = built_in("tixngo").unwrap().unwrap().tables[0].errors.clone();
        for body in ["<center>The plain HTTP request was sent to HTTPS port</center>", "Client sent an HTTP request to an HTTPS server.\n"]
        {
            let with_body_code = refused(400, None, false).with_body_code(&rules, Some(body.as_bytes()));
            assert_eq!((with_body_code.error.kind(), with_body_code.recovery.retry()), (ErrorKind::Unconnectable, None));
            assert_eq!(with_body_code.error.get_cause(), Some("HTTP status 400"));
        }
        assert_eq!(refused(400, None, false).with_body_code(&rules, Some(b"https")).error.kind(), ErrorKind::Shape);
        assert_eq!(refused(407, None, false).error.message(), "the proxy asks for a user name and password");
    }
}
