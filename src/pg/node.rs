//! Expressions of Postgres behind safe accessors: what a node is, says its tag, and an accessor yields the node's parts or `None`.
//!
//! The one promise is made where an [`Expr`] is made of a pointer; everything that is reached from there is safe. Nodes are read here,
//! never changed.

use std::marker::PhantomData;
use std::ptr::NonNull;

use pgrx::pg_sys::NodeTag;
use pgrx::{PgList, pg_sys};

use super::operand;
use super::text::text_of;
use crate::plan::value::Value;

/// An expression that lives for `'q`, while a query is planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Expr<'q> {
    node: NonNull<pg_sys::Node>,
    tree: PhantomData<&'q pg_sys::Node>,
}

/// An operator between two expressions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operation<'q> {
    pub(super) operator: pg_sys::Oid,
    pub(super) left: Expr<'q>,
    pub(super) right: Expr<'q>,
    /// The type of what comes out.
    pub(super) result: pg_sys::Oid,
    /// The collation that the operator compares by; `InvalidOid` where it needs none.
    pub(super) collation: pg_sys::Oid,
}

/// A call of a function.
#[derive(Debug)]
pub(super) struct Call<'q> {
    pub(super) function: pg_sys::Oid,
    pub(super) args: Vec<Expr<'q>>,
    /// The type of what comes out.
    pub(super) result: pg_sys::Oid,
}

