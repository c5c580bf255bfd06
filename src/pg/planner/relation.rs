//! What is known of a foreign table while a query is planned: what its clauses, its place among other tables and the query's joins
//! would let a scan ask for.

use pgrx::{PgList, check_for_interrupts, pg_sys};

use super::attributes::used_attributes;
use super::clauses::Converter;
use super::get_foreign_rel_size;
use super::joins::JoinRequirements;
use super::row_bounds::RowBound;
use crate::error::Result;
use crate::pg::catalog::ForeignTable;
use crate::plan::scan_plan::ScanPlan;
use crate::plan::slicing::{Defaults, missing_parameter};

/// The part of a table that a range has, as Postgres guesses it (DEFAULT_RANGE_INEQ_SEL).
pub(crate) const RANGE_SELECTIVITY: f64 = 0.005;
/// The part that one bound leaves, as Postgres guesses it (DEFAULT_INEQ_SEL).
const BOUND_SELECTIVITY: f64 = 1.0 / 3.0;

/// Kept in `RelOptInfo.fdw_private` while one query is planned.
pub(crate) struct RelationInfo {
    pub(crate) table: ForeignTable,
    pub(crate) defaults: Defaults,
    /// What the table's place among others says of its rows.
    pub(crate) row_bounds: Vec<RowBound>,
    pub(crate) joins: JoinRequirements,
    /// Whether nobody knows how many rows the table has.
    pub(crate) is_guessed: bool,
}

/// What clauses would let a scan ask for.
pub(crate) struct Converted {
    /// Its `local` and `inexact` count the clauses, and then the row bounds.
    pub(crate) plan: ScanPlan,
    /// The operands of its conditions.
    pub(crate) operands: Vec<*mut pg_sys::Node>,
}

impl RelationInfo {
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
    ///
    /// # Safety
    /// As for [`Self::convert`].
    pub(crate) unsafe fn implied_selectivity(&self, root: *mut pg_sys::PlannerInfo, rel: *mut pg_sys::RelOptInfo) -> f64 {
        let Some(range) = &self.table.endpoint.time_range else { return 1.0 };
        if self.row_bounds.is_empty() && self.joins.implied.is_empty() {
            return 1.0;
        }
        // SAFETY: the caller's.
        let plan = unsafe { self.convert(root, rel, &[]) }.plan;
        match plan.condition().bounds(range.column) {
            (true, true) => RANGE_SELECTIVITY,
            (true, false) | (false, true) => BOUND_SELECTIVITY,
            (false, false) => 1.0,
        }
    }

    /// What these clauses, the row bounds and the joins would let a scan ask for.
    ///
    /// # Safety
    /// All pointers are the planner's; `rel` is the relation that is planned here.
    pub(crate) unsafe fn convert(
        &self,
        root: *mut pg_sys::PlannerInfo,
        rel: *mut pg_sys::RelOptInfo,
        clauses: &[*mut pg_sys::Node],
    ) -> Converted {
        let mut plan = ScanPlan::default();
        // SAFETY: the caller's.
        unsafe {
            let mut converter = Converter::new(root, rel, &self.table);
            let of_query = clauses.iter().map(|clause| (*clause, Some(*clause)));
            let of_table = self.row_bounds.iter().map(|bound| (bound.qual, bound.clause));
            for (i, (qual, clause)) in of_query.chain(of_table).enumerate() {
                check_for_interrupts!();
                let converted = clause.and_then(|clause| converter.clause(clause));
                // What a condition says whole, it says of defaults too, once the operands are known.
                let is_whole = matches!(converted, Some((_, true)));
                plan.add(i, converted);
                if !is_whole && !Converter::is_not_null_test(qual) {
                    let used = used_attributes(rel, qual, &self.table);
                    plan.restricted.extend(used.into_iter().filter_map(|number| self.table.column(number)?.described));
                }
            }
            for implied in &self.joins.implied {
                check_for_interrupts!();
                if let Some(condition) = converter.implied(implied.clause, implied.column) {
                    plan.conditions.push(condition);
                    plan.implied += 1;
                }
            }
            plan.restricted.extend(&self.joins.restricted);
            Converted { plan, operands: converter.operands }
        }
    }
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

/// The clauses of a list of RestrictInfos.
///
/// # Safety
/// `list` is such a list.
pub(crate) unsafe fn clauses_of(list: *mut pg_sys::List) -> Vec<*mut pg_sys::Node> {
    // SAFETY: the caller's.
    unsafe { PgList::<pg_sys::RestrictInfo>::from_pg(list).iter_ptr().map(|info| (*info).clause.cast()).collect() }
}
