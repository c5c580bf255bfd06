//! A path of a foreign table → the parts of its ForeignScan node, with all that the executor is told.
//!
//! The plan is plain data (law 5): one string, and operands that Postgres copies and rewrites.

use pgrx::{PgList, pg_sys};

use super::attributes::used_attributes;
use super::base_rel::{BaseRel, Clause};
use super::classified::{Classified, NullTest};
use super::estimate;
use super::refusal::{refuse, reject_unbound_parameters};
use super::relation::{Converted, RelationInfo};
use super::root::Root;
use crate::pg::node::Expr;
use crate::pg::report::{OrRaise, raise};
use crate::pg::text::escaped;
use crate::plan::scan_plan::ScanPlan;

/// The arguments of make_foreignscan that the wrapper decides.
pub(super) struct NodeParts {
    /// The quals that the executor checks each row by.
    pub(super) quals: *mut pg_sys::List,
    /// The operands of the plan's conditions.
    pub(super) operands: *mut pg_sys::List,
    /// The plan, for the executor.
    pub(super) private: *mut pg_sys::List,
}

/// Plans the scan of a path. `clauses` are those that GetForeignPlan was given.
///
/// # Safety
/// `path` is a path of `rel`, which is the foreign table of `relation_info`.
pub(super) unsafe fn plan<'q>(
    root: Root<'q>,
    rel: BaseRel<'q>,
    path: *mut pg_sys::ForeignPath,
    relation_info: &mut RelationInfo<'q>,
    clauses: Vec<Clause<'q>>,
) -> NodeParts {
    let clauses: Vec<Clause<'q>> = clauses.into_iter().filter(|clause| !clause.is_pseudoconstant()).collect();
    let Converted { mut plan, operands } = relation_info.convert(rel, &clauses);
    let bounds = &relation_info.row_bounds;
    let quals: Vec<Expr<'q>> = clauses.iter().map(|clause| clause.expr()).chain(bounds.iter().map(|(qual, _)| *qual)).collect();
    let classified = relation_info.classified(&clauses).chain(bounds.iter().map(|(_, classified)| classified)).collect::<Vec<_>>();
    let checked = relation_info.check(&plan);
    match checked.and_then(|()| reject_unbound_parameters(&classified, &plan, &relation_info.table.endpoint)) {
        // SAFETY: the caller guarantees the path.
        Ok(()) => plan.expected_requests = unsafe { estimate::check(root, path, relation_info, &plan, &operands) }.or_raise(),
        Err(error) => refuse(root, rel, &mut plan, error),
    }
    plan.whole = root.is_read_whole();
    plan.attributes = used_attributes(rel, rel.target().into_iter().chain(quals.iter().copied()), &relation_info.table);
    refuse_unknown_fields(relation_info, &plan.attributes);
    // SAFETY: the caller guarantees the path, whose order is a list of pathkeys.
    let pathkeys = unsafe { (*path).path.pathkeys };
    plan.ordered = !pathkeys.is_null();
    if drops_few(&plan, &classified) {
        // SAFETY: both are lists of pathkeys of this query.
        let sorted = plan.ordered && unsafe { pg_sys::pathkeys_contained_in(root.info().query_pathkeys, pathkeys) };
        plan.limit = root.limit(sorted);
    }
    NodeParts { quals: list_of(quals), operands: operand_list(operands), private: private_list(&plan) }
}

/// Refuses a query that reads a column which nothing in the source fills.
fn refuse_unknown_fields(relation_info: &RelationInfo<'_>, attributes: &[i16]) {
    let columns = attributes.iter().filter_map(|number| relation_info.table.column(*number));
    if let Some(column) = columns.into_iter().find(|column| column.from.is_none()) {
        raise(&relation_info.table.no_field(column));
    }
}

/// Whether hardly a row that is fetched fails a qual, so that a LIMIT may size the first page. Hardly a record has no time.
fn drops_few(plan: &ScanPlan, quals: &[&Classified<'_>]) -> bool {
    let has_time = |i: &usize| quals.get(*i).is_some_and(|qual| qual.null_test == NullTest::HasTime);
    plan.local.iter().all(has_time) && plan.inexact.is_empty()
}

/// A list of expressions.
fn list_of(exprs: Vec<Expr<'_>>) -> *mut pg_sys::List {
    let mut list = PgList::<pg_sys::Node>::new();
    exprs.into_iter().for_each(|expr| list.push(expr.as_ptr()));
    list.into_pg()
}

/// The operands as the plan keeps them: copies, because setrefs.c changes them.
pub(super) fn operand_list(operands: Vec<Expr<'_>>) -> *mut pg_sys::List {
    let mut list = PgList::<pg_sys::Node>::new();
    for operand in operands {
        // SAFETY: copies an expression of this query into the planner's memory context.
        list.push(unsafe { pg_sys::copyObjectImpl(operand.as_ptr().cast()).cast() });
    }
    list.into_pg()
}

/// The plan's private data, as copyObject can copy it.
pub(super) fn private_list(plan: &ScanPlan) -> *mut pg_sys::List {
    // In ASCII, so that it is the same text in every database's encoding.
    let text = std::ffi::CString::new(escaped(&plan.to_json().or_raise())).unwrap_or_default();
    let mut list = PgList::<pg_sys::Node>::new();
    // SAFETY: allocates in the planner's memory context.
    list.push(unsafe { pg_sys::makeString(pg_sys::pstrdup(text.as_ptr())).cast() });
    list.into_pg()
}
