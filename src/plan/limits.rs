//! The expected time range and number of requests of a scan, and the refusal of more than is allowed.
//!
//! What must not be broken: a refusal is an error before the first request. No limit here makes a scan shorter (law 2).

use super::partition::{self, width};
use super::slice::Slices;
use super::window::{MINUS_INFINITY, Window};
use crate::error::{Error, ErrorKind, Result};

const DAY: f64 = 86_400_000_000.0;
/// How much changes of clocks can lengthen a range, in microseconds.
///
/// Clocks change by an hour, and near such a change a window may be an hour wider at both ends.
const CLOCKS: f64 = DAY / 8.0;

/// The length of all windows up to `now`, in microseconds, each window counted once whatever fans out. Infinite if a window has
/// no beginning, or if no time range is sent.
///
/// `now` shall be the query's own `now()`. The scan starts a little later, but "the last seven days" are not longer for that.
pub fn requested_span(slices: &Slices, now: i64) -> f64 {
    let length = |window: &Option<Window>| match window {
        None => f64::INFINITY,
        Some(window) if window.lo <= MINUS_INFINITY + 1 => f64::INFINITY,
        Some(window) if window.lo >= now => 0.0,
        Some(window) => width(window.until(now)),
    };
    slices.windows().iter().map(length).sum()
}

/// The number of requests that the slices are expected to take. `density` is the expected number of records per microsecond, up
/// to `now`, for each of the values that fan out; `page` is the records of a page.
pub fn expected_requests(slices: &Slices, now: i64, density: f64, page: u64) -> u64 {
    let pages = |window: Window| if window.lo >= now { 1.0 } else { partition::pages(density, window.until(now), page).ceil().max(1.0) };
    let of_each_value: f64 = slices.windows().iter().map(|window| window.map_or(1.0, pages)).sum();
    (of_each_value * slices.in_each_window() as f64) as u64
}

/// Refuses a time range longer than `max` microseconds. `requests` is the expected number of requests, for the error's detail.
pub fn check_window(slices: &Slices, now: i64, max: Option<i64>, requests: Option<u64>) -> Result<()> {
    let Some(max) = max else { return Ok(()) };
    let asked = requested_span(slices, now);
    if asked <= max as f64 + CLOCKS {
        return Ok(());
    }
    let asked = if asked.is_finite() { format!("a time range of {}", days(asked)) } else { "a time range without a beginning".to_owned() };
    Err(Error::new(ErrorKind::Throttled, format!("{asked} is longer than max_window, which is {}", days(max as f64)))
        .detail(expectation(requests))
        .hint("Narrow the time range, or raise the option max_window of the foreign table."))
}

/// Refuses a scan that is expected to take more than `max` requests; 0 is no limit.
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

    /// One slice for each range of days and each of `values` values.
    fn slices(days: &[(i64, i64)], values: usize) -> Slices {
        of(days.iter().map(|(from, to)| Some(Window { lo: from * ONE_DAY, hi: to * ONE_DAY })), values)
    }

    fn of(windows: impl IntoIterator<Item = Option<Window>>, values: usize) -> Slices {
        Slices::of(windows.into_iter().collect(), BTreeMap::new()).fanned_out(vec![(0, vec![String::new(); values])], Vec::new())
    }

    #[test]
    fn windows_count_once_whatever_fans_out() {
        assert_eq!(requested_span(&slices(&[(0, 2), (5, 6)], 2), i64::MAX), 3.0 * DAY);
        assert_eq!(requested_span(&slices(&[(0, 3), (5, 6)], 1), 2 * ONE_DAY), 2.0 * DAY, "what comes after now is not read");
        assert!(requested_span(&of([Some(Window { lo: MINUS_INFINITY, hi: 0 })], 1), i64::MAX).is_infinite());
        assert!(requested_span(&of([None], 1), i64::MAX).is_infinite(), "all of the log is asked for");
    }

    #[test]
    fn a_range_longer_than_the_table_allows_is_refused_with_what_was_expected() {
        let month = slices(&[(0, 31)], 1);
        assert!(check_window(&month, i64::MAX, Some(31 * ONE_DAY), None).is_ok() && check_window(&month, i64::MAX, None, None).is_ok());
        let refused = check_window(&month, i64::MAX, Some(ONE_DAY), Some(100)).unwrap_err();
        assert_eq!(refused.message(), "a time range of 31 days is longer than max_window, which is 1 day");
        assert_eq!(refused.get_detail().as_deref(), Some("100 requests were expected."));
    }

    #[test]
    fn what_is_expected_to_take_too_many_requests_is_refused() {
        let thousand_a_day = 1000.0 / DAY;
        let expected = expected_requests(&slices(&[(0, 31)], 2), 31 * ONE_DAY, thousand_a_day, 500);
        assert_eq!(expected, 124);
        let open = of([(0, 31 * ONE_DAY), (31 * ONE_DAY, i64::MAX)].map(|(lo, hi)| Some(Window { lo, hi })), 1);
        assert_eq!(expected_requests(&open, 31 * ONE_DAY, thousand_a_day, 500), 63, "what lies ahead is one request more");
        let million = of([None], 1_000_000);
        assert_eq!(expected_requests(&million, 0, thousand_a_day, 500), 1_000_000, "one for each value, none of which is looked at");
        assert!(
            check_requests(Some(expected), 124).is_ok() && check_requests(Some(expected), 0).is_ok() && check_requests(None, 1).is_ok()
        );
        assert!(check_requests(Some(expected), 123).unwrap_err().message().contains("124 requests, and may send 123"));
    }
}
