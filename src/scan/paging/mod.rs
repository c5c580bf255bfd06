//! Decides where the next page begins, and what proves that there is none. Pure: sees the page just read, never the network.

mod end;
mod head;
mod known;
mod moved;
mod numbered;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

pub use self::head::HEAD;
use self::head::{Likeness, compare};
pub use self::known::KnownPages;
use self::moved::{capped, no_total, same_again, shifted};
use self::numbered::Sizes;
use crate::error::{Error, ErrorKind, Result};
use crate::http::content_range::Partial;
use crate::plan::request::PageToken;
use crate::sources::{Pagination, PagingStyle};

/// An API that answers this many empty pages in a row, each naming another key, is not answering (law 2).
const MAX_EMPTY_PAGES: u32 = 100;

/// So many pages in a row that begin alike are one, however alike their records are: else a chain without a total has no end.
const MAX_ALIKE_PAGES: u32 = 1_000;

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
    /// Fingerprints of the first records, up to [`HEAD`] of them.
    pub head: Vec<u64>,
    /// The fingerprint of the last record, where pages may overlap.
    pub last: Option<u64>,
    /// The fingerprint of the last of the records that overlap the page before.
    pub seam: Option<u64>,
    /// What the response says of itself where it is a part of an answer.
    pub partial: Option<Partial>,
}

impl PageFacts {
    fn named(&self) -> Option<&str> {
        self.next.as_deref().filter(|key| !key.is_empty())
    }
}

/// What the pages of a scan have shown before the one at hand: what one chain shows counts for the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// A page named the next one.
    named: bool,
    /// The most records that a page had.
    largest: u64,
}

impl Seen {
    /// Adds a page, and returns what was seen before.
    pub fn add(&mut self, facts: &PageFacts) -> Self {
        let now = Self { named: self.named || facts.named().is_some(), largest: self.largest.max(facts.records) };
        std::mem::replace(self, now)
    }
}

/// A page that names no next one, and whose size is no proof that there is none.
#[derive(Debug, Clone, Copy)]
struct Doubt {
    /// Its records.
    records: u64,
    /// How many are asked for, to see whether a page ever names the next one.
    ask: u64,
    /// Nothing else speaks for the end.
    alone: bool,
}

/// The state of one chain.
#[derive(Debug)]
pub struct Pager {
    pagination: Pagination,
    token: PageToken,
    /// Records at the start of the page asked for that were read before.
    again: u64,
    /// Records asked for, without those.
    asked: u64,
    seen: Seen,
    keys: HashSet<u128>,
    pages: u64,
    empty: u32,
    alike: u32,
    /// Records read so far, overlaps not counted twice.
    read: u64,
    /// Where pages are counted the total that all name, else the smallest.
    total: Option<u64>,
    /// How the page before begins, and its records.
    head: (Vec<u64>, u64),
    /// The fingerprint of the last record read.
    last: Option<u64>,
    /// The most records that a page had.
    largest: u64,
    /// The page asked for is the first again, in another size.
    doubt: Option<Doubt>,
    /// Where pages are numbered.
    sizes: Sizes,
    /// The first page of a chain whose sizes may vary.
    first: Option<PageFacts>,
    /// The page just read is none of the chain.
    rejected: bool,
    /// How the next page begins, where that is known.
    expected: Option<Vec<u64>>,
}

impl Pager {
    /// A chain at its start.
    pub fn new(pagination: Pagination) -> Self {
        Self {
            sizes: if pagination.varies() { Sizes::Begin } else { Sizes::Fixed },
            first: None,
            rejected: false,
            expected: None,
            pagination,
            token: PageToken::Start,
            again: 0,
            asked: u64::MAX,
            seen: Seen::default(),
            keys: HashSet::new(),
            pages: 0,
            empty: 0,
            alike: 0,
            read: 0,
            total: None,
            head: (Vec::new(), 0),
            last: None,
            largest: 0,
            doubt: None,
        }
    }

    /// The token of the page to ask for.
    pub fn token(&self) -> &PageToken {
        &self.token
    }

    /// How many records to ask for, where a page usually has so many.
    pub fn ask(&mut self, usual: u64) -> u64 {
        self.asked = match (self.doubt, self.sizes, &self.first) {
            (Some(doubt), ..) => doubt.ask,
            (None, Sizes::Trial { page, .. } | Sizes::Vary { page, .. }, _) => page.size,
            // All pages have the size of the first.
            (None, Sizes::Fixed, Some(first)) => first.records,
            _ => usual,
        };
        self.asked
    }

    /// Takes note of what the scan's other pages have shown.
    pub fn recall(&mut self, seen: Seen) {
        self.seen = seen;
    }

