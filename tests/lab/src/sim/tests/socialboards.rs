//! Socialboards: pages without a total, filters in the body, times of many forms, tokens and errors.

use super::*;

const JSON: &str = "Content-Type: application/json";
const BEARER: &str = "Authorization: Bearer lab-token";

fn post(simulator: &Simulator, settings: &str, path: &str, body: &str) -> HttpReply {
    send(&simulator.url(), "POST", &format!("/~{settings}/v2{path}"), &[BEARER, JSON], body)
}

fn data(reply: &HttpReply) -> Vec<Value> {
    assert_eq!((&reply.json()["errorCode"], &reply.json()["errorText"]), (&(-1).into(), &Value::Null));
    reply.json()["data"].as_array().unwrap().clone()
}

fn read_log(simulator: &Simulator, settings: &str, ticket: u64, body: &str, take: usize) -> Vec<Value> {
    let mut records = Vec::new();
    loop {
        let path = format!("/tickets/{ticket}/log?skip={}&take={take}", records.len());
        let list = data(&post(simulator, settings, &path, body));
        if list.is_empty() {
            return records;
        }
        records.extend(list);
    }
}

fn read_tickets(simulator: &Simulator, settings: &str, filter: &str, take: usize) -> Vec<Value> {
    let mut records = Vec::new();
    loop {
        let body = format!("{{\"skip\":{},\"take\":{take}{filter}}}", records.len());
        let list = data(&post(simulator, settings, "/tickets/list", &body));
        if list.is_empty() {
            return records;
        }
        records.extend(list);
    }
}

#[test]
fn pages_hold_exactly_the_printed_rows() {
    let simulator = simulator();
    for settings in ["order=asc", "order=asc,seed=4,nulls=absent,tickets=40", "order=asc,logs=55,tickets=9"] {
        let (names, rows) = table_truth("socialboards.tickets", settings);
        let records = read_tickets(&simulator, settings, "", 33);
        let found: Vec<Row> = records.iter().map(|record| flat_row(record, &names, &[])).collect();
        assert_eq!(found, plain_times(rows), "{settings}");
        let (names, rows) = table_truth("socialboards.ticket_log", settings);
        let mut found = Vec::new();
        for ticket in &records {
            let id = ticket["id"].as_u64().unwrap();
            let list = read_log(&simulator, settings, id, "{}", 50);
            found.extend(list.iter().map(|record| flat_row(record, &names, &[("ticketid", &id.to_string())])));
        }
        assert_eq!(found, plain_times(rows), "{settings}");
    }
}

#[test]
fn times_have_many_forms_and_the_newest_come_first() {
    let simulator = simulator();
    let list = read_log(&simulator, "logs=300,tickets=1", 100_001, "{}", 50);
    let texts: Vec<&str> = list.iter().map(|log| log["time"].as_str().unwrap()).collect();
    let digits = |text: &str| text[20..].find(['+', '-']).unwrap();
    for wanted in 2..=7 {
        assert!(texts.iter().any(|text| digits(text) == wanted), "{wanted}");
    }
    for zone in ["+00:00", "+03:00", "-05:30"] {
        assert!(texts.iter().any(|text| text.ends_with(zone)), "{zone}");
    }
    let times: Vec<_> = texts.iter().map(|text| chrono::DateTime::parse_from_rfc3339(text).unwrap()).collect();
    assert!(times.iter().rev().is_sorted());
    assert!(list.iter().any(|log| log["includedItems"]["users"].as_array().unwrap().len() == 1));
    assert_eq!(list[299]["actionType"], "ticket_created");
}

