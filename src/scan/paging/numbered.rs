//! Numbered pages that overlap: the numbers and sizes of pages, and what a page of each must have. Pure.
//!
//! A page of another size begins a little before the end of the pages that were read, and must have their last record in its place: so
//! rows that move from one page to another are noticed, whatever the total says.

use super::facts::PageFacts;
use super::moved::{capped, check_total, shifted};
use crate::error::Result;

/// A page of some size, by its number from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Numbered {
    pub(super) number: u64,
    pub(super) size: u64,
    /// Records at its start that were read before.
    pub(super) overlap: u64,
}

impl Numbered {
    /// Of the pages of `most` records at most, and of half as many at least, the one that overlaps the `read` records and reaches
    /// furthest. Where every such page ends with them, a page that does not overlap.
    pub(super) fn after(read: u64, most: u64) -> Self {
        let overlapping = (most / 2 + 1..=most).filter_map(|size| {
            let number = read.checked_sub(1)? / size;
            let page = Self { number, size, overlap: read - number * size };
            (page.end() > read).then_some(page)
        });
        overlapping.max_by_key(|page| (page.end(), page.size)).unwrap_or(Self { number: read / most, size: most, overlap: 0 })
    }

    /// Where the page after it would begin.
    pub(super) fn end(&self) -> u64 {
        (self.number + 1) * self.size
    }

    /// How many records it has where there are `total` in all.
    pub(super) fn records(&self, total: u64) -> u64 {
        self.end().min(total).saturating_sub(self.number * self.size)
    }

    /// Fails where a response is not this page; `last` is the fingerprint of the last record read.
    pub(super) fn check(&self, facts: &PageFacts, total: u64, last: Option<u64>) -> Result<()> {
        check_total(total, facts.total)?;
        let wanted = self.records(total);
        if facts.records > wanted && self.end() > total {
            return Err(capped(total));
        }
        if facts.records != wanted {
            return Err(shifted(&format!("A page has {} records where the total of {total} says {wanted}.", facts.records)));
        }
        if self.overlap > 0 && (facts.seam.is_none() || facts.seam != last) {
            return Err(shifted("A page does not have the record at which the page before it ended."));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_page_overlaps_what_was_read_and_brings_more() {
        for (most, worth) in [(3, 0.5), (10, 0.6), (100, 0.85), (1000, 0.95)] {
            let (mut read, mut pages, mut apart) = (most, 1_u64, 0);
            while read < 1000 * most {
                let page = Numbered::after(read, most);
                assert!(page.size <= most && page.end() > read && page.number * page.size + page.overlap == read, "{page:?}");
                apart += u64::from(page.overlap == 0);
                read = page.end();
                pages += 1;
            }
            assert!(read as f64 / (pages * most) as f64 > worth, "{most}: {pages} pages of {read} records");
            assert!(apart == 0 || most <= 10, "{most}: {apart} pages do not overlap");
        }
    }

    #[test]
    fn a_page_is_held_against_its_total_and_the_record_at_which_the_one_before_ended() {
        let page = Numbered::after(100, 100);
        assert_eq!(page, Numbered { number: 1, size: 99, overlap: 1 });
        let facts = |records, total| PageFacts { records, total: Some(total), seam: Some(7), ..PageFacts::default() };
        let told = |facts: &PageFacts, last| page.check(facts, 150, last).map_err(|error| error.message().to_owned());
        assert_eq!(told(&facts(51, 150), Some(7)), Ok(()));
        let moved = Err("records moved while they were read".to_owned());
        for (records, total, last) in [(51, 150, 8), (51, 151, 7), (50, 150, 7)] {
            assert_eq!(told(&facts(records, total), Some(last)), moved, "{records} of {total}");
        }
        assert_eq!(told(&facts(52, 150), Some(7)), Err("the API has more records than it says".to_owned()));
    }
}
