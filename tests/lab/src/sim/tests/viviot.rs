//! Viviot's action log: pages by number, filters by ids that rows do not show, logins and errors.

use super::*;
use crate::sim::settings::Settings;
use crate::sim::viviot::action_log::{Action, ActionLog};

const BEARER: &str = "Authorization: Bearer lab-token";

fn get(simulator: &Simulator, settings: &str, query: &str) -> HttpReply {
    ask(&simulator.url(), &format!("/~{settings}/actionlogs?{query}"), &[BEARER])
}

fn data(reply: &HttpReply) -> Vec<Value> {
    reply.json()["data"].as_array().unwrap().clone()
}

/// All records by page number, until an empty page.
fn read_all(simulator: &Simulator, settings: &str, query: &str, size: usize) -> Vec<Value> {
    let mut records = Vec::new();
    for page in 1.. {
        let list = data(&get(simulator, settings, &format!("Page={page}&ItemsPerPage={size}&{query}")));
        if list.is_empty() {
            break;
        }
        records.extend(list);
    }
    records
}

/// A record in the form of the truth, with its action, its id and its time.
fn row(record: &Value, names: &[String]) -> Row {
    let mut record = record.clone();
    let members = record.as_object_mut().unwrap();
    let action = members.remove("action").unwrap();
    let (code, name) = action.as_object().unwrap().iter().next().unwrap();
    members.insert("actionCode".into(), code.as_str().into());
    members.insert("actionName".into(), name.clone());
    let millis = members["timestamp"].as_i64().unwrap();
    let time = chrono::DateTime::from_timestamp_millis(millis).filter(|_| millis > -62_135_596_800_000);
    members.insert("timestamp".into(), time.map(|time| time.to_rfc3339()).into());
    for name in ["id", "organizationId"] {
        if let Some(Value::String(id)) = members.get(name) {
            assert_eq!(id.len(), 32);
            let parts = [&id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]];
            members.insert(name.into(), parts.join("-").into());
        }
    }
    flat_row(&record, names, &[])
}

#[test]
fn pages_hold_exactly_the_printed_rows() {
    let simulator = simulator();
    for settings in ["rows=500,order=asc", "rows=500", "rows=500,nulls=present,ties=3,seed=9,total=absent"] {
        let (names, rows) = table_truth("viviot.action_logs", settings);
        let mut found: Vec<Row> = read_all(&simulator, settings, "", 64).iter().map(|record| row(record, &names)).collect();
        if !settings.contains("order=asc") {
            found.reverse();
        }
        assert_eq!(found, plain_times(rows), "{settings}");
    }
}

#[test]
fn totals_are_told_and_pages_may_be_fractions() {
    let simulator = simulator();
    let page = get(&simulator, "rows=25", "page=1&itemsPERpage=10").json();
    assert_eq!((page["totalAvailableItems"].as_u64(), page["totalPages"].as_f64()), (Some(25), Some(2.5)));
    assert_eq!(get(&simulator, "rows=25,total=absent", "page=1&itemsperpage=10").json().get("totalPages"), None);
    let past = |settings: &str| get(&simulator, settings, "Page=4&ItemsPerPage=10");
    assert_eq!(data(&past("rows=25")).len(), 0);
    assert_eq!(past("rows=25,past_end=error").status(), 400);
    let status = |settings: &str, query: &str| get(&simulator, settings, query).status();
    assert_eq!(status("", "Page=1"), 400);
    assert_eq!(status("", "ItemsPerPage=1"), 400);
    assert_eq!(status("", "Page=0&ItemsPerPage=1"), 400);
    assert_eq!(status("", "Page=1&ItemsPerPage=1001"), 400);
    assert_eq!(data(&get(&simulator, "over=clamp,max_limit=100", "Page=2&ItemsPerPage=500")).len(), 100);
}

#[test]
fn filters_take_ids_that_rows_do_not_show() {
    let simulator = simulator();
    let settings = "rows=2000,order=asc";
    let log = ActionLog::new(&Settings::parse(settings).unwrap());
    let (names, rows) = table_truth("viviot.action_logs", settings);
    type Keep = fn(&Action) -> bool;
    let cases: [(&str, Keep); 9] = [
        ("UserId=7", |action| action.user == Some(7)),
        ("BusinessUserId=3", |action| action.business_user == Some(3)),
        ("Action=12", |action| action.code == 12),
        ("targetthingid=thing-004", |action| action.thing == Some(4)),
        ("TargetUserId=11", |action| action.target_user == Some(11)),
        ("TargetBusinessUserId=2", |action| action.target_business_user == Some(2)),
        ("TargetTaskId=task-05", |action| action.task == Some(5)),
        ("TargetTaskListId=list-01", |action| action.task_list == Some(1)),
        ("Action=20&TargetTaskId=task-05", |action| action.code == 20 && action.task == Some(5)),
    ];
    for (query, keep) in cases {
        let wanted: Vec<Row> =
            rows.iter().enumerate().filter(|(at, _)| keep(&log.action(*at as u64))).map(|(_, row)| row.clone()).collect();
        let found: Vec<Row> = read_all(&simulator, settings, query, 9).iter().map(|record| row(record, &names)).collect();
        assert!((1..1000).contains(&wanted.len()), "{query}");
        assert_eq!(found, plain_times(wanted), "{query}");
    }
    assert_eq!(get(&simulator, settings, "Page=1&ItemsPerPage=1&Action=open").status(), 400);
}

