//! The errors of a response that has not the declared shape. They say where, and show nothing of it.

use crate::error::{Error, ErrorKind};
use crate::sources::Pointer;

/// SECURITY: the body is described, not shown; it may hold personal data or repeat a secret.
pub(super) fn malformed(text: &str, error: &serde_json::Error) -> Error {
    if text.trim_start().starts_with('<') {
        return Error::new(ErrorKind::Shape, "the response is a web page, not JSON")
            .hint("Check base_url: a wrong path or a login page often answers like this.");
    }
    let problem = if error.is_eof() { "the response ends before its JSON does" } else { "the response is not valid JSON" };
    Error::new(ErrorKind::Shape, problem).detail(format!("At line {}, column {} of {} bytes.", error.line(), error.column(), text.len()))
}

pub(super) fn no_evidence(at: &Pointer) -> Error {
    Error::new(ErrorKind::Shape, format!("the response has no object at \"{at}\""))
        .detail("Without it nothing says whether there is another page.")
        .hint("The API may have answered with an error message in a successful response; check base_url and the options.")
}

pub(in crate::scan) fn no_records(at: &Pointer) -> Error {
    Error::new(ErrorKind::Shape, format!("the response has no array of records at \"{at}\""))
        .detail("An answer without records does not prove that there are none.")
        .hint("The API may have answered with an error message in a successful response; check base_url and the options.")
}

pub(super) fn not_an_object(record: u64, page: u64) -> Error {
    Error::new(ErrorKind::Shape, "a record is not an object").detail(format!("Record {record} of page {page}."))
}
