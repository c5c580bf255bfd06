//! Viviot's rows as texts, the expected result of a scan. They are formatted apart from their JSON.

use chrono::{DateTime, SecondsFormat, Utc};

use super::action_log::{ActionLog, UNSET, task_id, task_list_id, thing_id};
use crate::sim::json::{Columns, FieldKind};
use crate::sim::rows::{Row, Truth};
use crate::sim::settings::Settings;

/// The columns of the foreign table, in which an action's code and name are two columns.
const TABLE: Columns = &[
    ("id", FieldKind::Text),
    ("timestamp", FieldKind::Time),
    ("actionInitiator", FieldKind::Text),
    ("actionCode", FieldKind::Number),
    ("actionName", FieldKind::Text),
    ("actionTargetThing", FieldKind::Text),
    ("actionTargetUser", FieldKind::Text),
    ("organizationId", FieldKind::Text),
    ("actionTargetTask", FieldKind::Text),
    ("actionTargetTaskList", FieldKind::Text),
    ("information", FieldKind::Text),
];

/// All actions.
pub(crate) const ACTION_LOGS: Truth = Truth { table: "viviot.action_logs", columns: TABLE, request: &[], rows };

fn rows(settings: &Settings, _app: &str) -> Box<dyn Iterator<Item = Row>> {
    let log = ActionLog::new(settings);
    Box::new((0..log.rows).map(move |row| {
        let action = log.action(row);
        let time = DateTime::<Utc>::from_timestamp_millis(action.time).filter(|_| action.time != UNSET);
        vec![
            Some(dashed(log.id(row))),
            time.map(|time| time.to_rfc3339_opts(SecondsFormat::Millis, true)),
            Some(action.initiator().to_owned()),
            Some(action.code.to_string()),
            Some(action.name.to_owned()),
            action.thing_name().map(str::to_owned),
            action.target_user_name().map(str::to_owned),
            action.organization_id().map(dashed),
            action.task_name().map(str::to_owned),
            action.task_list_name(),
            action.information.map(str::to_owned),
        ]
    }))
}

/// The ids that filters find an action by, and that its record does not contain.
const TARGETS: Columns = &[
    ("id", FieldKind::Text),
    ("userId", FieldKind::Number),
    ("businessUserId", FieldKind::Number),
    ("targetThingId", FieldKind::Text),
    ("targetUserId", FieldKind::Number),
    ("targetBusinessUserId", FieldKind::Number),
    ("targetTaskId", FieldKind::Text),
    ("targetTaskListId", FieldKind::Text),
];

/// The ids of all actions.
pub(crate) const ACTION_TARGETS: Truth = Truth { table: "viviot.action_targets", columns: TARGETS, request: &[], rows: target_rows };

fn target_rows(settings: &Settings, _app: &str) -> Box<dyn Iterator<Item = Row>> {
    let log = ActionLog::new(settings);
    let number = |value: Option<u64>| value.map(|value| value.to_string());
    Box::new((0..log.rows).map(move |row| {
        let action = log.action(row);
        vec![
            Some(dashed(log.id(row))),
            number(action.user),
            number(action.business_user),
            action.thing.map(thing_id),
            number(action.target_user),
            number(action.target_business_user),
            action.task.map(task_id),
            action.task_list.map(task_list_id),
        ]
    }))
}

/// A GUID as Postgres prints it.
fn dashed(id: [u64; 2]) -> String {
    let [high, low] = id;
    format!("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, high >> 16 & 0xffff, high & 0xffff, low >> 48, low & 0xffff_ffff_ffff)
}
