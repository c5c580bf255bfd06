//! The traits of a simulated API: an endpoint reads a request and finds its page, the page writes itself, a dialect words errors.

use std::fmt::Debug;

use hyper::header::AUTHORIZATION;
use hyper::{HeaderMap, Method};

use super::fault::Fault;
use super::memory::Memory;
use super::request_body::RequestBody;
use super::settings::Settings;
use super::target::Target;

/// A request that reached an API's endpoint.
#[derive(Debug)]
pub(crate) struct ApiRequest<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) target: Target<'a>,
    /// The segments of the path where the endpoint's path has `{}`.
    pub(crate) segments: Vec<String>,
    pub(crate) parameters: &'a [(String, String)],
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a RequestBody,
    pub(crate) memory: &'a Memory,
    /// The port of both hosts.
    pub(crate) port: u16,
}

impl ApiRequest<'_> {
    /// The parameter's value; the last one wins if it is repeated.
    pub(crate) fn one(&self, name: &str) -> Option<&str> {
        self.many(name).last()
    }

    /// All values of a parameter.
    pub(crate) fn many(&self, name: &str) -> impl Iterator<Item = &str> {
        self.parameters.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A whole number, if the parameter is given.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, Refusal> {
        match self.one(name) {
            None => Ok(None),
            Some(text) => text.parse().map(Some).map_err(|_| Refusal::bad_request(format!("{name} must be a whole number"))),
        }
    }

    pub(crate) fn segment(&self, place: usize) -> &str {
        self.segments.get(place).map_or("", String::as_str)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The token of `Authorization: Bearer …`.
    pub(crate) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header(AUTHORIZATION.as_str())?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    }
}

/// Why a request gets no page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    /// The error code, in dialects that have none of their own for the status.
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BAD_REQUEST", message)
    }

    pub(crate) fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(401, "UNAUTHORIZED", message)
    }

    /// Refuses a setting that has no meaning for an API.
    pub(crate) fn setting(name: &str, message: impl Debug) -> Self {
        Self::bad_request(format!("setting {name}: {message:?} has no meaning here"))
    }
}

/// A response that is no page. It is small, is not cached, and has no faults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// JSON text.
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn new(status: u16, body: impl ToString) -> Self {
        Self { status, headers: Vec::new(), body: body.to_string() }
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// How an API words its errors.
pub(crate) trait Dialect: Sync {
    fn refuse(&self, refusal: &Refusal) -> Reply;

    /// An error in a 200.
    fn envelope(&self) -> Reply;

    /// The secret in a request, unchanged. A login has none beside its body.
    fn credential(&self, _request: &ApiRequest<'_>) -> Option<String> {
        None
    }

    /// The failure of `fault=status`. It echoes the secret on purpose: a client that shows bodies in its errors would leak it.
    fn fail(&self, status: u16, credential: Option<String>) -> Reply {
        let received = credential.unwrap_or_else(|| "none".into());
        self.refuse(&Refusal::new(status, "FAILED", format!("failed by order, received_key {received}")))
    }
}

/// What an endpoint answers.
pub(crate) enum Found<'a> {
    Page(Box<dyn Page + 'a>),
    Reply(Reply),
}

impl<'a> Found<'a> {
    pub(crate) fn page(page: impl Page + 'a) -> Self {
        Self::Page(Box::new(page))
    }
}

/// One endpoint of an API.
pub(crate) trait Endpoint: Sync {
    fn method(&self) -> Method {
        Method::GET
    }

    /// The end of the path, after any prefix. `{}` stands for one segment.
    fn path(&self) -> &'static str;

    fn dialect(&self) -> &'static dyn Dialect;

    /// Checks a request and finds its page.
    fn read<'a>(&self, request: &'a ApiRequest<'a>) -> Result<Found<'a>, Refusal>;
}

/// A page that is found and not yet written.
pub(crate) trait Page: Send + Sync {
    /// The page's number in its chain, from 1, by which faults are placed.
    fn number(&self) -> u32;

    /// What decides the page's bytes beside the settings: the key of the page cache.
    fn identity(&self) -> String;

    /// Whether a content fault has a meaning for this page.
    fn supports(&self, fault: &Fault) -> bool;

    /// Headers beside those of every response.
    fn headers(&self, _fault: Option<&Fault>) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// The JSON text, with the content fault in it if there is one.
    fn write(&self, fault: Option<&Fault>) -> Vec<u8>;

    /// The text around the records of an empty last page.
    fn shell(&self) -> (Vec<u8>, Vec<u8>);
}
