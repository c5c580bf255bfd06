//! An entry of TIXNGO's log as a hand-written loader would parse it: each member of the reference page in a field of its own.

use serde::Deserialize;
use serde_json::Value;

/// All 25 members, typed and owned.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "the bench measures the making of the fields")]
pub(super) struct Record {
    ticket_id: String,
    ticket_status_log_id: String,
    actor: Option<String>,
    action_name: String,
    from_status: Option<String>,
    to_status: Option<String>,
    from_owner_id: Option<String>,
    to_owner_id: Option<String>,
    spectator_id: Option<String>,
    transfer_message: Option<String>,
    transfer_group: Option<String>,
    transfer_lang: Option<String>,
    controlled_date: Option<String>,
    deletion_reason: Option<String>,
    activation_details: Option<Value>,
    ticket_transfer_direction: Option<String>,
    checked: bool,
    kept_by_owner: Option<bool>,
    #[serde(rename = "eventID")]
    event_id: Option<String>,
    contingent_id: Option<String>,
    mobile_date_time: Option<String>,
    devices: Option<String>,
    transfer_direction: Option<String>,
    created_date: String,
    updated_date: String,
}
