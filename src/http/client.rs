//! One request → one decompressed response or one classified failure. No other code opens a connection.
//!
//! What must not be broken: secrets are sent to the origin of `base_url` or `auth_url` only (law 9), and a dropped future
//! closes its socket (law 7).

use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION};
use reqwest::{StatusCode, redirect};
use url::Url;

use super::address;
use super::authenticator::{Authenticator, Authorization};
use super::body::{self, BufferPool};
use super::connection_error::{Peer, Route, root_cause};
use super::content_range::Partial;
use super::failure::RequestFailure;
use super::limiter::{ConcurrencyLimiter, LimitMemory};
use super::pace::Pace;
use super::rate_limit::{Advice, server_time};
use super::redirection;
use super::resolver::Resolver;
use super::response::Response;
use super::retry::RetryPolicy;
use super::session::Session;
use super::trust::Trust;
use super::usage::Usage;
use crate::error::{Error, ErrorKind, Result};
use crate::options::Settings;
use crate::plan::carry;
use crate::plan::request::{PathSegment, Request};

use crate::sources::{Method, Part};

/// The most memory that is reserved for a Content-Length, because it may be wrong.
const MAX_RESERVE: u64 = 64 << 20;
/// The number of bytes of an unsuccessful response in which an error's code is looked for.
const MAX_ERROR_BODY: u64 = 64 << 10;

/// A pool of connections to one server for one user, kept for the backend's life.
#[derive(Debug)]
pub struct Connection {
    pub(super) http: reqwest::Client,
    trust: Trust,
    route: Route,
    pub(super) base: Url,
    pub(super) auth_url: Option<Url>,
    pub(super) authenticator: Authenticator,
    pub(super) session: tokio::sync::Mutex<Session>,
    /// The serial of the newest login whose token the API accepted.
    pub(super) accepted: AtomicU64,
    pub(super) request_timeout: Duration,
    pub(super) retry: RetryPolicy,
    pub(super) pace: Option<Pace>,
    /// How many requests were in flight when the last scan ended.
    pub(crate) limit_memory: LimitMemory,
}

/// The limits of a scan's requests.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The number of requests of the whole scan; 0 is no limit.
    pub max_requests: u64,
    /// The bytes of one response, decompressed.
    pub max_response_bytes: u64,
    /// Whether request lines are kept for the log.
    pub log: bool,
}

/// What the requests of one scan share.
#[derive(Debug, Clone, Copy)]
pub struct RequestContext<'s> {
    /// The scan's limits.
    pub limits: Limits,
    /// What the scan's requests took so far.
    pub usage: &'s Usage,
    /// The memory for response bodies.
    pub pool: &'s BufferPool,
    /// The limiter that gives each request its permit.
    pub limiter: &'s ConcurrencyLimiter,
}

impl Connection {
    /// A client with these settings, which authenticates by `authenticator`.
    ///
    /// Errors: [`ErrorKind::OptionValue`] for a `ca_file` or an option that cannot be used, [`ErrorKind::Internal`] if TLS
    /// cannot be set up.
    pub fn new(settings: &Settings, authenticator: Authenticator) -> Result<Self> {
        let session = Session::new(authenticator.fixed()?);
        let mut builder = reqwest::Client::builder()
            // SECURITY: reqwest would send our header with the key to another host. `follow` follows redirects instead.
            .redirect(redirect::Policy::none())
            .dns_resolver(Resolver::default())
            .user_agent(settings.user_agent.as_str())
            .connect_timeout(settings.connect_timeout)
            .read_timeout(settings.read_timeout)
            .tcp_nodelay(true)
            .pool_max_idle_per_host(settings.concurrency);
        builder = match &settings.proxy {
            None => builder.no_proxy(),
            Some(url) => builder.proxy(reqwest::Proxy::all(url.clone()).map_err(|e| cannot_build("proxy", &e))?),
        };
        let trust = Trust::read(settings.ca_file.as_deref())?;
        if let Some(tls) = trust.client_config()? {
            builder = builder.tls_backend_preconfigured(tls);
        }
        let http = builder.build().map_err(|e| {
            Error::new(ErrorKind::Internal, "could not set up the HTTP client")
                .detail(format!("{}.", root_cause(&e)))
                .hint("If no certificates are installed on the database server, install them (Debian: ca-certificates) or set ca_file.")
        })?;
        let pace = settings.requests_per_second.map(Pace::new);
        Ok(Self {
            http,
            trust,
            route: match &settings.proxy {
                None => Route::Direct,
                Some(proxy) if proxy.scheme().starts_with("socks") => Route::Socks,
                Some(_) => Route::HttpProxy,
            },
            base: settings.base_url.clone(),
            auth_url: settings.auth_url.clone(),
            authenticator,
            session: tokio::sync::Mutex::new(session),
            accepted: AtomicU64::new(0),
            request_timeout: settings.request_timeout,
            retry: RetryPolicy { max_retries: settings.max_retries, budget: settings.retry_budget },
            pace,
            limit_memory: LimitMemory::default(),
        })
    }

    /// The certificates that the connection trusts. If `ca_file` has changed since, a new connection is needed.
    pub fn trust(&self) -> &Trust {
        &self.trust
    }

