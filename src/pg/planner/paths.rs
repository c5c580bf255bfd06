//! A foreign table's paths and what they cost: alone, in the table's own order, and with operands of other relations.

use pgrx::pg_sys;

use super::order;
use super::relation::{self, RelationInfo, infos_of};
use crate::pg::compat::{self, PathCost};
use crate::plan::scan_plan::ScanPlan;

/// What a request costs beside its rows, in the planner's unit (a sequential page read): as postgres_fdw's fdw_startup_cost.
pub(crate) const REQUEST_COST: f64 = 100.0;
/// What a row costs to fetch and decode: well above a local row, so that no join reads the API twice for nothing.
const ROW_COST: f64 = 0.05;
/// Rows of a table that nobody has analysed. A log is large; a small guess would make the planner read it again and again.
pub(crate) const UNKNOWN_ROWS: f64 = 1_000_000.0;
/// Added to a path that the API could not be asked for: it is chosen only when there is no other, and then refused with a hint. It is
/// more than any plan of real scans costs, whatever is estimated: Postgres takes no number of rows above 1e100 (clamp_row_est). Twice
/// that many orders of magnitude still fit in a double, so that a join which repeats the scan does not cost infinity.
const DISABLED_COST: f64 = 1.0e150;

/// Adds the paths of a base relation.
///
/// # Safety
/// The planner's pointers; `rel` is the relation of `relation_info`.
pub(crate) unsafe fn add_paths(root: *mut pg_sys::PlannerInfo, rel: *mut pg_sys::RelOptInfo, relation_info: &mut RelationInfo) {
    // SAFETY: the caller's.
    unsafe {
        let alone = relation_info.base.plan.clone();
        let refused = if relation_info.check(&alone).is_ok() { 0.0 } else { DISABLED_COST };
        add_path(root, rel, relation_info, (*rel).rows, refused, (*rel).lateral_relids, std::ptr::null_mut());
        if refused == 0.0 && (*rel).lateral_relids.is_null() {
            let pathkeys = order::useful_pathkeys(root, rel, relation_info, &alone);
            if !pathkeys.is_null() {
                add_path(root, rel, relation_info, (*rel).rows, refused, std::ptr::null_mut(), pathkeys);
            }
        }
        let own = infos_of((*rel).baserestrictinfo);
        for outer in relation_info.joins.outers.clone() {
            let info = pg_sys::get_baserel_parampathinfo(root, rel, outer);
            let mut all = own.clone();
            all.extend(infos_of((*info).ppi_clauses));
            let joined = relation_info.convert(root, rel, &all).plan;
            if relation_info.check(&joined).is_ok() {
                // Postgres takes two bounds by columns of another table for unrelated, and guesses a ninth of all rows.
                let bounds = |plan: &ScanPlan| Some(plan.condition().bounds(relation_info.table.endpoint.time_range.as_ref()?.column));
                let ranged = bounds(&alone) != bounds(&joined) && bounds(&joined) == Some((true, true));
                if ranged {
                    (*info).ppi_rows = pg_sys::clamp_row_est((*info).ppi_rows.min((*rel).tuples * relation::RANGE_SELECTIVITY));
                }
                add_path(root, rel, relation_info, (*info).ppi_rows, 0.0, outer, std::ptr::null_mut());
            }
        }
    }
}

/// # Safety
/// All pointers are the planner's.
unsafe fn add_path(
    root: *mut pg_sys::PlannerInfo,
    rel: *mut pg_sys::RelOptInfo,
    relation_info: &RelationInfo,
    rows: f64,
    refused: f64,
    outer: pg_sys::Relids,
    pathkeys: *mut pg_sys::List,
) {
    let pages = (rows / relation_info.table.page_size() as f64).ceil().max(1.0);
    let startup = REQUEST_COST + refused;
    let total = startup + (pages - 1.0) * REQUEST_COST + rows * ROW_COST;
    // Chains that take turns are a little slower than chains that do not.
    let total = if pathkeys.is_null() { total } else { total * 1.02 };
    let cost = PathCost { rows, startup, total };
    // SAFETY: the caller's.
    unsafe { pg_sys::add_path(rel, compat::create_foreignscan_path(root, rel, cost, pathkeys, outer).cast()) }
}
