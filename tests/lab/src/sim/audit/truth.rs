//! The audit API's rows as texts, the expected result of a scan. They are formatted apart from their JSON.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::json;

use super::COLUMNS;
use super::events::Trail;
use crate::sim::rows::{Row, Truth};
use crate::sim::settings::Settings;

/// All events. The entries are the same rows.
pub(crate) const EVENTS: Truth = Truth { table: "audit.events", columns: COLUMNS, request: &[], rows };

fn rows(settings: &Settings, _app: &str) -> Box<dyn Iterator<Item = Row>> {
    let trail = Trail::new(settings);
    Box::new((0..trail.rows).map(move |row| {
        let event = trail.event(row);
        let at = event.at.and_then(DateTime::<Utc>::from_timestamp_millis);
        vec![
            Some(event.id.to_string()),
            at.map(|at| at.to_rfc3339_opts(SecondsFormat::Millis, true)),
            Some(event.kind.to_owned()),
            event.who.map(|(name, _)| name.to_owned()),
            event.who.and_then(|(_, mail)| mail.map(str::to_owned)),
            event.size.map(|size| size.to_string()),
            Some(json!(event.tags).to_string()),
        ]
    }))
}
