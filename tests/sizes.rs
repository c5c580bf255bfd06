//! Numbered pages are asked for in sizes that differ, so that they overlap: an API that has pages of one size only is read too.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on stops")]

mod reading;

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use reading::read;
use restlog_fdw::error::ErrorKind;
use restlog_fdw::sources::Source;

const DEFINITION: &str = r#"{"name": "own", "auth": [{"header": "X-Key", "value": "{api_key}"}], "tables": [{
    "name": "e", "path": "/e", "records": "/items",
    "pagination": {"style": "page_number", "token": {"name": "page"}, "total": "/total", "size": {"name": "size", "max": 100}},
    "columns": [{"name": "id", "type": "bigint"}]}]}"#;

/// What the API makes of a size.
#[derive(Debug, Clone, Copy)]
enum Sizes {
    AsAsked,
    /// The largest page.
    AtMost(u64),
    /// The size of every page, whatever is asked for.
    Always(u64),
    /// The only size that is not refused.
    Only(u64),
    /// Rounded up to the next of ten, twenty, fifty and a hundred.
    Rounded,
}

impl Sizes {
    fn given(self, asked: u64) -> Option<u64> {
        match self {
            Self::AsAsked => Some(asked),
            Self::AtMost(most) => Some(asked.min(most)),
            Self::Always(size) => Some(size),
            Self::Only(size) => (asked == size).then_some(size),
            Self::Rounded => [10, 20, 50, 100].into_iter().find(|size| *size >= asked),
        }
    }
}

/// A list of so many records. `moves` is the page of which the list has moved by one when it is asked for, with the total that it had.
fn serve(records: u64, sizes: Sizes, moves: Option<u64>) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    std::thread::spawn(move || {
        loop {
            let (connection, _) = listener.accept().unwrap();
            let mut lines = BufReader::new(connection.try_clone().unwrap()).lines();
            let first = lines.next().unwrap().unwrap();
            while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
            let target = first.split(' ').nth(1).unwrap().to_owned();
            let value = |name: &str| {
                target.split(['?', '&']).find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')?.parse::<u64>().ok()).unwrap()
            };
            let (page, size) = (value("page"), sizes.given(value("size")));
            let moved = u64::from(moves.is_some_and(|at| seen.lock().unwrap().len() as u64 + 1 >= at));
            seen.lock().unwrap().push(target.clone());
            answer(connection, records, size.map(|size| ((page - 1) * size + moved, size)));
        }
    });
    (url, asked)
}

fn answer(mut connection: TcpStream, total: u64, page: Option<(u64, u64)>) {
    let (head, body) = match page {
        None => ("400 Bad Request", "{}".to_owned()),
        Some((begin, size)) => {
            let items: Vec<_> = (begin.min(total)..(begin + size).min(total)).map(|id| format!("{{\"id\": {id}}}")).collect();
            ("200 OK", format!("{{\"items\": [{}], \"total\": {total}}}", items.join(",")))
        }
    };
    // A client that is gone needs no answer.
    let _ = write!(connection, "HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
}

#[test]
fn every_api_is_read_to_its_end_whatever_it_makes_of_sizes() {
    let source = Arc::new(Source::read(DEFINITION).unwrap());
    for (sizes, most) in [
        (Sizes::AsAsked, 13),
        (Sizes::AtMost(40), 33),
        (Sizes::Always(50), 22),
        (Sizes::Always(7), 147),
        (Sizes::Only(100), 13),
        (Sizes::Rounded, 13),
    ] {
        for records in [0, 1, 2, 49, 50, 99, 100, 101, 150, 1001, 1002] {
            let (url, asked) = serve(records, sizes, None);
            let reading = read(&source, &[("base_url", &url)], "s3cret");
            let asked = asked.lock().unwrap();
            assert_eq!(reading.rows, Ok(records as usize), "{sizes:?}: {asked:?}");
            assert!(asked.len() <= most, "{sizes:?}, {records}: {} requests", asked.len());
        }
    }
}

#[test]
fn a_list_that_moves_while_its_total_stays_is_an_error() {
    let source = Arc::new(Source::read(DEFINITION).unwrap());
    // Where the second page would have as many records, whatever its size, it takes one request more.
    for (at, records, requests) in (2..11).map(|at| (at, 1001, at)).chain([(2, 199, 3), (2, 150, 3), (2, 101, 3)]) {
        let (url, asked) = serve(records, Sizes::AsAsked, Some(at));
        let reading = read(&source, &[("base_url", &url)], "s3cret");
        assert_eq!(
            (reading.error().kind(), reading.error().message()),
            (ErrorKind::Shape, "records moved while they were read"),
            "{at}: {:?}",
            asked.lock().unwrap()
        );
        assert_eq!(reading.requests, requests, "it is seen at once");
    }
}
