//! The planner's root behind safe accessors: what the whole query wants of a scan.

use std::marker::PhantomData;
use std::ptr::NonNull;

use pgrx::pg_sys;

use crate::pg::node::Expr;

/// The planner's state of one query, or of one of its subqueries, during a callback.
#[derive(Debug, Clone, Copy)]
pub(super) struct Root<'q> {
    root: NonNull<pg_sys::PlannerInfo>,
    query: PhantomData<&'q pg_sys::PlannerInfo>,
}

impl<'q> Root<'q> {
    /// Takes the planner's root; `None` for a null pointer.
    ///
    /// # Safety
    /// `root` is null or the planner's own, and lives for `'q`.
    pub(super) unsafe fn new(root: *mut pg_sys::PlannerInfo) -> Option<Self> {
        Some(Self { root: NonNull::new(root)?, query: PhantomData })
    }

    /// The root, for a function of Postgres.
    pub(super) fn as_ptr(self) -> *mut pg_sys::PlannerInfo {
        self.root.as_ptr()
    }

    /// The root's fields, to be copied at once: the next function of Postgres may change them.
    pub(super) fn info(&self) -> &pg_sys::PlannerInfo {
        // SAFETY: whoever called `new` guarantees that it lives for 'q; nobody writes to it while a callback only reads.
        unsafe { self.root.as_ref() }
    }

    /// The query as it was parsed and rewritten.
    pub(super) fn query(&self) -> &pg_sys::Query {
        // SAFETY: a root always has its query, which lives as long.
        unsafe { &*self.info().parse }
    }

    /// The root of the query that this one is a subquery of.
    fn parent(self) -> Option<Self> {
        // SAFETY: null, or the planner's root of the outer query, which is planned longer.
        unsafe { Self::new(self.info().parent_root) }
    }

    /// An expression as far as its value can be told now, with parameters that are known and functions that are stable.
    pub(super) fn estimated(self, expr: Expr<'q>) -> Expr<'q> {
        // SAFETY: the expression is of this query, and what comes of it lives in the planner's memory context.
        let known = unsafe { Expr::new(pg_sys::estimate_expression_value(self.as_ptr(), expr.as_ptr())) };
        known.unwrap_or(expr)
    }

    /// Whether the query, or one around it, has `LIMIT 0`.
    pub(super) fn has_limit_zero(self) -> bool {
        std::iter::successors(Some(self), |root| root.parent()).any(|root| {
            // SAFETY: null, or an expression of the query.
            let limit = unsafe { Expr::new(root.query().limitCount) };
            // A constant limit is a bigint.
            limit.and_then(Expr::as_const).is_some_and(|limit| !limit.constisnull && limit.constvalue.value() == 0)
        })
    }

    /// Whether the plan is sure to read all that it asks for. A LIMIT, a cursor, a subquery or a condition without columns may end it
    /// early.
    pub(super) fn is_read_whole(self) -> bool {
        let info = self.info();
        info.tuple_fraction <= 0.0 && info.limit_tuples < 0.0 && info.parent_root.is_null() && !info.hasPseudoConstantQuals
    }

    /// Whether the query is about one relation only.
    pub(super) fn has_one_relation(self) -> bool {
        // SAFETY: a set of the planner's, which is not empty while a relation is planned.
        unsafe { pg_sys::bms_membership(self.info().all_baserels) == pg_sys::BMS_Membership::BMS_SINGLETON }
    }

    /// The rows that a LIMIT lets through, where the scan's rows are the query's rows. `sorted` says that they come as the query wants
    /// them sorted.
    pub(super) fn limit(self, sorted: bool) -> Option<u64> {
        let query = self.query();
        let is_plain = (sorted || query.sortClause.is_null())
            && query.groupClause.is_null()
            && query.groupingSets.is_null()
            && query.distinctClause.is_null()
            && query.setOperations.is_null()
            && !query.hasAggs
            && !query.hasWindowFuncs
            && !query.hasTargetSRFs
            && query.havingQual.is_null();
        let limit = self.info().limit_tuples;
        (is_plain && self.has_one_relation() && limit >= 1.0).then_some(limit as u64)
    }

    /// Whether the query aggregates all rows into one.
    pub(super) fn is_plain_aggregate(self) -> bool {
        let query = self.query();
        query.hasAggs && query.groupClause.is_null() && query.groupingSets.is_null() && query.havingQual.is_null()
    }
}
