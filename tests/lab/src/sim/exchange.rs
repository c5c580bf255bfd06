//! One exchange: logs a request, finds its endpoint, and sends its page or its refusal.

use std::io;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONNECTION, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};

use super::api::{ApiRequest, Dialect, Endpoint, Found, Refusal};
use super::audit;
use super::body::Body;
use super::huawei;
use super::request_body::RequestBody;
use super::response::{plain, reply};
use super::server::Shared;
use super::settings::{SettingError, Settings, Switch};
use super::socialboards;
use super::target::Target;
use super::tixngo::{self, Tixngo};
use super::viviot;

/// The longest body of a request. Those of the simulated APIs are far shorter.
const MAX_BODY: usize = 1 << 20;

static ENDPOINTS: [&dyn Endpoint; 14] = [
    &tixngo::TicketStatusLogs,
    &tixngo::Tickets("/organizer/report/events/tickets"),
    &tixngo::Tickets("/organizer/report/events/tickets-light"),
    &huawei::OperateLogs,
    &huawei::Cases,
    &huawei::Messages,
    &huawei::IamLogin,
    &viviot::ActionLogs,
    &viviot::Login,
    &socialboards::BoardTicketLog,
    &socialboards::BoardTickets,
    &socialboards::Tokens,
    &audit::Events,
    &audit::Entries,
];

pub(crate) type HttpResult = io::Result<Response<Body>>;

/// Answers one request. An error closes the connection without a response.
pub(crate) async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> HttpResult {
    let (head, body) = request.into_parts();
    let target = Target::split(head.uri.path(), head.uri.query());
    match target.path {
        "/_ready" => return Ok(plain(StatusCode::OK, "ready\n".into())),
        "/_requests" => return Ok(shared.serve_request_log(&head.method, &target)),
        _ => {}
    }
    let bytes: Bytes = Limited::new(body, MAX_BODY).collect().await.map_err(io::Error::other)?.to_bytes();
    let body = RequestBody::new(&bytes, &head.headers);
    let mut line = format!("{} {}", head.method, target.readable());
    if !bytes.is_empty() {
        line = format!("{line} {}", body.readable());
    }
    let settings = match shared.settings(target.settings) {
        Ok(settings) => settings,
        Err(fault) => {
            shared.log.add("default", line, head.headers, head.version);
            return Ok(plain(StatusCode::BAD_REQUEST, format!("{fault}\n")));
        }
    };
    shared.log.add(&settings.tag, line, head.headers.clone(), head.version);
    if settings.latency > 0 {
        tokio::time::sleep(Duration::from_millis(settings.latency)).await;
    }
    let (endpoint, segments) = match route(&head.method, &target) {
        Ok(found) => found,
        Err(refusal) => return Ok(reply(Tixngo.refuse(&refusal))),
    };
    let parameters = target.parameters();
    let request = ApiRequest {
        settings: &settings,
        target,
        segments,
        parameters: &parameters,
        headers: &head.headers,
        body: &body,
        memory: &shared.memory,
        port: shared.port,
    };
    let mut answer = match endpoint.read(&request) {
        Ok(Found::Page(page)) => shared.respond(&request, endpoint.dialect(), page.as_ref()).await?,
        Ok(Found::Reply(found)) => reply(found),
        Err(refusal) => reply(endpoint.dialect().refuse(&refusal)),
    };
    if settings.keep_alive == Switch::Off {
        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(answer)
}

/// The endpoint of a request, and the variable segments of its path.
fn route(method: &Method, target: &Target<'_>) -> Result<(&'static dyn Endpoint, Vec<String>), Refusal> {
    let mut known = ENDPOINTS.iter().filter_map(|endpoint| Some((*endpoint, target.segments(endpoint.path())?))).peekable();
    if known.peek().is_none() {
        return Err(Refusal::new(404, "NOT_FOUND", "no such endpoint"));
    }
    let served = known.find(|(endpoint, _)| endpoint.method() == method);
    served.ok_or_else(|| Refusal::new(405, "METHOD_NOT_ALLOWED", format!("{method} is not served here")))
}

impl Shared {
    fn settings(&self, text: &str) -> Result<Arc<Settings>, SettingError> {
        let mut known = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(settings) = known.get(text) {
            return Ok(Arc::clone(settings));
        }
        let settings = Arc::new(Settings::parse(text)?);
        known.insert(text.to_owned(), Arc::clone(&settings));
        Ok(settings)
    }

    /// Serves `/_requests?tag=T[&headers=a,b]`: GET shows the log, DELETE clears it.
    fn serve_request_log(&self, method: &Method, target: &Target<'_>) -> Response<Body> {
        let parameters = target.parameters();
        let one = |name| parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let tag = one("tag").unwrap_or("default");
        let wanted: Vec<&str> = one("headers").into_iter().flat_map(|names| names.split(',')).collect();
        match *method {
            Method::GET => {
                let lines = self.log.lines(tag, &wanted);
                plain(StatusCode::OK, lines.into_iter().map(|line| line + "\n").collect())
            }
            Method::DELETE => {
                self.log.clear(tag);
                plain(StatusCode::OK, String::new())
            }
            _ => {
                let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, String::new());
                response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, DELETE"));
                response
            }
        }
    }
}
