//! A plan and its slices → how their pages are read: in which sizes, in which order, and whether a total may answer for them.

use super::scan_plan::ScanPlan;
use super::selection::Selection;
use super::slice::Slices;
use crate::sources::{Direction, Table};

/// How the pages of one scan are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// Records asked for in the scan's first page, and in all others.
    pub page_sizes: (u64, u64),
    /// Whether a LIMIT may be content with the first page.
    pub limited: bool,
    /// The order in which rows must come.
    pub order: Option<Direction>,
    /// What is wanted of the rows.
    pub output: Output,
}

/// What is wanted of a scan's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// The rows themselves.
    Rows,
    /// Their number.
    Count {
        /// Whether the API's total may answer: only where every condition is in every request.
        by_total: bool,
    },
}

impl Reading {
    /// How a plan's pages are read, where the table's are usually of `page_size` records.
    pub fn new(plan: &ScanPlan, table: &Table, page_size: u64, selection: &Selection, slices: &Slices) -> Self {
        Self {
            page_sizes: (plan.first_size(table, page_size), page_size),
            limited: plan.limit.is_some(),
            order: if plan.ordered { plan.keeps_order(table) } else { None },
            output: match plan.counts {
                0 => Output::Rows,
                _ => Output::Count { by_total: selection.values.keys().all(|column| slices.carry(*column)) },
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::plan::condition::Condition;
    use crate::plan::value::Op;
    use crate::sources::built_in;

    fn table() -> Table {
        let mut table = built_in("tixngo").unwrap().unwrap().tables[0].clone();
        table.time_range.as_mut().unwrap().order = Some(Direction::Descending);
        table.pagination.size.may_change = true;
        table
    }

    fn reading(plan: &ScanPlan, values: &[usize], carried: &[usize]) -> Reading {
        let of = |columns: &[usize]| -> BTreeMap<usize, Vec<String>> { columns.iter().map(|c| (*c, vec!["x".to_owned()])).collect() };
        let selection = Selection { values: of(values), ..Selection::all() };
        Reading::new(plan, &table(), 100, &selection, &Slices::of(vec![None], of(carried)))
    }

    #[test]
    fn a_limit_sizes_the_first_page_and_no_other() {
        assert_eq!(reading(&ScanPlan::default(), &[], &[]).page_sizes, (100, 100));
        let limited = reading(&ScanPlan { limit: Some(7), ..ScanPlan::default() }, &[], &[]);
        assert_eq!((limited.page_sizes, limited.limited), ((7, 100), true));
    }

    #[test]
    fn rows_come_in_an_order_only_where_the_plan_wants_it() {
        let column = table().time_range.unwrap().column;
        let conditions = vec![Condition::Compare { column, op: Op::Ge, operand: 0 }];
        let plan = |ordered| ScanPlan { conditions: conditions.clone(), ordered, ..ScanPlan::default() };
        assert_eq!(reading(&plan(true), &[], &[]).order, Some(Direction::Descending));
        assert_eq!(reading(&plan(false), &[], &[]).order, None);
    }

    #[test]
    fn a_total_answers_where_every_value_is_in_every_request() {
        let plan = ScanPlan { counts: 1, ..ScanPlan::default() };
        assert_eq!(reading(&ScanPlan::default(), &[], &[]).output, Output::Rows);
        assert_eq!(reading(&plan, &[1, 2], &[1, 2]).output, Output::Count { by_total: true });
        assert_eq!(reading(&plan, &[1, 2], &[1]).output, Output::Count { by_total: false });
    }
}
