//! The work of reading a description, planning a scan and decoding a record grows with their size, not with its square; and a scan of
//! millions of chains makes none before its turn.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::time::{Duration, Instant};

use restlog_fdw::options::{Context, OnInvalid, Settings, validate};
use restlog_fdw::plan::condition::Condition;
use restlog_fdw::plan::limits::{check_requests, expected_requests};
use restlog_fdw::plan::scan_plan::{Pushdown, ScanPlan};
use restlog_fdw::plan::selection::Selection;
use restlog_fdw::plan::slicing::{Defaults, slices};
use restlog_fdw::plan::time_expr::Zones;
use restlog_fdw::plan::value::{Op, Value};
use restlog_fdw::plan::window::{Window, WindowSet};
use restlog_fdw::scan::decode::{Decoder, PageColumn, SliceRules, Target, ValueSource};
use restlog_fdw::scan::page::{CellState, Page};
use restlog_fdw::sources::{ColumnIndex, Form, Pointer, Source, Table};

/// Postgres has no table of more columns.
const MAX_COLUMNS: usize = 1600;
/// Ten times the size takes ten times as long, or a hundred times where the work grows with the square.
const MOST_FOR_TEN_TIMES: f64 = 40.0;
/// What is shorter than this is no measure.
const MEASURABLE: Duration = Duration::from_millis(2);

/// Prints how long work of 1,000, 10,000 and 100,000 takes, and holds the last two against each other: three times at most, because
/// others use the machine too. `prepare` makes the work of a size, and is not timed.
fn grows_with_its_size<W: FnOnce()>(name: &str, mut prepare: impl FnMut(usize) -> W) {
    let mut timed = |size: usize| {
        let work = prepare(size);
        let started = Instant::now();
        work();
        started.elapsed()
    };
    let mut ratios = Vec::new();
    while ratios.len() < 3 && ratios.iter().all(|ratio| *ratio >= MOST_FOR_TEN_TIMES) {
        let [thousand, ten, hundred] = [1_000, 10_000, 100_000].map(&mut timed);
        ratios.push(hundred.as_secs_f64() / ten.max(MEASURABLE).as_secs_f64());
        // Not by println!, which a test that passes keeps to itself.
        let line = format!("figure: linear: {name}: 1,000 in {thousand:.1?}, 10,000 in {ten:.1?}, 100,000 in {hundred:.1?}\n");
        std::io::stderr().write_all(line.as_bytes()).unwrap();
    }
    let is_linear = ratios.iter().any(|ratio| *ratio < MOST_FOR_TEN_TIMES);
    assert!(is_linear, "{name}: ten times the size takes so many times as long: {ratios:.0?}");
}

fn listed(count: usize, item: impl Fn(usize) -> String) -> String {
    (0..count).map(item).collect::<Vec<_>>().join(",")
}

/// A description of one table with a column of times, and further columns.
fn definition(columns: &str) -> String {
    format!(
        r#"{{"name": "own", "tables": [{{"name": "t", "path": "/t", "records": "/items",
            "pagination": {{"style": "cursor", "token": {{"name": "token"}}, "next": "/next", "size": {{"name": "size", "max": 9}}}},
            "time_range": {{"column": "at", "from": {{"name": "from"}}, "to": {{"name": "to"}}, "required": true}},
            "columns": [{{"name": "at", "type": "timestamptz"}}, {columns}]}}]}}"#
    )
}

