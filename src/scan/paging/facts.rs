//! What a response says of its page and of the next one: all that a pager sees of it. Pure.

use crate::http::content_range::Partial;

/// Where Elasticsearch stops counting unless it is told not to: an API in front of it names this total where there are more records. A
/// chain that ends there is asked for one page more.
pub const SUSPECT_TOTAL: u64 = 10_000;

/// What a response says of its page and of the next one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageFacts {
    /// Records in the response, before any was dropped.
    pub records: u64,
    /// The key or the address of the next page. An absent or null member is `None`; an empty text names no page either.
    pub next: Option<String>,
    /// How many records there are in all, if the response says so.
    pub total: Option<u64>,
    /// Fingerprints of the first records, up to [`HEAD`](super::HEAD) of them.
    pub head: Vec<u64>,
    /// The fingerprint of the last record, where pages may overlap.
    pub last: Option<u64>,
    /// The fingerprint of the last of the records that overlap the page before.
    pub seam: Option<u64>,
    /// The `Content-Range` of a response that is a part of an answer.
    pub partial: Option<Partial>,
}

impl PageFacts {
    /// The key or the address of the next page, if the response names one.
    pub(super) fn named(&self) -> Option<&str> {
        self.next.as_deref().filter(|key| !key.is_empty())
    }
}

/// What the pages of a scan have shown so far. The pages of one chain count for the others: they are answers of one API.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// A page named the next one.
    pub(super) named: bool,
    /// The most records that a page had.
    pub(super) largest: u64,
}

impl Seen {
    /// Adds a page, and returns what was seen before it.
    pub fn add(&mut self, facts: &PageFacts) -> Self {
        let now = Self { named: self.named || facts.named().is_some(), largest: self.largest.max(facts.records) };
        std::mem::replace(self, now)
    }
}
