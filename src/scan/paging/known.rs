//! The pages of a chain that its total makes known: where each lies, how to ask for it, and what it must have. Pure.
//!
//! Known pages are read in any order and at once, so that none sees the page before it. The record at which two pages meet is remembered
//! here instead: whichever page is read first leaves its fingerprint, and the other must have the same. All pages must tell one total.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Mutex;

use super::facts::{PageFacts, SUSPECT_TOTAL};
use super::head::{Likeness, compare};
use super::moved::{capped, check_total, same_again, shifted};
use super::numbered::Numbered;
use crate::error::Result;
use crate::lock::{lock, lock_whole};
use crate::plan::request::PageToken;
use crate::sources::PagingStyle;

/// The pages of a chain that are known by its total.
#[derive(Debug)]
pub struct KnownPages {
    /// The style, for the name of the request's parameter in an error.
    style: PagingStyle,
    layout: PageLayout,
    total: u64,
    /// Records of the pages that were read before.
    read: u64,
    /// How many pages were read before.
    pages: u64,
    /// How the page before begins: no other may begin like it.
    head: Vec<u64>,
    /// The fingerprint of the record before each place at which two pages meet, as the page told it that was read first.
    seams: Mutex<HashMap<u64, u64>>,
}

/// How the pages lie.
#[derive(Debug)]
enum PageLayout {
    /// By offset: all but the last have `size` new records, and before them `overlap` records that end the page before.
    Offsets { overlap: u64, size: u64 },
    /// By number, all of one size; `first` is the number of the chain's first page.
    Numbers { first: u64, size: u64 },
    /// By number, of sizes that vary up to `most`. Each begins where the one before it ended, or sooner: they are found one after another.
    Varied { first: u64, most: u64, found: Mutex<Vec<(u64, Numbered)>> },
}

/// The pages of a chain that were read one after another, before the others were known.
pub(super) struct ReadPages<'f> {
    /// Records of the chain in all.
    pub(super) total: u64,
    /// Records of these pages.
    pub(super) records: u64,
    /// How many pages these are.
    pub(super) pages: u64,
    /// The last of them.
    pub(super) last: &'f PageFacts,
}

impl KnownPages {
    /// Pages by offset, of `size` new records each beside the `overlap`.
    pub(super) fn by_offset(style: &PagingStyle, overlap: u64, size: u64, read: &ReadPages<'_>) -> Self {
        Self::after(style, PageLayout::Offsets { overlap, size }, read)
    }

    /// Pages by number, of `size` records each; `first` is the number of the chain's first page.
    pub(super) fn by_number(style: &PagingStyle, first: u64, size: u64, read: &ReadPages<'_>) -> Self {
        Self::after(style, PageLayout::Numbers { first, size }, read)
    }

    /// Pages by number, of `most` records at most; `first` is the number of the chain's first page.
    pub(super) fn of_varied_sizes(style: &PagingStyle, first: u64, most: u64, read: &ReadPages<'_>) -> Self {
        Self::after(style, PageLayout::Varied { first, most, found: Mutex::default() }, read)
    }

    fn after(style: &PagingStyle, layout: PageLayout, read: &ReadPages<'_>) -> Self {
        let seams = read.last.last.map(|print| (read.records, print)).into_iter().collect();
        Self {
            style: style.clone(),
            layout,
            total: read.total,
            read: read.records,
            pages: read.pages,
            head: read.last.head.clone(),
            seams: Mutex::new(seams),
        }
    }

    /// Whether there is a page of this number, from 0. A last page that is full proves nothing: the page behind it is read too, and
    /// shall have nothing new.
    pub fn has(&self, page: u64) -> bool {
        let left = self.total - self.read;
        let is_doubtful = |size| self.total == SUSPECT_TOTAL || left.is_multiple_of(size);
        match self.layout {
            PageLayout::Offsets { overlap: 0, size } | PageLayout::Numbers { size, .. } => {
                page < left.div_ceil(size) + u64::from(is_doubtful(size))
            }
            PageLayout::Offsets { size, .. } => page < left / size + 1,
            PageLayout::Varied { .. } => self.find(page).is_some(),
        }
    }

