//! `Retry-After`, in seconds or as a date, and what a retry makes of it.

use std::time::{Duration, UNIX_EPOCH};

use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};
use restlog_fdw::http::rate_limit::Advice;
use restlog_fdw::http::retry::{RetryClass, RetryPolicy};

use super::engine::{Target, fuzz};
use super::mutate::Kind;

const WORDS: &[&str] = &[
    "0",
    "7",
    "60",
    "18446744073709551615",
    "18446744073709551616",
    "-1",
    "1.5",
    "1e3",
    " ",
    "\t",
    "+",
    "GMT",
    "UTC",
    "Fri, 31 Dec 1999 23:59:59 GMT",
    "Friday, 31-Dec-99 23:59:59 GMT",
    "Fri Dec 31 23:59:59 1999",
    "Jan",
    "Feb",
    "29",
    "9999",
    "24:00:00",
    ":60",
];
/// When the answers come, in seconds since 1970.
const NOW: u64 = 946_684_790;
const BUDGET: Duration = Duration::from_secs(60);

fn check(input: &[u8]) -> Result<String, String> {
    let Ok(text) = std::str::from_utf8(input) else { return Ok("not a header".into()) };
    let Ok(header) = HeaderValue::from_str(text) else { return Ok("not a header".into()) };
    let wait = Advice::of(&HeaderMap::from_iter([(RETRY_AFTER, header.clone())]), NOW).wait;
    // A header's text is visible ASCII; of any other nothing is read.
    let text = header.to_str().unwrap_or_default().trim();
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let expected = match (text.parse::<f64>(), httpdate::parse_http_date(text)) {
        // Seconds, or a moment in seconds or milliseconds since 1970.
        (Ok(number), _) if number.is_finite() && number >= 0.0 => {
            let seconds = if number >= 1e11 {
                number / 1000.0 - NOW as f64
            } else if number >= 1e9 {
                number - NOW as f64
            } else {
                number
            };
            Duration::try_from_secs_f64(seconds.max(0.0)).ok()
        }
        (Ok(number), _) if number.is_finite() => None,
        // A date that is over asks for no wait; one before 1970 is none.
        (_, Ok(date)) => date.duration_since(UNIX_EPOCH).ok().map(|date| Duration::from_secs(date.as_secs().saturating_sub(NOW))),
        _ => None,
    };
    if wait != expected {
        return Err(format!("it was read as {wait:?}, and is {expected:?}"));
    }
    let policy = RetryPolicy { max_retries: 3, budget: BUDGET };
    for waited in [Duration::ZERO, Duration::from_secs(59), Duration::MAX / 2] {
        let next = policy.next_wait(RetryClass::Throttled(wait), 1, waited, 0.5);
        if next.is_some_and(|next| waited.saturating_add(next) > BUDGET) {
            return Err(format!("after {waited:?} it waits for {next:?}"));
        }
    }
    Ok(match (wait, is_number) {
        (None, _) => "none".into(),
        (Some(wait), number) => format!("a wait, number {number}, at once {}, long {}", wait.is_zero(), wait > BUDGET),
    })
}

#[test]
fn retry_after_headers() {
    fuzz(&Target { name: "retry_after", kind: Kind::Bytes, words: WORDS, check }, "a wait");
}
