//! A redirect → the address that it leads to, if it may be followed. Pure.
//!
//! What must not be broken: a redirect stays within the request's origin, or whoever redirects would choose who receives the
//! key (law 9); and it asks for just what the request asks for.

use reqwest::header::HeaderValue;
use reqwest::{Method, Request, StatusCode};
use url::Url;

use crate::error::{Error, ErrorKind, Result};

/// The most redirects that are followed for one request.
const MAX_REDIRECTS: usize = 5;

/// The address that a redirect of `request` leads to, after `followed` others.
///
/// SECURITY: the target must be of the request's own origin, or whoever redirects would choose who receives the key. It must
/// also ask for just what the request asks for.
pub(crate) fn target(request: &Request, status: StatusCode, location: Option<&HeaderValue>, followed: usize) -> Result<Url> {
    let keeps_method = match status {
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => true,
        // A POST would become a GET, without the body that holds the parameters (RFC 9110 §15.4).
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND | StatusCode::SEE_OTHER => request.method() == Method::GET,
        StatusCode::NOT_MODIFIED => {
            return Err(refused("the API says that nothing has changed, which was not asked")
                .hint("A cache between the database server and the API may be at fault: check proxy and base_url."));
        }
        _ => return Err(nowhere()),
    };
    let target = location.and_then(|location| location.to_str().ok()).and_then(|location| request.url().join(location).ok());
    let target = target.ok_or_else(nowhere)?;
    if let Some(what) = difference(request.url(), &target) {
        return Err(refused(&format!("the API redirects {what}, which is not followed"))
            .hint("Set base_url to the address that it redirects to, if you trust it."));
    }
    if !keeps_method {
        return Err(refused("the API redirects a POST so that its body would be lost, which is not followed")
            .hint("Set base_url so that the table's path leads to the address that the API redirects to."));
    }
    if followed >= MAX_REDIRECTS {
        return Err(refused(&format!("the API redirected {} times in a row", followed + 1))
            .hint("Check base_url: the API may redirect in a loop where it wants a login, or another path."));
    }
    Ok(target)
}

/// What differs between the origins. The target is not shown, because an error may be read by users who must not know the host.
fn difference(from: &Url, to: &Url) -> Option<String> {
    if from.origin() == to.origin() {
        None
    } else if from.host() != to.host() {
        Some("to another host".to_owned())
    } else if from.scheme() != to.scheme() {
        Some(format!("from {} to {}", from.scheme(), to.scheme()))
    } else {
        Some("to another port".to_owned())
    }
}

fn nowhere() -> Error {
    refused("the API redirects without an address to go to")
        .hint("Check base_url: with the table's path it must make the API's own address.")
}

fn refused(message: &str) -> Error {
    Error::new(ErrorKind::Shape, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follow(method: Method, status: u16, location: &str, followed: usize) -> std::result::Result<String, String> {
        let request = Request::new(method, Url::parse("https://api.example/v1/log?a=1").unwrap());
        let location = HeaderValue::from_bytes(location.as_bytes()).ok();
        let target = target(&request, StatusCode::from_u16(status).unwrap(), location.as_ref(), followed);
        target.map(String::from).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn a_redirect_within_the_origin_is_followed_where_it_asks_for_the_same() {
        for status in [301, 302, 303, 307, 308] {
            assert_eq!(follow(Method::GET, status, "/v2/log?a=1", 0), Ok("https://api.example/v2/log?a=1".into()), "{status}");
        }
        assert_eq!(follow(Method::POST, 307, "log/", 4), Ok("https://api.example/v1/log/".into()));
        for status in [301, 302, 303] {
            assert!(follow(Method::POST, status, "log/", 0).unwrap_err().contains("body would be lost"), "{status}");
        }
    }

    #[test]
    fn what_is_not_followed_is_named() {
        let told = |location: &str| follow(Method::GET, 302, location, 0).unwrap_err();
        assert_eq!(told("https://other.example/v1/log"), "the API redirects to another host, which is not followed");
        assert_eq!(told("//other.example/"), "the API redirects to another host, which is not followed");
        assert_eq!(told("http://api.example/v1/log"), "the API redirects from https to http, which is not followed");
        assert_eq!(told("https://api.example:8443/v1/log"), "the API redirects to another port, which is not followed");
        assert_eq!(told("https://[::1/"), "the API redirects without an address to go to");
        assert_eq!(follow(Method::GET, 302, "/again", 5).unwrap_err(), "the API redirected 6 times in a row");
        assert_eq!(follow(Method::GET, 304, "/again", 0).unwrap_err(), "the API says that nothing has changed, which was not asked");
        for status in [300, 305, 306] {
            assert_eq!(follow(Method::GET, status, "/again", 0).unwrap_err(), "the API redirects without an address to go to");
        }
    }
}