    /// Whether every page begins at an offset that the API takes; `max` is the largest.
    pub(super) fn reaches(&self, max: u64) -> bool {
        match self.layout {
            PageLayout::Offsets { overlap, size } => {
                let last = (self.total - self.read) / size;
                let last = if self.has(last) { last } else { last.saturating_sub(1) };
                self.range(last).start.saturating_sub(overlap) <= max
            }
            PageLayout::Numbers { .. } | PageLayout::Varied { .. } => true,
        }
    }

    /// Where the new records of a page of varied sizes begin, and the page. The last one reaches beyond the total, so that more records
    /// than that would show.
    fn find(&self, page: u64) -> Option<(u64, Numbered)> {
        let PageLayout::Varied { most, found, .. } = &self.layout else { return None };
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
        let (start, end) = match self.layout {
            PageLayout::Offsets { size, .. } | PageLayout::Numbers { size, .. } => (self.read + page * size, self.read + (page + 1) * size),
            PageLayout::Varied { .. } => self.find(page).map_or((self.total, self.total), |(begin, numbered)| (begin, numbered.end())),
        };
        start.min(self.total)..end.min(self.total)
    }

    /// How many records at the start of a page are on the one before.
    pub fn overlap(&self, page: u64) -> u64 {
        match self.layout {
            PageLayout::Offsets { overlap, .. } => overlap,
            PageLayout::Numbers { .. } => 0,
            PageLayout::Varied { .. } => self.find(page).map_or(0, |(_, numbered)| numbered.overlap),
        }
    }

    /// How to ask for what is `left` of a page's records, and for how many new ones.
    pub fn ask(&self, page: u64, left: &Range<u64>) -> (PageToken, u64) {
        match self.layout {
            PageLayout::Varied { first, most, .. } => {
                let (number, size) = self.find(page).map_or((self.total / most, most), |(_, numbered)| (numbered.number, numbered.size));
                (PageToken::Page(first + number), size)
            }
            PageLayout::Numbers { first, size } => (PageToken::Page(first + self.pages + page), size),
            // The last page is asked for in full: a total that is too small shows.
            PageLayout::Offsets { overlap, size } if left.end == self.total => (PageToken::Offset(left.start - overlap), size),
            PageLayout::Offsets { overlap, .. } => (PageToken::Offset(left.start - overlap), left.end - left.start),
        }
    }

    /// Whether the API may refuse a page, because the total is reached without it.
    pub fn may_be_refused(&self, page: u64, left: &Range<u64>) -> bool {
        left.is_empty() && self.overlap(page) == 0 && self.total != SUSPECT_TOTAL
    }

    /// Returns what is left of a page's records after a response, or fails where the response is not the page. By offset a server may give
    /// fewer than were asked for, and the rest is asked for.
    pub fn advance(&self, page: u64, left: Range<u64>, facts: &PageFacts) -> Result<Range<u64>> {
        let overlap = self.overlap(page);
        // Where the first page has one record, the next page overlaps all of it, and begins like it.
        if left.start > overlap && compare(&self.head, &facts.head, false) == Likeness::Same {
            return Err(same_again(&self.style));
        }
        if let Some((begin, numbered)) = self.find(page) {
            numbered.check(facts, self.total, facts.seam)?;
            self.meet([(begin, facts.seam.filter(|_| overlap > 0)), (left.end, facts.last)])?;
            return Ok(left.end..left.end);
        }
        check_total(self.total, facts.total)?;
        let (wanted, got) = (left.end - left.start, facts.records.saturating_sub(overlap));
        if got > wanted {
            let gave = format!("The API said that there are {} records, and gave more.", self.total);
            return Err(if left.end == self.total { capped(self.total) } else { shifted(&gave) });
        }
        let may_be_short = match self.layout {
            PageLayout::Offsets { .. } => true,
            // Numbered pages cannot be asked for in part.
            PageLayout::Numbers { .. } | PageLayout::Varied { .. } => false,
        };
        if (got < wanted && !may_be_short) || (got == 0 && wanted > 0) || facts.records < overlap {
            return Err(shifted(&format!("A page has {got} records where the total of {} says {wanted}.", self.total)));
        }
        if overlap > 0 {
            self.meet([(left.start, facts.head.first().copied()), (left.start + got, facts.last)])?;
        }
        Ok(left.start + got..left.end)
    }

    /// Fails where two pages that meet at a record do not both have it. `ends` are the two ends of a page: how many records there are up to
    /// the record there, and its fingerprint, if it was taken.
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
