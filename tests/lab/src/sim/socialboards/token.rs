//! `POST /token`: exchanges a refresh token for an access token, as in OAuth 2.

use hyper::Method;
use serde_json::json;

use crate::sim::api::{ApiRequest, Dialect, Endpoint, Found, Refusal, Reply};

/// Lifetime of an access token, in seconds.
const LIFE: u64 = 3599;

/// The exchange of tokens.
#[derive(Debug)]
pub(crate) struct Tokens;

impl Endpoint for Tokens {
    fn method(&self) -> Method {
        Method::POST
    }

    fn path(&self) -> &'static str {
        "/token"
    }

    fn dialect(&self) -> &'static dyn Dialect {
        &OAuth
    }

    fn read<'a>(&self, request: &'a ApiRequest<'a>) -> Result<Found<'a>, Refusal> {
        if !request.body.is_form() {
            return Err(Refusal::new(400, "invalid_request", "the body must be a form"));
        }
        let form = request.body.form();
        let is = |name: &str, wanted: &str| form.iter().any(|(known, value)| known == name && value == wanted);
        if !is("grant_type", "refresh_token") {
            return Err(Refusal::new(400, "unsupported_grant_type", "grant_type must be refresh_token"));
        }
        if !is("client_id", "lab-client") {
            return Err(Refusal::new(400, "invalid_client", "client_id is unknown"));
        }
        if !is("refresh_token", "lab-refresh") {
            return Err(Refusal::new(400, "invalid_grant", "refresh_token is unknown or used up"));
        }
        let token = request.memory.issue(request.settings, LIFE);
        let life = request.settings.token_life.unwrap_or(LIFE);
        let body = json!({"access_token": token, "token_type": "bearer", "expires_in": life, "refresh_token": "lab-refresh"});
        Ok(Found::Reply(Reply::new(200, body)))
    }
}

/// Words the errors of OAuth (RFC 6749, section 5.2).
#[derive(Debug)]
struct OAuth;

impl Dialect for OAuth {
    fn refuse(&self, refusal: &Refusal) -> Reply {
        Reply::new(refusal.status, json!({"error": refusal.code, "error_description": refusal.message}))
    }

    fn envelope(&self) -> Reply {
        Reply::new(200, json!({"error": "server_error"}))
    }
}
