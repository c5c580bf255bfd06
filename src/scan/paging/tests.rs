use super::*;
use crate::sources::{PageSize, Part, Place, Pointer, built_in};

fn place() -> Place {
    Place { part: Part::Query, name: "p".into() }
}

fn cursor() -> Pager {
    Pager::new(built_in("tixngo").unwrap().unwrap().tables[0].pagination.clone())
}

fn counted(style: PagingStyle, total: bool, empty_page_ends: bool) -> Pager {
    let size = PageSize { place: place(), max: 50, may_change: false };
    Pager::new(Pagination { style, size, total: total.then(Pointer::default), empty_page_ends })
}

fn offset(max: Option<u64>, overlap: bool, total: bool) -> Pager {
    counted(PagingStyle::Offset { place: place(), max, overlap }, total, !total)
}

fn page(records: u64, next: Option<&str>) -> PageFacts {
    PageFacts { records, next: next.map(str::to_owned), ..PageFacts::default() }
}

fn of_total(records: u64, total: u64) -> PageFacts {
    PageFacts { records, total: Some(total), ..PageFacts::default() }
}

fn between(records: u64, first: u64, last: u64) -> PageFacts {
    PageFacts { records, ends: Some((first, last)), ..PageFacts::default() }
}

fn refused(pager: &mut Pager, facts: &PageFacts) -> String {
    let error = pager.advance(facts).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Shape);
    error.message().to_owned()
}

#[test]
fn a_missing_or_empty_key_ends_the_chain_whatever_the_page_held() {
    for records in [0, 5] {
        assert_eq!(cursor().advance(&page(records, None)), Ok(false));
        assert_eq!(cursor().advance(&page(records, Some(""))), Ok(false));
    }
}

#[test]
fn an_empty_page_with_a_new_key_is_not_the_end() {
    let mut p = cursor();
    assert_eq!(p.advance(&page(0, Some("a"))), Ok(true));
    assert_eq!(*p.token(), PageToken::Cursor("a".into()));
    assert_eq!(p.advance(&page(3, Some("b"))), Ok(true));
}

#[test]
fn an_empty_page_with_the_key_just_used_is_a_bookmark_where_declared() {
    let mut p = cursor();
    assert_eq!(p.advance(&page(3, Some("a"))), Ok(true));
    assert_eq!(p.advance(&page(0, Some("a"))), Ok(false));
    let mut strict = cursor();
    let PagingStyle::Cursor { bookmark, .. } = &mut strict.pagination.style else { panic!("TIXNGO pages by cursor") };
    *bookmark = false;
    assert_eq!(strict.advance(&page(3, Some("a"))), Ok(true));
    refused(&mut strict, &page(0, Some("a")));
}

#[test]
fn a_key_seen_before_is_an_error_also_when_others_came_between() {
    let mut p = cursor();
    assert_eq!(p.advance(&page(1, Some("a"))), Ok(true));
    assert_eq!(p.advance(&page(1, Some("b"))), Ok(true));
    refused(&mut p, &page(1, Some("a")));
    let mut p = cursor();
    assert_eq!(p.advance(&page(1, Some("a"))), Ok(true));
    refused(&mut p, &page(1, Some("a")));
}

#[test]
fn a_hundred_empty_pages_in_a_row_are_an_error() {
    let mut p = cursor();
    for i in 1..MAX_EMPTY_PAGES {
        assert_eq!(p.advance(&page(0, Some(&format!("k{i}")))), Ok(true));
    }
    refused(&mut p, &page(0, Some("last")));
}

#[test]
fn next_addresses_are_followed_and_never_twice() {
    let mut p = counted(PagingStyle::NextUrl(crate::sources::NextUrl::LinkHeader), false, false);
    assert_eq!(p.advance(&page(2, Some("/x?page=2"))), Ok(true));
    assert_eq!(*p.token(), PageToken::Url("/x?page=2".into()));
    refused(&mut p, &page(2, Some("/x?page=2")));
    assert_eq!(counted(PagingStyle::NextUrl(crate::sources::NextUrl::LinkHeader), false, false).advance(&page(2, None)), Ok(false));
}

