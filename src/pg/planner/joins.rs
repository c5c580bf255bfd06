//! What the joins of a query say of a foreign table's rows: which relations could give it operands, which of its columns they
//! restrict, and which conditions of other relations hold for it by equality.

use std::collections::BTreeSet;

use pgrx::prelude::*;
use pgrx::{PgList, is_a, pg_sys};

use super::attributes::used_attributes;
use super::classified::KnownClauses;
use super::clauses::{Converter, btree_op, var_of};
use crate::pg::catalog::ForeignTable;
use crate::plan::value::Op;
use crate::sources::Origin;

/// The joins of one foreign table in one query.
#[derive(Debug, Default)]
pub(crate) struct JoinRequirements {
    /// The sets of other relations whose columns could give operands.
    pub(crate) outers: Vec<pg_sys::Relids>,
    /// The description's columns that joins restrict. A scan that runs without their operands must not put a default there: it
    /// would read other rows, and the answer would depend on the plan.
    pub(crate) restricted: BTreeSet<usize>,
    /// Conditions of other relations on a column that equals this table's column of times.
    pub(crate) implied: Vec<Implied>,
}

/// A condition of another relation on a column that equals this table's column of times.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Implied {
    /// The condition.
    pub(crate) clause: *mut pg_sys::Node,
    /// The other relation, and the number of its column.
    pub(crate) column: (u32, i16),
}

/// Reads a query's joins, as postgres_fdw finds them: join clauses and equivalence classes. `known` remembers the clauses that a path
/// with parameters may get.
///
/// # Safety
/// All pointers are the planner's; `rel` is a base relation of this foreign table.
pub(crate) unsafe fn read(
    root: *mut pg_sys::PlannerInfo,
    rel: *mut pg_sys::RelOptInfo,
    table: &ForeignTable,
    known: &mut KnownClauses,
) -> JoinRequirements {
    let mut joins = JoinRequirements::default();
    // SAFETY: the caller's.
    unsafe {
        let clauses: Vec<*mut pg_sys::RestrictInfo> = PgList::<pg_sys::RestrictInfo>::from_pg((*rel).joininfo).iter_ptr().collect();
        for info in &clauses {
            // The clause of an outer join leaves out no row of the side that is kept.
            if !pg_sys::bms_is_member((*rel).relid as i32, (**info).outer_relids) {
                joins.restrict(used_attributes(rel, (**info).clause.cast(), table), table);
            }
        }
        let mut movable: Vec<*mut pg_sys::RestrictInfo> = Vec::new();
        if (*rel).has_eclass_joins {
            for attribute in in_equalities(root, rel, table) {
                check_for_interrupts!();
                let Some(column) = table.column(attribute).filter(|column| column.described.is_some()) else { continue };
                let equal = |form| equalities(root, rel, &mut Wanted { attribute, table, form, found: BTreeSet::new() });
                if !equal(WantedForm::Expression).is_empty() {
                    joins.restrict([attribute], table);
                }
                if column.pushdown {
                    movable.extend(equal(WantedForm::Column));
                }
            }
        }
        movable.extend(clauses);
        movable.retain(|info| pg_sys::join_clause_is_movable_to(*info, rel));
        for info in movable {
            check_for_interrupts!();
            let clause: *mut pg_sys::Node = (*info).clause.cast();
            joins.implied.extend(implied(root, rel, table, clause));
            if known.classify(root, rel, table, info).pushdown.condition().is_none() {
                continue;
            }
            let outer = pg_sys::bms_del_member(pg_sys::bms_union((*info).clause_relids, (*rel).lateral_relids), (*rel).relid as i32);
            let known = joins.outers.iter().any(|other| pg_sys::bms_equal(*other, outer));
            // An empty set need not be a null pointer before Postgres 16.
            if pg_sys::bms_num_members(outer) > 0 && !known {
                joins.outers.push(outer);
            }
        }
    }
    joins
}

impl JoinRequirements {
    fn restrict(&mut self, attributes: impl IntoIterator<Item = i16>, table: &ForeignTable) {
        self.restricted.extend(attributes.into_iter().filter_map(|number| table.column(number)?.described));
    }

    /// The request parameters among the columns that joins restrict.
    pub(crate) fn restricted_parameters<'j>(&'j self, table: &'j ForeignTable) -> impl Iterator<Item = usize> + 'j {
        let is_parameter = |column: &usize| matches!(table.endpoint.columns[*column].origin, Origin::Request { .. });
        self.restricted.iter().copied().filter(is_parameter)
    }
}

