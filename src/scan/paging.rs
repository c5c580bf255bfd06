//! Decides where the next page begins, and what proves that there is none. Pure: sees the page just read, never the network.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::error::{Error, ErrorKind, Result};
use crate::plan::request::PageToken;
use crate::sources::PagingStyle;

/// An API that answers this many empty pages in a row, each naming another key, is not answering (law 2).
const MAX_EMPTY_PAGES: u32 = 100;

/// What a response says of the next page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageFacts {
    /// Records in the response, before any was dropped.
    pub records: u64,
    /// The key of the next page: absent, null and `""` are all `None`.
    pub next: Option<String>,
}

/// The state of one chain.
#[derive(Debug)]
pub struct Pager {
    style: PagingStyle,
    token: PageToken,
    seen: HashSet<u128>,
    empty: u32,
}

impl Pager {
    /// A chain at its start.
    pub fn new(style: PagingStyle) -> Self {
        Self { style, token: PageToken::Start, seen: HashSet::new(), empty: 0 }
    }

    /// The token of the page to ask for.
    pub fn token(&self) -> &PageToken {
        &self.token
    }

    /// Moves on past the page just read. `false` is the proven end.
    pub fn advance(&mut self, facts: &PageFacts) -> Result<bool> {
        let PagingStyle::Cursor { bookmark, .. } = self.style;
        let Some(key) = facts.next.as_deref().filter(|key| !key.is_empty()) else { return Ok(false) };
        let same = matches!(&self.token, PageToken::Cursor(used) if used == key);
        if same && facts.records == 0 && bookmark {
            return Ok(false);
        }
        if same || !self.seen.insert(fingerprint(key)) {
            return Err(Error::new(ErrorKind::Shape, "the API named a page key that it had named before")
                .hint("Reading on would never end or repeat rows. Report this to the API's vendor, or ask for a smaller time range."));
        }
        self.empty = if facts.records == 0 { self.empty + 1 } else { 0 };
        if self.empty >= MAX_EMPTY_PAGES {
            return Err(Error::new(
                ErrorKind::Shape,
                format!("the API answered {MAX_EMPTY_PAGES} empty pages in a row, each naming another"),
            )
            .hint("Nothing proves that the data ended. Report this to the API's vendor, or ask for a smaller time range."));
        }
        self.token = PageToken::Cursor(key.to_owned());
        Ok(true)
    }
}

/// 128 bits stand for a key, so that memory stays bounded for chains of many long keys (law 8).
fn fingerprint(key: &str) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, key).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    (half(0) << 64) | half(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::built_in;

    fn pager() -> Pager {
        Pager::new(built_in("tixngo").unwrap().unwrap().tables[0].pagination.style.clone())
    }

    fn page(records: u64, next: Option<&str>) -> PageFacts {
        PageFacts { records, next: next.map(str::to_owned) }
    }

    #[test]
    fn a_missing_or_empty_key_ends_the_chain_whatever_the_page_held() {
        for records in [0, 5] {
            assert_eq!(pager().advance(&page(records, None)), Ok(false));
            assert_eq!(pager().advance(&page(records, Some(""))), Ok(false));
        }
    }

    #[test]
    fn an_empty_page_with_a_new_key_is_not_the_end() {
        let mut p = pager();
        assert_eq!(p.advance(&page(0, Some("a"))), Ok(true));
        assert_eq!(*p.token(), PageToken::Cursor("a".into()));
        assert_eq!(p.advance(&page(3, Some("b"))), Ok(true));
    }

    #[test]
    fn an_empty_page_with_the_key_just_used_is_a_bookmark_where_declared() {
        let mut p = pager();
        assert_eq!(p.advance(&page(3, Some("a"))), Ok(true));
        assert_eq!(p.advance(&page(0, Some("a"))), Ok(false));
        let mut strict = pager();
        let PagingStyle::Cursor { bookmark, .. } = &mut strict.style;
        *bookmark = false;
        assert_eq!(strict.advance(&page(3, Some("a"))), Ok(true));
        assert!(strict.advance(&page(0, Some("a"))).is_err());
    }

    #[test]
    fn a_key_seen_before_is_an_error_also_when_others_came_between() {
        let mut p = pager();
        assert_eq!(p.advance(&page(1, Some("a"))), Ok(true));
        assert_eq!(p.advance(&page(1, Some("b"))), Ok(true));
        assert_eq!(p.advance(&page(1, Some("a"))).unwrap_err().kind(), ErrorKind::Shape);
        let mut p = pager();
        assert_eq!(p.advance(&page(1, Some("a"))), Ok(true));
        assert!(p.advance(&page(1, Some("a"))).is_err(), "rows and the same key: no progress");
    }

    #[test]
    fn a_hundred_empty_pages_in_a_row_are_an_error() {
        let mut p = pager();
        for i in 1..MAX_EMPTY_PAGES {
            assert_eq!(p.advance(&page(0, Some(&format!("k{i}")))), Ok(true));
        }
        assert_eq!(p.advance(&page(0, Some("last"))).unwrap_err().kind(), ErrorKind::Shape);
    }
}
