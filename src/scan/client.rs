//! The only code that opens a connection: one request in, one decompressed body or one classified error out.

use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, DATE, HeaderName, HeaderValue, LINK, RETRY_AFTER};
use reqwest::{Response, StatusCode, redirect};
use url::Url;

use super::auth::Authorization;
use super::body::{self, BodyPool};
use super::link;
use super::retry::{Failure, RetryPolicy, retry_after};
use super::stats::Stats;
use crate::error::{Error, ErrorKind, Result};
use crate::options::Settings;
use crate::plan::request::Request;
use crate::sources::Method;

/// A chain of redirects within one host is followed this far.
const MAX_REDIRECTS: usize = 5;
/// More than this is not reserved on the word of a Content-Length.
const MAX_RESERVE: u64 = 64 << 20;

/// One server as one user: a pool of connections, kept for the backend's life.
#[derive(Debug)]
pub struct Connection {
    http: reqwest::Client,
    base: Url,
    auth: Authorization,
    request_timeout: Duration,
    retry: RetryPolicy,
    pace: Option<Pace>,
}

/// Spaces requests evenly.
#[derive(Debug)]
struct Pace {
    gap: Duration,
    next: Mutex<Instant>,
}

impl Pace {
    /// Takes the next free moment and says how long it is until then.
    fn reserve(&self) -> Duration {
        let now = Instant::now();
        let Ok(mut next) = self.next.lock() else { return Duration::ZERO };
        let at = (*next).max(now);
        *next = at + self.gap;
        at - now
    }
}

/// What a scan allows its requests.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Requests of the whole scan; 0 is no limit.
    pub max_requests: u64,
    /// Bytes of one response, decompressed.
    pub max_response_bytes: u64,
    /// Whether request lines are kept for the log.
    pub log: bool,
}

/// A successful response.
#[derive(Debug)]
pub struct Reply {
    /// Its body, decompressed.
    pub body: Vec<u8>,
    /// The next page by its `Link` header.
    pub next: Option<String>,
}

/// How one attempt failed.
struct Attempt {
    failure: Option<Failure>,
    error: Error,
}

impl Connection {
    /// A client for these settings. `auth` shows who asks.
    pub fn new(settings: &Settings, auth: Authorization) -> Result<Self> {
        let same_origin = redirect::Policy::custom(|attempt| {
            // SECURITY: reqwest would take our own header for the key along to another host. Stopping leaves the 3xx to us.
            let from = attempt.previous().first().map(Url::origin);
            if attempt.previous().len() <= MAX_REDIRECTS && from == Some(attempt.url().origin()) {
                attempt.follow()
            } else {
                attempt.stop()
            }
        });
        let mut builder = reqwest::Client::builder()
            .redirect(same_origin)
            .user_agent(settings.user_agent.as_str())
            .connect_timeout(settings.connect_timeout)
            .read_timeout(settings.read_timeout)
            .tcp_nodelay(true)
            .pool_max_idle_per_host(settings.concurrency);
        builder = match &settings.proxy {
            None => builder.no_proxy(),
            Some(url) => builder.proxy(reqwest::Proxy::all(url.clone()).map_err(|e| cannot_build("proxy", &e))?),
        };
        if let Some(file) = &settings.ca_file {
            let pem = std::fs::read(file).map_err(|e| cannot_build("ca_file", &e))?;
            let certificates = reqwest::Certificate::from_pem_bundle(&pem).map_err(|e| cannot_build("ca_file", &e))?;
            if certificates.is_empty() {
                return Err(cannot_build("ca_file", &"it holds no PEM certificate"));
            }
            builder = builder.tls_certs_merge(certificates);
        }
        let http = builder.build().map_err(|e| {
            Error::new(ErrorKind::Internal, "could not set up the HTTP client")
                .detail(format!("{}.", root_cause(&e)))
                .hint("If no certificates are installed on the database server, install them (Debian: ca-certificates) or set ca_file.")
        })?;
        let pace = settings
            .requests_per_second
            .map(|rate| Pace { gap: Duration::from_secs_f64((1.0 / rate).min(3600.0)), next: Mutex::new(Instant::now()) });
        Ok(Self {
            http,
            base: settings.base_url.clone(),
            auth,
            request_timeout: settings.request_timeout,
            retry: RetryPolicy { max_retries: settings.max_retries, budget: settings.retry_budget },
            pace,
        })
    }

