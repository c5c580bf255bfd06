//! A selection → slices: independent chains of pages, one per window and per value of each column that fans out.
//!
//! What must not be broken: the slices together hold all of the selection (law 1); each row belongs to one slice only; and a
//! default stands in only for a condition that the query does not have (law 13). A filter that cannot be sent stays local if
//! records carry its column, else the query is refused.

use std::collections::BTreeMap;

use super::carry;
use super::request::MAX_SHOWN;
use super::selection::Selection;
use super::slice::Slices;
use super::window::{INFINITY, MINUS_INFINITY, Window, WindowSet, floor_to, is_unrepresentable, whole_seconds};
use crate::error::{Error, ErrorKind, Result};
use crate::sources::{Column, Origin, Place, Table};

/// More windows than this are read as one window around them all, because each window costs at least a request.
pub(super) const MAX_WINDOWS: usize = 64;
/// The most combinations of optional values that fan out. Beyond it a filter stays local, because each combination costs at
/// least a request.
const MAX_FAN_OUT: usize = 100;
/// Longer lists, percent-encoding not counted, stay local: servers refuse request lines beyond 8 kB.
const MAX_LIST_BYTES: usize = 4096;

/// The values that stand in for conditions the query does not have, and the scan's start.
#[derive(Debug, Clone, Default)]
pub struct Defaults {
    /// The lower bound if the query does not restrict the time, in microseconds since 2000.
    pub from: Option<i64>,
    /// The scan's start, in microseconds since 2000. If the query has no upper bound, later times are a window of their own
    /// (law 12).
    pub now: i64,
    /// Column → value from the options, for request parameters that the query does not restrict.
    pub parameters: BTreeMap<usize, String>,
}

/// A default that stands in for a condition which the query does not have (law 13).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StandIn {
    /// The table option `default_from` is the lower bound.
    From(i64),
    /// An option gives the value of a request parameter.
    Parameter {
        /// The option.
        option: String,
        /// The description's column.
        column: usize,
        /// The value.
        value: String,
    },
}

impl Defaults {
    /// The defaults that may stand in. A column that the query `restricts` in any way has none, because rows that its condition
    /// selects could lie outside the default (law 13).
    #[must_use]
    pub fn unless(mut self, table: &Table, restricts: impl Fn(usize) -> bool) -> Self {
        if table.time_range.as_ref().is_some_and(|range| restricts(range.column)) {
            self.from = None;
        }
        self.parameters.retain(|column, _| !restricts(*column));
        self
    }

    /// The defaults that stand in for what a selection leaves open.
    pub fn standing_in(&self, table: &Table, selection: &Selection) -> Vec<StandIn> {
        let is_open = selection.windows.windows().first().is_some_and(|window| window.lo == MINUS_INFINITY);
        let from = self.from.filter(|_| is_open && table.time_range.is_some()).map(StandIn::From);
        let parameter = |(column, value): (&usize, &String)| match &table.columns[*column].origin {
            Origin::Request { option: Some(option), .. } if !selection.values.contains_key(column) => {
                Some(StandIn::Parameter { option: option.clone(), column: *column, value: value.clone() })
            }
            _ => None,
        };
        from.into_iter().chain(self.parameters.iter().filter_map(parameter)).collect()
    }
}

