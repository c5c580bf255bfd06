//! Descriptions that are wrong in a way that is easy to make: each ends a scan with an error that says what to set, never with
//! a short answer.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod reader;

use lab::Simulator;
use reader::{NEXT_URL, OFFSET, OVERLAP, Style, Wish};
use restlog_fdw::error::{Error, ErrorKind};
use restlog_fdw::sources::{FullLastPage, NextUrl, PagingStyle, Pointer, Table};

fn pointer(text: &str) -> Pointer {
    Pointer(text.split('/').skip(1).map(str::to_owned).collect())
}

/// How many records came, and the requests that were sent for them.
fn read(style: Style, switches: &str, wish: (u64, bool), describe: impl FnOnce(&mut Table)) -> (Result<usize, Error>, usize) {
    let simulator = Simulator::start(([127, 0, 0, 1], 0)).unwrap();
    let wish = Wish {
        switches: format!("tag=evidence,{switches}"),
        options: vec![("concurrency", if wish.1 { "1" } else { "8" }.into())],
        size: wish.0,
        whole: wish.1,
    };
    let read = style.read_as(&simulator.url(), &wish, describe).map(|keys| keys.len());
    (read, simulator.requests("evidence").len())
}

fn refused(read: &Result<usize, Error>) -> String {
    let error = read.as_ref().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Shape, "{error:?}");
    format!("{} {} {}", error.message(), error.get_detail().unwrap_or_default(), error.get_hint().unwrap_or_default())
}

fn to_nowhere(table: &mut Table) {
    table.pagination.style = PagingStyle::NextUrl(NextUrl::Body(pointer("/links/nowhere")));
}

#[test]
fn a_next_page_that_is_looked_for_in_the_wrong_place_is_no_end() {
    let (read_all, requests) = read(NEXT_URL, "rows=47", (10, true), to_nowhere);
    let told = refused(&read_all);
    assert!(told.contains("names no next page, though there are more") && told.contains("\"/links/nowhere\"") && requests == 2, "{told}");
    let linked = |table: &mut Table| table.pagination.style = PagingStyle::NextUrl(NextUrl::LinkHeader);
    let told = refused(&read(NEXT_URL, "rows=47", (10, true), linked).0);
    assert!(told.contains("names no next page, though there are more") && told.contains("Link header"), "{told}");
    assert_eq!(read(NEXT_URL, "rows=47", (50, true), to_nowhere).0, Ok(47), "a page that is not full");
}

#[test]
fn windows_that_are_cut_and_pages_that_are_clamped_hide_no_missing_key() {
    for switches in ["rows=3100", "rows=3100,max_limit=20,over=clamp", "rows=6200,shape=burst", "rows=3100,ties=31"] {
        let told = refused(&read(NEXT_URL, switches, (100, false), to_nowhere).0);
        assert!(told.contains("names no next page"), "{switches}: {told}");
    }
    for switches in ["rows=3100", "rows=3100,max_limit=20,over=clamp"] {
        assert_eq!(read(NEXT_URL, switches, (100, false), |_| {}).0, Ok(3100), "{switches}");
    }
}

#[test]
fn a_description_says_what_a_full_page_proves() {
    let says = |what| move |table: &mut Table| table.pagination.full_last_page = what;
    let exact = |what| read(NEXT_URL, "rows=10", (10, true), says(what));
    assert_eq!(exact(FullLastPage::Check), (Ok(10), 2));
    assert_eq!(exact(FullLastPage::Accept), (Ok(10), 1));
    let (error, requests) = exact(FullLastPage::Error);
    let told = refused(&error);
    assert!(told.contains("nothing proves that it is the last") && told.contains("'missing_key'") && requests == 1, "{told}");
}

#[test]
fn a_total_that_named_pages_do_not_reach_is_an_error() {
    let as_named = |table: &mut Table| table.pagination.style = PagingStyle::NextUrl(NextUrl::Body(pointer("/next")));
    let told = refused(&read(OFFSET, "cases=47", (10, true), as_named).0);
    assert!(told.contains("says that there are 47 records, and its pages ended after 10"), "{told}");
    assert_eq!(read(OFFSET, "cases=9", (10, true), as_named).0, Ok(9));
}

#[test]
fn a_parameter_that_the_api_does_not_read_is_named() {
    let misspelled = |table: &mut Table| match &mut table.pagination.style {
        PagingStyle::Offset { place, .. } | PagingStyle::Number { place, .. } => place.name = "unread".to_owned(),
        _ => panic!("its pages are counted"),
    };
    for (style, rows) in [(OFFSET, "cases=47"), (OVERLAP, "tickets=47")] {
        for whole in [true, false] {
            for without_total in [false, true] {
                let describe = |table: &mut Table| {
                    misspelled(table);
                    if without_total {
                        table.pagination.total = None;
                        table.pagination.empty_page_ends = true;
                    }
                };
                let (read_all, requests) = read(style, rows, (10, whole), describe);
                let told = refused(&read_all);
                assert!(told.contains("the same page again") && told.contains("\"unread\""), "{}: {told}", style.name);
                // Eight pages are in flight when the second is seen to be the first, and each that ends makes room for another.
                assert!(requests <= 24, "{}: {requests} requests", style.name);
            }
        }
    }
}

#[test]
fn a_range_that_the_api_does_not_read_is_named() {
    for part in ["since", "until"] {
        let misspelled = |table: &mut Table| {
            let range = table.time_range.as_mut().unwrap();
            let place = if part == "since" { &mut range.from } else { &mut range.to };
            place.name = format!("un{part}");
        };
        let told = refused(&read(NEXT_URL, "rows=3100,start=2025-06-01,end=2026-08-01", (10, true), misspelled).0);
        assert!(told.contains("far outside") && told.contains(&format!("\"un{part}\"")) && told.contains("check their names"), "{told}");
    }
}
