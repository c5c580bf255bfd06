use super::value::uuid;
use super::*;
use crate::error::{Error, ErrorKind};
use crate::plan::window::Window;
use crate::scan::page::CellState;
use crate::scan::paging::HEAD;
use crate::sources::{ErrorRule, Form, NextUrl, PagingStyle, built_in};

const ALL: i64 = i64::MAX;

fn column(name: &str, path: &str, target: Target) -> PageColumn {
    PageColumn { name: name.into(), from: ValueSource::Field(Pointer::parse(path).unwrap()), target, form: Form::Plain }
}

/// Of a table whose next page no body names.
fn decoder(columns: Vec<PageColumn>) -> Decoder {
    let mut table = built_in("tixngo").unwrap().unwrap().tables[0].clone();
    table.pagination.style = PagingStyle::NextUrl(NextUrl::LinkHeader);
    Decoder::new(columns, &table, OnInvalid::Error, None)
}

/// Of TIXNGO's own table.
fn keyed(columns: Vec<PageColumn>) -> Decoder {
    Decoder::new(columns, &built_in("tixngo").unwrap().unwrap().tables[0], OnInvalid::Error, None)
}

fn read(decoder: &Decoder, rules: &SliceRules, body: &str) -> Result<(Page, Decoded)> {
    decoder.decode(rules, body.as_bytes(), Page::default().reset(decoder.width(), 3))
}

/// Rows as text: what the backend would make of each cell.
fn rows(page: &Page, width: usize) -> Vec<Vec<String>> {
    let show = |row: usize, column: usize| match page.cell(row, column) {
        (CellState::Null, _) => "NULL".to_owned(),
        (CellState::Value, v) => format!("={}", v as i64),
        (CellState::Bytes, at) => format!("'{}'", String::from_utf8_lossy(page.varlena(at))),
        (CellState::Text, at) => {
            let text = &page.arena()[at as usize..];
            let end = text.iter().position(|b| *b == 0).unwrap();
            format!("?{}", String::from_utf8_lossy(&text[..end]))
        }
    };
    (0..page.rows()).map(|row| (0..width).map(|c| show(row, c)).collect()).collect()
}

fn one(target: Target, json: &str) -> String {
    let d = decoder(vec![column("x", "/x", target)]);
    let (page, _) = read(&d, &SliceRules::default(), &format!("{{\"result\":[{{\"x\":{json}}}]}}")).unwrap();
    rows(&page, 1)[0][0].clone()
}

fn refused(body: &str) -> Error {
    read(&decoder(vec![column("a", "/a", Target::Text)]), &SliceRules::default(), body).unwrap_err()
}

#[test]
fn fields_are_found_by_name_whatever_their_order_and_case_and_others_are_skipped() {
    let d = keyed(vec![
        column("id", "/eventID", Target::Text),
        column("n", "/n", Target::Integer(ALL)),
        column("deep", "/user/name", Target::Text),
    ]);
    let body = r#"{"extra":{"result":[1]},"pagination":{"pageSize":3,"nextPageKey":"k"},"result":[
        {"eventID":"a","junk":[{"n":9}],"n":1,"user":{"id":7,"name":"u"}},
        {"n":2,"eventId":"b","user":null},
        {"user":{"name":null},"more":{"eventID":"no"}}]}"#;
    let (page, decoded) = read(&d, &SliceRules::default(), body).unwrap();
    assert_eq!(rows(&page, 3), [["'a'", "=1", "'u'"], ["'b'", "=2", "NULL"], ["NULL", "NULL", "NULL"]]);
    let facts = PageFacts { head: Vec::new(), ..decoded.facts.clone() };
    assert_eq!(facts, PageFacts { records: 3, next: Some("k".into()), ..PageFacts::default() });
    assert_eq!(decoded.facts.head.len(), 3);
}

#[test]
fn values_of_the_expected_form_take_the_fast_path() {
    assert_eq!(one(Target::Boolean, "true"), "=1");
    assert_eq!(one(Target::Boolean, "\"false\""), "=0");
    assert_eq!(one(Target::Integer(i64::from(i32::MAX)), "-2147483648"), "=-2147483648");
    assert_eq!(one(Target::Timestamptz, "\"2000-01-01T00:00:01Z\""), "=1000000");
    assert_eq!(one(Target::Text, "\"caf\\u00e9 \\\"x\\\"\""), "'café \"x\"'");
    assert_eq!(one(Target::Text, "12.50"), "'12.50'");
    assert_eq!(one(Target::Text, "{\"a\": [1]}"), "'{\"a\": [1]}'");
}

