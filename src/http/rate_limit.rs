//! The headers of a response → what the API says about its rate limit. Pure: headers and time are arguments.
//!
//! What must not be broken: an unreadable header is no advice, never an error and never an endless wait.

use std::time::{Duration, UNIX_EPOCH};

use reqwest::header::{DATE, HeaderMap};

/// The prefixes of the headers that count requests: by custom, by draft-ietf-httpapi-ratelimit-headers, and as Okta and X write
/// them.
const PREFIXES: [&str; 3] = ["x-ratelimit", "ratelimit", "x-rate-limit"];
/// A number from here on is a time in seconds since 1970, not a wait of thirty years.
const EPOCH: f64 = 1e9;
/// A number from here on is a time in milliseconds since 1970.
const EPOCH_MILLIS: f64 = 1e11;

/// What a response says about when to send again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Advice {
    /// How long to wait.
    pub wait: Option<Duration>,
    /// Whether the headers show that requests are refused for their number, whatever the status says.
    pub exhausted: bool,
}

impl Advice {
    /// Reads a response's headers. `now` is our clock, in seconds since the Unix epoch; the server's `Date` replaces it for
    /// times that the headers name.
    pub fn of(headers: &HeaderMap, now: u64) -> Self {
        let now = server_time(headers).unwrap_or(now);
        Self::read(|name| headers.get(name).and_then(|value| value.to_str().ok()), now)
    }

    fn read<'h>(header: impl Fn(&str) -> Option<&'h str>, now: u64) -> Self {
        let counted = |ending: &str| PREFIXES.iter().find_map(|prefix| header(&format!("{prefix}-{ending}")));
        let retry_after = header("retry-after").and_then(|text| time_until(text, now));
        let (remaining, reset) = header("ratelimit").map_or_else(|| (counted("remaining"), counted("reset")), structured);
        let remaining = remaining.and_then(|text| text.trim().parse::<f64>().ok());
        // If requests remain, another limit than the counted one refused this request, and the counted one's reset says
        // nothing.
        let reset = reset.filter(|_| remaining.is_none_or(|left| left < 1.0)).and_then(|text| time_until(text, now));
        Self { wait: retry_after.or(reset), exhausted: retry_after.is_some() || remaining.is_some_and(|left| left < 1.0) }
    }
}

/// The remaining requests and their reset, from the single header of the later drafts (`"burst";r=0;t=30, "day";r=900;t=3600`)
/// or of an earlier one (`limit=100, remaining=0, reset=30`). Of several limits the exhausted one counts.
fn structured(header: &str) -> (Option<&str>, Option<&str>) {
    let limits: Vec<&str> = if header.contains("remaining=") { vec![header] } else { header.split(',').collect() };
    let spent = limits.iter().map(|limit| one_limit(limit)).find(|(remaining, _)| *remaining == Some("0"));
    spent.unwrap_or_else(|| limits.first().map_or((None, None), |limit| one_limit(limit)))
}

/// The remaining requests and their reset, of one limit.
fn one_limit(text: &str) -> (Option<&str>, Option<&str>) {
    let members = || text.split([';', ',']).filter_map(|member| member.trim().split_once('='));
    let find = |names: [&str; 2]| members().find(|(name, _)| names.contains(name)).map(|(_, value)| value);
    (find(["r", "remaining"]), find(["t", "reset"]))
}

/// The server's own clock, in seconds since the Unix epoch.
pub(crate) fn server_time(headers: &HeaderMap) -> Option<u64> {
    let date = httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()?;
    date.duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs())
}

