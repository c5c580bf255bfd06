//! ExplainForeignScan: what travels, what stays, and after ANALYZE what it took. Sends nothing (law 6).
//!
//! The texts are made in [`crate::plan::explain`]; here Postgres deparses expressions, and gets the texts in their order.

use std::ffi::CString;

use pgrx::prelude::*;
use pgrx::{PgList, pg_sys};

use super::node::{read_plan, relation_of};
use super::scan::ScanState;
use super::scan_of;
use crate::pg::catalog::{ForeignColumn, ForeignTable};
use crate::pg::report::OrRaise;
use crate::pg::settings;
use crate::pg::text::{text_of, to_server};
use crate::plan::explain::{Explained, advice, could_filter, is_worth_advice};
use crate::plan::scan_plan::ScanPlan;

/// The few ways in which we write to an ExplainState.
struct Explainer {
    /// Postgres' own, which lives as long as this.
    state: *mut pg_sys::ExplainState,
}

impl Explainer {
    /// # Safety
    /// The caller guarantees that `state` is the one that Postgres explains a node with, and that it outlives the explainer.
    unsafe fn new(state: *mut pg_sys::ExplainState) -> Self {
        Self { state }
    }

    fn text(&self, label: &str, value: &str) {
        let Ok(label) = CString::new(label) else { return };
        let value = to_server(value);
        // SAFETY: the maker of this explainer guarantees the state; both strings live during the call.
        unsafe { pg_sys::ExplainPropertyText(label.as_ptr(), value, self.state) };
    }

    fn count(&self, label: &str, value: u64) {
        let Ok(label) = CString::new(label) else { return };
        let value = i64::try_from(value).unwrap_or(i64::MAX);
        // SAFETY: the maker of this explainer guarantees the state; a unit may be null.
        unsafe { pg_sys::ExplainPropertyInteger(label.as_ptr(), std::ptr::null(), value, self.state) };
    }

    fn millis(&self, label: &str, micros: u64) {
        let Ok(label) = CString::new(label) else { return };
        // SAFETY: the maker of this explainer guarantees the state; both strings live during the call.
        unsafe { pg_sys::ExplainPropertyFloat(label.as_ptr(), c"ms".as_ptr(), micros as f64 / 1000.0, 3, self.state) };
    }

    /// Expressions as SQL.
    ///
    /// # Safety
    /// The caller guarantees that `list` holds expressions of the plan node that is being explained: its quals or targets were shown
    /// before, so that the deparse context is set to it.
    unsafe fn expressions(&self, list: *mut pg_sys::List) -> Vec<String> {
        // SAFETY: the maker of this explainer guarantees the state.
        let context = unsafe { (*self.state).deparse_cxt };
        // SAFETY: the caller guarantees expressions that belong to the deparse context.
        let text = |node: *mut pg_sys::Node| unsafe { text_of(pg_sys::deparse_expression(node, context, false, false)) };
        // SAFETY: the caller guarantees a list of nodes.
        unsafe { PgList::<pg_sys::Node>::from_pg(list) }.iter_ptr().map(text).collect()
    }
}

#[pg_guard]
pub(crate) unsafe extern "C-unwind" fn explain_foreign_scan(node: *mut pg_sys::ForeignScanState, state: *mut pg_sys::ExplainState) {
    // SAFETY: Postgres calls back with a live state, which outlives the call.
    let (explainer, shows) = unsafe { (Explainer::new(state), &*state) };
    let (verbose, analyze, costs, timing) = (shows.verbose, shows.analyze, shows.costs, shows.timing);
    if verbose {
        // SAFETY: Postgres calls back with a ForeignScanState whose plan our GetForeignPlan made.
        let (plan_node, relation) = unsafe { ((*node).ss.ps.plan.cast::<pg_sys::ForeignScan>(), relation_of(node)) };
        // SAFETY: our GetForeignPlan made the plan.
        let plan = unsafe { read_plan(plan_node) };
        let table = ForeignTable::read(relation).or_raise();
        // SAFETY: this is the plan node being explained, and our GetForeignPlan put expressions into both lists.
        let (operands, quals) =
            unsafe { (explainer.expressions((*plan_node).fdw_exprs), explainer.expressions((*plan_node).scan.plan.qual)) };
        show_plan(&explainer, &table, &plan, (&operands, &quals), costs);
    }
    if !analyze {
        return;
    }
    // SAFETY: fdw_state is null or what BeginForeignScan put there.
    if let Some(scan) = unsafe { scan_of(node) } {
        show_counters(&explainer, scan, timing);
        // SAFETY: Postgres calls back with an instrumented node at its end.
        if let Some(advice) = unsafe { advice_for(&explainer, scan, node) } {
            explainer.text("Advice", &advice);
        }
    }
}

