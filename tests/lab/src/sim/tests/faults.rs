//! Each fault as a client receives it.

use std::time::Instant;

use super::*;

fn first_page(simulator: &Simulator, fault: &str) -> HttpReply {
    log(simulator, &format!("rows=50,{fault}"), &format!("{JANUARY}&limit=10"))
}

#[test]
fn a_failing_status_echoes_the_key() {
    let simulator = simulator();
    let reply = first_page(&simulator, "fault=status:503");
    assert_eq!(reply.status(), 503);
    assert_eq!(reply.json()["error"]["received_key"], "lab-key");
}

#[test]
fn throttling_says_when_to_come_back() {
    let simulator = simulator();
    let seconds = first_page(&simulator, "fault=throttle:7");
    assert_eq!((seconds.status(), seconds.header("retry-after")), (429, Some("7")));
    let date = first_page(&simulator, "fault=throttle:date");
    assert!(date.header("retry-after").unwrap().ends_with(" GMT"));
    assert_eq!(first_page(&simulator, "fault=throttle:none").header("retry-after"), None);
}

#[test]
fn a_fault_applies_to_its_page_and_as_often_as_set() {
    let simulator = simulator();
    let settings = "rows=50,fault=status:500,at=3,times=2";
    let first = log(&simulator, settings, &format!("{JANUARY}&limit=10"));
    let turn = |page: &HttpReply| {
        let key = encode(&page.next_key().unwrap());
        log(&simulator, settings, &format!("{JANUARY}&limit=10&paginationKey={key}"))
    };
    let second = turn(&first);
    assert_eq!(second.status(), 200);
    let thirds = [turn(&second), turn(&second), turn(&second)];
    assert_eq!(thirds.map(|reply| reply.status()), [500, 500, 200]);
}

#[test]
fn broken_transports_break() {
    let simulator = simulator();
    let whole = first_page(&simulator, "tag=x").body.len();
    let promised = |reply: &HttpReply| reply.header("content-length").unwrap().parse::<usize>().unwrap();
    for fault in ["cut", "stall"] {
        let reply = first_page(&simulator, &format!("fault={fault}"));
        assert_eq!((promised(&reply), reply.body.len()), (whole, whole / 2), "{fault}");
    }
    for fault in ["close", "stall_headers"] {
        let reply = first_page(&simulator, &format!("fault={fault}"));
        assert_eq!((reply.head.as_str(), reply.body.len()), ("", 0), "{fault}");
    }
    let started = Instant::now();
    let reply = first_page(&simulator, &format!("fault=drip:{}", whole * 2));
    assert_eq!(reply.body.len(), whole);
    assert!(started.elapsed() > Duration::from_millis(300));
}

#[test]
fn answers_that_are_no_pages() {
    let simulator = simulator();
    assert!(serde_json::from_slice::<Value>(&first_page(&simulator, "fault=bad_json").body).is_err());
    let truncated = first_page(&simulator, "fault=truncated_json");
    assert_eq!(truncated.header("content-length"), Some(truncated.body.len().to_string().as_str()));
    assert!(serde_json::from_slice::<Value>(&truncated.body).is_err());
    assert!(first_page(&simulator, "fault=html").header("content-type").unwrap().starts_with("text/html"));
    let envelope = first_page(&simulator, "fault=envelope");
    assert_eq!((envelope.status(), &envelope.json()["error"]["code"]), (200, &"E1042".into()));
    assert_eq!(first_page(&simulator, "fault=no_records").json().get("result"), None);
    assert!(first_page(&simulator, "fault=records_object").json()["result"].is_object());
}

#[test]
fn keys_that_lead_nowhere() {
    let simulator = simulator();
    let query = format!("{JANUARY}&limit=10");
    let pages = chain(&simulator, "rows=50,fault=repeat_key,at=2", &query);
    assert_eq!(pages.len(), 2);
    assert_eq!(pages[0].next_key(), pages[1].next_key());
    assert_eq!(pages[1].records().len(), 10);

    let pages = chain(&simulator, "rows=50,fault=empty_middle,at=2", &query);
    assert_eq!(pages.iter().map(|page| page.records().len()).collect::<Vec<_>>(), [10, 0, 10, 10, 10, 10]);

    let settings = "rows=50,fault=endless_empty,at=2";
    let mut key = log(&simulator, settings, &query).next_key().unwrap();
    for _ in 0..200 {
        let page = log(&simulator, settings, &format!("{query}&paginationKey={}", encode(&key)));
        let next = page.next_key().unwrap();
        assert!(page.records().is_empty() && next != key);
        key = next;
    }
}