/// AND, OR, NOT.
#[derive(Debug)]
pub(super) enum Logic<'q> {
    And(Vec<Expr<'q>>),
    Or(Vec<Expr<'q>>),
    Not(Expr<'q>),
}

/// `IS NULL` or `IS NOT NULL`.
#[derive(Debug, Clone, Copy)]
pub(super) struct NullCheck<'q> {
    pub(super) arg: Expr<'q>,
    /// `IS NULL`, not `IS NOT NULL`.
    pub(super) is_null: bool,
    /// Whether it looks at each field of a row.
    pub(super) of_row: bool,
}

/// A struct that one tag stands for.
///
/// # Safety
/// `TAG` is that tag (nodes.h): a node with it is laid out as this struct.
unsafe trait Tagged {
    const TAG: NodeTag;
}

macro_rules! tagged {
    ($($name:ident $tag:ident),+) => {
        // SAFETY: Postgres names a tag after its struct.
        $(unsafe impl Tagged for pg_sys::$name { const TAG: NodeTag = NodeTag::$tag; })+
    };
}

tagged!(OpExpr T_OpExpr, ScalarArrayOpExpr T_ScalarArrayOpExpr, FuncExpr T_FuncExpr, BoolExpr T_BoolExpr, Aggref T_Aggref);
tagged!(Const T_Const, Var T_Var, RelabelType T_RelabelType, BooleanTest T_BooleanTest, NullTest T_NullTest);
tagged!(TargetEntry T_TargetEntry);

impl<'q> Expr<'q> {
    /// Takes a node that Postgres made; `None` for a null pointer.
    ///
    /// # Safety
    /// `node` is null, or a node of an expression that Postgres' parser or planner made, which lives for `'q` and is not changed in
    /// that time. Its tag, and the tags of all nodes below, say what they are.
    pub(super) unsafe fn new<T>(node: *mut T) -> Option<Self> {
        Some(Self { node: NonNull::new(node.cast())?, tree: PhantomData })
    }

    /// The elements of a list of expressions; none for a null pointer.
    ///
    /// # Safety
    /// `list` is null or a list of nodes, each as for [`Self::new`].
    pub(super) unsafe fn list(list: *mut pg_sys::List) -> Vec<Self> {
        // SAFETY: the caller guarantees a list of nodes.
        unsafe { PgList::<pg_sys::Node>::from_pg(list).iter_ptr().filter_map(|node| Self::new(node)).collect() }
    }

    /// The node, for a function of Postgres that only reads it.
    pub(super) fn as_ptr(self) -> *mut pg_sys::Node {
        self.node.as_ptr()
    }

    fn is(self, tag: NodeTag) -> bool {
        // SAFETY: whoever called `new` guarantees a node, which begins with its tag.
        unsafe { self.node.as_ref() }.type_ == tag
    }

    fn get<T: Tagged>(self) -> Option<&'q T> {
        // SAFETY: whoever called `new` guarantees that the tag says the struct, and that it lives for 'q.
        self.is(T::TAG).then(|| unsafe { self.node.cast::<T>().as_ref() })
    }

    /// A part of a node.
    fn part<T>(node: *mut T) -> Option<Self> {
        // SAFETY: called with fields of nodes only, which whoever called `new` guarantees to be null or nodes.
        unsafe { Self::new(node) }
    }

    /// The parts of a node.
    fn parts(list: *mut pg_sys::List) -> Vec<Self> {
        // SAFETY: called with lists of nodes only, which whoever called `new` guarantees to hold nodes.
        unsafe { Self::list(list) }
    }

    /// An operator between two expressions.
    pub(super) fn as_op(self) -> Option<Operation<'q>> {
        Operation::of(self.get::<pg_sys::OpExpr>()?)
    }

    /// `left IS DISTINCT FROM right`, by the operator that is the equality.
    pub(super) fn as_distinct(self) -> Option<Operation<'q>> {
        // SAFETY: a DistinctExpr is laid out as an OpExpr (primnodes.h), and lives as long as the expression does.
        let distinct = self.is(NodeTag::T_DistinctExpr).then(|| unsafe { self.node.cast::<pg_sys::OpExpr>().as_ref() });
        Operation::of(distinct?)
    }

    /// `left operator ANY (right)`; its result is a boolean.
    pub(super) fn as_any_of(self) -> Option<Operation<'q>> {
        let any = self.get::<pg_sys::ScalarArrayOpExpr>().filter(|any| any.useOr)?;
        let &[left, right] = Self::parts(any.args).as_slice() else { return None };
        Some(Operation { operator: any.opno, left, right, result: pg_sys::BOOLOID, collation: any.inputcollid })
    }

    /// A call of a function.
    pub(super) fn as_func(self) -> Option<Call<'q>> {
        let call = self.get::<pg_sys::FuncExpr>()?;
        Some(Call { function: call.funcid, args: Self::parts(call.args), result: call.funcresulttype })
    }

    /// AND, OR, NOT.
    pub(super) fn as_logic(self) -> Option<Logic<'q>> {
        let logic = self.get::<pg_sys::BoolExpr>()?;
        let args = Self::parts(logic.args);
        match logic.boolop {
            pg_sys::BoolExprType::AND_EXPR => Some(Logic::And(args)),
            pg_sys::BoolExprType::OR_EXPR => Some(Logic::Or(args)),
            _ => args.first().map(|arg| Logic::Not(*arg)),
        }
    }

    /// A constant.
    pub(super) fn as_const(self) -> Option<&'q pg_sys::Const> {
        self.get()
    }

    /// A column, below changes of type that keep its bytes.
    pub(super) fn as_var(self) -> Option<&'q pg_sys::Var> {
        let mut inner = self;
        while let Some(relabeled) = inner.get::<pg_sys::RelabelType>() {
            inner = Self::part(relabeled.arg)?;
        }
        inner.get()
    }

    /// A column itself.
    pub(super) fn is_bare_var(self) -> bool {
        self.is(NodeTag::T_Var)
    }

    /// `expression IS TRUE` or `IS FALSE`: the expression, and which.
    pub(super) fn as_truth_test(self) -> Option<(Self, bool)> {
        let test = self.get::<pg_sys::BooleanTest>()?;
        let value = match test.booltesttype {
            pg_sys::BoolTestType::IS_TRUE => true,
            pg_sys::BoolTestType::IS_FALSE => false,
            _ => return None,
        };
        Some((Self::part(test.arg)?, value))
    }

    /// `expression IS NULL` or `IS NOT NULL`.
    pub(super) fn as_null_check(self) -> Option<NullCheck<'q>> {
        let test = self.get::<pg_sys::NullTest>()?;
        let is_null = test.nulltesttype == pg_sys::NullTestType::IS_NULL;
        Some(NullCheck { arg: Self::part(test.arg)?, is_null, of_row: test.argisrow })
    }

    /// A call of an aggregate function of this query, over all rows and without an order.
    pub(super) fn as_plain_aggregate(self) -> Option<Call<'q>> {
        let call = self.get::<pg_sys::Aggref>()?;
        let is_plain = call.aggfilter.is_null() && call.aggdistinct.is_null() && call.aggorder.is_null() && call.agglevelsup == 0;
        let args = Self::parts(call.args).into_iter().filter_map(|arg| Self::part(arg.get::<pg_sys::TargetEntry>()?.expr));
        is_plain.then(|| Call { function: call.aggfnoid, args: args.collect(), result: call.aggtype })
    }

    /// The type of its value.
    pub(super) fn type_oid(self) -> pg_sys::Oid {
        // SAFETY: whoever called `new` guarantees an expression.
        unsafe { pg_sys::exprType(self.as_ptr()) }
    }

    /// The type of its elements, if it is an array; else `InvalidOid`.
    pub(super) fn element_type(self) -> pg_sys::Oid {
        // SAFETY: a lookup by oid.
        unsafe { pg_sys::get_element_type(self.type_oid()) }
    }

    /// Whether its value may differ from row to row though no column is in it, or needs a plan of its own.
    pub(super) fn is_volatile_or_has_subplan(self) -> bool {
        // SAFETY: whoever called `new` guarantees an expression.
        unsafe { pg_sys::contain_volatile_functions(self.as_ptr()) || pg_sys::contain_subplans(self.as_ptr()) }
    }

    /// Whether both say the same, wherever in the query they stand.
    pub(super) fn equals(self, other: Self) -> bool {
        // SAFETY: whoever called `new` guarantees expressions.
        unsafe { pg_sys::equal(self.as_ptr().cast(), other.as_ptr().cast()) }
    }

    /// The text of a constant of type text that is not NULL.
    pub(super) fn text(self) -> Option<String> {
        let constant = self.as_const().filter(|constant| !constant.constisnull && constant.consttype == pg_sys::TEXTOID)?;
        // SAFETY: the datum of a text constant points at its text; text_to_cstring detoasts what it must.
        Some(unsafe { text_of(pg_sys::text_to_cstring(constant.constvalue.cast_mut_ptr())) })
    }

    /// The value of a constant.
    pub(super) fn value(self) -> Option<Value> {
        let constant = self.as_const()?;
        // SAFETY: a constant's datum is of its own type.
        Some(unsafe { operand::value(constant.constvalue, constant.constisnull, constant.consttype) })
    }
}

impl<'q> Operation<'q> {
    fn of(expr: &'q pg_sys::OpExpr) -> Option<Self> {
        let &[left, right] = Expr::parts(expr.args).as_slice() else { return None };
        Some(Self { operator: expr.opno, left, right, result: expr.opresulttype, collation: expr.inputcollid })
    }
}