    /// Sends a request, again where that may help.
    pub async fn fetch(&self, request: &Request, page: u64, limits: Limits, stats: &Stats, pool: &BodyPool) -> Result<Reply> {
        let mut waited = Duration::ZERO;
        let mut attempt = 1;
        loop {
            if let Some(pace) = &self.pace {
                tokio::time::sleep(pace.reserve()).await;
            }
            if limits.max_requests > 0 && stats.begun.add(1) >= limits.max_requests {
                return Err(too_many_requests(limits.max_requests).detail(format!("{}, page {page}.", request.line())));
            }
            stats.requests.add(1);
            let started = Instant::now();
            let outcome = self.attempt(request, limits, stats, pool).await;
            stats.fetch_micros.add_time(started.elapsed());
            if limits.log {
                let what = match &outcome {
                    Ok(reply) => format!("{} bytes", reply.body.len()),
                    Err(failed) => failed.error.message().to_owned(),
                };
                stats.log(format!(
                    "{}, page {page}, attempt {attempt}: {what} in {} ms",
                    request.readable(),
                    started.elapsed().as_millis()
                ));
            }
            let failed = match outcome {
                Ok(reply) => return Ok(reply),
                Err(failed) => failed,
            };
            let wait = failed.failure.and_then(|f| self.retry.next_wait(f, attempt, waited, fastrand::f64()));
            let Some(wait) = wait else {
                return Err(describe(failed.error, request, page, attempt));
            };
            stats.retries.add(1);
            stats.backoff_micros.add_time(wait);
            tokio::time::sleep(wait).await;
            waited += wait;
            attempt += 1;
        }
    }

    async fn attempt(&self, request: &Request, limits: Limits, stats: &Stats, pool: &BodyPool) -> std::result::Result<Reply, Attempt> {
        let give_up = |error| Attempt { failure: None, error };
        let built = self.build(request).map_err(give_up)?;
        let mut response = self.http.execute(built).await.map_err(|e| connection_failed(&e))?;
        if let Some(date) = response.headers().get(DATE).and_then(|h| h.to_str().ok()).and_then(|h| httpdate::parse_http_date(h).ok()) {
            stats.saw_date(date.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs()));
        }
        if !response.status().is_success() {
            return Err(refused(&response));
        }
        let next = link::next(response.headers().get_all(LINK).iter().filter_map(|h| h.to_str().ok()));
        let encoding = response.headers().get(CONTENT_ENCODING).and_then(|h| h.to_str().ok()).map(str::to_owned);
        let mut wire = pool.take();
        let announced = response.content_length().unwrap_or(0);
        if announced > limits.max_response_bytes {
            return Err(give_up(body::too_large(limits.max_response_bytes)));
        }
        wire.reserve(announced.min(MAX_RESERVE) as usize);
        while let Some(chunk) = response.chunk().await.map_err(|e| connection_failed(&e))? {
            stats.wire_bytes.add(chunk.len() as u64);
            if (wire.len() + chunk.len()) as u64 > limits.max_response_bytes {
                return Err(give_up(body::too_large(limits.max_response_bytes)));
            }
            wire.extend_from_slice(&chunk);
        }
        let body = body::decompress(encoding.as_deref(), wire, pool, limits.max_response_bytes).map_err(give_up)?;
        stats.body_bytes.add(body.len() as u64);
        Ok(Reply { body, next })
    }

    fn build(&self, request: &Request) -> Result<reqwest::Request> {
        let mut url = self.base.clone();
        {
            // Joined by steps: Url::join would drop the base's own path, and steps are percent-encoded each.
            let mut path = url.path_segments_mut().map_err(|()| unsendable("base_url"))?;
            path.pop_if_empty().extend(&request.path);
        }
        if let Some(next) = &request.url {
            let next = url.join(next).map_err(|_| Error::new(ErrorKind::Shape, "the address of the next page is not a URL"))?;
            // SECURITY: whoever makes the address must not choose who gets the key.
            if next.origin() != url.origin() {
                return Err(Error::new(ErrorKind::Shape, "the address of the next page is on another host, which is not followed")
                    .hint("Set base_url to the address that the API itself uses, if you trust it."));
            }
            url = next;
        }
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&request.query);
        }
        if let Some((name, secret)) = &self.auth.query {
            url.query_pairs_mut().append_pair(name, secret.expose());
        }
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
        };
        let mut built = self.http.request(method, url).timeout(self.request_timeout);
        for (name, value) in &request.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unsendable(name))?;
            let value = HeaderValue::from_str(value).map_err(|_| unsendable(name.as_str()))?;
            built = built.header(name, value);
        }
        if request.method == Method::Post {
            let body = serde_json::to_vec(&request.body).map_err(|_| unsendable("the body"))?;
            built = built.header(reqwest::header::CONTENT_TYPE, "application/json").body(body);
        }
        built = built.header(ACCEPT, "application/json").header(ACCEPT_ENCODING, body::ACCEPT_ENCODING).headers(self.auth.headers.clone());
        built.build().map_err(|_| unsendable("the request"))
    }
}

