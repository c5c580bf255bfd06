//! Huawei's rows as texts, the expected result of a scan. They are formatted apart from their JSON.

use chrono::{DateTime, FixedOffset, SecondsFormat, Utc};
use serde_json::json;

use super::case_data::{CaseData, case_id, label_id};
use super::texts::LABELS;
use super::{cases, messages, operate_logs};
use crate::sim::rows::{Row, Truth};
use crate::sim::settings::{Language, Settings};

const EAST: i32 = 8 * 3600;

/// The logs of all cases.
pub(crate) const OPERATE_LOGS: Truth =
    Truth { table: "huawei.operate_logs", columns: operate_logs::COLUMNS, request: &["case_id"], rows: log_rows };
/// All cases.
pub(crate) const CASES: Truth = Truth { table: "huawei.cases", columns: cases::COLUMNS, request: &[], rows: case_rows };
/// The messages of all cases.
pub(crate) const MESSAGES: Truth =
    Truth { table: "huawei.messages", columns: messages::COLUMNS, request: &["case_id"], rows: message_rows };

fn text(value: &str) -> Option<String> {
    Some(value.to_owned())
}

fn number(value: i64) -> Option<String> {
    Some(value.to_string())
}

fn time(millis: i64) -> Option<String> {
    Some(DateTime::<Utc>::from_timestamp_millis(millis)?.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

fn local_time(millis: i64) -> Option<String> {
    let zone = FixedOffset::east_opt(EAST)?;
    Some(DateTime::<Utc>::from_timestamp_millis(millis)?.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S").to_string())
}

fn log_rows(settings: &Settings, _app: &str) -> Box<dyn Iterator<Item = Row>> {
    let (data, language) = (CaseData::new(settings), settings.language);
    Box::new((0..data.cases).flat_map(move |case| (0..data.log_count(case)).map(move |place| log_row(&data, case, place, language))))
}

fn log_row(data: &CaseData, case: u64, place: u64, language: Language) -> Row {
    let log = data.log(case, place, place);
    vec![
        Some(format!("LG{:015}", log.id)),
        Some(case_id(case)),
        number(log.operation),
        number(log.operator_type),
        Some(format!("op-{:02}", log.operator)),
        log.operator_name.map(str::to_owned),
        text(log.description.in_language(language)),
        local_time(log.time),
        time(log.time),
        Some(case_id(case)),
    ]
}

fn message_rows(settings: &Settings, _app: &str) -> Box<dyn Iterator<Item = Row>> {
    let data = CaseData::new(settings);
    Box::new((0..data.cases).flat_map(move |case| (0..data.message_count(case)).map(move |place| message_row(&data, case, place))))
}

fn message_row(data: &CaseData, case: u64, place: u64) -> Row {
    let message = data.message(case, place);
    let accessories =
        (1..=message.accessories).map(|at| json!({"accessory_id": format!("ac-{at}"), "origin_name": format!("file {at}.log")}));
    vec![
        number(message.kind),
        number(message.replier_type),
        Some(format!("rp-{:02}", message.replier)),
        text(message.content),
        time(message.time),
        message.replier_name.map(str::to_owned),
        number(i64::from(message.is_first)),
        message.iam_user_type.and_then(number),
        (message.accessories > 0).then(|| serde_json::Value::from_iter(accessories).to_string()),
        Some(case_id(case)),
    ]
}

fn case_rows(settings: &Settings, _app: &str) -> Box<dyn Iterator<Item = Row>> {
    let (data, language) = (CaseData::new(settings), settings.language);
    Box::new((0..data.cases).map(move |case| case_row(&data, case, language)))
}

fn case_row(data: &CaseData, number_of_case: u64, language: Language) -> Row {
    let case = data.case(number_of_case, number_of_case);
    let label = |label: usize| json!({"label_id": label_id(label), "name": LABELS[label].0, "color": LABELS[label].1});
    vec![
        case.xcustomer.map(|(_, number)| format!("xc-{number:02}")),
        case.xcustomer.map(|(name, _)| name.to_owned()),
        number(case.status),
        Some(case.id),
        text(case.business_type.in_language(language)),
        text(case.incident_type.in_language(language)),
        case.product.map(|words| words.in_language(language).to_owned()),
        number(case.service_type),
        Some(format!("cu-{:02}", case.customer)),
        case.region.map(|words| words.in_language(language).to_owned()),
        text(case.description),
        case.root_cause.map(str::to_owned),
        case.resolution.map(str::to_owned),
        time(case.created),
        case.confirmed.and_then(time),
        case.labels.map(|labels| labels.into_iter().map(label).collect::<serde_json::Value>().to_string()),
    ]
}
