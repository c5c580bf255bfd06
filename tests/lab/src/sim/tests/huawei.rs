//! Huawei's service tickets: pages, filters, logins, errors and rows that appear meanwhile.

use super::*;

const CASES: &str = "/v2/servicerequest/cases";
const TOKEN: &str = "X-Auth-Token: lab-token";

fn get(simulator: &Simulator, settings: &str, path: &str) -> HttpReply {
    ask(&simulator.url(), &format!("/~{settings}/any{CASES}{path}"), &[TOKEN])
}

/// All records of a list by offset, and the totals of its pages.
fn read_all(simulator: &Simulator, settings: &str, path: &str, limit: usize) -> (Vec<Value>, Vec<u64>) {
    let (mut records, mut totals) = (Vec::new(), Vec::new());
    loop {
        let sign = if path.contains('?') { '&' } else { '?' };
        let page = get(simulator, settings, &format!("{path}{sign}offset={}&limit={limit}", records.len())).json();
        let page = page.as_object().unwrap();
        let list = page.values().find_map(Value::as_array).unwrap();
        totals.extend(["total_count", "count"].iter().find_map(|name| page.get(*name)?.as_u64()));
        records.extend(list.iter().cloned());
        if list.len() < limit {
            return (records, totals);
        }
    }
}

fn cases(simulator: &Simulator, settings: &str, query: &str) -> Vec<Value> {
    read_all(simulator, settings, &format!("?{query}"), 100).0
}

#[test]
fn pages_hold_exactly_the_printed_rows() {
    let simulator = simulator();
    for settings in ["order=asc", "order=asc,nulls=present,language=en-us,seed=5", "order=asc,logs=40,messages=11,cases=20"] {
        let (names, rows) = table_truth("huawei.cases", settings);
        let records = cases(&simulator, settings, "");
        let found: Vec<Row> = records.iter().map(|record| flat_row(record, &names, &[])).collect();
        assert_eq!(found, plain_times(rows), "{settings}");
        for (table, path, limit) in [("huawei.operate_logs", "operate-logs", 7), ("huawei.messages", "messages", 4)] {
            let (names, rows) = table_truth(table, settings);
            let mut found = Vec::new();
            for case in &records {
                let id = case["incident_id"].as_str().unwrap();
                let (list, totals) = read_all(&simulator, settings, &format!("/{id}/{path}"), limit);
                assert!(totals.iter().all(|total| *total == list.len() as u64));
                found.extend(list.iter().map(|record| flat_row(record, &names, &[("case_id", id)])));
            }
            assert_eq!(found, plain_times(rows), "{table} {settings}");
        }
    }
}

#[test]
fn the_newest_come_first() {
    let simulator = simulator();
    let times: Vec<String> = cases(&simulator, "", "").iter().map(|case| case["create_time"].as_str().unwrap().to_owned()).collect();
    assert_eq!(times.len(), 200);
    assert!(times.iter().rev().is_sorted());
}

#[test]
fn cases_vary_and_some_have_no_log() {
    let (_, rows) = table_truth("huawei.operate_logs", "");
    assert!((3500..6500).contains(&rows.len()), "{}", rows.len());
    let cases: std::collections::HashSet<_> = rows.iter().map(|row| row[9].clone()).collect();
    assert!((150..200).contains(&cases.len()));
}

