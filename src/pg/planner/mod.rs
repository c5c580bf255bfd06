//! GetForeignRelSize, GetForeignPaths, GetForeignPlan: which conditions travel, at what cost, and what the executor is told.

pub(crate) mod aggregate;
mod attributes;
mod classified;
mod clauses;
pub(crate) mod density;
mod estimate;
mod foreign_scan;
mod joins;
mod order;
mod paths;
mod refusal;
mod relation;
pub(crate) mod row_bounds;
mod statistics;
pub(crate) mod time_expr;

use pgrx::prelude::*;
use pgrx::{PgMemoryContexts, pg_sys};

use self::estimate::expected_rows;
use self::relation::{RelationInfo, relation_info};
use crate::pg::catalog::ForeignTable;
use crate::pg::report::OrRaise;

#[pg_guard]
pub(crate) unsafe extern "C-unwind" fn get_foreign_rel_size(
    root: *mut pg_sys::PlannerInfo,
    rel: *mut pg_sys::RelOptInfo,
    relation: pg_sys::Oid,
) {
    let table = ForeignTable::read(relation).or_raise();
    // SAFETY: rel is the planner's; the context it plans in outlives it.
    unsafe {
        let mut relation_info = RelationInfo::new(root, rel, relation, table);
        if relation_info.is_guessed {
            (*rel).tuples = paths::UNKNOWN_ROWS;
        }
        pg_sys::set_baserel_size_estimates(root, rel);
        (*rel).rows = pg_sys::clamp_row_est((*rel).rows * relation_info.implied_selectivity());
        if let Some(rows) = expected_rows(root, rel, relation, &relation_info) {
            (*rel).rows = pg_sys::clamp_row_est(rows);
            relation_info.is_guessed = false;
        }
        (*rel).fdw_private = PgMemoryContexts::CurrentMemoryContext.leak_and_drop_on_delete(relation_info).cast();
    }
}

#[pg_guard]
pub(crate) unsafe extern "C-unwind" fn get_foreign_paths(
    root: *mut pg_sys::PlannerInfo,
    rel: *mut pg_sys::RelOptInfo,
    _relation: pg_sys::Oid,
) {
    // SAFETY: the planner calls this after get_foreign_rel_size, with its own root and rel.
    unsafe {
        paths::add_paths(root, rel, relation_info(rel));
    }
}

#[pg_guard]
pub(crate) unsafe extern "C-unwind" fn get_foreign_plan(
    root: *mut pg_sys::PlannerInfo,
    rel: *mut pg_sys::RelOptInfo,
    relation: pg_sys::Oid,
    path: *mut pg_sys::ForeignPath,
    tlist: *mut pg_sys::List,
    clauses: *mut pg_sys::List,
    outer_plan: *mut pg_sys::Plan,
) -> *mut pg_sys::ForeignScan {
    // SAFETY: the planner's pointers, after get_foreign_rel_size; an upper relation is one that we gave a path.
    unsafe {
        if (*rel).reloptkind == pg_sys::RelOptKind::RELOPT_UPPER_REL {
            return self::aggregate::count_plan(root, rel, tlist, outer_plan);
        }
        foreign_scan::build(root, rel, relation, path, tlist, clauses, outer_plan)
    }
}