    /// Sends a request once, and reads the response to its end.
    pub(super) async fn attempt(
        &self,
        built: &reqwest::Request,
        context: &RequestContext<'_>,
    ) -> std::result::Result<Response, RequestFailure> {
        let RequestContext { limits, usage, pool, .. } = context;
        let asked = if self.auth_url.as_ref() == Some(built.url()) { Peer::Login } else { Peer::Api };
        let no_answer = |error: reqwest::Error| RequestFailure::connection(&error, asked, self.route);
        let mut response = self.follow(built, &no_answer).await?;
        if let Some(date) = server_time(response.headers()) {
            usage.record_date(date);
        }
        // 202 Accepted means that the request is not answered yet, so it is a failure too.
        if !response.status().is_success() || response.status() == StatusCode::ACCEPTED {
            let failed = RequestFailure::status(response.status(), Advice::of(response.headers(), unix_now()), unix_now());
            return Err(if failed.body_may_explain() {
                failed.with_body_code(&self.authenticator.errors, error_body(response).await.as_deref())
            } else {
                failed
            });
        }
        let partial = Partial::of(response.status(), response.headers()).map_err(RequestFailure::permanent)?;
        let mut wire = pool.acquire();
        let announced = response.content_length().unwrap_or(0);
        if announced > limits.max_response_bytes {
            return Err(RequestFailure::permanent(body::too_large(limits.max_response_bytes)));
        }
        wire.reserve(announced.min(MAX_RESERVE) as usize);
        while let Some(chunk) = response.chunk().await.map_err(no_answer)? {
            usage.wire_bytes.add(chunk.len() as u64);
            if (wire.len() + chunk.len()) as u64 > limits.max_response_bytes {
                return Err(RequestFailure::permanent(body::too_large(limits.max_response_bytes)));
            }
            wire.extend_from_slice(&chunk);
        }
        let headers = std::mem::take(response.headers_mut());
        let encoding = headers.get(CONTENT_ENCODING).and_then(|h| h.to_str().ok());
        let body = body::decompress(encoding, wire, pool, limits.max_response_bytes).map_err(RequestFailure::permanent)?;
        usage.body_bytes.add(body.len() as u64);
        Ok(Response { body, headers, partial })
    }

    /// Sends a request, and follows redirects within its origin.
    async fn follow(
        &self,
        built: &reqwest::Request,
        no_answer: &(dyn Fn(reqwest::Error) -> RequestFailure + Sync),
    ) -> std::result::Result<reqwest::Response, RequestFailure> {
        let until = Instant::now() + self.request_timeout;
        let clone = |request: &reqwest::Request| request.try_clone().ok_or_else(|| RequestFailure::permanent(unsendable("the body")));
        let mut request = clone(built)?;
        let mut followed = 0;
        loop {
            let response = self.http.execute(clone(&request)?).await.map_err(no_answer)?;
            let status = response.status();
            if !status.is_redirection() {
                return Ok(response);
            }
            let target = redirection::target(&request, status, response.headers().get(LOCATION), followed);
            *request.url_mut() = target.map_err(|error| RequestFailure::redirected(status, error))?;
            *request.timeout_mut() = Some(until.saturating_duration_since(Instant::now()));
            followed += 1;
        }
    }

    pub(super) fn below_base(&self, steps: &[PathSegment]) -> Result<Url> {
        address::below(&self.base, steps).ok_or_else(|| unsendable("the path"))
    }

    pub(super) fn build(&self, request: &Request, authorization: &Authorization) -> Result<reqwest::Request> {
        let mut url = self.below_base(&request.path)?;
        if let Some(next) = &request.url {
            let next = url.join(next).map_err(|_| Error::new(ErrorKind::Shape, "the address of the next page is not a URL"))?;
            // SECURITY: whoever makes the address must not choose who receives the key.
            if next.origin() != url.origin() {
                return Err(Error::new(ErrorKind::Shape, "the address of the next page is on another host, which is not followed")
                    .hint("Set base_url to the address that the API itself uses, if you trust it."));
            }
            url = next;
        }
        let pairs = request.query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let pairs = pairs.chain(authorization.query.iter().map(|(name, secret)| (name.as_str(), secret.expose())));
        url = address::with_query(url, pairs).ok_or_else(|| unsendable("the query"))?;
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
        };
        let mut built = self.http.request(method, url).timeout(self.request_timeout);
        for (name, value) in &request.headers {
            if carry::refusal(Part::Header, false, value).is_some() {
                return Err(unsendable(&format!("the value of the header \"{name}\"")));
            }
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unsendable(name))?;
            let value = HeaderValue::from_str(value).map_err(|_| unsendable(name.as_str()))?;
            built = built.header(name, value);
        }
        if request.method == Method::Post {
            let body = serde_json::to_vec(&request.body).map_err(|_| unsendable("the body"))?;
            built = built.header(CONTENT_TYPE, "application/json").body(body);
        }
        built =
            built.header(ACCEPT, "application/json").header(ACCEPT_ENCODING, body::ACCEPT_ENCODING).headers(authorization.headers.clone());
        built.build().map_err(|_| unsendable("the request"))
    }
}

fn cannot_build(option: &str, cause: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::OptionValue, format!("option \"{option}\" cannot be used")).detail(format!("{cause}."))
}

pub(super) fn unsendable(what: &str) -> Error {
    Error::new(ErrorKind::OptionValue, format!("{what} cannot be sent over HTTP"))
}

/// The beginning of an unsuccessful response's body, as far as it can be read.
async fn error_body(mut response: reqwest::Response) -> Option<Vec<u8>> {
    let encoding = response.headers().get(CONTENT_ENCODING).and_then(|h| h.to_str().ok()).map(str::to_owned);
    let mut wire = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        wire.extend_from_slice(&chunk);
        if wire.len() as u64 > MAX_ERROR_BODY {
            return None;
        }
    }
    body::decompress(encoding.as_deref(), wire, &BufferPool::default(), MAX_ERROR_BODY).ok()
}

pub(super) fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs())
}
