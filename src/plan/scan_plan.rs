//! What the planner tells the executor, as one JSON string in `fdw_private`.
//!
//! What must not be broken: the plan is plain data that `copyObject` can copy (law 5), without pointers and without values
//! known only at planning. A condition that is listed as neither local nor inexact is answered whole by the request.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::condition::Condition;
use super::request::{PageToken, assemble};
use super::slice::Slice;
use super::slicing::{Defaults, default_would_hide, missing_lower_bound, missing_parameter};
use super::value::Value;
use crate::error::{Error, ErrorKind, Result};
use crate::sources::{Direction, Origin, Table};

/// The private part of a `ForeignScan`. The operands are in `fdw_exprs`, because only there the planner rewrites them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ScanPlan {
    /// The conditions that may be in the request: one for each qual that has one, in the quals' order, then the implied ones.
    pub conditions: Vec<Condition>,
    /// The numbers of the quals without a condition. All of them are in `local` too.
    pub unasked: BTreeSet<usize>,
    /// The numbers of the node's quals that no request answers, not even in part.
    pub local: BTreeSet<usize>,
    /// The numbers of the quals that the request answers inexactly: it may return rows that do not satisfy them.
    pub inexact: BTreeSet<usize>,
    /// How many of `conditions`, the last ones, belong to no qual of the node. They are another relation's conditions, which
    /// hold for this table's rows through a join by equality.
    pub implied: usize,
    /// The description's columns on which the query has conditions that no request answers whole. No default stands in for a
    /// condition on these columns (law 13).
    pub restricted: BTreeSet<usize>,
    /// Attribute numbers that the query reads.
    pub attributes: Vec<i16>,
    /// The number of rows that a LIMIT above the scan wants. It sizes the first page and never ends a scan (law 4).
    pub limit: Option<u64>,
    /// Whether rows must come in the order that the table declares.
    pub ordered: bool,
    /// The number of requests that were expected at planning, for all scans of the node together.
    pub expected_requests: Option<u64>,
    /// Whether the plan surely reads the whole result. If not, a LIMIT or another node may end it early.
    pub whole: bool,
    /// The number of `count(*)` columns that the node returns instead of rows; 0 if it returns rows.
    pub counts: usize,
    /// Why the API cannot be asked. The error is raised when the first row is wanted, where a plan may want none.
    pub refusal: Option<Error>,
}

/// What requests can do for one clause. The operands of its condition are numbered from 0.
#[derive(Debug, Clone, PartialEq)]
pub enum Pushdown {
    /// A request carries the whole clause.
    Exact(Condition),
    /// A request carries a condition that is wider than the clause.
    Inexact(Condition),
    /// No request answers the clause, not even in part. A condition that leaves out nothing is kept nevertheless: a default may not
    /// stand in for a column that it is about.
    Local(Option<Condition>),
}

impl Pushdown {
    /// What can be done for a clause from which a condition follows; `is_whole` says that nothing of the clause was left out.
    pub fn of(condition: Condition, is_whole: bool) -> Self {
        if is_whole && !condition.spans_columns() {
            Self::Exact(condition)
        } else if condition.is_selective() {
            Self::Inexact(condition)
        } else {
            // An OR of which each branch is about another column leaves nothing to ask for.
            Self::Local(Some(condition))
        }
    }

    /// The condition that follows from the clause.
    pub fn condition(&self) -> Option<&Condition> {
        match self {
            Self::Exact(condition) | Self::Inexact(condition) => Some(condition),
            Self::Local(condition) => condition.as_ref(),
        }
    }
}

