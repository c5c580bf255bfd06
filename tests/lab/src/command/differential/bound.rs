//! The bound on a scan's requests and records, given the conditions that EXPLAIN shows as pushed.

use lab::Simulator;
use serde_json::Value;

use super::condition::Condition;
use super::select::Query;
use super::session::{Session, SqlError};
use super::setup::SETUPS;
use super::table::Table;
use super::world::Server;
use super::write::{Side, script};

/// Partitions of a window for each additional request in flight, as the extension has it.
const OVERSUBSCRIPTION: u64 = 3;
/// Records beyond the ends of a partition, whose range is requested one unit wider: two at each end, because times of the data tie in
/// pairs.
const EDGE_RECORDS: u64 = 4;

/// What a scan has requested, and the bound on it.
#[derive(Debug)]
pub(super) struct Cost {
    pub(super) pushed: String,
    /// Rows of the local copy that satisfy the pushed conditions.
    pub(super) matching: u64,
    pub(super) slices: u64,
    /// Requests that the simulator received, and records that EXPLAIN reports.
    pub(super) actual: Amount,
    pub(super) most: Amount,
}

/// Requests and records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Amount {
    pub(super) requests: u64,
    pub(super) records: u64,
}

impl Cost {
    pub(super) fn is_too_high(&self) -> bool {
        self.actual.requests > self.most.requests || self.actual.records > self.most.records
    }
}

/// The bound on a scan whose pushed conditions `matching` rows satisfy, and that is read in `slices` slices.
///
/// The bound must catch a scan that reads much more than its conditions need, up to the whole table. Records show that best. Those in
/// excess lie beyond the ends of a partition, or on a page that was too full and whose window was partitioned again: so each record comes
/// at most twice. One further page may be read only to look at its size.
///
/// Requests follow from the pages that the records fill, also twice, and from the partitions: each ends in a page that is not full, and
/// where the API marks the end by an empty page, in one more. A partition that is partitioned again adds at most as many chains as it has
/// pages. In a window of centuries whose rows all lie at one end, that happens twice. A window that is less dense than the log elsewhere
/// has as many partitions as the plan expected.
fn most(table: &Table, server: &Server, matching: u64, slices: u64, expected: u64) -> Amount {
    let page = server.page(table.source);
    // Socialboards' pages begin with the last record of the page before.
    let overlap = u64::from(table.source == "socialboards");
    let pages = matching.div_ceil(page - overlap);
    // A slice of an API with a total is one chain of pages. Without a total but with a range of time, the slice is partitioned.
    let is_partitioned = server.concurrency > 1 && matches!(table.name, "logs" | "logs_of_both" | "board_tickets");
    let partitions = if is_partitioned { OVERSUBSCRIPTION * (server.concurrency - 1) + 1 } else { 1 };
    let chains = partitions * slices;
    Amount {
        requests: 2 * (pages + chains + 2 * pages.min(chains)).max(expected) + server.concurrency,
        records: 2 * matching + page + EDGE_RECORDS * chains + overlap * 2 * (pages + chains),
    }
}

/// The cost of a query of one foreign table; `None` where its pushed conditions cannot be evaluated on the local copy.
pub(super) fn cost(session: &Session, query: &Query, simulator: &Simulator) -> Result<Option<Cost>, SqlError> {
    let setup = &SETUPS[query.setup];
    let server = setup.server();
    if !setup.can_check_cost() {
        return Ok(None);
    }
    let Some(table) = query.select.only_table().filter(|_| !has_parameter(&query.select.filter)) else { return Ok(None) };
    let statement = script(query, Side::Foreign).compared.remove(0);
    session.ask(&format!("SET LOCAL search_path = {}", setup.path()))?;
    simulator.clear_requests(&server.tag());
    let plan = session.ask(&format!("EXPLAIN (ANALYZE, VERBOSE, TIMING OFF, FORMAT JSON) {statement}"))?;
    let requests = simulator.requests(&server.tag()).len() as u64;
    let text: String = plan.into_iter().flatten().flatten().collect();
    let plan: Value = serde_json::from_str(&text).unwrap_or_default();
    // A plan without a foreign scan sends no request.
    let Some(scan) = foreign_scan(&plan[0]["Plan"]) else { return Ok(None) };
    let pushed = scan["Pushed Conditions"].as_str().unwrap_or("true").to_owned();
    // The value of a subquery is known only while the plan runs.
    if is_mixed(&pushed, table) || pushed.contains('$') {
        return Ok(None);
    }
    session.ask("ROLLBACK TO begun; SET LOCAL search_path = local, public")?;
    let counted = session.ask(&format!("SELECT count(*) FROM {} WHERE {pushed}", table.name))?;
    let number = |name: &str| scan[name].as_u64().unwrap_or(0);
    let matching = counted.into_iter().flatten().flatten().next().and_then(|count| count.parse().ok()).unwrap_or(0);
    let slices = number("Slices");
    let actual = Amount { requests, records: number("Records Received") };
    Ok(Some(Cost { pushed, matching, slices, actual, most: most(table, server, matching, slices, number("Expected Requests")) }))
}

/// Whether a condition is on a column that the copy does not have.
fn has_parameter(conditions: &[Condition]) -> bool {
    conditions.iter().any(|condition| matches!(condition, Condition::Leaf(leaf) if leaf.local.is_some()))
}

/// Whether an OR is on several columns. One request cannot express that: each column's alternatives are sent, and together they match more
/// rows than the OR.
fn is_mixed(pushed: &str, table: &Table) -> bool {
    let words: Vec<&str> = pushed.split(|letter: char| !letter.is_alphanumeric() && letter != '_').collect();
    pushed.contains(" OR ") && table.columns.iter().filter(|column| words.contains(&column.name)).count() > 1
}

/// The only foreign scan of a plan.
fn foreign_scan(plan: &Value) -> Option<&Value> {
    if plan["Node Type"] == "Foreign Scan" {
        return Some(plan);
    }
    plan["Plans"].as_array()?.iter().find_map(foreign_scan)
}

#[cfg(test)]
mod tests {
    use super::super::table::table;
    use super::super::world::SERVERS;
    use super::*;

    #[test]
    fn a_scan_of_the_whole_table_for_a_few_rows_is_too_much() {
        for server in &SERVERS {
            for (name, rows) in [("logs", 3000), ("action_logs", 3000), ("cases", 240), ("board_tickets", 300)] {
                let most = most(table(name), server, rows / 50, 1, 0);
                assert!(most.records < rows, "{name} of {}: {most:?}", server.name);
            }
        }
    }

    #[test]
    fn alternatives_on_two_columns_cannot_be_checked() {
        let logs = table("logs");
        assert!(is_mixed("((createddate < '2025-01-01') OR (fromownerid = 'sp-1'))", logs));
        assert!(!is_mixed("((createddate < '2025-01-01') OR (createddate > '2025-02-01'))", logs));
        assert!(!is_mixed("(createddate < '2025-01-01') AND (fromownerid = 'sp-1')", logs));
    }
}
