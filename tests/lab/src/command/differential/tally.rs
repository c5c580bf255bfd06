//! Counts of the queries' results, by the family of their set-ups.

use std::collections::BTreeMap;

use super::setup::Family;

/// Families with fewer queries than this are not checked for weakness.
const FEW: u32 = 20;

/// Counts of one family's queries.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Counts {
    /// Answered like the local copy, or like its rows from the default on.
    pub(super) right: u32,
    pub(super) wrong: u32,
    /// Refused because a required condition is missing.
    pub(super) refused: u32,
    /// Failed on the local copy.
    pub(super) local_errors: u32,
    /// Of the right ones, those that found rows.
    pub(super) found: u32,
    /// Of the right ones, those that a default made shorter, as a notice reported.
    pub(super) shortened: u32,
}

impl Counts {
    fn all(&self) -> u32 {
        self.right + self.wrong + self.refused + self.local_errors
    }
}

/// The counts of all families, and why queries were refused.
#[derive(Debug, Default)]
pub(super) struct Tally {
    counts: [Counts; Family::ALL.len()],
    reasons: BTreeMap<String, u32>,
}

impl Tally {
    pub(super) fn of(&mut self, family: Family) -> &mut Counts {
        &mut self.counts[family as usize]
    }

    pub(super) fn refuse(&mut self, family: Family, message: &str) {
        self.of(family).refused += 1;
        *self.reasons.entry(without_names(message)).or_default() += 1;
    }

    pub(super) fn right(&self) -> u32 {
        self.counts.iter().map(|counts| counts.right).sum()
    }

    /// The figures, a line each.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (family, counts) in Family::ALL.iter().zip(&self.counts).filter(|(_, counts)| counts.all() > 0) {
            let Counts { right, wrong, refused, local_errors, found, shortened } = counts;
            let reported = if *shortened > 0 { format!(", {shortened} short by a default, as reported") } else { String::new() };
            lines.push(format!(
                "{}: {} queries, {wrong} wrong, {refused} refused, {local_errors} local errors; of {right} right ones {found} find rows{reported}",
                family.name(),
                counts.all()
            ));
        }
        lines.extend(self.reasons.iter().map(|(reason, count)| format!("refused {count}: {reason}")));
        lines
    }

    /// A family whose queries prove too little: most must be answered, and find rows.
    pub(super) fn weakness(&self) -> Option<String> {
        Family::ALL.iter().zip(&self.counts).filter(|(_, counts)| counts.all() >= FEW).find_map(|(family, counts)| {
            let all = counts.all();
            let is_weak =
                counts.refused * 100 > all * family.most_refused() || counts.local_errors * 50 > all || counts.found * 100 < all * 35;
            is_weak.then(|| format!("too few of the {all} queries of the family {} prove anything", family.name()))
        })
    }
}

/// A message without the names in it, so that refusals for the same reason are counted together.
fn without_names(message: &str) -> String {
    let parts = message.split('"').enumerate().map(|(place, part)| if place % 2 == 0 { part } else { "…" });
    parts.collect::<Vec<_>>().join("\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_that_is_refused_too_often_is_weak() {
        let mut tally = Tally::default();
        *tally.of(Family::Plain) = Counts { right: 95, found: 80, ..Counts::default() };
        assert_eq!(tally.weakness(), None);
        for _ in 0..10 {
            tally.refuse(Family::Plain, "a lower bound on column \"createddate\" is required");
        }
        assert!(tally.weakness().unwrap().contains("plain"));
        assert_eq!(tally.lines()[1], "refused 10: a lower bound on column \"…\" is required");
    }
}
