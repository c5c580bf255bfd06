//! The columns that a condition restricts, references or bounds, for all columns in one pass.
//!
//! A description may have a hundred thousand columns, and an OR as many branches. What must not be broken: in doubt a column is
//! not restricted and not bounded, so that no condition is thought to hold more tightly than it does.

use std::collections::BTreeSet;

use super::Condition;
use crate::plan::value::{Op, Value};

/// A set of columns that can be every column. An OR without branches is never true, so it restricts every column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Columns {
    /// Every column.
    Every,
    /// These columns only.
    These(BTreeSet<usize>),
}

impl Columns {
    fn none() -> Self {
        Self::These(BTreeSet::new())
    }

    fn one(column: usize) -> Self {
        Self::These(BTreeSet::from([column]))
    }

    /// Whether the set holds this column.
    pub fn contains(&self, column: usize) -> bool {
        match self {
            Self::Every => true,
            Self::These(columns) => columns.contains(&column),
        }
    }

    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Every, _) | (_, Self::Every) => Self::Every,
            (Self::These(ours), Self::These(theirs)) => Self::These(union(ours, theirs)),
        }
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Every, some) | (some, Self::Every) => some,
            (Self::These(ours), Self::These(theirs)) => {
                // Only the smaller set is walked, so that an OR of many branches takes time in proportion to its length.
                let (mut few, many) = if ours.len() < theirs.len() { (ours, theirs) } else { (theirs, ours) };
                few.retain(|column| many.contains(column));
                Self::These(few)
            }
        }
    }
}

fn union(ours: BTreeSet<usize>, theirs: BTreeSet<usize>) -> BTreeSet<usize> {
    let (few, mut many) = if ours.len() < theirs.len() { (ours, theirs) } else { (theirs, ours) };
    many.extend(few);
    many
}

fn all(parts: impl Iterator<Item = BTreeSet<usize>>) -> BTreeSet<usize> {
    parts.fold(BTreeSet::new(), union)
}

impl Condition {
    /// The columns for which the condition leaves only listed values.
    pub fn restricted_to_values(&self) -> Columns {
        match self {
            Self::And(parts) => parts.iter().map(Self::restricted_to_values).fold(Columns::none(), Columns::or),
            Self::Or(parts) => parts.iter().map(Self::restricted_to_values).fold(Columns::Every, Columns::and),
            Self::Compare { column, op: Op::Eq, .. } | Self::AnyOf { column, .. } | Self::Is { column, .. } => Columns::one(*column),
            Self::Compare { .. } | Self::TimeExpr { .. } | Self::Constant { .. } => Columns::none(),
        }
    }

    /// Like [`Self::restricted_to_values`], but ignores OR branches made of parameters alone: those are decided when the scan
    /// starts.
    pub fn may_be_restricted_at_start(&self) -> Columns {
        match self {
            Self::And(parts) => parts.iter().map(Self::may_be_restricted_at_start).fold(Columns::none(), Columns::or),
            Self::Or(parts) => parts
                .iter()
                .filter(|part| !part.is_parameter_only())
                .map(Self::may_be_restricted_at_start)
                .fold(Columns::Every, Columns::and),
            _ => self.restricted_to_values(),
        }
    }

    /// The columns that the condition bounds from below, and from above, whatever the operands are. A
    /// [`TimeExpr`](super::TimeExpr) counts for every column: it is always about the time column, and no other column is asked
    /// about.
    pub fn bounded(&self) -> (Columns, Columns) {
        let both = |of: fn(Columns, Columns) -> Columns| {
            move |sum: (Columns, Columns), part: (Columns, Columns)| (of(sum.0, part.0), of(sum.1, part.1))
        };
        let where_so = |(below, above): (bool, bool), columns: Columns| {
            let of = |is_so: bool| if is_so { columns.clone() } else { Columns::none() };
            (of(below), of(above))
        };
        match self {
            Self::And(parts) => parts.iter().map(Self::bounded).fold((Columns::none(), Columns::none()), both(Columns::or)),
            // An OR without branches selects nothing, so that nothing is requested.
            Self::Or(parts) => parts.iter().map(Self::bounded).fold((Columns::Every, Columns::Every), both(Columns::and)),
            Self::Compare { column, op, .. } => where_so(op.bounds(), Columns::one(*column)),
            Self::TimeExpr { comparison, .. } => where_so(comparison.op.bounds(), Columns::Every),
            Self::AnyOf { column, .. } => where_so((true, true), Columns::one(*column)),
            Self::Is { .. } | Self::Constant { .. } => (Columns::none(), Columns::none()),
        }
    }

