//! The errors of pages that do not fit together: records moved, a total is wrong, or a page came again. Each tells what to do about it.
//! Pure.

use crate::error::{Error, ErrorKind, Result};
use crate::sources::PagingStyle;

/// A response without the total that the description declares.
pub(super) fn no_total() -> Error {
    Error::new(ErrorKind::Shape, "the response does not say how many records there are")
        .detail("Nothing else would prove that all of them were read.")
}

/// Fails where a page tells another total than the pages before, or none: all pages of a chain must agree.
pub(super) fn check_total(before: u64, now: Option<u64>) -> Result<()> {
    match now {
        None => Err(no_total()),
        Some(now) if now != before => Err(shifted(&format!("The API said that there are {before} records, and then {now}."))),
        Some(_) => Ok(()),
    }
}

/// More records than the total: the API stopped counting.
pub(super) fn capped(total: u64) -> Error {
    Error::new(ErrorKind::Shape, "the API has more records than it says")
        .detail(format!("It said that there are {total}, where its counting seems to stop."))
        .hint("Set the table option evidence to 'empty_page', or narrow the query so that fewer records match.")
}

/// Records that came, went or moved between two pages; `detail` says what showed it.
pub(super) fn shifted(detail: &str) -> Error {
    Error::new(ErrorKind::Shape, "records moved while they were read")
        .detail(detail)
        .hint("Run the query again; an upper bound in the past keeps new records from moving pages, where the API has a time range.")
}

/// A page that came again under another token.
pub(super) fn same_again(style: &PagingStyle) -> Error {
    let (detail, hint) = match style.token_place() {
        Some(place) => (
            format!("It seems not to read the parameter \"{}\", which says where a page begins.", place.name),
            "Check \"token\" and \"style\" in the table's pagination.",
        ),
        None => (
            "The address that it named for the next page led to the same records.".to_owned(),
            "Report this to the API's vendor, or ask for a smaller time range.",
        ),
    };
    Error::new(ErrorKind::Shape, "the API gave the same page again").detail(detail).hint(hint)
}
