//! A chain whose pages are counted, by number or by offset: says where the next page begins by what was received. Pure.
//!
//! Records that come, go or move while the chain is read shift its pages. A total that changes shows it, and so does a record at which two
//! pages must meet. Pages by offset overlap by one record; numbered pages do only if their sizes differ, which the second page tries out.
//!
//! The size that a page was asked for proves nothing, because a server may clamp it. A total that is reached is the end, unless counting
//! may have stopped there: then one page more is asked for.

use super::facts::{PageFacts, SUSPECT_TOTAL};
use super::head::{Likeness, Repeats};
use super::known::{KnownPages, ReadPages};
use super::moved::{capped, no_total, same_again, shifted};
use super::numbered::Numbered;
use crate::error::{Error, ErrorKind, Result};
use crate::plan::request::PageToken;
use crate::sources::Pagination;

/// The smallest first page beside which pages of other sizes are tried: a smaller one leaves no room for them.
const LEAST: u64 = 3;

/// How the pages of a chain are counted.
#[derive(Debug)]
enum CountedBy {
    /// By offset; `max` is the largest one that the API takes.
    Offsets { max: Option<u64> },
    /// By number; `first` is the first page's.
    Numbers { first: u64, sizes: Sizes },
}

/// Whether numbered pages are asked for in sizes that let them overlap.
#[derive(Debug)]
enum Sizes {
    /// All have one size: nothing would be gained by others.
    Even,
    /// The first page is to come.
    Begin,
    /// The page asked for is the first of another size: it shows whether the API gives what it is asked for.
    Trial { page: Numbered, first: PageFacts },
    /// They differ; `most` is the first page's size, and the largest.
    Varied { page: Numbered, most: u64 },
    /// All have the size of the first page: the page on trial was none of the chain.
    Rejected(Rejection),
}

/// What a page on trial left behind that was none of the chain.
#[derive(Debug)]
struct Rejection {
    first: PageFacts,
    /// How the next page begins, where the page on trial seems to have been that page.
    expected: Option<Vec<u64>>,
    /// The page on trial is the page just read.
    is_current: bool,
}

/// The state of a chain whose pages are counted.
#[derive(Debug)]
pub struct CountedPager {
    pagination: Pagination,
    counting: CountedBy,
    token: PageToken,
    /// Records at the start of the page asked for that were read before.
    overlap: u64,
    /// Records asked for, without those.
    asked: u64,
    pages: u64,
    /// Records read so far, overlaps not counted twice.
    read: u64,
    /// The total that all pages tell.
    total: Option<u64>,
    /// The fingerprint of the last record read.
    last: Option<u64>,
    /// The most records that a page had.
    largest: u64,
    repeats: Repeats,
}

impl CountedPager {
    /// A chain by number, at its start.
    pub(super) fn by_number(pagination: Pagination, first: u64) -> Self {
        let sizes = if pagination.varies() { Sizes::Begin } else { Sizes::Even };
        Self::new(pagination, CountedBy::Numbers { first, sizes })
    }

    /// A chain by offset, at its start.
    pub(super) fn by_offset(pagination: Pagination, max: Option<u64>) -> Self {
        Self::new(pagination, CountedBy::Offsets { max })
    }

    fn new(pagination: Pagination, counting: CountedBy) -> Self {
        Self {
            pagination,
            counting,
            token: PageToken::Start,
            overlap: 0,
            asked: u64::MAX,
            pages: 0,
            read: 0,
            total: None,
            last: None,
            largest: 0,
            repeats: Repeats::default(),
        }
    }

    pub(super) fn token(&self) -> &PageToken {
        &self.token
    }

    pub(super) fn ask(&mut self, usual: u64) -> u64 {
        self.asked = match &self.counting {
            CountedBy::Offsets { .. } | CountedBy::Numbers { sizes: Sizes::Even | Sizes::Begin, .. } => usual,
            CountedBy::Numbers { sizes: Sizes::Trial { page, .. } | Sizes::Varied { page, .. }, .. } => page.size,
            CountedBy::Numbers { sizes: Sizes::Rejected(Rejection { first, .. }), .. } => first.records,
        };
        self.asked
    }

