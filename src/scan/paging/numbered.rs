//! Numbered pages that overlap. A page of another size begins a little before the end of those that were read, and must have the last
//! record of them in its place: so rows that move from one page to another are noticed, whatever the total says. Pure.

use super::head::{Likeness, compare};
use super::moved::{capped, check_total, no_total, same_again, shifted};
use super::{PageFacts, Pager};
use crate::error::{Error, ErrorKind, Result};
use crate::plan::request::PageToken;
use crate::sources::PagingStyle;

/// Smaller pages leave no room for others beside them.
const LEAST: u64 = 3;

/// A page of some size, by its number from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Numbered {
    pub(super) number: u64,
    pub(super) size: u64,
    /// Records at its start that were read before.
    pub(super) overlap: u64,
}

impl Numbered {
    /// Of the pages of at most so many records, and of half as many at least, the one that overlaps what was `read` and reaches
    /// furthest. Where every such page ends just there, one that does not overlap.
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

    /// How many records it has where there are so many in all.
    fn records(&self, total: u64) -> u64 {
        self.end().min(total).saturating_sub(self.number * self.size)
    }

    /// Holds its records against what they must be; `last` is the fingerprint of the last record read.
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

/// Whether the pages of a chain are asked for in sizes that let them overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sizes {
    /// All have one size.
    Fixed,
    /// The first page is to come.
    Begin,
    /// The page asked for is the first of another size: it shows whether the API gives what it is asked for.
    Trial { page: Numbered, base: u64 },
    /// They differ. `base` is the first page's, and the most.
    Vary { page: Numbered, base: u64 },
}

impl Pager {
    /// Whether the page asked for may turn out to be none of the chain, because the API has pages of one size.
    pub fn is_on_trial(&self) -> bool {
        matches!(self.sizes, Sizes::Trial { .. })
    }

    /// Takes back the page on trial, and goes on with the second page of the first one's size.
    pub fn reject(&mut self) {
        self.rejected = true;
        self.sizes = Sizes::Fixed;
        self.pages = 1;
        self.again = 0;
        self.move_to(1);
    }

    /// Whether the page just read is none of the chain.
    pub fn has_rejected(&self) -> bool {
        self.rejected
    }

    /// The chain goes on behind a page that was none of it.
    pub fn go_on(&mut self) {
        self.rejected = false;
    }

    /// Whether an error says that the API does not take the size on trial.
    pub fn refuses_size(&self, error: &Error) -> bool {
        // Some APIs fail where they should refuse. One that is down fails the next request too.
        let refuses = matches!(error.kind(), ErrorKind::Shape | ErrorKind::Unreachable);
        self.is_on_trial() && refuses && super::is_by_status(error)
    }

    /// The step of a chain whose sizes may vary.
    pub(super) fn number(&mut self, facts: &PageFacts) -> Result<bool> {
        let (page, base) = match self.sizes {
            Sizes::Fixed => {
                if self.expected.take().is_some_and(|head| head != facts.head) {
                    return Err(shifted("A page that should come again is another."));
                }
                return self.count(facts);
            }
            Sizes::Begin => return self.begin_numbered(facts),
            Sizes::Trial { page, base } | Sizes::Vary { page, base } => (page, base),
        };
        let Some(total) = self.total else { return Err(no_total()) };
        if self.is_on_trial() && facts.total == Some(total) {
            // It begins behind the first page, unless only the size is read.
            let is_as_asked = facts.records == page.records(total);
            if is_as_asked && compare(&self.head.0, &facts.head, false) == Likeness::Same {
                return Err(same_again(&self.pagination.style));
            }
            // The page of this number as it is where sizes count for nothing.
            let alike = facts.records == base.min(total.saturating_sub(page.number * base)) && facts.seam != self.last;
            if alike || !is_as_asked {
                self.reject();
                // Both may be: then it comes again, or the records have moved.
                self.expected = is_as_asked.then(|| facts.head.clone());
                return Ok(true);
            }
        }
        page.check(facts, total, self.last)?;
        self.read = page.end().min(total);
        self.last = facts.last;
        if page.end() > total {
            return Ok(false);
        }
        self.sizes = Sizes::Vary { page: self.overlap_next(base), base };
        Ok(true)
    }

    fn begin_numbered(&mut self, facts: &PageFacts) -> Result<bool> {
        let asked_for = facts.records <= self.asked && facts.records >= LEAST;
        if !asked_for || facts.total.is_none_or(|total| total <= facts.records) {
            self.sizes = Sizes::Fixed;
            return self.count(facts);
        }
        self.head = (facts.head.clone(), facts.records);
        self.first = Some(facts.clone());
        self.total = facts.total;
        self.read = facts.records;
        self.last = facts.last;
        self.sizes = Sizes::Trial { page: self.overlap_next(facts.records), base: facts.records };
        Ok(true)
    }

    /// Moves on to the page of another size that overlaps what was read.
    fn overlap_next(&mut self, base: u64) -> Numbered {
        let page = Numbered::after(self.read, base);
        self.again = page.overlap;
        self.move_to(page.number);
        page
    }

    fn move_to(&mut self, number: u64) {
        if let PagingStyle::Number { first, .. } = self.pagination.style {
            self.token = PageToken::Page(first + number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::built_in;

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

    #[test]
    fn numbered_pages_of_other_sizes_overlap_and_must_meet() {
        let facts = |records, seam, last| PageFacts { records, total: Some(120), seam, last: Some(last), ..PageFacts::default() };
        let begin = || {
            let mut p = Pager::new(built_in("viviot").unwrap().unwrap().tables[0].pagination.clone());
            p.ask(50);
            assert_eq!(p.advance(&facts(50, None, 50)), Ok(true));
            p
        };
        let mut p = begin();
        // Records 49 to 97, of which the 50th was read.
        assert_eq!((p.token().clone(), p.ask(50), p.overlap()), (PageToken::Page(2), 49, 1));
        assert_eq!(p.advance(&facts(49, Some(50), 98)), Ok(true));
        assert_eq!((p.token().clone(), p.ask(50), p.overlap()), (PageToken::Page(3), 48, 2));
        let rest = p.remaining(&facts(49, Some(50), 98), 49, 50).unwrap();
        assert_eq!(((0..).take_while(|page| rest.has(*page)).count(), rest.range(0), rest.overlap(0), rest.number(0)), (1, 98..120, 2, 3));
        assert_eq!(rest.ask(0, &(98..120)), (PageToken::Page(3), 48));
        assert_eq!(rest.advance(0, 98..120, &facts(24, Some(98), 120)), Ok(120..120));
        for wrong in [facts(24, Some(97), 120), facts(23, Some(98), 120), facts(25, Some(98), 121)] {
            assert!(rest.advance(0, 98..120, &wrong).is_err() && p.advance(&wrong).is_err(), "{wrong:?}");
        }
        assert_eq!(p.advance(&facts(24, Some(98), 120)), Ok(false));
        assert!(
            begin().advance(&facts(49, Some(51), 99)).unwrap_err().message().contains("moved"),
            "of the size asked for, and another record"
        );
    }
}