#[test]
fn a_range_of_time_has_many_forms() {
    let simulator = simulator();
    let settings = "rows=3100";
    let count = |query: &str| get(&simulator, settings, &format!("Page=1&ItemsPerPage=1&{query}")).json()["totalAvailableItems"].as_u64();
    // A hundred rows lie on each day; those of the first fourteen hours have no time.
    let day = count("From=2026-01-10T00:00:00Z&To=2026-01-10T23:59:59.999Z");
    assert_eq!(day, Some(100));
    assert_eq!(count("from=2026-01-10&to=2026-01-10T23:59:59.9990000Z"), day);
    assert_eq!(count("From=1768003200000&To=1768089599999"), day);
    assert_eq!(count("From=2026-01-10T02:00:00%2B02:00&To=2026-01-10T23:59:59.999Z"), day);
    // For a time without a zone, the server assumes its own: an hour east.
    assert_eq!(count("From=2026-01-10T01:00:00&To=2026-01-11T00:59:59.999"), day);
    assert_ne!(count("From=2026-01-10T00:00:00&To=2026-01-10T12:00:00Z"), count("From=2026-01-10T00:00:00Z&To=2026-01-10T12:00:00Z"));
    assert_eq!(count("To=2026-01-01T20:00:00Z"), Some(84));
    assert_eq!(count("From=2020-01-01"), Some(3100 - 62));
    assert_eq!(count(""), Some(3100));
    assert_eq!(get(&simulator, settings, "Page=1&ItemsPerPage=1&From=soon").status(), 400);
    let bound = |bounds: &str| {
        let query = "Page=1&ItemsPerPage=1&From=2026-01-10&To=2026-01-11";
        get(&simulator, &format!("rows=3100,bounds={bounds}"), query).json()["totalAvailableItems"].as_u64().unwrap()
    };
    assert_eq!(["inclusive", "half_open", "exclusive"].map(bound), [101, 100, 99]);
}

#[test]
fn tokens_keys_and_sessions_open() {
    let simulator = simulator();
    let status =
        |settings: &str, header: &str| ask(&simulator.url(), &format!("/~{settings}/actionlogs?Page=1&ItemsPerPage=1"), &[header]).status();
    assert_eq!(status("", BEARER), 200);
    assert_eq!(status("", "Authorization: bearer lab-key"), 200);
    assert_eq!(status("static_token=off", BEARER), 401);
    assert_eq!(status("", "Authorization: Bearer other"), 401);
    assert_eq!(status("role=off", BEARER), 403);
    let none = ask(&simulator.url(), "/actionlogs?Page=1&ItemsPerPage=1", &[]);
    assert_eq!((none.status(), none.header("www-authenticate")), (401, Some("credentials realm=\"/auth/credentials\"")));
    let login = |kind: &str, body: &str| {
        send(&simulator.url(), "POST", "/~tag=v,token_uses=1/auth/credentials", &[&format!("Content-Type: {kind}")], body)
    };
    let reply = login("application/json", r#"{"userName":"lab-user","password":"lab-password"}"#);
    let token = reply.json()["bearerToken"].as_str().unwrap().to_owned();
    let session = reply.json()["sessionId"].as_str().unwrap().to_owned();
    assert_eq!(reply.header("set-cookie"), Some(format!("ss-id={session}; path=/; httponly").as_str()));
    let bearer = format!("Authorization: Bearer {token}");
    assert_eq!([(); 2].map(|()| status("tag=v,token_uses=1", &bearer)), [200, 401]);
    assert_eq!(status("tag=v", &format!("Cookie: a=b; ss-id={session}")), 200);
    assert_eq!(login("application/x-www-form-urlencoded", "UserName=lab-user&Password=lab-password").status(), 200);
    assert_eq!(login("application/json", r#"{"userName":"lab-user","password":"x"}"#).status(), 401);
    assert_eq!(simulator.requests("v")[0], r#"POST /auth/credentials {"userName":"lab-user","password":"***"}"#);
}

#[test]
fn faults_are_said_in_its_own_words() {
    let simulator = simulator();
    let page = |settings: &str| get(&simulator, &format!("rows=50,{settings}"), "Page=1&ItemsPerPage=10&To=2026-02-01");
    let fault = page("fault=response_status");
    assert_eq!((fault.status(), data(&fault).len(), &fault.json()["responseStatus"]["errorCode"]), (200, 0, &"SqlException".into()));
    let failed = page("fault=status:500");
    assert!(failed.json()["responseStatus"]["message"].as_str().unwrap().contains("lab-token"));
    assert_eq!(data(&page("fault=wrong_type:action"))[2]["action"], "not-a-value");
    assert_eq!(data(&page("fault=far_row"))[2]["timestamp"], 1_773_360_000_000_i64);
    assert_eq!(page("fault=no_records").json().get("data"), None);
    let bomb = send(&simulator.url(), "GET", "/~fault=bomb/actionlogs?Page=1&ItemsPerPage=1", &[BEARER], "");
    assert_eq!(data(&bomb).len(), 1);
}

#[test]
fn rows_that_appear_move_the_others() {
    let simulator = simulator();
    let page = |settings: &str, number: u32| {
        let reply = get(&simulator, &format!("rows=30,{settings}"), &format!("Page={number}&ItemsPerPage=10")).json();
        (reply["data"].as_array().unwrap().iter().map(|row| row["id"].clone()).collect::<Vec<_>>(), reply["totalAvailableItems"].clone())
    };
    for fault in ["shift", "moved_total"] {
        let settings = format!("fault={fault},at=2");
        let ((first, before), (second, after)) = (page(&settings, 1), page(&settings, 2));
        assert_eq!((before, after, &first[9]), (30.into(), 31.into(), &second[0]), "{fault}");
    }
    let (fourth, _) = page("fault=shift,at=2", 4);
    assert_eq!(fourth.len(), 1);
}