#[test]
fn filters_select_what_the_rows_say() {
    let simulator = simulator();
    let (_, rows) = table_truth("huawei.cases", "cases=500,order=asc");
    let labels = |row: &Row, wanted: &[&str]| {
        let list: Value = serde_json::from_str(row[15].as_deref().unwrap_or("[]")).unwrap();
        list.as_array().unwrap().iter().any(|label| wanted.contains(&label["label_id"].as_str().unwrap()))
    };
    let check = |query: &str, keep: &dyn Fn(&Row) -> bool| {
        let found: Vec<String> =
            cases(&simulator, "cases=500,order=asc", query).iter().map(|case| case["incident_id"].as_str().unwrap().to_owned()).collect();
        let wanted: Vec<String> = rows.iter().filter(|row| keep(row)).map(|row| row[3].clone().unwrap()).collect();
        assert!((1..500).contains(&wanted.len()), "{query}");
        assert_eq!(found, wanted, "{query}");
    };
    check("status=3", &|row| row[2].as_deref() == Some("3"));
    check("label_id_list=lb-1", &|row| labels(row, &["lb-1"]));
    check("label_id_list=lb-1&label_id_list=lb-4&status=17", &|row| labels(row, &["lb-1", "lb-4"]) && row[2].as_deref() == Some("17"));
    check("search_key=DISK", &|row| row[10].as_deref().unwrap().contains("Disk"));
    check("search_key=disk%20monday&search_key=is", &|row| row[10].as_deref().unwrap().contains("Disk"));
    check("incident_id=SR20260000007", &|row| row[3].as_deref() == Some("SR20260000007"));
    check("x_customer_name=Ada%20Okafor", &|row| row[1].as_deref() == Some("Ada Okafor"));
    let customer = rows.iter().find_map(|row| row[0].clone()).unwrap();
    check(&format!("x_customer_id={customer}"), &|row| row[0].as_ref() == Some(&customer));
    let between = |row: &Row| ("2026-01-10T00:00:00Z".."2026-01-20T00:00:00Z").contains(&row[13].as_deref().unwrap());
    for query in [
        "query_start_time=2026-01-10T00:00:00Z&query_end_time=2026-01-19T23:59:59Z",
        "query_start_time=2026-01-10%2008:00:00&query_end_time=2026-01-20%2007:59:59",
        "query_start_time=1768003200000&query_end_time=1768867199000",
    ] {
        check(query, &between);
    }
    assert_eq!(
        get(&simulator, "", "?label_id_list=a&label_id_list=a&label_id_list=a&label_id_list=a&label_id_list=a&label_id_list=a").status(),
        400
    );
    assert_eq!(get(&simulator, "", "?query_start_time=soon").status(), 400);
}

#[test]
fn the_zone_and_the_language_are_the_clients() {
    let simulator = simulator();
    let record = |settings: &str, headers: &[&str]| {
        let path = format!("/~logs=3,order=asc,{settings}{CASES}/SR20260000002/operate-logs");
        ask(&simulator.url(), &path, &[&[TOKEN], headers].concat()).json()["incident_operate_log_list"][1].clone()
    };
    let (there, here) = (record("", &[]), record("", &["X-Time-Zone: GMT-5", "X-Language: en-us"]));
    let time = |record: &Value, name: &str| {
        chrono::NaiveDateTime::parse_from_str(record[name].as_str().unwrap(), "%Y-%m-%d %H:%M:%S").unwrap().and_utc().timestamp()
    };
    assert_eq!(time(&there, "operate_time") - time(&here, "operate_time"), 13 * 3600);
    assert_eq!(there["timestamp_operate_time"], here["timestamp_operate_time"]);
    assert!(here["operate_desc"].as_str().unwrap().is_ascii() && !there["operate_desc"].as_str().unwrap().is_ascii());
    let local = record("time_form=local", &["X-Time-Zone: GMT-5"]);
    assert_eq!(local["timestamp_operate_time"], local["operate_time"]);
    let millis = record("time_form=millis", &[])["timestamp_operate_time"].as_str().unwrap().parse::<i64>().unwrap();
    assert_eq!(millis, (time(&there, "operate_time") - 8 * 3600) * 1000);
    assert_eq!(ask(&simulator.url(), CASES, &[TOKEN, "X-Time-Zone: Mars"]).status(), 400);
}

