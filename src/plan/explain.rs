//! A plan → the texts that EXPLAIN shows of it: what travels, what stays, and what could have been asked instead.
//!
//! Operands and quals come as SQL, by their number in the plan: only Postgres can deparse them.

use std::collections::BTreeMap;

use super::condition::Condition;
use super::scan_plan::ScanPlan;
use super::value::Op;
use crate::sources::{Direction, Origin, Table, TimeRange};

/// Fewer dropped rows than this cost nobody anything.
const MIN_DROPPED: f64 = 100.0;

/// What a plan's texts are made of. The table has the names that users see.
#[derive(Debug, Clone, Copy)]
pub struct Explained<'e> {
    /// The endpoint that the plan asks.
    pub table: &'e Table,
    /// The plan.
    pub plan: &'e ScanPlan,
    /// Its operands as SQL.
    pub operands: &'e [String],
    /// The option `default_from`.
    pub default_from: Option<&'e str>,
}

/// The conditions of a node by what becomes of them, each as SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conditions {
    /// The request answers them whole.
    pub pushed: Vec<String>,
    /// The request has them because a join makes them hold.
    pub implied: Vec<String>,
    /// The request has them in a wider form, so that Postgres checks them once more.
    pub rechecked: Vec<String>,
    /// Postgres alone checks them.
    pub local: Vec<String>,
}

impl Explained<'_> {
    /// What becomes of the node's conditions. `quals` are its own; a node that counts has none, so its conditions are shown instead.
    pub fn conditions(&self, quals: &[String]) -> Conditions {
        let plan = self.plan;
        let (own, implied) = plan.conditions.split_at(plan.conditions.len() - plan.implied);
        let is_pushed = |i: &usize| !plan.local.contains(i) && !plan.inexact.contains(i);
        Conditions {
            pushed: if plan.counts > 0 { self.as_sql(own) } else { chosen(quals, (0..quals.len()).filter(is_pushed)) },
            implied: self.as_sql(implied),
            rechecked: chosen(quals, plan.inexact.iter().copied()),
            local: chosen(quals, plan.local.iter().copied()),
        }
    }

    /// The times that are asked for, as far as the plan knows them; `None` where the API has no range of times.
    pub fn window(&self) -> Option<String> {
        let range = self.table.time_range.as_ref()?;
        let column = &self.table.columns[range.column].name;
        let (lower, upper) = self.plan.condition().bounds(range.column);
        let default = self.default_from.filter(|_| !self.plan.restricted.contains(&range.column));
        let from = match (lower, self.bounds(range, &[Op::Ge, Op::Gt, Op::Eq]).as_slice(), default) {
            (true, [], _) => "as conditioned".to_owned(),
            (true, [one], _) => (*one).to_owned(),
            (true, several, _) => format!("the latest of {}", several.join(", ")),
            (false, _, Some(text)) => format!("default_from ({text})"),
            (false, _, None) if !upper && !range.required => return Some(format!("{column} at any time")),
            (false, _, None) => "the beginning".to_owned(),
        };
        let to = match (upper, self.bounds(range, &[Op::Le, Op::Lt, Op::Eq]).as_slice()) {
            (true, []) => "to as conditioned".to_owned(),
            (true, [one]) => format!("to {one}"),
            (true, several) => format!("to the earliest of {}", several.join(", ")),
            (false, _) if self.table.pagination.style.is_keyed() => "on".to_owned(),
            (false, _) => "to the scan's start, and then on".to_owned(),
        };
        Some(format!("{column} from {from} {to}"))
    }

    /// The defaults that stand in where the query says nothing, as far as the plan knows. `parameters` are the request parameters that
    /// options give.
    pub fn defaults(&self, parameters: &BTreeMap<usize, String>) -> Vec<String> {
        let condition = self.plan.condition();
        let restricted_to_values = condition.restricted_to_values();
        let range = self.table.time_range.as_ref().map(|range| range.column);
        let is_open = |column: usize| !self.plan.restricted.contains(&column) && !condition.bounds(column).0;
        let from = self.default_from.filter(|_| range.is_some_and(is_open)).map(|text| format!("default_from ({text})"));
        let parameter = |(column, value): (&usize, &String)| match &self.table.columns[*column].origin {
            Origin::Request { option: Some(option), .. } => Some(format!("{option} ({value})")),
            _ => None,
        };
        let silent = |(column, _): &(&usize, &String)| !self.plan.restricted.contains(column) && !restricted_to_values.contains(**column);
        from.into_iter().chain(parameters.iter().filter(silent).filter_map(parameter)).collect()
    }

    /// The order in which rows must come, as the description names it.
    pub fn order(&self) -> Option<&'static str> {
        let direction = self.plan.keeps_order(self.table).filter(|_| self.plan.ordered)?;
        Direction::NAMES.iter().find(|(_, known)| *known == direction).map(|(word, _)| *word)
    }

    /// What each bound on a side of the range says, in a plain conjunction: an OR has no single text, and is shown with the conditions.
    fn bounds(&self, range: &TimeRange, wanted: &[Op]) -> Vec<&str> {
        let operand = |condition: &Condition| match condition {
            Condition::Compare { column, op, operand } if *column == range.column && wanted.contains(op) => self.operands.get(*operand),
            _ => None,
        };
        self.plan.conditions.iter().filter_map(operand).map(String::as_str).collect()
    }

    fn as_sql(&self, conditions: &[Condition]) -> Vec<String> {
        conditions.iter().map(|condition| self.sql(condition)).collect()
    }

    /// A condition as SQL would say it.
    fn sql(&self, condition: &Condition) -> String {
        let name = |column: usize| self.table.columns[column].name.as_str();
        let operand = |i: usize| self.operands.get(i).map_or("?", String::as_str);
        match condition {
            Condition::And(parts) => format!("({})", self.as_sql(parts).join(" AND ")),
            Condition::Or(parts) => format!("({})", self.as_sql(parts).join(" OR ")),
            Condition::Compare { column, op, operand: i } => format!("({} {} {})", name(*column), op.as_str(), operand(*i)),
            Condition::TimeExpr { comparison, column, .. } => {
                format!("({} {} {})", name(*column), comparison.op.as_str(), operand(comparison.operand))
            }
            Condition::AnyOf { column, operand: i } => format!("({} = ANY ({}))", name(*column), operand(*i)),
            Condition::Constant { operand: i } => operand(*i).to_owned(),
            Condition::Is { column, value: true } => name(*column).to_owned(),
            Condition::Is { column, value: false } => format!("(NOT {})", name(*column)),
        }
    }
}

