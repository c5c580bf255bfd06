//! A chain whose pages name the next one: follows the names, and tells a missing one that is the end from one that is looked for in the
//! wrong place. Pure.
//!
//! A key is missing on the last page, and on every page of an API whose key is described in the wrong place. Only a page that is smaller
//! than was asked for, or another page that named one, tells these apart; else the first page is asked for again in another size.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::facts::{PageFacts, SUSPECT_TOTAL, Seen};
use super::head::Repeats;
use crate::error::{Error, ErrorKind, Result};
use crate::plan::request::PageToken;
use crate::sources::{FullLastPage, Pagination};

/// An API that answers this many empty pages in a row, each naming another key, is not answering (law 2).
pub(super) const MAX_EMPTY_PAGES: u32 = 100;

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

/// The state of a chain whose pages name the next one.
#[derive(Debug)]
pub struct NamedPager {
    pagination: Pagination,
    /// Makes the token of a page out of what names it: a key or an address.
    to_token: fn(String) -> PageToken,
    token: PageToken,
    /// Records asked for.
    asked: u64,
    seen: Seen,
    /// Fingerprints of the names so far.
    keys: HashSet<u128>,
    pages: u64,
    /// Empty pages in a row.
    empty: u32,
    /// Records read so far.
    read: u64,
    /// The smallest total that a page told: records may come and go between the pages of a chain that no count holds together.
    total: Option<u64>,
    repeats: Repeats,
    /// The page asked for is the first again, in another size.
    doubt: Option<Doubt>,
}

impl NamedPager {
    /// A chain at its start.
    pub(super) fn new(pagination: Pagination, to_token: fn(String) -> PageToken) -> Self {
        Self {
            pagination,
            to_token,
            token: PageToken::Start,
            asked: u64::MAX,
            seen: Seen::default(),
            keys: HashSet::new(),
            pages: 0,
            empty: 0,
            read: 0,
            total: None,
            repeats: Repeats::default(),
            doubt: None,
        }
    }

    pub(super) fn token(&self) -> &PageToken {
        &self.token
    }

    pub(super) fn ask(&mut self, usual: u64) -> u64 {
        self.asked = self.doubt.map_or(usual, |doubt| doubt.ask);
        self.asked
    }

    pub(super) fn recall(&mut self, seen: Seen) {
        self.seen = seen;
    }

    pub(super) fn is_in_doubt(&self) -> bool {
        self.doubt.is_some()
    }

    /// The token of a page that is named by this key, if it is not the page asked for. No page follows one that is in doubt.
    pub(super) fn token_of(&self, key: String) -> Option<PageToken> {
        let token = (self.to_token)(key);
        (token != self.token && !self.is_in_doubt()).then_some(token)
    }

    pub(super) fn has_reached_total(&self) -> bool {
        self.total == Some(self.read)
    }

    /// Moves on past a page. `false` is the proven end.
    pub(super) fn step(&mut self, facts: &PageFacts) -> Result<bool> {
        match self.doubt.take() {
            Some(doubt) => self.resolve(facts, doubt),
            None => self.follow(facts),
        }
    }

    /// An API may know but a few sizes: a doubt that something outweighs is dropped where the other size is refused.
    pub(super) fn refused(&mut self, error: Error) -> Result<()> {
        match self.doubt.take() {
            Some(doubt) if error.kind() == ErrorKind::Shape && doubt.alone => Err(self.unproven(doubt)),
            Some(_) if error.kind() == ErrorKind::Shape => Ok(()),
            Some(_) | None => Err(error),
        }
    }

