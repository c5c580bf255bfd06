//! A scan's plan and the defaults that stand in → what the client is told of it beside its rows (law 13).

use super::scan_plan::ScanPlan;
use super::slicing::StandIn;
use super::window::rfc3339;
use crate::sources::Table;

/// A plan of more requests than this says so when it starts.
const MANY_REQUESTS: u64 = 1000;

/// What a client is told, and what it can do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The primary message.
    pub message: String,
    /// The HINT.
    pub hint: String,
}

/// Whether the default lower bound stands in for a condition: a scan that it cuts short looks like one of all rows.
pub fn is_cut(stand_ins: &[StandIn]) -> bool {
    stand_ins.iter().any(|stand_in| matches!(stand_in, StandIn::From(_)))
}

/// The notice of rows that the client may miss. The table has the names that users see; `default_from` is the option's text.
pub fn of_default(stand_ins: &[StandIn], table: &Table, default_from: &str) -> Option<Notice> {
    if !is_cut(stand_ins) {
        return None;
    }
    let column = time_column_name(table);
    let name = &table.name;
    Some(Notice {
        message: format!("\"{name}\" was read from its default_from ({default_from}) on: the scan saw no condition on {column}"),
        hint: format!("Add a condition such as {column} >= '…' to read older rows."),
    })
}

/// The notice of a scan that is sure to be read to its end, and takes thousands of requests.
pub fn of_requests(plan: &ScanPlan, table: &Table) -> Option<Notice> {
    let requests = plan.expected_requests.filter(|requests| *requests > MANY_REQUESTS && plan.whole)?;
    Some(Notice {
        message: format!("the plan expects {requests} requests for \"{}\"", table.name),
        hint: "Ask for a smaller time range, or set restlog_fdw.max_requests to refuse such plans.".to_owned(),
    })
}

/// The defaults that stand in for conditions, each as `option: condition`.
pub fn shown(stand_ins: &[StandIn], table: &Table, default_from: Option<&str>) -> Vec<String> {
    let show = |stand_in: &StandIn| match stand_in {
        StandIn::From(from) => {
            let from = rfc3339(*from).unwrap_or_else(|| default_from.unwrap_or_default().to_owned());
            format!("default_from: {} >= {from}", time_column_name(table))
        }
        StandIn::Parameter { option, column, value } => format!("{option}: {} = {value}", table.columns[*column].name),
    };
    stand_ins.iter().map(show).collect()
}

fn time_column_name(table: &Table) -> &str {
    table.time_range.as_ref().map_or("", |range| table.columns[range.column].name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::window::INFINITY;
    use crate::sources::built_in;

    fn table() -> Table {
        built_in("tixngo").unwrap().unwrap().tables[0].clone()
    }

    fn parameter() -> StandIn {
        StandIn::Parameter { option: "mobile_app_id".into(), column: table().column("mobileAppId").unwrap(), value: "app".into() }
    }

    #[test]
    fn only_a_default_lower_bound_hides_rows() {
        let table = Table { name: "log".into(), ..table() };
        assert_eq!(of_default(&[], &table, ""), None);
        assert_eq!(of_default(&[parameter()], &table, "7 days"), None);
        let notice = of_default(&[parameter(), StandIn::From(0)], &table, "7 days").unwrap();
        assert_eq!(notice.message, "\"log\" was read from its default_from (7 days) on: the scan saw no condition on createdDate");
        assert_eq!(notice.hint, "Add a condition such as createdDate >= '…' to read older rows.");
    }

    #[test]
    fn thousands_of_requests_are_told_only_of_a_scan_that_is_read_to_its_end() {
        let plan = |expected, whole| ScanPlan { expected_requests: expected, whole, ..ScanPlan::default() };
        assert!(of_requests(&plan(None, true), &table()).is_none() && of_requests(&plan(Some(1000), true), &table()).is_none());
        assert!(of_requests(&plan(Some(1001), false), &table()).is_none());
        assert!(of_requests(&plan(Some(1001), true), &table()).unwrap().message.contains("expects 1001 requests"));
    }

    #[test]
    fn defaults_are_shown_with_the_condition_that_they_stand_for() {
        let shown = |stand_ins: &[StandIn]| shown(stand_ins, &table(), Some("-infinity"));
        let expected = ["default_from: createdDate >= 2000-01-01T00:00:00Z", "mobile_app_id: mobileAppId = app"];
        let given = shown(&[StandIn::From(0), parameter()]);
        assert_eq!(given[1], expected[1]);
        assert!(given[0].starts_with("default_from: createdDate >= 2000-01-01T00:00:00"));
        assert_eq!(shown(&[StandIn::From(INFINITY)]), ["default_from: createdDate >= -infinity"], "a bound that no calendar writes");
    }
}
