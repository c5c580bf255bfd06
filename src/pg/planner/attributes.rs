//! Expressions → the attributes of a foreign table that they use, by number.

use std::ptr::null_mut;

use pgrx::pg_sys;

use super::base_rel::{BaseRel, members};
use crate::pg::catalog::ForeignTable;
use crate::pg::node::Expr;

/// The attributes of a relation that expressions use, in ascending order. System columns are none of them.
pub(super) fn used_attributes<'q>(rel: BaseRel<'q>, exprs: impl IntoIterator<Item = Expr<'q>>, table: &ForeignTable) -> Vec<i16> {
    let mut used = null_mut();
    for expr in exprs {
        // SAFETY: the expression is of the relation's query; the set is null or what the last call made of it.
        unsafe { pg_sys::pull_varattnos(expr.as_ptr(), rel.number(), &mut used) };
    }
    // pull_varattnos shifts numbers so that those of system columns are not negative (var.c).
    // SAFETY: a set that pull_varattnos made, or null.
    let numbers = unsafe { members(used) }.into_iter().map(|member| member + pg_sys::FirstLowInvalidHeapAttributeNumber);
    let found: Vec<i32> = numbers.collect();
    if found.contains(&0) {
        // The whole row.
        return (1..).zip(&table.columns).filter(|(_, column)| column.is_some()).map(|(number, _)| number).collect();
    }
    found.into_iter().filter_map(|number| i16::try_from(number).ok()).filter(|number| table.column(*number).is_some()).collect()
}