impl ScanPlan {
    /// The text that travels in `fdw_private`.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|e| Error::new(ErrorKind::Internal, format!("could not write a plan: {e}")))
    }

    /// Reads the text that [`ScanPlan::to_json`] wrote.
    pub fn from_json(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|e| Error::new(ErrorKind::Internal, format!("could not read a plan: {e}")))
    }

    /// Adds the node's qual with this number, whose operands are numbered from `first_operand` on.
    pub fn add(&mut self, qual: usize, pushdown: &Pushdown, first_operand: usize) {
        match pushdown {
            Pushdown::Exact(_) => {}
            Pushdown::Inexact(_) => _ = self.inexact.insert(qual),
            Pushdown::Local(_) => _ = self.local.insert(qual),
        }
        match pushdown.condition() {
            Some(condition) => self.conditions.push(condition.with_operands_from(first_operand)),
            None => _ = self.unasked.insert(qual),
        }
    }

    /// The numbers of the quals that a request answers whole by a condition of this kind. `quals` is the number of the node's
    /// quals; those in `unasked` have no condition.
    pub fn whole(&self, quals: usize, kind: impl Fn(&Condition) -> bool) -> BTreeSet<usize> {
        let asked = (0..quals).filter(|qual| !self.unasked.contains(qual)).zip(&self.conditions);
        let is_whole = |qual: &usize| !self.local.contains(qual) && !self.inexact.contains(qual);
        asked.filter(|(qual, condition)| is_whole(qual) && kind(condition)).map(|(qual, _)| qual).collect()
    }

    /// The columns that the query restricts once the operands are known. No default stands in for a condition on these columns
    /// (law 13).
    pub fn restricted_at_start(&self, condition: &Condition, values: &[Value]) -> BTreeSet<usize> {
        &self.restricted | &condition.restricted_at_start(values)
    }

    /// The conjunction of all conditions.
    pub fn condition(&self) -> Condition {
        Condition::And(self.conditions.clone())
    }

    /// Refuses, at planning, a query that the API cannot be asked. Of `defaults.from` it reads only whether there is one, not
    /// its value.
    ///
    /// Errors: [`ErrorKind::MissingQual`], if the time range or a request parameter is missing.
    pub fn check(&self, table: &Table, defaults: &Defaults) -> Result<()> {
        let condition = self.condition();
        if let Some(range) = &table.time_range
            && range.required
            && !condition.bounds(range.column).0
        {
            let is_silent = !condition.references(range.column) || condition.may_bound(range.column);
            match defaults.from {
                None => return Err(missing_lower_bound(table)),
                Some(_) if !is_silent || self.restricted.contains(&range.column) => return Err(default_would_hide(table)),
                Some(_) => {}
            }
        }
        let (restricted_to_values, referenced, may_be_restricted_at_start) =
            (condition.restricted_to_values(), condition.referenced(), condition.may_be_restricted_at_start());
        for (index, column) in table.columns.iter().enumerate() {
            let Origin::Request { required, .. } = column.origin else { continue };
            if restricted_to_values.contains(index) {
                continue;
            }
            // Only some branches of an OR give a value: the others would need the API asked for all values at once. Branches
            // made of parameters alone do not count, because they are decided when the scan starts.
            let half_said = referenced.contains(&index) && !may_be_restricted_at_start.contains(index);
            let has_default = defaults.parameters.contains_key(&index) && !self.restricted.contains(&index);
            if half_said || (required && !has_default) {
                return Err(missing_parameter(table, column));
            }
        }
        Ok(())
    }

    /// The declared order, if the scan's rows come in it.
    ///
    /// The time column must be bounded, because only then no time is NULL. No other column may have several values, unless one
    /// request lists them: values that fan out are read by several chains.
    pub fn keeps_order(&self, table: &Table) -> Option<Direction> {
        let range = table.time_range.as_ref()?;
        let condition = self.condition();
        let (lower, upper) = condition.bounds(range.column);
        let multivalued = condition.multivalued();
        let one_chain = |column: usize| {
            let described = &table.columns[column];
            let many = described.filter.as_ref().is_some_and(|filter| filter.many) && matches!(described.origin, Origin::Field { .. });
            column == range.column || many || !multivalued.contains(&column)
        };
        range.order.filter(|_| (lower || upper) && (0..table.columns.len()).all(one_chain))
    }

    /// The columns whose values the request filters by.
    pub fn filters(&self, table: &Table) -> Vec<usize> {
        let restricted_to_values = self.condition().restricted_to_values();
        let filtered = |column: &usize| table.columns[*column].filter.is_some() && restricted_to_values.contains(*column);
        (0..table.columns.len()).filter(filtered).collect()
    }

    /// Whether the API's own total answers `count(*)`.
    ///
    /// Every condition must be in the request, and mean the same to the API. A window never qualifies, because it is asked for
    /// wider than it is.
    pub fn is_counted_by_total(&self, table: &Table, defaults: &Defaults) -> bool {
        let exact = |column: usize| match table.columns[column].origin {
            Origin::Request { .. } => true,
            Origin::Field { .. } => table.columns[column].filter.as_ref().is_some_and(|filter| filter.exact),
        };
        let condition = self.condition();
        let in_window = table.time_range.as_ref().is_some_and(|range| condition.references(range.column) || defaults.from.is_some());
        table.pagination.total.is_some() && self.local.is_empty() && self.inexact.is_empty() && !in_window && condition.is_exact(&exact)
    }

    /// The request line of EXPLAIN, with placeholders for what is known only when the scan starts.
    pub fn request_line(&self, table: &Table, defaults: &Defaults, size: u64) -> String {
        let condition = self.condition();
        let (restricted_to_values, mut values) = (condition.restricted_to_values(), BTreeMap::new());
        for (index, column) in table.columns.iter().enumerate() {
            if column.filter.is_none() {
                continue;
            }
            if restricted_to_values.contains(index) {
                values.insert(index, vec![format!("{{{}}}", column.name)]);
            } else if let Some(value) = defaults.parameters.get(&index).filter(|_| !self.restricted.contains(&index)) {
                values.insert(index, vec![value.clone()]);
            }
        }
        let slice = Slice { window: None, values, recheck_columns: Vec::new() };
        let bounds = table.time_range.as_ref().map(|range| {
            let (lower, upper) = condition.bounds(range.column);
            let from = lower || (defaults.from.is_some() && !self.restricted.contains(&range.column));
            // A scan of counted pages reads up to its start first, so it sends an upper bound.
            let to = upper || range.required || (from && !table.pagination.style.is_keyed());
            (from.then(|| "{from}".to_owned()), to.then(|| "{to}".to_owned()))
        });
        let bounds = bounds.unwrap_or_default();
        assemble(table, &slice, bounds, &PageToken::Start, &self.first_size(table, size).to_string()).readable()
    }

    /// The size of the first page, in records. `size` is the usual page size.
    pub fn first_size(&self, table: &Table, size: u64) -> u64 {
        let is_numbered = table.pagination.style.is_numbered();
        match self.limit {
            // The chain keeps its first page's size if the description says that sizes may not change, and a LIMIT of one row
            // would then read all in tiny pages. Numbered pages keep it too: page two begins where page one ends only at the
            // same size.
            Some(limit) if table.pagination.size.may_change && !is_numbered => limit.clamp(1, size),
            _ => size,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::value::Op;
    use crate::sources::built_in;

    fn table() -> Table {
        built_in("tixngo").unwrap().unwrap().tables[0].clone()
    }

    fn plan(ops: &[Op]) -> ScanPlan {
        let column = table().column("createdDate").unwrap();
        let conditions = ops.iter().enumerate().map(|(operand, op)| Condition::Compare { column, op: *op, operand }).collect();
        ScanPlan { conditions, attributes: vec![1, 4], ..ScanPlan::default() }
    }

    fn defaults(from: Option<i64>) -> Defaults {
        Defaults { from, now: 0, parameters: BTreeMap::from([(table().column("mobileAppId").unwrap(), "app".into())]) }
    }

    #[test]
    fn a_plan_survives_its_text() {
        let plan = ScanPlan { limit: Some(7), ..plan(&[Op::Ge, Op::Lt]) };
        assert_eq!(ScanPlan::from_json(&plan.to_json().unwrap()).unwrap(), plan);
    }

    #[test]
    fn a_plan_without_a_lower_bound_is_refused_unless_there_is_a_default() {
        assert!(plan(&[Op::Ge]).check(&table(), &defaults(None)).is_ok());
        let refused = plan(&[Op::Lt]).check(&table(), &defaults(None)).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::MissingQual);
        assert!(refused.message().contains("createdDate >= now() - interval '1 day'"), "drivers that drop hints show what to do");
        assert!(plan(&[]).check(&table(), &defaults(Some(0))).is_ok());
    }

    #[test]
    fn a_default_stands_in_only_where_the_query_says_nothing() {
        let (time, app) = (table().column("createdDate").unwrap(), table().column("mobileAppId").unwrap());
        let refused = |plan: ScanPlan| plan.check(&table(), &defaults(Some(0))).is_err();
        assert!(refused(plan(&[Op::Lt])), "older rows would be hidden");
        assert!(refused(ScanPlan { restricted: [time].into(), ..plan(&[]) }), "a condition that stays local");
        assert!(!refused(ScanPlan { restricted: [time].into(), ..plan(&[Op::Ge]) }));
        assert!(refused(ScanPlan { restricted: [app].into(), ..plan(&[Op::Ge]) }), "rows of another application");
        let optional = Condition::Or(vec![Condition::Constant { operand: 0 }, plan(&[Op::Ge]).condition()]);
        assert!(!refused(ScanPlan { conditions: vec![optional], ..plan(&[]) }), "the scan's start decides");
        let upper = Condition::Or(vec![Condition::Constant { operand: 0 }, plan(&[Op::Le]).condition()]);
        assert!(refused(ScanPlan { conditions: vec![upper], ..plan(&[]) }));
    }

    #[test]
    fn a_request_parameter_in_one_branch_of_an_or_is_refused_even_with_a_default() {
        let (app, name) = (table().column("mobileAppId").unwrap(), table().column("actionName").unwrap());
        let equals = |column, operand| Condition::Compare { column, op: Op::Eq, operand };
        let with = |condition| {
            let mut plan = plan(&[Op::Ge]);
            plan.conditions.push(condition);
            plan.check(&table(), &defaults(None))
        };
        assert!(with(equals(app, 1)).is_ok());
        assert!(with(Condition::Or(vec![equals(app, 1), equals(app, 2)])).is_ok());
        assert_eq!(with(Condition::Or(vec![equals(app, 1), equals(name, 2)])).unwrap_err().kind(), ErrorKind::MissingQual);
    }

    #[test]
    fn a_total_answers_count_only_where_every_condition_is_exact() {
        let table = built_in("viviot").unwrap().unwrap().tables[0].clone();
        let equals = |name: &str| Condition::Compare { column: table.column(name).unwrap(), op: Op::Eq, operand: 0 };
        let counted = |plan: ScanPlan, from: Option<i64>| plan.is_counted_by_total(&table, &Defaults { from, ..Defaults::default() });
        let of = |names: &[&str]| ScanPlan { conditions: names.iter().map(|name| equals(name)).collect(), ..ScanPlan::default() };
        assert!(counted(of(&[]), None));
        assert!(counted(of(&["actionCode", "userId"]), None));
        assert!(!counted(of(&["timestamp"]), None), "windows are asked for wider");
        assert!(!counted(of(&[]), Some(0)), "default_from is a window");
        assert!(!counted(ScanPlan { local: [0].into(), ..of(&["actionCode"]) }, None));
        let tixngo = self::table();
        assert!(!of(&[]).is_counted_by_total(&tixngo, &defaults(None)), "no total");
    }

    #[test]
    fn a_condition_that_narrows_nothing_is_local() {
        let [time, name, actor] = ["createdDate", "actionName", "actor"].map(|name| table().column(name).unwrap());
        let equals = |column| Condition::Compare { column, op: Op::Eq, operand: 0 };
        let mut plan = ScanPlan::default();
        let quals = [
            Pushdown::of(equals(name), true),
            Pushdown::of(Condition::Or(vec![equals(name), equals(actor)]), true),
            Pushdown::of(Condition::Or(vec![equals(time), Condition::And(vec![equals(time), equals(actor)])]), true),
            Pushdown::of(Condition::Or(vec![Condition::Constant { operand: 0 }, equals(actor)]), true),
            Pushdown::Local(None),
        ];
        quals.iter().enumerate().for_each(|(qual, pushdown)| plan.add(qual, pushdown, 0));
        assert_eq!((plan.local, plan.inexact, plan.conditions.len()), ([1, 4].into(), [2, 3].into(), 4));
    }

    #[test]
    fn the_request_line_shows_placeholders() {
        assert_eq!(
            plan(&[Op::Ge]).request_line(&table(), &defaults(None), 500),
            "GET /organizer/report/ticket-status-logs?mobileAppId=app&from={from}&to={to}&limit=500"
        );
    }

    #[test]
    fn a_limit_sizes_the_first_page_only_where_sizes_may_change() {
        let plan = ScanPlan { limit: Some(3), ..plan(&[Op::Ge]) };
        let mut table = table();
        assert_eq!(plan.first_size(&table, 100), 3);
        table.pagination.size.may_change = false;
        assert_eq!(plan.first_size(&table, 100), 100);
        let mut numbered = built_in("viviot").unwrap().unwrap().tables[0].clone();
        numbered.pagination.size.may_change = true;
        assert_eq!(plan.first_size(&numbered, 100), 100, "a second page of another size would leave records out");
    }
}
