//! A plan and the density of its table → how many rows a scan will read, and by how many requests.
//!
//! Where neither the session's scans nor ANALYZE tell the density, nothing is estimated, and nothing may be refused for its size.

use pgrx::{check_for_interrupts, pg_sys};

use super::base_rel::{BaseRel, members};
use super::density;
use super::relation::{self, Converted, RelationInfo};
use super::root::Root;
use super::statistics;
use super::time_expr::PgZones;
use crate::error::Result;
use crate::pg::executor::scan::on_table;
use crate::pg::node::Expr;
use crate::pg::settings;
use crate::plan::limits;
use crate::plan::resolve::{BoundPlan, Unreadable, resolve};
use crate::plan::scan_plan::ScanPlan;
use crate::plan::slice::Slices;
use crate::plan::value::Value;

/// The number of rows that the base clauses leave: the length of the window that is asked for times the table's density, which earlier
/// scans of the session told, or else ANALYZE. Conditions that the density knows nothing of thin the rows out as Postgres thinks. `None`
/// where the density or the window is not known.
pub(super) fn expected_rows<'q>(root: Root<'q>, rel: BaseRel<'q>, relation_info: &RelationInfo<'q>) -> Option<f64> {
    let (table, relation) = (&relation_info.table, relation_info.relation);
    let time = table.endpoint.time_range.as_ref()?.column;
    let Converted { plan, operands } = &relation_info.base;
    let asked = estimated_slices(root, relation_info, plan, operands, true)?;
    let micros = limits::requested_span(&asked, now());
    let learned = density::density(relation, &plan.filters(&table.endpoint));
    let clauses = rel.base_clauses();
    // A learned density is that of scans with the filters that the request has. The density that ANALYZE found is the whole log's.
    let answered = plan.whole(clauses.len(), |condition| condition.is_about(time));
    let thins_out = |i: usize| match learned {
        Some(_) => plan.local.contains(&i) || plan.inexact.contains(&i),
        None => !answered.contains(&i),
    };
    let density = match learned {
        Some(density) => density,
        // SAFETY: a query is planned within a transaction, and its relations are locked.
        None => unsafe { statistics::density(relation, table, rel.info().tuples) }?,
    };
    let others = clauses.into_iter().enumerate().filter(|(i, _)| thins_out(*i)).map(|(_, clause)| clause);
    let kept = rel.selectivity(others);
    micros.is_finite().then_some(micros * density * kept)
}

/// The slices that would be asked for with the operands that are known by now; `None` where they do not suffice. `allow_unknown` takes
/// an operand that is not known for one that restricts nothing.
fn estimated_slices<'q>(
    root: Root<'q>,
    relation_info: &RelationInfo<'q>,
    plan: &ScanPlan,
    operands: &[Expr<'q>],
    allow_unknown: bool,
) -> Option<Slices> {
    let mut value = |i: usize| {
        check_for_interrupts!();
        operands.get(i).and_then(|operand| root.estimated(*operand).value()).unwrap_or(Value::Unknown)
    };
    let bound = BoundPlan::bind(plan, operands.len(), &mut value);
    if !allow_unknown && !bound.is_known() {
        return None;
    }
    let table = &relation_info.table;
    let resolved = resolve(&bound, &table.endpoint, table.defaults(now()), &PgZones, Unreadable::Ignored);
    resolved.ok().map(|resolved| resolved.slices)
}

fn now() -> i64 {
    // SAFETY: reads the clock.
    unsafe { pg_sys::GetCurrentTimestamp() }
}

/// Refuses a scan that would read more than it may. Yields the number of requests that are expected of all of the plan's scans; `None`
/// where nothing tells.
///
/// # Safety
/// `path` is a path of the relation that `relation_info` is about.
pub(super) unsafe fn check<'q>(
    root: Root<'q>,
    path: *mut pg_sys::ForeignPath,
    relation_info: &RelationInfo<'q>,
    plan: &ScanPlan,
    operands: &[Expr<'q>],
) -> Result<Option<u64>> {
    let (table, relation) = (&relation_info.table, relation_info.relation);
    // SAFETY: the caller guarantees the path.
    let scans = unsafe { expected_scans(root, path) };
    let Some(asked) = estimated_slices(root, relation_info, plan, operands, false) else {
        // Each scan of a parameterised path sends one request at least.
        return Ok(scans.map(|scans| scans as u64));
    };
    let filters = plan.filters(&table.endpoint);
    let density = density::density(relation, &filters);
    // SAFETY: what the query's now() is.
    let now = unsafe { pg_sys::GetCurrentTransactionStartTimestamp() };
    let finite = table.endpoint.time_range.is_none() || limits::requested_span(&asked, now).is_finite();
    let requests = density.filter(|_| finite).map(|density| limits::expected_requests(&asked, now, density, table.page_size()));
    limits::check_window(&asked, now, table.max_window(), requests).map_err(|error| on_table(error, &table.name))?;
    if root.is_read_whole() && density::is_known(relation, &filters) {
        // The unfiltered density is an upper bound for a filtered scan: good enough to be shown, too coarse to refuse a query.
        limits::check_requests(requests, settings::max_requests()).map_err(|error| on_table(error, &table.name))?;
    }
    Ok(match scans {
        Some(scans) => Some((requests.unwrap_or(1) as f64 * scans) as u64),
        None => requests,
    })
}

/// The number of times that a parameterised path is expected to be scanned: once for each row of the smallest relation that gives it
/// operands, as Postgres itself counts loops (get_loop_count in indxpath.c). `None` for a path that runs once, and where the rows of
/// such a relation are a guess.
///
/// # Safety
/// `path` is a path of the query that is planned.
unsafe fn expected_scans(root: Root<'_>, path: *mut pg_sys::ForeignPath) -> Option<f64> {
    // SAFETY: the caller guarantees the path, whose information on parameters has a set of relations.
    let outer = unsafe { members((*path).path.param_info.as_ref()?.ppi_req_outer) };
    let mut scans: Option<f64> = None;
    for rel in outer.into_iter().filter_map(|number| BaseRel::numbered(root, number)) {
        // SAFETY: paths are planned after the sizes of all base relations were estimated.
        if unsafe { relation::is_guessed(rel) } {
            return None;
        }
        let rows = rel.info().rows;
        scans = Some(scans.map_or(rows, |least| least.min(rows)));
    }
    scans.map(|scans| scans.max(1.0))
}
