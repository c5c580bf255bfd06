//! How a table is paged: where the next page begins, how large it is, and what proves the last page.
//!
//! What must not be broken: a scan ends successfully only on the proof that is declared here, because a page that ends early
//! would silently lose records. Every `match` on [`PagingStyle`] lists all styles, so that a new style must choose.

use super::Place;
use super::Pointer;
use crate::error::{Error, ErrorKind, Result};

/// The paging of one table.
#[derive(Debug, Clone)]
pub struct Pagination {
    /// How the next page is found.
    pub style: PagingStyle,
    /// The request parameter of the page size, and its bounds.
    pub size: PageSize,
    /// Where the response has the total number of records. The chain ends when the total is reached.
    pub total: Option<Pointer>,
    /// Whether an empty page ends the chain.
    pub empty_page_ends: bool,
    /// What a full page without a next page proves. Only keyed styles use it, because only their pages name the next one.
    pub full_last_page: FullLastPage,
}

/// What a full page proves that names no next page. If the name is looked for in the wrong place, every page looks like that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FullLastPage {
    /// The page proves nothing until a page of the scan has named a next one. Without such a page, the first page is requested
    /// once more, one record smaller, and must name a next page.
    #[default]
    Check,
    /// The page is the last one.
    Accept,
    /// The page is an error. No further request is made to check it.
    Error,
}

impl FullLastPage {
    /// The words of descriptions.
    pub const NAMES: &[(&str, Self)] = &[("check", Self::Check), ("accept", Self::Accept), ("error", Self::Error)];
}

/// What proves that a page was the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// The declared total is reached.
    Total,
    /// A page has no records.
    EmptyPage,
    /// A page names no next page, however full it is.
    MissingKey,
}

impl Pagination {
    /// Whether pages overlap by a record.
    ///
    /// The overlap is the only way to notice rows that move while the total stays, or that move where there is no total. It
    /// also lets the scan ask for what follows the last page without leaving the list.
    pub fn overlaps(&self) -> bool {
        let may_overlap = match self.style {
            PagingStyle::Offset { overlap, .. } => overlap || self.total.is_some(),
            PagingStyle::Cursor { .. } | PagingStyle::Number { .. } | PagingStyle::NextUrl(_) => false,
        };
        may_overlap && self.size.max > 1
    }

    /// Whether numbered pages may be requested in different sizes, so that they overlap. The overlap is the only way to notice
    /// rows that move while the total stays.
    pub fn varies(&self) -> bool {
        self.style.is_numbered() && self.total.is_some() && !self.empty_page_ends
    }

    /// Changes what proves the last page. Fails if the API's responses do not have that proof.
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
                // Without a total, only the overlap notices rows that move.
                match &mut self.style {
                    PagingStyle::Offset { overlap, .. } => *overlap = true,
                    PagingStyle::Cursor { .. } | PagingStyle::Number { .. } | PagingStyle::NextUrl(_) => {}
                }
            }
        }
        Ok(())
    }
}

/// The ways to find the next page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PagingStyle {
    /// An opaque key in the response names the next page. An absent, null or empty key ends the chain.
    Cursor {
        /// The request parameter of the key.
        token: Place,
        /// Where the response has the key of the next page.
        next: Pointer,
        /// Whether the last key may be a bookmark: an empty page that names the key just used then ends the chain.
        bookmark: bool,
    },
    /// Pages are numbered. A page's number depends on the page size.
    Number {
        /// The request parameter of the number.
        place: Place,
        /// The number of the first page.
        first: u64,
    },
    /// The request says how many records lie before the page.
    Offset {
        /// The request parameter of the offset.
        place: Place,
        /// The largest offset that the API accepts. Records beyond it cannot be read.
        max: Option<u64>,
        /// Whether each page is requested from one record earlier, and must begin with the last record of the page before. With
        /// a total, pages overlap in any case.
        overlap: bool,
    },
    /// The response names the address of the next page. An absent, null or empty address ends the chain.
    NextUrl(NextUrl),
}

impl PagingStyle {
    /// Whether a page names the next one. Records that arrive meanwhile then move no page.
    pub fn is_keyed(&self) -> bool {
        match self {
            Self::Cursor { .. } | Self::NextUrl(_) => true,
            Self::Number { .. } | Self::Offset { .. } => false,
        }
    }

    /// Whether pages are numbered, so that the page size decides where a page begins.
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

    /// Where the response's body names the next page. `None` if the `Link` header names it, or nothing does.
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

    /// The request parameter that says where a page begins. `None` if the page's address says it.
    pub fn token_place(&self) -> Option<&Place> {
        match self {
            Self::Cursor { token: place, .. } | Self::Number { place, .. } | Self::Offset { place, .. } => Some(place),
            Self::NextUrl(_) => None,
        }
    }
}

/// Where a response has the address of the next page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextUrl {
    /// In the body.
    Body(Pointer),
    /// In the `Link` header, with `rel="next"` (RFC 8288).
    LinkHeader,
}

/// The request parameter of the page size, and its bounds.
#[derive(Debug, Clone)]
pub struct PageSize {
    /// The request parameter.
    pub place: Place,
    /// The largest size that the API accepts.
    pub max: u64,
    /// Whether the size may differ between the pages of one chain.
    pub may_change: bool,
}
