//! One exchange: finds the endpoint of a request, and answers with its page or with what a fault makes of it.

use std::io;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, LOCATION, RETRY_AFTER};
use hyper::{Method, Request, Response, StatusCode};

use super::api::{Ask, Endpoint, Page, Refusal};
use super::body::Body;
use super::fault::{Fault, RetryAfter};
use super::server::{OTHER_HOST, Shared};
use super::settings::{ContentCoding, SettingError, Settings};
use super::target::Target;
use super::tixngo::TicketStatusLogs;

const JSON: &str = "application/json";
/// Path prefixes of redirects; a request that carries one has been redirected already.
const MOVED: &str = "/moved";
const ELSEWHERE: &str = "/elsewhere";

static ENDPOINTS: [&dyn Endpoint; 1] = [&TicketStatusLogs];

type Answer = io::Result<Response<Body>>;

/// One request. An error closes the connection without an answer.
pub(crate) async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Answer {
    let target = Target::split(request.uri().path(), request.uri().query());
    match target.path {
        "/_ready" => return Ok(plain(StatusCode::OK, "ready\n".into())),
        "/_requests" => return Ok(shared.tell_requests(request.method(), &target)),
        _ => {}
    }
    let line = format!("{} {}", request.method(), target.readable());
    let settings = match shared.settings(target.settings) {
        Ok(settings) => settings,
        Err(fault) => {
            shared.log.add("default", line, request.headers().clone());
            return Ok(plain(StatusCode::BAD_REQUEST, format!("{fault}\n")));
        }
    };
    shared.log.add(&settings.tag, line, request.headers().clone());
    if settings.latency > 0 {
        tokio::time::sleep(Duration::from_millis(settings.latency)).await;
    }
    let parameters = target.parameters();
    let ask = Ask { settings: &settings, parameters: &parameters, headers: request.headers() };
    match route(request.method(), &target, &ask) {
        Ok(page) => shared.give(&target, &ask, page.as_ref()).await,
        Err(refusal) => Ok(text(refusal.status, JSON, refusal.body())),
    }
}

