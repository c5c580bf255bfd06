//! The pages of a chain that its total makes known: they need not wait for each other. Pure.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Mutex;

use super::head::{Likeness, compare};
use super::moved::{capped, check_total, same_again, shifted};
use super::numbered::Numbered;
use super::{PageFacts, SUSPECT_TOTAL};
use crate::error::Result;
use crate::lock::{lock, lock_whole};
use crate::plan::request::PageToken;
use crate::sources::PagingStyle;

/// The pages of a chain that are known by its total.
#[derive(Debug)]
pub struct KnownPages {
    style: PagingStyle,
    layout: PageLayout,
    total: u64,
    /// Records of the pages that were read before.
    read: u64,
    /// How many those pages were.
    pages: u64,
    /// How the page before begins: no other may begin like it.
    head: Vec<u64>,
    /// The fingerprint of the record before each place at which two pages meet, as the first of them told it that was read.
    seams: Mutex<HashMap<u64, u64>>,
}

/// How the pages lie.
#[derive(Debug)]
enum PageLayout {
    /// All but the last have so many new records, and so many that the page before it ends with.
    Even { lap: u64, size: u64 },
    /// They are numbered, and their sizes vary, up to `most`. Each begins where the one before it ended, or sooner: they are found one
    /// after another.
    Numbered { most: u64, found: Mutex<Vec<(u64, Numbered)>> },
}

impl KnownPages {
    /// The pages after the first, of so many new records each and one that overlaps, or none.
    pub(super) fn even(style: PagingStyle, total: u64, (lap, size): (u64, u64), first: &PageFacts) -> Self {
        Self::after(style, PageLayout::Even { lap, size }, (total, first.records), (1, first))
    }

    /// The pages after some that were read, of at most so many records; of those pages, how many they were, and the last one.
    pub(super) fn numbered(style: PagingStyle, counts: (u64, u64), most: u64, last: (u64, &PageFacts)) -> Self {
        Self::after(style, PageLayout::Numbered { most, found: Mutex::default() }, counts, last)
    }

    /// `total` records in all, of which some were `read`.
    fn after(style: PagingStyle, layout: PageLayout, (total, read): (u64, u64), (pages, last): (u64, &PageFacts)) -> Self {
        let seams = last.last.map(|print| (read, print)).into_iter().collect();
        Self { style, layout, total, read, pages, head: last.head.clone(), seams: Mutex::new(seams) }
    }

    /// Whether there is a page of this number, from 0. A last page that is full proves nothing: the one behind it shall have nothing
    /// new.
    pub fn has(&self, page: u64) -> bool {
        let PageLayout::Even { lap, size, .. } = self.layout else { return self.find(page).is_some() };
        let left = self.total - self.read;
        let is_doubtful = self.total == SUSPECT_TOTAL || left.is_multiple_of(size);
        page < if lap > 0 { left / size + 1 } else { left.div_ceil(size) + u64::from(is_doubtful) }
    }

    /// Whether no page begins behind an offset that is the last one which the API takes.
    pub(super) fn reaches(&self, max: u64) -> bool {
        let PageLayout::Even { lap, size, .. } = self.layout else { return true };
        let last = (self.total - self.read) / size;
        let last = if self.has(last) { last } else { last.saturating_sub(1) };
        self.range(last).start.saturating_sub(lap) <= max
    }

    /// Where a numbered page's new records begin, and the page. The last one reaches beyond the total, so that more records than that
    /// would show.
    fn find(&self, page: u64) -> Option<(u64, Numbered)> {
        let PageLayout::Numbered { most, found, .. } = &self.layout else { return None };
        let mut found = lock_whole(found);
        while found.len() as u64 <= page {
            let begin = found.last().map_or(self.read, |(_, last)| last.end());
            if begin > self.total {
                return None;
            }
            found.push((begin, Numbered::after(begin, *most)));
        }
        found.get(usize::try_from(page).ok()?).copied()
    }

    /// The number that a page has among all of the chain, from 1.
    pub fn number(&self, page: u64) -> u64 {
        self.pages + page + 1
    }

