//! What a decoded page takes, for each byte of its body: an answer that is small on the wire must not fill a server's memory (law 8).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::io::Write;

use peak_alloc::PeakAlloc;
use restlog_fdw::options::OnInvalid;
use restlog_fdw::scan::decode::{Decoder, PageColumn, SliceRules, Target, ValueSource};
use restlog_fdw::scan::page::Page;
use restlog_fdw::sources::{Form, Pointer, Table, built_in};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// A body has at least so many bytes.
const BODY: usize = 2_000_000;
/// What a page may take for each byte of its body.
const MOST: f64 = 10.0;

/// A body of one record again and again.
fn body(record: &str) -> String {
    let records = vec![record; BODY / (record.len() + 1)].join(",");
    format!(r#"{{"result": [{records}], "pagination": {{"nextPageKey": null}}}}"#)
}

/// As many columns as a table can have; the first of them are each of another type.
fn columns() -> Vec<PageColumn> {
    const TYPES: [Target; 7] =
        [Target::Text, Target::Timestamptz, Target::Boolean, Target::Integer(i64::MAX), Target::Uuid, Target::Json, Target::Input];
    let column = |i: usize| PageColumn {
        name: format!("column {i}"),
        from: match i {
            1599 => ValueSource::Request(0),
            _ => ValueSource::Field(Pointer(vec![char::from_u32(0x61 + i as u32).unwrap().to_string()])),
        },
        target: TYPES[i % TYPES.len()],
        form: Form::Plain,
    };
    (0..1600).map(column).collect()
}

/// The most memory that reading a body took, for each of its bytes.
fn ratio(table: &Table, rules: &SliceRules, record: &str) -> f64 {
    let body = body(record);
    let decoder = Decoder::new(columns(), table, OnInvalid::Error, None);
    let page = Page::default().reset(decoder.width(), 1);
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let (page, decoded) = decoder.decode(rules, body.as_bytes(), page).unwrap();
    let peak = ALLOCATOR.peak_usage() - before;
    assert_eq!(decoded.facts.records as usize, BODY / (record.len() + 1));
    assert!(page.rows() == 0 || page.rows() as u64 == decoded.facts.records);
    peak as f64 / body.len() as f64
}

// One test alone: others in this process would count as well.
#[test]
fn a_page_takes_no_more_than_ten_times_its_body() {
    let source = built_in("tixngo").unwrap().unwrap();
    let table = source.table("ticket_status_logs").unwrap();
    let all = SliceRules::default();
    let none = SliceRules { recheck: vec![(0, vec!["nobody".to_owned()])], ..SliceRules::default() };
    let one = SliceRules { asked: [(0, "x".to_owned())].into(), ..SliceRules::default() };
    let mut worst = 0.0_f64;
    for (rules, what) in [(&all, "kept"), (&none, "dropped"), (&one, "with a value of the request")] {
        for record in [
            "{}",
            r#"{"a":1}"#,
            r#"{"a":"","b":"","c":true,"d":1,"e":"","f":[],"g":0}"#,
            r#"{"a":null,"b":null}"#,
            r#"{"a":"1234567890"}"#,
            r#"{"b":"2026-01-01T00:00:00Z","e":"00000000-0000-0000-0000-000000000000"}"#,
            r#"{"f":{"x":[1,2,{"y":"\u00e9"}]}}"#,
            r#"{"unknown":"a text that no column takes"}"#,
        ] {
            let ratio = ratio(table, rules, record);
            println!("{what}: {ratio:.1} times the body of {record}");
            worst = worst.max(ratio);
        }
        let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(100_000));
        worst = worst.max(ratio(table, rules, &long));
    }
    std::io::stderr().write_all(format!("figure: memory: a page takes at most {worst:.1} times its body\n").as_bytes()).unwrap();
    assert!(worst <= MOST, "{worst}");
}
