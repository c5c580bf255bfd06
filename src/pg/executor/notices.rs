//! Notices of a scan → the client. What they say is decided in [`crate::plan::notice`]; here each is told once, however often the scan is
//! started again.

use crate::pg::report::notice;
use crate::plan::notice::Notice;

/// Which notices the client got.
#[derive(Debug, Default)]
pub(super) struct Told {
    of_default: bool,
    of_requests: bool,
}

impl Told {
    /// Tells of rows that a default hides.
    pub(super) fn of_default(&mut self, found: Option<Notice>) {
        tell_once(&mut self.of_default, found);
    }

    /// Tells of a plan of very many requests.
    pub(super) fn of_requests(&mut self, found: Option<Notice>) {
        tell_once(&mut self.of_requests, found);
    }
}

fn tell_once(told: &mut bool, found: Option<Notice>) {
    if let Some(Notice { message, hint }) = found
        && !std::mem::replace(told, true)
    {
        notice(&message, &hint);
    }
}