    pub(super) fn overlap(&self) -> u64 {
        self.overlap
    }

    pub(super) fn has_reached_total(&self) -> bool {
        self.total == Some(self.read)
    }

    /// Moves on past a page. `false` is the proven end.
    pub(super) fn step(&mut self, facts: &PageFacts) -> Result<bool> {
        self.pages += 1;
        let more = match &mut self.counting {
            CountedBy::Offsets { .. } | CountedBy::Numbers { sizes: Sizes::Even, .. } => self.count(facts),
            CountedBy::Numbers { sizes: Sizes::Begin, .. } => self.begin(facts),
            CountedBy::Numbers { sizes: Sizes::Trial { page, first }, .. } => {
                let (page, most) = (*page, first.records);
                self.try_size(page, most, facts)
            }
            CountedBy::Numbers { sizes: Sizes::Varied { page, most }, .. } => {
                let (page, most) = (*page, *most);
                self.take(page, most, facts)
            }
            CountedBy::Numbers { sizes: Sizes::Rejected(rejection), .. } => match rejection.expected.take() {
                Some(head) if head != facts.head => Err(shifted("A page that should come again is another.")),
                Some(_) | None => self.count(facts),
            },
        };
        self.largest = self.largest.max(facts.records);
        more
    }

    /// Some APIs refuse what is behind their last page: then a total that is reached is right.
    pub(super) fn refused(&self, error: Error) -> Result<()> {
        let is_behind = matches!(self.token, PageToken::Page(_)) && self.has_reached_total() && self.total != Some(SUSPECT_TOTAL);
        if is_behind && error.kind() == ErrorKind::Shape && is_by_status(&error) { Ok(()) } else { Err(error) }
    }

    /// The pages that are not read yet, once the total says where each lies: after the first page, or as soon as sizes vary.
    pub(super) fn remaining(&self, facts: &PageFacts, asked: u64, usual: u64) -> Option<KnownPages> {
        let style = &self.pagination.style;
        let is_first = self.pages == 1;
        match &self.counting {
            CountedBy::Offsets { max } if is_first => {
                let total = facts.total.filter(|_| facts.records > 0)?;
                let whole = (usual + self.overlap).min(self.pagination.size.max).max(1 + self.overlap);
                // A server that clamped the first page clamps the others.
                let whole = if facts.records < asked { whole.min(facts.records) } else { whole };
                let read = ReadPages { total, records: facts.records, pages: 1, last: facts };
                let remaining = KnownPages::by_offset(style, self.overlap, whole - self.overlap, &read);
                max.is_none_or(|max| remaining.reaches(max)).then_some(remaining)
            }
            CountedBy::Numbers { first, sizes: Sizes::Varied { most, .. } } => {
                let read = ReadPages { total: self.total?, records: self.read, pages: self.pages, last: facts };
                Some(KnownPages::of_varied_sizes(style, *first, *most, &read))
            }
            CountedBy::Numbers { first, sizes: Sizes::Even } if is_first => self.even(*first, facts),
            CountedBy::Numbers { first, sizes: Sizes::Rejected(Rejection { first: page, expected: None, .. }) } if is_first => {
                self.even(*first, page)
            }
            CountedBy::Offsets { .. }
            | CountedBy::Numbers { sizes: Sizes::Even | Sizes::Begin | Sizes::Trial { .. } | Sizes::Rejected(_), .. } => None,
        }
    }

    /// The pages after the first where all have its size; `number` is the first one's.
    fn even(&self, number: u64, first: &PageFacts) -> Option<KnownPages> {
        let total = first.total.filter(|_| first.records > 0)?;
        let read = ReadPages { total, records: first.records, pages: 1, last: first };
        Some(KnownPages::by_number(&self.pagination.style, number, first.records, &read))
    }

    /// Whether the page asked for is the first of another size.
    pub(super) fn is_on_trial(&self) -> bool {
        matches!(self.counting, CountedBy::Numbers { sizes: Sizes::Trial { .. }, .. })
    }