#[test]
fn page_sizes_and_offsets_have_bounds() {
    let simulator = simulator();
    let size = |settings: &str, query: &str| {
        let reply = get(&simulator, settings, query);
        (reply.status(), reply.json()["incident_info_list"].as_array().map_or(0, Vec::len))
    };
    assert_eq!(size("", ""), (200, 10));
    assert_eq!(size("", "?limit=0"), (400, 0));
    assert_eq!(size("", "?limit=101"), (400, 0));
    assert_eq!(size("over=clamp", "?limit=101"), (200, 100));
    assert_eq!(size("", "?offset=200"), (200, 0));
    assert_eq!(size("", "?offset=65536"), (400, 0));
    let deep = get(&simulator, "logs=70000,cases=1", "/SR20260000001/operate-logs?offset=65535&limit=100").json();
    assert_eq!((deep["total_count"].as_u64(), deep["incident_operate_log_list"].as_array().unwrap().len()), (Some(70_000), 100));
    let total_of = |total: &str| {
        get(&simulator, &format!("logs=70000,cases=1,total={total}"), "/SR20260000001/operate-logs").json()["total_count"].as_u64()
    };
    assert_eq!(["capped", "absent"].map(total_of), [Some(65_535), None]);
}

#[test]
fn an_unknown_case_is_an_error_in_a_200() {
    let simulator = simulator();
    let unknown = get(&simulator, "", "/SR20260000201/operate-logs");
    assert_eq!((unknown.status(), &unknown.json()["error_code"]), (200, &"OSM.01010001".into()));
    assert_eq!(get(&simulator, "unknown_case=empty", "/nothing/messages").json(), serde_json::json!({"count": 0, "message_list": []}));
    assert_eq!(get(&simulator, "", "?group_id=lab-group").status(), 200);
    assert_eq!(get(&simulator, "", "?group_id=other").json()["error_code"], "OSM.01010002");
    let fault = get(&simulator, "fault=business_error", "");
    assert_eq!((fault.status(), &fault.json()["error_msg"]), (200, &"No operation permission.".into()));
    let throttled = get(&simulator, "fault=throttle:3", "");
    assert_eq!(
        (throttled.status(), throttled.header("retry-after"), &throttled.json()["error_code"]),
        (429, Some("3"), &"APIG.0308".into())
    );
    let failed = get(&simulator, "fault=status:500", "");
    assert_eq!((failed.status(), &failed.json()["error_code"]), (500, &"OSM.0004".into()));
    assert!(failed.text().contains("lab-token"));
}

fn login(simulator: &Simulator, settings: &str, body: &str) -> HttpReply {
    send(&simulator.url(), "POST", &format!("/~{settings}/v3/auth/tokens"), &["Content-Type: application/json"], body)
}

fn identity(password: &str, scope: &str) -> String {
    format!(
        r#"{{"auth": {{"identity": {{"methods": ["password"], "password": {{"user": {{"name": "lab-user",
        "password": "{password}", "domain": {{"name": "lab-domain"}}}}}}}}, "scope": {scope}}}}}"#
    )
}

