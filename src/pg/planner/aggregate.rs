//! GetForeignUpperPaths: `count(*)` of a whole table, answered by the total that the API declares instead of by its rows.

use pgrx::prelude::*;
use pgrx::{PgList, is_a, pg_sys};

use super::foreign_scan::{operand_list, private_list};
use super::paths::REQUEST_COST;
use super::relation::{Converted, relation_info};
use crate::pg::compat::{self, PathCost};
use crate::plan::scan_plan::ScanPlan;

/// `count(*)` and `count("any")` (pg_proc.dat).
const COUNT_STAR: u32 = 2803;
const COUNT_ANY: u32 = 2147;

#[pg_guard]
pub(crate) unsafe extern "C-unwind" fn get_foreign_upper_paths(
    root: *mut pg_sys::PlannerInfo,
    stage: pg_sys::UpperRelationKind::Type,
    input: *mut pg_sys::RelOptInfo,
    output: *mut pg_sys::RelOptInfo,
    _extra: *mut std::ffi::c_void,
) {
    // SAFETY: the planner's pointers; a base relation of ours went through get_foreign_rel_size.
    unsafe {
        let is_base = (*input).reloptkind == pg_sys::RelOptKind::RELOPT_BASEREL && !(*input).fdw_private.is_null();
        if stage != pg_sys::UpperRelationKind::UPPERREL_GROUP_AGG || !is_base || !is_plain(root) {
            return;
        }
        // Rows that another relation's rows decide on are not counted by one total.
        let alone = pg_sys::bms_num_members((*input).lateral_relids) == 0 && pg_sys::bms_num_members((*root).all_baserels) == 1;
        if alone && counts(output).is_some() && total_counts(input).is_some() {
            add_count_path(root, output);
        }
    }
}

/// Whether the query aggregates all rows into one.
///
/// SAFETY: the planner's root.
unsafe fn is_plain(root: *mut pg_sys::PlannerInfo) -> bool {
    // SAFETY: the caller's.
    unsafe {
        let query = (*root).parse;
        (*query).hasAggs && (*query).groupClause.is_null() && (*query).groupingSets.is_null() && (*query).havingQual.is_null()
    }
}

/// The aggregates of an upper relation's target, each once, if all of them are `count(*)` or say the same.
///
/// SAFETY: `output` is an upper relation with its target set.
unsafe fn counts(output: *mut pg_sys::RelOptInfo) -> Option<Vec<*mut pg_sys::Node>> {
    // SAFETY: the caller's; pull_var_clause returns the aggregates and variables of an expression.
    unsafe {
        let flags = pg_sys::PVC_INCLUDE_AGGREGATES | pg_sys::PVC_INCLUDE_PLACEHOLDERS | pg_sys::PVC_INCLUDE_WINDOWFUNCS;
        let found = pg_sys::pull_var_clause((*(*output).reltarget).exprs.cast(), flags as i32);
        let mut distinct: Vec<*mut pg_sys::Node> = Vec::new();
        for node in PgList::<pg_sys::Node>::from_pg(found).iter_ptr() {
            if !is_count(node) {
                return None;
            }
            if !distinct.iter().any(|known| pg_sys::equal((*known).cast(), node.cast())) {
                distinct.push(node);
            }
        }
        (!distinct.is_empty()).then_some(distinct)
    }
}

/// Whether a node is `count(*)`, or `count` of a constant that is not NULL, which BI tools write.
///
/// SAFETY: `node` is an expression.
unsafe fn is_count(node: *mut pg_sys::Node) -> bool {
    // SAFETY: the tag says which struct a node is (nodes.h).
    unsafe {
        if !is_a(node, pg_sys::NodeTag::T_Aggref) {
            return false;
        }
        let aggregate = node.cast::<pg_sys::Aggref>();
        let plain = (*aggregate).aggfilter.is_null()
            && (*aggregate).aggdistinct.is_null()
            && (*aggregate).aggorder.is_null()
            && (*aggregate).agglevelsup == 0;
        plain
            && match (*aggregate).aggfnoid.to_u32() {
                COUNT_STAR => true,
                COUNT_ANY => {
                    let argument = PgList::<pg_sys::TargetEntry>::from_pg((*aggregate).args).head();
                    argument.is_some_and(|entry| {
                        let value = (*entry).expr.cast::<pg_sys::Node>();
                        is_a(value, pg_sys::NodeTag::T_Const) && !(*value.cast::<pg_sys::Const>()).constisnull
                    })
                }
                _ => false,
            }
    }
}

/// The plan, with its operands, by which the API's total answers for all rows of a base relation, if it does.
///
/// SAFETY: the planner's pointers; `rel` went through get_foreign_rel_size.
unsafe fn total_counts<'p>(rel: *mut pg_sys::RelOptInfo) -> Option<&'p Converted> {
    // SAFETY: the caller's.
    let relation_info = unsafe { relation_info(rel) };
    let plan = &relation_info.base.plan;
    let counts = relation_info.check(plan).is_ok() && plan.is_counted_by_total(&relation_info.table.endpoint, &relation_info.defaults);
    counts.then_some(&relation_info.base)
}

/// Adds the path of a node that asks for a total: one request, one row.
///
/// SAFETY: the planner's pointers.
unsafe fn add_count_path(root: *mut pg_sys::PlannerInfo, output: *mut pg_sys::RelOptInfo) {
    let cost = PathCost { rows: 1.0, startup: REQUEST_COST, total: REQUEST_COST };
    // SAFETY: the caller's.
    unsafe { pg_sys::add_path(output, compat::create_foreign_upper_path(root, output, cost).cast()) }
}

/// The node that counts.
///
/// SAFETY: the planner's pointers; `output` is the upper relation that [`get_foreign_upper_paths`] gave a path.
pub(crate) unsafe fn count_plan(
    root: *mut pg_sys::PlannerInfo,
    output: *mut pg_sys::RelOptInfo,
    tlist: *mut pg_sys::List,
    outer_plan: *mut pg_sys::Plan,
) -> *mut pg_sys::ForeignScan {
    // SAFETY: the caller's.
    unsafe {
        let input = pg_sys::find_base_rel(root, pg_sys::bms_singleton_member((*root).all_baserels));
        let Converted { plan, operands } = total_counts(input).cloned().unwrap_or_default();
        let aggregates = counts(output).unwrap_or_default();
        let plan = ScanPlan { counts: aggregates.len(), ..plan };
        let mut produced = PgList::<pg_sys::TargetEntry>::new();
        for (i, aggregate) in aggregates.into_iter().enumerate() {
            produced.push(pg_sys::makeTargetEntry(aggregate.cast(), (i + 1) as i16, std::ptr::null_mut(), false));
        }
        let none = std::ptr::null_mut();
        let (operands, private) = (operand_list(operands), private_list(&plan));
        pg_sys::make_foreignscan(tlist, none, 0, operands, private, produced.into_pg(), none, outer_plan)
    }
}