    /// The columns that the condition is about.
    pub fn referenced(&self) -> BTreeSet<usize> {
        match self {
            Self::And(parts) | Self::Or(parts) => all(parts.iter().map(Self::referenced)),
            leaf => leaf.only_column().into_iter().collect(),
        }
    }

    /// The columns of which several values may satisfy the condition.
    pub fn multivalued(&self) -> BTreeSet<usize> {
        match self {
            Self::And(parts) => all(parts.iter().map(Self::multivalued)),
            Self::Or(_) => self.referenced(),
            Self::AnyOf { column, .. } => BTreeSet::from([*column]),
            Self::Compare { .. } | Self::Is { .. } | Self::TimeExpr { .. } | Self::Constant { .. } => BTreeSet::new(),
        }
    }

    /// The columns that the condition restricts once the scan's parameters are known. An OR that a parameter makes true
    /// restricts none. `values` are the operands as [`Self::evaluate`] left them.
    pub fn restricted_at_start(&self, values: &[Value]) -> BTreeSet<usize> {
        match self {
            Self::Or(parts) if parts.iter().any(|part| part.is_true_by_parameters(values)) => BTreeSet::new(),
            Self::And(parts) | Self::Or(parts) => all(parts.iter().map(|part| part.restricted_at_start(values))),
            leaf => leaf.only_column().into_iter().collect(),
        }
    }

    fn is_true_by_parameters(&self, values: &[Value]) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(|part| part.is_true_by_parameters(values)),
            Self::Or(parts) => parts.iter().any(|part| part.is_true_by_parameters(values)),
            Self::Constant { operand } => values.get(*operand) == Some(&Value::Text("true".into())),
            _ => false,
        }
    }

    /// Whether the condition leaves only listed values for this column.
    pub fn restricts_to_values(&self, column: usize) -> bool {
        self.restricted_to_values().contains(column)
    }

    /// Whether the condition bounds this column from below, and from above, whatever the operands are.
    pub fn bounds(&self, column: usize) -> (bool, bool) {
        let (below, above) = self.bounded();
        (below.contains(column), above.contains(column))
    }

    /// Whether the condition is about this column.
    pub fn references(&self, column: usize) -> bool {
        self.referenced().contains(&column)
    }

    /// Whether the condition restricts what a request asks for, at least with suitable parameters.
    pub fn is_selective(&self) -> bool {
        let (restricted_to_values, (below, above)) = (self.restricted_to_values(), self.bounded());
        let says = |column: &usize| restricted_to_values.contains(*column) || below.contains(*column) || above.contains(*column);
        self.depends_on_parameters() || self.referenced().iter().any(says)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn equals(column: usize) -> Condition {
        Condition::Compare { column, op: Op::Eq, operand: 0 }
    }

    fn after(column: usize) -> Condition {
        Condition::Compare { column, op: Op::Gt, operand: 0 }
    }

    #[test]
    fn an_or_says_of_columns_what_all_of_its_branches_say() {
        let either = Condition::Or(vec![Condition::And(vec![equals(1), equals(2), after(0)]), Condition::And(vec![equals(2), equals(3)])]);
        let restricted_to_values =
            |condition: &Condition| (0..5).filter(|column| condition.restricts_to_values(*column)).collect::<Vec<_>>();
        assert_eq!((restricted_to_values(&either), either.bounds(0), either.referenced()), (vec![2], (false, false), [0, 1, 2, 3].into()));
        assert_eq!(either.multivalued(), either.referenced());
        assert_eq!(restricted_to_values(&Condition::And(vec![either, equals(4)])), [2, 4]);
        assert_eq!(Condition::Or(vec![after(0), equals(0)]).bounds(0), (true, false));
    }

    #[test]
    fn an_or_without_branches_says_everything_and_an_and_nothing() {
        let (nothing, everything) = (Condition::And(Vec::new()), Condition::Or(Vec::new()));
        assert!(everything.restricts_to_values(7) && everything.bounds(7) == (true, true) && !everything.references(7));
        assert!(!nothing.restricts_to_values(7) && nothing.bounds(7) == (false, false));
        assert!(Condition::Or(vec![everything, equals(1)]).restricts_to_values(1), "a branch that no row satisfies");
        let by_parameters = Condition::Or(vec![Condition::Constant { operand: 0 }, equals(1)]);
        assert!(
            !by_parameters.restricts_to_values(1) && by_parameters.may_be_restricted_at_start().contains(1) && by_parameters.is_selective()
        );
        assert!(!Condition::Or(vec![equals(1), equals(2)]).is_selective());
    }
}