#[test]
fn a_total_reached_is_the_end_and_a_short_page_is_not() {
    let mut p = offset(None, false, true);
    assert_eq!(p.advance(&of_total(50, 120)), Ok(true));
    assert_eq!(*p.token(), PageToken::Offset(50));
    assert_eq!(p.advance(&of_total(20, 120)), Ok(true), "clamped: the next page begins after what came");
    assert_eq!(*p.token(), PageToken::Offset(70));
    assert_eq!(p.advance(&of_total(50, 120)), Ok(false));
    assert_eq!(offset(None, false, true).advance(&of_total(0, 0)), Ok(false));
}

#[test]
fn page_numbers_count_up_from_the_first() {
    let mut p = counted(PagingStyle::Number { place: place(), first: 1 }, true, false);
    assert_eq!(p.advance(&of_total(50, 101)), Ok(true));
    assert_eq!(*p.token(), PageToken::Page(2));
    assert_eq!(p.advance(&of_total(50, 101)), Ok(true));
    assert_eq!(*p.token(), PageToken::Page(3));
    assert_eq!(p.advance(&of_total(1, 101)), Ok(false));
}

#[test]
fn a_total_that_moves_or_is_not_reached_or_is_missing_is_an_error() {
    for second in [of_total(50, 121), of_total(0, 120), of_total(90, 120), page(50, None)] {
        let mut p = offset(None, false, true);
        assert_eq!(p.advance(&of_total(50, 120)), Ok(true));
        refused(&mut p, &second);
    }
    refused(&mut offset(None, false, true), &page(0, None));
}

#[test]
fn a_total_where_counting_is_known_to_stop_is_not_believed_without_one_page_more() {
    let at_cap = || {
        let mut p = offset(None, false, true);
        assert_eq!(p.advance(&of_total(10_000, 10_000)), Ok(true));
        assert_eq!(*p.token(), PageToken::Offset(10_000));
        p
    };
    assert_eq!(at_cap().advance(&of_total(0, 10_000)), Ok(false), "there are just so many");
    assert_eq!(refused(&mut at_cap(), &of_total(50, 10_000)), "the API has more records than it says");
    assert_eq!(offset(None, false, true).advance(&of_total(9_999, 9_999)), Ok(false));
}

#[test]
fn rows_beyond_the_last_offset_are_an_error_not_an_end() {
    let mut p = offset(Some(60), false, true);
    assert_eq!(p.advance(&of_total(50, 120)), Ok(true));
    assert!(refused(&mut p, &of_total(50, 120)).contains("beyond offset 60"));
    let mut p = offset(Some(60), false, true);
    assert_eq!(p.advance(&of_total(50, 100)), Ok(true));
    assert_eq!(p.advance(&of_total(50, 100)), Ok(false), "all were read");
}

#[test]
fn an_empty_page_ends_a_chain_without_total_where_declared() {
    let mut p = offset(None, false, false);
    assert_eq!(p.advance(&page(3, None)), Ok(true));
    assert_eq!(*p.token(), PageToken::Offset(3));
    assert_eq!(p.advance(&page(0, None)), Ok(false));
}

#[test]
fn overlapping_pages_must_meet() {
    let mut p = offset(None, true, false);
    assert_eq!((p.overlap(), p.advance(&between(25, 1, 25))), (0, Ok(true)));
    assert_eq!((p.token(), p.overlap()), (&PageToken::Offset(24), 1));
    assert_eq!(p.advance(&between(25, 25, 49)), Ok(true));
    assert_eq!(*p.token(), PageToken::Offset(48));
    assert_eq!(p.advance(&between(1, 49, 49)), Ok(false), "nothing new");
    for moved in [between(25, 24, 48), page(0, None)] {
        let mut p = offset(None, true, false);
        assert_eq!(p.advance(&between(25, 1, 25)), Ok(true));
        assert_eq!(refused(&mut p, &moved), "records moved while they were read");
    }
    assert_eq!(offset(None, true, false).advance(&page(0, None)), Ok(false));
}

