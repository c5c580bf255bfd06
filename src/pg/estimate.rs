//! How many rows a query will read, and by how many requests, as far as the session has learned.

use pgrx::{PgList, is_a, pg_sys};

use super::catalog::ForeignTable;
use super::derived::PgZones;
use super::executor::on_table;
use super::expr::Converter;
use super::{learned, operand, settings};
use crate::error::Result;
use crate::plan::guard;
use crate::plan::qual::Value;
use crate::plan::scan_plan::ScanPlan;
use crate::plan::slice::{Slice, slices};
use crate::plan::window::MINUS_INFINITY;

/// Rows by the length of the window that is asked for and what earlier scans of the session told of the table's density; local
/// conditions thin them out as Postgres thinks. `None` where either is not known.
///
/// SAFETY: the planner's pointers.
pub(super) unsafe fn expected_rows(
    root: *mut pg_sys::PlannerInfo,
    rel: *mut pg_sys::RelOptInfo,
    relation: pg_sys::Oid,
    table: &ForeignTable,
) -> Option<f64> {
    // SAFETY: the caller's.
    unsafe {
        table.table.time_range.as_ref()?;
        let mut converter = Converter::new(root, rel, table);
        let mut plan = ScanPlan::default();
        let mut local = PgList::<pg_sys::RestrictInfo>::new();
        for info in PgList::<pg_sys::RestrictInfo>::from_pg((*rel).baserestrictinfo).iter_ptr() {
            let converted = converter.clause((*info).clause.cast());
            if !matches!(converted, Some((_, true))) {
                local.push(info);
            }
            plan.conditions.extend(converted.map(|(condition, _)| condition));
        }
        let density = learned::density(relation, &plan.filters(&table.table))?;
        let asked = foreseen_slices(root, table, &plan, &converter.operands, true)?;
        if asked.iter().filter_map(|slice| slice.window).any(|window| window.lo == MINUS_INFINITY) {
            return None;
        }
        let kept =
            pg_sys::clauselist_selectivity(root, local.into_pg(), (*rel).relid as i32, pg_sys::JoinType::JOIN_INNER, std::ptr::null_mut());
        Some(guard::asked_micros(&asked, pg_sys::GetCurrentTimestamp()) * density * kept)
    }
}

/// What would be asked for with the operands that are known by now; `None` where they do not suffice. `roughly` takes an operand
/// that is not known for one that restricts nothing.
///
/// SAFETY: the planner's root, and expressions of its query.
unsafe fn foreseen_slices(
    root: *mut pg_sys::PlannerInfo,
    table: &ForeignTable,
    plan: &ScanPlan,
    operands: &[*mut pg_sys::Node],
    roughly: bool,
) -> Option<Vec<Slice>> {
    // SAFETY: the caller's; an expression that can be estimated becomes a constant of its type.
    let value = |node: &*mut pg_sys::Node| unsafe {
        let constant = pg_sys::estimate_expression_value(root, *node);
        if !is_a(constant, pg_sys::NodeTag::T_Const) {
            return Value::Unknown;
        }
        let constant = constant.cast::<pg_sys::Const>();
        operand::value((*constant).constvalue, (*constant).constisnull, (*constant).consttype)
    };
    let condition = plan.condition();
    let (mut values, mut all_known) = (vec![Value::Unknown; operands.len()], true);
    condition.evaluate(&mut values, &mut |i| {
        let known = operands.get(i).map_or(Value::Unknown, value);
        all_known &= known != Value::Unknown;
        known
    });
    if !roughly && !all_known {
        return None;
    }
    let time_column = table.table.time_range.as_ref().map(|range| range.column);
    let selection = condition.select(time_column, &values, &PgZones);
    // SAFETY: reads the clock.
    let now = unsafe { pg_sys::GetCurrentTimestamp() };
    slices(&table.table, &selection, &table.defaults(now)).ok()
}

/// Refuses a scan that would read more than it may, and says how many requests are expected; `None` where nothing tells.
///
/// SAFETY: the planner's root, and expressions of its query.
pub(super) unsafe fn check(
    root: *mut pg_sys::PlannerInfo,
    relation: pg_sys::Oid,
    table: &ForeignTable,
    plan: &ScanPlan,
    operands: &[*mut pg_sys::Node],
) -> Result<Option<u64>> {
    // SAFETY: the caller's.
    let Some(asked) = (unsafe { foreseen_slices(root, table, plan, operands, false) }) else { return Ok(None) };
    let filters = plan.filters(&table.table);
    let density = learned::density(relation, &filters);
    // SAFETY: what the query's now() is.
    let now = unsafe { pg_sys::GetCurrentTransactionStartTimestamp() };
    let finite = guard::asked_micros(&asked, now).is_finite();
    let requests = density.filter(|_| finite).map(|density| guard::expected_requests(&asked, density, table.page_size()));
    guard::check_window(&asked, now, table.max_window(), requests).map_err(|error| on_table(error, &table.name))?;
    // SAFETY: the caller's. Who may stop early reads less than that, and so may what is read for another query, or only if something holds.
    let whole = unsafe {
        (*root).tuple_fraction <= 0.0 && (*root).limit_tuples < 0.0 && (*root).parent_root.is_null() && !(*root).hasPseudoConstantQuals
    };
    // What all records are like tells at most how many these are: enough to be shown, not to refuse.
    if whole && learned::is_known(relation, &filters) {
        guard::check_requests(requests, settings::max_requests()).map_err(|error| on_table(error, &table.name))?;
    }
    Ok(requests)
}
