//! Which answers are taken for whole ones, and which redirects are followed, against a server that answers as it is told.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on stops")]

mod reading;
mod server;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use reading::{Reading, read};
use restlog_fdw::error::ErrorKind;
use restlog_fdw::sources::Source;
use server::Asked;

fn source(method: &str) -> Arc<Source> {
    let definition = format!(
        r#"{{"name": "own", "auth": [{{"header": "X-Key", "value": "{{api_key}}"}}], "tables": [{{
        "name": "e", "method": "{method}", "path": "/e", "records": "/items",
        "pagination": {{"style": "cursor", "token": {{"name": "k"}}, "next": "/next", "size": {{"name": "n", "max": 9}}}},
        "columns": [{{"name": "id", "type": "bigint"}}]}}]}}"#
    );
    Arc::new(Source::read(&definition).unwrap())
}

/// Answers each path with its heads, one after another and the last one for ever. An answer has one record, and names the key that
/// its head names as `X-Next`.
fn serve(answers: &[(&str, &[&str])]) -> (String, Arc<Mutex<Vec<Asked>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let mut answers: BTreeMap<String, Vec<String>> =
        answers.iter().map(|(path, heads)| ((*path).to_owned(), heads.iter().rev().map(|head| (*head).to_owned()).collect())).collect();
    let url = server::serve(move |url, asked| {
        let id = {
            let mut seen = seen.lock().unwrap();
            seen.push(asked.clone());
            seen.len()
        };
        let path = asked.target.split('?').next().unwrap();
        let heads = answers.get_mut(path).unwrap_or_else(|| panic!("{path} was asked for"));
        let head = if heads.len() > 1 { heads.pop().unwrap() } else { heads[0].clone() };
        let next = head.split_once("X-Next: ").map_or("null".to_owned(), |(_, next)| format!("{:?}", next.trim()));
        (head.replace("{url}", url), format!(r#"{{"items": [{{"id": {id}}}], "next": {next}}}"#))
    });
    (url, asked)
}

fn ask(method: &str, answers: &[(&str, &[&str])]) -> (Reading, Vec<Asked>) {
    let (url, asked) = serve(answers);
    let reading = read(&source(method), &[("base_url", &url), ("max_retries", "2")], "s3cret");
    let asked = asked.lock().unwrap().clone();
    (reading, asked)
}

fn refused(heads: &[&str]) -> (ErrorKind, String, usize) {
    let (reading, asked) = ask("GET", &[("/e", heads)]);
    (reading.error().kind(), reading.error().message().to_owned(), asked.len())
}

#[test]
fn an_answer_that_is_still_to_come_is_asked_for_again() {
    for head in ["202 Accepted", "408 Request Timeout", "425 Too Early"] {
        let (reading, asked) = ask("GET", &[("/e", &[head, "200 OK"])]);
        assert_eq!((reading.rows, reading.requests, asked.len()), (Ok(1), 2, 2), "{head}");
        let (kind, message, asked) = refused(&[head]);
        assert_eq!((kind, asked), (ErrorKind::Unreachable, 3), "{head}: {message}");
    }
    let (_, message, _) = refused(&["202 Accepted"]);
    assert_eq!(message, "the API has accepted the request, but not yet answered it");
}

#[test]
fn a_part_of_an_answer_is_no_end() {
    for (head, message) in [
        ("206 Partial Content", "the API says that its answer is a part, but no further page"),
        ("206 Partial Content\r\nContent-Range: items 0-0/3", "the API says that there are 2 more records, but no further page"),
        ("206 Partial Content\r\nContent-Range: 0-0/*", "the API says that its answer is a part, but no further page"),
        ("206 Partial Content\r\nContent-Range: bytes 0-9/30", "the API gave a part of its answer, though all of it was asked for"),
    ] {
        assert_eq!(refused(&[head]), (ErrorKind::Shape, message.to_owned(), 1), "{head}");
    }
    let pages = ["206 Partial Content\r\nContent-Range: items 0-0/2\r\nX-Next: b", "206 Partial Content\r\nContent-Range: items 1-1/2"];
    let (reading, asked) = ask("GET", &[("/e", &pages)]);
    assert_eq!((reading.rows, asked.len()), (Ok(2), 2));
}

#[test]
fn redirects_are_followed_within_the_origin_and_with_all_that_is_asked() {
    let (reading, asked) =
        ask("GET", &[("/e", &["302 Found\r\nLocation: /f?k=1"]), ("/f", &["308 Moved\r\nLocation: {url}/g?k=2"]), ("/g", &["200 OK"])]);
    assert_eq!((reading.rows, asked.last().unwrap().target.as_str()), (Ok(1), "/g?k=2"));
    let (reading, asked) = ask("POST", &[("/e", &["307 Moved\r\nLocation: /f"]), ("/f", &["200 OK"])]);
    assert_eq!((reading.rows, &asked[0].body, asked.len()), (Ok(1), &asked[1].body, 2), "the body goes along");
    let (reading, asked) = ask("POST", &[("/e", &["302 Found\r\nLocation: /f"]), ("/f", &["200 OK"])]);
    assert!(reading.error().message().contains("POST") && asked.len() == 1, "{reading:?}");
}

#[test]
fn redirects_that_are_not_followed_say_why() {
    for (head, message, requests) in [
        ("302 Found\r\nLocation: http://elsewhere.example/e", "the API redirects to another host, which is not followed", 1),
        ("302 Found\r\nLocation: https://127.0.0.1/e", "the API redirects from http to https, which is not followed", 1),
        ("302 Found\r\nLocation: /e", "the API redirected 6 times in a row", 6),
        ("304 Not Modified", "the API says that nothing has changed, which was not asked", 1),
        ("302 Found", "the API redirects without an address to go to", 1),
    ] {
        assert_eq!(refused(&[head]), (ErrorKind::Shape, message.to_owned(), requests), "{head}");
    }
}
