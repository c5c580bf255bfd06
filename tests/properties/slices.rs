//! Conditions against rows, one by one: a row that satisfies the condition is asked for by just one slice, whatever the condition.

use std::collections::BTreeMap;

use proptest::prelude::*;
use restlog_fdw::plan::condition::Condition;
use restlog_fdw::plan::slice::Slice;
use restlog_fdw::plan::slicing::{Defaults, slices};
use restlog_fdw::plan::time_expr::Zones;
use restlog_fdw::plan::value::{Op, Value};
use restlog_fdw::sources::{Source, Table};

use super::cases;

const DEFINITION: &str = r#"{"name": "own", "tables": [{
  "name": "e", "path": "/e/{app}", "records": "/items", "pagination": {"style": "link_header", "size": {"name": "n", "max": 9}},
  "time_range": {"column": "at", "from": {"name": "from"}, "to": {"name": "to"}},
  "columns": [
    {"name": "at", "type": "timestamptz"},
    {"name": "kind", "filter": {"name": "kind", "values": "many"}},
    {"name": "owner", "filter": {"name": "owner"}},
    {"name": "tenant", "filter": {"in": "header", "name": "X-Tenant"}},
    {"name": "app", "request": {"required": true}, "filter": {"in": "path", "name": "app"}},
    {"name": "note"}
  ]}]}"#;

const AT: usize = 0;
const KIND: usize = 1;
const OWNER: usize = 2;
const TENANT: usize = 3;
const APP: usize = 4;
/// The scan's start, behind all times of the model.
const NOW: i64 = 100;
/// Among them one that a header cannot carry, and an empty one, which servers drop from a list.
const TEXTS: [&str; 4] = ["a", "b", "ü", ""];
const APPS: [&str; 2] = ["p", "q"];

