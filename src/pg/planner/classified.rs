//! What requests can do for each clause, found once while a query is planned and remembered by the clause's RestrictInfo.
//!
//! A clause is converted when it is first looked at: a base clause in GetForeignRelSize, a join clause when the joins are read or a
//! path is given its operands. GetForeignPlan gets the same RestrictInfos in another order. It may also get some that are new, because
//! Postgres copied them for a child of a partitioned table: those are converted then.

use std::collections::HashMap;

use pgrx::{check_for_interrupts, is_a, pg_sys};

use super::attributes::used_attributes;
use super::clauses::Converter;
use crate::pg::catalog::ForeignTable;
use crate::plan::scan_plan::Pushdown;

/// A clause, and what requests can do for it.
#[derive(Debug)]
pub(crate) struct Classified {
    pub(crate) pushdown: Pushdown,
    /// The operands of its condition.
    pub(crate) operands: Vec<*mut pg_sys::Node>,
    /// Whether nothing of the clause is missing from its condition.
    pub(crate) is_whole: bool,
    /// The description's columns that the clause uses; empty where a request carries the whole clause.
    pub(crate) columns: Vec<usize>,
    pub(crate) null_test: NullTest,
}

/// Which test for NULL a clause is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NullTest {
    /// None.
    No,
    /// `IS NULL`.
    IsNull,
    /// `IS NOT NULL`.
    IsNotNull,
    /// The time column `IS NOT NULL`, as the planner adds it to `min` and `max`.
    HasTime,
}

/// The clauses of a query that were converted for one relation. Their RestrictInfos live as long as the query is planned.
#[derive(Debug, Default)]
pub(crate) struct KnownClauses(HashMap<*mut pg_sys::RestrictInfo, (*mut pg_sys::Expr, Classified)>);

impl KnownClauses {
    /// Converts a clause that was not converted before.
    ///
    /// # Safety
    /// All pointers are the planner's, and always those of the same relation.
    pub(crate) unsafe fn classify(
        &mut self,
        root: *mut pg_sys::PlannerInfo,
        rel: *mut pg_sys::RelOptInfo,
        table: &ForeignTable,
        info: *mut pg_sys::RestrictInfo,
    ) -> &Classified {
        // SAFETY: the caller's.
        let clause = unsafe { (*info).clause };
        // SAFETY: the caller's.
        let new = || (clause, unsafe { classify(root, rel, table, clause.cast(), Some(clause.cast())) });
        let (of, classified) = self.0.entry(info).or_insert_with(new);
        if *of != clause {
            (*of, *classified) = new();
        }
        classified
    }

    /// What is known of a clause.
    pub(crate) fn get(&self, info: *mut pg_sys::RestrictInfo) -> Option<&Classified> {
        self.0.get(&info).map(|(_, classified)| classified)
    }
}

/// Converts one clause. `qual` is what Postgres checks rows by; `clause` is what may be asked for, if anything.
///
/// # Safety
/// All pointers are the planner's, and both nodes expressions of its query.
pub(crate) unsafe fn classify(
    root: *mut pg_sys::PlannerInfo,
    rel: *mut pg_sys::RelOptInfo,
    table: &ForeignTable,
    qual: *mut pg_sys::Node,
    clause: Option<*mut pg_sys::Node>,
) -> Classified {
    check_for_interrupts!();
    // SAFETY: the caller's.
    unsafe {
        let mut converter = Converter::new(root, rel, table);
        let converted = clause.and_then(|clause| converter.clause(clause));
        let is_whole = matches!(converted, Some((_, true)));
        let pushdown = converted.map_or(Pushdown::Local(None), |(condition, is_whole)| Pushdown::of(condition, is_whole));
        let columns = match pushdown {
            Pushdown::Exact(_) => Vec::new(),
            _ => used_attributes(rel, qual, table).into_iter().filter_map(|number| table.column(number)?.described).collect(),
        };
        Classified { pushdown, is_whole, columns, null_test: null_test(&converter, qual), operands: converter.operands }
    }
}

/// # Safety
/// `qual` is an expression of the converter's query.
unsafe fn null_test(converter: &Converter<'_>, qual: *mut pg_sys::Node) -> NullTest {
    // SAFETY: the caller's.
    unsafe {
        if converter.has_time(qual) {
            NullTest::HasTime
        } else if Converter::is_not_null_test(qual) {
            NullTest::IsNotNull
        } else if is_a(qual, pg_sys::NodeTag::T_NullTest) {
            NullTest::IsNull
        } else {
            NullTest::No
        }
    }
}