    /// Whether the page to ask for is no page of the chain, but shall show whether pages name the next one.
    pub fn is_in_doubt(&self) -> bool {
        self.doubt.is_some()
    }

    /// The token of a page that is named by this key, if it is not the page asked for.
    pub fn token_of(&self, key: String) -> Option<PageToken> {
        let token = match self.pagination.style {
            PagingStyle::Cursor { .. } => PageToken::Cursor(key),
            PagingStyle::NextUrl(_) => PageToken::Url(key),
            PagingStyle::Number { .. } | PagingStyle::Offset { .. } => return None,
        };
        (token != self.token && !self.is_in_doubt()).then_some(token)
    }

    /// How many records at the start of the page asked for were read before.
    pub fn overlap(&self) -> u64 {
        if self.is_in_doubt() { u64::MAX } else { self.again }
    }

    /// Moves on past the page just read. `false` is the proven end.
    pub fn advance(&mut self, facts: &PageFacts) -> Result<bool> {
        let more = self.step(facts)?;
        if !more && let Some(partial) = facts.partial {
            partial.may_be_last(self.total == Some(self.read))?;
        }
        Ok(more)
    }

    fn step(&mut self, facts: &PageFacts) -> Result<bool> {
        if let Some(doubt) = self.doubt.take() {
            return self.resolve(facts, doubt);
        }
        self.pages += 1;
        let more = match self.pagination.style {
            PagingStyle::Cursor { bookmark, .. } => self.follow(facts, bookmark, PageToken::Cursor),
            PagingStyle::NextUrl(_) => self.follow(facts, false, PageToken::Url),
            PagingStyle::Number { .. } => self.number(facts),
            PagingStyle::Offset { .. } => self.count(facts),
        };
        self.largest = self.largest.max(facts.records);
        more
    }

    /// What an error means where the page asked for need not exist: that a total which was reached is right, or that a doubt stays.
    pub fn refused(&mut self, error: Error) -> Result<()> {
        let by_status = is_by_status(&error);
        let is_behind = matches!(self.token, PageToken::Page(_)) && self.total == Some(self.read) && self.total != Some(SUSPECT_TOTAL);
        match self.doubt.take() {
            _ if error.kind() != ErrorKind::Shape => Err(error),
            Some(doubt) if doubt.alone => Err(self.unproven(doubt)),
            Some(_) => Ok(()),
            None if is_behind && by_status => Ok(()),
            None => Err(error),
        }
    }

    /// What is left of a chain whose total says where every other page lies, once that is known: they need not wait for each other.
    /// `asked` is how many records the page just read was asked for, `usual` how many the others shall have.
    pub fn remaining(&self, facts: &PageFacts, asked: u64, usual: u64) -> Option<KnownPages> {
        match (&self.pagination.style, self.sizes) {
            (PagingStyle::Number { .. }, Sizes::Vary { base, .. }) => {
                Some(KnownPages::numbered(self.pagination.style.clone(), (self.total?, self.read), base, (self.pages, facts)))
            }
            (PagingStyle::Number { .. }, Sizes::Fixed) if self.pages == 1 && self.expected.is_none() => {
                let facts = self.first.as_ref().unwrap_or(facts);
                Some(KnownPages::even(self.pagination.style.clone(), facts.total?, (0, facts.records), facts)).filter(|_| facts.records > 0)
            }
            (PagingStyle::Offset { max, .. }, _) if self.pages == 1 => {
                let total = facts.total.filter(|_| facts.records > 0)?;
                let whole = (usual + self.again).min(self.pagination.size.max).max(1 + self.again);
                // A server that clamped the first page clamps the others.
                let whole = if facts.records < asked { whole.min(facts.records) } else { whole };
                let remaining = KnownPages::even(self.pagination.style.clone(), total, (self.again, whole - self.again), facts);
                max.is_none_or(|max| remaining.reaches(max)).then_some(remaining)
            }
            _ => None,
        }
    }

