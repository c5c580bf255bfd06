//! GetForeignRelSize, GetForeignPaths, GetForeignPlan: which conditions a request carries, at what cost, and what the executor is told.
//!
//! The callbacks wrap the planner's pointers; below them only [`crate::pg::node`], `root` and `base_rel` follow pointers of Postgres'
//! trees.

pub(crate) mod aggregate;
mod attributes;
mod base_rel;
mod classified;
mod clauses;
pub(crate) mod density;
mod estimate;
mod foreign_scan;
mod joins;
mod operators;
mod order;
mod paths;
mod refusal;
mod relation;
mod root;
pub(crate) mod row_bounds;
mod statistics;
pub(crate) mod time_expr;

use std::ptr::null_mut;

use pgrx::prelude::*;
use pgrx::{PgMemoryContexts, pg_sys};

use self::aggregate::count_plan;
use self::base_rel::{BaseRel, Clause};
use self::estimate::expected_rows;
use self::foreign_scan::NodeParts;
use self::relation::{RelationInfo, relation_info};
use self::root::Root;
use crate::pg::catalog::ForeignTable;
use crate::pg::report::OrRaise;

/// Wraps the planner's pointers for the time of a callback.
///
/// # Safety
/// Both are what Postgres called a callback of this module with.
unsafe fn planned<'q>(root: *mut pg_sys::PlannerInfo, rel: *mut pg_sys::RelOptInfo) -> Option<(Root<'q>, BaseRel<'q>)> {
    // SAFETY: the caller guarantees the planner's pointers, which live longer than the callback.
    unsafe {
        let root = Root::new(root)?;
        Some((root, BaseRel::new(Some(root), rel)?))
    }
}

#[pg_guard]
pub(crate) unsafe extern "C-unwind" fn get_foreign_rel_size(
    root: *mut pg_sys::PlannerInfo,
    rel: *mut pg_sys::RelOptInfo,
    relation: pg_sys::Oid,
) {
    let table = ForeignTable::read(relation).or_raise();
    // SAFETY: Postgres calls this with its own pointers.
    let Some((root, base_rel)) = (unsafe { planned(root, rel) }) else { return };
    // SAFETY: Postgres has the relation open and locked.
    let mut relation_info = unsafe { RelationInfo::new(root, base_rel, relation, table) };
    // SAFETY: a base relation's size is what this callback is to set.
    unsafe {
        if relation_info.is_guessed {
            (*rel).tuples = paths::UNKNOWN_ROWS;
        }
        pg_sys::set_baserel_size_estimates(root.as_ptr(), rel);
        (*rel).rows = pg_sys::clamp_row_est((*rel).rows * relation_info.implied_selectivity());
    }
    let rows = expected_rows(root, base_rel, &relation_info);
    relation_info.is_guessed &= rows.is_none();
    // SAFETY: a base relation's size and private data are this wrapper's to set. The planner's memory context ends after all of its
    // callbacks.
    unsafe {
        if let Some(rows) = rows {
            (*rel).rows = pg_sys::clamp_row_est(rows);
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
    // SAFETY: Postgres calls this after get_foreign_rel_size, with its own pointers.
    unsafe {
        if let Some((root, rel)) = planned(root, rel) {
            paths::add_paths(root, rel, relation_info(rel));
        }
    }
}

#[pg_guard]
pub(crate) unsafe extern "C-unwind" fn get_foreign_plan(
    root: *mut pg_sys::PlannerInfo,
    rel: *mut pg_sys::RelOptInfo,
    _relation: pg_sys::Oid,
    path: *mut pg_sys::ForeignPath,
    tlist: *mut pg_sys::List,
    clauses: *mut pg_sys::List,
    outer_plan: *mut pg_sys::Plan,
) -> *mut pg_sys::ForeignScan {
    // SAFETY: Postgres calls this after get_foreign_paths, with its own pointers. An upper relation is one that we gave a path.
    unsafe {
        let Some((root, base_rel)) = planned(root, rel) else { return null_mut() };
        if (*rel).reloptkind == pg_sys::RelOptKind::RELOPT_UPPER_REL {
            return count_plan(root, rel, tlist, outer_plan);
        }
        let parts = foreign_scan::plan(root, base_rel, path, relation_info(base_rel), Clause::list(clauses));
        let NodeParts { quals, operands, private } = parts;
        pg_sys::make_foreignscan(tlist, quals, base_rel.number(), operands, private, null_mut(), null_mut(), outer_plan)
    }
}
