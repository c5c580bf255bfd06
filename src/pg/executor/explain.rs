//! ExplainForeignScan: what travels, what stays, and after ANALYZE what it took. Sends nothing (law 6).

use std::ffi::CString;

use pgrx::prelude::*;
use pgrx::{PgList, pg_sys};

use super::node::{read_plan, relation_of};
use super::scan::ScanState;
use super::scan_of;
use crate::pg::catalog::ForeignTable;
use crate::pg::report::OrRaise;
use crate::pg::settings;
use crate::pg::text::{text_of, to_server};
use crate::plan::condition::Condition;
use crate::plan::scan_plan::ScanPlan;
use crate::plan::value::Op;
use crate::sources::{Direction, Origin, TimeRange};

/// Fewer rows than this cost nobody anything.
const WORTH_ADVICE: f64 = 100.0;

/// The few ways in which we write to an ExplainState.
struct Explainer {
    state: *mut pg_sys::ExplainState,
}

impl Explainer {
    fn text(&self, label: &str, value: &str) {
        let Ok(label) = CString::new(label) else { return };
        let value = to_server(value);
        // SAFETY: Postgres' own state; both strings live during the call.
        unsafe { pg_sys::ExplainPropertyText(label.as_ptr(), value, self.state) };
    }

    fn count(&self, label: &str, unit: Option<&str>, value: u64) {
        let (Ok(label), Ok(unit)) = (CString::new(label), unit.map(CString::new).transpose()) else { return };
        let unit = unit.as_ref().map_or(std::ptr::null(), |u| u.as_ptr());
        // SAFETY: as above.
        unsafe { pg_sys::ExplainPropertyInteger(label.as_ptr(), unit, i64::try_from(value).unwrap_or(i64::MAX), self.state) };
    }

    fn millis(&self, label: &str, micros: u64) {
        let Ok(label) = CString::new(label) else { return };
        // SAFETY: as above.
        unsafe { pg_sys::ExplainPropertyFloat(label.as_ptr(), c"ms".as_ptr(), micros as f64 / 1000.0, 3, self.state) };
    }

    /// Expressions as SQL.
    ///
    /// SAFETY: `list` holds expressions of the plan node that is being explained: its quals or targets were shown before, so the
    /// deparse context is set to it.
    unsafe fn expressions(&self, list: *mut pg_sys::List) -> Vec<String> {
        // SAFETY: the caller's.
        let text = |node: *mut pg_sys::Node| unsafe { text_of(pg_sys::deparse_expression(node, (*self.state).deparse_cxt, false, false)) };
        // SAFETY: the caller's.
        unsafe { PgList::<pg_sys::Node>::from_pg(list) }.iter_ptr().map(text).collect()
    }
}

#[pg_guard]
pub(crate) unsafe extern "C-unwind" fn explain_foreign_scan(node: *mut pg_sys::ForeignScanState, state: *mut pg_sys::ExplainState) {
    // SAFETY: Postgres' node and state.
    unsafe {
        let explainer = Explainer { state };
        if (*state).verbose {
            let plan_node = (*node).ss.ps.plan.cast::<pg_sys::ForeignScan>();
            let plan = read_plan(plan_node);
            let table = ForeignTable::read(relation_of(node)).or_raise();
            show_plan(&explainer, &table, &plan, plan_node, (*state).costs);
        }
        if (*state).analyze
            && let Some(scan) = scan_of(node)
        {
            show_counters(&explainer, scan, (*state).timing);
            if let Some(advice) = advice(&explainer, scan, node) {
                explainer.text("Advice", &advice);
            }
        }
    }
}

