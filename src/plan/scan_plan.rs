//! What the planner tells the executor: plain data that `copyObject` can copy, as one JSON string (law 5).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::condition::Condition;
use super::request::{PageToken, assemble};
use super::slice::Slice;
use super::slicing::{Defaults, default_would_hide, missing_lower_bound, missing_parameter};
use super::value::Value;
use crate::error::{Error, ErrorKind, Result};
use crate::sources::{Direction, Origin, PagingStyle, Table};

/// The private part of a `ForeignScan`. The operands are beside it in `fdw_exprs`: only there does the planner rewrite them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ScanPlan {
    /// What may travel in the request: of each qual that has such a thing, in their order.
    pub conditions: Vec<Condition>,
    /// The quals without a condition, which are all in `local` too.
    pub unasked: BTreeSet<usize>,
    /// Which of the node's quals no request answers, not even in part.
    pub local: BTreeSet<usize>,
    /// Which of them are in the request in a wider form.
    pub inexact: BTreeSet<usize>,
    /// How many of `conditions`, the last ones, are none of the node's quals: another relation has them, and a join by equality
    /// makes them hold for this one's rows.
    pub implied: usize,
    /// The description's columns on which the query has conditions that no request answers whole. No default stands in for a
    /// condition on them (law 13).
    pub restricted: BTreeSet<usize>,
    /// Attribute numbers that the query reads.
    pub attributes: Vec<i16>,
    /// Rows that a LIMIT above wants. It sizes the first page and ends nothing (law 4).
    pub limit: Option<u64>,
    /// Whether rows must come in the order that the table declares.
    pub ordered: bool,
    /// How many requests were expected when the plan was made, those of all the node's scans together.
    pub expected_requests: Option<u64>,
    /// Whether the plan is sure to read all that it asks for.
    pub whole: bool,
    /// How many `count(*)` the node answers instead of rows; 0 where it answers rows.
    pub counts: usize,
    /// Why the API cannot be asked, where the plan may well want no row: raised when one is wanted.
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

    /// The reverse of [`ScanPlan::to_json`].
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

    /// Which of so many quals a request answers whole, by a condition of this kind. Quals of which nothing is asked for have no
    /// condition.
    pub fn whole(&self, quals: usize, kind: impl Fn(&Condition) -> bool) -> BTreeSet<usize> {
        let asked = (0..quals).filter(|qual| !self.unasked.contains(qual)).zip(&self.conditions);
        let is_whole = |qual: &usize| !self.local.contains(qual) && !self.inexact.contains(qual);
        asked.filter(|(qual, condition)| is_whole(qual) && kind(condition)).map(|(qual, _)| qual).collect()
    }

    /// The columns that the query restricts, once the operands are known: no default stands in for a condition on them.
    pub fn restricted_at_start(&self, condition: &Condition, values: &[Value]) -> BTreeSet<usize> {
        &self.restricted | &condition.restricted_at_start(values)
    }

    /// All conditions as one.
    pub fn condition(&self) -> Condition {
        Condition::And(self.conditions.clone())
    }

    /// Refuses what the API could not be asked, before anything runs. `defaults.from` says only whether there is one.
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
            // Only one branch of an OR speaks of it: the API would have to be asked for all values at once. Where the other is about
            // parameters only, the scan's start decides.
            let half_said = referenced.contains(&index) && !may_be_restricted_at_start.contains(index);
            let has_default = defaults.parameters.contains_key(&index) && !self.restricted.contains(&index);
            if half_said || (required && !has_default) {
                return Err(missing_parameter(table, column));
            }
        }
        Ok(())
    }

    /// Whether the rows of a scan come in the order that the table declares: only times that are bounded are surely not NULL, and
    /// values that fan out are read by several chains.
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

    /// The columns of values that the request filters by.
    pub fn filters(&self, table: &Table) -> Vec<usize> {
        let restricted_to_values = self.condition().restricted_to_values();
        let filtered = |column: &usize| table.columns[*column].filter.is_some() && restricted_to_values.contains(*column);
        (0..table.columns.len()).filter(filtered).collect()
    }

    /// Whether the API's own total answers `count(*)`: every condition travels whole, and means to the API what it means here.
    /// A window never does: it is asked for wider than it is.
    pub fn is_counted_by_total(&self, table: &Table, defaults: &Defaults) -> bool {
        let exact = |column: usize| match table.columns[column].origin {
            Origin::Request { .. } => true,
            Origin::Field { .. } => table.columns[column].filter.as_ref().is_some_and(|filter| filter.exact),
        };
        let condition = self.condition();
        let in_window = table.time_range.as_ref().is_some_and(|range| condition.references(range.column) || defaults.from.is_some());
        table.pagination.total.is_some() && self.local.is_empty() && self.inexact.is_empty() && !in_window && condition.is_exact(&exact)
    }

    /// The request line with placeholders for what is known only when the scan starts.
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
            // Counted pages are read up to the scan's start first.
            let to = upper || range.required || (from && !table.pagination.style.is_keyed());
            (from.then(|| "{from}".to_owned()), to.then(|| "{to}".to_owned()))
        });
        let bounds = bounds.unwrap_or_default();
        assemble(table, &slice, bounds, &PageToken::Start, &self.first_size(table, size).to_string()).readable()
    }

    /// The size of the first page, given the usual one.
    pub fn first_size(&self, table: &Table, size: u64) -> u64 {
        let is_numbered = matches!(table.pagination.style, PagingStyle::Number { .. });
        match self.limit {
            // A chain whose page size may not change would be read in tiny pages to its end. So would one of numbered pages: the second
            // begins where the first ends only in its size.
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
