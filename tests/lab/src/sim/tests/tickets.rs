//! TIXNGO's tickets: pages by offset with a total, filters, and rows that appear meanwhile.

use super::*;

const TICKETS: &str = "/v4/organizer/report/events/tickets?mobileAppId=my-app";

fn get(simulator: &Simulator, settings: &str, query: &str) -> HttpReply {
    ask(&simulator.url(), &format!("/~{settings}{TICKETS}&{query}"), &[KEY])
}

fn read_all(simulator: &Simulator, settings: &str, query: &str, limit: u64) -> Vec<Value> {
    let mut records = Vec::new();
    loop {
        let page = get(simulator, settings, &format!("limit={limit}&offset={}&{query}", records.len())).json();
        records.extend(page["result"].as_array().unwrap().iter().cloned());
        if records.len() as u64 >= page["total"].as_u64().unwrap() {
            return records;
        }
    }
}

#[test]
fn pages_hold_exactly_the_printed_rows() {
    let simulator = simulator();
    for settings in ["tickets=500", "tickets=333,nulls=absent,seed=3", "tickets=300,order=desc"] {
        let (names, rows) = table_truth("tixngo.tickets", settings);
        let mut records = read_all(&simulator, settings, "", 64);
        if settings.contains("desc") {
            records.reverse();
        }
        let found: Vec<Row> = records.iter().map(|record| flat_row(record, &names, &[("mobileappid", "my-app")])).collect();
        assert_eq!(found, plain_times(rows), "{settings}");
    }
}

#[test]
fn a_ticket_has_the_event_of_its_log() {
    let (_, tickets) = table_truth("tixngo.tickets", "tickets=8");
    let (_, log) = truth("rows=64");
    for ticket in &tickets {
        let entries: Vec<&Row> = log.iter().filter(|row| row[0] == ticket[0]).collect();
        assert!(entries.len() == 8 && entries.iter().all(|row| row[18] == ticket[1]));
    }
}

#[test]
fn filters_select_what_the_rows_say() {
    let simulator = simulator();
    let (_, rows) = table_truth("tixngo.tickets", "tickets=620");
    let ids = |query: &str| {
        read_all(&simulator, "tickets=620", query, 50)
            .iter()
            .map(|ticket| ticket["ticketId"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let wanted = |keep: &dyn Fn(&Row) -> bool| rows.iter().filter(|row| keep(row)).map(|row| row[0].clone().unwrap()).collect::<Vec<_>>();
    assert_eq!(ids("excludeDeleted=true"), wanted(&|row| row[6].is_some()));
    assert_eq!(ids("excludeDeleted=false").len(), 620);
    assert!((30..100).contains(&wanted(&|row| row[6].is_none()).len()));
    let day = |row: &Row| ("2026-01-10".."2026-01-12").contains(&row[13].as_deref().unwrap());
    assert_eq!(ids("lastUpdatedSince=2026-01-10T00:00:00Z&lastUpdatedBefore=2026-01-11T23:59:59.999Z"), wanted(&day));
    let count = |bounds: &str| {
        let query = "limit=1&offset=0&lastUpdatedSince=2026-01-10&lastUpdatedBefore=2026-01-11";
        get(&simulator, &format!("tickets=620,bounds={bounds}"), query).json()["total"].as_u64().unwrap()
    };
    assert_eq!(["inclusive", "half_open", "exclusive"].map(count), [21, 20, 19]);
}

#[test]
fn what_is_missing_or_wrong_is_refused() {
    let simulator = simulator();
    let status = |query: &str| get(&simulator, "", query).status();
    assert_eq!(["limit=5", "offset=0", "limit=5&offset=x", "limit=0&offset=0", "limit=10001&offset=0"].map(status), [400; 5]);
    assert_eq!(["limit=5&offset=0&excludeDeleted=maybe", "limit=5&offset=0&lastUpdatedSince=soon"].map(status), [400; 2]);
    assert_eq!(ask(&simulator.url(), &format!("{TICKETS}&limit=5&offset=0"), &[]).status(), 401);
    assert_eq!(get(&simulator, "total=absent", "limit=1&offset=0").json().get("total"), None);
    let unplayed = log(&simulator, "rows=10,fault=shift", JANUARY);
    assert_eq!((unplayed.status(), unplayed.json()["error"]["message"].clone()), (400, "setting fault: Shift has no meaning here".into()));
}

#[test]
fn rows_that_appear_move_the_others() {
    let simulator = simulator();
    for fault in ["shift", "moved_total"] {
        let page = |offset: u32| {
            let page = get(&simulator, &format!("fault={fault},at=3"), &format!("limit=10&offset={offset}")).json();
            (page["result"][0]["ticketId"].clone(), page["result"][9]["ticketId"].clone(), page["total"].clone())
        };
        let ((_, _, first), (_, last, second), (again, _, third)) = (page(0), page(10), page(20));
        assert_eq!([first, second, third], [200, 200, 201].map(Value::from));
        assert_eq!(last, again, "{fault}");
    }
}