/// The slices that together answer for the selection; none if no row can match.
///
/// Errors: [`ErrorKind::MissingQual`], if a required time range or parameter is missing; [`ErrorKind::OptionValue`], if the
/// request cannot carry a value.
pub fn slices(table: &Table, selection: &Selection, defaults: &Defaults) -> Result<Slices> {
    if selection.is_nothing() {
        return Ok(Slices::default());
    }
    let windows = windows(table, &selection.windows, defaults)?;
    if windows.is_empty() {
        return Ok(Slices::default());
    }
    let mut common = BTreeMap::new();
    let mut fans: Vec<(usize, Vec<String>)> = Vec::new();
    for (index, column) in table.columns.iter().enumerate() {
        let Some(filter) = &column.filter else { continue };
        let given = selection.values.get(&index).cloned();
        let (required, carried) = match &column.origin {
            Origin::Field { .. } => (false, true),
            Origin::Request { required, .. } => (*required, false),
        };
        let values = match given.or_else(|| defaults.parameters.get(&index).map(|v| vec![v.clone()])) {
            Some(values) => values,
            None if required => return Err(missing_parameter(table, column)),
            None => continue,
        };
        let refusal = |value: &String| carry::refusal(filter.place.part, filter.many, value).map(|reason| (value.clone(), reason));
        match values.iter().find_map(refusal) {
            // Records carry the value, so Postgres compares it. The API need not know it.
            Some(_) if carried => continue,
            Some((value, reason)) => return Err(unsendable(column, &filter.place, &value, reason)),
            None => {}
        }
        let length = |value: &String| filter.place.name.len() + value.len() + 2;
        let fits = |bytes: usize| !carried || bytes <= MAX_LIST_BYTES;
        // If records do not carry the value, each slice has one value to label its rows with, even if the API takes several.
        if values.len() == 1 || (filter.many && carried) {
            // Many servers drop an empty value from a list, and would then return records of the other values only.
            let has_empty = values.len() > 1 && values.iter().any(String::is_empty);
            if fits(values.iter().map(length).sum()) && !has_empty {
                common.insert(index, values);
            }
        } else if !carried || (values.len() <= MAX_FAN_OUT && values.iter().all(|value| fits(length(value)))) {
            fans.push((index, values));
        }
    }
    give_way(table, &mut fans);
    let recheck_columns = fans.iter().map(|(index, _)| *index).filter(|index| is_carried(table, *index)).collect();
    Ok(Slices::of(windows, common).fanned_out(fans, recheck_columns))
}

/// Drops optional filters while the fans multiply to too many combinations, those with the most values first. Required ones
/// always stay.
fn give_way(table: &Table, fans: &mut Vec<(usize, Vec<String>)>) {
    fans.sort_by_key(|(index, values)| (is_carried(table, *index), values.len()));
    let mut product = 1usize;
    fans.retain(|(index, values)| {
        let next = product.saturating_mul(values.len());
        let keep = !is_carried(table, *index) || next <= MAX_FAN_OUT;
        if keep {
            product = next;
        }
        keep
    });
}

fn is_carried(table: &Table, column: usize) -> bool {
    matches!(table.columns[column].origin, Origin::Field { .. })
}

/// The windows to ask for; `None` is a request without a time range.
///
/// If the query has no upper bound, records that arrive meanwhile would shift counted pages. What is later than the scan's
/// start is then a window of its own, read last (law 12). Pages found by a key do not shift, so their window stays open.
fn windows(table: &Table, set: &WindowSet, defaults: &Defaults) -> Result<Vec<Option<Window>>> {
    let Some(range) = &table.time_range else { return Ok(vec![None]) };
    if *set == WindowSet::all() && defaults.from.is_none() && !range.required {
        // Records without a time are rows too, and a range would leave them out (law 12).
        return Ok(vec![None]);
    }
    let mut windows = Vec::new();
    for window in set.windows() {
        let mut window = *window;
        if window.lo == MINUS_INFINITY {
            match defaults.from {
                Some(from) => window.lo = from,
                None if range.required => return Err(missing_lower_bound(table)),
                None => {}
            }
        }
        if !is_unrepresentable(window) {
            windows.push(window);
        }
    }
    let set = WindowSet::of(windows);
    let set = if set.windows().len() > MAX_WINDOWS { set.hull() } else { set };
    let mut windows = set.windows().to_vec();
    let start = floor_to(defaults.now, whole_seconds(range.unit));
    if let Some(last) = windows.last_mut().filter(|last| last.hi == INFINITY && last.lo < start)
        && !table.pagination.style.is_keyed()
    {
        last.hi = start;
        windows.push(Window { lo: start, hi: INFINITY });
    }
    Ok(windows.into_iter().map(Some).collect())
}