    /// Whether an error says that the API does not take the size on trial.
    pub(super) fn refuses_size(&self, error: &Error) -> bool {
        // Some APIs fail where they should refuse. One that is down fails the next request too.
        let refuses = matches!(error.kind(), ErrorKind::Shape | ErrorKind::Unreachable);
        self.is_on_trial() && refuses && is_by_status(error)
    }

    /// Takes back the page on trial, and goes on with the second page of the first one's size; `expected` is how that begins, where the
    /// page on trial seems to have been it.
    pub(super) fn reject(&mut self, expected: Option<Vec<u64>>) {
        if let CountedBy::Numbers { first: number, sizes } = &mut self.counting
            && let Sizes::Trial { first, .. } = sizes
        {
            let first = std::mem::take(first);
            *sizes = Sizes::Rejected(Rejection { first, expected, is_current: true });
            self.pages = 1;
            self.overlap = 0;
            self.token = PageToken::Page(*number + 1);
        }
    }

    pub(super) fn has_rejected(&self) -> bool {
        matches!(self.counting, CountedBy::Numbers { sizes: Sizes::Rejected(Rejection { is_current: true, .. }), .. })
    }

    pub(super) fn go_on(&mut self) {
        if let CountedBy::Numbers { sizes: Sizes::Rejected(rejection), .. } = &mut self.counting {
            rejection.is_current = false;
        }
    }

    /// Counts the records of a page. Its size counts by what was received, never by what was asked for.
    fn count(&mut self, facts: &PageFacts) -> Result<bool> {
        self.check_begin(facts)?;
        let new = facts.records.saturating_sub(self.overlap);
        self.read += new;
        self.last = facts.last.or(self.last);
        if let Some(total) = facts.total {
            if self.ends_by_total(total, new, facts)? {
                return Ok(false);
            }
        } else if self.pagination.total.is_some() && !self.pagination.empty_page_ends {
            return Err(no_total());
        } else if new == 0 && self.overlap > 0 && self.largest.max(facts.records) < 2 {
            // Only the record that overlaps: the end, unless the server gives one record a page whatever is asked for.
            self.overlap = 0;
            self.token = PageToken::Offset(self.read);
            return Ok(true);
        } else if new == 0 {
            // Declared: only with `empty_page_ends` can a counted chain have no total.
            return Ok(false);
        }
        self.move_on(facts)
    }

    /// Fails where a page does not begin as the one before it demands.
    fn check_begin(&mut self, facts: &PageFacts) -> Result<()> {
        let begins_with_last = facts.head.first().is_some_and(|first| Some(first) == self.last.as_ref());
        if self.overlap == 0 {
            self.repeats.check(facts, self.asked, &self.pagination.style)?;
            // Only the page that confirms an end is asked for without the overlap.
            let confirms = self.pagination.overlaps() && self.read > 0;
            if confirms && begins_with_last {
                return Err(shifted("A page behind the last record begins with that record."));
            }
        } else if facts.records == 0 || facts.head.first() != self.last.as_ref() {
            self.repeats.check(facts, self.asked, &self.pagination.style)?;
            return Err(shifted("A page does not begin with the record at which the page before it ended."));
        } else {
            self.repeats.set(facts);
        }
        Ok(())
    }

    /// Whether a total proves the end of the chain at this page, of which `new` records were not read before.
    fn ends_by_total(&mut self, total: u64, new: u64, facts: &PageFacts) -> Result<bool> {
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
        let full = (self.asked.saturating_add(self.overlap)).min(self.pagination.size.max);
        let is_full = facts.records >= full || (self.pages > 1 && facts.records >= self.largest);
        Ok(self.read == total && (new == 0 || !self.is_doubtful(total, is_full)))
    }

    /// Whether counting may have stopped at a total that is reached: where the last page is as full as any, or where Elasticsearch does.
    fn is_doubtful(&self, total: u64, is_full: bool) -> bool {
        match &self.counting {
            // Asked for from one record earlier, the page behind the last is never behind the list.
            CountedBy::Offsets { max } if self.pagination.overlaps() => {
                (is_full || total == SUSPECT_TOTAL) && max.is_none_or(|max| total == SUSPECT_TOTAL || total.saturating_sub(1) <= max)
            }
            CountedBy::Offsets { .. } | CountedBy::Numbers { .. } => total == SUSPECT_TOTAL || is_full,
        }
    }

