//! Conditions as trees, so that a failing condition can be shrunk.

use super::select::Select;

/// A condition in a WHERE or ON clause.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Condition {
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    /// `… IS NOT TRUE` and its like.
    Test(Box<Self>, &'static str),
    Leaf(Leaf),
    Exists {
        not: bool,
        select: Box<Select>,
    },
    In {
        value: String,
        not: bool,
        select: Box<Select>,
    },
}

/// A condition without conditions inside.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Leaf {
    /// SQL in which each `{}` is an operand.
    pub(super) foreign: String,
    /// Other SQL for the local copy, where that has other columns.
    pub(super) local: Option<String>,
    pub(super) operands: Vec<Operand>,
}

/// What a column is compared with.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operand {
    Value {
        sql: String,
        /// Simpler values to try while shrinking.
        simpler: Vec<String>,
        /// Type, and another value, for a prepared statement.
        parameter: Option<(&'static str, String)>,
    },
    Scalar(Box<Select>),
}

impl Operand {
    /// A value that is neither shrunk nor made a parameter.
    pub(super) fn plain(sql: impl Into<String>) -> Self {
        Self::Value { sql: sql.into(), simpler: Vec::new(), parameter: None }
    }
}

impl Condition {
    pub(super) fn leaf(template: impl Into<String>, operands: Vec<Operand>) -> Self {
        Self::Leaf(Leaf { foreign: template.into(), local: None, operands })
    }

    /// The subquery of an EXISTS or IN.
    pub(super) fn inner(&self) -> Option<&Select> {
        match self {
            Self::Exists { select, .. } | Self::In { select, .. } => Some(select),
            _ => None,
        }
    }

    /// The condition with each smaller subquery.
    fn each_select(select: &Select, smaller: &dyn Fn(&Select) -> Vec<Select>, wrap: impl Fn(Box<Select>) -> Self) -> Vec<Self> {
        smaller(select).into_iter().map(|select| wrap(Box::new(select))).collect()
    }

    /// Each smaller condition that is one step away.
    pub(super) fn smaller(&self, select: &dyn Fn(&Select) -> Vec<Select>) -> Vec<Self> {
        let mut found = Vec::new();
        match self {
            Self::And(parts) | Self::Or(parts) => {
                found.extend(parts.iter().cloned());
                let rebuild = |parts| if matches!(self, Self::And(_)) { Self::And(parts) } else { Self::Or(parts) };
                if parts.len() > 2 {
                    found.extend((0..parts.len()).map(|place| rebuild(without(parts, place))));
                }
                for (place, part) in parts.iter().enumerate() {
                    found.extend(part.smaller(select).into_iter().map(|part| rebuild(with(parts, place, part))));
                }
            }
            Self::Not(inner) => {
                found.push((**inner).clone());
                found.extend(inner.smaller(select).into_iter().map(|inner| Self::Not(Box::new(inner))));
            }
            Self::Test(inner, test) => {
                found.push((**inner).clone());
                found.extend(inner.smaller(select).into_iter().map(|inner| Self::Test(Box::new(inner), test)));
            }
            Self::Leaf(leaf) => {
                for (place, operand) in leaf.operands.iter().enumerate() {
                    let operands = operand.smaller(select).into_iter().map(|operand| with(&leaf.operands, place, operand));
                    found.extend(operands.map(|operands| Self::Leaf(Leaf { operands, ..leaf.clone() })));
                }
            }
            Self::Exists { not, select: inner } => {
                found = Self::each_select(inner, select, |select| Self::Exists { not: *not, select });
            }
            Self::In { value, not, select: inner } => {
                found = Self::each_select(inner, select, |select| Self::In { value: value.clone(), not: *not, select });
            }
        }
        found
    }
}

impl Operand {
    fn smaller(&self, select: &dyn Fn(&Select) -> Vec<Select>) -> Vec<Self> {
        match self {
            Self::Value { simpler, parameter, .. } => {
                // A simpler value keeps those after it as its own simpler ones.
                let rest = simpler.iter().enumerate().map(|(place, sql)| Self::Value {
                    sql: sql.clone(),
                    simpler: simpler[place + 1..].to_vec(),
                    parameter: parameter.clone(),
                });
                rest.collect()
            }
            Self::Scalar(inner) => select(inner).into_iter().map(|select| Self::Scalar(Box::new(select))).collect(),
        }
    }
}

/// The list without one part.
pub(super) fn without<T: Clone>(parts: &[T], place: usize) -> Vec<T> {
    parts.iter().enumerate().filter(|(other, _)| *other != place).map(|(_, part)| part.clone()).collect()
}

/// The list with another part.
pub(super) fn with<T: Clone>(parts: &[T], place: usize, part: T) -> Vec<T> {
    let mut parts = parts.to_vec();
    parts[place] = part;
    parts
}
