//! The report of a query that failed: enough to see the fault, and to run the query again.

use std::collections::HashMap;
use std::fmt::Write;

use super::comparator::{Discrepancy, Wrong};
use super::select::{Form, Query};
use super::session::ResultRow;
use super::setup::SETUPS;
use super::write::{Script, Side, script};

/// Rows shown of each side.
const SHOWN: usize = 5;

/// A query that failed, and the smallest one that fails alike.
#[derive(Debug)]
pub(super) struct FailedQuery<'q> {
    pub(super) seed: u64,
    pub(super) number: u64,
    pub(super) drawn: &'q Query,
    pub(super) smallest: &'q Query,
    /// How the smallest query fails.
    pub(super) wrong: &'q Wrong,
    /// Smaller queries that were tried.
    pub(super) tried: usize,
}

/// The failure in words.
pub(super) fn report(failed: &FailedQuery<'_>) -> String {
    let FailedQuery { seed, number, drawn, smallest, wrong, tried } = failed;
    let mut text = format!("differential: query {number} of seed {seed}: {}\n", fault(wrong));
    let path = SETUPS[smallest.setup].path();
    let _ = writeln!(text, "the smallest of {tried} that fail alike, with pushdown {}:\n  SET search_path = {path};", wrong.pushdown);
    let _ = writeln!(text, "  SET TimeZone = '{}';", smallest.zone);
    for setting in &smallest.settings {
        let _ = writeln!(text, "  SET {setting};");
    }
    let _ = write!(text, "{}", statements(smallest, Side::Foreign));
    if script(smallest, Side::Foreign) != script(smallest, Side::Local) {
        let _ = write!(text, "which on the local copy is\n{}", statements(smallest, Side::Local));
    }
    if let Discrepancy::Answers { foreign, local } = &wrong.fault {
        let (more, missing) = (beyond(foreign, local), beyond(local, foreign));
        let _ = writeln!(text, "foreign: {} rows, local: {} rows", foreign.len(), local.len());
        for (name, rows) in [("only foreign", &more), ("only local", &missing)] {
            for row in rows.iter().take(SHOWN) {
                let _ = writeln!(text, "  {name}: {}", shown(row));
            }
        }
        if more.is_empty() && missing.is_empty() {
            let place = foreign.iter().zip(local).position(|(foreign, local)| foreign != local).unwrap_or(0);
            let _ =
                writeln!(text, "  the same rows; row {} is {} and should be {}", place + 1, shown(&foreign[place]), shown(&local[place]));
        }
    }
    if drawn != smallest {
        let _ = write!(text, "drawn was, in {} at {}:\n{}", SETUPS[drawn.setup].path(), drawn.zone, statements(drawn, Side::Foreign));
    }
    let _ = write!(text, "again: cargo lab differential --no-build --seed {seed} --number {number}");
    text
}

fn fault(wrong: &Wrong) -> String {
    match &wrong.fault {
        Discrepancy::Answers { .. } => "another answer than the local copy's".into(),
        Discrepancy::Error(refused) => format!("an error where the local copy answers\n  {refused}"),
        Discrepancy::Cost(cost) => format!(
            "{} requests (at most {}) and {} records (at most {}) in {} slices for the {} rows of\n  {}",
            cost.actual.requests, cost.most.requests, cost.actual.records, cost.most.records, cost.slices, cost.matching, cost.pushed
        ),
    }
}

fn statements(query: &Query, side: Side) -> String {
    let Script { before, mut compared } = script(query, side);
    if matches!(query.form, Form::Prepared { .. }) {
        // A prepared statement alternates between two sets of values.
        compared.truncate(2);
    }
    before.into_iter().chain(compared).map(|statement| format!("  {statement};\n")).collect()
}

/// The rows of one answer that the other lacks.
fn beyond<'r>(rows: &'r [ResultRow], other: &[ResultRow]) -> Vec<&'r ResultRow> {
    let mut counts: HashMap<&ResultRow, usize> = HashMap::new();
    other.iter().for_each(|row| *counts.entry(row).or_default() += 1);
    let mut left = |row: &&ResultRow| match counts.get_mut(*row) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    };
    rows.iter().filter(|row| left(row)).collect()
}

fn shown(row: &ResultRow) -> String {
    row.iter().map(|value| value.as_deref().unwrap_or("NULL")).collect::<Vec<_>>().join(" | ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_comes_twice_is_one_too_many() {
        let row = |text: &str| vec![Some(text.to_owned())];
        let (foreign, local) = ([row("a"), row("b"), row("a")], [row("b"), row("a"), row("c")]);
        assert_eq!(beyond(&foreign, &local), [&row("a")]);
        assert_eq!(beyond(&local, &foreign), [&row("c")]);
    }
}