#[test]
fn corrupted_records() {
    let simulator = simulator();
    let third = |fault: &str| first_page(&simulator, fault).records()[2].clone();
    assert_eq!(third("fault=wrong_type:createdDate")["createdDate"], "not-a-value");
    assert_eq!(third("fault=wrong_type:checked,nulls=absent")["checked"], "not-a-value");
    assert!(third("fault=wrong_type:actor")["actor"].is_object());
    assert_eq!(third("fault=nul:devices")["devices"], "before\u{0}after");
    assert_eq!(third("fault=huge:transferMessage:100000")["transferMessage"].as_str().unwrap().len(), 100_000);
    assert_eq!(third("fault=far_row")["createdDate"], "2026-03-13T00:00:00.000Z");
    assert!(first_page(&simulator, "fault=surrogate:actor").text().contains(r#""actor":"before\ud800after""#));
    assert_eq!(first_page(&simulator, "fault=dup_fields").text().matches(r#""ticketId":"tk-duplicate""#).count(), 1);
    assert_eq!(first_page(&simulator, "fault=nul:nothing").status(), 400);
}

#[test]
fn redirects_lead_to_the_same_page() {
    let simulator = simulator();
    let same = first_page(&simulator, "fault=redirect_same,tag=r");
    assert_eq!(same.status(), 302);
    let follow = |location: &str, key: &[&str]| {
        let path = &location[location.find("/~").unwrap()..];
        let host = location.find("/~").filter(|at| *at > 0).map_or_else(|| simulator.url(), |at| location[..at].into());
        ask(&host, path, key)
    };
    assert_eq!(follow(same.header("location").unwrap(), &[KEY]).records().len(), 10);
    let other = first_page(&simulator, "fault=redirect_other,tag=r");
    let location = other.header("location").unwrap();
    assert!(location.starts_with("http://127.0.0.2:"));
    assert_eq!(follow(location, &[]).status(), 401);
    assert_eq!(follow(location, &[KEY]).status(), 200);
    let log = ask(&simulator.url(), "/_requests?tag=r&headers=x-api-key", &[]).text();
    assert_eq!(log.matches("GET /elsewhere/v4/").count(), 2);
    assert_eq!(log.matches("[x-api-key: (none)]").count(), 1);
}

#[test]
fn the_bomb_is_for_those_who_unpack() {
    let simulator = simulator();
    assert_eq!(first_page(&simulator, "fault=bomb").records().len(), 10);
    let path = format!("/~rows=50,fault=bomb{LOG}?{JANUARY}");
    let host = simulator.url().replace("http://", "");
    let mut stream = TcpStream::connect(&host).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\n{KEY}\r\nAccept-Encoding: gzip\r\n\r\n").unwrap();
    // The first part is enough: compressing all of it takes long.
    let mut begin = vec![0; 64 << 10];
    stream.read_exact(&mut begin).unwrap();
    let begin = String::from_utf8_lossy(&begin);
    assert!(begin.contains("content-encoding: gzip") && begin.contains("transfer-encoding: chunked"));
}

#[test]
fn bodies_are_packed_for_those_who_unpack() {
    let simulator = simulator();
    let path = format!("/~rows=50,encoding=zstd{LOG}?{JANUARY}");
    let reply = ask(&simulator.url(), &path, &[KEY, "Accept-Encoding: gzip, zstd"]);
    assert_eq!(reply.header("content-encoding"), Some("zstd"));
    let plain = zstd::decode_all(reply.body.as_slice()).unwrap();
    assert_eq!(plain, ask(&simulator.url(), &path, &[KEY]).body);
}

#[test]
fn latency_is_waited_for() {
    let simulator = simulator();
    let started = Instant::now();
    assert_eq!(first_page(&simulator, "latency=120").status(), 200);
    assert!(started.elapsed() >= Duration::from_millis(120));
}
