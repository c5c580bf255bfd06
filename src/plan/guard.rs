//! What a scan is expected to ask for, and the refusal of more than a table allows.

use super::slice::Slice;
use super::split::{self, width};
use super::window::{MINUS_INFINITY, Window};
use crate::error::{Error, ErrorKind, Result};

const DAY: f64 = 86_400_000_000.0;
/// What changes of clocks make of a range, at most.
const CLOCKS: f64 = DAY / 8.0;

/// The length of all windows that slices of a table with a time range ask for, each once and up to `now`; infinite where one has no
/// beginning, or where no range is asked for.
///
/// The query's own `now()` shall be given: the scan starts a little later, and "the last seven days" are not longer for that.
pub fn asked_micros(slices: &[Slice], now: i64) -> f64 {
    if slices.iter().any(|slice| slice.window.is_none()) {
        return f64::INFINITY;
    }
    let mut windows: Vec<Window> = slices.iter().filter_map(|slice| slice.window).collect();
    windows.sort_unstable();
    windows.dedup();
    let length = |window: Window| match window.lo {
        lo if lo <= MINUS_INFINITY + 1 => f64::INFINITY,
        lo if lo >= now => 0.0,
        _ => width(window.until(now)),
    };
    windows.into_iter().map(length).sum()
}

/// How many requests they take, where so many records a microsecond are expected up to `now` for each of the values that fan out.
pub fn expected_requests(slices: &[Slice], now: i64, density: f64, page: u64) -> u64 {
    let pages = |window: Window| if window.lo >= now { 1.0 } else { split::pages(density, window.until(now), page).ceil().max(1.0) };
    let pages = |slice: &Slice| slice.window.map_or(1.0, pages);
    slices.iter().map(pages).sum::<f64>() as u64
}

/// Refuses a time range that is longer than `max`.
pub fn check_window(slices: &[Slice], now: i64, max: Option<i64>, requests: Option<u64>) -> Result<()> {
    let Some(max) = max else { return Ok(()) };
    let asked = asked_micros(slices, now);
    // Clocks are changed by an hour, and near that a window may be asked for an hour wider on both sides.
    if asked <= max as f64 + CLOCKS {
        return Ok(());
    }
    let asked = if asked.is_finite() { format!("a time range of {}", days(asked)) } else { "a time range without a beginning".to_owned() };
    Err(Error::new(ErrorKind::Throttled, format!("{asked} is longer than max_window, which is {}", days(max as f64)))
        .detail(expectation(requests))
        .hint("Narrow the time range, or raise the option max_window of the foreign table."))
}

/// Refuses what is expected to take more than `max` requests; 0 is no limit.
pub fn check_requests(requests: Option<u64>, max: u64) -> Result<()> {
    match requests {
        Some(expected) if max > 0 && expected > max => {
            Err(Error::new(ErrorKind::Throttled, format!("the scan is expected to need {expected} requests, and may send {max}"))
                .hint("Ask for a smaller time range, or raise the setting restlog_fdw.max_requests."))
        }
        _ => Ok(()),
    }
}

fn expectation(requests: Option<u64>) -> String {
    match requests {
        Some(1) => "1 request was expected.".to_owned(),
        Some(requests) => format!("{requests} requests were expected."),
        None => "Nothing is known yet of how many requests it would take.".to_owned(),
    }
}

fn days(micros: f64) -> String {
    let days = (micros / DAY * 100.0).round() / 100.0;
    if days == 1.0 { "1 day".to_owned() } else { format!("{days} days") }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const ONE_DAY: i64 = 86_400_000_000;

    fn slices(windows: &[(i64, i64)]) -> Vec<Slice> {
        let slice = |(from, to): &(i64, i64)| Slice {
            window: Some(Window { lo: from * ONE_DAY, hi: to * ONE_DAY }),
            values: BTreeMap::new(),
            partition: Vec::new(),
        };
        windows.iter().map(slice).collect()
    }

    #[test]
    fn windows_count_once_whatever_fans_out() {
        assert_eq!(asked_micros(&slices(&[(0, 2), (0, 2), (5, 6)]), i64::MAX), 3.0 * DAY);
        assert_eq!(asked_micros(&slices(&[(0, 3), (5, 6)]), 2 * ONE_DAY), 2.0 * DAY, "what comes after now is not read");
        let open = Slice { window: Some(Window { lo: MINUS_INFINITY, hi: 0 }), ..slices(&[(0, 1)])[0].clone() };
        assert!(asked_micros(&[open], i64::MAX).is_infinite());
        let none = Slice { window: None, ..slices(&[(0, 1)])[0].clone() };
        assert!(asked_micros(&[none], i64::MAX).is_infinite(), "all of the log is asked for");
    }

    #[test]
    fn a_range_longer_than_the_table_allows_is_refused_with_what_was_expected() {
        let month = slices(&[(0, 31)]);
        assert!(check_window(&month, i64::MAX, Some(31 * ONE_DAY), None).is_ok() && check_window(&month, i64::MAX, None, None).is_ok());
        let refused = check_window(&month, i64::MAX, Some(ONE_DAY), Some(100)).unwrap_err();
        assert_eq!(refused.message(), "a time range of 31 days is longer than max_window, which is 1 day");
        assert_eq!(refused.get_detail(), Some("100 requests were expected."));
    }

    #[test]
    fn what_is_expected_to_take_too_many_requests_is_refused() {
        let thousand_a_day = 1000.0 / DAY;
        let expected = expected_requests(&slices(&[(0, 31), (0, 31)]), 31 * ONE_DAY, thousand_a_day, 500);
        assert_eq!(expected, 124);
        let open =
            [slices(&[(0, 31)]), vec![Slice { window: Some(Window { lo: 31 * ONE_DAY, hi: i64::MAX }), ..slices(&[(0, 1)])[0].clone() }]];
        assert_eq!(expected_requests(&open.concat(), 31 * ONE_DAY, thousand_a_day, 500), 63, "what lies ahead is one request more");
        assert!(
            check_requests(Some(expected), 124).is_ok() && check_requests(Some(expected), 0).is_ok() && check_requests(None, 1).is_ok()
        );
        assert!(check_requests(Some(expected), 123).unwrap_err().message().contains("124 requests, and may send 123"));
    }
}
