use super::head::MAX_ALIKE_PAGES;
use super::named::MAX_EMPTY_PAGES;
use super::*;
use crate::error::ErrorKind;
use crate::sources::{FullLastPage, PageSize, Part, Place, Pointer, built_in};

fn place() -> Place {
    Place { part: Part::Query, name: "p".into() }
}

fn by_cursor() -> Pagination {
    built_in("tixngo").unwrap().unwrap().tables[0].pagination.clone()
}

fn cursor() -> Pager {
    Pager::new(by_cursor())
}

fn counted(style: PagingStyle, total: bool, empty_page_ends: bool) -> Pager {
    let size = PageSize { place: place(), max: 50, may_change: false };
    Pager::new(Pagination { style, size, total: total.then(Pointer::default), empty_page_ends, full_last_page: FullLastPage::Check })
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
    PageFacts { records, head: vec![first], last: Some(last), ..PageFacts::default() }
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
    let mut strict = by_cursor();
    let PagingStyle::Cursor { bookmark, .. } = &mut strict.style else { panic!("TIXNGO pages by cursor") };
    *bookmark = false;
    let mut strict = Pager::new(strict);
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
    assert_eq!((p.token(), p.overlap()), (&PageToken::Offset(49), 1));
    assert_eq!(p.advance(&of_total(21, 120)), Ok(true), "clamped: the next page begins after what came");
    assert_eq!((p.token(), p.overlap()), (&PageToken::Offset(69), 1));
    assert_eq!(p.advance(&of_total(50, 120)), Ok(true));
    assert_eq!(p.advance(&of_total(2, 120)), Ok(false));
    assert_eq!(offset(None, false, true).advance(&of_total(0, 0)), Ok(false));
}

fn numbered() -> Pager {
    counted(PagingStyle::Number { place: place(), first: 1 }, true, false)
}

