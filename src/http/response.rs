//! A response of success, as the rooms above see it.

use reqwest::header::{HeaderMap, HeaderValue, LINK};

use super::content_range::Partial;
use super::link;
use crate::error::Result;

/// A successful response.
#[derive(Debug)]
pub struct Response {
    /// Its body, decompressed.
    pub body: Vec<u8>,
    /// Its headers.
    pub headers: HeaderMap,
    /// What it says of itself where it is a part of an answer.
    pub partial: Option<Partial>,
}

impl Response {
    /// The next page by its `Link` header.
    pub fn next(&self) -> Result<Option<String>> {
        link::next(self.headers.get_all(LINK).iter().map(HeaderValue::as_bytes))
    }
}
