//! A foreign table in one query → what its clauses, its place among other tables and the query's joins let a scan ask for.
//!
//! A [`RelationInfo`] is made in GetForeignRelSize and serves all later callbacks. Plans are put together from its classified clauses;
//! nothing is converted twice.

use pgrx::{check_for_interrupts, pg_sys};

use super::base_rel::{BaseRel, Clause};
use super::classified::{Classified, KnownClauses, NullTest, classify};
use super::clauses::Converter;
use super::get_foreign_rel_size;
use super::joins::{self, JoinRequirements};
use super::root::Root;
use super::row_bounds::row_bounds;
use crate::error::Result;
use crate::pg::catalog::ForeignTable;
use crate::pg::node::Expr;
use crate::plan::condition::Condition;
use crate::plan::scan_plan::ScanPlan;
use crate::plan::slicing::{Defaults, missing_parameter};

/// The part of a table that a range has, as Postgres guesses it (DEFAULT_RANGE_INEQ_SEL).
pub(crate) const RANGE_SELECTIVITY: f64 = 0.005;
/// The part that one bound leaves, as Postgres guesses it (DEFAULT_INEQ_SEL).
const BOUND_SELECTIVITY: f64 = 1.0 / 3.0;

/// Kept in `RelOptInfo.fdw_private` while one query is planned. Made in GetForeignRelSize.
pub(crate) struct RelationInfo<'q> {
    pub(crate) relation: pg_sys::Oid,
    pub(crate) table: ForeignTable,
    /// The defaults of the table's options. `from` says only whether there is one.
    pub(crate) defaults: Defaults,
    /// The conditions on the table's rows by its place among other tables: the qual that each row is checked by, and its part in requests.
    pub(crate) row_bounds: Vec<(Expr<'q>, Classified<'q>)>,
    pub(crate) joins: JoinRequirements<'q>,
    /// The conditions that follow from those of other relations, and their operands.
    implied: Vec<(Condition, Vec<Expr<'q>>)>,
    known: KnownClauses<'q>,
    /// The plan of the base clauses, in their order in `baserestrictinfo`.
    pub(crate) base: Converted<'q>,
    /// Whether nobody knows how many rows the table has.
    pub(crate) is_guessed: bool,
}

/// The plan of some clauses.
#[derive(Debug, Clone, Default)]
pub(crate) struct Converted<'q> {
    /// Its `local` and `inexact` count the clauses, and then the row bounds.
    pub(crate) plan: ScanPlan,
    /// The operands of its conditions.
    pub(crate) operands: Vec<Expr<'q>>,
}

impl<'q> RelationInfo<'q> {
    /// Converts the base clauses of a relation, its row bounds and its joins.
    ///
    /// # Safety
    /// `rel` is the foreign table `relation`, which is open and locked.
    pub(crate) unsafe fn new(root: Root<'q>, rel: BaseRel<'q>, relation: pg_sys::Oid, table: ForeignTable) -> Self {
        // SAFETY: the caller guarantees an open relation.
        let bounds = unsafe { row_bounds(rel, relation, &table) };
        let row_bounds = bounds.into_iter().map(|bound| (bound.qual, classify(rel, &table, bound.qual, bound.clause))).collect();
        let mut known = KnownClauses::default();
        let joins = joins::read(root, rel, &table, &mut known);
        let implied = implied(rel, &table, &joins);
        let (defaults, is_guessed) = (table.defaults(0), rel.info().tuples <= 0.0);
        let mut info = Self { relation, table, defaults, row_bounds, joins, implied, known, base: Converted::default(), is_guessed };
        info.base = info.convert(rel, &rel.base_clauses());
        info
    }

    /// Whether the API can be asked with these conditions, and the answer is the same in every plan.
    pub(crate) fn check(&self, plan: &ScanPlan) -> Result<()> {
        let table = &self.table.endpoint;
        plan.check(table, &self.defaults)?;
        let restricted_to_values = plan.condition().restricted_to_values();
        if let Some(column) = self.joins.restricted_parameters(&self.table).find(|column| !restricted_to_values.contains(*column)) {
            return Err(missing_parameter(table, &table.columns[column]));
        }
        Ok(())
    }

