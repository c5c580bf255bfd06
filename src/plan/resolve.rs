//! A plan and the values of its operands → the slices to ask for. The planner estimates by them what a scan will read, and the executor
//! asks for them: both must come to the same slices, or an estimate would speak of another scan.

use super::condition::Condition;
use super::scan_plan::ScanPlan;
use super::selection::Selection;
use super::slice::Slices;
use super::slicing::{Defaults, StandIn, default_would_hide, missing_lower_bound, missing_parameter, slices};
use super::time_expr::Zones;
use super::value::Value;
use crate::error::Result;
use crate::sources::{Origin, Table};

/// A plan whose operands have values.
#[derive(Debug)]
pub struct BoundPlan<'p> {
    plan: &'p ScanPlan,
    condition: Condition,
    values: Vec<Value>,
    is_known: bool,
}

/// The fate of a request parameter that the query restricts, where none of its values can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// The scan is refused: no default may replace a value that was given.
    Refused,
    /// The parameter counts as unrestricted, for an estimate.
    Ignored,
}

/// The slices of a scan, and how they came about.
#[derive(Debug)]
pub struct Resolved {
    /// The times and values that can satisfy the query's conditions.
    pub selection: Selection,
    /// The slices that answer for the selection.
    pub slices: Slices,
    /// The defaults that stand in for conditions; none where nothing is asked for because no row can match.
    pub stand_ins: Vec<StandIn>,
}

impl<'p> BoundPlan<'p> {
    /// Evaluates those of a plan's operands that matter. An operand that parameters make irrelevant may not even be evaluable.
    pub fn bind(plan: &'p ScanPlan, operands: usize, operand: &mut dyn FnMut(usize) -> Value) -> Self {
        let condition = plan.condition();
        let (mut values, mut is_known) = (vec![Value::Unknown; operands], true);
        condition.evaluate(&mut values, &mut |index| {
            let value = operand(index);
            is_known &= value != Value::Unknown;
            value
        });
        Self { plan, condition, values, is_known }
    }

    /// Whether every operand that matters has a value.
    pub fn is_known(&self) -> bool {
        self.is_known
    }
}

/// The slices of a scan. `defaults` are those of the table's options, whatever the query restricts.
pub fn resolve(bound: &BoundPlan<'_>, table: &Table, defaults: Defaults, zones: &dyn Zones, unreadable: Unreadable) -> Result<Resolved> {
    let has_default_from = defaults.from.is_some();
    let restricted = bound.plan.restricted_at_start(&bound.condition, &bound.values);
    let defaults = defaults.unless(table, |column| restricted.contains(&column));
    let time_column = table.time_range.as_ref().map(|range| range.column);
    let selection = bound.condition.select(time_column, &bound.values, zones);
    if unreadable == Unreadable::Refused {
        refuse_unreadable(table, &bound.condition, &selection)?;
    }
    let slices = slices(table, &selection, &defaults).map_err(|error| {
        let is_withheld = has_default_from && error == missing_lower_bound(table);
        if is_withheld { default_would_hide(table) } else { error }
    })?;
    let stand_ins = if selection.is_nothing() { Vec::new() } else { defaults.standing_in(table, &selection) };
    Ok(Resolved { selection, slices, stand_ins })
}

/// Refuses a scan that would ask for any value of a request parameter which the query restricts.
fn refuse_unreadable(table: &Table, condition: &Condition, selection: &Selection) -> Result<()> {
    if selection.is_nothing() {
        return Ok(());
    }
    let restricted_to_values = condition.restricted_to_values();
    for (index, column) in table.columns.iter().enumerate() {
        let is_restricted = matches!(column.origin, Origin::Request { .. }) && restricted_to_values.contains(index);
        if is_restricted && !selection.values.contains_key(&index) {
            return Err(missing_parameter(table, column));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::error::ErrorKind;
    use crate::plan::time_expr::tests::Zurich;
    use crate::plan::value::Op;
    use crate::sources::built_in;

    fn table() -> Table {
        built_in("tixngo").unwrap().unwrap().tables[0].clone()
    }

    fn column(name: &str) -> usize {
        table().column(name).unwrap()
    }

    fn compare(name: &str, op: Op, operand: usize) -> Condition {
        Condition::Compare { column: column(name), op, operand }
    }

    fn defaults(from: Option<i64>) -> Defaults {
        Defaults { from, now: 1000, parameters: BTreeMap::from([(column("mobileAppId"), "app".into())]) }
    }

    fn resolved(conditions: Vec<Condition>, values: &[Value], from: Option<i64>, unreadable: Unreadable) -> Result<Resolved> {
        let plan = ScanPlan { conditions, ..ScanPlan::default() };
        let bound = BoundPlan::bind(&plan, values.len(), &mut |i| values[i].clone());
        resolve(&bound, &table(), defaults(from), &Zurich, unreadable)
    }

    #[test]
    fn an_operand_that_does_not_matter_leaves_a_plan_known() {
        let guarded = Condition::Or(vec![Condition::Constant { operand: 0 }, compare("createdDate", Op::Ge, 1)]);
        let plan = ScanPlan { conditions: vec![guarded], ..ScanPlan::default() };
        let is_known = |decides: &str| {
            let value = |i: usize| if i == 0 { Value::Text(decides.into()) } else { Value::Unknown };
            BoundPlan::bind(&plan, 2, &mut { value }).is_known()
        };
        assert!(is_known("true") && !is_known("false"));
    }

    #[test]
    fn a_parameter_without_a_readable_value_is_refused_by_a_scan_and_ignored_by_an_estimate() {
        let conditions = || vec![compare("createdDate", Op::Ge, 0), compare("mobileAppId", Op::Eq, 1)];
        let values = [Value::Time(5), Value::Unknown];
        let refused = resolved(conditions(), &values, None, Unreadable::Refused).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::MissingQual);
        let mut optional = table();
        let Origin::Request { required, .. } = &mut optional.columns[column("mobileAppId")].origin else { panic!() };
        *required = false;
        let plan = ScanPlan { conditions: conditions(), ..ScanPlan::default() };
        let bound = BoundPlan::bind(&plan, 2, &mut |i| values[i].clone());
        let estimated = resolve(&bound, &optional, defaults(None), &Zurich, Unreadable::Ignored).unwrap();
        assert!(!estimated.slices.is_empty() && !estimated.slices.carry(column("mobileAppId")), "and no default takes its place");
    }

    #[test]
    fn a_default_that_may_not_stand_in_is_named_in_the_refusal() {
        let upper = || vec![compare("createdDate", Op::Lt, 0)];
        let error = |from| resolved(upper(), &[Value::Time(5)], from, Unreadable::Refused).unwrap_err();
        assert_eq!(error(None), missing_lower_bound(&table()));
        assert_eq!(error(Some(1)), default_would_hide(&table()));
    }

    #[test]
    fn what_stands_in_is_told_unless_no_row_can_match() {
        let all = resolved(Vec::new(), &[], Some(7), Unreadable::Refused).unwrap();
        assert!(all.stand_ins.contains(&StandIn::From(7)) && !all.slices.is_empty());
        let nothing = resolved(vec![compare("createdDate", Op::Eq, 0)], &[Value::Null], Some(7), Unreadable::Refused).unwrap();
        assert!(nothing.stand_ins.is_empty() && nothing.slices.is_empty() && nothing.selection.is_nothing());
    }
}
