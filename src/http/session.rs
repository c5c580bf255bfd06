//! The authorization of a connection: the user's own, or a login's token, renewed after a refusal or when it expires.
//!
//! What must not be broken: many refusals of one token cause one login. So each token has a serial, and whoever was refused
//! says with which.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::authenticator::{Authenticator, Authorization};
use super::response::Response;
use crate::error::{Error, ErrorKind, Result};
use crate::options::Secret;
use crate::sources::{Login, TokenPlace};

/// A token is not used for the last tenth of its life, and at most for this long before its end, because the request must still
/// arrive.
const MARGIN: Duration = Duration::from_secs(10);

/// What requests send now. Workers share it, so that many refusals at once cause one login.
#[derive(Debug, Default)]
pub struct Session {
    authorization: Option<Authorization>,
    /// The number of logins so far. A refused request names the serial that it sent.
    serial: u64,
    expires: Option<Instant>,
}

/// The token that a login returned, and its life.
#[derive(Debug)]
pub struct Token {
    secret: Secret,
    life: Option<Duration>,
}

impl Session {
    /// A session that begins with what needs no login.
    pub fn new(authorization: Option<Authorization>) -> Self {
        Self { authorization, ..Self::default() }
    }

    /// What to send now, and its serial; `None` if a login must come first. `refused` is the serial that the API refused.
    pub fn current(&self, refused: Option<u64>, now: Instant) -> Option<(Authorization, u64)> {
        let spent = refused == Some(self.serial) || self.expires.is_some_and(|end| now >= end);
        self.authorization.clone().filter(|_| !spent).map(|authorization| (authorization, self.serial))
    }

    /// Replaces the authorization by that of a login's token, and returns it with its serial.
    pub fn renew(&mut self, access: &Authenticator, token: &Token, now: Instant) -> Result<(Authorization, u64)> {
        let authorization = access.authorization(Some(&token.secret))?;
        self.serial += 1;
        self.authorization = Some(authorization.clone());
        self.expires = token.life.and_then(|life| now.checked_add(life - MARGIN.min(life / 10)));
        Ok((authorization, self.serial))
    }
}

impl Token {
    /// Reads the response of a login.
    ///
    /// Errors: [`ErrorKind::Unauthorized`], if it holds no token.
    pub fn read(login: &Login, reply: &Response) -> Result<Self> {
        // The token may be in a header, and the body is then empty or of no concern.
        let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        let secret = match &login.token {
            TokenPlace::Body(pointer) => pointer.find(&body).and_then(Value::as_str),
            TokenPlace::Header(name) => reply.headers.get(name).and_then(|value| value.to_str().ok()),
        };
        let Some(secret) = secret.filter(|secret| !secret.is_empty()) else {
            let place = match &login.token {
                TokenPlace::Body(pointer) => format!("at \"{pointer}\" of its body"),
                TokenPlace::Header(name) => format!("in its header \"{name}\""),
            };
            return Err(Error::new(ErrorKind::Unauthorized, "the login was answered without a token")
                .detail(format!("It should stand {place}."))
                .hint("Check auth_url, and that the account may log in in this way."));
        };
        let seconds = login.expires_in.as_ref().and_then(|pointer| match pointer.find(&body)? {
            Value::String(digits) => digits.parse().ok(),
            number => number.as_u64(),
        });
        Ok(Self { secret: Secret::new(secret), life: seconds.map(Duration::from_secs) })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use reqwest::header::{HeaderMap, HeaderValue};

    use super::*;
    use crate::sources::built_in;

    fn access(source: &str, secrets: &[&str]) -> Authenticator {
        let secrets = secrets.iter().map(|name| (name.to_string(), Secret::new("s3cret"))).collect();
        Authenticator::new(&built_in(source).unwrap().unwrap(), BTreeMap::new(), secrets).unwrap()
    }

    fn read(access: &Authenticator, body: &str, header: Option<&'static str>) -> Result<Token> {
        let headers = header.map(|value| ("x-subject-token".parse().unwrap(), HeaderValue::from_static(value)));
        Token::read(access.login().unwrap(), &Response { body: body.into(), headers: HeaderMap::from_iter(headers), partial: None })
    }

    #[test]
    fn a_token_is_used_until_it_is_refused_or_runs_out() {
        let access = access("socialboards", &["refresh_token", "client_id"]);
        let start = Instant::now();
        let mut session = Session::new(access.fixed().unwrap());
        assert!(session.current(None, start).is_none(), "nothing can be sent before the login");
        let token = read(&access, r#"{"access_token": "t1", "expires_in": 3599}"#, None).unwrap();
        let (authorization, first) = session.renew(&access, &token, start).unwrap();
        assert_eq!(authorization.headers["authorization"].to_str().unwrap(), "Bearer t1");
        assert!(session.current(None, start + Duration::from_secs(3580)).is_some());
        assert!(session.current(None, start + Duration::from_secs(3590)).is_none(), "it has run out");
        assert!(session.current(Some(first), start).is_none(), "it was refused");
        let (_, second) = session.renew(&access, &token, start).unwrap();
        assert_eq!(session.current(Some(first), start).map(|(_, serial)| serial), Some(second), "another worker has logged in already");
    }

    #[test]
    fn a_token_is_found_in_the_body_or_a_header_and_its_absence_is_an_error_without_secrets() {
        let user = ["username", "password", "domain"];
        let huawei = access("huawei", &user);
        assert_eq!(read(&huawei, "", Some("t")).unwrap().secret.expose(), "t");
        for answer in ["", "null", "[1]", r#"{"bearerToken": ""}"#, r#"{"bearerToken": 7}"#, r#"{"password": "s3cret"}"#] {
            let refused = read(&access("viviot", &user), answer, None).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Unauthorized, "{answer}");
            assert!(!format!("{refused:?}").contains("s3cret"));
        }
        assert!(read(&huawei, r#"{"token": {}}"#, None).is_err());
    }
}
