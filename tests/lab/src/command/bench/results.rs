//! The table of measured values that is kept in `tests/lab/RESULTS.md`: one section for each machine, one row for each value.

use super::goal::{Measured, Outcome};

/// The head of each machine's table.
const TABLE_HEAD: &str = "| date | commit | measure | value | goal | outcome |\n|---|---|---|---|---|---|\n";

/// Where values were measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Machine {
    pub(super) cpu: String,
    pub(super) cores: usize,
    pub(super) memory_gib: u64,
    pub(super) postgres: String,
}

/// When and of what they were measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    /// `2026-01-31`, in UTC.
    pub(super) date: String,
    /// Short hash, with `+` behind it if the tree had changes.
    pub(super) commit: String,
}

impl Machine {
    fn heading(&self) -> String {
        let Self { cpu, cores, memory_gib, postgres } = self;
        format!("## {cpu}, {cores} cores, {memory_gib} GiB, Postgres {postgres}")
    }
}

/// One row of the table, with its line end.
fn row(run: &Run, measured: &Measured) -> String {
    let (goal, outcome) = match &measured.bound {
        None => ("–", "–"),
        Some(bound) => (
            bound.text.as_str(),
            match bound.outcome {
                Outcome::Held => "held",
                Outcome::Missed => "missed",
                Outcome::NotMeasured => "not measured",
            },
        ),
    };
    let cells = [&run.date, &run.commit, &measured.measure, &measured.value, goal, outcome];
    let cells = cells.map(|cell: &str| cell.replace('|', "\\|"));
    format!("| {} |\n", cells.join(" | "))
}

/// The file's text with the rows of a run at the end of the machine's table, which is begun if it is not there.
pub(super) fn with_run(text: &str, machine: &Machine, run: &Run, measured: &[Measured]) -> String {
    let rows: String = measured.iter().map(|measured| row(run, measured)).collect();
    let heading = machine.heading();
    let Some(begin) = text.lines().position(|line| line == heading) else {
        return format!("{}\n\n{heading}\n\n{TABLE_HEAD}{rows}", text.trim_end());
    };
    let lines: Vec<&str> = text.lines().collect();
    let end = lines[begin + 1..].iter().position(|line| line.starts_with("## ")).map_or(lines.len(), |count| begin + 1 + count);
    let (section, rest) = (lines[..end].join("\n"), lines[end..].join("\n"));
    let section = format!("{}\n{rows}", section.trim_end());
    if rest.is_empty() { section } else { format!("{section}\n{}\n", rest.trim_end()) }
}

/// The line that names what was missed; `None` if every goal that was measured was held.
pub(super) fn missed(measured: &[Measured]) -> Option<String> {
    let missed = measured.iter().filter(|measured| measured.has(Outcome::Missed));
    let missed: Vec<String> = missed.map(|measured| format!("{} ({})", measured.measure, measured.value)).collect();
    (!missed.is_empty()).then(|| format!("missed: {}", missed.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::super::goal::at_most;
    use super::*;

    fn machine(cpu: &str) -> Machine {
        Machine { cpu: cpu.into(), cores: 2, memory_gib: 8, postgres: "15.18".into() }
    }

    fn run(commit: &str) -> Run {
        Run { date: "2026-01-31".into(), commit: commit.into() }
    }

    fn measured(value: f64) -> Measured {
        Measured::new("LIMIT 1 | warm", format!("{value:.1} ms"), Some(at_most(value, 2.0, " ms")))
    }

    #[test]
    fn a_row_says_when_what_and_whether_the_goal_was_held() {
        assert_eq!(row(&run("abc1234+"), &measured(1.5)), "| 2026-01-31 | abc1234+ | LIMIT 1 \\| warm | 1.5 ms | at most 2 ms | held |\n");
        assert!(row(&run("a"), &measured(2.5)).ends_with("| 2.5 ms | at most 2 ms | missed |\n"));
        assert_eq!(row(&run("a"), &Measured::new("keys", "6.0×", None)), "| 2026-01-31 | a | keys | 6.0× | – | – |\n");
    }

    #[test]
    fn each_machine_has_one_table_whose_newest_run_is_last() {
        let (one, other) = (machine("one"), machine("other"));
        let mut text = String::from("# Results\n\nThe head.\n");
        for (machine, commit) in [(&one, "a"), (&other, "b"), (&one, "c")] {
            text = with_run(&text, machine, &run(commit), &[measured(1.0), Measured::new("keys", "6.0×", None)]);
        }
        let rows = |commit| format!("{}{}", row(&run(commit), &measured(1.0)), row(&run(commit), &Measured::new("keys", "6.0×", None)));
        let expected = format!(
            "# Results\n\nThe head.\n\n## one, 2 cores, 8 GiB, Postgres 15.18\n\n{TABLE_HEAD}{}{}\n\
             ## other, 2 cores, 8 GiB, Postgres 15.18\n\n{TABLE_HEAD}{}",
            rows("a"),
            rows("c"),
            rows("b")
        );
        assert_eq!(text, expected);
    }

    #[test]
    fn only_missed_goals_are_named() {
        assert_eq!(missed(&[measured(1.0), Measured::new("keys", "6.0×", None)]), None);
        assert_eq!(missed(&[measured(1.0), measured(3.0)]).as_deref(), Some("missed: LIMIT 1 | warm (3.0 ms)"));
    }
}
