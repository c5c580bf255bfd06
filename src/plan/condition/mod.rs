//! A query's conditions → the times and values that can satisfy them.
//!
//! A [`Condition`] is a WHERE clause as far as an API could know it. Its operands are expressions that stay with Postgres until
//! the scan starts. What must not be broken: a part that is left out, or that cannot be read, only widens the [`Selection`]
//! (law 1).

mod columns;
mod renumber;

use serde::{Deserialize, Serialize};

use crate::plan::selection::Selection;
use crate::plan::time_expr::{TimeExpr, Zones};
use crate::plan::value::{Op, Value};
use crate::plan::window::{MINUS_INFINITY, Window};

/// A condition as the plan holds it. Columns are indexes into the description's columns, operands are indexes into `fdw_exprs`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Condition {
    /// All parts hold.
    And(Vec<Self>),
    /// At least one part holds.
    Or(Vec<Self>),
    /// `column op operand`
    Compare {
        /// Index of the column.
        column: usize,
        /// The operator.
        op: Op,
        /// Index of the operand.
        operand: usize,
    },
    /// A comparison of an expression of the time column, as `date_trunc('day', t) = operand`.
    TimeExpr {
        /// The expression, the operator and the operand.
        #[serde(flatten)]
        comparison: TimeExpr,
        /// Index of the time column.
        column: usize,
        /// Whether the operand is an array, of which any element may satisfy the comparison.
        any: bool,
    },
    /// `column = ANY (operand)`
    AnyOf {
        /// Index of the column.
        column: usize,
        /// Index of the operand, an array.
        operand: usize,
    },
    /// A condition on no column: true for every row, or for none.
    Constant {
        /// Index of the operand, a boolean.
        operand: usize,
    },
    /// A boolean column, bare or negated.
    Is {
        /// Index of the column.
        column: usize,
        /// The value that the column must have.
        value: bool,
    },
}

impl Condition {
    /// The rows that can satisfy the condition with these operands. `time_column` is the column that windows are about.
    pub fn select(&self, time_column: Option<usize>, operands: &[Value], zones: &dyn Zones) -> Selection {
        let operand = |i: usize| operands.get(i).unwrap_or(&Value::Unknown);
        match self {
            Self::And(parts) => Selection::in_all(parts.iter().map(|part| part.select(time_column, operands, zones)).collect()),
            Self::Or(parts) => Selection::in_any(parts.iter().map(|part| part.select(time_column, operands, zones))),
            Self::Is { column, value } => Selection::one_of(*column, vec![value.to_string()]),
            Self::Constant { operand: i } => match operand(*i) {
                Value::Null => Selection::nothing(),
                Value::Text(text) if text == "false" => Selection::nothing(),
                _ => Selection::all(),
            },
            Self::Compare { column, op, operand: i } => match operand(*i) {
                Value::Null => Selection::nothing(),
                value if Some(*column) == time_column => {
                    value.as_time().map_or_else(Selection::all, |t| Selection::times([window_of(*op, t)]))
                }
                value if *op == Op::Eq => value.as_text().map_or_else(Selection::all, |text| Selection::one_of(*column, vec![text])),
                _ => Selection::all(),
            },
            Self::TimeExpr { comparison, any, .. } => {
                let window = |value: &Value| comparison.window(value, operands, zones);
                match operand(comparison.operand) {
                    _ if comparison.is_null(operands) => Selection::nothing(),
                    Value::Null => Selection::nothing(),
                    Value::List(items) if *any => Selection::times(comparison.windows(items, operands, zones)),
                    value => Selection::times([window(value)]),
                }
            }
            Self::AnyOf { column, operand: i } => match operand(*i) {
                Value::Null => Selection::nothing(),
                Value::List(items) => any_of(*column, Some(*column) == time_column, items),
                _ => Selection::all(),
            },
        }
    }

    /// Evaluates the operands that matter into `values`, which must be all [`Value::Unknown`] before. Returns what parameters
    /// alone decide the condition to be, if they do.
    ///
    /// Parts made of parameters alone are evaluated first, and decide whether the other operands are evaluated at all: in `$1 =
    /// '' OR t >= $1::timestamptz` the cast would fail although it does not matter.
    pub fn evaluate(&self, values: &mut [Value], operand: &mut dyn FnMut(usize) -> Value) -> Option<bool> {
        let mut set = |i: usize| {
            if let Some(value) = values.get_mut(i) {
                *value = operand(i);
            }
        };
        match self {
            Self::And(parts) => Self::evaluate_parts(parts, false, values, operand),
            Self::Or(parts) => Self::evaluate_parts(parts, true, values, operand),
            Self::Constant { operand: i } => {
                set(*i);
                Some(values.get(*i) == Some(&Value::Text("true".into())))
            }
            Self::Compare { operand: i, .. } | Self::AnyOf { operand: i, .. } => {
                set(*i);
                None
            }
            Self::TimeExpr { comparison, .. } => {
                comparison.operands().for_each(set);
                None
            }
            Self::Is { .. } => None,
        }
    }

