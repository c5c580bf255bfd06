//! Decides where the next page begins, and what proves that there is none. Pure: sees the page just read, never the network.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use crate::error::{Error, ErrorKind, Result};
use crate::plan::request::PageToken;
use crate::sources::{Pagination, PagingStyle};

/// An API that answers this many empty pages in a row, each naming another key, is not answering (law 2).
const MAX_EMPTY_PAGES: u32 = 100;

/// Where Elasticsearch stops counting unless it is told not to: an API in front of it says so many where there are more. A chain
/// that ends there is asked for one page more.
pub const SUSPECT_TOTAL: u64 = 10_000;

/// What a response says of the next page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageFacts {
    /// Records in the response, before any was dropped.
    pub records: u64,
    /// The key or address of the next page: absent, null and `""` are all `None`.
    pub next: Option<String>,
    /// How many records there are in all, if the response says so.
    pub total: Option<u64>,
    /// Fingerprints of the first and the last record, where pages overlap.
    pub ends: Option<(u64, u64)>,
}

/// The state of one chain.
#[derive(Debug)]
pub struct Pager {
    pagination: Pagination,
    token: PageToken,
    seen: HashSet<u128>,
    empty: u32,
    /// Records read so far, overlaps not counted twice.
    read: u64,
    total: Option<u64>,
    /// The fingerprint of the last record read.
    last: Option<u64>,
    /// The most records that a page had.
    largest: u64,
    /// The page asked for shall be empty: it begins behind the last record, without overlap.
    confirming: bool,
}

impl Pager {
    /// A chain at its start.
    pub fn new(pagination: Pagination) -> Self {
        Self {
            pagination,
            token: PageToken::Start,
            seen: HashSet::new(),
            empty: 0,
            read: 0,
            total: None,
            last: None,
            largest: 0,
            confirming: false,
        }
    }

    /// The token of the page to ask for.
    pub fn token(&self) -> &PageToken {
        &self.token
    }

    /// The token of a page that is named by this key, if it is not the page asked for.
    pub fn token_of(&self, key: String) -> Option<PageToken> {
        let token = match self.pagination.style {
            PagingStyle::Cursor { .. } => PageToken::Cursor(key),
            PagingStyle::NextUrl(_) => PageToken::Url(key),
            PagingStyle::Number { .. } | PagingStyle::Offset { .. } => return None,
        };
        (token != self.token).then_some(token)
    }

    /// How many records at the start of the page asked for were read before.
    pub fn overlap(&self) -> u64 {
        match (&self.pagination.style, &self.token) {
            (PagingStyle::Offset { overlap: true, .. }, PageToken::Offset(_)) if !self.confirming => 1,
            _ => 0,
        }
    }

    /// Moves on past the page just read. `false` is the proven end.
    pub fn advance(&mut self, facts: &PageFacts) -> Result<bool> {
        let style = self.pagination.style.clone();
        match style {
            PagingStyle::Cursor { bookmark, .. } => self.follow(facts, bookmark, PageToken::Cursor),
            PagingStyle::NextUrl(_) => self.follow(facts, false, PageToken::Url),
            PagingStyle::Number { first, .. } => {
                let number = match self.token {
                    PageToken::Page(n) => n,
                    _ => first,
                };
                self.count(facts, |_| Ok(PageToken::Page(number + 1)))
            }
            PagingStyle::Offset { max, overlap, .. } => self.count(facts, |read| {
                let offset = if overlap { read - 1 } else { read };
                match max {
                    Some(max) if offset > max => {
                        Err(Error::new(ErrorKind::Shape, format!("the API reaches no record beyond offset {max}"))
                            .detail(format!("{read} records were read, and nothing proves that there are no more."))
                            .hint("Narrow the query so that fewer records match."))
                    }
                    _ => Ok(PageToken::Offset(offset)),
                }
            }),
        }
    }

    /// What is left after the first page of a chain whose total says where every other page lies: they need not wait for each
    /// other. `asked` is how many records the first page was asked for, `usual` how many the others shall have.
    pub fn remaining(&self, facts: &PageFacts, asked: u64, usual: u64) -> Option<Remaining> {
        let total = facts.total.filter(|_| facts.records > 0)?;
        let size = match (&self.pagination.style, &self.token) {
            (PagingStyle::Number { .. }, PageToken::Page(_)) => facts.records,
            // A server that clamped the first page clamps the others.
            (PagingStyle::Offset { overlap: false, .. }, PageToken::Offset(_)) if facts.records < asked => facts.records,
            (PagingStyle::Offset { overlap: false, .. }, PageToken::Offset(_)) => usual,
            _ => return None,
        };
        let remaining = Remaining { style: self.pagination.style.clone(), total, first: facts.records, size };
        let reachable = match self.pagination.style {
            PagingStyle::Offset { max: Some(max), .. } => remaining.range(remaining.pages() - 1).start <= max,
            _ => true,
        };
        reachable.then_some(remaining)
    }

