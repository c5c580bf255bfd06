//! Pages that are counted, of APIs that give other sizes than they are asked for, whose lists move, or whose totals stop counting.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on stops")]

mod reading;
mod server;

use std::io::Write;
use std::sync::{Arc, Mutex};

use reading::{Reading, read};
use restlog_fdw::error::ErrorKind;
use restlog_fdw::sources::Source;

/// How the pages of a list are counted.
const STYLES: [&str; 2] = ["page_number", "offset"];

fn source(style: &str) -> Arc<Source> {
    let definition = format!(
        r#"{{"name": "own", "auth": [{{"header": "X-Key", "value": "{{api_key}}"}}], "tables": [{{
        "name": "e", "path": "/e", "records": "/items",
        "pagination": {{"style": "{style}", "token": {{"name": "page"}}, "total": "/total", "size": {{"name": "size", "max": 100}}}},
        "columns": [{{"name": "id", "type": "bigint"}}]}}]}}"#
    );
    Arc::new(Source::read(&definition).unwrap())
}

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

/// A list, and what is wrong with it.
#[derive(Debug, Clone, Copy)]
struct List {
    style: &'static str,
    records: u64,
    sizes: Sizes,
    /// The request at which it has moved by one record.
    moves: Option<u64>,
    /// Where its total stops counting.
    cap: u64,
    /// The parameter that says where a page begins.
    place: &'static str,
}

impl List {
    fn new(records: u64, sizes: Sizes) -> Self {
        Self { style: "page_number", records, sizes, moves: None, cap: u64::MAX, place: "page" }
    }

    /// Reads it to its end.
    fn read(self) -> (Reading, Vec<String>) {
        let (url, asked) = self.serve();
        let reading = read(&source(self.style), &[("base_url", &url)], "s3cret");
        let asked = asked.lock().unwrap().clone();
        (reading, asked)
    }

    fn serve(self) -> (String, Arc<Mutex<Vec<String>>>) {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        let url = server::serve(move |_, asked| {
            let number = {
                let mut seen = seen.lock().unwrap();
                seen.push(asked.target.clone());
                seen.len() as u64
            };
            self.answer(&asked.target, number)
        });
        (url, asked)
    }

    fn answer(self, target: &str, number: u64) -> (String, String) {
        let value = |name: &str| target.split(['?', '&']).find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')?.parse::<u64>().ok());
        let is_offset = self.style == "offset";
        let place = value(self.place).unwrap_or(u64::from(!is_offset));
        let Some(size) = self.sizes.given(value("size").unwrap()) else { return ("400 Bad Request".to_owned(), "{}".to_owned()) };
        let begin = if is_offset { place } else { (place - 1) * size };
        let begin = (begin + u64::from(self.moves.is_some_and(|at| number >= at))).min(self.records);
        let items: Vec<_> = (begin..(begin + size).min(self.records)).map(|id| format!("{{\"id\": {id}}}")).collect();
        ("200 OK".to_owned(), format!("{{\"items\": [{}], \"total\": {}}}", items.join(","), self.records.min(self.cap)))
    }
}

#[test]
fn every_api_is_read_to_its_end_whatever_it_makes_of_sizes() {
    for (sizes, most) in [
        (Sizes::AsAsked, 13),
        (Sizes::AtMost(40), 33),
        (Sizes::Always(50), 22),
        (Sizes::Always(7), 147),
        (Sizes::Only(100), 13),
        (Sizes::Rounded, 13),
    ] {
        for records in [0, 1, 2, 49, 50, 99, 100, 101, 150, 1001, 1002] {
            let (reading, asked) = List::new(records, sizes).read();
            assert_eq!(reading.rows, Ok(records as usize), "{sizes:?}: {asked:?}");
            assert!(asked.len() <= most, "{sizes:?}, {records}: {} requests", asked.len());
        }
    }
}

#[test]
fn a_list_that_moves_while_its_total_stays_is_an_error() {
    // Where the second page would have as many records, whatever its size, it takes one request more.
    for (at, records, requests) in (2..11).map(|at| (at, 1001, at)).chain([(2, 199, 3), (2, 150, 3), (2, 101, 3)]) {
        let (reading, asked) = List { moves: Some(at), ..List::new(records, Sizes::AsAsked) }.read();
        let error = reading.error();
        assert_eq!((error.kind(), error.message()), (ErrorKind::Shape, "records moved while they were read"), "{at}: {asked:?}");
        assert_eq!(reading.requests, requests, "it is seen at once");
    }
}

#[test]
fn a_parameter_that_the_api_does_not_read_is_named_whatever_it_makes_of_sizes() {
    for style in STYLES {
        for sizes in [Sizes::AsAsked, Sizes::AtMost(40), Sizes::Always(50), Sizes::Only(100), Sizes::Rounded] {
            for records in [199, 1001] {
                let (reading, asked) = List { style, place: "unread", ..List::new(records, sizes) }.read();
                // Offsets overlap by a record, which an API that takes one size only never gives as it is asked for.
                let is_named = reading.error().get_detail().unwrap().contains("the parameter \"page\"");
                assert!(
                    is_named || (style == "offset" && matches!(sizes, Sizes::Only(_))),
                    "{style}, {sizes:?}: {:?}, {asked:?}",
                    reading.error()
                );
            }
        }
    }
}

#[test]
fn a_total_that_stops_counting_is_no_end() {
    let (mut right, mut refused) = (0, 0);
    for style in STYLES {
        for sizes in [Sizes::AsAsked, Sizes::AtMost(25), Sizes::Always(50)] {
            for cap in [100, 150, 500, 1_000, 1_234, 10_000] {
                for more in [0, 1, 50, 777] {
                    let list = List { style, cap, ..List::new(cap + more, sizes) };
                    let (reading, asked) = list.read();
                    match reading.rows {
                        Ok(rows) if rows as u64 == list.records => right += 1,
                        Err(error) if more > 0 && error.message() == "the API has more records than it says" => refused += 1,
                        other => panic!("{list:?}: {other:?}, {} requests", asked.len()),
                    }
                }
            }
        }
    }
    let figure = format!("figure: totals that stop counting: {right} right, {refused} refused\n");
    // Past the test harness, which shows no output of what passes.
    std::io::stderr().write_all(figure.as_bytes()).unwrap();
    assert_eq!((right, refused), (36, 108));
}