    /// The part of the rows that row bounds and implied conditions leave. Postgres sees neither: it would take them for conditions of
    /// the query.
    pub(crate) fn implied_selectivity(&self) -> f64 {
        let Some(range) = &self.table.endpoint.time_range else { return 1.0 };
        if self.row_bounds.is_empty() && self.implied.is_empty() {
            return 1.0;
        }
        match self.assemble(std::iter::empty()).plan.condition().bounds(range.column) {
            (true, true) => RANGE_SELECTIVITY,
            (true, false) | (false, true) => BOUND_SELECTIVITY,
            (false, false) => 1.0,
        }
    }

    /// The plan of these clauses, the row bounds and the joins. Clauses that were not converted before are converted now; `rel` is the
    /// relation of this information.
    pub(crate) fn convert(&mut self, rel: BaseRel<'q>, clauses: &[Clause<'q>]) -> Converted<'q> {
        for clause in clauses {
            self.known.classify(rel, &self.table, *clause);
        }
        self.assemble(self.classified(clauses))
    }

    /// The parts of clauses in requests, as far as they were converted before.
    pub(crate) fn classified<'s>(&'s self, clauses: &'s [Clause<'q>]) -> impl Iterator<Item = &'s Classified<'q>> {
        clauses.iter().filter_map(|clause| self.known.get(*clause))
    }

    /// The plan of clauses, the row bounds and the joins. Each brings operands of its own, which are numbered in this order.
    fn assemble<'s>(&'s self, clauses: impl Iterator<Item = &'s Classified<'q>>) -> Converted<'q>
    where
        'q: 's,
    {
        let mut converted = Converted::default();
        let Converted { plan, operands } = &mut converted;
        for (qual, classified) in clauses.chain(self.row_bounds.iter().map(|(_, classified)| classified)).enumerate() {
            plan.add(qual, &classified.pushdown, operands.len());
            operands.extend(&classified.operands);
            // A condition that is the whole clause keeps defaults away by itself, once the operands are known.
            if !classified.is_whole && !matches!(classified.null_test, NullTest::IsNotNull | NullTest::HasTime) {
                plan.restricted.extend(&classified.columns);
            }
        }
        for (condition, of_condition) in &self.implied {
            plan.conditions.push(condition.with_operands_from(operands.len()));
            plan.implied += 1;
            operands.extend(of_condition);
        }
        plan.restricted.extend(&self.joins.restricted);
        converted
    }
}

/// The conditions that the joins imply, each with its operands.
fn implied<'q>(rel: BaseRel<'q>, table: &ForeignTable, joins: &JoinRequirements<'q>) -> Vec<(Condition, Vec<Expr<'q>>)> {
    let convert = |implied: &joins::Implied<'q>| {
        check_for_interrupts!();
        let mut converter = Converter::new(rel, table);
        let condition = converter.implied(implied.clause, implied.column)?;
        Some((condition, converter.operands))
    };
    joins.implied.iter().filter_map(convert).collect()
}

/// Whether the rows of a relation are a guess about a foreign table of this wrapper that nobody knows.
///
/// # Safety
/// The planner has estimated the relation's size.
pub(crate) unsafe fn is_guessed(rel: BaseRel<'_>) -> bool {
    // SAFETY: null, or the callbacks of the wrapper that the relation belongs to.
    let size = unsafe { rel.info().fdwroutine.as_ref() }.and_then(|routine| routine.GetForeignRelSize);
    let is_ours = size.is_some_and(|size| std::ptr::fn_addr_eq(size, get_foreign_rel_size as unsafe extern "C-unwind" fn(_, _, _)));
    // SAFETY: a relation with our callback has our RelationInfo, once that has run.
    is_ours && unsafe { rel.info().fdw_private.cast::<RelationInfo<'_>>().as_ref() }.is_none_or(|info| info.is_guessed)
}

/// The information of a relation.
///
/// # Safety
/// `rel` went through [`get_foreign_rel_size`], and no other reference to its information is used while this one is.
pub(crate) unsafe fn relation_info<'q>(rel: BaseRel<'q>) -> &'q mut RelationInfo<'q> {
    // SAFETY: set there, and lives in the planner's memory context.
    unsafe { &mut *rel.info().fdw_private.cast::<RelationInfo<'q>>() }
}
