//! GetForeignRelSize, GetForeignPaths, GetForeignPlan: which conditions travel, at what cost, and what the executor is told.

use pgrx::prelude::*;
use pgrx::{PgList, PgMemoryContexts, is_a, pg_sys};

use super::catalog::ForeignTable;
use super::estimate::expected_rows;
use super::expr::{Converter, var_of};
use super::order;
use super::report::OrRaise;
use crate::error::Result;
use crate::plan::scan_plan::ScanPlan;
use crate::plan::slice::{Defaults, missing_lower_bound, missing_parameter};
use crate::sources::Origin;

/// What a request costs beside its rows, in the planner's unit (a sequential page read): as postgres_fdw's fdw_startup_cost.
pub(super) const REQUEST_COST: f64 = 100.0;
/// What a row costs to fetch and decode: well above a local row, so that no join reads the API twice for nothing.
const ROW_COST: f64 = 0.05;
/// Rows of a table that nobody has analysed. A log is large; a small guess would make the planner read it again and again.
const UNKNOWN_ROWS: f64 = 1_000_000.0;
/// The part of a table that a range has, as Postgres guesses it (DEFAULT_RANGE_INEQ_SEL).
const RANGE_SELECTIVITY: f64 = 0.005;
/// Added to a path that the API could not be asked for: it is chosen only when there is no other, and then refused with a hint.
/// More than Postgres adds for a kind of join that is switched off (1e10).
const REFUSED_COST: f64 = 1.0e13;

/// Kept in `RelOptInfo.fdw_private` while one query is planned.
pub(super) struct Planning {
    pub(super) table: ForeignTable,
    pub(super) defaults: Defaults,
    claims: Claims,
}

/// What the clauses of joins would give to a scan that runs once per outer row. A scan that runs without them must not put a
/// default there: it would read other rows, and the answer would depend on the plan.
#[derive(Debug, Default)]
struct Claims {
    /// Request parameters, by the description's column.
    parameters: Vec<usize>,
    /// Whether they bound the time range from below.
    lower_bound: bool,
}

impl Planning {
    /// Whether the API can be asked with these conditions, and the answer is the same in every plan.
    pub(super) fn check(&self, plan: &ScanPlan) -> Result<()> {
        let table = &self.table.table;
        plan.check(table, &self.defaults)?;
        let condition = plan.condition();
        if let Some(column) = self.claims.parameters.iter().find(|column| !condition.fixes(**column)) {
            return Err(missing_parameter(table, &table.columns[*column]));
        }
        match &table.time_range {
            Some(range) if self.claims.lower_bound && !condition.bounds(range.column).0 && self.defaults.from.is_some() => {
                let name = &table.columns[range.column].name;
                Err(missing_lower_bound(name).hint(format!(
                    "Add a condition such as {name} >= now() - interval '1 day': default_from does not stand in for a bound that a join gives."
                )))
            }
            _ => Ok(()),
        }
    }
}

/// SAFETY: `rel` went through [`get_foreign_rel_size`].
pub(super) unsafe fn planning<'p>(rel: *mut pg_sys::RelOptInfo) -> &'p mut Planning {
    // SAFETY: set there, and lives in the planner's memory context; nobody else looks at it during a callback.
    unsafe { &mut *(*rel).fdw_private.cast::<Planning>() }
}

#[pg_guard]
pub(super) unsafe extern "C-unwind" fn get_foreign_rel_size(
    root: *mut pg_sys::PlannerInfo,
    rel: *mut pg_sys::RelOptInfo,
    relation: pg_sys::Oid,
) {
    let table = ForeignTable::read(relation).or_raise();
    let defaults = table.defaults(0);
    // SAFETY: rel is the planner's; the context it plans in outlives it.
    unsafe {
        if (*rel).tuples <= 0.0 {
            (*rel).tuples = UNKNOWN_ROWS;
        }
        pg_sys::set_baserel_size_estimates(root, rel);
        if let Some(rows) = expected_rows(root, rel, relation, &table) {
            (*rel).rows = pg_sys::clamp_row_est(rows);
        }
        (*rel).fdw_private =
            PgMemoryContexts::CurrentMemoryContext.leak_and_drop_on_delete(Planning { table, defaults, claims: Claims::default() }).cast();
    }
}

