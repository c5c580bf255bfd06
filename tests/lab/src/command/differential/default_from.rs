//! The tables of a query that the option `default_from` may shorten: those without a condition on their time.

use super::condition::{Condition, Operand};
use super::select::{FromItem, Query, Select, Source, Wrap};
use super::setup::{DefaultFrom, SETUPS};
use super::table::Table;

/// Tables of one query of which every combination is tried.
const MOST: usize = 5;

/// Each set of tables, by alias, that may begin at the default in the query's set-up.
pub(super) fn choices(query: &Query) -> Vec<Vec<&str>> {
    let mut found = Parts::default();
    found.select(&query.select);
    let may_begin_late = |place: &usize| {
        let TableRef { alias, table, outside } = &found.tables[*place];
        match SETUPS[query.setup].default_from {
            DefaultFrom::Absent => false,
            DefaultFrom::Hidden => table.has_range,
            DefaultFrom::Seen => {
                let is_said = |alias: &str, column: &str| found.texts.iter().any(|text| names_column(text, alias, column));
                table.has_range && !is_said(alias, table.time) && !outside.iter().any(|(alias, column)| is_said(alias, column))
            }
        }
    };
    let free: Vec<&str> = (0..found.tables.len()).filter(may_begin_late).map(|place| found.tables[place].alias).take(MOST).collect();
    let chosen = |choice: usize| free.iter().enumerate().filter(|(place, _)| choice >> place & 1 == 1).map(|(_, alias)| *alias).collect();
    // The set of all tables comes first: it is the likeliest.
    (1..1 << free.len()).rev().map(chosen).collect()
}

/// Whether a query may end early. Then no notice has to report what was left out.
pub(super) fn may_end_early(query: &Query) -> bool {
    let mut found = Parts::default();
    found.select(&query.select);
    found.is_limited
}

/// A table in the FROM clause of a query.
struct TableRef<'q> {
    alias: &'q str,
    table: &'static Table,
    /// Aliases and columns that name the table's time outside of the subqueries that contain it.
    outside: Vec<(&'q str, &'static str)>,
}

/// What a query is made of.
#[derive(Default)]
struct Parts<'q> {
    tables: Vec<TableRef<'q>>,
    /// The text of every condition.
    texts: Vec<&'q str>,
    is_limited: bool,
    /// Aliases and columns that name the time of the subquery that is being walked.
    outside: Vec<(&'q str, &'static str)>,
}

impl<'q> Parts<'q> {
    fn select(&mut self, select: &'q Select) {
        self.is_limited |= select.limit.is_some() || select.offset.is_some();
        self.from(&select.from);
        for join in &select.joins {
            self.from(&join.item);
            join.on.iter().for_each(|condition| self.conjunct(condition));
        }
        select.filter.iter().for_each(|condition| self.conjunct(condition));
    }

    /// A condition that all rows must satisfy. `IS NOT NULL` does not bound a time: rows before the default satisfy it as well.
    fn conjunct(&mut self, condition: &'q Condition) {
        let ends = |condition: &Condition, end: &str| matches!(condition, Condition::Leaf(leaf) if leaf.foreign.ends_with(end));
        match condition {
            Condition::And(parts) => parts.iter().for_each(|part| self.conjunct(part)),
            Condition::Not(inner) if ends(inner, " IS NULL") => {}
            _ if ends(condition, " IS NOT NULL") => {}
            _ => self.condition(condition),
        }
    }

    fn from(&mut self, from: &'q FromItem) {
        match &from.source {
            Source::Table(table) => self.tables.push(TableRef { alias: &from.alias, table, outside: self.outside.clone() }),
            Source::Derived { wrap, parts, columns } => {
                let before = self.outside.len();
                for part in parts {
                    // Outer conditions are pushed into the subquery, unless it is materialized, or its LIMIT would select other rows.
                    let is_apart = *wrap == Wrap::With("MATERIALIZED ") || part.limit.is_some() || part.offset.is_some();
                    if let Some(time) = columns.first().filter(|_| !is_apart) {
                        self.outside.push((&from.alias, time));
                    }
                    self.select(part);
                    self.outside.truncate(before);
                }
            }
        }
    }

