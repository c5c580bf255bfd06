//! Clauses → what requests can do for each, found once while a query is planned and remembered.
//!
//! A clause is converted when it is first looked at: a base clause in GetForeignRelSize, a join clause when the joins are read or a
//! path is given its operands. GetForeignPlan gets the same RestrictInfos in another order. It may also get some that are new, because
//! Postgres copied them for a child of a partitioned table: those are converted then.

use std::collections::HashMap;

use pgrx::check_for_interrupts;

use super::attributes::used_attributes;
use super::base_rel::{BaseRel, Clause};
use super::clauses::Converter;
use crate::pg::catalog::ForeignTable;
use crate::pg::node::Expr;
use crate::plan::scan_plan::Pushdown;

/// A clause's part in requests.
#[derive(Debug)]
pub(crate) struct Classified<'q> {
    pub(crate) pushdown: Pushdown,
    /// The operands of its condition.
    pub(crate) operands: Vec<Expr<'q>>,
    /// Whether nothing of the clause is missing from its condition.
    pub(crate) is_whole: bool,
    /// The description's columns that the clause uses; empty where a request carries the whole clause.
    pub(crate) columns: Vec<usize>,
    pub(crate) null_test: NullTest,
}

/// The kinds of clause by the test for NULL that they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NullTest {
    /// The clause is no such test.
    No,
    /// `IS NULL`.
    IsNull,
    /// `IS NOT NULL`.
    IsNotNull,
    /// The time column `IS NOT NULL`, as the planner adds it to `min` and `max`.
    HasTime,
}

/// The clauses of a query that were converted for one relation.
#[derive(Debug, Default)]
pub(crate) struct KnownClauses<'q>(HashMap<Clause<'q>, Classified<'q>>);

impl<'q> KnownClauses<'q> {
    /// Converts a clause that was not converted before. `rel` is always the same relation, the foreign table `table`.
    pub(crate) fn classify(&mut self, rel: BaseRel<'q>, table: &ForeignTable, clause: Clause<'q>) -> &Classified<'q> {
        self.0.entry(clause).or_insert_with(|| classify(rel, table, clause.expr(), Some(clause.expr())))
    }

    /// A clause's part in requests; `None` for a clause that was not converted.
    pub(crate) fn get(&self, clause: Clause<'q>) -> Option<&Classified<'q>> {
        self.0.get(&clause)
    }
}

/// Converts one clause. `qual` is what Postgres checks rows by; `clause` is what may be asked for, if anything.
pub(crate) fn classify<'q>(rel: BaseRel<'q>, table: &ForeignTable, qual: Expr<'q>, clause: Option<Expr<'q>>) -> Classified<'q> {
    check_for_interrupts!();
    let mut converter = Converter::new(rel, table);
    let converted = clause.and_then(|clause| converter.clause(clause));
    let is_whole = matches!(converted, Some((_, true)));
    let pushdown = converted.map_or(Pushdown::Local(None), |(condition, is_whole)| Pushdown::of(condition, is_whole));
    let columns = match pushdown {
        Pushdown::Exact(_) => Vec::new(),
        _ => used_attributes(rel, [qual], table).into_iter().filter_map(|number| table.column(number)?.described).collect(),
    };
    let null_test = match qual.as_null_check() {
        None => NullTest::No,
        Some(check) if check.is_null => NullTest::IsNull,
        Some(check) if converter.has_time(check) => NullTest::HasTime,
        Some(_) => NullTest::IsNotNull,
    };
    Classified { pushdown, is_whole, columns, null_test, operands: converter.operands }
}
