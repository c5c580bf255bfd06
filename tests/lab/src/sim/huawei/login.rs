//! IAM's `POST /v3/auth/tokens`: exchanges a name and a password for a token, which is in a header of the response.

use chrono::{SecondsFormat, TimeDelta, Utc};
use hyper::Method;
use serde_json::{Value, json};

use crate::sim::api::{ApiRequest, Dialect, Endpoint, Found, Refusal, Reply};

const DAY_SECONDS: u64 = 86_400;

/// The login of all of Huawei's services.
#[derive(Debug)]
pub(crate) struct IamLogin;

impl Endpoint for IamLogin {
    fn method(&self) -> Method {
        Method::POST
    }

    fn path(&self) -> &'static str {
        "/v3/auth/tokens"
    }

    fn dialect(&self) -> &'static dyn Dialect {
        &Iam
    }

    fn read<'a>(&self, request: &'a ApiRequest<'a>) -> Result<Found<'a>, Refusal> {
        let body = Value::Object(request.body.object()?);
        let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
        let methods = body.pointer("/auth/identity/methods").and_then(Value::as_array);
        if !methods.is_some_and(|methods| methods.iter().any(|method| method == "password")) {
            return Err(Refusal::bad_request("auth.identity.methods must name password"));
        }
        let user = "/auth/identity/password/user";
        let known = [("name", "lab-user"), ("password", "lab-password"), ("domain/name", "lab-domain")];
        if known.iter().any(|(member, wanted)| text(&format!("{user}/{member}")) != Some(wanted)) {
            return Err(Refusal::unauthorized("The username or password is wrong."));
        }
        match (text("/auth/scope/project/name"), text("/auth/scope/domain/name")) {
            (Some("lab-project"), _) | (None, Some("lab-domain")) => {}
            (None, None) => return Err(Refusal::bad_request("auth.scope must name a project or a domain")),
            _ => return Err(Refusal::unauthorized("The project or domain of the scope is unknown.")),
        }
        let token = request.memory.issue(request.settings, DAY_SECONDS);
        let life = i64::try_from(request.settings.token_life.unwrap_or(DAY_SECONDS)).unwrap_or(i64::MAX / 1000);
        let (now, life) = (Utc::now(), TimeDelta::try_seconds(life).unwrap_or(TimeDelta::MAX));
        let moment = |time: chrono::DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Micros, true);
        let expires = now.checked_add_signed(life).map(moment);
        let body = json!({"token": {"methods": ["password"], "issued_at": moment(now), "expires_at": expires, "catalog": []}});
        Ok(Found::Reply(Reply::new(201, body).with_header("x-subject-token", token)))
    }
}

/// Words the errors of IAM.
#[derive(Debug)]
struct Iam;

impl Dialect for Iam {
    fn refuse(&self, refusal: &Refusal) -> Reply {
        let title = if refusal.status == 401 { "Unauthorized" } else { "Bad Request" };
        Reply::new(refusal.status, json!({"error": {"code": refusal.status, "message": refusal.message, "title": title}}))
    }

    fn envelope(&self) -> Reply {
        Reply::new(200, json!({"error": {"code": 500, "message": "failed by order"}}))
    }
}