/// The conditions of the other relation in `time column = its column`: a row of ours outside of them has no partner. It holds for
/// the inner side of an outer join too, whose rows without a partner are not wanted either.
///
/// # Safety
/// As for [`read`]; `clause` is a join clause that is movable to `rel`.
unsafe fn implied(
    root: *mut pg_sys::PlannerInfo,
    rel: *mut pg_sys::RelOptInfo,
    table: &ForeignTable,
    clause: *mut pg_sys::Node,
) -> Vec<Implied> {
    // SAFETY: the tag says which struct a node is (nodes.h); a relation number of the query has a place in simple_rel_array.
    unsafe {
        let Some(range) = &table.endpoint.time_range else { return Vec::new() };
        if !is_a(clause, pg_sys::NodeTag::T_OpExpr) {
            return Vec::new();
        }
        let operator = clause.cast::<pg_sys::OpExpr>();
        let args: Vec<*mut pg_sys::Node> = PgList::<pg_sys::Node>::from_pg((*operator).args).iter_ptr().collect();
        let &[left, right] = args.as_slice() else { return Vec::new() };
        let is_time = |node| Converter::new(root, rel, table).column(node) == Some((range.column, pg_sys::TIMESTAMPTZOID));
        let other = if is_time(left) { right } else { left };
        if !(is_time(left) || is_time(right)) || btree_op((*operator).opno, pg_sys::TIMESTAMPTZOID) != Some(Op::Eq) {
            return Vec::new();
        }
        let Some(var) = var_of(other).filter(|var| (**var).vartype == pg_sys::TIMESTAMPTZOID && (**var).varlevelsup == 0) else {
            return Vec::new();
        };
        // A few numbers stand for no relation of the query (primnodes.h).
        let number = (*var).varno;
        if number <= 0 || number >= (*root).simple_rel_array_size || number as u32 == (*rel).relid {
            return Vec::new();
        }
        let relation = *(*root).simple_rel_array.add(number as usize);
        if relation.is_null() {
            return Vec::new();
        }
        let column = ((*var).varno as u32, (*var).varattno);
        let conditions = PgList::<pg_sys::RestrictInfo>::from_pg((*relation).baserestrictinfo);
        conditions.iter_ptr().map(|info| Implied { clause: (*info).clause.cast(), column }).collect()
    }
}

/// A column whose equalities are looked for.
struct Wanted<'t> {
    attribute: i16,
    table: &'t ForeignTable,
    form: WantedForm,
    /// The columns that were found, whichever was wanted.
    found: BTreeSet<i16>,
}

/// What a side of an equality must be.
#[derive(Clone, Copy)]
enum WantedForm {
    /// The column, or what is made of it as the time column.
    Column,
    /// Any expression that uses the column.
    Expression,
    /// None: the columns of all expressions are noted.
    Nothing,
}

/// The columns that are in equalities with other relations, or may be. Of a table with very many columns few are, and to look for
/// those of each takes its time.
///
/// # Safety
/// As for [`read`].
unsafe fn in_equalities(root: *mut pg_sys::PlannerInfo, rel: *mut pg_sys::RelOptInfo, table: &ForeignTable) -> BTreeSet<i16> {
    let mut wanted = Wanted { attribute: 0, table, form: WantedForm::Nothing, found: BTreeSet::new() };
    // SAFETY: the caller's.
    unsafe { equalities(root, rel, &mut wanted) };
    wanted.found
}

/// The equalities of a column with columns of other relations.
///
/// # Safety
/// As for [`read`].
unsafe fn equalities(
    root: *mut pg_sys::PlannerInfo,
    rel: *mut pg_sys::RelOptInfo,
    wanted: &mut Wanted<'_>,
) -> Vec<*mut pg_sys::RestrictInfo> {
    // SAFETY: the caller's; `wanted` lives during the call.
    unsafe {
        let found = pg_sys::generate_implied_equalities_for_column(
            root,
            rel,
            Some(is_wanted),
            std::ptr::from_mut(wanted).cast(),
            (*rel).lateral_referencers,
        );
        PgList::<pg_sys::RestrictInfo>::from_pg(found).iter_ptr().collect()
    }
}

/// Whether a member of an equivalence class is what is wanted of this relation.
#[pg_guard]
unsafe extern "C-unwind" fn is_wanted(
    root: *mut pg_sys::PlannerInfo,
    rel: *mut pg_sys::RelOptInfo,
    _class: *mut pg_sys::EquivalenceClass,
    member: *mut pg_sys::EquivalenceMember,
    wanted: *mut std::ffi::c_void,
) -> bool {
    // SAFETY: the planner's pointers; `wanted` is what equalities passed.
    unsafe {
        let Wanted { attribute, table, form, found } = &mut *wanted.cast::<Wanted<'_>>();
        let expression: *mut pg_sys::Node = (*member).em_expr.cast();
        match (form, var_of(expression)) {
            (WantedForm::Nothing, _) => {
                found.extend(used_attributes(rel, expression, table));
                false
            }
            (WantedForm::Expression, _) => used_attributes(rel, expression, table).binary_search(attribute).is_ok(),
            (WantedForm::Column, Some(var)) => (*var).varno as u32 == (*rel).relid && (*var).varattno == *attribute,
            (WantedForm::Column, None) => {
                let described = table.column(*attribute).and_then(|column| column.described);
                let parsed = Converter::new(root, rel, table).parse(expression);
                parsed.is_some_and(|parsed| Some(parsed.column) == described)
            }
        }
    }
}
