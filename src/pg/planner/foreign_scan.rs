//! GetForeignPlan: the node that scans a foreign table, with all that the executor is told.

use pgrx::{PgList, pg_sys};

use super::attributes::read_attributes;
use super::classified::{Classified, NullTest};
use super::estimate;
use super::refusal::{refuse, reject_unbound_parameters};
use super::relation::{Converted, infos_of, relation_info};
use crate::pg::report::OrRaise;
use crate::pg::text::escaped;
use crate::plan::scan_plan::ScanPlan;

/// Builds the node of a base relation's path.
///
/// # Safety
/// The planner's pointers, as it gives them to GetForeignPlan.
pub(crate) unsafe fn build(
    root: *mut pg_sys::PlannerInfo,
    rel: *mut pg_sys::RelOptInfo,
    relation: pg_sys::Oid,
    path: *mut pg_sys::ForeignPath,
    tlist: *mut pg_sys::List,
    clauses: *mut pg_sys::List,
    outer_plan: *mut pg_sys::Plan,
) -> *mut pg_sys::ForeignScan {
    // SAFETY: the caller's.
    unsafe {
        let relation_info = relation_info(rel);
        let infos: Vec<*mut pg_sys::RestrictInfo> = infos_of(clauses).into_iter().filter(|info| !(**info).pseudoconstant).collect();
        let Converted { mut plan, operands } = relation_info.convert(root, rel, &infos);
        let mut local = PgList::<pg_sys::Node>::new();
        infos.iter().for_each(|info| local.push((**info).clause.cast()));
        relation_info.row_bounds.iter().for_each(|(qual, _)| local.push(*qual));
        let local = local.into_pg();
        let bounds = relation_info.row_bounds.iter().map(|(_, classified)| classified);
        let quals: Vec<&Classified> = relation_info.classified(&infos).chain(bounds).collect();
        match relation_info.check(&plan).and_then(|()| reject_unbound_parameters(&quals, &plan, &relation_info.table.endpoint)) {
            Ok(()) => plan.expected_requests = estimate::check(root, relation, path, relation_info, &plan, &operands).or_raise(),
            Err(error) => refuse(root, rel, &mut plan, error),
        }
        plan.whole = estimate::is_read_whole(root);
        plan.attributes = read_attributes(rel, local, &relation_info.table);
        for number in &plan.attributes {
            if let Some(column) = relation_info.table.column(*number)
                && column.from.is_none()
            {
                crate::pg::report::raise(&relation_info.table.no_field(column));
            }
        }
        plan.ordered = !(*path).path.pathkeys.is_null();
        // Hardly a record has no time: such a condition does not keep a LIMIT from sizing the first page.
        let drops_few = |i: &usize| quals.get(*i).is_some_and(|qual| qual.null_test == NullTest::HasTime);
        if plan.local.iter().all(drops_few) && plan.inexact.is_empty() {
            let sorted = plan.ordered && pg_sys::pathkeys_contained_in((*root).query_pathkeys, (*path).path.pathkeys);
            plan.limit = limit(root, sorted);
        }
        let (operands, private) = (operand_list(operands), private_list(&plan));
        let none = std::ptr::null_mut();
        pg_sys::make_foreignscan(tlist, local, (*rel).relid, operands, private, none, none, outer_plan)
    }
}

/// The operands as the plan keeps them.
///
/// SAFETY: expressions of this query.
pub(crate) unsafe fn operand_list(operands: Vec<*mut pg_sys::Node>) -> *mut pg_sys::List {
    let mut list = PgList::<pg_sys::Node>::new();
    for operand in operands {
        // SAFETY: the caller's.
        list.push(unsafe { pg_sys::copyObjectImpl(operand.cast()).cast() });
    }
    list.into_pg()
}

/// The plan's private data, as copyObject can copy it.
pub(crate) fn private_list(plan: &ScanPlan) -> *mut pg_sys::List {
    // In ASCII, so that it is the same text in every database's encoding.
    let text = std::ffi::CString::new(escaped(&plan.to_json().or_raise())).unwrap_or_default();
    let mut list = PgList::<pg_sys::Node>::new();
    // SAFETY: allocates in the planner's memory context.
    list.push(unsafe { pg_sys::makeString(pg_sys::pstrdup(text.as_ptr())).cast() });
    list.into_pg()
}

/// The rows that a LIMIT lets through, where this scan's rows are the query's rows. `sorted` says that they come as the query
/// wants them sorted.
///
/// SAFETY: the planner's root.
unsafe fn limit(root: *mut pg_sys::PlannerInfo, sorted: bool) -> Option<u64> {
    // SAFETY: the caller's.
    unsafe {
        let query = (*root).parse;
        let plain = (sorted || (*query).sortClause.is_null())
            && (*query).groupClause.is_null()
            && (*query).groupingSets.is_null()
            && (*query).distinctClause.is_null()
            && (*query).setOperations.is_null()
            && !(*query).hasAggs
            && !(*query).hasWindowFuncs
            && !(*query).hasTargetSRFs
            && (*query).havingQual.is_null();
        let alone = pg_sys::bms_membership((*root).all_baserels) == pg_sys::BMS_Membership::BMS_SINGLETON;
        (plain && alone && (*root).limit_tuples >= 1.0).then(|| (*root).limit_tuples as u64)
    }
}
