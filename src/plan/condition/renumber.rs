//! The operands of a condition under other numbers: a condition is made with operands of its own, and becomes a part of plans whose
//! operands begin with those of other conditions.

use super::Condition;
use crate::plan::time_expr::{Step, TimeExpr, Zone};

impl Condition {
    /// A copy whose operands are numbered from `first` on instead of from 0.
    #[must_use]
    pub fn with_operands_from(&self, first: usize) -> Self {
        let mut copy = self.clone();
        if first > 0 {
            copy.raise_operands(first);
        }
        copy
    }

    fn raise_operands(&mut self, by: usize) {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter_mut().for_each(|part| part.raise_operands(by)),
            Self::Compare { operand, .. } | Self::AnyOf { operand, .. } | Self::Constant { operand } => *operand += by,
            Self::TimeExpr { comparison, .. } => comparison.raise_operands(by),
            Self::Is { .. } => {}
        }
    }
}

impl TimeExpr {
    fn raise_operands(&mut self, by: usize) {
        self.operand += by;
        for step in &mut self.steps {
            match step {
                Step::ToClock(Zone::Named(operand)) | Step::FromClock(Zone::Named(operand)) => *operand += by,
                Step::Shift { interval: operand, .. } | Step::Distance { from: operand, .. } => *operand += by,
                Step::ToClock(Zone::Session) | Step::FromClock(Zone::Session) => {}
                Step::Trunc(_) | Step::Round { .. } | Step::Year | Step::Epoch { .. } => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::value::{Op, Value};

    #[test]
    fn every_operand_of_a_condition_moves_by_the_same_number() {
        let steps = vec![
            Step::ToClock(Zone::Named(0)),
            Step::FromClock(Zone::Session),
            Step::Shift { interval: 1, back: false },
            Step::Distance { from: 2, before: true },
        ];
        let comparison = TimeExpr { steps, op: Op::Lt, operand: 3, zoned: false };
        let parts = vec![
            Condition::TimeExpr { comparison, column: 0, any: false },
            Condition::And(vec![Condition::Compare { column: 1, op: Op::Eq, operand: 4 }, Condition::AnyOf { column: 1, operand: 5 }]),
            Condition::Is { column: 2, value: true },
            Condition::Constant { operand: 6 },
        ];
        let condition = Condition::Or(parts);
        let evaluated = |condition: &Condition| {
            let mut operands = Vec::new();
            condition.evaluate(&mut vec![Value::Unknown; 20], &mut |operand| {
                operands.push(operand);
                Value::Unknown
            });
            operands
        };
        let raised: Vec<usize> = evaluated(&condition).iter().map(|operand| operand + 10).collect();
        assert_eq!(evaluated(&condition.with_operands_from(10)), raised);
        assert_eq!(raised.len(), 7);
        assert_eq!(condition.with_operands_from(0), condition);
    }
}
