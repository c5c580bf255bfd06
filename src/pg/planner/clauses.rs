//! Postgres' clauses → [`Condition`]s: *column operator expression-without-this-table*, and AND, OR, NOT of them.
//!
//! A clause that is not recognised stays local, silently. Every clause stays a local qual as well, so a condition may be wider than its
//! clause, never narrower (law 1).

use pgrx::{check_for_interrupts, pg_sys};

use super::base_rel::BaseRel;
use super::operators::{base_type, btree_op, is_bytewise_equality};
use crate::pg::catalog::ForeignTable;
use crate::pg::node::{Expr, Logic, NullCheck, Operation};
use crate::pg::settings;
use crate::plan::condition::Condition;
use crate::plan::time_expr::{Step, TimeExpr};
use crate::plan::value::Op;
use crate::sources::{Origin, SqlType};

/// Conditions that are nested deeper stay local: JSON that is nested deeper could not be read back.
const MAX_DEPTH: usize = 30;

/// Converts the clauses of one base relation and collects their operands.
pub(crate) struct Converter<'t, 'q> {
    rel: BaseRel<'q>,
    pub(crate) table: &'t ForeignTable,
    /// The operands, in the order of their indexes.
    pub(crate) operands: Vec<Expr<'q>>,
    /// A column of another relation, by its relation and attribute, that stands for this one's time column.
    alias: Option<(u32, i16)>,
    /// Whether some part of a clause was left out.
    left_out: bool,
    /// The number of ANDs, ORs and NOTs around the expression that is converted.
    depth: usize,
}

/// A comparison's two sides, the column on the left.
struct Comparison<'q> {
    column: usize,
    op: Op,
    operand: Expr<'q>,
}

impl<'t, 'q> Converter<'t, 'q> {
    /// A converter for the clauses of a relation, which is `table`.
    pub(crate) fn new(rel: BaseRel<'q>, table: &'t ForeignTable) -> Self {
        Self { rel, table, operands: Vec::new(), alias: None, left_out: false, depth: 0 }
    }

    /// The condition that follows from a clause, and whether it is the whole clause. Where none follows, no operand is kept.
    pub(crate) fn clause(&mut self, clause: Expr<'q>) -> Option<(Condition, bool)> {
        self.left_out = false;
        let known = self.operands.len();
        let found = self.convert(clause);
        if found.is_none() {
            self.operands.truncate(known);
        }
        found.map(|condition| (condition, !self.left_out))
    }

    /// The condition on this relation's time column that follows from a condition of another relation, whose `column` equals it.
    pub(crate) fn implied(&mut self, clause: Expr<'q>, column: (u32, i16)) -> Option<Condition> {
        self.alias = Some(column);
        let known = self.operands.len();
        let found = self.clause(clause);
        self.alias = None;
        let time = self.time_column()?;
        let condition = found.map(|(condition, _)| condition).filter(|condition| condition.bounds(time) != (false, false));
        if condition.is_none() {
            self.operands.truncate(known);
        }
        condition
    }

    /// Whether a clause only says that the time column is not NULL, as the planner adds it to `min` and `max`.
    pub(crate) fn has_time(&self, check: NullCheck<'q>) -> bool {
        let column = self.column(check.arg).map(|(column, _)| column);
        !check.is_null && column.is_some() && column == self.time_column()
    }

    fn time_column(&self) -> Option<usize> {
        self.table.endpoint.time_range.as_ref().map(|range| range.column)
    }

    /// Converts an expression. Where nothing follows from it, the operands that were kept on the way are the caller's to forget.
    fn convert(&mut self, expr: Expr<'q>) -> Option<Condition> {
        if let Some(logic) = expr.as_logic() {
            if self.depth >= MAX_DEPTH {
                return None;
            }
            self.depth += 1;
            let found = self.logic(logic);
            self.depth -= 1;
            return found;
        }
        if let Some(operation) = expr.as_op() {
            let found = self.comparison(operation);
            let plain = found.map(|c| Condition::Compare { column: c.column, op: c.op, operand: self.keep(c.operand) });
            return plain.or_else(|| self.time_comparison(operation));
        }
        if let Some(operation) = expr.as_any_of() {
            return self.any_of(operation).or_else(|| self.time_any_of(operation));
        }
        if let Some((arg, value)) = expr.as_truth_test() {
            return self.flag(arg).map(|column| Condition::Is { column, value });
        }
        if let Some(check) = expr.as_null_check() {
            return self.null_check(check);
        }
        let column = expr.is_bare_var().then(|| self.flag(expr))??;
        Some(Condition::Is { column, value: true })
    }

    /// A test of a column that was declared NOT NULL: no row satisfies it, or every row does.
    fn null_check(&self, check: NullCheck<'q>) -> Option<Condition> {
        let var = check.arg.as_var()?;
        let is_declared = self.table.column(var.varattno).is_some_and(|column| column.not_null);
        let all = if check.is_null { Condition::Or(Vec::new()) } else { Condition::And(Vec::new()) };
        (self.rel.has(var) && is_declared && !check.of_row).then_some(all)
    }

