//! What a foreign table's place among other tables says of its rows: the bound of a partition, and the CHECK constraints of an
//! inheritance child. Postgres trusts a foreign table to hold only such rows; an API holds all of them.

use pgrx::prelude::*;
use pgrx::{PgList, PgRelation, is_a, pg_sys};

use super::attributes::used_attributes;
use super::clauses::Converter;
use super::time_expr::PgZones;
use crate::pg::catalog::ForeignTable;
use crate::pg::compat;
use crate::pg::operand;
use crate::plan::condition::Condition;
use crate::plan::value::Value;
use crate::plan::window::Window;

/// One condition that every row of the table satisfies, by what Postgres was told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowBound {
    /// What each row is checked by.
    pub(crate) qual: *mut pg_sys::Node,
    /// What may narrow the request: `None` where a row for which it is NULL satisfies the constraint as well.
    pub(crate) clause: Option<*mut pg_sys::Node>,
}

/// The conditions on the rows of relation `relid` of a query.
///
/// # Safety
/// `rel` is that relation, of the foreign table `table`, which is open and locked.
pub(crate) unsafe fn row_bounds(
    root: *mut pg_sys::PlannerInfo,
    rel: *mut pg_sys::RelOptInfo,
    relation: pg_sys::Oid,
    table: &ForeignTable,
) -> Vec<RowBound> {
    // SAFETY: the relation is open elsewhere, so its cache entry stays.
    unsafe {
        let open = PgRelation::open(relation);
        if (*(*open.as_ptr()).rd_rel).relispartition {
            let bound = compat::partition_qual(open.as_ptr());
            // The executor expects what the planner makes of an expression: functions looked up, constants folded.
            let prepared = pg_sys::eval_const_expressions(root, bound.cast());
            let prepared = pg_sys::canonicalize_qual(pg_sys::make_ands_explicit(prepared.cast()), false);
            return conjuncts(rel, prepared.cast()).into_iter().map(|qual| RowBound { qual, clause: Some(qual) }).collect();
        }
        if !compat::has_superclass(relation) {
            return Vec::new();
        }
        checks(&open).into_iter().flat_map(|check| check_bounds(root, rel, table, check)).collect()
    }
}

/// The times that the conditions on a table's rows leave, as far as they are constants. ANALYZE has no query to plan.
pub(crate) fn times(relation: &PgRelation, table: &ForeignTable) -> Window {
    let root = std::ptr::null_mut();
    let mut rel = pg_sys::RelOptInfo { relid: 1, ..pg_sys::RelOptInfo::default() };
    // SAFETY: of a relation only its number is looked at; a root is of use for placeholders only (pull_varnos), which a constraint does
    // not have. The constants are of the bounds just read.
    let (conditions, values) = unsafe {
        let bounds = row_bounds(root, &mut rel, relation.oid(), table);
        let mut converter = Converter::new(root, &mut rel, table);
        let conditions = bounds.into_iter().filter_map(|bound| Some(converter.clause(bound.clause?)?.0)).collect();
        let value = |node: &*mut pg_sys::Node| {
            let constant = (*node).cast::<pg_sys::Const>();
            if !is_a(*node, pg_sys::NodeTag::T_Const) {
                return Value::Unknown;
            }
            operand::value((*constant).constvalue, (*constant).constisnull, (*constant).consttype)
        };
        (Condition::And(conditions), converter.operands.iter().map(value).collect::<Vec<_>>())
    };
    let time = table.endpoint.time_range.as_ref().map(|range| range.column);
    let windows = conditions.select(time, &values, &PgZones).windows.hull();
    windows.windows().first().copied().unwrap_or(Window::ALL)
}

/// The valid CHECK constraints of a relation.
///
/// # Safety
/// The relation is open.
unsafe fn checks(relation: &PgRelation) -> Vec<*mut pg_sys::Node> {
    // SAFETY: a descriptor without constraints has none of this struct; the array has num_check elements (tupdesc.h).
    unsafe {
        let Some(constraints) = (*(*relation.as_ptr()).rd_att).constr.as_ref() else { return Vec::new() };
        (0..usize::from(constraints.num_check))
            .map(|i| &*constraints.check.add(i))
            .filter(|check| check.ccvalid)
            .map(|check| pg_sys::stringToNode(check.ccbin).cast())
            // What may be true now and false later is no bound.
            .filter(|check| !pg_sys::contain_volatile_functions(*check))
            .collect()
    }
}

/// The conditions of one CHECK constraint, which a row satisfies as well where it is NULL.
///
/// # Safety
/// As for [`row_bounds`]; `check` is an expression over columns of relation 1.
unsafe fn check_bounds(
    root: *mut pg_sys::PlannerInfo,
    rel: *mut pg_sys::RelOptInfo,
    table: &ForeignTable,
    check: *mut pg_sys::Node,
) -> Vec<RowBound> {
    // SAFETY: the caller's.
    unsafe {
        let prepared = pg_sys::eval_const_expressions(root, check);
        let prepared = pg_sys::canonicalize_qual(prepared.cast(), true);
        let bound = |clause: *mut pg_sys::Node| {
            let range = table.endpoint.time_range.as_ref().filter(|range| range.required).map(|range| range.column);
            // A range that the API demands never returns a record without a time.
            let is_known = |number: i16| {
                let column = table.column(number);
                column.is_some_and(|column| column.not_null || (range.is_some() && column.described == range))
            };
            let is_selective = used_attributes(rel, clause, table).into_iter().all(is_known);
            RowBound { qual: is_not_false(clause), clause: is_selective.then_some(clause) }
        };
        conjuncts(rel, prepared.cast()).into_iter().map(bound).collect()
    }
}

/// The parts of an AND, over the columns of this relation of the query.
///
/// # Safety
/// `expression` is over columns of relation 1.
unsafe fn conjuncts(rel: *mut pg_sys::RelOptInfo, expression: *mut pg_sys::Node) -> Vec<*mut pg_sys::Node> {
    // SAFETY: the caller's.
    unsafe {
        let parts = pg_sys::make_ands_implicit(expression.cast());
        if (*rel).relid != 1 {
            pg_sys::ChangeVarNodes(parts.cast(), 1, (*rel).relid as i32, 0);
        }
        PgList::<pg_sys::Node>::from_pg(parts).iter_ptr().collect()
    }
}

/// `clause IS NOT FALSE`.
///
/// # Safety
/// `clause` is a boolean expression.
unsafe fn is_not_false(clause: *mut pg_sys::Node) -> *mut pg_sys::Node {
    // SAFETY: a node of this tag is laid out as a BooleanTest.
    unsafe {
        let mut test = PgBox::<pg_sys::BooleanTest>::alloc_node(pg_sys::NodeTag::T_BooleanTest);
        test.arg = clause.cast();
        test.booltesttype = pg_sys::BoolTestType::IS_NOT_FALSE;
        test.location = -1;
        test.into_pg().cast()
    }
}