    /// The response names the next page.
    fn follow(&mut self, facts: &PageFacts, bookmark: bool, token: impl Fn(String) -> PageToken) -> Result<bool> {
        self.read += facts.records;
        // Records may come and go between the pages of a chain that no count holds together.
        self.total = [self.total, facts.total].into_iter().flatten().min();
        self.check_same(facts)?;
        let Some(key) = facts.named() else { return self.end_unnamed(facts) };
        if facts.records == 0 && self.pagination.empty_page_ends {
            return self.end();
        }
        let next = token(key.to_owned());
        let same = self.token == next;
        if same && facts.records == 0 && bookmark {
            return self.end();
        }
        if same || !self.keys.insert(fingerprint(key)) {
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
    fn count(&mut self, facts: &PageFacts) -> Result<bool> {
        let again = self.again;
        if again > 0 && (facts.records == 0 || facts.head.first() != self.last.as_ref()) {
            self.check_same(facts)?;
            return Err(shifted("A page does not begin with the record at which the page before it ended."));
        }
        if again == 0 {
            self.check_same(facts)?;
            // Only the page that confirms an end is asked for without the overlap.
            let confirms = self.pagination.overlaps() && self.read > 0;
            if confirms && facts.head.first().is_some_and(|first| Some(first) == self.last.as_ref()) {
                return Err(shifted("A page behind the last record begins with that record."));
            }
        } else {
            self.head = (facts.head.clone(), facts.records);
        }
        let new = facts.records.saturating_sub(again);
        self.read += new;
        self.last = facts.last.or(self.last);
        if let Some(total) = facts.total {
            let before = *self.total.get_or_insert(total);
            if total != before {
                return Err(shifted(&format!("The API said that there are {before} records, and then {total}.")));
            }
            if self.read > total {
                return Err(capped(total));
            }
            if new == 0 && self.read != total {
                return Err(shifted(&format!("The API said that there are {total} records, and gave {} and then none.", self.read)));
            }
            let full = (self.asked.saturating_add(again)).min(self.pagination.size.max);
            let is_full = facts.records >= full || (self.pages > 1 && facts.records >= self.largest);
            if self.read == total && (new == 0 || !self.is_doubtful(total, is_full)) {
                return Ok(false);
            }
        } else if self.pagination.total.is_some() && !self.pagination.empty_page_ends {
            return Err(no_total());
        } else if new == 0 && again > 0 && self.largest.max(facts.records) < 2 {
            // Only the record that overlaps: the end, unless the server gives one record a page whatever is asked for.
            self.again = 0;
            self.token = PageToken::Offset(self.read);
            return Ok(true);
        } else if new == 0 {
            // Declared: only with `empty_page_ends` can a counted chain have no total.
            return Ok(false);
        }
        self.move_on(facts)
    }

    /// Whether a total that is reached may have stopped counting: where the last page is as full as any, or where Elasticsearch does.
    fn is_doubtful(&self, total: u64, is_full: bool) -> bool {
        match &self.pagination.style {
            // Asked for from one record earlier, the page behind the last is never behind the list.
            PagingStyle::Offset { max, .. } if self.pagination.overlaps() => {
                (is_full || total == SUSPECT_TOTAL) && max.is_none_or(|max| total == SUSPECT_TOTAL || total.saturating_sub(1) <= max)
            }
            _ => total == SUSPECT_TOTAL || is_full,
        }
    }

    /// The page after the records read so far.
    fn move_on(&mut self, facts: &PageFacts) -> Result<bool> {
        self.token = match self.pagination.style {
            PagingStyle::Offset { max, .. } => {
                // A server that gives one record a page would give the same one for ever.
                let alone = facts.total.is_some() && facts.records < 2 && self.asked > 1 && self.largest < 2;
                self.again = u64::from(self.pagination.overlaps() && !alone && self.read > 0);
                let offset = self.read - self.again;
                if let Some(max) = max.filter(|max| offset > *max) {
                    return Err(Error::new(ErrorKind::Shape, format!("the API reaches no record beyond offset {max}"))
                        .detail(format!("{} records were read, and nothing proves that there are no more.", self.read))
                        .hint("Narrow the query so that fewer records match."));
                }
                PageToken::Offset(offset)
            }
            PagingStyle::Number { first, .. } => PageToken::Page(first + self.pages),
            PagingStyle::Cursor { .. } | PagingStyle::NextUrl(_) => return Err(Error::new(ErrorKind::Internal, "a key was counted")),
        };
        Ok(true)
    }

    /// Two successive pages that begin alike are one: then the API does not read what says where a page begins.
    fn check_same(&mut self, facts: &PageFacts) -> Result<()> {
        if facts.records == 0 {
            return Ok(());
        }
        let before = std::mem::replace(&mut self.head, (facts.head.clone(), facts.records));
        let whole = before.1 == facts.records && facts.records < (HEAD as u64).min(self.asked);
        self.alike = match compare(&before.0, &facts.head, whole) {
            Likeness::Other => 0,
            Likeness::Undecided if self.alike < MAX_ALIKE_PAGES => self.alike + 1,
            Likeness::Undecided | Likeness::Same => return Err(same_again(&self.pagination.style)),
        };
        Ok(())
    }
}

/// Whether an error is that of an answer which is no success.
fn is_by_status(error: &Error) -> bool {
    error.http_status().is_some()
}

/// Whether a number is one that people choose for a limit.
fn is_round(number: u64) -> bool {
    let mut digits = number;
    while digits >= 10 && digits.is_multiple_of(10) {
        digits /= 10;
    }
    number >= 10 && [1, 2, 3, 5, 25].contains(&digits)
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
