//! The joins of a query → what they say of a foreign table's rows: which relations could give it operands, which of its columns they
//! restrict, and which conditions of other relations hold for it by equality.

use std::collections::BTreeSet;

use pgrx::prelude::*;
use pgrx::{check_for_interrupts, pg_sys};

use super::attributes::used_attributes;
use super::base_rel::{BaseRel, Clause};
use super::classified::KnownClauses;
use super::clauses::Converter;
use super::operators::btree_op;
use super::root::Root;
use crate::pg::catalog::ForeignTable;
use crate::pg::node::Expr;
use crate::plan::value::Op;
use crate::sources::Origin;

/// The joins of one foreign table in one query.
#[derive(Debug, Default)]
pub(crate) struct JoinRequirements<'q> {
    /// The sets of other relations whose columns could give operands.
    pub(crate) outers: Vec<pg_sys::Relids>,
    /// The description's columns that joins restrict. A scan that runs without their operands must not put a default there: it
    /// would read other rows, and the answer would depend on the plan.
    pub(crate) restricted: BTreeSet<usize>,
    /// Conditions of other relations on a column that equals this table's time column.
    pub(crate) implied: Vec<Implied<'q>>,
}

/// A condition of another relation on a column that equals this table's time column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Implied<'q> {
    /// The condition.
    pub(crate) clause: Expr<'q>,
    /// The other relation, and the number of its column.
    pub(crate) column: (u32, i16),
}

/// Reads the joins of a foreign table, as postgres_fdw finds them: join clauses and equivalence classes. `known` remembers the clauses
/// that a path with parameters may get.
pub(super) fn read<'q>(root: Root<'q>, rel: BaseRel<'q>, table: &ForeignTable, known: &mut KnownClauses<'q>) -> JoinRequirements<'q> {
    let mut joins = JoinRequirements::default();
    let clauses = rel.join_clauses();
    for clause in clauses.iter().filter(|clause| !clause.keeps_rows_of(rel)) {
        joins.restrict(used_attributes(rel, [clause.expr()], table), table);
    }
    let mut movable = if rel.info().has_eclass_joins { joins.read_equalities(root, rel, table) } else { Vec::new() };
    movable.extend(clauses);
    movable.retain(|clause| rel.can_take(*clause));
    for clause in movable {
        check_for_interrupts!();
        joins.implied.extend(implied(root, rel, table, clause.expr()));
        if known.classify(rel, table, clause).pushdown.condition().is_some() {
            joins.add_outer(rel.outer_of(clause));
        }
    }
    joins
}

impl<'q> JoinRequirements<'q> {
    /// Notes the columns that equalities with other relations restrict, and yields the equalities of a whole column.
    fn read_equalities(&mut self, root: Root<'q>, rel: BaseRel<'q>, table: &ForeignTable) -> Vec<Clause<'q>> {
        let mut of_columns = Vec::new();
        for attribute in in_equalities(root, rel, table) {
            check_for_interrupts!();
            let Some(column) = table.column(attribute).filter(|column| column.described.is_some()) else { continue };
            let equal = |form| equalities(&mut Wanted { root, rel, attribute, table, form, found: BTreeSet::new() });
            if !equal(WantedForm::Expression).is_empty() {
                self.restrict([attribute], table);
            }
            if column.pushdown {
                of_columns.extend(equal(WantedForm::Column));
            }
        }
        of_columns
    }

    fn restrict(&mut self, attributes: impl IntoIterator<Item = i16>, table: &ForeignTable) {
        self.restricted.extend(attributes.into_iter().filter_map(|number| table.column(number)?.described));
    }

    /// Adds a set of relations that is not among the others yet.
    fn add_outer(&mut self, outer: Option<pg_sys::Relids>) {
        // SAFETY: sets of the planner's own.
        let is_known = |outer| self.outers.iter().any(|other| unsafe { pg_sys::bms_equal(*other, outer) });
        self.outers.extend(outer.filter(|outer| !is_known(*outer)));
    }

    /// The request parameters among the columns that joins restrict.
    pub(crate) fn restricted_parameters<'j>(&'j self, table: &'j ForeignTable) -> impl Iterator<Item = usize> + 'j {
        let is_parameter = |column: &usize| matches!(table.endpoint.columns[*column].origin, Origin::Request { .. });
        self.restricted.iter().copied().filter(is_parameter)
    }
}

/// The conditions of the other relation in the join clause `time column = its column`: a row of this relation outside of them has no
/// partner. That holds for the inner side of an outer join too, whose rows without a partner are not wanted either.
fn implied<'q>(root: Root<'q>, rel: BaseRel<'q>, table: &ForeignTable, clause: Expr<'q>) -> Vec<Implied<'q>> {
    let Some(column) = equal_to_time(rel, table, clause) else { return Vec::new() };
    let other = BaseRel::numbered(root, column.0 as i32).filter(|other| other.number() != rel.number());
    let conditions = other.map(BaseRel::base_clauses).unwrap_or_default();
    conditions.into_iter().map(|condition| Implied { clause: condition.expr(), column }).collect()
}

