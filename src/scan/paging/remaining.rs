//! The pages of a chain that its first page's total makes known: they need not wait for each other. Pure.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Mutex;

use super::super::lock::lock;
use super::head::{Likeness, compare};
use super::moved::{capped, no_total, same_again, shifted};
use super::{PageFacts, SUSPECT_TOTAL, is_cap};
use crate::error::Result;
use crate::plan::request::PageToken;
use crate::sources::PagingStyle;

/// The pages of a chain that are known by its total.
#[derive(Debug)]
pub struct Remaining {
    style: PagingStyle,
    total: u64,
    /// Records of the first page.
    first: u64,
    /// New records of each other page but the last.
    size: u64,
    /// Records at the start of each that the page before it ends with.
    lap: u64,
    /// How the first page begins: no other may begin like it.
    head: Vec<u64>,
    /// The fingerprint of the record before each place at which two pages meet, as the first of them told it that was read.
    seams: Mutex<HashMap<u64, u64>>,
}

impl Remaining {
    /// The pages after the first, of so many new records each and one that overlaps, or none.
    pub(super) fn new(style: PagingStyle, total: u64, (lap, size): (u64, u64), first: &PageFacts) -> Self {
        let seams = first.last.map(|last| (first.records, last)).into_iter().collect();
        Self { style, total, first: first.records, size, lap, head: first.head.clone(), seams: Mutex::new(seams) }
    }

    /// How many pages there are. A last page that is full proves nothing: the one behind it shall have nothing new. Where pages
    /// overlap it costs little to see; where not, it is asked for if the total is one at which somebody stops counting.
    pub fn pages(&self) -> u64 {
        let left = self.total - self.first;
        let is_doubtful = self.total == SUSPECT_TOTAL || (left.is_multiple_of(self.size) && (left == 0 || is_cap(self.total)));
        if self.lap > 0 { left / self.size + 1 } else { left.div_ceil(self.size) + u64::from(is_doubtful) }
    }

    /// The records of a page that no other has, counted from 0.
    pub fn range(&self, page: u64) -> Range<u64> {
        let start = self.first + page * self.size;
        start.min(self.total)..(start + self.size).min(self.total)
    }

    /// How many records at the start of each page are on the one before.
    pub fn overlap(&self) -> u64 {
        self.lap
    }

    /// How to ask for what is left of a page's records, and for how many new ones.
    pub fn ask(&self, page: u64, left: &Range<u64>) -> (PageToken, u64) {
        match self.style {
            PagingStyle::Number { first, .. } => (PageToken::Page(first + 1 + page), self.size),
            // The last page is asked for in full: a total that is too small shows.
            _ if left.end == self.total => (PageToken::Offset(left.start - self.lap), self.size),
            _ => (PageToken::Offset(left.start - self.lap), left.end - left.start),
        }
    }

    /// Whether a page need not exist: the total is reached without it.
    pub fn may_be_refused(&self, left: &Range<u64>) -> bool {
        left.is_empty() && self.lap == 0 && self.total != SUSPECT_TOTAL
    }

    /// What is left of a page's records after this response; a server may give fewer than were asked for.
    pub fn advance(&self, left: Range<u64>, facts: &PageFacts) -> Result<Range<u64>> {
        // A first page of one record is all that the next one overlaps: that one begins where the first did.
        if left.start > self.lap && compare(&self.head, &facts.head, false) == Likeness::Same {
            return Err(same_again(&self.style));
        }
        match facts.total {
            None => return Err(no_total()),
            Some(total) if total != self.total => {
                return Err(shifted(&format!("The API said that there are {} records, and then {total}.", self.total)));
            }
            Some(_) => {}
        }
        let (wanted, got) = (left.end - left.start, facts.records.saturating_sub(self.lap));
        if got > wanted {
            let gave = format!("The API said that there are {} records, and gave more.", self.total);
            return Err(if left.end == self.total { capped(self.total) } else { shifted(&gave) });
        }
        // Numbered pages cannot be asked for in part.
        let in_part = matches!(self.style, PagingStyle::Number { .. }) && got < wanted;
        if in_part || (got == 0 && wanted > 0) || facts.records < self.lap {
            return Err(shifted(&format!("A page has {got} records where the total of {} says {wanted}.", self.total)));
        }
        if self.lap > 0 {
            let ends = [(left.start, facts.head.first().copied()), (left.start + got, facts.last)];
            let mut seams = lock(&self.seams)?;
            for (place, print) in ends.into_iter().filter_map(|(place, print)| Some((place, print?))) {
                if *seams.entry(place).or_insert(print) != print {
                    return Err(shifted("Two pages that should meet at one record have different ones there."));
                }
            }
        }
        Ok(left.start + got..left.end)
    }
}