#[pg_guard]
pub(super) unsafe extern "C-unwind" fn get_foreign_paths(
    root: *mut pg_sys::PlannerInfo,
    rel: *mut pg_sys::RelOptInfo,
    _relation: pg_sys::Oid,
) {
    // SAFETY: the planner calls this after get_foreign_rel_size, with its own root and rel.
    unsafe {
        let planning = planning(rel);
        let own = clauses_of((*rel).baserestrictinfo);
        let (outers, claims) = parameterizations(root, rel, &planning.table);
        planning.claims = claims;
        let alone = plan_of(root, rel, planning, &own);
        let refused = if planning.check(&alone).is_ok() { 0.0 } else { REFUSED_COST };
        add_path(root, rel, planning, (*rel).rows, refused, (*rel).lateral_relids, std::ptr::null_mut());
        if refused == 0.0 && (*rel).lateral_relids.is_null() {
            let pathkeys = order::useful_pathkeys(root, rel, planning, &alone);
            if !pathkeys.is_null() {
                add_path(root, rel, planning, (*rel).rows, refused, std::ptr::null_mut(), pathkeys);
            }
        }
        for outer in outers {
            let info = pg_sys::get_baserel_parampathinfo(root, rel, outer);
            let mut all = own.clone();
            all.extend(clauses_of((*info).ppi_clauses));
            let joined = plan_of(root, rel, planning, &all);
            if planning.check(&joined).is_ok() {
                // Postgres takes two bounds by columns of another table for unrelated, and guesses a ninth of all rows.
                let bounds = |plan: &ScanPlan| Some(plan.condition().bounds(planning.table.table.time_range.as_ref()?.column));
                let ranged = bounds(&alone) != bounds(&joined) && bounds(&joined) == Some((true, true));
                if ranged {
                    (*info).ppi_rows = pg_sys::clamp_row_est((*info).ppi_rows.min((*rel).tuples * RANGE_SELECTIVITY));
                }
                add_path(root, rel, planning, (*info).ppi_rows, 0.0, outer, std::ptr::null_mut());
            }
        }
    }
}

/// The clauses of a list of RestrictInfos.
///
/// SAFETY: `list` is such a list.
pub(super) unsafe fn clauses_of(list: *mut pg_sys::List) -> Vec<*mut pg_sys::Node> {
    // SAFETY: the caller's.
    unsafe { PgList::<pg_sys::RestrictInfo>::from_pg(list).iter_ptr().map(|info| (*info).clause.cast()).collect() }
}

/// What these clauses would let a scan ask for.
///
/// SAFETY: all pointers are the planner's.
unsafe fn plan_of(
    root: *mut pg_sys::PlannerInfo,
    rel: *mut pg_sys::RelOptInfo,
    planning: &Planning,
    clauses: &[*mut pg_sys::Node],
) -> ScanPlan {
    // SAFETY: the caller's.
    let mut converter = unsafe { Converter::new(root, rel, &planning.table) };
    // SAFETY: the caller's.
    let conditions = clauses.iter().filter_map(|clause| unsafe { converter.clause(*clause) }).map(|(condition, _)| condition).collect();
    ScanPlan { conditions, ..ScanPlan::default() }
}

/// SAFETY: all pointers are the planner's.
unsafe fn add_path(
    root: *mut pg_sys::PlannerInfo,
    rel: *mut pg_sys::RelOptInfo,
    planning: &Planning,
    rows: f64,
    refused: f64,
    outer: pg_sys::Relids,
    pathkeys: *mut pg_sys::List,
) {
    let pages = (rows / planning.table.page_size() as f64).ceil().max(1.0);
    let startup = REQUEST_COST + refused;
    let total = startup + (pages - 1.0) * REQUEST_COST + rows * ROW_COST;
    // Chains that take turns are a little slower than chains that do not.
    let total = if pathkeys.is_null() { total } else { total * 1.02 };
    let none: *mut pg_sys::List = std::ptr::null_mut();
    // SAFETY: the caller's; null lists are empty lists.
    unsafe {
        #[cfg(any(feature = "pg13", feature = "pg14", feature = "pg15", feature = "pg16"))]
        let path = pg_sys::create_foreignscan_path(root, rel, none.cast(), rows, startup, total, pathkeys, outer, none.cast(), none.cast());
        #[cfg(feature = "pg17")]
        let path = pg_sys::create_foreignscan_path(
            root,
            rel,
            none.cast(),
            rows,
            startup,
            total,
            pathkeys,
            outer,
            none.cast(),
            none.cast(),
            none.cast(),
        );
        #[cfg(feature = "pg18")]
        let path = pg_sys::create_foreignscan_path(
            root,
            rel,
            none.cast(),
            rows,
            0,
            startup,
            total,
            pathkeys,
            outer,
            none.cast(),
            none.cast(),
            none.cast(),
        );
        pg_sys::add_path(rel, path.cast());
    }
}