#[test]
fn every_other_form_is_left_to_the_types_input_function() {
    assert_eq!(one(Target::Boolean, "\"yes\""), "?yes");
    assert_eq!(one(Target::Integer(i64::from(i32::MAX)), "2147483648"), "?2147483648");
    assert_eq!(one(Target::Integer(ALL), "1.0"), "?1.0");
    assert_eq!(one(Target::Timestamptz, "\"yesterday\""), "?yesterday");
    assert_eq!(one(Target::Timestamptz, "{}"), "?{}");
    assert_eq!(one(Target::Uuid, "\"{841c30d5-6ae4-4df1-939e-04c55aed5e98}\""), "?{841c30d5-6ae4-4df1-939e-04c55aed5e98}");
    assert_eq!(one(Target::Input, "1e3"), "?1e3");
}

#[test]
fn uuids_come_with_and_without_dashes() {
    for text in ["841c30d5-6ae4-4df1-939e-04c55aed5e98", "841C30D56AE44DF1939E04C55AED5E98"] {
        let bytes = uuid(text.as_bytes()).unwrap();
        assert_eq!(bytes[..4], [0x84, 0x1c, 0x30, 0xd5]);
    }
    assert_eq!(uuid(b"841c30d5-6ae4-4df1-939e-04c55aed5e9"), None);
    assert_eq!(uuid(b"841c30d5x6ae4-4df1-939e-04c55aed5e98"), None);
}

#[test]
fn json_is_kept_as_it_came_and_embedded_json_is_unwrapped() {
    assert_eq!(one(Target::Json, "{\"a\" : 1}"), "?{\"a\" : 1}");
    assert_eq!(one(Target::Json, "\"{}\""), "?\"{}\"");
    let mut embedded = column("x", "/x", Target::Json);
    embedded.form = Form::Embedded;
    let d = decoder(vec![embedded]);
    for (json, cell) in [
        ("\"{\\\"m\\\":1}\"", "?{\"m\":1}"),
        ("{\"m\":1}", "?{\"m\":1}"),
        ("\"plain\"", "?\"plain\""),
        ("\"{broken\"", "?\"{broken\""),
        ("null", "NULL"),
    ] {
        let (page, _) = read(&d, &SliceRules::default(), &format!("{{\"result\":[{{\"x\":{json}}}]}}")).unwrap();
        assert_eq!(rows(&page, 1)[0][0], cell, "{json}");
    }
}

fn formed(form: Form, target: Target, json: &str) -> String {
    let d = decoder(vec![PageColumn { form, ..column("x", "/x", target) }]);
    rows(&read(&d, &SliceRules::default(), &format!("{{\"result\":[{{\"x\":{json}}}]}}")).unwrap().0, 1)[0][0].clone()
}

