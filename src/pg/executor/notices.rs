//! What a client is told of a scan beside its rows: that a default cut it short, and that it will take very many requests.

use super::scan::ScanState;
use crate::pg::report::notice;
use crate::plan::slicing::StandIn;
use crate::plan::window::rfc3339;

/// A plan of more requests than this says so when it starts.
const MANY_REQUESTS: u64 = 1000;

/// What a client was told.
#[derive(Debug, Default)]
pub(crate) struct Told {
    of_default: bool,
    of_requests: bool,
}

impl ScanState {
    /// Whether a default stands in for the lower bound that may serve previews only.
    pub(crate) fn is_preview(&self) -> bool {
        self.table.settings.preview_only && self.stand_ins.iter().any(|stand_in| matches!(stand_in, StandIn::From(_)))
    }

    /// Tells the client of rows that it may miss: a scan that a default cut short looks like one of all rows (law 13).
    pub(crate) fn tell_of_default(&mut self) {
        let is_cut = self.stand_ins.iter().any(|stand_in| matches!(stand_in, StandIn::From(_)));
        if !is_cut || std::mem::replace(&mut self.told.of_default, true) {
            return;
        }
        let option = self.table.settings.default_from.as_deref().unwrap_or_default();
        let column = self.table.time_column_name();
        notice(
            &format!("\"{}\" was read from its default_from ({option}) on: the scan saw no condition on {column}", self.table.name),
            &format!("Add a condition such as {column} >= '…' to read older rows."),
        );
    }

    /// Tells the client of a plan that takes thousands of requests, when it starts.
    pub(crate) fn tell_of_requests(&mut self) {
        let Some(requests) = self.plan.expected_requests.filter(|requests| *requests > MANY_REQUESTS && self.plan.whole) else { return };
        if std::mem::replace(&mut self.told.of_requests, true) {
            return;
        }
        notice(
            &format!("the plan expects {requests} requests for \"{}\"", self.table.name),
            "Ask for a smaller time range, or set restlog_fdw.max_requests to refuse such plans.",
        );
    }

    /// The defaults that stand in for conditions, as users may read them.
    pub(crate) fn defaults_shown(&self) -> Vec<String> {
        let show = |stand_in: &StandIn| match stand_in {
            StandIn::From(from) => {
                let from = rfc3339(*from).unwrap_or_else(|| self.table.settings.default_from.clone().unwrap_or_default());
                format!("default_from: {} >= {from}", self.table.time_column_name())
            }
            StandIn::Parameter { option, column, value } => format!("{option}: {} = {value}", self.table.endpoint.columns[*column].name),
        };
        self.stand_ins.iter().map(show).collect()
    }
}
