//! A base relation of a query and its clauses, as the planner has them, behind safe accessors.

use std::marker::PhantomData;
use std::ptr::{NonNull, null_mut};

use pgrx::{PgList, pg_sys};

use super::root::Root;
use crate::pg::node::Expr;

/// The planner's state of one foreign table in one query, during a callback.
#[derive(Debug, Clone, Copy)]
pub(super) struct BaseRel<'q> {
    root: Option<Root<'q>>,
    rel: NonNull<pg_sys::RelOptInfo>,
    query: PhantomData<&'q pg_sys::RelOptInfo>,
}

/// A condition of the query: a RestrictInfo with its expression. Two are equal only if they are the same nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Clause<'q> {
    info: NonNull<pg_sys::RestrictInfo>,
    expr: Expr<'q>,
}

/// The members of a set of numbers, in ascending order.
///
/// # Safety
/// `set` is null or a set of Postgres.
pub(super) unsafe fn members(set: *const pg_sys::Bitmapset) -> Vec<i32> {
    // SAFETY: the caller guarantees a set.
    let next = |after: i32| Some(unsafe { pg_sys::bms_next_member(set, after) }).filter(|member| *member >= 0);
    std::iter::successors(next(-1), |member| next(*member)).collect()
}

impl<'q> BaseRel<'q> {
    /// Takes a relation of the planner; `None` for a null pointer. Without a root there is no query, only expressions over the relation:
    /// that is how ANALYZE reads a relation's bounds.
    ///
    /// # Safety
    /// `rel` is null or a relation of `root`, and lives for `'q`. Without a root nothing but its number need be valid.
    pub(super) unsafe fn new(root: Option<Root<'q>>, rel: *mut pg_sys::RelOptInfo) -> Option<Self> {
        Some(Self { root, rel: NonNull::new(rel)?, query: PhantomData })
    }

    /// The relation of this number in the query. A few numbers stand for no relation (primnodes.h).
    pub(super) fn numbered(root: Root<'q>, number: i32) -> Option<Self> {
        let info = root.info();
        let index = usize::try_from(number).ok().filter(|_| number < info.simple_rel_array_size)?;
        // SAFETY: the array has that many elements, each null or a relation of the query.
        unsafe { Self::new(Some(root), *info.simple_rel_array.add(index)) }
    }

    /// The relation, for a function of Postgres.
    pub(super) fn as_ptr(self) -> *mut pg_sys::RelOptInfo {
        self.rel.as_ptr()
    }

    /// The root, for a function of Postgres that does without one.
    pub(super) fn root_ptr(self) -> *mut pg_sys::PlannerInfo {
        self.root.map_or(null_mut(), Root::as_ptr)
    }

    /// The relation's fields, to be copied at once: the next function of Postgres may change them.
    pub(super) fn info(&self) -> &pg_sys::RelOptInfo {
        // SAFETY: whoever called `new` guarantees that it lives for 'q; nobody writes to it while a callback only reads.
        unsafe { self.rel.as_ref() }
    }

    /// Its number in the query.
    pub(super) fn number(self) -> u32 {
        self.info().relid
    }

    /// Whether a column is of this relation, in this query and not in one around it.
    pub(super) fn has(self, var: &pg_sys::Var) -> bool {
        var.varno as u32 == self.number() && var.varlevelsup == 0
    }