/// SAFETY: `node` is the plan node being explained.
unsafe fn show_plan(explainer: &Explainer, table: &ForeignTable, plan: &ScanPlan, node: *mut pg_sys::ForeignScan, costs: bool) {
    let defaults = table.defaults(0);
    // SAFETY: the caller's; our GetForeignPlan put expressions into both lists.
    let (operands, quals) = unsafe { (explainer.expressions((*node).fdw_exprs), explainer.expressions((*node).scan.plan.qual)) };
    explainer.text("Request", &plan.request_line(&table.endpoint, &defaults, table.page_size()));
    if let Some(range) = &table.endpoint.time_range {
        explainer.text("Window", &window(table, plan, range, &operands));
    }
    let defaults = defaults_of(table, plan);
    if !defaults.is_empty() {
        explainer.text("Defaults", &defaults.join(", "));
    }
    let is_pushed = |i: &usize| !plan.local.contains(i) && !plan.inexact.contains(i);
    let as_sql = |conditions: &[Condition]| conditions.iter().map(|condition| sql(condition, table, &operands)).collect::<Vec<_>>();
    let (own, implied) = plan.conditions.split_at(plan.conditions.len() - plan.implied);
    let pushed = if plan.counts > 0 {
        // Such a node has no quals of its own.
        as_sql(own)
    } else {
        chosen(&quals, &(0..quals.len()).filter(is_pushed).collect::<Vec<_>>())
    };
    for (label, conditions) in [
        ("Pushed Conditions", pushed),
        ("Implied Conditions", as_sql(implied)),
        ("Pushed Conditions (rechecked)", chosen(&quals, &plan.inexact)),
        ("Local Conditions", chosen(&quals, &plan.local)),
    ] {
        if !conditions.is_empty() {
            explainer.text(label, &conditions.join(" AND "));
        }
    }
    if let Some(direction) = plan.keeps_order(&table.endpoint).filter(|_| plan.ordered) {
        let word = Direction::NAMES.iter().find(|(_, known)| *known == direction).map_or("", |(word, _)| word);
        explainer.text("Order", word);
    }
    if plan.counts > 0 {
        explainer.text("Counted By", "the total that the API declares");
    }
    if let Some(requests) = plan.expected_requests.filter(|_| costs) {
        explainer.count("Expected Requests", None, requests);
    }
    explainer.count("Concurrency", None, table.settings.concurrency as u64);
    if let Some(refusal) = &plan.refusal {
        explainer.text("Refused", refusal.message());
    }
}

/// The defaults that stand in where the query says nothing, as far as the plan knows.
fn defaults_of(table: &ForeignTable, plan: &ScanPlan) -> Vec<String> {
    let condition = plan.condition();
    let restricted_to_values = condition.restricted_to_values();
    let range = table.endpoint.time_range.as_ref().map(|range| range.column);
    let is_open = |column: usize| !plan.restricted.contains(&column) && !condition.bounds(column).0;
    let from = table.settings.default_from.as_ref().filter(|_| range.is_some_and(is_open)).map(|text| format!("default_from ({text})"));
    let parameter = |(column, value): (usize, String)| match &table.endpoint.columns[column].origin {
        Origin::Request { option: Some(option), .. } => Some(format!("{option} ({value})")),
        _ => None,
    };
    let silent = table
        .defaults(0)
        .parameters
        .into_iter()
        .filter(|(column, _)| !plan.restricted.contains(column) && !restricted_to_values.contains(*column));
    from.into_iter().chain(silent.filter_map(parameter)).collect()
}

fn chosen<'i>(quals: &[String], which: impl IntoIterator<Item = &'i usize>) -> Vec<String> {
    which.into_iter().filter_map(|i| quals.get(*i)).cloned().collect()
}

/// What could have been asked for instead, where most rows were read in vain.
///
/// SAFETY: the executor's node, instrumented and at its end.
unsafe fn advice(explainer: &Explainer, scan: &ScanState, node: *mut pg_sys::ForeignScanState) -> Option<String> {
    // SAFETY: the caller's.
    let ran = unsafe { (*node).ss.ps.instrument.as_ref() }?;
    if ran.nfiltered1 < WORTH_ADVICE || ran.nfiltered1 <= ran.ntuples {
        return None;
    }
    // SAFETY: the caller's.
    let quals = unsafe { explainer.expressions((*(*node).ss.ps.plan).qual) };
    let after = [chosen(&quals, &scan.plan.local), chosen(&quals, &scan.plan.inexact)].concat();
    let filters: Vec<&str> = scan.table.columns.iter().flatten().filter(|c| scan.could_filter(c)).map(|c| c.name.as_str()).collect();
    if after.is_empty() {
        return None;
    }
    let instead = match filters.as_slice() {
        [] => "narrow the time range".to_owned(),
        _ if !settings::pushdown() => "the setting restlog_fdw.pushdown is off".to_owned(),
        names => format!("the API filters by equality on {}", names.join(", ")),
    };
    Some(format!("most rows were dropped after they were read, by {}; {instead}", after.join(" AND ")))
}

