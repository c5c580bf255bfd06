//! How many rows a query will read, as far as the session has learned.

use pgrx::{PgList, is_a, pg_sys};

use super::catalog::ForeignTable;
use super::derived::PgZones;
use super::expr::Converter;
use super::{learned, operand};
use crate::plan::qual::Value;
use crate::plan::scan_plan::ScanPlan;
use crate::plan::window::{MINUS_INFINITY, Window};

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
    let range = table.table.time_range.as_ref()?;
    // SAFETY: the caller's; an expression that can be estimated becomes a constant of its type.
    unsafe {
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
        let value = |node: &*mut pg_sys::Node| {
            let constant = pg_sys::estimate_expression_value(root, *node);
            if !is_a(constant, pg_sys::NodeTag::T_Const) {
                return Value::Unknown;
            }
            let constant = constant.cast::<pg_sys::Const>();
            operand::value((*constant).constvalue, (*constant).constisnull, (*constant).consttype)
        };
        let values: Vec<Value> = converter.operands.iter().map(value).collect();
        let selection = plan.condition().select(Some(range.column), &values, &PgZones);
        let now = pg_sys::GetCurrentTimestamp();
        let bounded = |window: &Window| window.lo != MINUS_INFINITY;
        let windows = selection.windows.windows();
        if !windows.iter().all(bounded) {
            return None;
        }
        let micros: f64 = windows.iter().map(|w| (w.hi.min(now) as f64 - w.lo as f64).max(0.0)).sum();
        let kept =
            pg_sys::clauselist_selectivity(root, local.into_pg(), (*rel).relid as i32, pg_sys::JoinType::JOIN_INNER, std::ptr::null_mut());
        Some(micros * density * kept)
    }
}