#[test]
fn a_login_gives_a_token_that_ends() {
    let simulator = simulator();
    let scope = r#"{"project": {"name": "lab-project"}}"#;
    let reply = login(&simulator, "tag=l,token_uses=2", &identity("lab-password", scope));
    assert_eq!(reply.status(), 201);
    let token = reply.header("x-subject-token").unwrap();
    let use_it = || ask(&simulator.url(), &format!("/~tag=l,token_uses=2{CASES}"), &[&format!("X-Auth-Token: {token}")]);
    assert_eq!([(); 2].map(|()| use_it().status()), [200, 200]);
    let refused = use_it();
    assert_eq!((refused.status(), &refused.json()["error_code"]), (401, &"APIG.0301".into()));
    assert!(refused.json()["error_msg"].as_str().unwrap().contains("token expires"));
    assert_eq!(
        simulator.requests("l")[0],
        "POST /v3/auth/tokens {\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":{\"name\":\"lab-user\",\
         \"password\":\"***\",\"domain\":{\"name\":\"lab-domain\"}}}},\"scope\":{\"project\":{\"name\":\"lab-project\"}}}}"
    );
    assert_eq!(login(&simulator, "", &identity("other", scope)).status(), 401);
    assert_eq!(login(&simulator, "", &identity("lab-password", "{}")).status(), 400);
    assert_eq!(login(&simulator, "", &identity("lab-password", r#"{"domain": {"name": "lab-domain"}}"#)).status(), 201);
    assert_eq!(login(&simulator, "", "{}").status(), 400);
    assert_eq!(ask(&simulator.url(), "/v3/auth/tokens", &[]).status(), 405);
    assert_eq!(ask(&simulator.url(), CASES, &[]).json()["error_msg"], "Incorrect IAM authentication information: x-auth-token not found");
    assert_eq!(ask(&simulator.url(), &format!("/~static_token=off{CASES}"), &[TOKEN]).status(), 401);
    let short = login(&simulator, "token_life=0", &identity("lab-password", scope));
    let short = format!("X-Auth-Token: {}", short.header("x-subject-token").unwrap());
    assert_eq!(ask(&simulator.url(), CASES, &[&short]).status(), 401);
}

#[test]
fn rows_that_appear_move_the_others() {
    let simulator = simulator();
    let ids = |settings: &str, offset: usize| {
        let page = get(&simulator, settings, &format!("/SR20260000001/operate-logs?limit=10&offset={offset}")).json();
        let list = page["incident_operate_log_list"].as_array().unwrap();
        let ids: Vec<String> = list.iter().map(|log| log["incident_log_id"].as_str().unwrap().to_owned()).collect();
        (ids, page["total_count"].as_u64().unwrap())
    };
    for (fault, last) in [("shift", 31), ("moved_total", 30)] {
        let settings = format!("cases=1,logs=30,fault={fault},at=2");
        let (first, total) = ids(&settings, 0);
        let (second, moved) = ids(&settings, 10);
        assert_eq!((total, moved), (30, 31));
        assert_eq!(first[9], second[0], "{fault}: the last row of page 1 comes again");
        let (again, total) = ids(&settings, 0);
        assert_eq!(total, last);
        assert_eq!(again[0] == first[0], fault == "moved_total");
        assert_eq!(fault == "shift", again[1] == first[0]);
    }
    // A page that overlaps the first one by a row still counts as the second.
    let settings = "cases=1,logs=30,fault=shift,at=2,tag=o";
    let (first, _) = ids(settings, 0);
    let (second, _) = ids(settings, 9);
    assert_ne!(first[9], second[0]);
}

#[test]
fn corrupted_records_and_faults_without_meaning() {
    let simulator = simulator();
    let third = |fault: &str| {
        get(&simulator, &format!("fault={fault}"), "?query_end_time=2026-02-01T00:00:00Z").json()["incident_info_list"][2].clone()
    };
    assert_eq!(third("wrong_type:status")["status"], "not-a-value");
    assert_eq!(third("nul:root_cause")["root_cause"], "before\u{0}after");
    assert_eq!(third("far_row")["create_time"], "2026-03-13T00:00:00.000Z");
    assert!(third("wrong_type:dc_name")["dc_name"].is_object());
    let page = |fault: &str| get(&simulator, &format!("fault={fault}"), "");
    assert_eq!(page("no_records").json(), serde_json::json!({"total_count": 200}));
    assert_eq!(page("records_object").json(), serde_json::json!({"total_count": 200, "incident_info_list": {}}));
    assert_eq!(page("empty_middle").json(), serde_json::json!({"total_count": 200, "incident_info_list": []}));
    assert!(page("dup_fields").text().contains(r#""incident_id":"SR-duplicate""#));
    assert_eq!(page("repeat_key").status(), 400);
    assert_eq!(page("nul:nothing").status(), 400);
}