/// Shows a plan by its operands and quals as SQL.
fn show_plan(explainer: &Explainer, table: &ForeignTable, plan: &ScanPlan, sql: (&[String], &[String]), costs: bool) {
    let (operands, quals) = sql;
    let explained = Explained { table: &table.endpoint, plan, operands, default_from: table.settings.default_from.as_deref() };
    let defaults = table.defaults(0);
    explainer.text("Request", &plan.request_line(&table.endpoint, &defaults, table.page_size()));
    if let Some(window) = explained.window() {
        explainer.text("Window", &window);
    }
    let defaults = explained.defaults(&defaults.parameters);
    if !defaults.is_empty() {
        explainer.text("Defaults", &defaults.join(", "));
    }
    let conditions = explained.conditions(quals);
    for (label, conditions) in [
        ("Pushed Conditions", conditions.pushed),
        ("Implied Conditions", conditions.implied),
        ("Pushed Conditions (rechecked)", conditions.rechecked),
        ("Local Conditions", conditions.local),
    ] {
        if !conditions.is_empty() {
            explainer.text(label, &conditions.join(" AND "));
        }
    }
    if let Some(order) = explained.order() {
        explainer.text("Order", order);
    }
    if plan.counts > 0 {
        explainer.text("Counted By", "the total that the API declares");
    }
    if let Some(requests) = plan.expected_requests.filter(|_| costs) {
        explainer.count("Expected Requests", requests);
    }
    explainer.count("Concurrency", table.settings.concurrency as u64);
    if let Some(refusal) = &plan.refusal {
        explainer.text("Refused", refusal.message());
    }
}

/// What could have been asked for instead, where most rows were read in vain.
///
/// # Safety
/// The caller guarantees that `node` is the executor's node being explained.
unsafe fn advice_for(explainer: &Explainer, scan: &ScanState, node: *mut pg_sys::ForeignScanState) -> Option<String> {
    // SAFETY: the caller guarantees a live node; its instrumentation is null or lives as long.
    let ran = unsafe { (*node).ss.ps.instrument.as_ref() }?;
    if !is_worth_advice(ran.nfiltered1, ran.ntuples) {
        return None;
    }
    // SAFETY: the caller guarantees the node being explained, and rows that were filtered were filtered by its quals.
    let quals = unsafe { explainer.expressions((*(*node).ss.ps.plan).qual) };
    let dropping: Vec<String> = scan.plan.local.iter().chain(&scan.plan.inexact).filter_map(|i| quals.get(*i)).cloned().collect();
    let unused = |column: &&ForeignColumn| {
        column.pushdown && column.described.is_some_and(|described| could_filter(&scan.table.endpoint, &scan.filters, described))
    };
    let filters: Vec<&str> = scan.table.columns.iter().flatten().filter(unused).map(|column| column.name.as_str()).collect();
    advice(&dropping, &filters, settings::pushdown())
}

fn show_counters(explainer: &Explainer, scan: &ScanState, timing: bool) {
    let stats = &scan.stats;
    explainer.count("Slices", scan.slices as u64);
    explainer.count("Requests", stats.usage.requests.get());
    explainer.count("Retries", stats.usage.retries.get());
    explainer.count("Pages", stats.pages.get());
    explainer.count("Records Received", stats.records.get());
    explainer.count("Records Outside Window", stats.outside_window.get() + stats.outside_slice.get());
    explainer.count("Bytes On The Wire", stats.usage.wire_bytes.get());
    explainer.count("Bytes Decoded", stats.usage.body_bytes.get());
    if timing {
        explainer.millis("Time Waiting", stats.wait_micros.get());
        explainer.millis("Time Fetching", stats.usage.fetch_micros.get());
        explainer.millis("Time Decoding", stats.decode_micros.get());
    }
}