/// The sets of other relations whose columns could give operands, as postgres_fdw finds them: from join clauses and from
/// equivalence classes.
///
/// SAFETY: all pointers are the planner's.
unsafe fn parameterizations(
    root: *mut pg_sys::PlannerInfo,
    rel: *mut pg_sys::RelOptInfo,
    table: &ForeignTable,
) -> (Vec<pg_sys::Relids>, Claims) {
    let mut found: Vec<pg_sys::Relids> = Vec::new();
    let mut claims = Claims::default();
    // SAFETY: the caller's.
    unsafe {
        let mut infos: Vec<*mut pg_sys::RestrictInfo> = PgList::<pg_sys::RestrictInfo>::from_pg((*rel).joininfo).iter_ptr().collect();
        infos.retain(|info| pg_sys::join_clause_is_movable_to(*info, rel));
        if (*rel).has_eclass_joins {
            for (i, column) in table.columns.iter().enumerate() {
                let pushable = column.as_ref().is_some_and(|c| c.pushdown && c.described.is_some());
                if !pushable {
                    continue;
                }
                let mut wanted = Wanted { attribute: (i + 1) as i16, table };
                let implied = pg_sys::generate_implied_equalities_for_column(
                    root,
                    rel,
                    Some(is_column),
                    (&raw mut wanted).cast(),
                    (*rel).lateral_referencers,
                );
                infos.extend(
                    PgList::<pg_sys::RestrictInfo>::from_pg(implied)
                        .iter_ptr()
                        .filter(|info| pg_sys::join_clause_is_movable_to(*info, rel)),
                );
            }
        }
        for info in infos {
            let mut converter = Converter::new(root, rel, table);
            let Some((condition, _)) = converter.clause((*info).clause.cast()) else { continue };
            let described = table.table.columns.iter().enumerate();
            let requested = described.filter(|(_, column)| matches!(column.origin, Origin::Request { .. })).map(|(i, _)| i);
            claims.parameters.extend(requested.filter(|i| condition.fixes(*i)));
            claims.lower_bound |= table.table.time_range.as_ref().is_some_and(|range| condition.bounds(range.column).0);
            let outer = pg_sys::bms_del_member(pg_sys::bms_union((*info).clause_relids, (*rel).lateral_relids), (*rel).relid as i32);
            let known = found.iter().any(|other| pg_sys::bms_equal(*other, outer));
            // An empty set need not be a null pointer before Postgres 16.
            if pg_sys::bms_num_members(outer) > 0 && !known {
                found.push(outer);
            }
        }
    }
    (found, claims)
}

/// A column whose equalities are looked for.
struct Wanted<'t> {
    attribute: i16,
    table: &'t ForeignTable,
}

/// Whether a member of an equivalence class is the wanted column of this relation, or what is made of it as the time column.
#[pg_guard]
unsafe extern "C-unwind" fn is_column(
    root: *mut pg_sys::PlannerInfo,
    rel: *mut pg_sys::RelOptInfo,
    _class: *mut pg_sys::EquivalenceClass,
    member: *mut pg_sys::EquivalenceMember,
    wanted: *mut std::ffi::c_void,
) -> bool {
    // SAFETY: the planner's pointers; `wanted` is what parameterizations passed, and lives during its call.
    unsafe {
        let Wanted { attribute, table } = &*wanted.cast::<Wanted<'_>>();
        let expression: *mut pg_sys::Node = (*member).em_expr.cast();
        let is_it = |var: *mut pg_sys::Var| (*var).varno as u32 == (*rel).relid && (*var).varattno == *attribute;
        match var_of(expression) {
            Some(var) => is_it(var),
            None => {
                let described = table.column(*attribute).and_then(|column| column.described);
                let made = Converter::new(root, rel, table).made(expression);
                made.is_some_and(|made| Some(made.column) == described)
            }
        }
    }
}

