//! Postgres' clauses → [`Condition`]s: *column operator expression-without-this-table*, and AND, OR, NOT of them.
//!
//! What is not recognised stays local, silently. Every clause stays a local qual as well, so a condition may be wider than
//! its clause, never narrower.

use pgrx::{PgList, check_for_interrupts, is_a, pg_sys};

use crate::pg::catalog::ForeignTable;
use crate::pg::settings;
use crate::plan::condition::Condition;
use crate::plan::time_expr::{Step, TimeExpr};
use crate::plan::value::Op;
use crate::sources::{Origin, SqlType};

/// Conditions that are nested deeper stay local.
const MAX_DEPTH: usize = 30;

/// Converts the clauses of one base relation and collects their operands.
pub(crate) struct Converter<'t> {
    root: *mut pg_sys::PlannerInfo,
    relation: *mut pg_sys::RelOptInfo,
    pub(crate) table: &'t ForeignTable,
    /// The operands, in the order of their indexes.
    pub(crate) operands: Vec<*mut pg_sys::Node>,
    /// A column of another relation that stands for this one's column of times.
    alias: Option<(u32, i16)>,
    /// Whether some part of a clause was left out.
    left_out: bool,
    /// How many ANDs and ORs are around.
    depth: usize,
}

/// A comparison's two sides, the column on the left.
struct Comparison {
    column: usize,
    op: Op,
    operand: *mut pg_sys::Node,
}

impl<'t> Converter<'t> {
    /// SAFETY: both pointers are the planner's own and live while the converter does.
    pub(crate) unsafe fn new(root: *mut pg_sys::PlannerInfo, relation: *mut pg_sys::RelOptInfo, table: &'t ForeignTable) -> Self {
        Self { root, relation, table, operands: Vec::new(), alias: None, left_out: false, depth: 0 }
    }

    /// The condition that a clause implies, and whether it is the whole clause.
    ///
    /// SAFETY: `clause` is an expression of this query.
    pub(crate) unsafe fn clause(&mut self, clause: *mut pg_sys::Node) -> Option<(Condition, bool)> {
        self.left_out = false;
        let known = self.operands.len();
        // SAFETY: the caller's.
        match unsafe { self.convert(clause) } {
            Some(condition) => Some((condition, !self.left_out)),
            None => {
                self.operands.truncate(known);
                None
            }
        }
    }

    /// What a condition of another relation implies for this one's column of times, which equals that relation's `column`.
    ///
    /// SAFETY: `clause` is an expression of this query.
    pub(crate) unsafe fn implied(&mut self, clause: *mut pg_sys::Node, column: (u32, i16)) -> Option<Condition> {
        self.alias = Some(column);
        let known = self.operands.len();
        // SAFETY: the caller's.
        let found = unsafe { self.clause(clause) };
        self.alias = None;
        let time = self.table.endpoint.time_range.as_ref()?.column;
        let condition = found.map(|(condition, _)| condition).filter(|condition| condition.bounds(time) != (false, false));
        if condition.is_none() {
            self.operands.truncate(known);
        }
        condition
    }

    /// Whether a clause only says that a column is not NULL.
    ///
    /// SAFETY: `clause` is an expression of this query.
    pub(crate) unsafe fn is_not_null_test(clause: *mut pg_sys::Node) -> bool {
        // SAFETY: the tag says which struct a node is (nodes.h).
        unsafe {
            is_a(clause, pg_sys::NodeTag::T_NullTest)
                && (*clause.cast::<pg_sys::NullTest>()).nulltesttype == pg_sys::NullTestType::IS_NOT_NULL
        }
    }

    /// Whether a clause only says that the time column is not NULL, as the planner adds it to `min` and `max`.
    ///
    /// SAFETY: `clause` is an expression of this query.
    pub(crate) unsafe fn has_time(&self, clause: *mut pg_sys::Node) -> bool {
        // SAFETY: the tag says which struct a node is (nodes.h).
        unsafe {
            if !Self::is_not_null_test(clause) {
                return false;
            }
            let column = self.column((*clause.cast::<pg_sys::NullTest>()).arg.cast()).map(|(column, _)| column);
            let time = self.table.endpoint.time_range.as_ref().map(|range| range.column);
            column.is_some() && column == time
        }
    }