    /// Moves on to the page that this one names.
    fn follow(&mut self, facts: &PageFacts) -> Result<bool> {
        self.pages += 1;
        self.read += facts.records;
        self.total = [self.total, facts.total].into_iter().flatten().min();
        self.repeats.check(facts, self.asked, &self.pagination.style)?;
        let Some(key) = facts.named() else { return self.end_unnamed(facts) };
        let is_empty = facts.records == 0;
        if is_empty && self.pagination.empty_page_ends {
            return self.end();
        }
        let next = (self.to_token)(key.to_owned());
        let is_same = self.token == next;
        if is_same && is_empty && self.pagination.style.may_bookmark() {
            return self.end();
        }
        if is_same || !self.keys.insert(fingerprint(key)) {
            return Err(Error::new(ErrorKind::Shape, "the API named a page key that it had named before")
                .hint("Reading on would never end or repeat rows. Report this to the API's vendor, or ask for a smaller time range."));
        }
        self.empty = if is_empty { self.empty + 1 } else { 0 };
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

    /// Ends the chain at a page that names no next one, unless that proves nothing.
    fn end_unnamed(&mut self, facts: &PageFacts) -> Result<bool> {
        self.end()?;
        let is_full = facts.records >= self.asked;
        // Two pages of a scan that are equally large may both have been clamped, where that is a number that people choose.
        let is_large = is_full || (facts.records == self.seen.largest && is_round(facts.records));
        if self.pages > 1 || self.seen.named || !is_large || self.pagination.full_last_page == FullLastPage::Accept {
            return Ok(false);
        }
        let agrees = self.has_reached_total() && self.total != Some(SUSPECT_TOTAL);
        let wanted = self.asked.min(facts.records);
        let ask = if wanted > 1 { wanted - 1 } else { 2 };
        let doubt = Doubt { records: facts.records, ask, alone: is_full && !agrees };
        match self.pagination.full_last_page {
            FullLastPage::Error if doubt.alone => Err(self.unproven(doubt)),
            FullLastPage::Error | FullLastPage::Accept => Ok(false),
            FullLastPage::Check => {
                self.doubt = Some(doubt);
                Ok(true)
            }
        }
    }

    /// Ends the chain at the first page in another size, unless that shows that a page names no next one where there is one.
    fn resolve(&self, facts: &PageFacts, doubt: Doubt) -> Result<bool> {
        let shows_more = facts.records > doubt.records || (doubt.ask < doubt.records && facts.records == doubt.ask);
        match facts.named() {
            Some(_) => Ok(false),
            None if shows_more => {
                let (least, most) = (facts.records.min(doubt.records), facts.records.max(doubt.records));
                Err(Error::new(ErrorKind::Shape, "the API names no next page, though there are more records")
                    .detail(format!("A page of {least} records has nothing {}, and there are at least {most}.", self.place_of_next()))
                    .hint(format!(
                        "Check {} in the table's pagination, and what a first request needs so that the API pages.",
                        self.next_member()
                    )))
            }
            None if doubt.alone && (doubt.ask < doubt.records || facts.records >= doubt.ask) => Err(self.unproven(doubt)),
            None => Ok(false),
        }
    }

    /// Ends the chain, unless the pages themselves said that there are more records.
    fn end(&self) -> Result<bool> {
        match self.total {
            Some(total) if self.read < total => {
                let message = format!("the API says that there are {total} records, and its pages ended after {}", self.read);
                Err(Error::new(ErrorKind::Shape, message).detail(format!("The last page has nothing {}.", self.place_of_next())).hint(
                    format!(
                        "Check {} in the table's pagination, and \"total\": it must count what the request selects.",
                        self.next_member()
                    ),
                ))
            }
            _ => Ok(false),
        }
    }

    /// The error of a full page that names no next one.
    fn unproven(&self, doubt: Doubt) -> Error {
        Error::new(ErrorKind::Shape, "a full page names no next page, and nothing proves that it is the last")
            .detail(format!("It has {} records, and nothing {}.", doubt.records, self.place_of_next()))
            .hint(format!(
                "Check {} in the table's pagination. If such a page is the last, set the table option evidence to 'missing_key', or                  \"full_last_page\" to \"accept\" in the description.",
                self.next_member()
            ))
    }

    /// Where a page would name the next one.
    fn place_of_next(&self) -> String {
        let next = self.pagination.style.next_in_body();
        next.map_or_else(|| "in its Link header".to_owned(), |next| format!("at \"{next}\" in its body"))
    }

    /// The member of the description that says where the next page is named.
    fn next_member(&self) -> &'static str {
        if self.pagination.style.next_in_body().is_some() { "\"next\"" } else { "\"style\"" }
    }
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
