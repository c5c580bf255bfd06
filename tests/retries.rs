//! Which requests are sent again and when, against a server that refuses as it is told.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on stops")]

mod reading;
mod server;

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use reading::{Reading, read, start};
use restlog_fdw::error::ErrorKind;
use restlog_fdw::sources::Source;

const DEFINITION: &str = r#"{"name": "own", "auth": [{"header": "X-Key", "value": "{api_key}"}], "tables": [{
    "name": "e", "path": "/e", "records": "/items",
    "pagination": {"style": "cursor", "token": {"name": "k"}, "next": "/next", "size": {"name": "n", "max": 9}},
    "columns": [{"name": "id", "type": "bigint"}]}]}"#;
/// A refusal that says no more.
const BUSY: &str = "429 Busy\r\n";
const WELL: &str = r#"{"items": [{"id": 1}]}"#;

fn source() -> Arc<Source> {
    Arc::new(Source::read(DEFINITION).unwrap())
}

/// Answers each of these heads once, the last one for ever; a head of 200 comes with a page, others repeat the key.
fn serve(heads: Vec<String>) -> String {
    let last = heads.last().unwrap().clone();
    let mut heads = heads.into_iter();
    server::serve(move |_, _| {
        let head = heads.next().unwrap_or_else(|| last.clone());
        let body = if head.starts_with("200") { WELL } else { "the key was s3cret" };
        (head.trim_end().to_owned(), body.to_owned())
    })
}

fn ask(heads: &[&str], options: &[(&str, &str)]) -> Reading {
    let url = serve(heads.iter().map(|head| (*head).to_owned()).collect());
    let mut all = vec![("base_url", url.as_str())];
    all.extend(options);
    let reading = read(&source(), &all, "s3cret");
    assert!(!format!("{reading:?}").contains("s3cret"), "{reading:?}");
    reading
}

fn moment(seconds: u64) -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + seconds
}

#[test]
fn throttling_without_advice_is_waited_out_whatever_max_retries_says() {
    let reading = ask(&[BUSY, BUSY, BUSY, BUSY, BUSY, "200 OK\r\n"], &[("max_retries", "1")]);
    assert_eq!((reading.rows, reading.requests), (Ok(1), 6));
}

#[test]
fn throttling_that_does_not_end_uses_up_the_budget_and_no_more() {
    let began = Instant::now();
    let reading = ask(&[BUSY], &[("max_retries", "0"), ("retry_budget", "1500ms")]);
    let took = began.elapsed();
    assert_eq!(reading.error().kind(), ErrorKind::Throttled);
    assert_eq!(reading.error().message(), "the API refuses further requests for now");
    assert!(took >= Duration::from_millis(1500) && took < Duration::from_secs(15), "{took:?}");
    assert!(reading.requests > 3, "{}", reading.requests);
}

#[test]
fn failures_of_the_server_are_bounded_by_max_retries() {
    for retries in [0, 2] {
        let reading = ask(&["500 Oops\r\n"], &[("max_retries", &retries.to_string())]);
        assert_eq!((reading.error().kind(), reading.requests), (ErrorKind::Unreachable, retries + 1));
    }
}

#[test]
fn a_403_with_the_headers_of_a_throttle_is_one() {
    let reset = format!("403 Forbidden\r\nX-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: {}\r\n", moment(2));
    for head in [&reset, "403 Forbidden\r\nRetry-After: 1\r\n", "403 Forbidden\r\nRateLimit-Remaining: 0\r\nRateLimit-Reset: 1\r\n"] {
        let began = Instant::now();
        let reading = ask(&[head, "200 OK\r\n"], &[("max_retries", "0")]);
        assert_eq!((&reading.rows, reading.requests), (&Ok(1), 2), "{head}");
        assert!(began.elapsed() >= Duration::from_millis(900), "{head}: {:?}", began.elapsed());
    }
    for head in ["403 Forbidden\r\n", "403 Forbidden\r\nX-RateLimit-Remaining: 7\r\nX-RateLimit-Reset: 1\r\n"] {
        let reading = ask(&[head, "200 OK\r\n"], &[]);
        assert_eq!((reading.error().kind(), reading.requests), (ErrorKind::Unauthorized, 1), "{head}");
    }
}

#[test]
fn an_api_that_wants_more_time_than_there_is_says_when_to_come_again() {
    let epoch = format!("429 Busy\r\nX-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: {}\r\n", moment(3600));
    for head in ["429 Busy\r\nRetry-After: 3600\r\n", &epoch, "503 Off\r\nRetry-After: 3600\r\n"] {
        let reading = ask(&[head], &[]);
        let message = reading.error().message().to_owned();
        let (until, seconds) = message.rsplit_once(" until ").unwrap().1.split_once(" UTC, in ").unwrap();
        assert!((3595..=3600).contains(&seconds.trim_end_matches(" s").parse::<u64>().unwrap()), "{message}");
        assert_eq!((until.len(), until.contains(':'), reading.requests), ("2026-11-24 13:00:00".len(), true, 1), "{message}");
    }
}

#[test]
fn a_wait_that_the_api_asks_for_ends_with_the_scan() {
    let url = serve(vec!["429 Busy\r\nRetry-After: 50\r\n".into()]);
    let (stream, stats) = start(&source(), &[("base_url", &url)], "s3cret").unwrap();
    let began = Instant::now();
    while stats.usage.retries.get() == 0 {
        assert!(began.elapsed() < Duration::from_secs(10), "50 s are within the budget");
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(stream);
    let dropped = Instant::now();
    while Arc::strong_count(&stats) > 1 {
        assert!(dropped.elapsed() < Duration::from_secs(5), "it still waits");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn an_unknown_host_is_asked_for_once_and_a_refused_connection_again() {
    // No label is that long: getaddrinfo says so without a name server, and for https TLS before it.
    let unknown = format!("http://{}.example", "x".repeat(64));
    for url in [unknown.clone(), unknown.replace("http", "https")] {
        let reading = read(&source(), &[("base_url", &url)], "s3cret");
        assert_eq!((reading.error().kind(), reading.requests), (ErrorKind::Unconnectable, 1), "{reading:?}");
        assert_eq!(reading.error().message(), "the host name of the API is unknown");
        assert!(!format!("{reading:?}").contains("xxx"));
    }
    let reading = read(&source(), &[("base_url", "http://127.0.0.1:1"), ("max_retries", "2")], "s3cret");
    assert_eq!((reading.error().kind(), reading.requests), (ErrorKind::Unreachable, 3));
    assert_eq!(reading.error().message(), "the API could not be reached");
    let reading = read(&source(), &[("base_url", "https://api.example"), ("proxy", "http://127.0.0.1:1"), ("max_retries", "0")], "s3cret");
    assert_eq!(reading.error().message(), "the proxy could not be reached");
}
