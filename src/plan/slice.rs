//! A selection → slices: independent chains of pages, one per window and per value of each fan-out key.

use std::collections::BTreeMap;

use super::selection::Selection;
use super::window::{INFINITY, MINUS_INFINITY, Window, WindowSet, is_unheard_of};
use crate::error::{Error, ErrorKind, Result};
use crate::sources::{Column, Origin, Part, Table};

/// More windows than this are read as one around them all: each costs at least a request.
pub(super) const MAX_WINDOWS: usize = 64;
/// More values than this of an optional one-value filter stay local, for the same reason.
const MAX_FAN_OUT: usize = 100;
/// Lists longer than this, percent-encoding not counted, stay local: servers refuse request lines beyond 8 kB.
const MAX_LIST_BYTES: usize = 4096;

/// One independent chain of pages.
#[derive(Debug, Clone, PartialEq)]
pub struct Slice {
    /// The times it answers for, if the table has a time range that is asked for.
    pub window: Option<Window>,
    /// Column → the values that the request carries.
    pub values: BTreeMap<usize, Vec<String>>,
    /// Columns whose value must be one of [`Slice::values`], or the row belongs to another slice: an API that ignores case
    /// would answer it to both.
    pub partition: Vec<usize>,
}

/// What slices need beside the conditions.
#[derive(Debug, Clone, Default)]
pub struct Defaults {
    /// Lower bound where the query has none.
    pub from: Option<i64>,
    /// The scan's start: the upper bound where the query has none (law 12).
    pub now: i64,
    /// Column → value from the options, for request parameters.
    pub parameters: BTreeMap<usize, String>,
}

/// The slices that together answer for the selection. None when nothing can match.
pub fn slices(table: &Table, selection: &Selection, defaults: &Defaults) -> Result<Vec<Slice>> {
    if selection.is_nothing() {
        return Ok(Vec::new());
    }
    let windows = windows(table, &selection.windows, defaults)?;
    if windows.is_empty() {
        return Ok(Vec::new());
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
        if filter.place.part == Part::Path
            && let Some(value) = values.iter().find(|v| matches!(v.as_str(), "" | "." | ".."))
        {
            return Err(unsendable(column, value));
        }
        let length = |value: &String| filter.place.name.len() + value.len() + 2;
        let fits = |bytes: usize| !carried || bytes <= MAX_LIST_BYTES;
        // A parameter that no row carries has one value for a whole slice, even where the API takes several.
        if values.len() == 1 || (filter.many && carried) {
            // Many servers drop an empty value from a list, and would then answer for the others only.
            let has_empty = values.len() > 1 && values.iter().any(String::is_empty);
            if fits(values.iter().map(length).sum()) && !has_empty {
                common.insert(index, values);
            }
        } else if !carried || (values.len() <= MAX_FAN_OUT && values.iter().all(|value| fits(length(value)))) {
            fans.push((index, values));
        }
    }
    // Two fanned-out filters multiply; the optional ones give way first, the largest before the others.
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
    let partition: Vec<usize> = fans.iter().map(|(index, _)| *index).filter(|index| is_carried(table, *index)).collect();
    let mut slices = Vec::new();
    for window in windows {
        let mut chains = vec![common.clone()];
        for (index, values) in &fans {
            chains = chains
                .into_iter()
                .flat_map(|chain| {
                    values.iter().map(move |value| {
                        let mut chain = chain.clone();
                        chain.insert(*index, vec![value.clone()]);
                        chain
                    })
                })
                .collect();
        }
        slices.extend(chains.into_iter().map(|values| Slice { window, values, partition: partition.clone() }));
    }
    Ok(slices)
}

fn is_carried(table: &Table, column: usize) -> bool {
    matches!(table.columns[column].origin, Origin::Field { .. })
}

fn windows(table: &Table, set: &WindowSet, defaults: &Defaults) -> Result<Vec<Option<Window>>> {
    let Some(range) = &table.time_range else { return Ok(vec![None]) };
    let mut windows = Vec::new();
    for window in set.windows() {
        let mut window = *window;
        if window.lo == MINUS_INFINITY {
            match defaults.from {
                Some(from) => window.lo = from,
                None if range.required => return Err(missing_lower_bound(&table.columns[range.column].name)),
                None => {}
            }
        }
        if window.hi == INFINITY {
            window.hi = defaults.now;
        }
        if !is_unheard_of(window) {
            windows.push(window);
        }
    }
    let set = WindowSet::of(windows);
    let set = if set.windows().len() > MAX_WINDOWS { set.hull() } else { set };
    Ok(set.windows().iter().copied().map(Some).collect())
}

/// The refusal of a value that would make another path of the path.
fn unsendable(column: &Column, value: &str) -> Error {
    Error::new(ErrorKind::OptionValue, format!("the value '{value}' of column \"{}\" cannot be asked for", column.name))
        .detail("It would stand in the request's path and change it.")
}