fn cannot_build(option: &str, cause: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::OptionValue, format!("option \"{option}\" cannot be used")).detail(format!("{cause}."))
}

fn unsendable(what: &str) -> Error {
    Error::new(ErrorKind::OptionValue, format!("{what} cannot be sent over HTTP"))
}

/// The innermost reason. The outer ones repeat the URL with its host and query.
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

fn connection_failed(error: &reqwest::Error) -> Attempt {
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
    Attempt { failure: Some(Failure::Connection), error: failed }
}

/// Classifies an answer that is not a success. Its body is never shown: it may repeat a secret or hold personal data.
fn refused(response: &Response) -> Attempt {
    let status = response.status();
    let asked = response.headers().get(RETRY_AFTER).and_then(|h| h.to_str().ok()).and_then(|h| retry_after(h, unix_now()));
    let error = |kind, message: &str, hint: &str| Error::new(kind, message).detail(format!("HTTP status {}", status.as_u16())).hint(hint);
    let (failure, error) = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => (
            None,
            error(
                ErrorKind::Unauthorized,
                "the API refused the credentials",
                "Check the user mapping, and the option that names the header.",
            ),
        ),
        StatusCode::TOO_MANY_REQUESTS => {
            let hint = match asked {
                Some(time) if !time.is_zero() => {
                    format!("The API asks to wait {} s. Lower concurrency or requests_per_second.", time.as_secs())
                }
                _ => "Lower concurrency or requests_per_second.".to_owned(),
            };
            (Some(Failure::Throttled(asked)), error(ErrorKind::Throttled, "the API refuses further requests for now", &hint))
        }
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
    Attempt { failure, error }
}

fn too_many_requests(limit: u64) -> Error {
    Error::new(ErrorKind::Throttled, format!("the scan needs more than {limit} requests"))
        .hint("Ask for a smaller time range, or raise the setting restlog_fdw.max_requests.")
}

/// Adds where it happened: method, path, page, attempts. No host: an error may be read by users who must not know it.
fn describe(error: Error, request: &Request, page: u64, attempts: u32) -> Error {
    let tries = if attempts == 1 { String::new() } else { format!(", after {attempts} attempts") };
    let cause = match error.get_detail() {
        None => ".".to_owned(),
        Some(sentence) if sentence.ends_with('.') => format!(". {sentence}"),
        Some(fragment) => format!(": {fragment}."),
    };
    error.detail(format!("{}, page {page}{tries}{cause}", request.line()))
}

fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs())
}
