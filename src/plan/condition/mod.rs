//! The conditions that a query puts on the columns → the times and values that can satisfy them.
//!
//! A [`Condition`] is what Postgres' WHERE says as far as an API could know it; its operands are expressions that stay with
//! Postgres until the scan starts. Everything it leaves out only widens the [`Selection`].

mod columns;
mod renumber;

use serde::{Deserialize, Serialize};

use crate::plan::selection::Selection;
use crate::plan::time_expr::{TimeExpr, Zones};
use crate::plan::value::{Op, Value};
use crate::plan::window::{MINUS_INFINITY, Window};

/// A condition as it travels in the plan: columns are indexes into the description's columns, operands into `fdw_exprs`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Condition {
    /// All hold.
    And(Vec<Self>),
    /// At least one holds.
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
    /// A comparison of what the query makes of the time column; `any` of an array's elements, or one value.
    TimeExpr {
        /// What is compared with what.
        #[serde(flatten)]
        comparison: TimeExpr,
        /// Index of the time column.
        column: usize,
        /// Whether the operand is an array.
        any: bool,
    },
    /// `column = ANY (operand)`
    AnyOf {
        /// Index of the column.
        column: usize,
        /// Index of the operand, an array.
        operand: usize,
    },
    /// What does not depend on the table: every row satisfies it, or none.
    Constant {
        /// Index of the operand, a boolean.
        operand: usize,
    },
    /// A boolean column, bare or negated.
    Is {
        /// Index of the column.
        column: usize,
        /// What it must be.
        value: bool,
    },
}

impl Condition {
    /// What can satisfy this condition, given the operands' values. `time_column` is the column that windows are about.
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

    /// Evaluates the operands that matter, in `values`, which starts as all [`Value::Unknown`]. What only parameters decide goes first:
    /// in `$1 = '' OR t >= $1::timestamptz` the cast would fail where it does not matter. Says what is decided by that.
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

    /// The parts of an OR, which one that is true decides, or of an AND, which one that is false decides.
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

    /// Whether no column is in it.
    pub(super) fn is_parameter_only(&self) -> bool {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().all(Self::is_parameter_only),
            Self::Constant { .. } => true,
            _ => false,
        }
    }

    /// Like [`Self::bounds`] from below, but ignores branches of an OR that are about parameters alone: those are decided when the
    /// scan starts.
    pub fn may_bound(&self, time_column: usize) -> bool {
        match self {
            Self::And(parts) => parts.iter().any(|part| part.may_bound(time_column)),
            Self::Or(parts) => parts.iter().filter(|part| !part.is_parameter_only()).all(|part| part.may_bound(time_column)),
            _ => self.bounds(time_column).0,
        }
    }

    /// Whether its selection holds no other rows than it does, where equality on the columns that `exact` names is exact: an OR
    /// over several columns selects their combinations as well.
    pub fn is_exact(&self, exact: &impl Fn(usize) -> bool) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(|p| p.is_exact(exact)),
            Self::Or(parts) => parts.iter().all(|p| p.is_exact(exact)) && self.only_column().is_some(),
            Self::Compare { column, op, .. } => *op == Op::Eq && exact(*column),
            Self::AnyOf { column, .. } | Self::Is { column, .. } => exact(*column),
            // A time is never asked for just so.
            Self::TimeExpr { .. } | Self::Constant { .. } => false,
        }
    }

    /// Whether it has an OR over several columns, which selects their combinations as well.
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

    /// Whether it is about this column alone.
    pub fn is_about(&self, column: usize) -> bool {
        self.only_column() == Some(column)
    }

    /// The column that it is about, if there is only one.
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
        // A bound at -infinity is a bound: nothing is there, but no default must take its place.
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