#[pg_guard]
pub(super) unsafe extern "C-unwind" fn get_foreign_plan(
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
            return super::aggregate::count_plan(root, rel, tlist, outer_plan);
        }
        let planning = planning(rel);
        let local = pg_sys::extract_actual_clauses(clauses, false);
        let mut plan = ScanPlan::default();
        let mut converter = Converter::new(root, rel, &planning.table);
        let quals: Vec<*mut pg_sys::Node> = PgList::<pg_sys::Node>::from_pg(local).iter_ptr().collect();
        for (i, qual) in quals.iter().enumerate() {
            plan.add(i, converter.clause(*qual));
        }
        planning.check(&plan).or_raise();
        refuse_unasked(rel, &quals, &plan, planning).or_raise();
        plan.expected_requests = super::estimate::check(root, relation, &planning.table, &plan, &converter.operands).or_raise();
        plan.attributes = attributes(rel, local, &planning.table);
        for number in &plan.attributes {
            if let Some(column) = planning.table.column(*number)
                && column.from.is_none()
            {
                super::report::raise(&planning.table.no_field(column));
            }
        }
        plan.ordered = !(*path).path.pathkeys.is_null();
        // Hardly a record has no time: such a condition does not keep a LIMIT from sizing the first page.
        let drops_few = |i: &usize| quals.get(*i).is_some_and(|qual| converter.has_time(*qual));
        if plan.local.iter().all(drops_few) && plan.wider.is_empty() {
            let sorted = plan.ordered && pg_sys::pathkeys_contained_in((*root).query_pathkeys, (*path).path.pathkeys);
            plan.limit = limit(root, sorted);
        }
        let (operands, private) = (operand_list(converter.operands), private_list(&plan));
        let none = std::ptr::null_mut();
        pg_sys::make_foreignscan(tlist, local, (*rel).relid, operands, private, none, none, outer_plan)
    }
}

/// The operands as the plan keeps them.
///
/// SAFETY: expressions of this query.
pub(super) unsafe fn operand_list(operands: Vec<*mut pg_sys::Node>) -> *mut pg_sys::List {
    let mut list = PgList::<pg_sys::Node>::new();
    for operand in operands {
        // SAFETY: the caller's.
        list.push(unsafe { pg_sys::copyObjectImpl(operand.cast()).cast() });
    }
    list.into_pg()
}

/// The plan's private data, as copyObject can copy it.
pub(super) fn private_list(plan: &ScanPlan) -> *mut pg_sys::List {
    let text = std::ffi::CString::new(plan.to_json().or_raise()).unwrap_or_default();
    let mut list = PgList::<pg_sys::Node>::new();
    // SAFETY: allocates in the planner's memory context.
    list.push(unsafe { pg_sys::makeString(pg_sys::pstrdup(text.as_ptr())).cast() });
    list.into_pg()
}

/// Refuses a local condition on a column that no record carries and that is not asked for: the column is NULL then, and the
/// answer would be silently empty. `IS NULL` says just that and may stand.
///
/// SAFETY: the planner's pointers.
unsafe fn refuse_unasked(rel: *mut pg_sys::RelOptInfo, quals: &[*mut pg_sys::Node], plan: &ScanPlan, planning: &Planning) -> Result<()> {
    let Planning { table, defaults, .. } = planning;
    let condition = plan.condition();
    let is_asked = |column: usize| condition.may_fix(column) || defaults.parameters.contains_key(&column);
    // SAFETY: the caller's.
    unsafe {
        for qual in
            plan.local.iter().chain(&plan.wider).filter_map(|i| quals.get(*i)).filter(|qual| !is_a(**qual, pg_sys::NodeTag::T_NullTest))
        {
            let used = used_attributes(rel, qual.cast(), table);
            for described in used.into_iter().filter_map(|number| table.column(number)?.described) {
                let column = &table.table.columns[described];
                if matches!(column.origin, Origin::Request { .. }) && !is_asked(described) {
                    return Err(missing_parameter(&table.table, column));
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

/// The attributes of a relation that an expression, or a list of them, uses.
///
/// SAFETY: the planner's pointers.
unsafe fn used_attributes(rel: *mut pg_sys::RelOptInfo, expression: *mut pg_sys::Node, table: &ForeignTable) -> Vec<i16> {
    let mut used = std::ptr::null_mut();
    // SAFETY: the caller's.
    unsafe {
        pg_sys::pull_varattnos(expression, (*rel).relid, &mut used);
        // pull_varattnos shifts numbers so that those of system columns are not negative (var.c).
        let is_used = |number: i32| pg_sys::bms_is_member(number - pg_sys::FirstLowInvalidHeapAttributeNumber, used);
        let whole_row = is_used(0);
        let live = table.columns.iter().enumerate().filter(|(_, column)| column.is_some());
        live.map(|(i, _)| (i + 1) as i16).filter(|number| whole_row || is_used(i32::from(*number))).collect()
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