    /// Where it finds nothing, the operands that it kept on the way are the caller's to forget.
    ///
    /// SAFETY: `node` is an expression of this query.
    unsafe fn convert(&mut self, node: *mut pg_sys::Node) -> Option<Condition> {
        // SAFETY: the tag says which struct a node is (nodes.h); sub-nodes are the planner's and live as long.
        unsafe {
            match (*node).type_ {
                // Deeper plans could not be read back, and nobody writes them.
                pg_sys::NodeTag::T_BoolExpr if self.depth >= MAX_DEPTH => None,
                pg_sys::NodeTag::T_BoolExpr => {
                    self.depth += 1;
                    let found = self.boolean(node.cast());
                    self.depth -= 1;
                    found
                }
                pg_sys::NodeTag::T_OpExpr => {
                    let found = self.comparison(node.cast());
                    let plain = found.map(|c| Condition::Compare { column: c.column, op: c.op, operand: self.keep(c.operand) });
                    plain.or_else(|| self.time_comparison(node.cast()))
                }
                pg_sys::NodeTag::T_ScalarArrayOpExpr => self.any_of(node.cast()).or_else(|| self.time_any_of(node.cast())),
                pg_sys::NodeTag::T_Var => self.flag(node).map(|column| Condition::Is { column, value: true }),
                pg_sys::NodeTag::T_BooleanTest => {
                    let test = node.cast::<pg_sys::BooleanTest>();
                    let value = match (*test).booltesttype {
                        pg_sys::BoolTestType::IS_TRUE => true,
                        pg_sys::BoolTestType::IS_FALSE => false,
                        _ => return None,
                    };
                    self.flag((*test).arg.cast()).map(|column| Condition::Is { column, value })
                }
                pg_sys::NodeTag::T_NullTest => self.null_test(node.cast()),
                _ => None,
            }
        }
    }

    /// A test of a column that was declared NOT NULL: no row satisfies it, or every row does.
    ///
    /// SAFETY: `test` is a NullTest of this query.
    unsafe fn null_test(&self, test: *mut pg_sys::NullTest) -> Option<Condition> {
        // SAFETY: the caller's.
        unsafe {
            let var = var_of((*test).arg.cast())?;
            let own = (*var).varno as u32 == (*self.relation).relid && (*var).varlevelsup == 0;
            let declared = self.table.column((*var).varattno).is_some_and(|column| column.not_null);
            (own && declared && !(*test).argisrow).then(|| match (*test).nulltesttype {
                pg_sys::NullTestType::IS_NULL => Condition::Or(Vec::new()),
                _ => Condition::And(Vec::new()),
            })
        }
    }

    /// SAFETY: `expr` is a BoolExpr of this query.
    unsafe fn boolean(&mut self, expr: *mut pg_sys::BoolExpr) -> Option<Condition> {
        // SAFETY: as for convert; a BoolExpr's arguments are a list of expressions.
        unsafe {
            let args: Vec<*mut pg_sys::Node> = PgList::<pg_sys::Node>::from_pg((*expr).args).iter_ptr().collect();
            match (*expr).boolop {
                pg_sys::BoolExprType::AND_EXPR => {
                    let mut parts = Vec::new();
                    for arg in args {
                        match self.branch(arg) {
                            Some(part) => parts.push(part),
                            None => self.left_out = true,
                        }
                    }
                    (!parts.is_empty()).then_some(Condition::And(parts))
                }
                // A branch that says nothing lets every row through.
                pg_sys::BoolExprType::OR_EXPR => args.into_iter().map(|arg| self.branch(arg)).collect::<Option<_>>().map(Condition::Or),
                _ => {
                    let arg = *args.first()?;
                    match self.flag(arg) {
                        Some(column) => Some(Condition::Is { column, value: false }),
                        None if is_a(arg, pg_sys::NodeTag::T_DistinctExpr) => self.not_distinct(arg.cast()),
                        None => None,
                    }
                }
            }
        }
    }

