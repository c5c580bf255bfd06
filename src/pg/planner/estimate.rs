//! How many rows a query will read, and by how many requests, as far as the session has learned or ANALYZE has found.

use pgrx::{PgList, check_for_interrupts, is_a, pg_sys};

use super::density;
use super::relation::{self, Converted, RelationInfo, infos_of};
use super::statistics;
use super::time_expr::PgZones;
use crate::error::Result;
use crate::pg::executor::scan::on_table;
use crate::pg::operand;
use crate::pg::settings;
use crate::plan::limits;
use crate::plan::resolve::{BoundPlan, Unreadable, resolve};
use crate::plan::scan_plan::ScanPlan;
use crate::plan::slice::Slices;
use crate::plan::value::Value;

/// Rows by the length of the window that is asked for and the table's density: what earlier scans of the session told, or else what
/// ANALYZE found. The conditions that the density knows nothing of thin them out as Postgres thinks. `None` where the density or the
/// window is not known.
///
/// # Safety
/// The planner's pointers.
pub(crate) unsafe fn expected_rows(
    root: *mut pg_sys::PlannerInfo,
    rel: *mut pg_sys::RelOptInfo,
    relation: pg_sys::Oid,
    relation_info: &RelationInfo,
) -> Option<f64> {
    // SAFETY: the caller's.
    unsafe {
        let time = relation_info.table.endpoint.time_range.as_ref()?.column;
        let Converted { plan, operands } = &relation_info.base;
        let asked = estimated_slices(root, relation_info, plan, operands, true)?;
        let micros = limits::requested_span(&asked, pg_sys::GetCurrentTimestamp());
        let learned = density::density(relation, &plan.filters(&relation_info.table.endpoint));
        // What scans learned, they learned under the filters that the request has; what ANALYZE found is the whole log's.
        let infos = infos_of((*rel).baserestrictinfo);
        let answered = plan.whole(infos.len(), |condition| condition.is_about(time));
        let thins_out = |i: usize| match learned {
            Some(_) => plan.local.contains(&i) || plan.inexact.contains(&i),
            None => !answered.contains(&i),
        };
        let density = match learned {
            Some(density) => density,
            None => statistics::density(relation, &relation_info.table, (*rel).tuples)?,
        };
        let mut others = PgList::<pg_sys::RestrictInfo>::new();
        infos.into_iter().enumerate().filter(|(i, _)| thins_out(*i)).for_each(|(_, info)| others.push(info));
        let kept =
            pg_sys::clauselist_selectivity(root, others.into_pg(), (*rel).relid as i32, pg_sys::JoinType::JOIN_INNER, std::ptr::null_mut());
        micros.is_finite().then_some(micros * density * kept)
    }
}

/// What would be asked for with the operands that are known by now; `None` where they do not suffice. `allow_unknown` takes an operand
/// that is not known for one that restricts nothing.
///
/// # Safety
/// The planner's root, and expressions of its query.
unsafe fn estimated_slices(
    root: *mut pg_sys::PlannerInfo,
    relation_info: &RelationInfo,
    plan: &ScanPlan,
    operands: &[*mut pg_sys::Node],
    allow_unknown: bool,
) -> Option<Slices> {
    // SAFETY: the caller's; an expression that can be estimated becomes a constant of its type.
    let value = |node: &*mut pg_sys::Node| unsafe {
        check_for_interrupts!();
        let constant = pg_sys::estimate_expression_value(root, *node);
        if !is_a(constant, pg_sys::NodeTag::T_Const) {
            return Value::Unknown;
        }
        let constant = constant.cast::<pg_sys::Const>();
        operand::value((*constant).constvalue, (*constant).constisnull, (*constant).consttype)
    };
    let bound = BoundPlan::bind(plan, operands.len(), &mut |i| operands.get(i).map_or(Value::Unknown, value));
    if !allow_unknown && !bound.is_known() {
        return None;
    }
    // SAFETY: reads the clock.
    let now = unsafe { pg_sys::GetCurrentTimestamp() };
    let table = &relation_info.table;
    let resolved = resolve(&bound, &table.endpoint, table.defaults(now), &PgZones, Unreadable::Ignored);
    resolved.ok().map(|resolved| resolved.slices)
}

/// Refuses a scan that would read more than it may, and says how many requests are expected of all of the plan's scans; `None` where
/// nothing tells.
///
/// # Safety
/// The planner's pointers, and expressions of its query.
pub(crate) unsafe fn check(
    root: *mut pg_sys::PlannerInfo,
    relation: pg_sys::Oid,
    path: *mut pg_sys::ForeignPath,
    relation_info: &RelationInfo,
    plan: &ScanPlan,
    operands: &[*mut pg_sys::Node],
) -> Result<Option<u64>> {
    let table = &relation_info.table;
    // SAFETY: the caller's.
    let scans = unsafe { expected_scans(root, path) };
    // SAFETY: the caller's.
    let Some(asked) = (unsafe { estimated_slices(root, relation_info, plan, operands, false) }) else {
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
    // SAFETY: the caller's.
    if unsafe { is_read_whole(root) } && density::is_known(relation, &filters) {
        // The unfiltered density is an upper bound for a filtered scan: good enough to be shown, too coarse to refuse a query.
        limits::check_requests(requests, settings::max_requests()).map_err(|error| on_table(error, &table.name))?;
    }
    Ok(match scans {
        Some(scans) => Some((requests.unwrap_or(1) as f64 * scans) as u64),
        None => requests,
    })
}

/// How often a parameterised path is expected to be scanned: once for each row of the smallest relation that gives it operands, as
/// Postgres itself counts loops (get_loop_count in indxpath.c). `None` for a path that runs once, and where the rows of such a
/// relation are a guess.
///
/// # Safety
/// The planner's pointers.
unsafe fn expected_scans(root: *mut pg_sys::PlannerInfo, path: *mut pg_sys::ForeignPath) -> Option<f64> {
    // SAFETY: the caller's; a relation number of the query has a place in simple_rel_array.
    unsafe {
        let outer = (*path).path.param_info.as_ref()?.ppi_req_outer;
        let mut scans: Option<f64> = None;
        let mut member = pg_sys::bms_next_member(outer, -1);
        while member >= 0 {
            if let Some(rel) = (*(*root).simple_rel_array.add(member as usize)).as_ref() {
                if relation::is_guessed(rel) {
                    return None;
                }
                scans = Some(scans.map_or(rel.rows, |least: f64| least.min(rel.rows)));
            }
            member = pg_sys::bms_next_member(outer, member);
        }
        scans.map(|scans| scans.max(1.0))
    }
}

/// Whether the plan is sure to read all that it asks for. A LIMIT, a cursor, a subquery or a condition without columns may end it
/// early.
///
/// # Safety
/// The planner's root.
pub(crate) unsafe fn is_read_whole(root: *mut pg_sys::PlannerInfo) -> bool {
    // SAFETY: the caller's.
    unsafe {
        (*root).tuple_fraction <= 0.0 && (*root).limit_tuples < 0.0 && (*root).parent_root.is_null() && !(*root).hasPseudoConstantQuals
    }
}