/// The refusal of a value that its part of the request cannot carry.
fn unsendable(column: &Column, place: &Place, value: &str, reason: &str) -> Error {
    let mut shown: String = value.chars().take(MAX_SHOWN).flat_map(escaped).collect();
    if value.chars().nth(MAX_SHOWN).is_some() {
        shown.push('…');
    }
    Error::new(ErrorKind::OptionValue, format!("the value '{shown}' of column \"{}\" cannot be asked for", column.name)).detail(format!(
        "The API takes it as \"{}\" in the {}, and {reason}.",
        place.name,
        place.part.as_str()
    ))
}

/// Writes a control character as Rust and SQL's `E'…'` do, so that the error stays on one line.
fn escaped(c: char) -> impl Iterator<Item = char> {
    let (control, plain) = if c.is_control() { (Some(c.escape_default()), None) } else { (None, Some(c)) };
    control.into_iter().flatten().chain(plain)
}

/// The refusal of a query without a lower bound. It comes at planning if the conditions' shape shows it, else at the scan's
/// start. The message itself says what to do, because some drivers show nothing else.
pub fn missing_lower_bound(table: &Table) -> Error {
    let column = table.time_range.as_ref().map_or("", |range| table.columns[range.column].name.as_str());
    let example = format!("{column} >= now() - interval '1 day'");
    Error::new(ErrorKind::MissingQual, format!("\"{}\" needs a lower bound on \"{column}\", such as {example}", table.name))
        .detail("The API answers for a time range only.")
        .hint(format!(
            "Add a condition such as {example}. The table option default_from, such as '7 days', stands in where a query says nothing of {column}."
        ))
}

/// The refusal of a query whose condition on the time gives no lower bound: `default_from` could hide rows that the condition
/// selects (law 13).
pub fn default_would_hide(table: &Table) -> Error {
    let column = table.time_range.as_ref().map_or("", |range| table.columns[range.column].name.as_str());
    missing_lower_bound(table).detail(format!(
        "The query has a condition on {column} from which no lower bound follows: default_from does not stand in, it could hide rows that the condition asks for."
    ))
}