    pub(crate) fn keep(&mut self, operand: *mut pg_sys::Node) -> usize {
        self.operands.push(operand);
        self.operands.len() - 1
    }

    /// A part of an AND or an OR, which may be about nothing but parameters: `$1 IS NULL OR column = $1`.
    ///
    /// SAFETY: `node` is an expression of this query.
    unsafe fn branch(&mut self, node: *mut pg_sys::Node) -> Option<Condition> {
        check_for_interrupts!();
        // SAFETY: the caller's.
        unsafe {
            let known = self.operands.len();
            self.convert(node).or_else(|| {
                self.operands.truncate(known);
                self.is_operand(node).then(|| Condition::Constant { operand: self.keep(node) })
            })
        }
    }

    /// `IS NOT DISTINCT FROM` a value that is surely not NULL is `=`.
    ///
    /// SAFETY: `expr` is a DistinctExpr of this query, which is laid out as an OpExpr.
    unsafe fn not_distinct(&mut self, expr: *mut pg_sys::OpExpr) -> Option<Condition> {
        // SAFETY: as for convert.
        unsafe {
            let is_value = |arg: *mut pg_sys::Node| is_a(arg, pg_sys::NodeTag::T_Const) && !(*arg.cast::<pg_sys::Const>()).constisnull;
            let has_value = PgList::<pg_sys::Node>::from_pg((*expr).args).iter_ptr().any(is_value);
            let found = self.comparison(expr).filter(|found| has_value && found.op == Op::Eq)?;
            Some(Condition::Compare { column: found.column, op: found.op, operand: self.keep(found.operand) })
        }
    }

    /// The pushable column that a bare boolean names.
    ///
    /// SAFETY: `node` is an expression of this query.
    unsafe fn flag(&self, node: *mut pg_sys::Node) -> Option<usize> {
        // SAFETY: the caller's.
        let (column, type_oid) = unsafe { self.column(node) }?;
        let described = self.table.endpoint.columns[column].sql_type;
        (type_oid == pg_sys::BOOLOID && described == SqlType::Boolean && self.is_filter(column)).then_some(column)
    }

    /// SAFETY: `expr` is an OpExpr of this query.
    unsafe fn comparison(&self, expr: *mut pg_sys::OpExpr) -> Option<Comparison> {
        // SAFETY: as for convert.
        unsafe {
            let args: Vec<*mut pg_sys::Node> = PgList::<pg_sys::Node>::from_pg((*expr).args).iter_ptr().collect();
            let &[left, right] = args.as_slice() else { return None };
            let (side, operand, commuted) = if self.column(left).is_some() { (left, right, false) } else { (right, left, true) };
            let (column, type_oid) = self.column(side)?;
            let op = btree_op((*expr).opno, type_oid)?;
            // In an operator family whose two sides differ in type the strategy is that of left op right.
            let op = if commuted { op.commuted() } else { op };
            let operand_type = pg_sys::exprType(operand);
            let fits = self.takes(column, type_oid, op, operand_type, (*expr).inputcollid);
            (fits && self.is_operand(operand)).then_some(Comparison { column, op, operand })
        }
    }

    /// SAFETY: `expr` is a ScalarArrayOpExpr of this query.
    unsafe fn any_of(&mut self, expr: *mut pg_sys::ScalarArrayOpExpr) -> Option<Condition> {
        // SAFETY: as for convert.
        unsafe {
            if !(*expr).useOr {
                return None;
            }
            let args: Vec<*mut pg_sys::Node> = PgList::<pg_sys::Node>::from_pg((*expr).args).iter_ptr().collect();
            let &[left, right] = args.as_slice() else { return None };
            let (column, type_oid) = self.column(left)?;
            let op = btree_op((*expr).opno, type_oid)?;
            let element = pg_sys::get_element_type(pg_sys::exprType(right));
            let fits = op == Op::Eq && self.takes(column, type_oid, op, element, (*expr).inputcollid);
            (fits && self.is_operand(right)).then(|| Condition::AnyOf { column, operand: self.keep(right) })
        }
    }