    fn condition(&mut self, condition: &'q Condition) {
        match condition {
            Condition::And(parts) | Condition::Or(parts) => parts.iter().for_each(|part| self.condition(part)),
            Condition::Not(inner) | Condition::Test(inner, _) => self.condition(inner),
            Condition::Leaf(leaf) => {
                // The planner removes a comparison with NULL, also from an OR, before the extension sees the condition.
                let is_null = |operand: &Operand| matches!(operand, Operand::Value { sql, .. } if sql.starts_with("NULL::"));
                if !leaf.operands.iter().any(is_null) {
                    self.texts.push(&leaf.foreign);
                }
                for operand in &leaf.operands {
                    if let Operand::Scalar(select) = operand {
                        self.select(select);
                    }
                }
            }
            Condition::Exists { select, .. } => self.select(select),
            Condition::In { value, select, .. } => {
                self.texts.push(value);
                // The outputs of the subquery are compared as well.
                self.texts.extend(select.output.iter().map(String::as_str));
                self.select(select);
            }
        }
    }
}

/// Whether a condition names this column.
fn names_column(text: &str, alias: &str, column: &str) -> bool {
    let name = format!("{alias}.{column}");
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.match_indices(&name).any(|(at, _)| !text[..at].ends_with(is_word) && !text[at + name.len()..].starts_with(is_word))
}

#[cfg(test)]
mod tests {
    use super::super::select::Form;
    use super::super::table::table;
    use super::*;

    fn place(name: &str) -> usize {
        SETUPS.iter().position(|setup| setup.name == name).unwrap()
    }

    fn query(setup: &str, conditions: &[&str]) -> Query {
        let from = FromItem { alias: "t1".into(), source: Source::Table(table("logs")) };
        let filter = conditions.iter().map(|text| Condition::leaf(*text, Vec::new())).collect();
        let select = Select::new(vec!["count(*)".into()], from, filter);
        Query { select, form: Form::Plain, zone: "UTC", settings: Vec::new(), setup: place(setup) }
    }

    #[test]
    fn a_default_stands_in_only_where_nothing_is_said_of_the_time() {
        assert_eq!(choices(&query("defaulted", &["t1.actor = 'System'"])), [["t1"]]);
        assert!(choices(&query("defaulted", &["to_char(t1.createddate, 'YYYY') = '2025'"])).is_empty());
        assert_eq!(choices(&query("defaulted", &["t1.createddate IS NOT NULL"])), [["t1"]]);
        assert!(choices(&query("one", &[])).is_empty());
    }

    #[test]
    fn where_conditions_are_hidden_it_may_stand_in_anyway() {
        assert_eq!(choices(&query("barrier_default", &["to_char(t1.createddate, 'YYYY') = '2025'"])), [["t1"]]);
    }

    #[test]
    fn a_condition_outside_is_said_of_the_table_inside() {
        let mut inside = query("defaulted", &[]);
        inside.select.output = vec!["t1.createddate".into()];
        let parts = vec![inside.select];
        let outer = |wrap| {
            let from =
                FromItem { alias: "t2".into(), source: Source::Derived { wrap, parts: parts.clone(), columns: vec!["createddate"] } };
            let select = Select::new(vec!["count(*)".into()], from, vec![Condition::leaf("t2.createddate < now()", Vec::new())]);
            Query { select, ..query("defaulted", &[]) }
        };
        assert!(choices(&outer(Wrap::View)).is_empty());
        assert_eq!(choices(&outer(Wrap::With("MATERIALIZED "))), [["t1"]]);
    }

    #[test]
    fn a_comparison_with_null_says_nothing() {
        let mut query_with_null = query("defaulted", &[]);
        let compared = Condition::leaf("t1.createddate < {}", vec![Operand::plain("NULL::timestamptz")]);
        query_with_null.select.filter = vec![Condition::Or(vec![Condition::leaf("t1.actor = 'System'", Vec::new()), compared])];
        assert_eq!(choices(&query_with_null), [["t1"]]);
    }

    #[test]
    fn a_name_is_not_part_of_another() {
        assert!(names_column("(t1.time < now())", "t1", "time"));
        assert!(!names_column("at1.time < now() OR t1.timestamp < now()", "t1", "time"));
    }
}
