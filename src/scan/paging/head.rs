//! Whether two pages are one and the same, told by how they begin. Pure.

/// How many records at a page's start are fingerprinted: enough to tell pages of equal-looking records apart, and few enough to
/// cost nothing.
pub const HEAD: usize = 32;

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

/// Compares the fingerprints of the records at the start of two successive pages. `whole` says that they have all of both pages,
/// and that those are of one length, shorter than was asked for: only a whole answer ends like that twice.
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
