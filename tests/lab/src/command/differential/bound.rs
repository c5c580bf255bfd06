//! How much a scan may ask for, given the conditions that it announces as pushed.

use lab::Simulator;
use serde_json::Value;

use super::condition::Condition;
use super::select::Query;
use super::session::{Session, SqlError};
use super::setup::SETUPS;
use super::table::Table;
use super::world::Server;
use super::write::{Side, script};

/// Pieces that a window is cut into for each further request in flight, as the extension has it.
const OVERSUBSCRIPTION: u64 = 3;
/// Rows beyond the ends of a piece, which is asked for one unit wider: each moment of the data has two.
const BESIDE: u64 = 4;

/// What a scan asked for, and what it may.
#[derive(Debug)]
pub(super) struct Cost {
    pub(super) pushed: String,
    /// Rows of the local copy that satisfy the pushed conditions.
    pub(super) matching: u64,
    pub(super) slices: u64,
    /// Requests that the simulator saw, and records that the scan says it received.
    pub(super) asked: Amount,
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
        self.asked.requests > self.most.requests || self.asked.records > self.most.records
    }
}

/// Most that a scan of a table may ask for, whose pushed conditions so many rows satisfy, and that is read in so many slices.
///
/// What it must catch is a scan that reads much more than it announces, up to the whole table. The records tell that best: only
/// those beside the ends of each piece come in excess, and those of a page that was too full and is cut again, so at worst each
/// comes twice, and once a page that no more than a first look was for. Requests follow from the pages that the records
/// fill, twice as well, and what cutting costs: each piece ends in a page that is not full, and where the API marks the
/// end by an empty page, in one more. A piece that is cut again is as many chains more as it has pages, and in a window of centuries, all
/// of whose rows are at one end, that happens twice. A window that is filled less than the log is elsewhere is cut into the pieces that
/// the plan said it expected.
fn most(table: &Table, server: &Server, matching: u64, slices: u64, expected: u64) -> Amount {
    let page = server.page(table.source);
    // Pages that begin with the last record of the page before.
    let overlap = u64::from(table.source == "socialboards");
    let pages = matching.div_ceil(page - overlap);
    // Where there is a total, a slice is one chain of pages; where there is a range of time and no total, it is cut.
    let is_cut = server.concurrency > 1 && matches!(table.name, "logs" | "logs_of_both" | "board_tickets");
    let pieces = if is_cut { OVERSUBSCRIPTION * (server.concurrency - 1) + 1 } else { 1 };
    let chains = pieces * slices;
    Amount {
        requests: 2 * (pages + chains + 2 * pages.min(chains)).max(expected) + server.concurrency,
        records: 2 * matching + page + BESIDE * chains + overlap * 2 * (pages + chains),
    }
}

/// The cost of a query of one foreign table; `None` where what it announces cannot be counted on the local copy.
pub(super) fn cost(session: &Session, query: &Query, simulator: &Simulator) -> Result<Option<Cost>, SqlError> {
    let setup = &SETUPS[query.setup];
    let server = setup.server();
    if !setup.can_check_cost() {
        return Ok(None);
    }
    let Some(table) = query.select.only_table().filter(|_| !has_parameter(&query.select.filter)) else { return Ok(None) };
    let statement = script(query, Side::Foreign).asking.remove(0);
    session.ask(&format!("SET LOCAL search_path = {}", setup.path()))?;
    simulator.clear_requests(&server.tag());
    let plan = session.ask(&format!("EXPLAIN (ANALYZE, VERBOSE, TIMING OFF, FORMAT JSON) {statement}"))?;
    let requests = simulator.requests(&server.tag()).len() as u64;
    let text: String = plan.into_iter().flatten().flatten().collect();
    let plan: Value = serde_json::from_str(&text).unwrap_or_default();
    // A plan without a scan has asked nobody.
    let Some(scan) = foreign_scan(&plan[0]["Plan"]) else { return Ok(None) };
    let pushed = scan["Pushed Conditions"].as_str().unwrap_or("true").to_owned();
    // What a subquery yields is known only while the plan runs.
    if is_mixed(&pushed, table) || pushed.contains('$') {
        return Ok(None);
    }
    session.ask("ROLLBACK TO begun; SET LOCAL search_path = local, public")?;
    let counted = session.ask(&format!("SELECT count(*) FROM {} WHERE {pushed}", table.name))?;
    let number = |name: &str| scan[name].as_u64().unwrap_or(0);
    let matching = counted.into_iter().flatten().flatten().next().and_then(|count| count.parse().ok()).unwrap_or(0);
    let slices = number("Slices");
    let asked = Amount { requests, records: number("Records Received") };
    Ok(Some(Cost { pushed, matching, slices, asked, most: most(table, server, matching, slices, number("Expected Requests")) }))
}

/// Whether some condition is on a column that the copy does not have.
fn has_parameter(conditions: &[Condition]) -> bool {
    conditions.iter().any(|condition| matches!(condition, Condition::Leaf(leaf) if leaf.local.is_some()))
}

/// Whether alternatives are on different columns. One request cannot say that: each column's own alternatives travel, which
/// together let more rows through than the whole.
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
    fn alternatives_on_two_columns_cannot_be_weighed() {
        let logs = table("logs");
        assert!(is_mixed("((createddate < '2025-01-01') OR (fromownerid = 'sp-1'))", logs));
        assert!(!is_mixed("((createddate < '2025-01-01') OR (createddate > '2025-02-01'))", logs));
        assert!(!is_mixed("(createddate < '2025-01-01') AND (fromownerid = 'sp-1')", logs));
    }
}
