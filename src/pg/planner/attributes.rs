//! Which attributes of a foreign table an expression uses, by their numbers.

use pgrx::pg_sys;

use crate::pg::catalog::ForeignTable;

/// The attributes that the query reads, for output or for local quals.
///
/// SAFETY: the planner's pointers.
pub(crate) unsafe fn read_attributes(rel: *mut pg_sys::RelOptInfo, local: *mut pg_sys::List, table: &ForeignTable) -> Vec<i16> {
    // SAFETY: the caller's.
    unsafe {
        let mut used = used_attributes(rel, (*(*rel).reltarget).exprs.cast(), table);
        used.extend(used_attributes(rel, local.cast(), table));
        used.sort_unstable();
        used.dedup();
        used
    }
}

/// The attributes of a relation that an expression, or a list of them, uses, in their order.
///
/// SAFETY: the planner's pointers.
pub(crate) unsafe fn used_attributes(rel: *mut pg_sys::RelOptInfo, expression: *mut pg_sys::Node, table: &ForeignTable) -> Vec<i16> {
    let (mut used, mut found) = (std::ptr::null_mut(), Vec::new());
    // SAFETY: the caller's.
    unsafe {
        pg_sys::pull_varattnos(expression, (*rel).relid, &mut used);
        let mut member = pg_sys::bms_next_member(used, -1);
        while member >= 0 {
            // pull_varattnos shifts numbers so that those of system columns are not negative (var.c).
            let number = member + pg_sys::FirstLowInvalidHeapAttributeNumber;
            if number == 0 {
                // The whole row.
                return (1..).zip(&table.columns).filter(|(_, column)| column.is_some()).map(|(number, _)| number).collect();
            }
            found.extend(i16::try_from(number).ok().filter(|number| table.column(*number).is_some()));
            member = pg_sys::bms_next_member(used, member);
        }
    }
    found
}