    /// The records of a page that no other has, counted from 0.
    pub fn range(&self, page: u64) -> Range<u64> {
        let (start, end) = match (&self.layout, self.find(page)) {
            (_, Some((begin, numbered))) => (begin, numbered.end()),
            (PageLayout::Even { size, .. }, None) => (self.read + page * size, self.read + (page + 1) * size),
            (PageLayout::Numbered { .. }, None) => (self.total, self.total),
        };
        start.min(self.total)..end.min(self.total)
    }

    /// How many records at the start of a page are on the one before.
    pub fn overlap(&self, page: u64) -> u64 {
        match self.layout {
            PageLayout::Even { lap, .. } => lap,
            PageLayout::Numbered { .. } => self.find(page).map_or(0, |(_, numbered)| numbered.overlap),
        }
    }

    /// How to ask for what is left of a page's records, and for how many new ones.
    pub fn ask(&self, page: u64, left: &Range<u64>) -> (PageToken, u64) {
        let first = if let PagingStyle::Number { first, .. } = self.style { Some(first) } else { None };
        match (&self.layout, first) {
            (PageLayout::Numbered { most, .. }, _) => {
                let (number, size) = self.find(page).map_or((self.total / most, *most), |(_, numbered)| (numbered.number, numbered.size));
                (PageToken::Page(first.unwrap_or_default() + number), size)
            }
            (PageLayout::Even { size, .. }, Some(first)) => (PageToken::Page(first + 1 + page), *size),
            // The last page is asked for in full: a total that is too small shows.
            (PageLayout::Even { lap, size }, None) if left.end == self.total => (PageToken::Offset(left.start - lap), *size),
            (PageLayout::Even { lap, .. }, None) => (PageToken::Offset(left.start - lap), left.end - left.start),
        }
    }

    /// Whether a page need not exist: the total is reached without it.
    pub fn may_be_refused(&self, page: u64, left: &Range<u64>) -> bool {
        left.is_empty() && self.overlap(page) == 0 && self.total != SUSPECT_TOTAL
    }

    /// What is left of a page's records after this response; a server may give fewer than were asked for.
    pub fn advance(&self, page: u64, left: Range<u64>, facts: &PageFacts) -> Result<Range<u64>> {
        let lap = self.overlap(page);
        // A first page of one record is all that the next one overlaps: that one begins where the first did.
        if left.start > lap && compare(&self.head, &facts.head, false) == Likeness::Same {
            return Err(same_again(&self.style));
        }
        if let Some((begin, numbered)) = self.find(page) {
            numbered.check(facts, self.total, facts.seam)?;
            self.meet([(begin, facts.seam.filter(|_| lap > 0)), (left.end, facts.last)])?;
            return Ok(left.end..left.end);
        }
        check_total(self.total, facts.total)?;
        let (wanted, got) = (left.end - left.start, facts.records.saturating_sub(lap));
        if got > wanted {
            let gave = format!("The API said that there are {} records, and gave more.", self.total);
            return Err(if left.end == self.total { capped(self.total) } else { shifted(&gave) });
        }
        // Numbered pages cannot be asked for in part.
        let in_part = matches!(self.style, PagingStyle::Number { .. }) && got < wanted;
        if in_part || (got == 0 && wanted > 0) || facts.records < lap {
            return Err(shifted(&format!("A page has {got} records where the total of {} says {wanted}.", self.total)));
        }
        if lap > 0 {
            self.meet([(left.start, facts.head.first().copied()), (left.start + got, facts.last)])?;
        }
        Ok(left.start + got..left.end)
    }

    /// Two pages that meet at a record must both have it: its fingerprint, beside how many records there are up to it.
    fn meet(&self, ends: [(u64, Option<u64>); 2]) -> Result<()> {
        let mut seams = lock(&self.seams)?;
        for (place, print) in ends.into_iter().filter_map(|(place, print)| Some((place, print?))) {
            if *seams.entry(place).or_insert(print) != print {
                return Err(shifted("Two pages that should meet at one record have different ones there."));
            }
        }
        Ok(())
    }
}