/// The column of times that a clause says is equal to the time column, by its relation and attribute.
fn equal_to_time<'q>(rel: BaseRel<'q>, table: &ForeignTable, clause: Expr<'q>) -> Option<(u32, i16)> {
    let range = table.endpoint.time_range.as_ref()?;
    let operation = clause.as_op()?;
    let converter = Converter::new(rel, table);
    let is_time = |side| converter.column(side) == Some((range.column, pg_sys::TIMESTAMPTZOID));
    let other = match (is_time(operation.left), is_time(operation.right)) {
        (true, _) => operation.right,
        (false, true) => operation.left,
        (false, false) => return None,
    };
    if btree_op(operation.operator, pg_sys::TIMESTAMPTZOID) != Some(Op::Eq) {
        return None;
    }
    let var = other.as_var().filter(|var| var.vartype == pg_sys::TIMESTAMPTZOID && var.varlevelsup == 0)?;
    // A few numbers stand for no relation of the query (primnodes.h).
    (var.varno > 0).then_some((var.varno as u32, var.varattno))
}

/// A column whose equalities are looked for.
struct Wanted<'t, 'q> {
    root: Root<'q>,
    rel: BaseRel<'q>,
    attribute: i16,
    table: &'t ForeignTable,
    form: WantedForm,
    /// The columns of all expressions, where the form is [`WantedForm::Nothing`].
    found: BTreeSet<i16>,
}

/// The forms that a side of an equality may be wanted in.
#[derive(Clone, Copy)]
enum WantedForm {
    /// The column, or an expression over it as the time column.
    Column,
    /// Any expression that uses the column.
    Expression,
    /// None: the columns of all expressions are noted.
    Nothing,
}

/// The columns that are in equalities with other relations, or may be. Of a table with very many columns few are: looking for the
/// equalities of each column would take too long.
fn in_equalities<'q>(root: Root<'q>, rel: BaseRel<'q>, table: &ForeignTable) -> BTreeSet<i16> {
    let mut wanted = Wanted { root, rel, attribute: 0, table, form: WantedForm::Nothing, found: BTreeSet::new() };
    equalities(&mut wanted);
    wanted.found
}

/// The equalities of a column with columns of other relations.
fn equalities<'q>(wanted: &mut Wanted<'_, 'q>) -> Vec<Clause<'q>> {
    let (root, rel) = (wanted.root.as_ptr(), wanted.rel.as_ptr());
    let referencers = wanted.rel.info().lateral_referencers;
    let argument = std::ptr::from_mut(wanted).cast();
    // SAFETY: the planner's pointers; `wanted` lives during the call, which passes it to is_wanted only.
    unsafe { Clause::list(pg_sys::generate_implied_equalities_for_column(root, rel, Some(is_wanted), argument, referencers)) }
}

/// Whether a member of an equivalence class is what is wanted of this relation.
#[pg_guard]
unsafe extern "C-unwind" fn is_wanted(
    _root: *mut pg_sys::PlannerInfo,
    _rel: *mut pg_sys::RelOptInfo,
    _class: *mut pg_sys::EquivalenceClass,
    member: *mut pg_sys::EquivalenceMember,
    wanted: *mut std::ffi::c_void,
) -> bool {
    // SAFETY: `wanted` is what equalities passed; a member has an expression of the query.
    let (wanted, expr) = unsafe { (&mut *wanted.cast::<Wanted<'_, '_>>(), Expr::new((*member).em_expr)) };
    expr.is_some_and(|expr| wanted.accepts(expr))
}

impl<'q> Wanted<'_, 'q> {
    /// Whether an expression is what is wanted.
    fn accepts(&mut self, expr: Expr<'q>) -> bool {
        let (rel, table) = (self.rel, self.table);
        match (self.form, expr.as_var()) {
            (WantedForm::Nothing, _) => {
                self.found.extend(used_attributes(rel, [expr], table));
                false
            }
            (WantedForm::Expression, _) => used_attributes(rel, [expr], table).binary_search(&self.attribute).is_ok(),
            (WantedForm::Column, Some(var)) => var.varno as u32 == rel.number() && var.varattno == self.attribute,
            (WantedForm::Column, None) => {
                let described = table.column(self.attribute).and_then(|column| column.described);
                let parsed = Converter::new(rel, table).parse(expr);
                parsed.is_some_and(|parsed| Some(parsed.column) == described)
            }
        }
    }
}
