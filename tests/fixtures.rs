//! The sample responses of the reference pages decode to the rows that they show.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use restlog_fdw::options::OnInvalid;
use restlog_fdw::scan::decode::{Decoded, Decoder, PageColumn, SliceRules, Target, ValueSource};
use restlog_fdw::scan::page::{CellState, Page};
use restlog_fdw::sources::{Origin, built_in};

/// Decodes `tests/fixtures/FILE.json` as a table, every field as text; a row is its cells, `-` where there is nothing.
fn decode(file: &str, source: &str, table: &str) -> (Vec<Vec<String>>, Decoded) {
    let body = std::fs::read(format!("{}/tests/fixtures/{file}.json", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let source = built_in(source).unwrap().unwrap();
    let table = source.table(table).unwrap();
    let columns: Vec<PageColumn> = table
        .columns
        .iter()
        .filter_map(|c| match &c.origin {
            Origin::Field { pointer, form } => {
                Some(PageColumn { name: c.name.clone(), from: ValueSource::Field(pointer.clone()), target: Target::Text, form: *form })
            }
            Origin::Request { .. } => None,
        })
        .collect();
    let width = columns.len();
    let decoder = Decoder::new(columns, table, OnInvalid::Error, None);
    let (page, decoded) = decoder.decode(&SliceRules::default(), &body, Page::default().reset(width, 1)).unwrap();
    let cell = |row: usize, column: usize| match page.cell(row, column) {
        (CellState::Bytes, at) => String::from_utf8(page.varlena(at).to_vec()).unwrap(),
        _ => "-".to_owned(),
    };
    ((0..page.rows()).map(|row| (0..width).map(|c| cell(row, c)).collect()).collect(), decoded)
}

#[test]
fn tixngo() {
    let (rows, decoded) = decode("tixngo", "tixngo", "ticket_status_logs");
    assert_eq!(decoded.facts.next.as_deref(), Some("eyJrIjoxfQ=="));
    let filled = |row: usize| rows[row].iter().filter(|cell| *cell != "-").count();
    assert_eq!((rows.len(), filled(0), filled(1)), (2, 25, 8), "every documented field is read");
    assert_eq!(rows[0][..4], ["t-1", "7", "Device", "ACTIVATE"]);
}

#[test]
fn huawei_operate_logs() {
    let (rows, decoded) = decode("huawei", "huawei", "operate_logs");
    assert_eq!(decoded.facts.total, Some(1));
    assert_eq!(rows, [["123", "123", "1", "1", "123", "123", "123", "123", "123"]]);
}

#[test]
fn viviot_action_logs() {
    let (rows, decoded) = decode("viviot", "viviot", "action_logs");
    assert_eq!(decoded.facts.total, Some(1));
    let zeros = "00000000000000000000000000000000";
    let text = "String";
    // As text the time is its number; what a timestamptz makes of it is the decoder's own test.
    assert_eq!(rows, [[zeros, "-62135596800000", text, "0", text, text, text, zeros, text, text, text]]);
}

#[test]
fn socialboards_ticket_log() {
    let (rows, decoded) = decode("socialboards", "socialboards", "ticket_log");
    assert_eq!(decoded.facts.records, 5);
    let column = |i: usize| rows.iter().map(|row| row[i].as_str()).collect::<Vec<_>>();
    assert_eq!(column(1), ["ticket_status_changed", "reply_created", "ticket_assigned_to_user", "ticket_read", "ticket_created"]);
    assert_eq!(rows[0][0], "changed the status from \"Open\" to \"Pending\"");
    assert_eq!(column(3)[4], "2023-08-03T20:39:35.01+03:00");
    let harry = ["-", "harrypotter@wizardmail.com", "4c115b95-7b5e-42d6-bef8-f58d96c9615d", "-", "false", "Harry Potter", "client"];
    assert_eq!(rows[4][4..], harry);
}
