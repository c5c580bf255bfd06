//! Content faults: the value that a fault puts into one record of a page.

use super::api::Refusal;
use super::fault::Fault;
use super::json::{Columns, FieldKind, FieldOverride};
use super::settings::Settings;

/// Index of the record that a content fault corrupts: the third, so that good records precede and follow it.
pub(crate) const CORRUPTED_RECORD: usize = 2;

/// The corruptions that depend on the API.
#[derive(Debug, Clone, Default)]
pub(crate) struct Corruptions {
    /// The column of times that a request can bound, and the JSON of a time far outside of the range.
    pub(crate) far: Option<(&'static str, Vec<u8>)>,
    /// A column that is written twice, and the JSON of its second value.
    pub(crate) twice: Option<(&'static str, Vec<u8>)>,
}

/// The index of the column with this name.
pub(crate) fn column(columns: Columns, field: &str) -> Option<usize> {
    columns.iter().position(|(name, _)| name.eq_ignore_ascii_case(field))
}

/// Refuses a fault that names an unknown field.
pub(crate) fn check_field(settings: &Settings, columns: Columns) -> Result<(), Refusal> {
    match settings.fault.as_ref().and_then(Fault::field) {
        Some(field) if column(columns, field).is_none() => {
            Err(Refusal::bad_request(format!("setting fault: no field is called {field:?}")))
        }
        _ => Ok(()),
    }
}

/// The field of the corrupted record that a fault overrides.
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
