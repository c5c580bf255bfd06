//! The audit APIs: pages by the URL of the next one, in the body or in a header.

use super::*;

const X_KEY: &str = "X-Key: lab-key";

fn events(simulator: &Simulator, settings: &str, query: &str) -> HttpReply {
    ask(&simulator.url(), &format!("/~{settings}/x/audit/events?apikey=lab-key&{query}"), &[])
}

fn entries(simulator: &Simulator, settings: &str, query: &str) -> HttpReply {
    ask(&simulator.url(), &format!("/~{settings}/x/audit/entries?{query}"), &[X_KEY])
}

/// The URL in the `Link` header with the relation `next`.
fn link(reply: &HttpReply) -> Option<String> {
    let links = reply.header("link")?.split(", ").map(|link| link.split_once("; ").unwrap());
    let next = links.into_iter().find(|(_, relation)| *relation == "rel=\"next\"")?;
    Some(next.0.trim_matches(['<', '>']).to_owned())
}

fn body_link(reply: &HttpReply) -> Option<String> {
    reply.json()["links"]["next"].as_str().filter(|url| !url.is_empty()).map(str::to_owned)
}

/// Follows URLs to the last page. A page that names its own URL is the last as well.
fn follow(simulator: &Simulator, first: HttpReply, next: fn(&HttpReply) -> Option<String>, key: (&str, &[&str])) -> Vec<HttpReply> {
    let (mut pages, mut used) = (vec![first], None);
    while let Some(url) = pages.last().and_then(next).filter(|url| used.as_ref() != Some(url)) {
        assert!(!url.contains("lab-key"));
        let (host, path) = url.split_at(url.find("/~").unwrap());
        let host = if host.is_empty() { simulator.url() } else { host.to_owned() };
        pages.push(ask(&host, &format!("{path}{}", key.0), key.1));
        assert!(pages.len() < 300, "endless chain");
        used = Some(url);
    }
    pages
}

fn items(pages: &[HttpReply]) -> Vec<Value> {
    pages.iter().flat_map(|page| page.json()["items"].as_array().unwrap().clone()).collect()
}

#[test]
fn both_hold_exactly_the_printed_rows() {
    let simulator = simulator();
    for settings in
        ["rows=450", "rows=450,next=relative,last=absent", "rows=450,next=other_host,last=empty", "rows=400,last=bookmark,nulls=absent"]
    {
        let (names, rows) = table_truth("audit.events", settings);
        let rows = plain_times(rows);
        let pages = follow(&simulator, events(&simulator, settings, "page_size=50"), body_link, ("&apikey=lab-key", &[]));
        let found: Vec<Row> = items(&pages).iter().map(|record| flat_row(record, &names, &[])).collect();
        assert_eq!((pages.len(), found), (9, rows.clone()), "{settings}");
        let pages = follow(&simulator, entries(&simulator, settings, "per_page=50"), link, ("", &[X_KEY]));
        let records: Vec<Value> = pages.iter().flat_map(|page| page.json().as_array().unwrap().clone()).collect();
        let found: Vec<Row> = records.iter().map(|record| flat_row(record, &names, &[])).collect();
        assert_eq!((pages.len(), found), (9, rows), "{settings}");
    }
}

#[test]
fn the_next_page_is_named_in_many_ways() {
    let simulator = simulator();
    let next = |form: &str| body_link(&events(&simulator, &format!("rows=300,next={form}"), "since=2026-01-01T00:00:00Z")).unwrap();
    let behind = "/~rows=300,next=FORM/x/audit/events?since=2026-01-01T00%3A00%3A00Z&after=";
    let behind = |form: &str| behind.replace("FORM", form);
    assert!(next("absolute").starts_with(&format!("{}{}", simulator.url(), behind("absolute"))));
    assert!(next("relative").starts_with(&behind("relative")));
    assert!(next("query").starts_with("?since=2026-01-01T00%3A00%3A00Z&after="));
    assert!(next("other_host").starts_with("http://127.0.0.2:"));
    let last = |word: &str| events(&simulator, &format!("rows=3,last={word}"), "").json()["links"].clone();
    assert_eq!(
        ["null", "absent", "empty"].map(last),
        [serde_json::json!({"next": null}), serde_json::json!({}), serde_json::json!({"next": ""})]
    );
    assert_eq!(link(&entries(&simulator, "rows=3", "")), None);
    assert!(link(&entries(&simulator, "rows=3,last=bookmark", "")).is_some());
}

