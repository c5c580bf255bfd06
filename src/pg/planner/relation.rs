//! What is known of a foreign table while a query is planned: what its clauses, its place among other tables and the query's joins
//! would let a scan ask for.

use pgrx::{PgList, check_for_interrupts, pg_sys};

use super::classified::{Classified, KnownClauses, NullTest, classify};
use super::clauses::Converter;
use super::get_foreign_rel_size;
use super::joins::{self, JoinRequirements};
use super::row_bounds::row_bounds;
use crate::error::Result;
use crate::pg::catalog::ForeignTable;
use crate::plan::condition::Condition;
use crate::plan::scan_plan::ScanPlan;
use crate::plan::slicing::{Defaults, missing_parameter};

/// The part of a table that a range has, as Postgres guesses it (DEFAULT_RANGE_INEQ_SEL).
pub(crate) const RANGE_SELECTIVITY: f64 = 0.005;
/// The part that one bound leaves, as Postgres guesses it (DEFAULT_INEQ_SEL).
const BOUND_SELECTIVITY: f64 = 1.0 / 3.0;

/// Kept in `RelOptInfo.fdw_private` while one query is planned. Made in GetForeignRelSize.
pub(crate) struct RelationInfo {
    pub(crate) table: ForeignTable,
    pub(crate) defaults: Defaults,
    /// What the table's place among others says of its rows: what each row is checked by, and what requests can do for it.
    pub(crate) row_bounds: Vec<(*mut pg_sys::Node, Classified)>,
    pub(crate) joins: JoinRequirements,
    /// The conditions that follow from those of other relations, and their operands.
    implied: Vec<(Condition, Vec<*mut pg_sys::Node>)>,
    known: KnownClauses,
    /// What the base clauses let a scan ask for, by their order in `baserestrictinfo`.
    pub(crate) base: Converted,
    /// Whether nobody knows how many rows the table has.
    pub(crate) is_guessed: bool,
}

/// What clauses would let a scan ask for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Converted {
    /// Its `local` and `inexact` count the clauses, and then the row bounds.
    pub(crate) plan: ScanPlan,
    /// The operands of its conditions.
    pub(crate) operands: Vec<*mut pg_sys::Node>,
}

impl RelationInfo {
    /// Converts the base clauses of a relation, its row bounds and its joins.
    ///
    /// # Safety
    /// All pointers are the planner's; `rel` is the base relation of the foreign table `relation`, which is open and locked.
    pub(crate) unsafe fn new(
        root: *mut pg_sys::PlannerInfo,
        rel: *mut pg_sys::RelOptInfo,
        relation: pg_sys::Oid,
        table: ForeignTable,
    ) -> Self {
        let (defaults, mut known) = (table.defaults(0), KnownClauses::default());
        // SAFETY: the caller's.
        unsafe {
            let row_bounds =
                row_bounds(root, rel, relation, &table).into_iter().map(|b| (b.qual, classify(root, rel, &table, b.qual, b.clause)));
            let row_bounds = row_bounds.collect();
            let joins = joins::read(root, rel, &table, &mut known);
            let implied = implied(root, rel, &table, &joins);
            let is_guessed = (*rel).tuples <= 0.0;
            let mut info = Self { table, defaults, row_bounds, joins, implied, known, base: Converted::default(), is_guessed };
            info.base = info.convert(root, rel, &infos_of((*rel).baserestrictinfo));
            info
        }
    }

    /// Whether the API can be asked with these conditions, and the answer is the same in every plan.
    pub(crate) fn check(&self, plan: &ScanPlan) -> Result<()> {
        let table = &self.table.endpoint;
        plan.check(table, &self.defaults)?;
        let restricted_to_values = plan.condition().restricted_to_values();
        if let Some(column) = self.joins.restricted_parameters(&self.table).find(|column| !restricted_to_values.contains(*column)) {
            return Err(missing_parameter(table, &table.columns[column]));
        }
        Ok(())
    }

    /// The part of the rows that conditions leave which Postgres does not see: it would see them as conditions of the query.
    pub(crate) fn implied_selectivity(&self) -> f64 {
        let Some(range) = &self.table.endpoint.time_range else { return 1.0 };
        if self.row_bounds.is_empty() && self.implied.is_empty() {
            return 1.0;
        }
        match self.assemble(std::iter::empty()).plan.condition().bounds(range.column) {
            (true, true) => RANGE_SELECTIVITY,
            (true, false) | (false, true) => BOUND_SELECTIVITY,
            (false, false) => 1.0,
        }
    }