    /// The response names the next page.
    fn follow(&mut self, facts: &PageFacts, bookmark: bool, token: impl Fn(String) -> PageToken) -> Result<bool> {
        let Some(key) = facts.next.as_deref().filter(|key| !key.is_empty()) else { return Ok(false) };
        if facts.records == 0 && self.pagination.empty_page_ends {
            return Ok(false);
        }
        let next = token(key.to_owned());
        let same = self.token == next;
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
        self.token = next;
        Ok(true)
    }

    /// We count: by what was received, never by what was asked for, because a server may clamp the page size.
    fn count(&mut self, facts: &PageFacts, next: impl Fn(u64) -> Result<PageToken>) -> Result<bool> {
        let again = self.overlap();
        if again > 0 && (facts.records == 0 || facts.ends.map(|(first, _)| first) != self.last) {
            return Err(shifted("A page does not begin with the record at which the page before it ended."));
        }
        if self.confirming && facts.ends.is_some_and(|(first, _)| Some(first) == self.last) {
            return Err(shifted("A page behind the last record begins with that record."));
        }
        let new = facts.records.saturating_sub(again);
        self.read += new;
        self.largest = self.largest.max(facts.records);
        if let Some((_, last)) = facts.ends {
            self.last = Some(last);
        }
        if let Some(total) = facts.total {
            let before = *self.total.get_or_insert(total);
            if total != before {
                return Err(shifted(&format!("The API said that there are {before} records, and then {total}.")));
            }
            if self.read > total {
                return Err(if total == SUSPECT_TOTAL {
                    capped(total)
                } else {
                    shifted(&format!("The API said that there are {total} records, and gave {}.", self.read))
                });
            }
            if self.read == total && (new == 0 || total != SUSPECT_TOTAL) {
                return Ok(false);
            }
            if new == 0 && self.read != total {
                return Err(shifted(&format!("The API said that there are {total} records, and gave {} and then none.", self.read)));
            }
        } else if self.pagination.total.is_some() && !self.pagination.empty_page_ends {
            return Err(no_total());
        } else if new == 0 && again > 0 && self.largest < 2 {
            // Only the record that overlaps: the end, unless the server gives one record a page whatever is asked for.
            self.confirming = true;
            self.token = PageToken::Offset(self.read);
            return Ok(true);
        } else if new == 0 {
            // Declared: only with `empty_page_ends` can a counted chain have no total.
            return Ok(false);
        }
        self.confirming = false;
        self.token = next(self.read)?;
        Ok(true)
    }
}

/// The pages of a chain that are known by its total.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remaining {
    style: PagingStyle,
    total: u64,
    /// Records of the first page.
    first: u64,
    /// Records of each other page but the last.
    size: u64,
}

impl Remaining {
    /// How many pages there are; a total that is not believed has one more, which shall be empty.
    pub fn pages(&self) -> u64 {
        (self.total - self.first).div_ceil(self.size) + u64::from(self.total == SUSPECT_TOTAL)
    }

    /// The records of a page, counted from 0.
    pub fn range(&self, page: u64) -> Range<u64> {
        let start = self.first + page * self.size;
        start.min(self.total)..(start + self.size).min(self.total)
    }

    /// How to ask for what is left of a page's records, and for how many.
    pub fn ask(&self, page: u64, left: &Range<u64>) -> (PageToken, u64) {
        match self.style {
            PagingStyle::Number { first, .. } => (PageToken::Page(first + 1 + page), self.size),
            // The last page is asked for in full: a total that is too small shows.
            _ if left.end == self.total => (PageToken::Offset(left.start), self.size),
            _ => (PageToken::Offset(left.start), left.end - left.start),
        }
    }

    /// What is left of a page's records after this response; a server may give fewer than were asked for.
    pub fn advance(&self, left: Range<u64>, facts: &PageFacts) -> Result<Range<u64>> {
        match facts.total {
            None => return Err(no_total()),
            Some(total) if total != self.total => {
                return Err(shifted(&format!("The API said that there are {} records, and then {total}.", self.total)));
            }
            Some(_) => {}
        }
        let (wanted, got) = (left.end - left.start, facts.records);
        if got > wanted {
            let gave = format!("The API said that there are {} records, and gave more.", self.total);
            return Err(if self.total == SUSPECT_TOTAL { capped(self.total) } else { shifted(&gave) });
        }
        // Numbered pages cannot be asked for in part.
        let in_part = matches!(self.style, PagingStyle::Number { .. }) && got < wanted;
        if in_part || (got == 0 && wanted > 0) {
            return Err(shifted(&format!("A page has {got} records where the total of {} says {wanted}.", self.total)));
        }
        Ok(left.start + got..left.end)
    }
}

fn no_total() -> Error {
    Error::new(ErrorKind::Shape, "the response does not say how many records there are")
        .detail("Nothing else would prove that all of them were read.")
}

fn capped(total: u64) -> Error {
    Error::new(ErrorKind::Shape, "the API has more records than it says")
        .detail(format!("It said that there are {total}, where its counting seems to stop."))
        .hint("Set the table option evidence to 'empty_page', or narrow the query so that fewer records match.")
}

fn shifted(detail: &str) -> Error {
    Error::new(ErrorKind::Shape, "records moved while they were read")
        .detail(detail)
        .hint("Run the query again; an upper bound in the past keeps new records from moving pages, where the API has a time range.")
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
mod tests;