/// The refusal of a query without a lower bound; at plan time where the conditions' shape shows it, else at the scan's start.
pub fn missing_lower_bound(column: &str) -> Error {
    Error::new(ErrorKind::MissingQual, format!("a lower bound on column \"{column}\" is required"))
        .detail("The API answers for a time range only.")
        .hint(format!(
            "Add a condition such as {column} >= now() - interval '1 day', or set the table option default_from, such as '7 days'."
        ))
}

/// The refusal of a query without a request parameter that the API demands.
pub fn missing_parameter(table: &Table, column: &Column) -> Error {
    let option = match &column.origin {
        Origin::Request { option: Some(option), .. } => format!(", or set the option {option} of the server"),
        _ => String::new(),
    };
    Error::new(ErrorKind::MissingQual, format!("a value for column \"{}\" is required", column.name))
        .detail(format!("The API answers {} for one {} at a time.", table.path, column.name))
        .hint(format!("Add a condition such as {} = '…'{option}.", column.name))
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
    fn an_open_upper_bound_is_pinned_to_the_scan_start() {
        let s = slices(&table(), &selection(&[(5, INFINITY)], &[]), &defaults()).unwrap();
        assert_eq!(s[0].window, Some(Window { lo: 5, hi: 1000 }));
        assert!(slices(&table(), &selection(&[(2000, INFINITY)], &[]), &defaults()).unwrap().is_empty());
    }

    #[test]
    fn a_missing_lower_bound_is_refused_or_defaulted() {
        let open = selection(&[(MINUS_INFINITY, 50)], &[]);
        assert_eq!(slices(&table(), &open, &defaults()).unwrap_err().kind(), ErrorKind::MissingQual);
        let s = slices(&table(), &open, &Defaults { from: Some(7), ..defaults() }).unwrap();
        assert_eq!(s[0].window, Some(Window { lo: 7, hi: 50 }));
    }

    #[test]
    fn many_valued_filters_share_a_request_and_one_valued_ones_fan_out() {
        let s = slices(&table(), &selection(&[(0, 9)], &[("actionName", &["a", "b"]), ("actor", &["x", "y", "z"])]), &defaults()).unwrap();
        assert_eq!(s.len(), 3);
        assert!(s.iter().all(|s| s.values[&col("actionName")] == ["a", "b"] && s.partition == [col("actor")]));
        assert_eq!(s.iter().map(|s| s.values[&col("actor")][0].clone()).collect::<Vec<_>>(), ["x", "y", "z"]);
    }

    #[test]
    fn a_parameter_that_no_row_carries_comes_from_the_query_or_the_options_or_is_refused() {
        let s = slices(&table(), &selection(&[(0, 9)], &[("mobileAppId", &["p", "q"])]), &defaults()).unwrap();
        assert_eq!(s.len(), 2);
        assert!(s[0].partition.is_empty(), "there is no field to compare");
        assert_eq!(slices(&table(), &selection(&[(0, 9)], &[]), &defaults()).unwrap()[0].values[&col("mobileAppId")], ["app"]);
        let none = Defaults { parameters: BTreeMap::new(), ..defaults() };
        assert_eq!(slices(&table(), &selection(&[(0, 9)], &[]), &none).unwrap_err().kind(), ErrorKind::MissingQual);
    }

    #[test]
    fn what_would_take_too_many_or_too_long_requests_stays_local() {
        let long: Vec<String> = (0..MAX_FAN_OUT + 1).map(|i| format!("v{i:050}")).collect();
        let refs: Vec<&str> = long.iter().map(String::as_str).collect();
        let s = slices(&table(), &selection(&[(0, 9)], &[("actor", &refs), ("actionName", &refs)]), &defaults()).unwrap();
        assert_eq!(s.len(), 1);
        assert!(!s[0].values.contains_key(&col("actor")) && !s[0].values.contains_key(&col("actionName")));
        let twenty: Vec<&str> = refs[..20].to_vec();
        let s = slices(&table(), &selection(&[(0, 9)], &[("actor", &twenty), ("fromOwnerId", &twenty)]), &defaults()).unwrap();
        assert_eq!(s.len(), 20, "20 × 20 chains are too many, one of the two stays local");
        let short: Vec<String> = (0..2000).map(|i| format!("{i}")).collect();
        let short: Vec<&str> = short.iter().map(String::as_str).collect();
        let s = slices(&table(), &selection(&[(0, 9)], &[("actionName", &short)]), &defaults()).unwrap();
        assert!(!s[0].values.contains_key(&col("actionName")), "the parameter's name counts as well");
        let s = slices(&table(), &selection(&[(0, 9)], &[("actionName", &["", "X"])]), &defaults()).unwrap();
        assert!(!s[0].values.contains_key(&col("actionName")), "many servers drop an empty value from a list");
        let points: Vec<(i64, i64)> = (0..MAX_WINDOWS as i64 + 1).map(|i| (i * 10, i * 10 + 1)).collect();
        let s = slices(&table(), &selection(&points, &[]), &defaults()).unwrap();
        assert_eq!(s.iter().map(|s| s.window).collect::<Vec<_>>(), [Some(Window { lo: 0, hi: 641 })]);
    }
}
