//! A foreign table's paths and what they cost: alone, in the table's own order, and with operands of other relations.

use std::ptr::null_mut;

use pgrx::pg_sys;

use super::base_rel::{BaseRel, Clause};
use super::order;
use super::relation::{RANGE_SELECTIVITY, RelationInfo};
use super::root::Root;
use crate::pg::compat::{self, PathCost};
use crate::plan::scan_plan::ScanPlan;

/// The cost of a request beside its rows, in the planner's unit (a sequential page read): as postgres_fdw's fdw_startup_cost.
pub(crate) const REQUEST_COST: f64 = 100.0;
/// The cost to fetch and decode a row: well above that of a local row, so that no join reads the API twice for nothing.
const ROW_COST: f64 = 0.05;
/// Rows of a table that nobody has analysed. A log is large; a small guess would make the planner read it again and again.
pub(crate) const UNKNOWN_ROWS: f64 = 1_000_000.0;
/// Added to a path that the API could not be asked for: it is chosen only when there is no other, and then refused with a hint. It is
/// more than any plan of real scans costs, whatever is estimated: Postgres takes no number of rows above 1e100 (clamp_row_est). Twice
/// that many orders of magnitude still fit in a double, so that a join which repeats the scan does not cost infinity.
const DISABLED_COST: f64 = 1.0e150;

/// A path that may be added to a relation.
struct PathSpec {
    rows: f64,
    /// The cost that is added for a path that should not be taken.
    surcharge: f64,
    /// The relations that must give it parameters.
    outer: pg_sys::Relids,
    /// The order of its rows, or null.
    pathkeys: *mut pg_sys::List,
}

/// Adds the paths of a base relation. One that the API cannot be asked for is added too, at a cost that nothing else has: Postgres must
/// find some plan, which GetForeignPlan then refuses with a hint.
pub(super) fn add_paths<'q>(root: Root<'q>, rel: BaseRel<'q>, relation_info: &mut RelationInfo<'q>) {
    let base = &relation_info.base.plan;
    let (rows, lateral) = (rel.info().rows, rel.info().lateral_relids);
    let is_allowed = relation_info.check(base).is_ok();
    let surcharge = if is_allowed { 0.0 } else { DISABLED_COST };
    let pathkeys = if is_allowed && lateral.is_null() { order::useful_pathkeys(root, rel, relation_info, base) } else { null_mut() };
    add_path(root, rel, relation_info, PathSpec { rows, surcharge, outer: lateral, pathkeys: null_mut() });
    if !pathkeys.is_null() {
        add_path(root, rel, relation_info, PathSpec { rows, surcharge, outer: null_mut(), pathkeys });
    }
    for outer in relation_info.joins.outers.clone() {
        add_parameterised_path(root, rel, relation_info, outer);
    }
}

/// Adds the path that takes operands from other relations, if the API can be asked with them.
fn add_parameterised_path<'q>(root: Root<'q>, rel: BaseRel<'q>, relation_info: &mut RelationInfo<'q>, outer: pg_sys::Relids) {
    // SAFETY: the planner's pointers. What is returned lives as long as the relation, and holds a list of RestrictInfos.
    let (info, clauses) = unsafe {
        let info = pg_sys::get_baserel_parampathinfo(root.as_ptr(), rel.as_ptr(), outer);
        (info, Clause::list((*info).ppi_clauses))
    };
    let all = [rel.base_clauses(), clauses].concat();
    let joined = relation_info.convert(rel, &all).plan;
    if relation_info.check(&joined).is_err() {
        return;
    }
    let bounds = |plan: &ScanPlan| Some(plan.condition().bounds(relation_info.table.endpoint.time_range.as_ref()?.column));
    let bounded = bounds(&joined);
    let is_ranged = bounded == Some((true, true)) && bounded != bounds(&relation_info.base.plan);
    let most = if is_ranged { rel.info().tuples * RANGE_SELECTIVITY } else { f64::INFINITY };
    // SAFETY: this relation's own information on these parameters.
    let rows = unsafe {
        if is_ranged {
            // Postgres takes two bounds by columns of another table for unrelated, and guesses a ninth of all rows.
            (*info).ppi_rows = pg_sys::clamp_row_est((*info).ppi_rows.min(most));
        }
        (*info).ppi_rows
    };
    add_path(root, rel, relation_info, PathSpec { rows, surcharge: 0.0, outer, pathkeys: null_mut() });
}

/// Adds a path with its cost.
fn add_path<'q>(root: Root<'q>, rel: BaseRel<'q>, relation_info: &RelationInfo<'q>, spec: PathSpec) {
    let PathSpec { rows, surcharge, outer, pathkeys } = spec;
    let pages = (rows / relation_info.table.page_size() as f64).ceil().max(1.0);
    let startup = REQUEST_COST + surcharge;
    let total = startup + (pages - 1.0) * REQUEST_COST + rows * ROW_COST;
    // Chains that are delivered in order are a little slower than others.
    let total = if pathkeys.is_null() { total } else { total * 1.02 };
    let cost = PathCost { rows, startup, total };
    // SAFETY: the planner's pointers; both lists live in its memory context.
    unsafe {
        let path = compat::create_foreignscan_path(root.as_ptr(), rel.as_ptr(), cost, pathkeys, outer);
        pg_sys::add_path(rel.as_ptr(), path.cast());
    }
}