    /// Moves on to the page after the records read so far.
    fn move_on(&mut self, facts: &PageFacts) -> Result<bool> {
        self.token = match self.counting {
            CountedBy::Numbers { first, .. } => PageToken::Page(first + self.pages),
            CountedBy::Offsets { max } => {
                // A server that gives one record a page would give the same one for ever.
                let alone = facts.total.is_some() && facts.records < 2 && self.asked > 1 && self.largest < 2;
                self.overlap = u64::from(self.pagination.overlaps() && !alone && self.read > 0);
                let offset = self.read - self.overlap;
                if let Some(max) = max.filter(|max| offset > *max) {
                    return Err(Error::new(ErrorKind::Shape, format!("the API reaches no record beyond offset {max}"))
                        .detail(format!("{} records were read, and nothing proves that there are no more.", self.read))
                        .hint("Narrow the query so that fewer records match."));
                }
                PageToken::Offset(offset)
            }
        };
        Ok(true)
    }

    /// Takes the first page of a chain whose sizes may vary, and puts another size on trial.
    fn begin(&mut self, facts: &PageFacts) -> Result<bool> {
        let is_as_asked = facts.records <= self.asked && facts.records >= LEAST;
        if !is_as_asked || facts.total.is_none_or(|total| total <= facts.records) {
            self.set_sizes(Sizes::Even);
            return self.count(facts);
        }
        self.repeats.set(facts);
        self.total = facts.total;
        self.read = facts.records;
        self.last = facts.last;
        let page = self.overlap_next(facts.records);
        self.set_sizes(Sizes::Trial { page, first: facts.clone() });
        Ok(true)
    }

    /// Takes the page on trial, or rejects it where the API has pages of one size. `most` is the first page's size.
    fn try_size(&mut self, page: Numbered, most: u64, facts: &PageFacts) -> Result<bool> {
        let total = self.total.ok_or_else(no_total)?;
        if facts.total == Some(total) {
            // It begins behind the first page, unless only the size is read.
            let is_as_asked = facts.records == page.records(total);
            if is_as_asked && self.repeats.likeness(facts) == Likeness::Same {
                return Err(same_again(&self.pagination.style));
            }
            // The page of this number as it is where sizes count for nothing.
            let is_even = facts.records == most.min(total.saturating_sub(page.number * most)) && facts.seam != self.last;
            if is_even || !is_as_asked {
                // A page that fits both sizes comes again, or the records have moved.
                self.reject(is_as_asked.then(|| facts.head.clone()));
                return Ok(true);
            }
        }
        self.take(page, most, facts)
    }

    /// Takes a page of a size of its own, which overlaps those before.
    fn take(&mut self, page: Numbered, most: u64, facts: &PageFacts) -> Result<bool> {
        let total = self.total.ok_or_else(no_total)?;
        page.check(facts, total, self.last)?;
        self.read = page.end().min(total);
        self.last = facts.last;
        if page.end() > total {
            return Ok(false);
        }
        let page = self.overlap_next(most);
        self.set_sizes(Sizes::Varied { page, most });
        Ok(true)
    }

    /// Moves on to the page of another size that overlaps what was read.
    fn overlap_next(&mut self, most: u64) -> Numbered {
        let page = Numbered::after(self.read, most);
        if let CountedBy::Numbers { first, .. } = self.counting {
            self.overlap = page.overlap;
            self.token = PageToken::Page(first + page.number);
        }
        page
    }

    /// Changes the sizes of a chain by number.
    fn set_sizes(&mut self, now: Sizes) {
        if let CountedBy::Numbers { sizes, .. } = &mut self.counting {
            *sizes = now;
        }
    }
}

/// Whether an error is that of an answer which is no success.
fn is_by_status(error: &Error) -> bool {
    error.http_status().is_some()
}

#[cfg(test)]
mod tests {
    use crate::plan::request::PageToken;
    use crate::scan::paging::{PageFacts, Pager};
    use crate::sources::built_in;

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