/// Reads `Retry-After` in both of its forms (RFC 9110 §10.2.3), and a reset, which may also be a time as a number. A time in
/// the past is no wait.
fn time_until(header: &str, now: u64) -> Option<Duration> {
    let header = header.trim();
    let seconds = match header.parse::<f64>().ok().filter(|number| number.is_finite()) {
        Some(number) if number >= EPOCH_MILLIS => number / 1000.0 - now as f64,
        Some(number) if number >= EPOCH => number - now as f64,
        Some(number) if number < 0.0 => return None,
        Some(number) => number,
        None => {
            let when = httpdate::parse_http_date(header).ok()?.duration_since(UNIX_EPOCH).ok()?.as_secs();
            return Some(Duration::from_secs(when.saturating_sub(now)));
        }
    };
    // A wait beyond what a duration holds is no advice.
    Duration::try_from_secs_f64(seconds.max(0.0)).ok()
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    const NOW: u64 = 1_790_000_000;

    fn advice(headers: &[(&str, &'static str)]) -> Advice {
        Advice::read(|name| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value), NOW)
    }

    fn wait(name: &str, value: &'static str) -> Option<u64> {
        advice(&[(name, value)]).wait.map(|wait| wait.as_secs())
    }

    #[test]
    fn retry_after_comes_in_two_forms() {
        assert_eq!(wait("retry-after", " 7 "), Some(7));
        assert_eq!(advice(&[("retry-after", "1.5")]).wait, Some(Duration::from_millis(1500)));
        let at = |header, now| time_until(header, now).map(|wait| wait.as_secs());
        assert_eq!(at("Fri, 31 Dec 1999 23:59:59 GMT", 946_684_790), Some(9));
        assert_eq!(at("Fri, 31 Dec 1999 23:59:59 GMT", 946_684_900), Some(0));
        for bad in ["", "soon", "-1", "NaN", "inf", "1e300"] {
            assert_eq!(wait("retry-after", bad), None, "{bad}");
        }
    }

    #[test]
    fn a_reset_is_a_number_of_seconds_or_a_moment() {
        for name in ["x-ratelimit-reset", "ratelimit-reset", "x-rate-limit-reset"] {
            assert_eq!(wait(name, "45"), Some(45), "{name}");
            assert_eq!(wait(name, "1790000090"), Some(90), "{name}");
            assert_eq!(wait(name, "1790000090.4"), Some(90), "{name}");
            assert_eq!(wait(name, "1790000090000"), Some(90), "{name}");
            assert_eq!(wait(name, "1789999999"), Some(0), "it is over");
        }
        assert_eq!(wait("x-ratelimit-limit", "45"), None);
    }

    #[test]
    fn one_header_may_say_it_all() {
        let spent = |seconds| Advice { wait: Some(Duration::from_secs(seconds)), exhausted: true };
        assert_eq!(advice(&[("ratelimit", r#""default";r=0;t=30"#)]), spent(30));
        assert_eq!(advice(&[("ratelimit", r#""day";r=900;t=3600, "burst";r=0;t=5"#)]), spent(5));
        assert_eq!(advice(&[("ratelimit", "limit=100, remaining=0, reset=40")]), spent(40));
        assert_eq!(advice(&[("ratelimit", r#""default";r=7;t=30"#)]), Advice::default());
        assert_eq!(advice(&[("ratelimit", "nonsense")]), Advice::default());
    }

    #[test]
    fn a_moment_is_one_of_the_servers_clock() {
        let headers = |date: Option<&'static str>| {
            let date = date.map(|date| (DATE, HeaderValue::from_static(date)));
            let reset = ("x-ratelimit-reset".parse().unwrap(), HeaderValue::from_static("1790000090"));
            HeaderMap::from_iter(date.into_iter().chain([reset]))
        };
        let wait = |date| Advice::of(&headers(date), NOW - 3600).wait.map(|wait| wait.as_secs());
        // 1,790,000,080 s since 1970.
        assert_eq!(wait(Some("Mon, 21 Sep 2026 14:14:40 GMT")), Some(10));
        assert_eq!(wait(None), Some(3690));
    }

    #[test]
    fn retry_after_goes_first_and_a_reset_counts_where_nothing_is_left() {
        let reset = ("x-ratelimit-reset", "90");
        assert_eq!(advice(&[("retry-after", "3"), reset]).wait, Some(Duration::from_secs(3)));
        let spent = Advice { wait: Some(Duration::from_secs(90)), exhausted: true };
        assert_eq!(advice(&[("x-ratelimit-remaining", "0"), reset]), spent);
        assert_eq!(advice(&[("x-ratelimit-remaining", "12"), reset]), Advice::default(), "another limit refused it");
    }

    #[test]
    fn what_refuses_for_the_number_of_requests_is_told_from_what_refuses_for_its_sender() {
        assert!(advice(&[("retry-after", "0")]).exhausted);
        assert!(advice(&[("ratelimit-remaining", " 0 ")]).exhausted);
        for others in [("ratelimit-remaining", "1"), ("x-ratelimit-reset", "90"), ("retry-after", "soon")] {
            assert!(!advice(&[others]).exhausted, "{others:?}");
        }
    }
}