/// The times that are asked for, as far as the plan knows them.
fn window(table: &ForeignTable, plan: &ScanPlan, range: &TimeRange, operands: &[String]) -> String {
    let (lower, upper) = plan.condition().bounds(range.column);
    // What each side of a plain conjunction says; an OR has no single text, and is shown with the conditions.
    let side = |wanted: &[Op]| -> Vec<&str> {
        let operand = |condition: &Condition| match condition {
            Condition::Compare { column, op, operand } if *column == range.column && wanted.contains(op) => operands.get(*operand),
            _ => None,
        };
        plan.conditions.iter().filter_map(operand).map(String::as_str).collect()
    };
    let default = table.settings.default_from.as_ref().filter(|_| !plan.restricted.contains(&range.column));
    let from = match (lower, side(&[Op::Ge, Op::Gt, Op::Eq]).as_slice(), default) {
        (true, [], _) => "as conditioned".to_owned(),
        (true, [one], _) => (*one).to_owned(),
        (true, several, _) => format!("the latest of {}", several.join(", ")),
        (false, _, Some(text)) => format!("default_from ({text})"),
        (false, _, None) if !upper && !range.required => return format!("{} at any time", table.time_column_name()),
        (false, _, None) => "the beginning".to_owned(),
    };
    let to = match (upper, side(&[Op::Le, Op::Lt, Op::Eq]).as_slice()) {
        (true, []) => "to as conditioned".to_owned(),
        (true, [one]) => format!("to {one}"),
        (true, several) => format!("to the earliest of {}", several.join(", ")),
        (false, _) if table.endpoint.pagination.style.is_keyed() => "on".to_owned(),
        (false, _) => "to the scan's start, and then on".to_owned(),
    };
    format!("{} from {from} {to}", table.time_column_name())
}

/// A condition as SQL would say it.
fn sql(condition: &Condition, table: &ForeignTable, operands: &[String]) -> String {
    // Where a column of the foreign table reads it, it has that column's name.
    let name = |column: usize| table.endpoint.columns[column].name.as_str();
    let operand = |i: usize| operands.get(i).map_or("?", String::as_str);
    let joined = |parts: &[Condition], word: &str| {
        let parts: Vec<_> = parts.iter().map(|part| sql(part, table, operands)).collect();
        format!("({})", parts.join(word))
    };
    match condition {
        Condition::And(parts) => joined(parts, " AND "),
        Condition::Or(parts) => joined(parts, " OR "),
        Condition::Compare { column, op, operand: i } => format!("({} {} {})", name(*column), op.as_str(), operand(*i)),
        Condition::TimeExpr { comparison, column, .. } => {
            format!("({} {} {})", name(*column), comparison.op.as_str(), operand(comparison.operand))
        }
        Condition::AnyOf { column, operand: i } => format!("({} = ANY ({}))", name(*column), operand(*i)),
        Condition::Constant { operand: i } => operand(*i).to_owned(),
        Condition::Is { column, value: true } => name(*column).to_owned(),
        Condition::Is { column, value: false } => format!("(NOT {})", name(*column)),
    }
}

fn show_counters(explainer: &Explainer, scan: &ScanState, timing: bool) {
    let stats = &scan.stats;
    explainer.count("Slices", None, scan.slices as u64);
    explainer.count("Requests", None, stats.usage.requests.get());
    explainer.count("Retries", None, stats.usage.retries.get());
    explainer.count("Pages", None, stats.pages.get());
    explainer.count("Records Received", None, stats.records.get());
    explainer.count("Records Outside Window", None, stats.outside_window.get() + stats.outside_slice.get());
    explainer.count("Bytes On The Wire", None, stats.usage.wire_bytes.get());
    explainer.count("Bytes Decoded", None, stats.usage.body_bytes.get());
    if timing {
        explainer.millis("Time Waiting", stats.wait_micros.get());
        explainer.millis("Time Fetching", stats.usage.fetch_micros.get());
        explainer.millis("Time Decoding", stats.decode_micros.get());
    }
}