/// A condition with its operands in it.
#[derive(Debug, Clone)]
enum Cond {
    And(Vec<Self>),
    Or(Vec<Self>),
    Time(Op, Option<i64>),
    TimeIn(Vec<Option<i64>>),
    Text(usize, Option<&'static str>),
    TextIn(usize, Vec<Option<&'static str>>),
    Constant(Option<bool>),
    /// What is not known to any API: it stays local.
    Local,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    at: i64,
    texts: [&'static str; 3],
    app: &'static str,
}

impl Row {
    fn text(&self, column: usize) -> &'static str {
        if column == APP { self.app } else { self.texts[column - KIND] }
    }
}

impl Cond {
    /// What Postgres makes of it; `None` is NULL.
    fn holds(&self, row: &Row) -> Option<bool> {
        let any = |found: bool, null: bool| {
            if found {
                Some(true)
            } else if null {
                None
            } else {
                Some(false)
            }
        };
        match self {
            Self::And(parts) => {
                let fails = any(parts.iter().any(|p| p.holds(row) == Some(false)), parts.iter().any(|p| p.holds(row).is_none()));
                fails.map(|fails| !fails)
            }
            Self::Or(parts) => any(parts.iter().any(|p| p.holds(row) == Some(true)), parts.iter().any(|p| p.holds(row).is_none())),
            Self::Time(op, t) => t.map(|t| match op {
                Op::Eq => row.at == t,
                Op::Lt => row.at < t,
                Op::Le => row.at <= t,
                Op::Gt => row.at > t,
                Op::Ge => row.at >= t,
            }),
            Self::TimeIn(times) => any(times.contains(&Some(row.at)), times.contains(&None)),
            Self::Text(column, text) => text.map(|text| row.text(*column) == text),
            Self::TextIn(column, texts) => any(texts.contains(&Some(row.text(*column))), texts.contains(&None)),
            Self::Constant(value) => *value,
            // Whether a row satisfies it nobody knows: all of them must come.
            Self::Local => Some(true),
        }
    }

    /// As the plan has it, its operands put behind those that there are.
    fn planned(&self, operands: &mut Vec<Value>) -> Condition {
        let mut put = |value: Value| {
            operands.push(value);
            operands.len() - 1
        };
        let time = |t: &Option<i64>| t.map_or(Value::Null, Value::Time);
        let text = |text: &Option<&str>| text.map_or(Value::Null, |text| Value::Text(text.into()));
        match self {
            Self::And(parts) => Condition::And(parts.iter().map(|part| part.planned(operands)).collect()),
            Self::Or(parts) => Condition::Or(parts.iter().map(|part| part.planned(operands)).collect()),
            Self::Time(op, t) => Condition::Compare { column: AT, op: *op, operand: put(time(t)) },
            Self::TimeIn(times) => Condition::AnyOf { column: AT, operand: put(Value::List(times.iter().map(time).collect())) },
            Self::Text(column, value) => Condition::Compare { column: *column, op: Op::Eq, operand: put(text(value)) },
            Self::TextIn(column, values) => {
                Condition::AnyOf { column: *column, operand: put(Value::List(values.iter().map(text).collect())) }
            }
            Self::Constant(value) => {
                Condition::Constant { operand: put(value.map_or(Value::Null, |value| Value::Text(value.to_string()))) }
            }
            Self::Local => Condition::Compare { column: KIND, op: Op::Lt, operand: put(Value::Text("m".into())) },
        }
    }
}

/// Zones matter to what is made of a time, which is not drawn here.
struct NoZones;

impl Zones for NoZones {
    fn utc_offset(&self, _: Option<&str>, _: i64) -> Option<i64> {
        None
    }
}

fn condition() -> impl Strategy<Value = Cond> {
    let time = || prop::option::weighted(0.9, prop_oneof![6 => 0..40_i64, 1 => Just(i64::MIN), 1 => Just(i64::MAX)]);
    let op = prop::sample::select(vec![Op::Eq, Op::Lt, Op::Le, Op::Gt, Op::Ge]);
    let column = || prop::sample::select(vec![KIND, OWNER, TENANT, APP]);
    let text = || prop::option::weighted(0.9, prop::sample::select(TEXTS.iter().chain(&APPS).copied().collect::<Vec<_>>()));
    let leaf = prop_oneof![
        4 => (op, time()).prop_map(|(op, t)| Cond::Time(op, t)),
        1 => prop::collection::vec(time(), 0..4).prop_map(Cond::TimeIn),
        2 => (column(), text()).prop_map(|(column, text)| Cond::Text(column, text)),
        3 => (column(), prop::collection::vec(text(), 0..5)).prop_map(|(column, texts)| Cond::TextIn(column, texts)),
        1 => prop::option::of(any::<bool>()).prop_map(Cond::Constant),
        1 => Just(Cond::Local),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let parts = || prop::collection::vec(inner.clone(), 0..4);
        prop_oneof![parts().prop_map(Cond::And), parts().prop_map(Cond::Or)]
    })
}

/// Whether a slice asks for the row, and would keep it.
fn answers(table: &Table, slice: &Slice, row: &Row) -> bool {
    let in_window = slice.window.is_none_or(|window| window.lo <= row.at && row.at < window.hi);
    in_window
        && slice
            .values
            .iter()
            .all(|(column, values)| table.columns[*column].filter.is_none() || values.iter().any(|v| v == row.text(*column)))
}

proptest! {
    #![proptest_config(cases(4000, "slices"))]

    #[test]
    fn a_row_that_satisfies_the_condition_is_in_just_one_slice(cond in condition(), default in prop::bool::ANY) {
        let table = Source::read(DEFINITION).unwrap().tables[0].clone();
        let mut operands = Vec::new();
        let planned = cond.planned(&mut operands);
        let selection = planned.select(Some(AT), &operands, &NoZones);
        let parameters = if default { BTreeMap::from([(APP, "p".to_owned())]) } else { BTreeMap::new() };
        // A default stands in only where the query says nothing; where it says something that fixes nothing, the scan is refused.
        prop_assume!(!selection.is_nothing() || rows().all(|row| cond.holds(&row) != Some(true)));
        let refused = planned.references(APP) && !selection.values.contains_key(&APP);
        let sliced = match slices(&table, &selection, &Defaults { now: NOW, parameters, ..Defaults::default() }) {
            Ok(slices) => slices,
            Err(_) => {
                let unsendable = selection.values.get(&APP).is_some_and(|apps| apps.iter().any(String::is_empty));
                prop_assert!(unsendable || (!default && !selection.values.contains_key(&APP)), "refused without need");
                return Ok(());
            }
        };
        prop_assert!(sliced.iter().all(|slice| slice.values.get(&TENANT).is_none_or(|values| values.iter().all(|v| v.is_ascii()))));
        prop_assert!(sliced.iter().all(|slice| slice.values.get(&APP).is_some_and(|apps| apps.len() == 1)), "a path without its value");
        for row in rows().filter(|row| cond.holds(row) == Some(true)) {
            let count = sliced.iter().filter(|slice| answers(&table, slice, &row)).count();
            let is_of_default = selection.values.contains_key(&APP) || row.app == "p";
            prop_assert!(count == 1 || (count == 0 && (refused || !is_of_default)), "{:?} is in {} of {:?}", row, count, sliced);
        }
    }
}

/// Every row of the model.
fn rows() -> impl Iterator<Item = Row> {
    let texts = TEXTS.into_iter().flat_map(|kind| TEXTS.into_iter().map(move |owner| (kind, owner)));
    let texts = texts.flat_map(|(kind, owner)| ["a", "ü"].into_iter().map(move |tenant| [kind, owner, tenant]));
    texts.flat_map(|texts| APPS.into_iter().flat_map(move |app| (0..40).step_by(3).map(move |at| Row { at, texts, app })))
}
