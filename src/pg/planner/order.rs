//! Which order of a query the scan itself yields: that of the table's time column, where one is declared.

use pgrx::{PgList, pg_sys};

use super::clauses::var_of;
use super::relation::RelationInfo;
use crate::pg::compat;
use crate::plan::scan_plan::ScanPlan;
use crate::sources::Direction;

/// The first of the query's pathkeys, if the rows of a plan come in its order; null otherwise.
///
/// SAFETY: the planner's pointers; `rel` is a base relation of ours.
pub(crate) unsafe fn useful_pathkeys(
    root: *mut pg_sys::PlannerInfo,
    rel: *mut pg_sys::RelOptInfo,
    relation_info: &RelationInfo,
    plan: &ScanPlan,
) -> *mut pg_sys::List {
    let none = std::ptr::null_mut();
    // SAFETY: the caller's; a pathkey's class has members, each with an expression.
    unsafe {
        let Some(range) = relation_info.table.endpoint.time_range.as_ref().filter(|range| range.order.is_some()) else { return none };
        let Some(key) = PgList::<pg_sys::PathKey>::from_pg((*root).query_pathkeys).head() else { return none };
        let Some(direction) = plan.keeps_order(&relation_info.table.endpoint) else { return none };
        if compat::is_descending(&*key) != (direction == Direction::Descending) {
            return none;
        }
        let members = PgList::<pg_sys::EquivalenceMember>::from_pg((*(*key).pk_eclass).ec_members);
        let is_time = |member: *mut pg_sys::EquivalenceMember| {
            let Some(var) = var_of((*member).em_expr.cast()) else { return false };
            let column = relation_info.table.column((*var).varattno).filter(|_| (*var).varno as u32 == (*rel).relid);
            column.is_some_and(|c| c.described == Some(range.column) && c.type_oid == pg_sys::TIMESTAMPTZOID && c.typmod == -1)
        };
        if !members.iter_ptr().any(is_time) {
            return none;
        }
        let mut pathkeys = PgList::<pg_sys::PathKey>::new();
        pathkeys.push(key);
        pathkeys.into_pg()
    }
}
