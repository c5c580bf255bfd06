//! A successful response, as the rooms above see it.

use reqwest::header::{HeaderMap, HeaderValue, LINK};

use super::content_range::Partial;
use super::link;
use crate::error::Result;

/// A successful response.
#[derive(Debug)]
pub struct Response {
    /// The body, decompressed.
    pub body: Vec<u8>,
    /// The headers.
    pub headers: HeaderMap,
    /// The part of a list that a 206 says the body is.
    pub partial: Option<Partial>,
}

impl Response {
    /// The address of the next page from the `Link` header, if it names one.
    ///
    /// Errors: [`ErrorKind::Shape`](crate::error::ErrorKind::Shape), if the header cannot be read.
    pub fn next(&self) -> Result<Option<String>> {
        link::next(self.headers.get_all(LINK).iter().map(HeaderValue::as_bytes))
    }
}
