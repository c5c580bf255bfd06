//! Tells whether two successive pages are one and the same, by how they begin. Pure.
//!
//! An API that does not read what says where a page begins gives the first page for ever. Its records may well have no identity, so that
//! two pages which begin alike are no proof: only what cannot be chance is an error.

use super::facts::PageFacts;
use super::moved::same_again;
use crate::error::Result;
use crate::sources::PagingStyle;

/// How many records at a page's start are fingerprinted: enough to tell pages of equal-looking records apart, and few enough to
/// cost nothing.
pub const HEAD: usize = 32;

/// After this many pages in a row that begin alike they are taken for one, however alike their records are: else a chain without a total
/// has no end.
pub(super) const MAX_ALIKE_PAGES: u32 = 1_000;

/// Notices a page that comes again.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    /// How the page before begins.
    head: Vec<u64>,
    /// The records of the page before.
    records: u64,
    /// Pages in a row that may be one.
    alike: u32,
}

impl Repeats {
    /// Remembers a page that need not differ from the one before.
    pub(super) fn set(&mut self, facts: &PageFacts) {
        (self.head, self.records) = (facts.head.clone(), facts.records);
    }

    /// Compares a page with the one before, of which it has no record.
    pub(super) fn likeness(&self, facts: &PageFacts) -> Likeness {
        compare(&self.head, &facts.head, false)
    }

    /// Fails where a page is the one before, given again: then the API does not read what says where a page begins. An empty page has
    /// nothing to compare.
    pub(super) fn check(&mut self, facts: &PageFacts, asked: u64, style: &PagingStyle) -> Result<()> {
        if facts.records == 0 {
            return Ok(());
        }
        let whole = self.records == facts.records && facts.records < (HEAD as u64).min(asked);
        let likeness = compare(&self.head, &facts.head, whole);
        self.set(facts);
        self.alike = match likeness {
            Likeness::Other => 0,
            Likeness::Undecided if self.alike < MAX_ALIKE_PAGES => self.alike + 1,
            Likeness::Undecided | Likeness::Same => return Err(same_again(style)),
        };
        Ok(())
    }
}

/// What two pages' first records tell of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Likeness {
    /// They are two pages.
    Other,
    /// They are one page, given twice.
    Same,
    /// Their records repeat each other within a page already, so that two pages may well begin alike.
    Undecided,
}

/// Compares the fingerprints of the records at the start of two successive pages. `whole` says that the fingerprints are of all records
/// of both pages, and that both have one length, shorter than was asked for: only a whole answer ends like that twice.
pub(super) fn compare(before: &[u64], now: &[u64], whole: bool) -> Likeness {
    let both = before.len().min(now.len());
    if both == 0 || before[..both] != now[..both] {
        return Likeness::Other;
    }
    let longer = if before.len() > now.len() { before } else { now };
    // One record alone may well be followed by its equal.
    let told_apart = longer.len() > 1 && (1..longer.len()).all(|i| !longer[..i].contains(&longer[i]));
    if whole || (told_apart && both > 1) || (both == HEAD && !repeats(longer)) { Likeness::Same } else { Likeness::Undecided }
}

/// Whether a run of fingerprints is made of a shorter one.
fn repeats(head: &[u64]) -> bool {
    (1..=head.len() / 2).any(|period| head[period..] == head[..head.len() - period])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn likeness(before: impl IntoIterator<Item = u64>, now: impl IntoIterator<Item = u64>) -> Likeness {
        compare(&before.into_iter().collect::<Vec<_>>(), &now.into_iter().collect::<Vec<_>>(), false)
    }

    #[test]
    fn records_that_differ_make_an_equal_beginning_one_page() {
        assert_eq!(likeness(0..32, 0..32), Likeness::Same);
        assert_eq!(likeness(0..7, 0..32), Likeness::Same, "the first page was smaller");
        assert_eq!(likeness([1, 2], 1..32), Likeness::Same);
        assert_eq!(compare(&[1], &[1], true), Likeness::Same, "one record each, where more were asked for");
        assert_eq!(likeness(0..32, (0..31).chain([99])), Likeness::Other);
        assert_eq!(likeness(0..32, 32..64), Likeness::Other);
        assert_eq!(likeness([], 0..32), Likeness::Other);
    }

    #[test]
    fn records_without_an_identity_are_no_proof_where_they_repeat() {
        assert_eq!(likeness([5; 32], [5; 32]), Likeness::Undecided);
        assert_eq!(likeness((0..32).map(|i| i % 3), (0..32).map(|i| i % 3)), Likeness::Undecided);
        assert_eq!(likeness([1, 1, 2], [1, 1, 2]), Likeness::Undecided, "too few to tell");
        assert_eq!(compare(&[1, 1, 2], &[1, 1, 2], true), Likeness::Same, "short, and short again");
        let few_kinds = |i: u64| i * i * 7 % 31 % 3;
        assert_eq!(likeness((0..32).map(few_kinds), (0..32).map(few_kinds)), Likeness::Same, "the same order of 32 is no chance");
        assert_eq!(likeness([1], [1, 1, 2, 1]), Likeness::Undecided);
        assert_eq!(likeness([1], 1..32), Likeness::Undecided, "an equal record may follow the first");
        assert_eq!(likeness([1], [1]), Likeness::Undecided);
    }
}