    /// A comparison of what is made of the time column.
    ///
    /// SAFETY: `expr` is an OpExpr of this query.
    unsafe fn time_comparison(&mut self, expr: *mut pg_sys::OpExpr) -> Option<Condition> {
        // SAFETY: as for convert.
        unsafe {
            let args: Vec<*mut pg_sys::Node> = PgList::<pg_sys::Node>::from_pg((*expr).args).iter_ptr().collect();
            let &[left, right] = args.as_slice() else { return None };
            let known = self.operands.len();
            let found = self.compare_time_expr((*expr).opno, left, right, pg_sys::exprType(right));
            found.or_else(|| {
                self.operands.truncate(known);
                let commuted = self.compare_time_expr((*expr).opno, right, left, pg_sys::exprType(left));
                commuted.map(|(column, comparison)| (column, TimeExpr { op: comparison.op.commuted(), ..comparison }))
            })
        }
        .map(|(column, comparison)| Condition::TimeExpr { comparison, column, any: false })
    }

    /// SAFETY: `expr` is a ScalarArrayOpExpr of this query.
    unsafe fn time_any_of(&mut self, expr: *mut pg_sys::ScalarArrayOpExpr) -> Option<Condition> {
        // SAFETY: as for convert.
        unsafe {
            let args: Vec<*mut pg_sys::Node> = PgList::<pg_sys::Node>::from_pg((*expr).args).iter_ptr().collect();
            let &[left, right] = args.as_slice() else { return None };
            let element = pg_sys::get_element_type(pg_sys::exprType(right));
            let found = self
                .compare_time_expr((*expr).opno, left, right, element)
                .filter(|(_, comparison)| (*expr).useOr && comparison.op == Op::Eq);
            found.map(|(column, comparison)| Condition::TimeExpr { comparison, column, any: true })
        }
    }