/// The refusal of a query without a request parameter that the API demands.
pub fn missing_parameter(table: &Table, column: &Column) -> Error {
    let name = &column.name;
    let option = match &column.origin {
        Origin::Request { option: Some(option), .. } => {
            format!(" The option {option} of the server stands in where a query says nothing of {name}.")
        }
        _ => String::new(),
    };
    Error::new(ErrorKind::MissingQual, format!("\"{}\" needs a value for \"{name}\", such as {name} = '…'", table.name))
        .detail(format!("The API answers {} for one {name} at a time.", table.path))
        .hint(format!("Add a condition such as {name} = '…': only =, IN, = ANY and joins by = give a value.{option}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::{Part, built_in};

    fn table() -> Table {
        built_in("tixngo").unwrap().unwrap().tables[0].clone()
    }

    fn col(name: &str) -> usize {
        table().column(name).unwrap()
    }

    fn defaults() -> Defaults {
        Defaults { from: None, now: 1000, parameters: BTreeMap::from([(col("mobileAppId"), "app".into())]) }
    }

    fn selection(windows: &[(i64, i64)], values: &[(&str, &[&str])]) -> Selection {
        Selection {
            windows: WindowSet::of(windows.iter().map(|(lo, hi)| Window { lo: *lo, hi: *hi })),
            values: values.iter().map(|(c, v)| (col(c), v.iter().map(|s| s.to_string()).collect())).collect(),
        }
    }

    #[test]
    fn what_is_later_than_the_scans_start_is_asked_for_last() {
        let windows = |table: &Table, from: i64| {
            let slices = slices(table, &selection(&[(from, INFINITY)], &[]), &defaults()).unwrap();
            slices.iter().map(|slice| slice.window.map(|window| (window.lo, window.hi))).collect::<Vec<_>>()
        };
        assert_eq!(windows(&table(), 5), [Some((5, INFINITY))], "a key finds the next page whatever arrives");
        let counted = built_in("viviot").unwrap().unwrap().tables[0].clone();
        let open = Selection { windows: WindowSet::of([Window { lo: 5, hi: INFINITY }]), ..Selection::all() };
        let slices = slices(&counted, &open, &Defaults { now: 3_500_000, ..Defaults::default() }).unwrap();
        let both: Vec<_> = slices.iter().map(|slice| slice.window.unwrap()).collect();
        assert_eq!(both, [Window { lo: 5, hi: 3_000_000 }, Window { lo: 3_000_000, hi: INFINITY }], "they meet on a whole second");
        assert_eq!(windows(&table(), 2000), [Some((2000, INFINITY))], "planned events");
    }

    #[test]
    fn a_query_that_says_nothing_of_the_time_sends_no_range_where_none_is_demanded() {
        let optional = built_in("viviot").unwrap().unwrap().tables[0].clone();
        let ask =
            |from: Option<i64>| slices(&optional, &Selection::all(), &Defaults { from, now: 3_500_000, ..Defaults::default() }).unwrap();
        assert_eq!(ask(None).iter().map(|slice| slice.window).collect::<Vec<_>>(), [None]);
        assert_eq!(ask(Some(7)).windows()[0], Some(Window { lo: 7, hi: 3_000_000 }));
    }

    #[test]
    fn a_default_stands_in_only_for_what_the_query_does_not_restrict() {
        let (range, app) = (table().time_range.unwrap().column, col("mobileAppId"));
        let all = Defaults { from: Some(7), ..defaults() };
        let without = |column: usize| all.clone().unless(&table(), |c| c == column);
        assert_eq!((without(range).from, without(app).from), (None, Some(7)));
        assert!(without(app).parameters.is_empty() && !without(range).parameters.is_empty());
        let standing_in = |selection: &Selection| all.standing_in(&table(), selection);
        let value = StandIn::Parameter { option: "mobile_app_id".into(), column: app, value: "app".into() };
        assert_eq!(standing_in(&Selection::all()), [StandIn::From(7), value.clone()]);
        assert_eq!(standing_in(&selection(&[(5, 9)], &[])), [value]);
        assert_eq!(standing_in(&selection(&[(5, 9)], &[("mobileAppId", &["p"])])), []);
    }

    #[test]
    fn a_missing_lower_bound_is_refused_or_defaulted() {
        let open = selection(&[(MINUS_INFINITY, 50)], &[]);
        assert_eq!(slices(&table(), &open, &defaults()).unwrap_err().kind(), ErrorKind::MissingQual);
        let s = slices(&table(), &open, &Defaults { from: Some(7), ..defaults() }).unwrap();
        assert_eq!(s.windows()[0], Some(Window { lo: 7, hi: 50 }));
    }

    #[test]
    fn many_valued_filters_share_a_request_and_one_valued_ones_fan_out() {
        let s = slices(&table(), &selection(&[(0, 9)], &[("actionName", &["a", "b"]), ("actor", &["x", "y", "z"])]), &defaults()).unwrap();
        assert_eq!(s.len(), 3);
        assert!(s.iter().all(|s| s.values[&col("actionName")] == ["a", "b"] && s.recheck_columns == [col("actor")]));
        assert_eq!(s.iter().map(|s| s.values[&col("actor")][0].clone()).collect::<Vec<_>>(), ["x", "y", "z"]);
    }

    #[test]
    fn a_parameter_that_no_row_carries_comes_from_the_query_or_the_options_or_is_refused() {
        let s = slices(&table(), &selection(&[(0, 9)], &[("mobileAppId", &["p", "q"])]), &defaults()).unwrap();
        assert_eq!(s.len(), 2);
        assert!(s.get(0).unwrap().recheck_columns.is_empty(), "there is no field to compare");
        assert_eq!(slices(&table(), &selection(&[(0, 9)], &[]), &defaults()).unwrap().get(0).unwrap().values[&col("mobileAppId")], ["app"]);
        let none = Defaults { parameters: BTreeMap::new(), ..defaults() };
        assert_eq!(slices(&table(), &selection(&[(0, 9)], &[]), &none).unwrap_err().kind(), ErrorKind::MissingQual);
    }

    #[test]
    fn what_its_place_cannot_carry_is_refused_or_stays_local() {
        let mut table = table();
        for (column, part) in [("mobileAppId", Part::Path), ("actor", Part::Header), ("actionName", Part::Header)] {
            table.columns[col(column)].filter.as_mut().unwrap().place.part = part;
        }
        let ask = |column: &str, values: &[&str]| slices(&table, &selection(&[(0, 9)], &[(column, values)]), &defaults());
        let refused = ask("mobileAppId", &["fine", "a/.\t./b"]);
        assert!(refused.is_ok_and(|slices| slices.len() == 2), "a tab makes it another step");
        let error = ask("mobileAppId", &["fine", "a\n/../b"]).unwrap_err();
        assert_eq!(error.message(), "the value 'a\\n/../b' of column \"mobileAppId\" cannot be asked for");
        assert!(error.get_detail().unwrap().starts_with("The API takes it as \"mobileAppId\" in the path, and "), "{error}");
        assert!(ask("mobileAppId", &[&"/".repeat(99)]).unwrap_err().message().contains("/…' of"));
        let sent = |column: &str, values: &[&str]| ask(column, values).unwrap().iter().all(|slice| slice.values.contains_key(&col(column)));
        assert!(sent("actor", &["a, b"]) && !sent("actor", &["ü"]) && !sent("actor", &["x", "y\n"]));
        assert!(sent("actionName", &["a", "b"]) && !sent("actionName", &["a, b"]));
    }

    #[test]
    fn what_would_take_too_many_or_too_long_requests_stays_local() {
        let long: Vec<String> = (0..MAX_FAN_OUT + 1).map(|i| format!("v{i:050}")).collect();
        let refs: Vec<&str> = long.iter().map(String::as_str).collect();
        let s = slices(&table(), &selection(&[(0, 9)], &[("actor", &refs), ("actionName", &refs)]), &defaults()).unwrap();
        assert_eq!(s.len(), 1);
        assert!(!s.carry(col("actor")) && !s.carry(col("actionName")));
        let twenty: Vec<&str> = refs[..20].to_vec();
        let s = slices(&table(), &selection(&[(0, 9)], &[("actor", &twenty), ("fromOwnerId", &twenty)]), &defaults()).unwrap();
        assert_eq!(s.len(), 20, "20 × 20 chains are too many, one of the two stays local");
        let short: Vec<String> = (0..2000).map(|i| format!("{i}")).collect();
        let short: Vec<&str> = short.iter().map(String::as_str).collect();
        let s = slices(&table(), &selection(&[(0, 9)], &[("actionName", &short)]), &defaults()).unwrap();
        assert!(!s.carry(col("actionName")), "the parameter's name counts as well");
        let s = slices(&table(), &selection(&[(0, 9)], &[("actionName", &["", "X"])]), &defaults()).unwrap();
        assert!(!s.carry(col("actionName")), "many servers drop an empty value from a list");
        let points: Vec<(i64, i64)> = (0..MAX_WINDOWS as i64 + 1).map(|i| (i * 10, i * 10 + 1)).collect();
        let s = slices(&table(), &selection(&points, &[]), &defaults()).unwrap();
        assert_eq!(s.iter().map(|s| s.window).collect::<Vec<_>>(), [Some(Window { lo: 0, hi: 641 })]);
    }
}
