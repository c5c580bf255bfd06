//! A 206 response's status and `Content-Range` → whether more records follow the page. Pure.
//!
//! What must not be broken: a part of a list is never taken for its end (law 2).

use reqwest::StatusCode;
use reqwest::header::{CONTENT_RANGE, HeaderMap};

use crate::error::{Error, ErrorKind, Result};

/// A page whose response says that it is a part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partial {
    /// The number of records after this page, if the response tells.
    behind: Option<u64>,
}

impl Partial {
    /// Reads a response's status and headers. Some APIs answer a page with 206 and a range of records. A range of bytes is an
    /// error: none was asked for, so the rest of the body is lost.
    pub fn of(status: StatusCode, headers: &HeaderMap) -> Result<Option<Self>> {
        if status != StatusCode::PARTIAL_CONTENT {
            return Ok(None);
        }
        let range = headers.get(CONTENT_RANGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        // PostgREST omits the unit.
        let (unit, range) = range.trim().split_once([' ', '=']).unwrap_or(("", range));
        if unit.eq_ignore_ascii_case("bytes") {
            return Err(Error::new(ErrorKind::Shape, "the API gave a part of its answer, though all of it was asked for")
                .detail("HTTP status 206, with a range of bytes.")
                .hint("A cache between the database server and the API may be at fault: check proxy and base_url."));
        }
        Ok(Some(Self { behind: behind(range) }))
    }

    /// Refuses to let the list end with this page while the response says that more follows, or does not tell. `counted` says
    /// that a total was reached, which is enough if the response does not tell.
    pub fn may_be_last(self, counted: bool) -> Result<()> {
        let (message, detail) = match self.behind {
            Some(0) => return Ok(()),
            None if counted => return Ok(()),
            Some(more) => (
                format!("the API says that there are {more} more records, but no further page"),
                "HTTP status 206, whose Content-Range ends before its total.",
            ),
            None => (
                "the API says that its answer is a part, but no further page".to_owned(),
                "HTTP status 206, without a Content-Range that tells where the list ends.",
            ),
        };
        Err(Error::new(ErrorKind::Shape, message)
            .detail(detail)
            .hint("Check \"pagination\" in the table's description, and what a request needs so that the API gives all of the list."))
    }
}

/// Reads `first-last/total` and returns the number of records after `last`. A range without records has a star before its
/// total.
fn behind(range: &str) -> Option<u64> {
    let (places, total) = range.trim().split_once('/')?;
    let total: u64 = total.trim().parse().ok()?;
    if places.trim() == "*" {
        return (total == 0).then_some(0);
    }
    let (_, last) = places.split_once('-')?;
    Some(total.saturating_sub(last.trim().parse::<u64>().ok()?.saturating_add(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, range: Option<&str>) -> Result<Option<Partial>> {
        let headers = range.map(|range| (CONTENT_RANGE, range.parse().unwrap()));
        Partial::of(StatusCode::from_u16(status).unwrap(), &HeaderMap::from_iter(headers))
    }

    #[test]
    fn a_range_of_records_says_how_many_come_behind() {
        for (range, behind) in [
            ("0-24/319", Some(294)),
            ("items 0-24/319", Some(294)),
            ("items 300-318/319", Some(0)),
            ("items */0", Some(0)),
            ("items */5", None),
            ("items 0-24/*", None),
            ("items 0-18446744073709551615/3", Some(0)),
            ("rubbish", None),
            ("", None),
        ] {
            assert_eq!(read(206, Some(range)), Ok(Some(Partial { behind })), "{range}");
        }
        assert_eq!(read(206, None), Ok(Some(Partial { behind: None })));
        assert_eq!(read(200, Some("items 0-24/319")), Ok(None));
    }

    #[test]
    fn a_range_of_bytes_is_an_answer_cut_short() {
        assert!(read(206, Some("bytes 0-99/1000")).is_err());
        assert!(read(206, Some("Bytes 0-99/100")).is_err());
    }

    #[test]
    fn only_a_part_that_reaches_the_end_is_the_last() {
        let last = |behind, counted| Partial { behind }.may_be_last(counted).is_ok();
        assert!(last(Some(0), false) && last(None, true));
        assert!(!last(None, false) && !last(Some(1), false) && !last(Some(1), true));
    }
}