    /// Evaluates the parts of an OR, which a true part decides, or of an AND, which a false part decides. `decides` is that
    /// value.
    fn evaluate_parts(parts: &[Self], decides: bool, values: &mut [Value], operand: &mut dyn FnMut(usize) -> Value) -> Option<bool> {
        let (first, then): (Vec<&Self>, Vec<&Self>) = parts.iter().partition(|part| part.is_parameter_only());
        let mut all = Some(!decides);
        for part in first.into_iter().chain(then) {
            match part.evaluate(values, operand) {
                Some(known) if known == decides => return Some(decides),
                Some(_) => {}
                None => all = None,
            }
        }
        all
    }

    /// Whether the condition references no column.
    pub(super) fn is_parameter_only(&self) -> bool {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().all(Self::is_parameter_only),
            Self::Constant { .. } => true,
            _ => false,
        }
    }

    /// Like [`Self::bounds`] from below, but ignores OR branches made of parameters alone: those are decided when the scan
    /// starts.
    pub fn may_bound(&self, time_column: usize) -> bool {
        match self {
            Self::And(parts) => parts.iter().any(|part| part.may_bound(time_column)),
            Self::Or(parts) => parts.iter().filter(|part| !part.is_parameter_only()).all(|part| part.may_bound(time_column)),
            _ => self.bounds(time_column).0,
        }
    }

    /// Whether the selection holds only rows that satisfy the condition. `exact` says for which columns the API's equality is
    /// Postgres'. An OR over several columns is not exact, because it selects their combinations as well.
    pub fn is_exact(&self, exact: &impl Fn(usize) -> bool) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(|p| p.is_exact(exact)),
            Self::Or(parts) => parts.iter().all(|p| p.is_exact(exact)) && self.only_column().is_some(),
            Self::Compare { column, op, .. } => *op == Op::Eq && exact(*column),
            Self::AnyOf { column, .. } | Self::Is { column, .. } => exact(*column),
            // A time is always asked for wider than it is.
            Self::TimeExpr { .. } | Self::Constant { .. } => false,
        }
    }

    /// Whether the condition has an OR over several columns, whose selection holds their combinations as well.
    pub fn spans_columns(&self) -> bool {
        match self {
            Self::Or(parts) => !parts.is_empty() && (self.only_column().is_none() || parts.iter().any(Self::spans_columns)),
            Self::And(parts) => parts.iter().any(Self::spans_columns),
            _ => false,
        }
    }

    pub(super) fn depends_on_parameters(&self) -> bool {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().any(Self::depends_on_parameters),
            _ => matches!(self, Self::Constant { .. }),
        }
    }

    /// Whether the condition references this column and no other.
    pub fn is_about(&self, column: usize) -> bool {
        self.only_column() == Some(column)
    }

    /// The only column that the condition references, if there is just one.
    pub(super) fn only_column(&self) -> Option<usize> {
        match self {
            Self::And(parts) | Self::Or(parts) => {
                let mut columns = parts.iter().map(Self::only_column);
                let first = columns.next()??;
                columns.all(|column| column == Some(first)).then_some(first)
            }
            Self::Compare { column, .. } | Self::AnyOf { column, .. } | Self::Is { column, .. } | Self::TimeExpr { column, .. } => {
                Some(*column)
            }
            Self::Constant { .. } => None,
        }
    }
}

fn window_of(op: Op, t: i64) -> Window {
    let after = t.saturating_add(1);
    match op {
        Op::Eq => Window { lo: t, hi: after },
        Op::Lt => Window { hi: t, ..Window::ALL },
        Op::Le => Window { hi: after, ..Window::ALL },
        Op::Gt => Window { lo: after, ..Window::ALL },
        // A bound at -infinity counts as a bound: no row is earlier, but `default_from` must not replace it.
        Op::Ge => Window { lo: t.max(MINUS_INFINITY + 1), ..Window::ALL },
    }
}

fn any_of(column: usize, is_time: bool, items: &[Value]) -> Selection {
    let mut times = Vec::new();
    let mut texts = Vec::new();
    for item in items {
        match (item, item.as_time(), item.as_text()) {
            (Value::Null, ..) => {}
            (_, Some(t), _) if is_time => times.push(window_of(Op::Eq, t)),
            (.., Some(text)) if !is_time => texts.push(text),
            _ => return Selection::all(),
        }
    }
    if is_time { Selection::times(times) } else { Selection::one_of(column, texts) }
}

#[cfg(test)]
mod tests;