#[test]
fn one_record_a_page_is_not_taken_for_the_end() {
    let mut p = offset(None, true, false);
    assert_eq!(p.advance(&between(1, 1, 1)), Ok(true));
    assert_eq!((p.token(), p.overlap()), (&PageToken::Offset(0), 1));
    assert_eq!(p.advance(&between(1, 1, 1)), Ok(true), "the server may give one record a page");
    assert_eq!((p.token().clone(), p.overlap()), (PageToken::Offset(1), 0));
    let mut clamped = p;
    assert_eq!(clamped.advance(&between(1, 2, 2)), Ok(true), "it does");
    assert_eq!((clamped.token(), clamped.overlap()), (&PageToken::Offset(1), 1));
    let mut single = offset(None, true, false);
    for _ in 0..2 {
        assert_eq!(single.advance(&between(1, 1, 1)), Ok(true));
    }
    assert_eq!(single.advance(&page(0, None)), Ok(false), "it does not: there was one record");
}

fn remaining(style: PagingStyle, first: &PageFacts, asked: u64, usual: u64) -> Option<Remaining> {
    let mut p = counted(style, true, false);
    assert_eq!(p.advance(first), Ok(true));
    p.remaining(first, asked, usual)
}

#[test]
fn a_total_makes_the_other_pages_known() {
    let by_offset = PagingStyle::Offset { place: place(), max: None, overlap: false };
    let r = remaining(by_offset.clone(), &of_total(7, 107), 7, 50).unwrap();
    assert_eq!((r.pages(), r.range(0), r.range(1)), (2, 7..57, 57..107));
    assert_eq!(r.ask(0, &(7..57)), (PageToken::Offset(7), 50));
    let r = remaining(by_offset.clone(), &of_total(20, 107), 50, 50).unwrap();
    assert_eq!((r.pages(), r.range(4)), (5, 100..107), "the server clamps");
    assert_eq!(r.ask(4, &(100..107)), (PageToken::Offset(100), 20), "the last page is asked for in full");
    let r = remaining(by_offset, &of_total(50, 10_000), 50, 50).unwrap();
    assert_eq!((r.pages(), r.range(199)), (200, 10_000..10_000), "a total that is not believed has an empty page more");
    assert!(r.advance(10_000..10_000, &of_total(1, 10_000)).is_err());
    let r = remaining(PagingStyle::Number { place: place(), first: 1 }, &of_total(50, 101), 50, 50).unwrap();
    assert_eq!((r.pages(), r.ask(1, &(100..101))), (2, (PageToken::Page(3), 50)));
}

#[test]
fn the_other_pages_are_not_known_where_nothing_says_so_or_they_cannot_be_reached() {
    let by_offset = |max, overlap| PagingStyle::Offset { place: place(), max, overlap };
    assert_eq!(remaining(by_offset(Some(60), false), &of_total(50, 120), 50, 50), None);
    let mut p = offset(None, true, false);
    let facts = between(25, 1, 25);
    assert_eq!(p.advance(&facts), Ok(true));
    assert_eq!(p.remaining(&facts, 25, 25), None);
}

#[test]
fn a_page_of_the_others_is_complete_or_an_error() {
    let by_offset = PagingStyle::Offset { place: place(), max: None, overlap: false };
    let r = remaining(by_offset, &of_total(50, 120), 50, 50).unwrap();
    assert_eq!(r.advance(50..100, &of_total(50, 120)), Ok(100..100));
    assert_eq!(r.advance(50..100, &of_total(20, 120)), Ok(70..100), "the server gave fewer: the rest is asked for");
    for wrong in [of_total(50, 121), of_total(51, 120), of_total(0, 120), page(50, None)] {
        assert!(r.advance(50..100, &wrong).is_err(), "{wrong:?}");
    }
    let r = remaining(PagingStyle::Number { place: place(), first: 1 }, &of_total(50, 120), 50, 50).unwrap();
    assert!(r.advance(50..100, &of_total(20, 120)).is_err(), "a numbered page cannot be asked for in part");
}