/// Whether enough rows were dropped after they were read that advice is worth its line: most of them, and not just a few.
pub fn is_worth_advice(dropped: f64, returned: f64) -> bool {
    dropped >= MIN_DROPPED && dropped > returned
}

/// What could have been asked for instead, where conditions dropped most rows after they were read. `filters` are the columns that the
/// API could filter by and was not asked to; `pushdown` is the setting.
pub fn advice(dropping: &[String], filters: &[&str], pushdown: bool) -> Option<String> {
    if dropping.is_empty() {
        return None;
    }
    let instead = match filters {
        [] => "narrow the time range".to_owned(),
        _ if !pushdown => "the setting restlog_fdw.pushdown is off".to_owned(),
        names => format!("the API filters by equality on {}", names.join(", ")),
    };
    Some(format!("most rows were dropped after they were read, by {}; {instead}", dropping.join(" AND ")))
}

/// Whether the API could filter by a described column that a request does not filter by. `filters` are those that it filters by, in their
/// order.
pub fn could_filter(table: &Table, filters: &[usize], column: usize) -> bool {
    let described = &table.columns[column];
    described.filter.is_some() && matches!(described.origin, Origin::Field { .. }) && filters.binary_search(&column).is_err()
}

fn chosen(quals: &[String], which: impl Iterator<Item = usize>) -> Vec<String> {
    which.filter_map(|i| quals.get(i)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::built_in;

    fn table() -> Table {
        built_in("tixngo").unwrap().unwrap().tables[0].clone()
    }

    fn col(name: &str) -> usize {
        table().column(name).unwrap()
    }

    fn texts(of: &[&str]) -> Vec<String> {
        of.iter().map(|text| (*text).to_owned()).collect()
    }

    fn compare(name: &str, op: Op, operand: usize) -> Condition {
        Condition::Compare { column: col(name), op, operand }
    }

    fn plan(conditions: Vec<Condition>) -> ScanPlan {
        ScanPlan { conditions, ..ScanPlan::default() }
    }

    fn window(table: &Table, plan: &ScanPlan, default_from: Option<&str>) -> String {
        Explained { table, plan, operands: &texts(&["a", "b", "c"]), default_from }.window().unwrap()
    }

    #[test]
    fn a_window_says_what_bounds_it() {
        let open = " to the scan's start, and then on";
        let (ge, gt, lt) = (compare("createdDate", Op::Ge, 0), compare("createdDate", Op::Gt, 1), compare("createdDate", Op::Lt, 2));
        let mut table = table();
        table.pagination.style = built_in("viviot").unwrap().unwrap().tables[0].pagination.style.clone();
        assert!(!table.pagination.style.is_keyed());
        let window = |conditions: &[&Condition], default_from| {
            window(&table, &plan(conditions.iter().map(|condition| (*condition).clone()).collect()), default_from)
        };
        assert_eq!(window(&[&ge], None), format!("createdDate from a{open}"));
        assert_eq!(window(&[&ge, &gt, &lt], None), "createdDate from the latest of a, b to c");
        assert_eq!(window(&[&lt], None), "createdDate from the beginning to c");
        assert_eq!(window(&[], Some("7 days")), format!("createdDate from default_from (7 days){open}"));
        let either = Condition::Or(vec![ge.clone(), gt.clone()]);
        assert_eq!(window(&[&either], None), format!("createdDate from as conditioned{open}"));
    }

    #[test]
    fn a_window_without_bounds_is_any_time_where_the_api_demands_none() {
        let mut table = table();
        assert!(window(&table, &plan(vec![]), None).starts_with("createdDate from the beginning"));
        table.time_range.as_mut().unwrap().required = false;
        assert_eq!(window(&table, &plan(vec![]), None), "createdDate at any time");
        let restricted = ScanPlan { restricted: [col("createdDate")].into(), ..plan(vec![]) };
        assert_eq!(window(&table, &restricted, Some("7 days")), "createdDate at any time", "no default for a restricted column");
        table.time_range = None;
        assert_eq!(Explained { table: &table, plan: &plan(vec![]), operands: &[], default_from: None }.window(), None);
    }

    #[test]
    fn a_default_is_shown_where_the_query_says_nothing() {
        let parameters = BTreeMap::from([(col("mobileAppId"), "app".to_owned())]);
        let defaults =
            |plan: &ScanPlan| Explained { table: &table(), plan, operands: &[], default_from: Some("7 days") }.defaults(&parameters);
        assert_eq!(defaults(&plan(vec![])), ["default_from (7 days)", "mobile_app_id (app)"]);
        assert_eq!(defaults(&plan(vec![compare("createdDate", Op::Ge, 0)])), ["mobile_app_id (app)"]);
        assert_eq!(defaults(&plan(vec![compare("mobileAppId", Op::Eq, 0)])), ["default_from (7 days)"]);
        assert!(defaults(&ScanPlan { restricted: [col("createdDate"), col("mobileAppId")].into(), ..plan(vec![]) }).is_empty());
    }

    #[test]
    fn conditions_are_told_apart_by_what_becomes_of_them() {
        let implied = Condition::AnyOf { column: col("actor"), operand: 1 };
        let mut plan =
            ScanPlan { local: [1].into(), inexact: [2].into(), implied: 1, ..plan(vec![compare("actionName", Op::Eq, 0), implied]) };
        let of = |plan: &ScanPlan| {
            Explained { table: &table(), plan, operands: &texts(&["'x'", "list"]), default_from: None }.conditions(&texts(&["q", "r", "s"]))
        };
        let shown = of(&plan);
        assert_eq!((shown.pushed, shown.implied), (texts(&["q"]), texts(&["(actor = ANY (list))"])));
        assert_eq!((shown.rechecked, shown.local), (texts(&["s"]), texts(&["r"])));
        plan.counts = 1;
        assert_eq!(of(&plan).pushed, ["(actionName = 'x')"]);
    }

    #[test]
    fn conditions_are_shown_as_sql() {
        let both = Condition::And(vec![compare("actor", Op::Eq, 0), Condition::Is { column: col("actionName"), value: false }]);
        let condition = Condition::Or(vec![both, Condition::Constant { operand: 7 }]);
        let (table, plan) = (table(), plan(vec![]));
        let explained = Explained { table: &table, plan: &plan, operands: &texts(&["'x'"]), default_from: None };
        assert_eq!(explained.sql(&condition), "(((actor = 'x') AND (NOT actionName)) OR ?)");
    }

    #[test]
    fn advice_is_given_where_most_rows_were_dropped() {
        assert!(is_worth_advice(100.0, 99.0) && !is_worth_advice(99.0, 0.0) && !is_worth_advice(100.0, 100.0));
        let start = "most rows were dropped after they were read, by a AND b; ";
        let dropping = texts(&["a", "b"]);
        assert_eq!(advice(&dropping, &[], true), Some(format!("{start}narrow the time range")));
        assert_eq!(advice(&dropping, &["x", "y"], true), Some(format!("{start}the API filters by equality on x, y")));
        assert_eq!(advice(&dropping, &["x"], false), Some(format!("{start}the setting restlog_fdw.pushdown is off")));
        assert_eq!(advice(&[], &["x"], true), None);
    }

    #[test]
    fn the_api_could_filter_by_a_field_that_has_a_filter_and_was_not_asked_for() {
        let [action, app, time] = ["actionName", "mobileAppId", "createdDate"].map(col);
        assert!(could_filter(&table(), &[], action) && !could_filter(&table(), &[action], action));
        assert!(!could_filter(&table(), &[], app), "a request parameter is no filter");
        assert!(!could_filter(&table(), &[], time), "times are asked for by their range");
    }
}
