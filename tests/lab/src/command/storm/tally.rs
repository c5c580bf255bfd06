//! Counts of scenarios by kind and ending.

use super::scenario::{KINDS, ScenarioKind};
use crate::command::stress::Outcome;

/// Complaints that are reported; the others are only counted.
const REPORTED: usize = 10;

/// How a scenario ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// Every statement had its expected outcome.
    Right,
    /// The API failed where it may fail.
    StatementError,
    Cancelled,
    TimedOut,
    Terminated,
    Dropped,
    Crashed,
    Wrong,
}

pub(super) const ENDINGS: [(Ending, &str); 8] = [
    (Ending::Right, "right"),
    (Ending::StatementError, "API error"),
    (Ending::Cancelled, "cancelled"),
    (Ending::TimedOut, "timed out"),
    (Ending::Terminated, "terminated"),
    (Ending::Dropped, "dropped"),
    (Ending::Crashed, "crashed"),
    (Ending::Wrong, "WRONG"),
];

/// The counts.
#[derive(Debug, Default)]
pub(super) struct ScenarioTally {
    counts: [[u32; ENDINGS.len()]; KINDS.len()],
    pub(super) statements: u64,
    /// Answers that were compared with the truth.
    pub(super) compared: u64,
    complaints: Vec<String>,
}

impl ScenarioTally {
    pub(super) fn add(&mut self, kind: ScenarioKind, ending: Ending) {
        let place = |found: Option<usize>| found.unwrap_or(0);
        let row = place(KINDS.iter().position(|(known, _)| *known == kind));
        self.counts[row][place(ENDINGS.iter().position(|(known, _)| *known == ending))] += 1;
    }

    /// Counts a scenario that went wrong.
    pub(super) fn complain(&mut self, kind: ScenarioKind, complaint: String) {
        self.add(kind, Ending::Wrong);
        self.complaints.push(complaint);
    }

    pub(super) fn absorb(&mut self, other: Self) {
        for (row, more) in self.counts.iter_mut().zip(other.counts) {
            row.iter_mut().zip(more).for_each(|(count, more)| *count += more);
        }
        self.statements += other.statements;
        self.compared += other.compared;
        self.complaints.extend(other.complaints);
    }

    pub(super) fn of(&self, ending: Ending) -> u32 {
        let column = ENDINGS.iter().position(|(known, _)| *known == ending).unwrap_or(0);
        self.counts.iter().map(|row| row[column]).sum()
    }

    /// The kinds of which no scenario completed.
    pub(super) fn never_right(&self) -> Vec<&'static str> {
        let rows = KINDS.iter().zip(self.counts);
        rows.filter(|(_, row)| row[0] + row[1] == 0).map(|((_, name), _)| *name).collect()
    }

    /// The counts as a table, and the complaints.
    pub(super) fn outcome(&self) -> Outcome {
        let all: u32 = self.counts.iter().flatten().sum();
        let failed = self.of(Ending::Wrong);
        let mut notes = vec![format!(
            "storm: {} statements in {all} scenarios, {} answers compared with the truth, {failed} wrong",
            self.statements, self.compared
        )];
        let heading: String = ENDINGS.iter().map(|(_, name)| format!("{name:>11}")).collect();
        notes.push(format!("  {:22}{heading}", ""));
        for ((_, name), row) in KINDS.iter().zip(self.counts) {
            let counts: String = row.iter().map(|count| format!("{count:11}")).collect();
            notes.push(format!("  {name:22}{counts}"));
        }
        let mut complaints: Vec<String> = self.complaints.iter().take(REPORTED).map(|complaint| format!("storm: {complaint}")).collect();
        if self.complaints.len() > REPORTED {
            complaints.push(format!("storm: {} more of this kind", self.complaints.len() - REPORTED));
        }
        Outcome { passed: all - failed, failed, complaints, notes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_counted_and_reported() {
        let mut tally = ScenarioTally::default();
        tally.add(KINDS[0].0, Ending::Right);
        let mut other = ScenarioTally::default();
        other.add(KINDS[1].0, Ending::Cancelled);
        (0..REPORTED + 1).for_each(|_| other.complain(KINDS[1].0, "short".into()));
        tally.absorb(other);
        let outcome = tally.outcome();
        assert_eq!((outcome.passed, outcome.failed as usize, outcome.complaints.len()), (2, REPORTED + 1, REPORTED + 1));
        assert_eq!(tally.of(Ending::Cancelled), 1);
        assert_eq!(tally.never_right().len(), KINDS.len() - 1);
    }
}