#[test]
fn page_numbers_count_up_from_the_first_where_the_api_has_one_size() {
    for refused in [false, true] {
        let mut p = numbered();
        p.ask(50);
        assert_eq!(p.advance(&of_total(50, 101)), Ok(true));
        assert_eq!((p.token().clone(), p.ask(50), p.overlap()), (PageToken::Page(2), 49, 1));
        if refused {
            let error = || Error::new(ErrorKind::Shape, "the API rejected the request");
            assert!(p.refuses_size(&error().status(400, None)) && !p.refuses_size(&error().detail("HTTP status 206, of bytes.")));
            p.reject();
        } else {
            assert_eq!(p.advance(&of_total(50, 101)), Ok(true), "it has fifty whatever is asked for");
        }
        assert!(p.has_rejected());
        p.go_on();
        assert_eq!((p.token().clone(), p.ask(50), p.overlap()), (PageToken::Page(2), 50, 0));
        assert_eq!(p.advance(&of_total(50, 101)), Ok(true));
        assert_eq!(*p.token(), PageToken::Page(3));
        assert_eq!(p.advance(&of_total(1, 101)), Ok(false));
    }
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
fn a_total_where_counting_may_have_stopped_is_not_believed_without_one_page_more() {
    for total in [10_000, 50] {
        let at_cap = || {
            let mut p = offset(None, false, true);
            p.ask(50);
            assert_eq!(p.advance(&of_total(total, total)), Ok(true));
            assert_eq!((p.token(), p.overlap()), (&PageToken::Offset(total - 1), 1), "never behind the list");
            p
        };
        assert_eq!(at_cap().advance(&of_total(1, total)), Ok(false), "there are just so many");
        assert_eq!(refused(&mut at_cap(), &of_total(50, total)), "the API has more records than it says");
    }
    assert_eq!(offset(None, false, true).advance(&of_total(49, 49)), Ok(false), "a page that is not full");
}

#[test]
fn a_numbered_last_page_is_doubted_where_somebody_may_have_stopped_counting() {
    let by_number = |total: u64| {
        let mut p = counted(PagingStyle::Number { place: place(), first: 1 }, true, false);
        p.ask(50);
        for _ in 1..total / 50 {
            assert_eq!(p.advance(&of_total(50, total)), Ok(true));
            if p.is_on_trial() {
                p.reject();
                p.go_on();
                p.ask(50);
            }
        }
        let more = p.advance(&of_total(50, total));
        (p, more)
    };
    let no_such_page = || Error::new(ErrorKind::Shape, "x").status(404, None);
    for doubtful in [50, 100, 150, 500, 250] {
        let (mut p, more) = by_number(doubtful);
        assert_eq!(more, Ok(true), "{doubtful}");
        assert_eq!(*p.token(), PageToken::Page(doubtful / 50 + 1));
        assert_eq!(p.refused(no_such_page()), Ok(()), "some APIs refuse what is behind their last page");
        assert_eq!(refused(&mut by_number(doubtful).0, &of_total(1, doubtful)), "the API has more records than it says");
        assert_eq!(by_number(doubtful).0.advance(&of_total(0, doubtful)), Ok(false));
    }
    assert!(by_number(151).0.refused(no_such_page()).is_err(), "one record is to come");
    assert!(by_number(100).0.refused(Error::new(ErrorKind::Unreachable, "HTTP status 500")).is_err());
}

#[test]
fn rows_beyond_the_last_offset_are_an_error_not_an_end() {
    let mut p = offset(Some(60), false, true);
    assert_eq!(p.advance(&of_total(50, 120)), Ok(true));
    assert!(refused(&mut p, &of_total(50, 120)).contains("beyond offset 60"));
    let mut p = offset(Some(60), false, true);
    assert_eq!(p.advance(&of_total(50, 99)), Ok(true));
    assert_eq!(p.advance(&of_total(50, 99)), Ok(false), "all were read, and what is behind cannot be asked for");
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

#[test]
fn a_first_full_page_without_a_key_is_asked_for_again_one_record_smaller() {
    let in_doubt = |asked: u64, records: u64| {
        let mut p = cursor();
        p.ask(asked);
        assert_eq!(p.advance(&page(records, None)), Ok(true));
        assert_eq!((p.token(), p.overlap()), (&PageToken::Start, u64::MAX), "nothing of it is used");
        let ask = p.ask(asked);
        (p, ask)
    };
    assert_eq!(in_doubt(100, 100).1, 99);
    assert_eq!(in_doubt(100, 100).0.advance(&page(99, Some("a"))), Ok(false), "pages do name the next one");
    assert_eq!(refused(&mut in_doubt(100, 100).0, &page(99, None)), "the API names no next page, though there are more records");
    for odd in [100, 98] {
        assert!(refused(&mut in_doubt(100, 100).0, &page(odd, None)).contains("nothing proves"), "the size is not kept to");
    }
    assert_eq!(in_doubt(100, 150).1, 99, "never more than was asked for");
    assert!(refused(&mut in_doubt(100, 150).0, &page(150, None)).contains("nothing proves"));
    assert_eq!(in_doubt(1, 1).1, 2);
    assert_eq!(in_doubt(1, 1).0.advance(&page(1, None)), Ok(false), "there is one");
    refused(&mut in_doubt(1, 1).0, &page(2, None));
    let error = in_doubt(9, 9).0.refused(Error::new(ErrorKind::Shape, "no")).unwrap_err();
    assert!(error.message().contains("nothing proves") && error.get_hint().unwrap().contains("missing_key"), "{error}");
    assert_eq!(in_doubt(9, 9).0.refused(Error::new(ErrorKind::Unreachable, "no")).unwrap_err().message(), "no");
}

#[test]
fn what_other_pages_showed_counts_for_a_full_one() {
    let mut p = cursor();
    p.ask(5);
    assert_eq!(p.advance(&page(5, Some("a"))), Ok(true));
    assert_eq!(p.advance(&page(5, None)), Ok(false), "the chain's own first page named one");
    let mut seen = Seen::default();
    let of_another = |seen: Seen, asked, facts: &PageFacts| {
        let mut p = cursor();
        p.ask(asked);
        p.recall(seen);
        p.advance(facts)
    };
    assert_eq!(of_another(seen.add(&page(20, None)), 90, &page(20, None)), Ok(false), "not full");
    assert_eq!(of_another(seen.add(&page(20, None)), 90, &page(20, None)), Ok(true), "as large as the largest: both may be clamped");
    assert_eq!(of_another(seen.add(&page(19, None)), 90, &page(19, None)), Ok(false));
    for (records, doubted) in [(21, false), (25, true), (50, true), (57, false), (80, false)] {
        seen.add(&page(records, None));
        assert_eq!(of_another(seen.add(&page(records, None)), 90, &page(records, None)), Ok(doubted), "{records}");
    }
    seen.add(&page(5, Some("a")));
    assert_eq!(of_another(seen.add(&page(9, None)), 9, &page(9, None)), Ok(false));
}

#[test]
fn a_doubt_that_is_not_alone_is_dropped_where_it_cannot_be_resolved() {
    let in_doubt = || {
        let mut p = cursor();
        p.ask(9);
        assert_eq!(p.advance(&of_total(9, 9)), Ok(true));
        p.ask(9);
        p
    };
    assert_eq!(in_doubt().advance(&page(9, None)), Ok(false), "the total agrees");
    assert_eq!(in_doubt().refused(Error::new(ErrorKind::Shape, "no")), Ok(()));
    refused(&mut in_doubt(), &page(8, None));
}

#[test]
fn a_description_may_say_what_a_full_page_proves() {
    let said = |what: FullLastPage, facts: &PageFacts| {
        let mut p = Pager::new(Pagination { full_last_page: what, ..by_cursor() });
        p.ask(9);
        p.advance(facts)
    };
    assert_eq!(said(FullLastPage::Accept, &page(9, None)), Ok(false));
    assert!(said(FullLastPage::Error, &page(9, None)).is_err());
    assert_eq!(said(FullLastPage::Error, &of_total(9, 9)), Ok(false));
    assert_eq!(said(FullLastPage::Error, &page(8, None)), Ok(false));
}

#[test]
fn a_total_that_named_pages_do_not_reach_is_an_error() {
    let mut p = cursor();
    assert_eq!(p.advance(&PageFacts { next: Some("a".into()), ..of_total(5, 12) }), Ok(true));
    assert_eq!(refused(&mut p, &of_total(5, 12)), "the API says that there are 12 records, and its pages ended after 10");
    let mut p = cursor();
    assert_eq!(p.advance(&PageFacts { next: Some("a".into()), ..of_total(5, 12) }), Ok(true));
    assert_eq!(p.advance(&of_total(5, 10)), Ok(false), "two went meanwhile");
    let mut p = cursor();
    assert_eq!(p.advance(&PageFacts { next: Some("a".into()), ..of_total(5, 7) }), Ok(true));
    assert_eq!(p.advance(&of_total(5, 7)), Ok(false), "a total that stops counting bounds nothing");
}

#[test]
fn the_same_page_again_names_the_parameter_that_is_not_read() {
    let records = |ids: std::ops::Range<u64>, next: Option<&str>| PageFacts {
        head: ids.clone().take(HEAD).collect(),
        ..page(ids.end - ids.start, next)
    };
    let by_number = || counted(PagingStyle::Number { place: place(), first: 1 }, false, true);
    let by_offset = || offset(None, true, false);
    for mut p in [by_number(), by_offset(), cursor()] {
        let lap = |facts: PageFacts| PageFacts { last: Some(49), ..facts };
        assert_eq!(p.advance(&lap(records(0..50, Some("a")))), Ok(true));
        let error = p.advance(&lap(records(0..50, Some("b")))).unwrap_err();
        assert_eq!(error.message(), "the API gave the same page again");
        assert!(error.get_detail().unwrap().contains("parameter \"p"), "{error}");
    }
    let mut p = by_number();
    assert_eq!(p.advance(&records(0..50, None)), Ok(true));
    assert_eq!(p.advance(&records(50..100, None)), Ok(true));
    let alike = PageFacts { head: vec![7; HEAD], ..page(50, None) };
    let mut p = by_number();
    for _ in 0..MAX_ALIKE_PAGES {
        assert_eq!(p.advance(&alike), Ok(true), "records without an identity may repeat");
    }
    assert_eq!(p.advance(&alike), Ok(true));
    assert_eq!(refused(&mut p, &alike), "the API gave the same page again", "not for ever");
}

fn remaining(style: PagingStyle, first: &PageFacts, asked: u64, usual: u64) -> Option<KnownPages> {
    let mut p = counted(style, true, false);
    assert_eq!(p.advance(first), Ok(true));
    // The API of numbered pages has them in one size only.
    if p.is_on_trial() {
        p.reject();
    }
    p.remaining(first, asked, usual)
}

fn count(remaining: &KnownPages) -> u64 {
    (0..).take_while(|page| remaining.has(*page)).count() as u64
}

#[test]
fn a_total_makes_the_other_pages_known() {
    let by_offset = PagingStyle::Offset { place: place(), max: None, overlap: false };
    let r = remaining(by_offset.clone(), &of_total(7, 107), 7, 40).unwrap();
    assert_eq!((count(&r), r.range(0), r.range(1), r.range(2)), (3, 7..47, 47..87, 87..107));
    assert_eq!((r.ask(0, &(7..47)), r.overlap(0)), ((PageToken::Offset(6), 40), 1));
    let r = remaining(by_offset.clone(), &of_total(7, 107), 7, 50).unwrap();
    assert_eq!(r.range(0), 7..56, "no page is larger than the API's largest");
    let r = remaining(by_offset.clone(), &of_total(20, 107), 50, 50).unwrap();
    assert_eq!((count(&r), r.range(4)), (5, 96..107), "the server clamps");
    assert_eq!(r.ask(4, &(96..107)), (PageToken::Offset(95), 19), "the last page is asked for in full");
    let r = remaining(by_offset.clone(), &of_total(1, 9), 50, 50).unwrap();
    assert_eq!((count(&r), r.range(0), r.overlap(0)), (9, 1..2, 0), "one record a page leaves no room");
    let r = remaining(by_offset, &of_total(41, 81), 41, 40).unwrap();
    assert_eq!((count(&r), r.range(1), r.ask(1, &(81..81))), (2, 81..81, (PageToken::Offset(80), 40)), "a full last page proves nothing");
    assert_eq!(r.advance(1, 81..81, &of_total(1, 81)), Ok(81..81));
    assert_eq!(r.advance(1, 81..81, &of_total(2, 81)).unwrap_err().message(), "the API has more records than it says");
    let by_number = |total| remaining(PagingStyle::Number { place: place(), first: 1 }, &of_total(50, total), 50, 50).unwrap();
    assert_eq!([100, 150, 151, 500, 10_000].map(|total| count(&by_number(total))), [2, 3, 3, 10, 200]);
    assert!(by_number(100).may_be_refused(1, &(100..100)) && !by_number(10_000).may_be_refused(1, &(10_000..10_000)));
    let r = remaining(PagingStyle::Number { place: place(), first: 1 }, &of_total(50, 101), 50, 50).unwrap();
    assert_eq!((count(&r), r.ask(1, &(100..101))), (2, (PageToken::Page(3), 50)));
}

#[test]
fn the_other_pages_are_not_known_where_nothing_says_so_or_they_cannot_be_reached() {
    let by_offset = |max, overlap| PagingStyle::Offset { place: place(), max, overlap };
    assert!(remaining(by_offset(Some(60), false), &of_total(50, 120), 50, 50).is_none());
    let mut p = offset(None, true, false);
    let facts = between(25, 1, 25);
    assert_eq!(p.advance(&facts), Ok(true));
    assert!(p.remaining(&facts, 25, 25).is_none());
}

#[test]
fn a_page_of_the_others_is_complete_or_an_error() {
    let by_offset = PagingStyle::Offset { place: place(), max: None, overlap: false };
    let r = remaining(by_offset, &of_total(50, 120), 50, 50).unwrap();
    assert_eq!(r.advance(1, 50..99, &of_total(50, 120)), Ok(99..99));
    assert_eq!(r.advance(1, 50..99, &of_total(20, 120)), Ok(69..99), "the server gave fewer: the rest is asked for");
    for wrong in [of_total(50, 121), of_total(51, 120), of_total(1, 120), of_total(0, 120), page(50, None)] {
        assert!(r.advance(1, 50..99, &wrong).is_err(), "{wrong:?}");
    }
    let ends = |first, last| PageFacts { total: Some(120), ..between(50, first, last) };
    assert_eq!(r.advance(1, 99..148, &ends(98, 147)), Ok(148..148));
    assert_eq!(r.advance(1, 50..99, &ends(49, 98)), Ok(99..99), "in any order");
    assert!(r.advance(1, 148..197, &ends(148, 196)).unwrap_err().message().contains("moved"), "the seam's record is another");
    let r = remaining(PagingStyle::Number { place: place(), first: 1 }, &of_total(50, 120), 50, 50).unwrap();
    assert!(r.advance(1, 50..100, &of_total(20, 120)).is_err(), "a numbered page cannot be asked for in part");
}
