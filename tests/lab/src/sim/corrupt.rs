//! Faults of the content: what they put into one record of a page.

use super::api::Refusal;
use super::fault::Fault;
use super::json::{Columns, FieldKind, FieldOverride};
use super::settings::Settings;

/// A page's record that is corrupted: the third, so that good ones stand around it.
pub(crate) const CORRUPTED_RECORD: usize = 2;

/// What only the API knows of its records.
#[derive(Debug, Clone, Default)]
pub(crate) struct Corruptions {
    /// The column of times that a request can ask a range of, and JSON of a time far outside.
    pub(crate) far: Option<(&'static str, Vec<u8>)>,
    /// A column that can be written twice, and the JSON of its second value.
    pub(crate) twice: Option<(&'static str, Vec<u8>)>,
}

/// The column of a name.
pub(crate) fn column(columns: Columns, field: &str) -> Option<usize> {
    columns.iter().position(|(name, _)| name.eq_ignore_ascii_case(field))
}

/// Refuses a fault whose field these records do not have.
pub(crate) fn check_field(settings: &Settings, columns: Columns) -> Result<(), Refusal> {
    match settings.fault.as_ref().and_then(Fault::field) {
        Some(field) if column(columns, field).is_none() => {
            Err(Refusal::bad_request(format!("setting fault: no field is called {field:?}")))
        }
        _ => Ok(()),
    }
}

/// What a fault puts into the corrupted record.
pub(crate) fn field_override(fault: &Fault, columns: Columns, corruptions: Corruptions) -> Option<FieldOverride> {
    let mut again = false;
    let (field, value) = match fault {
        Fault::WrongType(field) => match columns[column(columns, field)?].1 {
            FieldKind::Time | FieldKind::Flag | FieldKind::Number | FieldKind::Nested => (field.as_str(), b"\"not-a-value\"".to_vec()),
            FieldKind::Text | FieldKind::Object => (field.as_str(), b"{\"unexpected\":[1,2]}".to_vec()),
        },
        Fault::Nul(field) => (field.as_str(), b"\"before\\u0000after\"".to_vec()),
        Fault::Surrogate(field) => (field.as_str(), b"\"before\\ud800after\"".to_vec()),
        Fault::Huge(field, bytes) => (field.as_str(), [&b"\""[..], &b"x".repeat(*bytes), b"\""].concat()),
        Fault::FarRow => corruptions.far?,
        Fault::DupFields => {
            again = true;
            corruptions.twice?
        }
        _ => return None,
    };
    Some(FieldOverride { column: column(columns, field)?, value, again })
}
