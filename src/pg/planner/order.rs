//! A query's wanted order → the part of it that the scan itself yields: that of the table's time column, where one is declared.

use std::ptr::null_mut;

use pgrx::{PgList, pg_sys};

use super::base_rel::BaseRel;
use super::relation::RelationInfo;
use super::root::Root;
use crate::pg::compat;
use crate::pg::node::Expr;
use crate::plan::scan_plan::ScanPlan;
use crate::sources::Direction;

/// The first of the query's pathkeys, as a list, if the rows of a plan come in its order; null otherwise.
pub(super) fn useful_pathkeys<'q>(
    root: Root<'q>,
    rel: BaseRel<'q>,
    relation_info: &RelationInfo<'q>,
    plan: &ScanPlan,
) -> *mut pg_sys::List {
    let endpoint = &relation_info.table.endpoint;
    let Some(range) = endpoint.time_range.as_ref().filter(|range| range.order.is_some()) else { return null_mut() };
    // SAFETY: a list of the query's pathkeys, or null.
    let Some(key) = (unsafe { PgList::<pg_sys::PathKey>::from_pg(root.info().query_pathkeys) }).head() else { return null_mut() };
    let Some(direction) = plan.keeps_order(endpoint) else { return null_mut() };
    // SAFETY: a pathkey of the query.
    if compat::is_descending(unsafe { &*key }) != (direction == Direction::Descending) {
        return null_mut();
    }
    let is_time = |member: Expr<'q>| {
        let Some(var) = member.as_var().filter(|var| var.varno as u32 == rel.number()) else { return false };
        let column = relation_info.table.column(var.varattno);
        column.is_some_and(|c| c.described == Some(range.column) && c.type_oid == pg_sys::TIMESTAMPTZOID && c.typmod == -1)
    };
    // SAFETY: a pathkey of the query.
    if !unsafe { members(key) }.into_iter().any(is_time) {
        return null_mut();
    }
    let mut pathkeys = PgList::<pg_sys::PathKey>::new();
    pathkeys.push(key);
    pathkeys.into_pg()
}

/// The expressions that a pathkey orders by, which are all equal.
///
/// # Safety
/// `key` is a pathkey of the query that is planned.
unsafe fn members<'q>(key: *mut pg_sys::PathKey) -> Vec<Expr<'q>> {
    // SAFETY: a pathkey's class has members, each with an expression of the query.
    unsafe {
        let members = PgList::<pg_sys::EquivalenceMember>::from_pg((*(*key).pk_eclass).ec_members);
        members.iter_ptr().filter_map(|member| Expr::new((*member).em_expr)).collect()
    }
}
