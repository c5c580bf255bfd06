//! GetForeignRelSize, GetForeignPaths, GetForeignPlan: which conditions travel, at what cost, and what the executor is told.

pub(crate) mod aggregate;
mod clauses;
pub(crate) mod density;
mod estimate;
mod joins;
mod order;
mod relation;
pub(crate) mod row_bounds;
mod statistics;
pub(crate) mod time_expr;

use pgrx::prelude::*;
use pgrx::{PgList, PgMemoryContexts, is_a, pg_sys};

use self::clauses::Converter;
use self::estimate::expected_rows;
use self::relation::{Converted, RelationInfo, clauses_of, relation_info, used_attributes};
use crate::error::{Error, Result};
use crate::pg::catalog::ForeignTable;
use crate::pg::compat::{self, PathCost};
use crate::pg::report::OrRaise;
use crate::pg::text::escaped;
use crate::plan::scan_plan::ScanPlan;
use crate::plan::slicing::missing_parameter;
use crate::sources::Origin;

/// What a request costs beside its rows, in the planner's unit (a sequential page read): as postgres_fdw's fdw_startup_cost.
pub(crate) const REQUEST_COST: f64 = 100.0;
/// What a row costs to fetch and decode: well above a local row, so that no join reads the API twice for nothing.
const ROW_COST: f64 = 0.05;
/// Rows of a table that nobody has analysed. A log is large; a small guess would make the planner read it again and again.
const UNKNOWN_ROWS: f64 = 1_000_000.0;
/// Added to a path that the API could not be asked for: it is chosen only when there is no other, and then refused with a hint. It is
/// more than any plan of real scans costs, whatever is estimated: Postgres takes no number of rows above 1e100 (clamp_row_est). Twice
/// that many orders of magnitude still fit in a double, so that a join which repeats the scan does not cost infinity.
const DISABLED_COST: f64 = 1.0e150;