#[test]
fn filters_and_bounds_select() {
    let simulator = simulator();
    let settings = "rows=3100";
    let (_, rows) = table_truth("audit.events", settings);
    let found = |query: &str| {
        let pages = follow(&simulator, events(&simulator, settings, &format!("page_size=40&{query}")), body_link, ("&apikey=lab-key", &[]));
        items(&pages).iter().map(|event| event["id"].to_string()).collect::<Vec<_>>()
    };
    let wanted = |keep: &dyn Fn(&Row) -> bool| rows.iter().filter(|row| keep(row)).map(|row| row[0].clone().unwrap()).collect::<Vec<_>>();
    let is = |row: &Row, kind: &str| row[2].as_deref() == Some(kind);
    assert_eq!(found("kind=file.read"), wanted(&|row| is(row, "file.read")));
    assert_eq!(found("kind=login&kind=logout"), wanted(&|row| is(row, "login") || is(row, "logout")));
    let day = |row: &Row| row[1].as_deref().is_some_and(|at| at.starts_with("2026-01-10"));
    assert_eq!(found("since=2026-01-10&until=2026-01-10T23:59:59.999Z&kind=logout"), wanted(&|row| day(row) && is(row, "logout")));
    assert_eq!(events(&simulator, settings, "since=soon").status(), 400);
    assert_eq!(events(&simulator, settings, "page_size=501").status(), 400);
    assert_eq!(entries(&simulator, settings, "per_page=0").status(), 400);
    assert_eq!(entries(&simulator, settings, "after=abcd").status(), 400);
    assert_eq!(entries(&simulator, settings, "").json().as_array().unwrap().len(), 100);
}

#[test]
fn keys_open_and_are_not_logged() {
    let simulator = simulator();
    let status = |path: &str, headers: &[&str]| ask(&simulator.url(), &format!("/~tag=a{path}"), headers).status();
    assert_eq!(status("/audit/events?kind=login&apikey=lab-key&page_size=5", &[]), 200);
    assert_eq!(status("/audit/events?apikey=other", &[]), 401);
    assert_eq!(status("/audit/events", &[X_KEY]), 401);
    assert_eq!(status("/audit/entries?apikey=lab-key", &[]), 401);
    assert_eq!(status("/audit/entries", &[X_KEY]), 200);
    assert_eq!(simulator.requests("a")[..2], ["GET /audit/events?kind=login&apikey=***&page_size=5", "GET /audit/events?apikey=***"]);
}

#[test]
fn addresses_that_lead_nowhere() {
    let simulator = simulator();
    let pages = |settings: &str| follow(&simulator, events(&simulator, settings, "page_size=10"), body_link, ("&apikey=lab-key", &[]));
    let found = pages("rows=50,fault=repeat_key,at=2");
    assert_eq!((found.len(), body_link(&found[0])), (2, body_link(&found[1])));
    let counts = |pages: &[HttpReply]| pages.iter().map(|page| page.json()["items"].as_array().unwrap().len()).collect::<Vec<_>>();
    assert_eq!(counts(&pages("rows=50,fault=empty_middle,at=2")), [10, 0, 10, 10, 10, 10]);
    let own = events(&simulator, "rows=50,fault=repeat_key", "page_size=10");
    assert!(body_link(&own).unwrap().ends_with("/x/audit/events?page_size=10"));
    assert_eq!(events(&simulator, "rows=50,fault=shift", "").status(), 400);
    let envelope = events(&simulator, "rows=50,fault=envelope", "");
    assert_eq!((envelope.status(), &envelope.json()["code"]), (200, &"REBUILD".into()));
    assert!(events(&simulator, "rows=50,fault=status:500", "").text().contains("lab-key"));
    assert_eq!(entries(&simulator, "rows=50,fault=no_records", "").json(), serde_json::json!({}));
    let corrupted = events(&simulator, "rows=50,fault=wrong_type:who.mail", "").json();
    assert!(corrupted["items"][2]["who"].is_null() || corrupted["items"][2]["who"]["mail"].is_object());
    assert_eq!(events(&simulator, "rows=50,fault=nul:kind", "").json()["items"][2]["kind"], "before\u{0}after");
}
