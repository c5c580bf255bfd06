//! How a table is paged: where the next page begins, how large it is, and what proves that there is none.

use super::Place;
use super::Pointer;
use crate::error::{Error, ErrorKind, Result};

/// How the next page is asked for, and what proves that there is none.
#[derive(Debug, Clone)]
pub struct Pagination {
    /// The rule that yields the next page token.
    pub style: PagingStyle,
    /// Where the page size travels.
    pub size: PageSize,
    /// Where the response says how many records there are in all; reaching it is the end.
    pub total: Option<Pointer>,
    /// An empty page is the end.
    pub empty_page_ends: bool,
    /// What a page proves that is as full as was asked for and names no next one, where pages name the next one.
    pub full_last_page: FullLastPage,
}

/// What a full page proves that names no next one: where the name is looked for in the wrong place, every page looks like that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FullLastPage {
    /// Nothing, until a page of the scan has named a next one: else the first page is asked for once more, one record smaller,
    /// and must name one.
    #[default]
    Check,
    /// That it is the last.
    Accept,
    /// Nothing, and no request shall find it out: it is an error.
    Error,
}

impl FullLastPage {
    /// The words that name them.
    pub const NAMES: &[(&str, Self)] = &[("check", Self::Check), ("accept", Self::Accept), ("error", Self::Error)];
}

/// What proves that a page was the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// The declared total is reached.
    Total,
    /// A page has no records.
    EmptyPage,
    /// A page names no next one, however full it is.
    MissingKey,
}

impl Pagination {
    /// Whether pages overlap by a record: the only way to notice rows that move while a total stays, or that move where there is
    /// none, and to ask behind the last page without leaving the list.
    pub fn overlaps(&self) -> bool {
        let may_overlap = match self.style {
            PagingStyle::Offset { overlap, .. } => overlap || self.total.is_some(),
            PagingStyle::Cursor { .. } | PagingStyle::Number { .. } | PagingStyle::NextUrl(_) => false,
        };
        may_overlap && self.size.max > 1
    }

    /// Whether numbered pages may be asked for in sizes that differ, so that they overlap: the only way to notice rows that move while
    /// the total stays.
    pub fn varies(&self) -> bool {
        self.style.is_numbered() && self.total.is_some() && !self.empty_page_ends
    }

    /// Changes what proves the end.
    pub(super) fn prove(&mut self, evidence: Evidence) -> Result<()> {
        match evidence {
            Evidence::Total if self.total.is_some() => self.empty_page_ends = false,
            Evidence::Total => {
                return Err(Error::new(ErrorKind::OptionValue, "option \"evidence\" is 'total', but the API's responses have none"));
            }
            Evidence::MissingKey if self.style.is_keyed() => self.full_last_page = FullLastPage::Accept,
            Evidence::MissingKey => {
                return Err(Error::new(
                    ErrorKind::OptionValue,
                    "option \"evidence\" is 'missing_key', but the API's pages name no next one",
                ));
            }
            Evidence::EmptyPage => {
                self.total = None;
                self.empty_page_ends = true;
                // Without a total nothing else would notice rows that move.
                match &mut self.style {
                    PagingStyle::Offset { overlap, .. } => *overlap = true,
                    PagingStyle::Cursor { .. } | PagingStyle::Number { .. } | PagingStyle::NextUrl(_) => {}
                }
            }
        }
        Ok(())
    }
}

/// The rules that yield page tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PagingStyle {
    /// An opaque key in the response names the next page; its absence, null or `""` ends the chain.
    Cursor {
        /// Where the key travels in the next request.
        token: Place,
        /// Where the key is in the response.
        next: Pointer,
        /// The last key may be a bookmark: an empty page that names the key just used ends the chain.
        bookmark: bool,
    },
    /// Pages are numbered. A page of another size has another number.
    Number {
        /// Where the number travels.
        place: Place,
        /// The number of the first page.
        first: u64,
    },
    /// A page begins after so many records.
    Offset {
        /// Where the offset travels.
        place: Place,
        /// The largest offset that the API accepts; records beyond it cannot be read.
        max: Option<u64>,
        /// Each page is asked for from one record earlier, and must begin with the last record of the page before; where there
        /// is a total, in any case.
        overlap: bool,
    },
    /// The response names the address of the next page; its absence, null or `""` ends the chain.
    NextUrl(NextUrl),
}

impl PagingStyle {
    /// Whether the next page is found by what the page before named, so that records which arrive meanwhile move no page.
    pub fn is_keyed(&self) -> bool {
        match self {
            Self::Cursor { .. } | Self::NextUrl(_) => true,
            Self::Number { .. } | Self::Offset { .. } => false,
        }
    }

    /// Whether pages have numbers, so that the size of a page says where it begins.
    pub fn is_numbered(&self) -> bool {
        match self {
            Self::Number { .. } => true,
            Self::Cursor { .. } | Self::Offset { .. } | Self::NextUrl(_) => false,
        }
    }

    /// Whether the response names the whole address of the next page, not only a key.
    pub fn names_address(&self) -> bool {
        match self {
            Self::NextUrl(_) => true,
            Self::Cursor { .. } | Self::Number { .. } | Self::Offset { .. } => false,
        }
    }

    /// Whether an empty page that names the key just used is the end.
    pub fn may_bookmark(&self) -> bool {
        match self {
            Self::Cursor { bookmark, .. } => *bookmark,
            Self::Number { .. } | Self::Offset { .. } | Self::NextUrl(_) => false,
        }
    }

    /// Where the response's body names the next page; `None` where the `Link` header does, or nothing.
    pub fn next_in_body(&self) -> Option<&Pointer> {
        match self {
            Self::Cursor { next, .. } | Self::NextUrl(NextUrl::Body(next)) => Some(next),
            Self::Number { .. } | Self::Offset { .. } | Self::NextUrl(NextUrl::LinkHeader) => None,
        }
    }

    /// Whether the response's `Link` header names the next page.
    pub fn next_in_link_header(&self) -> bool {
        match self {
            Self::NextUrl(NextUrl::LinkHeader) => true,
            Self::Cursor { .. } | Self::Number { .. } | Self::Offset { .. } | Self::NextUrl(NextUrl::Body(_)) => false,
        }
    }

    /// The request parameter that says where a page begins; `None` where the page's address says it.
    pub fn token_place(&self) -> Option<&Place> {
        match self {
            Self::Cursor { token: place, .. } | Self::Number { place, .. } | Self::Offset { place, .. } => Some(place),
            Self::NextUrl(_) => None,
        }
    }
}

/// Where the address of the next page stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextUrl {
    /// In the body.
    Body(Pointer),
    /// In the `Link` header, with `rel="next"` (RFC 8288).
    LinkHeader,
}

/// Where the page size travels, and its bounds.
#[derive(Debug, Clone)]
pub struct PageSize {
    /// The request parameter.
    pub place: Place,
    /// The largest size that the API accepts.
    pub max: u64,
    /// Whether it may differ between the pages of one chain.
    pub may_change: bool,
}
