//! Which plans are refused, and when: at once, or only where a row is wanted.

use pgrx::{PgList, is_a, pg_sys};

use super::classified::{Classified, NullTest};
use crate::error::{Error, Result};
use crate::plan::scan_plan::ScanPlan;
use crate::plan::slicing::missing_parameter;
use crate::sources::{Origin, Table};

/// Refuses a local condition on a column that no record carries and that is not asked for: the column is NULL then, and the
/// answer would be silently empty. `IS NULL` says just that and may stand. A default is no answer to a condition (law 13).
/// `quals` are the plan's quals by their numbers.
pub(crate) fn reject_unbound_parameters(quals: &[&Classified], plan: &ScanPlan, table: &Table) -> Result<()> {
    let may_be_restricted_at_start = plan.condition().may_be_restricted_at_start();
    for qual in plan.local.iter().chain(&plan.inexact).filter_map(|i| quals.get(*i)).filter(|qual| qual.null_test == NullTest::No) {
        for described in &qual.columns {
            let column = &table.columns[*described];
            if matches!(column.origin, Origin::Request { .. }) && !may_be_restricted_at_start.contains(*described) {
                return Err(missing_parameter(table, column));
            }
        }
    }
    Ok(())
}

/// Ends the query with a refusal; but where it may well want no row, the plan carries the refusal until it wants one.
///
/// # Safety
/// The planner's pointers.
pub(crate) unsafe fn refuse(root: *mut pg_sys::PlannerInfo, rel: *mut pg_sys::RelOptInfo, plan: &mut ScanPlan, error: Error) {
    // SAFETY: the caller's.
    if unsafe { has_limit_zero(root) || has_false_condition(root, rel) } {
        plan.refusal = Some(error);
    } else {
        crate::pg::report::raise(&error);
    }
}

/// Whether the query, or one around it, has `LIMIT 0`.
///
/// # Safety
/// The planner's root.
unsafe fn has_limit_zero(mut root: *mut pg_sys::PlannerInfo) -> bool {
    // SAFETY: the caller's; a constant limit is a bigint.
    unsafe {
        while !root.is_null() {
            let limit = (*(*root).parse).limitCount;
            if !limit.is_null() && is_a(limit, pg_sys::NodeTag::T_Const) {
                let constant = limit.cast::<pg_sys::Const>();
                if !(*constant).constisnull && (*constant).constvalue.value() == 0 {
                    return true;
                }
            }
            root = (*root).parent_root;
        }
        false
    }
}

/// Whether a condition without columns, which Postgres evaluates before it wants a row, is false as far as can be told now.
///
/// # Safety
/// The planner's pointers.
unsafe fn has_false_condition(root: *mut pg_sys::PlannerInfo, rel: *mut pg_sys::RelOptInfo) -> bool {
    // SAFETY: the caller's; a boolean constant is its datum.
    unsafe {
        PgList::<pg_sys::RestrictInfo>::from_pg((*rel).baserestrictinfo).iter_ptr().filter(|info| (**info).pseudoconstant).any(|info| {
            let known = pg_sys::estimate_expression_value(root, (*info).clause.cast());
            let constant = known.cast::<pg_sys::Const>();
            is_a(known, pg_sys::NodeTag::T_Const) && ((*constant).constisnull || (*constant).constvalue.value() == 0)
        })
    }
}