    fn logic(&mut self, logic: Logic<'q>) -> Option<Condition> {
        match logic {
            Logic::And(args) => {
                let count = args.len();
                let parts: Vec<Condition> = args.into_iter().filter_map(|arg| self.branch(arg)).collect();
                self.left_out |= parts.len() < count;
                (!parts.is_empty()).then_some(Condition::And(parts))
            }
            // A branch that says nothing lets every row through.
            Logic::Or(args) => args.into_iter().map(|arg| self.branch(arg)).collect::<Option<_>>().map(Condition::Or),
            Logic::Not(arg) => match self.flag(arg) {
                Some(column) => Some(Condition::Is { column, value: false }),
                None => self.not_distinct(arg.as_distinct()?),
            },
        }
    }

    /// Keeps an operand, and yields its index.
    pub(crate) fn keep(&mut self, operand: Expr<'q>) -> usize {
        self.operands.push(operand);
        self.operands.len() - 1
    }

    /// A part of an AND or an OR, which may be about nothing but parameters: `$1 IS NULL OR column = $1`.
    fn branch(&mut self, expr: Expr<'q>) -> Option<Condition> {
        check_for_interrupts!();
        let known = self.operands.len();
        self.convert(expr).or_else(|| {
            self.operands.truncate(known);
            self.is_operand(expr).then(|| Condition::Constant { operand: self.keep(expr) })
        })
    }

    /// `IS NOT DISTINCT FROM` a value that is surely not NULL is `=`.
    fn not_distinct(&mut self, operation: Operation<'q>) -> Option<Condition> {
        let is_value = |arg: Expr<'q>| arg.as_const().is_some_and(|constant| !constant.constisnull);
        let has_value = is_value(operation.left) || is_value(operation.right);
        let found = self.comparison(operation).filter(|found| has_value && found.op == Op::Eq)?;
        Some(Condition::Compare { column: found.column, op: found.op, operand: self.keep(found.operand) })
    }

    /// The pushable column that a bare boolean names.
    fn flag(&self, expr: Expr<'q>) -> Option<usize> {
        let (column, type_oid) = self.column(expr)?;
        let described = self.table.endpoint.columns[column].sql_type;
        (type_oid == pg_sys::BOOLOID && described == SqlType::Boolean && self.is_filter(column)).then_some(column)
    }

