//! A foreign table's place among other tables → conditions on its rows: the bound of a partition, and the CHECK constraints of an
//! inheritance child.
//!
//! Postgres trusts a foreign table to hold only such rows; an API holds all of them. So each condition is a qual of the scan as well,
//! and what is asked for may be narrowed by it (law 13).

use pgrx::prelude::*;
use pgrx::{PgRelation, pg_sys};

use super::attributes::used_attributes;
use super::base_rel::BaseRel;
use super::clauses::Converter;
use super::time_expr::PgZones;
use crate::pg::catalog::ForeignTable;
use crate::pg::compat;
use crate::pg::node::Expr;
use crate::plan::condition::Condition;
use crate::plan::value::Value;
use crate::plan::window::Window;

/// One condition that every row of the table satisfies, by what Postgres was told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowBound<'q> {
    /// The qual that each row is checked by.
    pub(crate) qual: Expr<'q>,
    /// The condition that may narrow the request; `None` where a row for which it is NULL satisfies the constraint as well.
    pub(crate) clause: Option<Expr<'q>>,
}

/// The conditions on the rows of a relation.
///
/// # Safety
/// `rel` is `relation`, the foreign table `table`, which is open and locked.
pub(super) unsafe fn row_bounds<'q>(rel: BaseRel<'q>, relation: pg_sys::Oid, table: &ForeignTable) -> Vec<RowBound<'q>> {
    // SAFETY: the relation is open elsewhere, so its cache entry stays.
    let (open, is_partition) = unsafe {
        let open = PgRelation::open(relation);
        let is_partition = (*(*open.as_ptr()).rd_rel).relispartition;
        (open, is_partition)
    };
    if is_partition {
        // SAFETY: an open partition.
        let bound = unsafe { partition_bound(rel, &open) };
        return bound.into_iter().map(|qual| RowBound { qual, clause: Some(qual) }).collect();
    }
    if !compat::has_superclass(relation) {
        return Vec::new();
    }
    // SAFETY: the relation is open.
    let checks = unsafe { checks(rel, &open) };
    checks
        .into_iter()
        .map(|check| RowBound { qual: is_not_false(check), clause: is_never_null(rel, table, check).then_some(check) })
        .collect()
}

/// The times that the conditions on a table's rows leave, as far as they are constants. ANALYZE has no query to plan.
pub(crate) fn times(relation: &PgRelation, table: &ForeignTable) -> Window {
    let mut rel = pg_sys::RelOptInfo { relid: 1, ..pg_sys::RelOptInfo::default() };
    // SAFETY: of a relation without a query only its number is looked at. It is the relation that ANALYZE has open.
    let bounds = unsafe { BaseRel::new(None, &mut rel).map(|rel| (rel, row_bounds(rel, relation.oid(), table))) };
    let Some((rel, bounds)) = bounds else { return Window::ALL };
    let mut converter = Converter::new(rel, table);
    let conditions = bounds.into_iter().filter_map(|bound| Some(converter.clause(bound.clause?)?.0)).collect();
    let values: Vec<Value> = converter.operands.iter().map(|operand| operand.value().unwrap_or(Value::Unknown)).collect();
    let time = table.endpoint.time_range.as_ref().map(|range| range.column);
    let windows = Condition::And(conditions).select(time, &values, &PgZones).windows.hull();
    windows.windows().first().copied().unwrap_or(Window::ALL)
}

/// The bound of a partition, with those of the partitions above it, as the executor expects an expression: functions looked up and
/// constants folded.
///
/// # Safety
/// `relation` is open, and a partition.
unsafe fn partition_bound<'q>(rel: BaseRel<'q>, relation: &PgRelation) -> Vec<Expr<'q>> {
    // SAFETY: the caller guarantees a partition; what comes of its bound is a new expression over columns of relation 1.
    unsafe {
        let bound = compat::partition_qual(relation.as_ptr());
        let prepared = pg_sys::eval_const_expressions(rel.root_ptr(), bound.cast());
        let prepared = pg_sys::canonicalize_qual(pg_sys::make_ands_explicit(prepared.cast()), false);
        conjuncts(rel, prepared)
    }
}

/// The conditions of a relation's valid CHECK constraints. A row satisfies a constraint as well where it is NULL.
///
/// # Safety
/// `relation` is open.
unsafe fn checks<'q>(rel: BaseRel<'q>, relation: &PgRelation) -> Vec<Expr<'q>> {
    // SAFETY: a descriptor without constraints has none of this struct; the array has num_check elements (tupdesc.h).
    let all = unsafe {
        let Some(constraints) = (*(*relation.as_ptr()).rd_att).constr.as_ref() else { return Vec::new() };
        (0..usize::from(constraints.num_check)).map(|i| &*constraints.check.add(i))
    };
    let prepared = |check: &pg_sys::ConstrCheck| {
        // SAFETY: the text of an expression over columns of relation 1, from which new nodes are made.
        unsafe {
            let check = pg_sys::stringToNode(check.ccbin).cast();
            // A constraint that may be true now and false later is no bound.
            if pg_sys::contain_volatile_functions(check) {
                return Vec::new();
            }
            let prepared = pg_sys::eval_const_expressions(rel.root_ptr(), check);
            conjuncts(rel, pg_sys::canonicalize_qual(prepared.cast(), true))
        }
    };
    all.filter(|check| check.ccvalid).flat_map(prepared).collect()
}

/// Whether none of the columns that a CHECK constraint uses is ever NULL, so that a row for which it is NULL cannot be.
fn is_never_null<'q>(rel: BaseRel<'q>, table: &ForeignTable, check: Expr<'q>) -> bool {
    let range = table.endpoint.time_range.as_ref().filter(|range| range.required).map(|range| range.column);
    // A range that the API demands never returns a record without a time.
    let is_known = |number: i16| {
        let column = table.column(number);
        column.is_some_and(|column| column.not_null || (range.is_some() && column.described == range))
    };
    used_attributes(rel, [check], table).into_iter().all(is_known)
}

/// The parts of an AND, over the columns of this relation of the query.
///
/// # Safety
/// `expression` is over columns of relation 1, and nobody else has it.
unsafe fn conjuncts<'q>(rel: BaseRel<'q>, expression: *mut pg_sys::Expr) -> Vec<Expr<'q>> {
    // SAFETY: the caller guarantees an expression that may be changed.
    unsafe {
        let parts = pg_sys::make_ands_implicit(expression);
        if rel.number() != 1 {
            pg_sys::ChangeVarNodes(parts.cast(), 1, rel.number() as i32, 0);
        }
        Expr::list(parts)
    }
}

/// `clause IS NOT FALSE`.
fn is_not_false(clause: Expr<'_>) -> Expr<'_> {
    // SAFETY: a node of this tag is laid out as a BooleanTest, whose argument is an expression.
    let mut test = unsafe { PgBox::<pg_sys::BooleanTest>::alloc_node(pg_sys::NodeTag::T_BooleanTest) };
    test.arg = clause.as_ptr().cast();
    test.booltesttype = pg_sys::BoolTestType::IS_NOT_FALSE;
    test.location = -1;
    // SAFETY: the node just made, in the memory context that the clause is in.
    unsafe { Expr::new(test.into_pg()) }.unwrap_or(clause)
}
