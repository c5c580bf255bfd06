//! GetForeignUpperPaths: `count(*)` of a whole table → a node that asks the API for its total instead of for the rows.
//!
//! The total must be the count: every condition travels whole, and means to the API what it means to Postgres.

use std::ptr::null_mut;

use pgrx::prelude::*;
use pgrx::{PgList, pg_sys};

use super::base_rel::BaseRel;
use super::foreign_scan::{operand_list, private_list};
use super::paths::REQUEST_COST;
use super::relation::{Converted, relation_info};
use super::root::Root;
use crate::pg::compat::{self, PathCost};
use crate::pg::node::Expr;
use crate::plan::scan_plan::ScanPlan;

#[pg_guard]
pub(crate) unsafe extern "C-unwind" fn get_foreign_upper_paths(
    root: *mut pg_sys::PlannerInfo,
    stage: pg_sys::UpperRelationKind::Type,
    input: *mut pg_sys::RelOptInfo,
    output: *mut pg_sys::RelOptInfo,
    _extra: *mut std::ffi::c_void,
) {
    // SAFETY: Postgres calls this while it plans, with its own pointers.
    let (root, input) = unsafe { (Root::new(root), BaseRel::new(Root::new(root), input)) };
    let (Some(root), Some(input)) = (root, input) else { return };
    let is_base = input.info().reloptkind == pg_sys::RelOptKind::RELOPT_BASEREL && !input.info().fdw_private.is_null();
    if stage != pg_sys::UpperRelationKind::UPPERREL_GROUP_AGG || !is_base || !root.is_plain_aggregate() {
        return;
    }
    // Rows that another relation's rows decide on are not counted by one total.
    if input.is_lateral() || !root.has_one_relation() {
        return;
    }
    // SAFETY: a base relation of ours went through get_foreign_rel_size; `output` is the planner's upper relation.
    unsafe {
        if counts(output).is_some() && counted_by_total(input).is_some() {
            let cost = PathCost { rows: 1.0, startup: REQUEST_COST, total: REQUEST_COST };
            pg_sys::add_path(output, compat::create_foreign_upper_path(root.as_ptr(), output, cost).cast());
        }
    }
}

/// The aggregates of an upper relation's target, each once, if all of them count all rows.
///
/// # Safety
/// `output` is an upper relation with its target set.
unsafe fn counts<'q>(output: *mut pg_sys::RelOptInfo) -> Option<Vec<Expr<'q>>> {
    let flags = pg_sys::PVC_INCLUDE_AGGREGATES | pg_sys::PVC_INCLUDE_PLACEHOLDERS | pg_sys::PVC_INCLUDE_WINDOWFUNCS;
    // SAFETY: the caller guarantees a target. pull_var_clause lists the aggregates and variables of its expressions.
    let found = unsafe { Expr::list(pg_sys::pull_var_clause((*(*output).reltarget).exprs.cast(), flags as i32)) };
    let mut distinct: Vec<Expr<'q>> = Vec::new();
    for expr in found {
        if !is_count(expr) {
            return None;
        }
        if !distinct.iter().any(|known| known.equals(expr)) {
            distinct.push(expr);
        }
    }
    (!distinct.is_empty()).then_some(distinct)
}

/// Whether an expression is `count(*)`, or `count` of a constant that is not NULL, which BI tools write.
fn is_count(expr: Expr<'_>) -> bool {
    expr.as_plain_aggregate().is_some_and(|call| match call.function.to_u32() {
        // `count(*)`
        pg_sys::F_COUNT_ => true,
        pg_sys::F_COUNT_ANY => call.args.first().and_then(|arg| arg.as_const()).is_some_and(|constant| !constant.constisnull),
        _ => false,
    })
}

/// The plan of all rows of a base relation, with its operands, if the API's total answers how many they are.
///
/// # Safety
/// `rel` went through get_foreign_rel_size.
unsafe fn counted_by_total<'q>(rel: BaseRel<'q>) -> Option<&'q Converted<'q>> {
    // SAFETY: the caller guarantees the information, which is only read here.
    let relation_info = unsafe { relation_info(rel) };
    let plan = &relation_info.base.plan;
    let counts = relation_info.check(plan).is_ok() && plan.is_counted_by_total(&relation_info.table.endpoint, &relation_info.defaults);
    counts.then_some(&relation_info.base)
}

/// The node that counts.
///
/// # Safety
/// `output` is the upper relation of `root` that [`get_foreign_upper_paths`] gave a path; both lists are what GetForeignPlan was given.
pub(super) unsafe fn count_plan(
    root: Root<'_>,
    output: *mut pg_sys::RelOptInfo,
    tlist: *mut pg_sys::List,
    outer_plan: *mut pg_sys::Plan,
) -> *mut pg_sys::ForeignScan {
    // SAFETY: the caller guarantees a query about one relation of ours.
    let (input, aggregates) = unsafe {
        let input = pg_sys::find_base_rel(root.as_ptr(), pg_sys::bms_singleton_member(root.info().all_baserels));
        (BaseRel::new(Some(root), input), counts(output).unwrap_or_default())
    };
    // SAFETY: the path was added for a relation that went through get_foreign_rel_size.
    let counted = input.and_then(|input| unsafe { counted_by_total(input) });
    let Converted { plan, operands } = counted.cloned().unwrap_or_default();
    let plan = ScanPlan { counts: aggregates.len(), ..plan };
    let mut produced = PgList::<pg_sys::TargetEntry>::new();
    for (number, aggregate) in (1..).zip(aggregates) {
        // SAFETY: allocates a node around an expression of the query.
        produced.push(unsafe { pg_sys::makeTargetEntry(aggregate.as_ptr().cast(), number, null_mut(), false) });
    }
    let (operands, private, produced) = (operand_list(operands), private_list(&plan), produced.into_pg());
    // SAFETY: lists in the planner's memory context; such a node reads no relation and has no quals.
    unsafe { pg_sys::make_foreignscan(tlist, null_mut(), 0, operands, private, produced, null_mut(), outer_plan) }
}