    /// `column op operand`, or the other way round.
    fn comparison(&self, operation: Operation<'q>) -> Option<Comparison<'q>> {
        let Operation { left, right, .. } = operation;
        let (side, operand, is_commuted) = if self.column(left).is_some() { (left, right, false) } else { (right, left, true) };
        let (column, type_oid) = self.column(side)?;
        let op = btree_op(operation.operator, type_oid)?;
        // In an operator family whose two sides differ in type the strategy is that of left op right.
        let op = if is_commuted { op.commuted() } else { op };
        let fits = self.takes(column, type_oid, op, operand.type_oid(), operation.collation);
        (fits && self.is_operand(operand)).then_some(Comparison { column, op, operand })
    }

    /// `column = ANY (operand)`.
    fn any_of(&mut self, operation: Operation<'q>) -> Option<Condition> {
        let list = operation.right;
        let (column, type_oid) = self.column(operation.left)?;
        let op = btree_op(operation.operator, type_oid)?;
        let fits = op == Op::Eq && self.takes(column, type_oid, op, list.element_type(), operation.collation);
        (fits && self.is_operand(list)).then(|| Condition::AnyOf { column, operand: self.keep(list) })
    }

    /// A comparison of an expression over the time column, on either side.
    fn time_comparison(&mut self, operation: Operation<'q>) -> Option<Condition> {
        let Operation { operator, left, right, .. } = operation;
        let known = self.operands.len();
        let found = self.compare_time_expr(operator, left, right, right.type_oid()).or_else(|| {
            self.operands.truncate(known);
            let (column, comparison) = self.compare_time_expr(operator, right, left, left.type_oid())?;
            Some((column, TimeExpr { op: comparison.op.commuted(), ..comparison }))
        });
        found.map(|(column, comparison)| Condition::TimeExpr { comparison, column, any: false })
    }

    /// `expression = ANY (operand)` of an expression over the time column.
    fn time_any_of(&mut self, operation: Operation<'q>) -> Option<Condition> {
        let Operation { operator, left, right, .. } = operation;
        let (column, comparison) = self.compare_time_expr(operator, left, right, right.element_type())?;
        (comparison.op == Op::Eq).then_some(Condition::TimeExpr { comparison, column, any: true })
    }

    /// `side op operand`, where `side` is an expression over the time column and the operand, or each of its elements, is of this type.
    fn compare_time_expr(
        &mut self,
        operator: pg_sys::Oid,
        side: Expr<'q>,
        operand: Expr<'q>,
        operand_type: pg_sys::Oid,
    ) -> Option<(usize, TimeExpr)> {
        let parsed = self.parse(side).filter(|parsed| !parsed.steps.is_empty())?;
        let op = btree_op(operator, parsed.type_oid)?;
        let (parsed, zoned) = parsed.compared_with(operand_type)?;
        if !self.is_operand(operand) {
            return None;
        }
        // The further back a time is, the longer it is ago.
        let op = if matches!(parsed.steps.last(), Some(Step::Distance { before: true, .. })) { op.commuted() } else { op };
        let comparison = TimeExpr { steps: parsed.steps, op, operand: self.keep(operand), zoned };
        Some((parsed.column, comparison))
    }

    /// The description's column that an expression is, and its type, if conditions on it may be pushed down.
    pub(crate) fn column(&self, expr: Expr<'q>) -> Option<(usize, pg_sys::Oid)> {
        let var = expr.as_var()?;
        if let Some(alias) = self.alias {
            let is_alias = (var.varno as u32, var.varattno) == alias && var.varlevelsup == 0;
            let time = self.time_column().filter(|_| is_alias)?;
            return Some((time, pg_sys::TIMESTAMPTZOID));
        }
        let column = self.table.column(var.varattno).filter(|_| self.rel.has(var))?;
        let described = column.described.filter(|_| column.pushdown)?;
        let (base, typmod) = base_type(column.type_oid, column.typmod);
        // A value that its type rounds or cuts equals what the API's own value does not.
        let is_exact = typmod == -1 || !matches!(base, pg_sys::TIMESTAMPTZOID | pg_sys::VARCHAROID);
        is_exact.then_some((described, base))
    }

    /// The time column, where an expression is it and its type rounds what the API says, and by how many microseconds at most.
    pub(crate) fn rounded_time(&self, expr: Expr<'q>) -> Option<(usize, i64)> {
        let var = expr.as_var().filter(|var| self.alias.is_none() && self.rel.has(var))?;
        let column = self.table.column(var.varattno)?;
        let time = self.time_column()?;
        let digits = u32::try_from(column.typmod).ok().filter(|digits| *digits <= 6)?;
        let is_time = column.described == Some(time) && column.pushdown && column.type_oid == pg_sys::TIMESTAMPTZOID;
        is_time.then(|| (time, 10_i64.pow(6 - digits) / 2))
    }

    /// Whether the description has an equality filter on this column that may be used now.
    fn is_filter(&self, column: usize) -> bool {
        let described = &self.table.endpoint.columns[column];
        let needed = matches!(described.origin, Origin::Request { .. });
        described.filter.is_some() && (needed || settings::pushdown())
    }

    /// Whether "column op operand" can become part of a request, by the types of both sides.
    fn takes(&self, column: usize, type_oid: pg_sys::Oid, op: Op, operand: pg_sys::Oid, collation: pg_sys::Oid) -> bool {
        let is_time = self.time_column() == Some(column);
        // Where the user chose another type than the description's, equal values may be written differently.
        match (type_oid, self.table.endpoint.columns[column].sql_type) {
            (pg_sys::TIMESTAMPTZOID, _) => {
                let of_time = matches!(operand, pg_sys::TIMESTAMPTZOID | pg_sys::TIMESTAMPOID | pg_sys::DATEOID);
                // The same instant may be written in many ways: only where no record writes it is it a value to filter by.
                let parameter = matches!(self.table.endpoint.columns[column].origin, Origin::Request { .. });
                of_time && (is_time || (parameter && op == Op::Eq && self.is_filter(column)))
            }
            _ if op != Op::Eq || !self.is_filter(column) => false,
            // A nondeterministic collation calls texts equal that are not the same bytes; the API would not.
            (pg_sys::TEXTOID | pg_sys::VARCHAROID, SqlType::Text) => {
                matches!(operand, pg_sys::TEXTOID | pg_sys::VARCHAROID) && is_bytewise_equality(collation)
            }
            (pg_sys::INT2OID | pg_sys::INT4OID | pg_sys::INT8OID, SqlType::Int | SqlType::Bigint) => {
                matches!(operand, pg_sys::INT2OID | pg_sys::INT4OID | pg_sys::INT8OID)
            }
            (pg_sys::BOOLOID, SqlType::Boolean) | (pg_sys::UUIDOID, SqlType::Uuid) => operand == type_oid,
            _ => false,
        }
    }

    /// Whether an expression can be evaluated once, before the scan: nothing of this table in it, nothing volatile.
    pub(crate) fn is_operand(&self, expr: Expr<'q>) -> bool {
        let used = self.rel.relations_of(expr);
        // A condition of another relation is of use only where it needs none at all.
        let is_free = if self.alias.is_some() { used.is_empty() } else { !used.contains(&(self.rel.number() as i32)) };
        is_free && !expr.is_volatile_or_has_subplan()
    }
}