    /// `made op operand`, where the operand, or each of its elements, is of this type.
    ///
    /// SAFETY: both are expressions of this query.
    unsafe fn compare_time_expr(
        &mut self,
        operator: pg_sys::Oid,
        side: *mut pg_sys::Node,
        operand: *mut pg_sys::Node,
        operand_type: pg_sys::Oid,
    ) -> Option<(usize, TimeExpr)> {
        // SAFETY: the caller's.
        unsafe {
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
    }

    /// The description's column and the type of a Var of this relation, if its conditions may travel.
    ///
    /// SAFETY: `node` is an expression of this query.
    pub(crate) unsafe fn column(&self, node: *mut pg_sys::Node) -> Option<(usize, pg_sys::Oid)> {
        // SAFETY: as for convert.
        unsafe {
            let var = var_of(node)?;
            if let Some(alias) = self.alias {
                let is_it = ((*var).varno as u32, (*var).varattno) == alias && (*var).varlevelsup == 0;
                let time = self.table.endpoint.time_range.as_ref().filter(|_| is_it)?;
                return Some((time.column, pg_sys::TIMESTAMPTZOID));
            }
            if (*var).varno as u32 != (*self.relation).relid || (*var).varlevelsup != 0 {
                return None;
            }
            let column = self.table.column((*var).varattno)?;
            let described = column.described.filter(|_| column.pushdown)?;
            let mut typmod = column.typmod;
            let base = pg_sys::getBaseTypeAndTypmod(column.type_oid, &mut typmod);
            // A value that its type rounds or cuts equals what the API's own value does not.
            let exact = typmod == -1 || !matches!(base, pg_sys::TIMESTAMPTZOID | pg_sys::VARCHAROID);
            exact.then_some((described, base))
        }
    }

    /// The time column, where its type rounds what the API says, and by how many microseconds at most.
    ///
    /// SAFETY: `node` is an expression of this query.
    pub(crate) unsafe fn rounded_time(&self, node: *mut pg_sys::Node) -> Option<(usize, i64)> {
        // SAFETY: as for convert.
        unsafe {
            let var = var_of(node)?;
            if self.alias.is_some() || (*var).varno as u32 != (*self.relation).relid || (*var).varlevelsup != 0 {
                return None;
            }
            let column = self.table.column((*var).varattno)?;
            let time = self.table.endpoint.time_range.as_ref()?.column;
            let digits = u32::try_from(column.typmod).ok().filter(|digits| *digits <= 6)?;
            let is_it = column.described == Some(time) && column.pushdown && column.type_oid == pg_sys::TIMESTAMPTZOID;
            is_it.then(|| (time, 10_i64.pow(6 - digits) / 2))
        }
    }

    /// Whether the description has an equality filter on this column that may be used now.
    fn is_filter(&self, column: usize) -> bool {
        let described = &self.table.endpoint.columns[column];
        let needed = matches!(described.origin, Origin::Request { .. });
        described.filter.is_some() && (needed || settings::pushdown())
    }

    /// Whether "column op operand" can become part of a request, by the types of both sides.
    fn takes(&self, column: usize, type_oid: pg_sys::Oid, op: Op, operand: pg_sys::Oid, collation: pg_sys::Oid) -> bool {
        let is_time = self.table.endpoint.time_range.as_ref().is_some_and(|range| range.column == column);
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
                let is_text = matches!(operand, pg_sys::TEXTOID | pg_sys::VARCHAROID);
                // SAFETY: a lookup by oid; an expression over texts has a collation or 0.
                is_text && (collation == pg_sys::InvalidOid || unsafe { pg_sys::get_collation_isdeterministic(collation) })
            }
            (pg_sys::INT2OID | pg_sys::INT4OID | pg_sys::INT8OID, SqlType::Int | SqlType::Bigint) => {
                matches!(operand, pg_sys::INT2OID | pg_sys::INT4OID | pg_sys::INT8OID)
            }
            (pg_sys::BOOLOID, SqlType::Boolean) | (pg_sys::UUIDOID, SqlType::Uuid) => operand == type_oid,
            _ => false,
        }
    }

    /// Whether an expression can be evaluated once, before the scan: nothing of this table in it, nothing volatile.
    ///
    /// SAFETY: `node` is an expression of this query.
    pub(crate) unsafe fn is_operand(&self, node: *mut pg_sys::Node) -> bool {
        // SAFETY: the caller's.
        unsafe {
            let used = pg_sys::pull_varnos(self.root, node);
            // A condition of another relation is of use only where it needs none at all.
            let is_free = match self.alias {
                Some(_) => pg_sys::bms_num_members(used) == 0,
                None => !pg_sys::bms_is_member((*self.relation).relid as i32, used),
            };
            is_free && !pg_sys::contain_volatile_functions(node) && !pg_sys::contain_subplans(node)
        }
    }
}

/// The column that an expression is, below changes of type that keep its bytes.
///
/// SAFETY: `node` is an expression of this query.
pub(crate) unsafe fn var_of(mut node: *mut pg_sys::Node) -> Option<*mut pg_sys::Var> {
    // SAFETY: the tag says which struct a node is (nodes.h).
    unsafe {
        while is_a(node, pg_sys::NodeTag::T_RelabelType) {
            node = (*node.cast::<pg_sys::RelabelType>()).arg.cast();
        }
        is_a(node, pg_sys::NodeTag::T_Var).then(|| node.cast())
    }
}

/// What an operator means, by its strategy in the default btree family of the column's type: its name proves nothing.
///
/// SAFETY: catalog lookups by oid.
pub(crate) unsafe fn btree_op(operator: pg_sys::Oid, type_oid: pg_sys::Oid) -> Option<Op> {
    // SAFETY: the type exists, since a column has it; the cache entry is permanent.
    let strategy = unsafe {
        let entry = pg_sys::lookup_type_cache(type_oid, pg_sys::TYPECACHE_BTREE_OPFAMILY as i32);
        pg_sys::get_op_opfamily_strategy(operator, (*entry).btree_opf)
    };
    match strategy as u32 {
        pg_sys::BTLessStrategyNumber => Some(Op::Lt),
        pg_sys::BTLessEqualStrategyNumber => Some(Op::Le),
        pg_sys::BTEqualStrategyNumber => Some(Op::Eq),
        pg_sys::BTGreaterEqualStrategyNumber => Some(Op::Ge),
        pg_sys::BTGreaterStrategyNumber => Some(Op::Gt),
        _ => None,
    }
}
