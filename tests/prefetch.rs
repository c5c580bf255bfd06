//! Requests that leave while the page before them is decoded, against a server whose answers change from time to time.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[path = "reading/spec.rs"]
mod spec;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::{Duration, Instant};

use restlog_fdw::http::authenticator::Authenticator;
use restlog_fdw::http::client::Connection;
use restlog_fdw::options::Settings;
use restlog_fdw::plan::slice::Slices;
use restlog_fdw::scan::decode::{PageColumn, Target, ValueSource};
use restlog_fdw::scan::spec::{Counting, ScanSpec};
use restlog_fdw::scan::stats::Stats;
use restlog_fdw::scan::stream::Stream;
use restlog_fdw::sources::{Form, Pointer, Source};

const DEFINITION: &str = r#"{"name": "own", "errors": [{"code": "/code", "throttled": ["busy"]}], "tables": [{
    "name": "e", "path": "/e", "records": "/items",
    "pagination": {"style": "cursor", "token": {"name": "k"}, "next": "/next", "total": "/total", "size": {"name": "n", "max": 9, "may_change": true}},
    "columns": [{"name": "id", "type": "bigint"}]}]}"#;

/// Answers these bodies one after another, and remembers what was asked.
fn serve(bodies: &'static [&'static str]) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    std::thread::spawn(move || {
        for body in bodies {
            let (mut connection, _) = listener.accept().unwrap();
            let mut lines = BufReader::new(connection.try_clone().unwrap()).lines();
            log.lock().unwrap().push(lines.next().unwrap().unwrap());
            while !lines.next().unwrap().unwrap().is_empty() {}
            write!(connection, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len()).unwrap();
        }
    });
    (url, asked)
}

/// How many records came, and what was asked for them.
fn read(bodies: &'static [&'static str], counting: Option<Counting>) -> (usize, Vec<String>) {
    let (url, asked) = serve(bodies);
    let source = Arc::new(Source::read(DEFINITION).unwrap());
    let settings = Settings::resolve(Some(&source), &[("base_url".into(), url), ("concurrency".into(), "1".into())], &[]).unwrap();
    let access = Authenticator::new(&source, settings.parameters.clone(), BTreeMap::new()).unwrap();
    let table = Arc::new(source.tables[0].clone());
    let id = PageColumn {
        name: "id".into(),
        from: ValueSource::Field(Pointer(vec!["id".into()])),
        target: Target::Integer(i64::MAX),
        form: Form::Plain,
    };
    let slices = Slices::of(vec![None], BTreeMap::new());
    let connection = Arc::new(Connection::new(&settings, access).unwrap());
    let spec = ScanSpec { page_sizes: (9, 9), counting, ..spec::plain(table, connection, slices, vec![id]) };
    let stats = Arc::new(Stats::default());
    let mut stream = Stream::start(spec, Arc::clone(&stats)).unwrap();
    let (started, mut rows) = (Instant::now(), 0);
    loop {
        match stream.try_next() {
            Poll::Ready(page) => match page.unwrap() {
                None => break,
                Some(page) => {
                    rows += page.rows();
                    stream.request_more(page.rows() > 0);
                }
            },
            Poll::Pending => {
                assert!(started.elapsed() < Duration::from_secs(20), "nothing came; asked {:?}", asked.lock().unwrap());
                std::thread::sleep(Duration::from_millis(2));
            }
        }
    }
    let asked = asked.lock().unwrap().iter().map(|line| line.split(' ').nth(1).unwrap().to_owned()).collect();
    (rows + stats.counted.get() as usize, asked)
}

#[test]
fn an_answer_that_is_taken_back_takes_its_next_request_along() {
    let bodies = &[
        r#"{"next": "k1", "items": [{"id": 1}], "code": "busy"}"#,
        r#"{"next": "k1", "items": [], "code": ""}"#,
        r#"{"next": "k2", "items": [{"id": 2}]}"#,
        r#"{"items": [{"id": 3}]}"#,
    ];
    let (rows, asked) = read(bodies, None);
    assert_eq!((rows, asked), (2, vec!["/e?n=9".into(), "/e?n=9".into(), "/e?n=9&k=k1".into(), "/e?n=9&k=k2".into()]));
}

#[test]
fn an_answer_that_throttles_is_asked_for_again() {
    let bodies = &[
        r#"{"next": "k1", "items": [{"id": 1}]}"#,
        r#"{"next": "k2", "items": [], "code": "busy"}"#,
        r#"{"next": "k2", "items": [{"id": 2}]}"#,
        r#"{"items": [{"id": 3}]}"#,
    ];
    let (rows, asked) = read(bodies, None);
    assert_eq!((rows, asked.len()), (3, 4), "{asked:?}");
}

#[test]
fn a_total_that_is_all_that_is_wanted_is_all_that_is_asked_for() {
    let by_total = Counting { by_total: true, checks: Vec::new() };
    let (rows, asked) = read(&[r#"{"total": 6, "next": "k1", "items": [{"id": 1}]}"#, "{}"], Some(by_total));
    assert_eq!((rows, asked), (6, vec!["/e?n=9".into()]));
}