#[test]
fn one_member_gives_its_name_and_its_value() {
    let code = |json| formed(Form::MemberName, Target::Integer(ALL), json);
    let name = |json| formed(Form::MemberValue, Target::Text, json);
    assert_eq!((code(r#"{"12":"opened"}"#), name(r#"{"12":"opened"}"#)), ("=12".into(), "'opened'".into()));
    assert_eq!((code("null"), name("null")), ("NULL".into(), "NULL".into()));
    assert_eq!(name(r#"{"12":null}"#), "NULL");
    for several in ["{}", r#"{"1":"a","2":"b"}"#] {
        assert_eq!(code(several), format!("?{several}"), "left to int4in, which refuses it");
    }
}

#[test]
fn unix_milliseconds_are_times_and_dotnets_smallest_is_none() {
    let time = |json| formed(Form::UnixMillis, Target::Timestamptz, json);
    assert_eq!(time("946684800001"), "=1000");
    assert_eq!(time("-62135596800000"), "NULL");
    assert_eq!(time("\"2000-01-01T00:00:01Z\""), "=1000000");
    assert_eq!(time("9223372036854775807"), "?9223372036854775807");
    assert_eq!(formed(Form::UnixMillis, Target::Integer(ALL), "5"), "=5", "a column of another type takes it as it is");
}

#[test]
fn a_code_of_failure_is_an_error_whatever_else_the_body_holds() {
    let mut table = built_in("tixngo").unwrap().unwrap().tables[0].clone();
    let codes = |list: &[&str]| list.iter().map(|s| s.to_string()).collect();
    let code = Pointer::parse("/status/errorCode").unwrap();
    table.errors = [ErrorRule { code, ok: codes(&["-1", "OK"]), unauthorized: codes(&["A.1"]), throttled: codes(&["T.1"]) }].into();
    let d = Decoder::new(vec![], &table, OnInvalid::Error, None);
    let with = |code: &str| {
        read(&d, &SliceRules::default(), &format!("{{\"pagination\":{{}},\"result\":[],\"status\":{{\"errorCode\":{code}}}}}"))
    };
    for fine in ["null", "\"\"", "-1", "\"-1\"", "\"OK\""] {
        assert!(with(fine).is_ok(), "{fine}");
    }
    for (bad, kind) in [("17", ErrorKind::Shape), ("\"A.1\"", ErrorKind::Unauthorized), ("\"T.1\"", ErrorKind::Throttled)] {
        assert_eq!(with(bad).unwrap_err().kind(), kind, "{bad}");
    }
    assert_eq!(with("\"OSM.0101\"").unwrap_err().get_detail().as_deref(), Some("Its code is \"OSM.0101\"."));
    let error = read(&d, &SliceRules::default(), r#"{"status":{"errorCode":"bad key: s3cret!","message":"s3cret"}}"#).unwrap_err();
    assert!(!format!("{error:?}").contains("s3cret"), "a text is no code");
}

#[test]
fn the_whole_record_and_its_fields_can_be_read_together() {
    let d = decoder(vec![
        column("raw", "", Target::Json),
        column("a", "/a", Target::Text),
        column("o", "/o", Target::Json),
        column("b", "/o/b", Target::Integer(ALL)),
    ]);
    let (page, _) = read(&d, &SliceRules::default(), r#"{"result":[{"a":"x","o":{"b":2}}]}"#).unwrap();
    assert_eq!(rows(&page, 4)[0], [r#"?{"a":"x","o":{"b":2}}"#, "'x'", r#"?{"b":2}"#, "=2"]);
}

#[test]
fn records_may_be_the_document_itself() {
    let mut table = built_in("tixngo").unwrap().unwrap().tables[0].clone();
    table.records = Pointer::default();
    table.pagination.style = PagingStyle::NextUrl(NextUrl::LinkHeader);
    let d = Decoder::new(vec![column("a", "/a", Target::Text)], &table, OnInvalid::Error, None);
    let (page, decoded) = read(&d, &SliceRules::default(), r#"[{"a":"x"},{"a":"y"}]"#).unwrap();
    assert_eq!((page.rows(), decoded.facts.next), (2, None));
}

#[test]
fn a_later_member_of_the_same_name_wins_as_in_jsonb() {
    let d = decoder(vec![column("a", "/a", Target::Text)]);
    let (page, _) = read(&d, &SliceRules::default(), r#"{"result":[{"a":"x","a":"y"},{"a":"x","a":null}]}"#).unwrap();
    assert_eq!(rows(&page, 1), [["'y'"], ["NULL"]]);
}

#[test]
fn a_member_written_otherwise_does_not_replace_the_one_that_was_meant() {
    let d = decoder(vec![column("a", "/actor", Target::Text)]);
    for body in [r#"{"result":[{"actor":"x","Actor":"y"}]}"#, r#"{"result":[{"ACTOR":"y","actor":"x"}]}"#] {
        assert_eq!(rows(&read(&d, &SliceRules::default(), body).unwrap().0, 1), [["'x'"]], "{body}");
    }
}

#[test]
fn slices_of_uuids_and_numbers_are_told_apart_by_value() {
    let d = decoder(vec![column("u", "/u", Target::Uuid), column("n", "/n", Target::Integer(ALL))]);
    let body = r#"{"result":[{"u":"841C30D56AE44DF1939E04C55AED5E98","n":7},{"u":"00000000000000000000000000000000","n":7},{"u":"841c30d5-6ae4-4df1-939e-04c55aed5e98","n":8}]}"#;
    let recheck = vec![(0, vec!["841c30d5-6ae4-4df1-939e-04c55aed5e98".to_owned()]), (1, vec!["7".to_owned()])];
    let (page, decoded) = read(&d, &SliceRules { recheck, ..SliceRules::default() }, body).unwrap();
    assert_eq!((page.rows(), decoded.outside_slice), (1, 2));
}

fn window_rules(window: Window, windows: &[Window]) -> WindowRules {
    let table = built_in("tixngo").unwrap().unwrap().tables[0].clone();
    WindowRules::new(0, table.time_range.as_ref().unwrap(), window, &windows.iter().copied().map(Some).collect::<Vec<_>>())
}

#[test]
fn a_time_that_cannot_be_placed_is_an_error_where_a_range_was_asked_for() {
    let d = decoder(vec![column("t", "/t", Target::Timestamptz)]);
    let all = Window { lo: i64::MIN, hi: i64::MAX };
    let rules = SliceRules { window: Some(window_rules(all, &[all])), ..SliceRules::default() };
    let body = r#"{"result":[{"t":"2025-05-21T06:00:00"}]}"#;
    let error = read(&d, &rules, body).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadDatetime);
    assert!(error.get_hint().unwrap().contains("time_zone"));
    assert_eq!(rows(&read(&d, &SliceRules::default(), body).unwrap().0, 1), [["?2025-05-21T06:00:00"]], "Postgres reads it");
    let zoned = Decoder { zone: Some(TimeZone::Offset(0)), ..d };
    assert_eq!(read(&zoned, &rules, body).unwrap().0.rows(), 1);
}

#[test]
fn asked_values_fill_the_columns_that_no_record_carries() {
    let mut app = column("app", "/", Target::Text);
    app.from = ValueSource::Request(25);
    let d = decoder(vec![column("a", "/a", Target::Text), app]);
    let rules = SliceRules { asked: [(25, "my-app".into())].into(), ..SliceRules::default() };
    let (page, _) = read(&d, &rules, r#"{"result":[{"a":"x"},{}]}"#).unwrap();
    assert_eq!(rows(&page, 2), [["'x'", "'my-app'"], ["NULL", "'my-app'"]]);
}

#[test]
fn rows_outside_the_window_are_dropped_and_far_ones_are_an_error() {
    let d = decoder(vec![column("t", "/t", Target::Timestamptz)]);
    let second = 1_000_000;
    let window = Window { lo: 0, hi: 10 * second };
    let rules = SliceRules { window: Some(window_rules(window, &[window])), ..SliceRules::default() };
    let body = |t: &str| format!("{{\"result\":[{{\"t\":\"2000-01-01T00:00:05Z\"}},{{\"t\":\"{t}\"}},{{\"t\":null}}]}}");
    // A record without a time is in no window: else each partition of a window would have it once more.
    for (t, kept) in [("2000-01-01T00:00:00Z", 2), ("2000-01-01T00:00:10Z", 1), ("1999-12-31T23:59:59.5Z", 1)] {
        let (page, decoded) = read(&d, &rules, &body(t)).unwrap();
        assert_eq!((page.rows() as u64, decoded.outside_window), (kept, 3 - kept), "{t}");
        assert_eq!(decoded.facts.records, 3);
    }
    let far = read(&d, &rules, &body("2000-02-01T00:00:00Z")).unwrap_err();
    assert_eq!(far.kind(), ErrorKind::Shape);
    assert_eq!(far.get_detail().as_deref(), Some("Column \"t\", record 2 of page 3."));
    let piece = SliceRules { window: Some(window_rules(window, &[Window { lo: -second, hi: second }])), ..SliceRules::default() };
    let cut_off = read(&d, &piece, &body("1999-12-31T23:59:57Z")).unwrap_err();
    assert_eq!((cut_off.kind(), cut_off.get_hint().unwrap().contains("'1min'")), (ErrorKind::Shape, true), "{cut_off:?}");
    let missing = read(&d, &SliceRules { time_is_required: true, ..rules }, &body("2000-01-01T00:00:00Z")).unwrap_err();
    assert_eq!((missing.kind(), missing.get_detail().as_deref()), (ErrorKind::Shape, Some("Column \"t\", record 3 of page 3.")));
}

#[test]
fn rows_of_another_slice_are_dropped() {
    let d = decoder(vec![column("owner", "/owner", Target::Text)]);
    let rules = SliceRules { recheck: vec![(0, vec!["a".into()])], ..SliceRules::default() };
    let (page, decoded) = read(&d, &rules, r#"{"result":[{"owner":"a"},{"owner":"A"},{"owner":null},{"owner":"a"}]}"#).unwrap();
    assert_eq!((page.rows(), decoded.outside_slice), (2, 2));
    assert_eq!((page.record(0), page.record(1)), (1, 4));
}

#[test]
fn no_proof_of_records_is_an_error_not_an_empty_answer() {
    for body in [
        r#"{"error":{"code":1,"message":"key k3y"}}"#,
        r#"{"result":null}"#,
        r#"{"result":{"a":1}}"#,
        r#"{"data":[]}"#,
        "null",
        "3",
        "[]",
        "\"text\"",
    ] {
        let error = refused(body);
        assert_eq!(error.kind(), ErrorKind::Shape, "{body}");
        assert!(error.message().contains("no array of records"), "{body}: {error}");
        assert!(!format!("{error:?}").contains("k3y"), "a body is never shown");
    }
}

#[test]
fn broken_bodies_say_how_they_are_broken() {
    assert!(refused(r#"{"result":[{"a":"x"},{"a""#).message().contains("ends before"));
    assert!(refused("").message().contains("ends before"));
    assert!(refused(r#"{"result":[{"a":"x"}]} trailing"#).message().contains("not valid JSON"));
    assert!(refused(r#"{"result":[{"a":nope}]}"#).message().contains("not valid JSON"));
    assert!(refused("  <html><body>Login</body></html>").message().contains("web page"));
    for body in [r#"{"result":[3]}"#, r#"{"result":[null]}"#, r#"{"result":["x"]}"#, r#"{"result":[{"a":"x"},[]]}"#] {
        assert!(refused(body).message().contains("a record is not an object"), "{body}: {}", refused(body));
    }
    let utf8 = decoder(vec![]).decode(&SliceRules::default(), b"{\"result\":[\"\xff\"]}", Page::default()).unwrap_err();
    assert!(utf8.message().contains("UTF-8"));
}

#[test]
fn text_that_postgres_cannot_hold_names_its_place() {
    let error = refused(r#"{"result":[{"a":"ok"},{"a":"x\u0000y"}]}"#);
    assert_eq!(error.kind(), ErrorKind::BadText);
    assert_eq!(error.get_detail().as_deref(), Some("Column \"a\", record 2 of page 3."));
    assert!(error.get_hint().unwrap().contains("on_invalid"));
    let skipped = read(&decoder(vec![column("b", "/b", Target::Text)]), &SliceRules::default(), r#"{"result":[{"a":"\ud800","b":"x"}]}"#);
    assert_eq!(skipped.unwrap().0.rows(), 1, "a field that nobody asked for may hold anything");
}

#[test]
fn page_keys_may_be_texts_or_numbers() {
    let next =
        |json: &str| read(&keyed(vec![]), &SliceRules::default(), &format!("{{\"pagination\":{{\"nextPageKey\":{json}}},\"result\":[]}}"));
    assert_eq!(next("\"a\\/b\"").unwrap().1.facts.next.as_deref(), Some("a/b"));
    assert_eq!(next("17").unwrap().1.facts.next.as_deref(), Some("17"));
    assert_eq!(next("null").unwrap().1.facts.next, None);
    assert_eq!(next("{}").unwrap_err().kind(), ErrorKind::Shape);
    let absent = read(&keyed(vec![]), &SliceRules::default(), r#"{"pagination":{},"result":[]}"#).unwrap();
    assert_eq!(absent.1.facts.next, None);
}

#[test]
fn a_missing_key_proves_nothing_where_its_object_is_missing() {
    for body in [
        r#"{"result":[]}"#,
        r#"{"pagination":null,"result":[{}]}"#,
        r#"{"pagination":[],"result":[{}]}"#,
        r#"{"result":[],"error":{"code":1}}"#,
    ] {
        let error = read(&keyed(vec![]), &SliceRules::default(), body).unwrap_err();
        assert_eq!((error.kind(), error.message()), (ErrorKind::Shape, "the response has no object at \"/pagination\""), "{body}");
    }
}

#[test]
fn totals_are_numbers_or_their_digits() {
    let mut table = built_in("tixngo").unwrap().unwrap().tables[0].clone();
    table.pagination.total = Pointer::parse("/count");
    let d = Decoder::new(vec![], &table, OnInvalid::Error, None);
    let total = |json: &str| {
        read(&d, &SliceRules::default(), &format!("{{\"pagination\":{{}},\"count\":{json},\"result\":[]}}")).map(|r| r.1.facts.total)
    };
    assert_eq!((total("7"), total("\"7\""), total("null")), (Ok(Some(7)), Ok(Some(7)), Ok(None)));
    assert!(total("-1").is_err() && total("{}").is_err() && total("1.5").is_err());
}

#[test]
fn overlapping_records_are_fingerprinted_and_dropped() {
    let mut table = built_in("tixngo").unwrap().unwrap().tables[0].clone();
    let PagingStyle::Cursor { token, .. } = table.pagination.style.clone() else { panic!("TIXNGO pages by cursor") };
    table.pagination.style = PagingStyle::Offset { place: token, max: None, overlap: true };
    let d = Decoder::new(vec![column("a", "/a", Target::Text)], &table, OnInvalid::Error, None);
    let (first, one) = read(&d, &SliceRules::default(), r#"{"result":[{"a":"x"},{"a":"y"}]}"#).unwrap();
    let rules = SliceRules { overlap: 1, ..SliceRules::default() };
    let (second, two) = read(&d, &rules, r#"{"result":[{"a":"y"},{"a":"z"}]}"#).unwrap();
    assert_eq!((rows(&first, 1).len(), rows(&second, 1)), (2, vec![vec!["'z'".to_owned()]]));
    assert_eq!(one.facts.last, two.facts.head.first().copied());
    assert_eq!((two.facts.records, second.record(0)), (2, 2));
}

#[test]
fn a_page_s_first_records_are_fingerprinted_and_a_page_of_no_concern_has_no_rows() {
    let records = |from: usize| (from..from + 40).map(|i| format!("{{\"a\":\"{i}\"}}")).collect::<Vec<_>>().join(",");
    let facts = |columns, from| {
        let rules = SliceRules { overlap: if from == 7 { u64::MAX } else { 0 }, ..SliceRules::default() };
        let (page, decoded) = read(&decoder(columns), &rules, &format!("{{\"pagination\":{{}},\"result\":[{}]}}", records(from))).unwrap();
        (page.rows(), decoded.facts)
    };
    let (rows, plain) = facts(vec![column("a", "/a", Target::Text)], 0);
    assert_eq!((rows, plain.records, plain.head.len(), plain.last), (40, 40, HEAD, None));
    assert_eq!(plain.head, facts(vec![column("raw", "", Target::Json)], 0).1.head, "whatever is read of them");
    let (none, moved) = facts(vec![column("a", "/a", Target::Text)], 7);
    assert_eq!((none, moved.records, moved.head[0]), (0, 40, plain.head[7]));
    assert_eq!(facts(Vec::new(), 7).0, 0);
}

#[test]
fn ever_new_names_do_not_grow_the_memory_of_names() {
    let d = decoder(vec![column("a", "/a", Target::Text)]);
    let members: Vec<_> = (0..1000).map(|i| format!("\"k{i}\":{i}")).collect();
    let body = format!("{{\"result\":[{{{},\"a\":\"x\"}},{{\"a\":\"y\"}}]}}", members.join(","));
    let (page, _) = read(&d, &SliceRules::default(), &body).unwrap();
    assert_eq!(rows(&page, 1), [["'x'"], ["'y'"]]);
}

#[test]
fn a_key_that_stands_before_the_records_is_seen_before_they_are_read() {
    let d = keyed(vec![]);
    let peek = |body: &str| d.peek_next(body.as_bytes());
    assert_eq!(peek(r#"{"pagination":{"pageSize":9,"nextPageKey":"k\u0031"},"result":[{"a":1},BROKEN"#).as_deref(), Some("k1"));
    for number in ["7", "-7", "7.5"] {
        let body = format!(r#"{{"pagination":{{"nextPageKey":{number}}},"result":[{{}}]}}"#);
        let read = read(&d, &SliceRules::default(), &body).unwrap().1.facts.next;
        assert_eq!((peek(&body).as_deref(), read.as_deref()), (Some(number), Some(number)), "by its digits, as decoding has it");
    }
    for none in [
        r#"{"pagination":{"nextPageKey":"k"},"result":[]}"#,
        r#"{"pagination":{"nextPageKey":null},"result":[{}]}"#,
        r#"{"pagination":{"nextPageKey":""},"result":[{}]}"#,
        r#"{"pagination":{"nextPageKey":"k","nextPageKey":null},"result":[{}]}"#,
        r#"{"result":[{}],"pagination":{"nextPageKey":"k"}}"#,
        r#"{"pagination":{"nextPageKey":"k"}}"#,
        "<html>",
    ] {
        assert_eq!(peek(none), None, "{none}");
    }
}
