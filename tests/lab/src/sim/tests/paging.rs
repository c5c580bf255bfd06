//! Pages, filters and refusals, compared with the printed rows.

use super::*;

/// A record's place in the data set.
fn identity(record: &Value) -> (String, String) {
    let text = |name: &str| record[name].as_str().unwrap().to_owned();
    (text("ticketId"), text("ticketStatusLogId"))
}

#[test]
fn pages_hold_exactly_the_printed_rows() {
    let simulator = simulator();
    for form in ["", ",nulls=absent", ",activation=string", ",spelling=eventId", ",shape=burst,seed=7"] {
        let settings = format!("rows=500{form}");
        let (names, rows) = truth(&settings);
        let records = all_records(&chain(&simulator, &settings, &format!("{JANUARY}&limit=64")));
        let mut records: Vec<Row> = records.iter().map(|record| as_row(record, &names)).collect();
        // serde_json returns the members of an object in alphabetical order.
        let details = names.iter().position(|name| name == "activationdetails").unwrap();
        for (record, row) in records.iter_mut().zip(&rows) {
            let json = |text: &Option<String>| text.as_deref().map(|text| serde_json::from_str::<Value>(text).unwrap());
            assert_eq!(json(&record[details]), json(&row[details]));
            record[details].clone_from(&row[details]);
        }
        assert_eq!(records, rows, "{settings}");
    }
}

#[test]
fn every_row_comes_once_however_a_chain_is_paged() {
    let simulator = simulator();
    for order in ["asc", "desc"] {
        for last in ["null", "absent", "empty", "bookmark"] {
            for bounds in ["inclusive", "exclusive", "half_open"] {
                for limit in [100, 250, 999, 1000] {
                    let settings = format!("rows=1000,ties=4,order={order},last={last},bounds={bounds}");
                    let query = format!("mobileAppId=my-app&from=2025-12-31&to=2026-02-02&limit={limit}");
                    let pages = chain(&simulator, &settings, &query);
                    let expected_pages = 1000_usize.div_ceil(limit) + usize::from(last == "bookmark");
                    assert_eq!(pages.len(), expected_pages, "{settings} {limit}");
                    let mut found: Vec<_> = all_records(&pages).iter().map(identity).collect();
                    let times: Vec<String> =
                        all_records(&pages).iter().map(|record| record["createdDate"].as_str().unwrap().to_owned()).collect();
                    assert!(if order == "asc" { times.is_sorted() } else { times.iter().rev().is_sorted() });
                    found.sort();
                    found.dedup();
                    assert_eq!(found.len(), 1000, "{settings} {limit}");
                }
            }
        }
    }
}

#[test]
fn the_last_page_shows_as_ordered() {
    let simulator = simulator();
    let last = |word: &str| log(&simulator, &format!("rows=10,last={word}"), JANUARY).json()["pagination"].clone();
    assert_eq!(last("null"), serde_json::json!({"pageSize": 10, "nextPageKey": null}));
    assert_eq!(last("absent"), serde_json::json!({"pageSize": 10}));
    assert_eq!(last("empty"), serde_json::json!({"pageSize": 10, "nextPageKey": ""}));
    let pages = chain(&simulator, "rows=10,last=bookmark", JANUARY);
    assert_eq!(pages.len(), 2);
    assert_eq!(pages[0].next_key(), pages[1].next_key());
    assert!(pages[1].records().is_empty());
}

#[test]
fn ends_of_the_range_belong_to_it_as_ordered() {
    let simulator = simulator();
    let (_, rows) = truth("rows=100,ties=5");
    let time = |row: usize| rows[row][23].clone().unwrap();
    let query = format!("mobileAppId=my-app&from={}&to={}", time(10), time(40));
    let count = |form: &str| log(&simulator, &format!("rows=100,ties=5,{form}"), &query).records().len();
    assert_eq!(count("bounds=inclusive"), 35);
    assert_eq!(count("bounds=half_open"), 30);
    assert_eq!(count("bounds=exclusive"), 25);
    // Ten rows lie on each day.
    let query = "mobileAppId=my-app&from=2026-01-10T11:00:00.5Z&to=2026-01-10T11:00:00.6Z";
    let count = |unit: &str| log(&simulator, &format!("rows=310,granularity={unit}"), query).records().len();
    assert_eq!(["ms", "s", "day"].map(count), [0, 0, 11]);
}

#[test]
fn the_range_may_filter_the_update() {
    let simulator = simulator();
    let (_, rows) = truth("rows=3000");
    let query = "mobileAppId=my-app&from=2026-01-10&to=2026-01-11&limit=7";
    let found = all_records(&chain(&simulator, "rows=3000,filter=updatedDate", query));
    let inside = |time: &String| ("2026-01-10T00:00:00.000Z"..="2026-01-11T00:00:00.000Z").contains(&time.as_str());
    let wanted: Vec<_> = rows.iter().filter(|row| row[24].as_ref().is_some_and(inside)).collect();
    assert!(wanted.len() > 50);
    assert_eq!(found.len(), wanted.len());
    assert!(found.iter().zip(wanted).all(|(record, row)| record["ticketId"].as_str() == row[0].as_deref()));
}

