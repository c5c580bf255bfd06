//! A plan that the API cannot be asked with → an error, at once or only where a row is wanted.
//!
//! A query is refused rather than answered short (law 13).

use super::base_rel::BaseRel;
use super::classified::{Classified, NullTest};
use super::root::Root;
use crate::error::{Error, Result};
use crate::pg::report::raise;
use crate::plan::scan_plan::ScanPlan;
use crate::plan::slicing::missing_parameter;
use crate::sources::{Origin, Table};

/// Refuses a local condition on a column that no record carries and that is not asked for: the column is NULL then, and the
/// answer would be silently empty. `IS NULL` says just that and may stand. A default is no answer to a condition (law 13).
/// `quals` are the plan's quals by their numbers.
pub(super) fn reject_unbound_parameters(quals: &[&Classified<'_>], plan: &ScanPlan, table: &Table) -> Result<()> {
    let may_be_restricted_at_start = plan.condition().may_be_restricted_at_start();
    for qual in plan.local.iter().chain(&plan.inexact).filter_map(|i| quals.get(*i)).filter(|qual| qual.null_test == NullTest::No) {
        for described in &qual.columns {
            let column = &table.columns[*described];
            if matches!(column.origin, Origin::Request { .. }) && !may_be_restricted_at_start.contains(*described) {
                return Err(missing_parameter(table, column));
            }
        }
    }
    Ok(())
}

/// Ends the query with a refusal. Where the query may well want no row, the plan carries the refusal until it wants one.
pub(super) fn refuse<'q>(root: Root<'q>, rel: BaseRel<'q>, plan: &mut ScanPlan, error: Error) {
    if root.has_limit_zero() || has_false_condition(root, rel) {
        plan.refusal = Some(error);
    } else {
        raise(&error);
    }
}

/// Whether a condition without columns, which Postgres evaluates before it wants a row, is false as far as can be told now.
fn has_false_condition<'q>(root: Root<'q>, rel: BaseRel<'q>) -> bool {
    rel.base_clauses().into_iter().filter(|clause| clause.is_pseudoconstant()).any(|clause| {
        // A boolean constant is its datum.
        let known = root.estimated(clause.expr()).as_const();
        known.is_some_and(|constant| constant.constisnull || constant.constvalue.value() == 0)
    })
}
