//! Builds the responses of all APIs.

use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION};
use hyper::{Response, StatusCode};

use super::api::Reply;
use super::body::Body;
use super::settings::ContentCoding;

pub(crate) const JSON: &str = "application/json";

pub(crate) fn text(status: u16, kind: &'static str, body: String) -> Response<Body> {
    let mut response = Response::new(Body::whole(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

pub(crate) fn plain(status: StatusCode, body: String) -> Response<Body> {
    text(status.as_u16(), "text/plain; charset=utf-8", body)
}

pub(crate) fn redirect(location: &str) -> Response<Body> {
    let mut response = text(302, "text/plain", String::new());
    if let Ok(location) = location.parse() {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

pub(crate) fn reply(reply: Reply) -> Response<Body> {
    with_headers(text(reply.status, JSON, reply.body), reply.headers)
}

/// The response with a page's body.
pub(crate) fn json(body: Body, coding: ContentCoding, headers: Vec<(&'static str, String)>) -> Response<Body> {
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
    if let Some(name) = coding.header() {
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(name));
    }
    with_headers(response, headers)
}

fn with_headers(mut response: Response<Body>, headers: Vec<(&'static str, String)>) -> Response<Body> {
    for (name, value) in headers {
        if let Ok(value) = value.parse() {
            response.headers_mut().append(HeaderName::from_static(name), value);
        }
    }
    response
}