#[test]
fn filters_select_what_the_rows_say() {
    let simulator = simulator();
    let (_, rows) = truth("rows=2000");
    let cases: [(&str, usize, &[&str]); 7] = [
        ("actionNames=ACTIVATE", 3, &["ACTIVATE"]),
        ("actionNames=CONTROL&actionNames=START_TRANSFER", 3, &["CONTROL", "START_TRANSFER"]),
        ("fromStatuses=PENDING_TRANSFER", 4, &["PENDING_TRANSFER"]),
        ("toStatuses=DELETED&toStatuses=DELETION_PENDING", 5, &["DELETED", "DELETION_PENDING"]),
        ("fromOwnerId=sp-00003", 6, &["sp-00003"]),
        ("toOwnerId=sp-00001&toOwnerId=sp-00004", 7, &["sp-00004"]),
        ("actor=Backoffice%20user", 2, &["Backoffice user"]),
    ];
    for (filter, column, values) in cases {
        for order in ["asc", "desc"] {
            let settings = format!("rows=2000,order={order}");
            let mut found = all_records(&chain(&simulator, &settings, &format!("{JANUARY}&limit=10&{filter}")));
            if order == "desc" {
                found.reverse();
            }
            let wanted = rows.iter().filter(|row| row[column].as_deref().is_some_and(|value| values.contains(&value)));
            let wanted: Vec<_> = wanted.map(|row| (row[0].clone().unwrap(), row[1].clone().unwrap())).collect();
            assert!(!wanted.is_empty(), "{filter}");
            assert_eq!(found.iter().map(identity).collect::<Vec<_>>(), wanted, "{filter}");
        }
    }
}

#[test]
fn case_matters_as_ordered() {
    let simulator = simulator();
    let count = |form: &str| log(&simulator, form, &format!("{JANUARY}&actionNames=activate")).records().len();
    assert_eq!(count("rows=100"), 0);
    assert!(count("rows=100,case=insensitive") > 0);
}

#[test]
fn page_sizes_are_kept_within_bounds() {
    let simulator = simulator();
    let size = |form: &str, limit: &str| {
        let reply = log(&simulator, form, &format!("{JANUARY}{limit}"));
        (reply.status(), if reply.status() == 200 { reply.records().len() } else { 0 })
    };
    assert_eq!(size("rows=5000", ""), (200, 1000));
    assert_eq!(size("rows=5000,default_limit=7", ""), (200, 7));
    assert_eq!(size("rows=5000,default_limit=7,max_limit=100", "&limit=101"), (400, 0));
    assert_eq!(size("rows=5000,default_limit=7,max_limit=100,over=clamp", "&limit=101"), (200, 100));
    assert_eq!(size("rows=5000", "&limit=0"), (400, 0));
    assert_eq!(size("rows=5000", "&limit=ten"), (400, 0));
}

#[test]
fn what_is_missing_or_wrong_is_refused() {
    let simulator = simulator();
    let refused = |query: &str| {
        let reply = log(&simulator, "rows=10", query);
        (reply.status(), reply.json()["error"]["message"].as_str().unwrap().to_owned())
    };
    let refusal = |text: &str| (400, text.to_owned());
    assert_eq!(refused("from=2026-01-01&to=2026-02-01"), refusal("mobileAppId is required"));
    assert_eq!(refused("mobileAppId=my-app&to=2026-02-01"), refusal("from is required"));
    assert_eq!(refused("mobileAppId=my-app&from=2026-01-01&to=soon"), refusal("to is not a date-time"));
    assert_eq!(refused("mobileAppId=mine&from=2026-01-01&to=2026-02-01"), refusal("mobileAppId is unknown"));
    assert_eq!(refused(&format!("{JANUARY}&paginationKey=abcd")), refusal("paginationKey is unknown"));
    let unknown = log(&simulator, "row=10", JANUARY);
    assert_eq!((unknown.status(), unknown.text().as_str()), (400, "setting row: no such setting\n"));
}

#[test]
fn a_key_of_another_data_set_is_unknown() {
    let simulator = simulator();
    let key = log(&simulator, "rows=5000", JANUARY).next_key().unwrap();
    let query = format!("{JANUARY}&paginationKey={}", encode(&key));
    assert_eq!(log(&simulator, "rows=5000", &query).status(), 200);
    assert_eq!(log(&simulator, "rows=5001", &query).status(), 400);
    assert_eq!(log(&simulator, "rows=5000", &query.replace("my-app", "other-app")).status(), 400);
}

#[test]
fn only_the_right_key_opens() {
    let simulator = simulator();
    let status = |form: &str, headers: &[&str]| ask(&simulator.url(), &format!("/~{form}{LOG}?{JANUARY}"), headers).status();
    assert_eq!(status("rows=10", &[]), 401);
    assert_eq!(status("rows=10", &["X-Api-Key: other"]), 401);
    assert_eq!(status("rows=10", &["x-api-key: lab-key"]), 200);
    assert_eq!(status("rows=10,header=Authorization,scheme=Bearer,key=s3", &["Authorization: Bearer s3"]), 200);
    assert_eq!(status("rows=10,header=Authorization,scheme=Bearer,key=s3", &["Authorization: s3"]), 401);
}

#[test]
fn the_request_log_tells_what_was_asked() {
    let simulator = simulator();
    log(&simulator, "rows=10,tag=mine", &format!("{JANUARY}&actor=Backoffice%20user"));
    log(&simulator, "rows=10,tag=other", JANUARY);
    let line = format!("GET {LOG}?{JANUARY}&actor=Backoffice user");
    assert_eq!(simulator.requests("mine"), [line.as_str()]);
    let log = ask(&simulator.url(), "/_requests?tag=mine&headers=x-api-key,cookie", &[]);
    assert_eq!(log.text(), format!("{line} [x-api-key: lab-key] [cookie: (none)]\n"));
    simulator.clear_requests("mine");
    assert!(simulator.requests("mine").is_empty());
    assert_eq!(simulator.requests("other").len(), 1);
}
