//! Writes a ticket status log entry as TIXNGO's JSON: 25 members in the order of the reference page.

use super::ticket_log::{Activation, LogRow};
use crate::sim::json::{Columns, FieldKind, FieldOverride, RecordWriter, push_number};
use crate::sim::settings::{self, Nulls, Settings, Spelling};

/// Names and kinds of the reference page, in its order.
pub(crate) const COLUMNS: Columns = &[
    ("ticketId", FieldKind::Text),
    ("ticketStatusLogId", FieldKind::Text),
    ("actor", FieldKind::Text),
    ("actionName", FieldKind::Text),
    ("fromStatus", FieldKind::Text),
    ("toStatus", FieldKind::Text),
    ("fromOwnerId", FieldKind::Text),
    ("toOwnerId", FieldKind::Text),
    ("spectatorId", FieldKind::Text),
    ("transferMessage", FieldKind::Text),
    ("transferGroup", FieldKind::Text),
    ("transferLang", FieldKind::Text),
    ("controlledDate", FieldKind::Time),
    ("deletionReason", FieldKind::Text),
    ("activationDetails", FieldKind::Object),
    ("ticketTransferDirection", FieldKind::Text),
    ("checked", FieldKind::Flag),
    ("keptByOwner", FieldKind::Flag),
    ("eventID", FieldKind::Text),
    ("contingentId", FieldKind::Text),
    ("mobileDateTime", FieldKind::Time),
    ("devices", FieldKind::Text),
    ("transferDirection", FieldKind::Text),
    ("createdDate", FieldKind::Time),
    ("updatedDate", FieldKind::Time),
];

/// Appends one record. A `field_override` replaces or repeats one member.
pub(crate) fn push_row(out: &mut Vec<u8>, row: &LogRow, settings: &Settings, field_override: Option<&FieldOverride>) {
    let name = |column: usize| match COLUMNS[column].0 {
        "eventID" if settings.spelling == Spelling::SmallD => "eventId",
        name => name,
    };
    let activation = row.activation.map(|activation| activation_json(activation, settings.activation));
    let mut record = RecordWriter::new(out, settings.write_nulls_or(Nulls::Present), field_override);
    record.identifier(0, name(0), "tk-", Some(row.ticket), 8);
    record.identifier(1, name(1), "", Some(row.version), 1);
    record.plain(2, name(2), Some(row.actor));
    record.plain(3, name(3), Some(row.action.name));
    record.plain(4, name(4), row.action.from);
    record.plain(5, name(5), Some(row.action.to));
    record.identifier(6, name(6), "sp-", row.from_owner, 5);
    record.identifier(7, name(7), "sp-", row.to_owner, 5);
    record.identifier(8, name(8), "sp-", Some(row.spectator), 5);
    record.raw(9, name(9), row.message.map(|(_, json)| json.as_bytes()));
    record.identifier(10, name(10), "tg-", row.group, 10);
    record.plain(11, name(11), row.language);
    record.time(12, name(12), row.controlled);
    record.plain(13, name(13), row.deletion_reason);
    record.raw(14, name(14), activation.as_deref());
    record.plain(15, name(15), row.last_direction);
    record.flag(16, name(16), Some(row.checked));
    record.flag(17, name(17), row.kept_by_owner);
    record.identifier(18, name(18), "ev-", Some(row.event), 3);
    record.identifier(19, name(19), "ct-", row.contingent, 2);
    record.time(20, name(20), row.mobile_time);
    record.plain(21, name(21), row.device);
    record.plain(22, name(22), row.direction);
    record.time(23, name(23), Some(row.created));
    record.time(24, name(24), Some(row.updated));
    record.end(name);
}

fn activation_json(activation: Activation, form: settings::ActivationForm) -> Vec<u8> {
    let quote: &[u8] = match form {
        settings::ActivationForm::Object => b"\"",
        settings::ActivationForm::String => b"\\\"",
    };
    let mut text = Vec::with_capacity(80);
    let mut push = |parts: &[&[u8]]| parts.iter().for_each(|part| text.extend_from_slice(part));
    push(&[b"{", quote, b"method", quote, b":", quote, activation.method.as_bytes(), quote]);
    push(&[b",", quote, b"gate", quote, b":"]);
    let mut gate = Vec::new();
    push_number(&mut gate, activation.gate, 1);
    let offline: &[u8] = if activation.offline { b"true" } else { b"false" };
    push(&[&gate, b",", quote, b"offline", quote, b":", offline, b"}"]);
    if form == settings::ActivationForm::String {
        text.insert(0, b'"');
        text.push(b'"');
    }
    text
}