    /// The conditions on this relation alone.
    pub(super) fn base_clauses(self) -> Vec<Clause<'q>> {
        // SAFETY: a list of the planner's own.
        unsafe { Clause::list(self.info().baserestrictinfo) }
    }

    /// The join clauses that use this relation.
    pub(super) fn join_clauses(self) -> Vec<Clause<'q>> {
        // SAFETY: a list of the planner's own.
        unsafe { Clause::list(self.info().joininfo) }
    }

    /// The expressions that the query wants of each row.
    pub(super) fn target(self) -> Vec<Expr<'q>> {
        // SAFETY: every base relation has a target, with a list of expressions.
        unsafe { Expr::list((*self.info().reltarget).exprs) }
    }

    /// The numbers of the relations that an expression of this query uses.
    pub(super) fn relations_of(self, expr: Expr<'q>) -> Vec<i32> {
        // SAFETY: a root is of use for placeholders only, which no expression has without a query.
        unsafe { members(pg_sys::pull_varnos(self.root_ptr(), expr.as_ptr())) }
    }

    /// Whether rows of this relation depend on rows of others by LATERAL.
    pub(super) fn is_lateral(self) -> bool {
        // SAFETY: a set of the planner's own. An empty one need not be a null pointer before Postgres 16.
        unsafe { pg_sys::bms_num_members(self.info().lateral_relids) > 0 }
    }

    /// Whether a join clause, as a parameter of this relation's scan, means what it means in the join.
    pub(super) fn can_take(self, clause: Clause<'q>) -> bool {
        // SAFETY: both are the planner's.
        unsafe { pg_sys::join_clause_is_movable_to(clause.as_ptr(), self.as_ptr()) }
    }

    /// The relations that must give this one operands for a clause; `None` where none must.
    pub(super) fn outer_of(self, clause: Clause<'q>) -> Option<pg_sys::Relids> {
        // SAFETY: sets of the planner's own; the union is a new one, so that a member may be taken from it.
        unsafe {
            let all = pg_sys::bms_union(clause.info().clause_relids, self.info().lateral_relids);
            let outer = pg_sys::bms_del_member(all, self.number() as i32);
            // An empty set need not be a null pointer before Postgres 16.
            (pg_sys::bms_num_members(outer) > 0).then_some(outer)
        }
    }

    /// The part of the rows that clauses leave, as Postgres thinks.
    pub(super) fn selectivity(self, clauses: impl IntoIterator<Item = Clause<'q>>) -> f64 {
        let mut list = PgList::<pg_sys::RestrictInfo>::new();
        clauses.into_iter().for_each(|clause| list.push(clause.as_ptr()));
        let (number, inner) = (self.number() as i32, pg_sys::JoinType::JOIN_INNER);
        // SAFETY: the clauses are conditions of this query.
        unsafe { pg_sys::clauselist_selectivity(self.root_ptr(), list.into_pg(), number, inner, null_mut()) }
    }
}

impl<'q> Clause<'q> {
    /// The RestrictInfos of a list; none for a null pointer.
    ///
    /// # Safety
    /// `list` is null or a list of RestrictInfos of the planner, which live for `'q`.
    pub(super) unsafe fn list(list: *mut pg_sys::List) -> Vec<Self> {
        // SAFETY: the caller guarantees the elements, each of which has an expression of the query.
        let clause = |info| unsafe { Some(Self { info: NonNull::new(info)?, expr: Expr::new((*info).clause)? }) };
        // SAFETY: the caller guarantees the list.
        unsafe { PgList::<pg_sys::RestrictInfo>::from_pg(list).iter_ptr().filter_map(clause).collect() }
    }

    /// The RestrictInfo, for a function of Postgres.
    pub(super) fn as_ptr(self) -> *mut pg_sys::RestrictInfo {
        self.info.as_ptr()
    }

    fn info(&self) -> &pg_sys::RestrictInfo {
        // SAFETY: whoever called `list` guarantees that it lives for 'q.
        unsafe { self.info.as_ref() }
    }

    /// The condition itself.
    pub(super) fn expr(self) -> Expr<'q> {
        self.expr
    }

    /// Whether it has no columns, so that Postgres checks it before it wants a row.
    pub(super) fn is_pseudoconstant(self) -> bool {
        self.info().pseudoconstant
    }

    /// Whether it is the condition of an outer join that keeps all rows of this relation.
    pub(super) fn keeps_rows_of(self, rel: BaseRel<'q>) -> bool {
        // SAFETY: a set of the planner's own.
        unsafe { pg_sys::bms_is_member(rel.number() as i32, self.info().outer_relids) }
    }
}