/// So many columns, each with a filter of its own.
fn filtered(count: usize) -> String {
    definition(&listed(count, |i| format!(r#"{{"name": "column{i}", "filter": {{"name": "p{i}"}}}}"#)))
}

fn table(definition: &str) -> Table {
    Source::read(definition).unwrap().tables[0].clone()
}

fn equals(column: usize) -> Condition {
    Condition::Compare { column, op: Op::Eq, operand: column }
}

/// Zones matter to what is made of a time.
struct NoZones;

impl Zones for NoZones {
    fn utc_offset(&self, _: Option<&str>, _: i64) -> Option<i64> {
        None
    }
}

#[test]
fn columns_are_read() {
    grows_with_its_size("reading columns", |count| {
        let text = filtered(count);
        move || assert_eq!(Source::read(&text).unwrap().tables[0].columns.len(), count + 1)
    });
}

#[test]
fn faults_are_named_in_their_order() {
    grows_with_its_size("reading columns that are there twice", |count| {
        let columns = listed(count, |i| format!(r#"{{"name": "column{}", "filter": {{"name": "p{}"}}}}"#, i / 2, i / 2));
        let text = definition(&columns);
        move || {
            let refused = Source::read(&text).unwrap_err();
            let detail = refused.get_detail().unwrap();
            let faults: Vec<&str> = detail.lines().collect();
            assert_eq!(faults.len(), count);
            assert_eq!(faults[0], "/tables/0/columns/2/name: \"column0\" is there twice");
            assert_eq!(
                faults[count - 1].split(": ").last(),
                Some(&*format!("\"p{}\" in the query is taken by the column \"column{}\" already", count / 2 - 1, count / 2 - 1))
            );
        }
    });
}

#[test]
fn tables_parameters_and_error_rules_are_read() {
    grows_with_its_size("reading a tenth as many tables, parameters, credentials and rules", |count| {
        let count = count / 10;
        let text = format!(
            r#"{{"name": "own", "parameters": [{}], "auth": [{}], "headers": [{}], "errors": [{}], "tables": [{}]}}"#,
            listed(count, |i| format!(r#"{{"name": "parameter{i}", "default": "x"}}"#)),
            listed(count, |i| format!(r#"{{"header": "X-Auth-{i}", "value": "{{parameter{i}}}"}}"#)),
            listed(count, |i| format!(r#"{{"header": "X-Own-{i}", "value": "{{parameter{i}}}"}}"#)),
            listed(count, |i| format!(r#"{{"code": "/code{i}"}}"#)),
            listed(count, |i| format!(
                r#"{{"name": "t{i}", "path": "/t/{{p}}", "records": "", "pagination": {{"style": "link_header", "size": {{"name": "n", "max": 9}}}},
                    "columns": [{{"name": "p", "request": {{"option": "parameter{i}", "required": true}}, "filter": {{"in": "path", "name": "p"}}}}]}}"#
            ))
        );
        let options: Vec<(String, String)> =
            [("base_url".to_owned(), "https://api.example".to_owned()), ("definition".to_owned(), text.clone())]
                .into_iter()
                .chain((0..count).map(|i| (format!("parameter{i}"), "y".to_owned())))
                .collect();
        move || {
            let source = Source::read(&text).unwrap();
            let names: Vec<String> = source.parameters.iter().map(|parameter| parameter.name.clone()).collect();
            validate(Context::Server, &options, Some(&source), &names).unwrap();
            let settings = Settings::resolve(Some(&source), &options, &[]).unwrap();
            assert_eq!((source.tables.len(), settings.parameters.len()), (count, count));
        }
    });
}

#[test]
fn reading_can_be_ended() {
    let mut pauses = 0;
    Source::read_with(&filtered(1000), &mut || pauses += 1).unwrap();
    assert!(pauses > 2000, "once for each column, and for each filter");
}

#[test]
fn columns_of_a_foreign_table_find_theirs() {
    grows_with_its_size("binding the columns of a foreign table", |count| {
        let table = table(&filtered(count));
        move || {
            let index = ColumnIndex::new(&table);
            assert!((count.saturating_sub(MAX_COLUMNS)..count).all(|i| index.named(&format!("COLUMN_{i}")) == Some(i + 1)));
        }
    });
}

#[test]
fn conditions_are_planned() {
    grows_with_its_size("planning with a condition on each column, and an OR of all", |count| {
        let table = table(&filtered(count));
        move || {
            let all = (1..=count).map(equals);
            let mut plan = ScanPlan::default();
            let time = Condition::Compare { column: 0, op: Op::Ge, operand: 0 };
            let quals = [time, Condition::Or(all.clone().collect())].into_iter().chain(all);
            quals.enumerate().for_each(|(qual, condition)| plan.add(qual, &Pushdown::of(condition, true), 0));
            let plan = ScanPlan::from_json(&plan.to_json().unwrap()).unwrap();
            let defaults = Defaults::default();
            plan.check(&table, &defaults).unwrap();
            assert_eq!((plan.filters(&table).len(), plan.local.len(), plan.keeps_order(&table)), (count, 1, None));
            assert_eq!(plan.whole(count + 2, |condition| condition.is_about(0)), BTreeSet::from([0]));
            assert_eq!(plan.restricted_at_start(&plan.condition(), &[]).len(), count + 1);
            assert!(!plan.is_counted_by_total(&table, &defaults));
            assert!(plan.request_line(&table, &defaults, 9).len() > count);
        }
    });
}

#[test]
fn values_are_selected() {
    grows_with_its_size("selecting by a list, an OR of equalities and an AND of ranges", |count| {
        let mut operands: Vec<Value> = (0..count).map(|i| Value::Text(format!("{:06}", i % (count / 2)))).collect();
        let times = (0..count).map(|i| Value::Time(2 * i as i64)).collect();
        operands.extend([Value::List(operands.clone()), Value::List(times), Value::Time(2)]);
        let compare = |column, op, operand| Condition::Compare { column, op, operand };
        let mut parts = vec![
            Condition::AnyOf { column: 1, operand: count },
            Condition::Or((0..count).map(|operand| compare(1, Op::Eq, operand)).collect()),
            Condition::AnyOf { column: 0, operand: count + 1 },
            Condition::Or((0..count).map(|_| compare(0, Op::Ge, count + 2)).collect()),
        ];
        parts.extend((0..count).map(|_| compare(0, Op::Gt, count + 2)));
        move || {
            let selection = Condition::And(parts).select(Some(0), &operands, &NoZones);
            assert_eq!((selection.values[&1].len(), selection.windows.windows().len()), (count / 2, count - 2));
        }
    });
}

#[test]
fn windows_are_intersected() {
    grows_with_its_size("intersecting windows", |count| {
        let every = |step: i64, long: i64| WindowSet::of((0..count as i64).map(move |i| Window { lo: i * step, hi: i * step + long }));
        let (ours, theirs) = (every(10, 5), every(10, 9));
        move || assert_eq!(ours.intersect(&theirs), ours)
    });
}

#[test]
fn a_value_of_the_path_is_judged() {
    let text = definition(r#"{"name": "id", "request": {}, "filter": {"in": "header", "name": "X-Id"}}"#)
        .replace("\"/t\"", "\"/t/{id}\"")
        .replace(r#"{"in": "header", "name": "X-Id"}"#, r#"{"in": "path", "name": "id"}"#)
        .replace(r#""request": {}"#, r#""request": {"required": true}"#);
    let table = table(&text);
    grows_with_its_size("judging a value that is encoded again and again", |length| {
        let value = format!("a/%{}2e", "25".repeat(length));
        let selection = Selection { windows: WindowSet::of([Window { lo: 0, hi: 9 }]), values: BTreeMap::from([(1, vec![value])]) };
        let table = &table;
        move || assert!(slices(table, &selection, &Defaults::default()).unwrap_err().message().contains("cannot be asked for"))
    });
}

#[test]
fn two_long_lists_of_required_values_make_no_slice_before_its_turn() {
    let required = |name: &str| format!(r#"{{"name": "{name}", "request": {{"required": true}}, "filter": {{"name": "{name}"}}}}"#);
    let table = table(&definition(&[required("a"), required("b")].join(",")));
    let list: Vec<String> = (0..2000).map(|i| format!("{i:04}")).collect();
    let values = BTreeMap::from([(1, list.clone()), (2, list)]);
    let selection = Selection { windows: WindowSet::of([Window { lo: 0, hi: 9 }]), values };
    let slices = slices(&table, &selection, &Defaults::default()).unwrap();
    assert_eq!((slices.len(), slices.windows().len(), slices.in_each_window()), (4_000_000, 1, 4_000_000));
    let last = slices.get(3_999_999).unwrap();
    assert_eq!((&last.values[&1][0], &last.values[&2][0], slices.get(4_000_000)), (&"1999".to_owned(), &"1999".to_owned(), None));
    let expected = expected_requests(&slices, 9, 0.0, 9);
    assert_eq!(expected, 4_000_000);
    assert!(check_requests(Some(expected), 1000).is_err());
}

/// The columns of a foreign table, of which the last reads the record's last member.
fn columns(count: usize) -> Vec<PageColumn> {
    let field = |i: usize| ValueSource::Field(Pointer(vec![format!("column{i}")]));
    (0..count)
        .rev()
        .take(MAX_COLUMNS)
        .map(|i| PageColumn { name: format!("c{i}"), from: field(i), target: Target::Text, form: Form::Plain })
        .collect()
}

#[test]
fn records_of_many_members_are_decoded() {
    let table = table(&filtered(1));
    grows_with_its_size("decoding a record of so many members", |count| {
        let columns = columns(count);
        let width = columns.len();
        // The second record has its members in another order, so that no guess of the first helps.
        let record = |key: &dyn Fn(usize) -> usize| listed(count, |i| format!(r#""column{}":"{i}""#, key(i)));
        let body = format!(r#"{{"next":null,"items":[{{{}}},{{{}}}]}}"#, record(&|i| i), record(&|i| count - 1 - i));
        let table = &table;
        move || {
            let decoder = Decoder::new(columns, table, OnInvalid::Error, None);
            let (page, _) = decoder.decode(&SliceRules::default(), body.as_bytes(), Page::default().reset(width, 1)).unwrap();
            assert_eq!(page.rows(), 2);
            assert!((0..width).all(|column| page.cell(1, column).0 == CellState::Bytes));
        }
    });
}

#[test]
fn envelopes_are_searched_for_codes() {
    grows_with_its_size("looking for the codes of so many rules", |count| {
        let text = definition(r#"{"name": "x"}"#);
        let rules = listed(count, |i| format!(r#"{{"code": "/status/code{i}"}}"#));
        let table = table(&format!(r#"{{"errors": [{rules}], {}"#, &text[1..]));
        let codes = listed(count, |i| format!(r#""code{i}":null"#));
        let body = format!(r#"{{"next":null,"status":{{{codes}}},"items":[]}}"#);
        move || {
            let decoder = Decoder::new(Vec::new(), &table, OnInvalid::Error, None);
            assert!(decoder.decode(&SliceRules::default(), body.as_bytes(), Page::default()).is_ok());
        }
    });
}

#[test]
fn records_are_told_apart_by_long_lists() {
    let table = table(&filtered(1));
    grows_with_its_size("checking as many records against as many values", |count| {
        let body = format!(r#"{{"next":null,"items":[{}]}}"#, listed(count, |i| format!(r#"{{"column0":"{i}"}}"#)));
        let recheck = vec![(0, (0..count / 2).map(|i| i.to_string()).collect())];
        let table = &table;
        move || {
            let decoder = Decoder::new(columns(1), table, OnInvalid::Error, None);
            let rules = SliceRules { recheck, ..SliceRules::default() };
            let (page, decoded) = decoder.decode(&rules, body.as_bytes(), Page::default().reset(1, 1)).unwrap();
            assert_eq!((page.rows(), decoded.outside_slice), (count / 2, (count / 2) as u64));
        }
    });
}