    /// What these clauses, the row bounds and the joins would let a scan ask for.
    ///
    /// # Safety
    /// All pointers are the planner's; `rel` is the relation of this information.
    pub(crate) unsafe fn convert(
        &mut self,
        root: *mut pg_sys::PlannerInfo,
        rel: *mut pg_sys::RelOptInfo,
        infos: &[*mut pg_sys::RestrictInfo],
    ) -> Converted {
        for info in infos {
            // SAFETY: the caller's.
            unsafe { self.known.classify(root, rel, &self.table, *info) };
        }
        self.assemble(self.classified(infos))
    }

    /// These clauses, which were converted before, as far as they were.
    pub(crate) fn classified<'s>(&'s self, infos: &'s [*mut pg_sys::RestrictInfo]) -> impl Iterator<Item = &'s Classified> {
        infos.iter().filter_map(|info| self.known.get(*info))
    }

    /// The plan of clauses, the row bounds and the joins. Each brings operands of its own, which are numbered in this order.
    fn assemble<'s>(&'s self, clauses: impl Iterator<Item = &'s Classified>) -> Converted {
        let mut converted = Converted::default();
        let Converted { plan, operands } = &mut converted;
        for (qual, classified) in clauses.chain(self.row_bounds.iter().map(|(_, classified)| classified)).enumerate() {
            plan.add(qual, &classified.pushdown, operands.len());
            operands.extend(&classified.operands);
            // What a condition says whole, it says of defaults too, once the operands are known.
            if !classified.is_whole && !matches!(classified.null_test, NullTest::IsNotNull | NullTest::HasTime) {
                plan.restricted.extend(&classified.columns);
            }
        }
        for (condition, of_condition) in &self.implied {
            plan.conditions.push(condition.with_operands_from(operands.len()));
            plan.implied += 1;
            operands.extend(of_condition);
        }
        plan.restricted.extend(&self.joins.restricted);
        converted
    }
}

/// The conditions that the joins imply, each with its operands.
///
/// # Safety
/// All pointers are the planner's, and `joins` were read with them.
unsafe fn implied(
    root: *mut pg_sys::PlannerInfo,
    rel: *mut pg_sys::RelOptInfo,
    table: &ForeignTable,
    joins: &JoinRequirements,
) -> Vec<(Condition, Vec<*mut pg_sys::Node>)> {
    let convert = |implied: &joins::Implied| {
        check_for_interrupts!();
        // SAFETY: the caller's.
        let mut converter = unsafe { Converter::new(root, rel, table) };
        // SAFETY: the caller's.
        let condition = unsafe { converter.implied(implied.clause, implied.column) }?;
        Some((condition, converter.operands))
    };
    joins.implied.iter().filter_map(convert).collect()
}

/// Whether the rows of a relation are a guess about a foreign table of ours that nobody knows.
///
/// # Safety
/// `rel` is the planner's, and its size was estimated.
pub(crate) unsafe fn is_guessed(rel: &pg_sys::RelOptInfo) -> bool {
    // SAFETY: the caller's; a relation with our callback has our planning, once that has run.
    unsafe {
        let is_ours = rel.fdwroutine.as_ref().is_some_and(|routine| {
            routine
                .GetForeignRelSize
                .is_some_and(|size| std::ptr::fn_addr_eq(size, get_foreign_rel_size as unsafe extern "C-unwind" fn(_, _, _)))
        });
        is_ours && rel.fdw_private.cast::<RelationInfo>().as_ref().is_none_or(|relation_info| relation_info.is_guessed)
    }
}

/// # Safety
/// `rel` went through [`get_foreign_rel_size`].
pub(crate) unsafe fn relation_info<'p>(rel: *mut pg_sys::RelOptInfo) -> &'p mut RelationInfo {
    // SAFETY: set there, and lives in the planner's memory context; nobody else looks at it during a callback.
    unsafe { &mut *(*rel).fdw_private.cast::<RelationInfo>() }
}

/// The RestrictInfos of a list.
///
/// # Safety
/// `list` is a list of RestrictInfos.
pub(crate) unsafe fn infos_of(list: *mut pg_sys::List) -> Vec<*mut pg_sys::RestrictInfo> {
    // SAFETY: the caller's.
    unsafe { PgList::<pg_sys::RestrictInfo>::from_pg(list).iter_ptr().collect() }
}
