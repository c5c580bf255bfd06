//! Sends a page, or what a fault makes of it.

use std::io;
use std::sync::PoisonError;

use bytes::Bytes;
use hyper::header::RETRY_AFTER;

use super::api::{ApiRequest, Dialect, Page, Refusal};
use super::body::Body;
use super::exchange::HttpResult;
use super::fault::{Fault, RetryAfter};
use super::response::{JSON, json, redirect, reply, text};
use super::server::{OTHER_HOST, Shared};
use super::settings::ContentCoding;

/// Path prefixes of redirects, by which a redirected request is recognized.
const MOVED: &str = "/moved";
const ELSEWHERE: &str = "/elsewhere";

impl Shared {
    /// The response for a page, with the fault of the settings if it applies.
    pub(crate) async fn respond(&self, request: &ApiRequest<'_>, dialect: &dyn Dialect, page: &dyn Page) -> HttpResult {
        if let Some(fault) = request.settings.fault.as_ref().filter(|fault| !page.supports(fault)) {
            return Ok(reply(dialect.refuse(&Refusal::setting("fault", fault))));
        }
        let Some(fault) = self.fault(request, page) else {
            return self.page(request, page, &Body::whole);
        };
        let (settings, path, query) = (request.target.settings, request.target.path, request.target.query);
        match fault {
            Fault::Status(code) => Ok(reply(dialect.fail(*code, dialect.credential(request)))),
            Fault::Throttle(when) => {
                let mut response = reply(dialect.refuse(&Refusal::new(429, "THROTTLED", "too many requests")));
                let when = match when {
                    RetryAfter::Seconds(seconds) => seconds.to_string(),
                    // Two seconds: the form has no fractions, so one second might have passed when the client reads it.
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
            Fault::Cut => self.page(request, page, &|body: Bytes| Body::cut(&body)),
            Fault::Stall => self.page(request, page, &|body: Bytes| Body::stall(&body)),
            Fault::Drip(speed) => self.page(request, page, &|body: Bytes| Body::drip(body, *speed)),
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
            Fault::Envelope => Ok(reply(dialect.envelope())),
            Fault::RedirectOther => Ok(redirect(&format!("http://{OTHER_HOST}:{}/~{settings}{ELSEWHERE}{path}?{query}", self.port))),
            Fault::RedirectSame => Ok(redirect(&format!("/~{settings}{MOVED}{path}?{query}"))),
            Fault::Bomb => Ok(json(Body::bomb(page.shell()), ContentCoding::Gzip, Vec::new())),
            _ => Ok(json(Body::whole(page.write(Some(fault))), ContentCoding::Identity, page.headers(Some(fault)))),
        }
    }

    /// The fault that applies to this page. Counts it, if the settings limit the number of times.
    fn fault<'a>(&self, request: &ApiRequest<'a>, page: &dyn Page) -> Option<&'a Fault> {
        let settings = request.settings;
        let fault = settings.fault.as_ref()?;
        let redirected = request.target.path.starts_with(MOVED) || request.target.path.starts_with(ELSEWHERE);
        let applies = match fault {
            Fault::RedirectOther | Fault::RedirectSame if redirected => false,
            Fault::Bomb if ContentCoding::Gzip.accepted_by(request.headers) != ContentCoding::Gzip => false,
            _ => fault.applies_to(page.number(), settings.at),
        };
        if !applies {
            return None;
        }
        if let Some(times) = settings.times {
            let mut counts = self.fault_counts.lock().unwrap_or_else(PoisonError::into_inner);
            let count = counts.entry(request.target.settings.to_owned()).or_default();
            if *count == times {
                return None;
            }
            *count += 1;
        }
        Some(fault)
    }

    /// The page without a content fault, from the cache if it is there.
    fn page(&self, request: &ApiRequest<'_>, page: &dyn Page, wrap: &dyn Fn(Bytes) -> Body) -> HttpResult {
        let coding = request.settings.encoding.accepted_by(request.headers);
        let identity = format!("{coding:?} {} {}", request.settings.content, page.identity());
        let body = match self.cache.get(&identity) {
            Some(body) => body,
            None => {
                let body = Bytes::from(coding.encode(page.write(None))?);
                self.cache.put(identity, &body);
                body
            }
        };
        Ok(json(wrap(body), coding, page.headers(None)))
    }
}