#[pg_guard]
pub(crate) unsafe extern "C-unwind" fn get_foreign_rel_size(
    root: *mut pg_sys::PlannerInfo,
    rel: *mut pg_sys::RelOptInfo,
    relation: pg_sys::Oid,
) {
    let table = ForeignTable::read(relation).or_raise();
    let defaults = table.defaults(0);
    // SAFETY: rel is the planner's; the context it plans in outlives it.
    unsafe {
        let (row_bounds, joins) = (row_bounds::row_bounds(root, rel, relation, &table), joins::read(root, rel, &table));
        let mut relation_info = RelationInfo { row_bounds, joins, table, defaults, is_guessed: (*rel).tuples <= 0.0 };
        if relation_info.is_guessed {
            (*rel).tuples = UNKNOWN_ROWS;
        }
        pg_sys::set_baserel_size_estimates(root, rel);
        (*rel).rows = pg_sys::clamp_row_est((*rel).rows * relation_info.implied_selectivity(root, rel));
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
        let relation_info = relation_info(rel);
        let own = clauses_of((*rel).baserestrictinfo);
        let alone = relation_info.convert(root, rel, &own).plan;
        let refused = if relation_info.check(&alone).is_ok() { 0.0 } else { DISABLED_COST };
        add_path(root, rel, relation_info, (*rel).rows, refused, (*rel).lateral_relids, std::ptr::null_mut());
        if refused == 0.0 && (*rel).lateral_relids.is_null() {
            let pathkeys = order::useful_pathkeys(root, rel, relation_info, &alone);
            if !pathkeys.is_null() {
                add_path(root, rel, relation_info, (*rel).rows, refused, std::ptr::null_mut(), pathkeys);
            }
        }
        for outer in &relation_info.joins.outers {
            let info = pg_sys::get_baserel_parampathinfo(root, rel, *outer);
            let mut all = own.clone();
            all.extend(clauses_of((*info).ppi_clauses));
            let joined = relation_info.convert(root, rel, &all).plan;
            if relation_info.check(&joined).is_ok() {
                // Postgres takes two bounds by columns of another table for unrelated, and guesses a ninth of all rows.
                let bounds = |plan: &ScanPlan| Some(plan.condition().bounds(relation_info.table.endpoint.time_range.as_ref()?.column));
                let ranged = bounds(&alone) != bounds(&joined) && bounds(&joined) == Some((true, true));
                if ranged {
                    (*info).ppi_rows = pg_sys::clamp_row_est((*info).ppi_rows.min((*rel).tuples * relation::RANGE_SELECTIVITY));
                }
                add_path(root, rel, relation_info, (*info).ppi_rows, 0.0, *outer, std::ptr::null_mut());
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
        let relation_info = relation_info(rel);
        let clauses: Vec<*mut pg_sys::Node> =
            PgList::<pg_sys::Node>::from_pg(pg_sys::extract_actual_clauses(clauses, false)).iter_ptr().collect();
        let Converted { mut plan, operands } = relation_info.convert(root, rel, &clauses);
        let mut quals = PgList::<pg_sys::Node>::new();
        clauses.iter().copied().chain(relation_info.row_bounds.iter().map(|bound| bound.qual)).for_each(|qual| quals.push(qual));
        let local = quals.into_pg();
        let quals: Vec<*mut pg_sys::Node> = PgList::<pg_sys::Node>::from_pg(local).iter_ptr().collect();
        match relation_info.check(&plan).and_then(|()| reject_unbound_parameters(rel, &quals, &plan, relation_info)) {
            Ok(()) => plan.expected_requests = estimate::check(root, relation, path, relation_info, &plan, &operands).or_raise(),
            Err(error) => refuse(root, rel, &mut plan, error),
        }
        plan.whole = estimate::is_read_whole(root);
        plan.attributes = attributes(rel, local, &relation_info.table);
        for number in &plan.attributes {
            if let Some(column) = relation_info.table.column(*number)
                && column.from.is_none()
            {
                crate::pg::report::raise(&relation_info.table.no_field(column));
            }
        }
        plan.ordered = !(*path).path.pathkeys.is_null();
        // Hardly a record has no time: such a condition does not keep a LIMIT from sizing the first page.
        let converter = Converter::new(root, rel, &relation_info.table);
        let drops_few = |i: &usize| quals.get(*i).is_some_and(|qual| converter.has_time(*qual));
        if plan.local.iter().all(drops_few) && plan.inexact.is_empty() {
            let sorted = plan.ordered && pg_sys::pathkeys_contained_in((*root).query_pathkeys, (*path).path.pathkeys);
            plan.limit = limit(root, sorted);
        }
        let (operands, private) = (operand_list(operands), private_list(&plan));
        let none = std::ptr::null_mut();
        pg_sys::make_foreignscan(tlist, local, (*rel).relid, operands, private, none, none, outer_plan)
    }
}

/// Ends the query with a refusal; but where it may well want no row, the plan carries the refusal until it wants one.
///
/// # Safety
/// The planner's pointers.
unsafe fn refuse(root: *mut pg_sys::PlannerInfo, rel: *mut pg_sys::RelOptInfo, plan: &mut ScanPlan, error: Error) {
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

/// Refuses a local condition on a column that no record carries and that is not asked for: the column is NULL then, and the
/// answer would be silently empty. `IS NULL` says just that and may stand. A default is no answer to a condition (law 13).
///
/// # Safety
/// The planner's pointers.
unsafe fn reject_unbound_parameters(
    rel: *mut pg_sys::RelOptInfo,
    quals: &[*mut pg_sys::Node],
    plan: &ScanPlan,
    relation_info: &RelationInfo,
) -> Result<()> {
    let table = &relation_info.table;
    let may_be_restricted_at_start = plan.condition().may_be_restricted_at_start();
    // SAFETY: the caller's.
    unsafe {
        for qual in
            plan.local.iter().chain(&plan.inexact).filter_map(|i| quals.get(*i)).filter(|qual| !is_a(**qual, pg_sys::NodeTag::T_NullTest))
        {
            let used = used_attributes(rel, *qual, table);
            for described in used.into_iter().filter_map(|number| table.column(number)?.described) {
                let column = &table.endpoint.columns[described];
                if matches!(column.origin, Origin::Request { .. }) && !may_be_restricted_at_start.contains(described) {
                    return Err(missing_parameter(&table.endpoint, column));
                }
            }
        }
    }
    Ok(())
}

/// The attributes that the query reads, for output or for local quals.
///
/// SAFETY: the planner's pointers.
unsafe fn attributes(rel: *mut pg_sys::RelOptInfo, local: *mut pg_sys::List, table: &ForeignTable) -> Vec<i16> {
    // SAFETY: the caller's.
    unsafe {
        let mut used = used_attributes(rel, (*(*rel).reltarget).exprs.cast(), table);
        used.extend(used_attributes(rel, local.cast(), table));
        used.sort_unstable();
        used.dedup();
        used
    }
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