#[test]
fn action_types_select_and_none_are_all() {
    let simulator = simulator();
    let count = |body: &str| read_log(&simulator, "logs=200", 100_003, body, 50).len();
    let (read, replies) = (count(r#"{"action_types":["ticket_read"]}"#), count(r#"{"action_types":["reply_created"]}"#));
    assert!(read > 10 && replies > 10);
    assert_eq!(count(r#"{"action_types":["ticket_read","reply_created"]}"#), read + replies);
    assert_eq!([r#"{"action_types":[]}"#, r#"{"action_types":null}"#, "{}"].map(count), [200; 3]);
    assert_eq!(count(r#"{"action_types":["nothing"]}"#), 0);
    assert_eq!(post(&simulator, "", "/tickets/100003/log", r#"{"action_types":"ticket_read"}"#).status(), 400);
    assert_eq!(post(&simulator, "", "/tickets/100003/log", "[]").status(), 400);
    let no_kind = send(&simulator.url(), "POST", "/tickets/100003/log", &[BEARER], "{}");
    assert_eq!(no_kind.status(), 415);
    assert_eq!(ask(&simulator.url(), "/tickets/100003/log", &[BEARER]).status(), 405);
}

#[test]
fn ticket_filters_select_what_the_rows_say() {
    let simulator = simulator();
    let settings = "tickets=300,order=asc";
    let (names, rows) = table_truth("socialboards.tickets", settings);
    let column = |name: &str| names.iter().position(|known| known == name).unwrap();
    let check = |filter: &str, keep: &dyn Fn(&Row) -> bool| {
        let found: Vec<String> = read_tickets(&simulator, settings, filter, 50).iter().map(|ticket| ticket["id"].to_string()).collect();
        let wanted: Vec<String> = rows.iter().filter(|row| keep(row)).map(|row| row[0].clone().unwrap()).collect();
        assert!((1..300).contains(&wanted.len()), "{filter}");
        assert_eq!(found, wanted, "{filter}");
    };
    let is = |name: &'static str, value: &'static str| move |row: &Row| row[column(name)].as_deref() == Some(value);
    check(r#","status":"pending""#, &is("status", "pending"));
    check(r#","source":"email""#, &is("source", "email"));
    check(r#","categoryId":52"#, &is("categoryid", "52"));
    check(r#","categoryId":null"#, &|row| row[column("categoryid")].is_none());
    check(r#","ticketIds":[100005,100009,5]"#, &|row| ["100005", "100009"].contains(&row[0].as_deref().unwrap()));
    check(r#","customFields":[{"key":"order","value":"A-3"}]"#, &|row| row[column("customfields")].as_deref().unwrap().contains("A-3\""));
    let created = column("creationtime");
    check(r#","from":"2026-01-10T01:00:00+01:00","to":"2026-01-20T00:00:00Z","status":"open""#, &|row| {
        let time = row[created].as_deref().unwrap();
        is("status", "open")(row) && ("2026-01-10T00:00:00".."2026-01-20T00:00:00").contains(&time)
    });
    assert_eq!(post(&simulator, settings, "/tickets/list", r#"{"from":"soon"}"#).status(), 400);
    assert_eq!(post(&simulator, settings, "/tickets/list", r#"{"status":1}"#).status(), 400);
}

#[test]
fn bounds_are_compared_by_the_tick() {
    let simulator = simulator();
    let times = read_tickets(&simulator, "", "", 50);
    let time = times.iter().map(|ticket| ticket["creationTime"].as_str().unwrap()).find(|time| time[20..].find(['+', '-']) == Some(7));
    let count = |bounds: &str, filter: &str| read_tickets(&simulator, &format!("bounds={bounds}"), filter, 50).len();
    let at = format!(",\"from\":\"{0}\",\"to\":\"{0}\"", time.unwrap());
    assert_eq!(["inclusive", "half_open", "exclusive"].map(|bounds| count(bounds, &at)), [1, 0, 0]);
}

#[test]
fn tickets_come_in_the_asked_order() {
    let simulator = simulator();
    let order = |filter: &str, name: &str| {
        let list = read_tickets(&simulator, "", filter, 50);
        let times = list.iter().map(|ticket| chrono::DateTime::parse_from_rfc3339(ticket[name].as_str().unwrap()).unwrap().to_utc());
        times.collect::<Vec<_>>()
    };
    assert!(order("", "creationTime").iter().rev().is_sorted());
    assert!(order(r#","orderBy":"creation_time_asc""#, "creationTime").is_sorted());
    let activity = "lastThreadElementCreationTime";
    assert!(order(r#","orderBy":"last_thread_activity_desc""#, activity).iter().rev().is_sorted());
    assert!(!order("", activity).iter().rev().is_sorted());
    assert_eq!(post(&simulator, "", "/tickets/list", r#"{"orderBy":"size"}"#).status(), 400);
}

#[test]
fn page_sizes_are_kept_within_bounds() {
    let simulator = simulator();
    let size = |settings: &str, query: &str| {
        let reply = post(&simulator, settings, &format!("/tickets/100001/log{query}"), "{}");
        if reply.status() == 200 { data(&reply).len() } else { usize::from(reply.status()) }
    };
    let settings = "logs=120";
    assert_eq!([size(settings, ""), size(settings, "?take=50"), size(settings, "?take=51"), size(settings, "?skip=119")], [25, 50, 400, 1]);
    assert_eq!(size("logs=120,over=clamp", "?take=100"), 50);
    assert_eq!(data(&post(&simulator, "over=clamp", "/tickets/list", r#"{"take":100}"#)).len(), 50);
}

#[test]
fn an_unknown_ticket_is_an_error_in_a_200_or_a_404() {
    let simulator = simulator();
    let unknown = |settings: &str| {
        let reply = post(&simulator, settings, "/tickets/7/log", "{}");
        (reply.status(), reply.json()["errorCode"].as_i64(), reply.json()["errorText"].as_str().map(str::to_owned))
    };
    let text = Some("Ticket was not found.".to_owned());
    assert_eq!(unknown(""), (200, Some(404), text.clone()));
    assert_eq!(unknown("unknown_ticket=http404"), (404, Some(404), text));
    let fault = post(&simulator, "fault=error_code", "/tickets/100001/log", "{}");
    assert_eq!((fault.status(), &fault.json()["errorCode"], &fault.json()["data"]), (200, &17.into(), &Value::Null));
}

#[test]
fn a_refresh_token_gives_an_access_token_that_ends() {
    let simulator = simulator();
    let form = "Content-Type: application/x-www-form-urlencoded; charset=utf-8";
    let token = |settings: &str, body: &str| send(&simulator.url(), "POST", &format!("/~{settings}/token"), &[form], body);
    let good = "grant_type=refresh_token&refresh_token=lab-refresh&client_id=lab-client";
    let reply = token("tag=s,token_uses=1,token_life=50", good).json();
    assert_eq!((&reply["token_type"], &reply["expires_in"]), (&"bearer".into(), &50.into()));
    let bearer = format!("Authorization: Bearer {}", reply["access_token"].as_str().unwrap());
    let status = |bearer: &str, settings: &str| {
        send(&simulator.url(), "POST", &format!("/~{settings}/tickets/list"), &[bearer, JSON], "{}").status()
    };
    assert_eq!([(); 2].map(|()| status(&bearer, "tag=s")), [200, 401]);
    assert_eq!([status(BEARER, ""), status(BEARER, "static_token=off"), status("Accept: */*", "")], [200, 401, 401]);
    assert_eq!(simulator.requests("s")[0], "POST /token grant_type=refresh_token&refresh_token=***&client_id=lab-client");
    assert_eq!(simulator.requests("s")[1], "POST /tickets/list {}");
    for (body, error) in [
        ("grant_type=refresh_token&refresh_token=x&client_id=lab-client", "invalid_grant"),
        ("grant_type=refresh_token&refresh_token=lab-refresh&client_id=x", "invalid_client"),
        ("grand_type=refresh_token&refresh_token=lab-refresh&client_id=lab-client", "unsupported_grant_type"),
    ] {
        let reply = token("", body);
        assert_eq!((reply.status(), &reply.json()["error"]), (400, &error.into()));
    }
}

#[test]
fn rows_that_appear_move_the_others() {
    let simulator = simulator();
    let log = |settings: &str, skip: u32| {
        let reply = post(&simulator, &format!("logs=30,{settings}"), &format!("/tickets/100001/log?skip={skip}&take=10"), "{}");
        data(&reply).iter().map(|log| log["time"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let (first, second) = (log("fault=shift,at=2", 0), log("fault=shift,at=2", 10));
    assert_eq!(first[9], second[0]);
    assert_ne!(log("fault=shift,at=2", 0)[0], first[0]);
    assert_eq!(log("fault=shift,at=2", 30).len(), 1);
    let list = |skip: u32| {
        let reply = post(&simulator, "fault=shift,at=2", "/tickets/list", &format!("{{\"skip\":{skip},\"take\":10}}"));
        data(&reply).iter().map(|ticket| ticket["id"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    let (first, second, again) = (list(0), list(10), list(0));
    assert_eq!((first[9], again[0]), (second[0], 100_201));
    assert_eq!(post(&simulator, "fault=moved_total", "/tickets/list", "{}").status(), 400);
}

#[test]
fn nested_fields_can_be_corrupted() {
    let simulator = simulator();
    let third = |fault: &str| data(&post(&simulator, &format!("logs=9,fault={fault}"), "/tickets/100001/log", "{}"))[2].clone();
    assert_eq!(third("nul:user.name")["user"]["name"], "before\u{0}after");
    assert_eq!(third("wrong_type:user.isBot")["user"]["isBot"], "not-a-value");
    assert_eq!(third("wrong_type:user")["user"], "not-a-value");
    let far = post(&simulator, "fault=far_row", "/tickets/list", r#"{"to":"2026-02-01T00:00:00Z"}"#);
    assert_eq!(data(&far)[2]["creationTime"], "2026-03-13T00:00:00.000Z");
}
