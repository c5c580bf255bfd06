//! ServiceStack's `POST /auth/credentials`: exchanges a name and a password for a bearer token and a session.

use hyper::Method;
use serde_json::{Value, json};

use crate::sim::api::{ApiRequest, Dialect, Endpoint, Found, Refusal, Reply};

use super::{TOKEN_LIFE, Viviot};

/// The login of Viviot.
#[derive(Debug)]
pub(crate) struct Login;

impl Endpoint for Login {
    fn method(&self) -> Method {
        Method::POST
    }

    fn path(&self) -> &'static str {
        "/auth/credentials"
    }

    fn dialect(&self) -> &'static dyn Dialect {
        &Viviot
    }

    fn read<'a>(&self, request: &'a ApiRequest<'a>) -> Result<Found<'a>, Refusal> {
        // Names are case-insensitive, as everywhere in ServiceStack.
        let fields: Vec<(String, String)> = if request.body.is_form() {
            request.body.form()
        } else {
            let text = |value: Value| value.as_str().map(str::to_owned).unwrap_or_default();
            request.body.object()?.into_iter().map(|(name, value)| (name, text(value))).collect()
        };
        let is = |name: &str, wanted: &str| fields.iter().any(|(known, value)| known.eq_ignore_ascii_case(name) && value == wanted);
        if !is("userName", "lab-user") || !is("password", "lab-password") {
            return Err(Refusal::unauthorized("Invalid UserName or Password"));
        }
        let token = request.memory.issue(request.settings, TOKEN_LIFE);
        let session = request.memory.issue(request.settings, TOKEN_LIFE);
        let body = json!({"userId": "1", "sessionId": session, "userName": "lab-user", "bearerToken": token});
        let reply = Reply::new(200, body).with_header("set-cookie", format!("ss-id={session}; path=/; httponly"));
        Ok(Found::Reply(reply.with_header("set-cookie", "ss-pid=lab-permanent; path=/; httponly")))
    }
}