fn route<'a>(method: &Method, target: &Target<'_>, ask: &'a Ask<'a>) -> Result<Box<dyn Page + 'a>, Refusal> {
    let endpoint = ENDPOINTS
        .iter()
        .find(|endpoint| target.path.ends_with(endpoint.path()))
        .ok_or_else(|| Refusal::new(404, "NOT_FOUND", "no such endpoint"))?;
    if method != Method::GET {
        return Err(Refusal::new(405, "METHOD_NOT_ALLOWED", "only GET is served here"));
    }
    endpoint.read(ask)
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

    /// The fault that strikes this page now, counted if it may strike only so often.
    fn fault<'a>(&self, target: &Target<'_>, ask: &Ask<'a>, page: &dyn Page) -> Option<&'a Fault> {
        let settings = ask.settings;
        let fault = settings.fault.as_ref()?;
        let redirected = target.path.starts_with(MOVED) || target.path.starts_with(ELSEWHERE);
        let strikes = match fault {
            Fault::RedirectOther | Fault::RedirectSame if redirected => false,
            Fault::Bomb if ContentCoding::Gzip.accepted_by(ask.headers) != ContentCoding::Gzip => false,
            _ => fault.strikes(page.number(), settings.at),
        };
        if !strikes {
            return None;
        }
        if let Some(times) = settings.times {
            let mut counts = self.strikes.lock().unwrap_or_else(PoisonError::into_inner);
            let count = counts.entry(target.settings.to_owned()).or_default();
            if *count == times {
                return None;
            }
            *count += 1;
        }
        Some(fault)
    }

    /// Answers with a page, or with what a fault makes of it.
    async fn give(&self, target: &Target<'_>, ask: &Ask<'_>, page: &dyn Page) -> Answer {
        let Some(fault) = self.fault(target, ask, page) else {
            return self.page(ask, page, &Body::whole);
        };
        let (settings, path, query) = (target.settings, target.path, target.query);
        match fault {
            Fault::Status(code) => {
                // The key is echoed on purpose: a client that shows bodies in its errors would leak it.
                let body = serde_json::json!({"error": {
                    "code": format!("E{code}"),
                    "message": "failed by order",
                    "received_key": ask.received_key(),
                }});
                Ok(text(*code, JSON, body.to_string()))
            }
            Fault::Throttle(when) => {
                let body = r#"{"error":{"code":"THROTTLED","message":"too many requests"}}"#;
                let mut response = text(429, JSON, body.into());
                let when = match when {
                    RetryAfter::Seconds(seconds) => seconds.to_string(),
                    // Two seconds ahead: the form has no fractions, one could be over before it is read.
                    RetryAfter::Date => {
                        (chrono::Utc::now() + chrono::TimeDelta::seconds(2)).format("%a, %d %b %Y %H:%M:%S GMT").to_string()
                    }
                    RetryAfter::Missing => return Ok(response),
                };
                if let Ok(when) = when.parse() {
                    response.headers_mut().insert(RETRY_AFTER, when);
                }
                Ok(response)
            }
            Fault::Close => Err(io::Error::other("closed by order")),
            Fault::StallHeaders => std::future::pending().await,
            Fault::Cut => self.page(ask, page, &|body: Bytes| Body::cut(&body)),
            Fault::Stall => self.page(ask, page, &|body: Bytes| Body::stall(&body)),
            Fault::Drip(speed) => self.page(ask, page, &|body: Bytes| Body::drip(body, *speed)),
            Fault::BadJson => Ok(text(200, JSON, "{\"pagination\":{,}".into())),
            Fault::TruncatedJson => {
                let whole = page.write(None);
                let half = String::from_utf8_lossy(&whole[..whole.len() / 2]);
                Ok(text(200, JSON, half.into_owned()))
            }
            Fault::Html => {
                let body = "<!DOCTYPE html><html><body><h1>Maintenance</h1></body></html>\n";
                Ok(text(200, "text/html; charset=utf-8", body.into()))
            }
            Fault::Envelope => {
                let body = r#"{"error":{"code":"E1042","message":"report is not available"}}"#;
                Ok(text(200, JSON, body.into()))
            }
            Fault::RedirectOther => Ok(redirect(&format!("http://{OTHER_HOST}:{}/~{settings}{ELSEWHERE}{path}?{query}", self.port))),
            Fault::RedirectSame => Ok(redirect(&format!("/~{settings}{MOVED}{path}?{query}"))),
            Fault::Bomb => Ok(json(Body::bomb(), ContentCoding::Gzip)),
            _ => Ok(json(Body::whole(page.write(Some(fault))), ContentCoding::Identity)),
        }
    }

    /// The page as it should be, from the cache if it was written before.
    fn page(&self, ask: &Ask<'_>, page: &dyn Page, wrap: &dyn Fn(Bytes) -> Body) -> Answer {
        let coding = ask.settings.encoding.accepted_by(ask.headers);
        let identity = format!("{coding:?} {} {}", ask.settings.content, page.identity());
        let body = match self.cache.get(&identity) {
            Some(body) => body,
            None => {
                let body = Bytes::from(coding.encode(page.write(None))?);
                self.cache.put(identity, &body);
                body
            }
        };
        Ok(json(wrap(body), coding))
    }

    /// `/_requests?tag=T[&headers=a,b]`: shown by GET, cleared by DELETE.
    fn tell_requests(&self, method: &Method, target: &Target<'_>) -> Response<Body> {
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

fn text(status: u16, kind: &'static str, body: String) -> Response<Body> {
    let mut response = Response::new(Body::whole(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn plain(status: StatusCode, body: String) -> Response<Body> {
    text(status.as_u16(), "text/plain; charset=utf-8", body)
}

fn redirect(location: &str) -> Response<Body> {
    let mut response = text(302, "text/plain", String::new());
    if let Ok(location) = location.parse() {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

fn json(body: Body, coding: ContentCoding) -> Response<Body> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
    if let Some(name) = coding.header() {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
    }
    response
}
