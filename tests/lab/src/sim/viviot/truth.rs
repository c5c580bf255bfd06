//! Viviot's rows as plain texts, made apart from their JSON: what a client must have read in the end.

use chrono::{DateTime, SecondsFormat, Utc};

use super::action_log::{ActionLog, UNSET};
use crate::sim::json::{Columns, Kind};
use crate::sim::rows::{Row, Truth};
use crate::sim::settings::Settings;

/// The columns of the table: an action's code and name are two.
const TABLE: Columns = &[
    ("id", Kind::Text),
    ("timestamp", Kind::Time),
    ("actionInitiator", Kind::Text),
    ("actionCode", Kind::Number),
    ("actionName", Kind::Text),
    ("actionTargetThing", Kind::Text),
    ("actionTargetUser", Kind::Text),
    ("organizationId", Kind::Text),
    ("actionTargetTask", Kind::Text),
    ("actionTargetTaskList", Kind::Text),
    ("information", Kind::Text),
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

/// A GUID as Postgres prints it.
fn dashed(id: [u64; 2]) -> String {
    let [high, low] = id;
    format!("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, high >> 16 & 0xffff, high & 0xffff, low >> 48, low & 0xffff_ffff_ffff)
}
