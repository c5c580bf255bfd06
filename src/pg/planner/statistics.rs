//! How densely a log is filled by what ANALYZE found: rows of the table over the times that its histogram spans.

use pgrx::pg_sys;

use crate::pg::catalog::ForeignTable;

/// Rows of a microsecond; `None` where the column of times has no histogram.
///
/// # Safety
/// Within a transaction; the relation is locked.
pub(crate) unsafe fn density(relation: pg_sys::Oid, table: &ForeignTable, rows: f64) -> Option<f64> {
    let time = table.endpoint.time_range.as_ref()?.column;
    let number = table.columns.iter().position(|column| {
        column.as_ref().is_some_and(|column| column.described == Some(time) && column.type_oid == pg_sys::TIMESTAMPTZOID)
    })?;
    // SAFETY: a lookup in the system cache by the key's three columns; the slot's values are timestamps, as the column is, and both
    // it and the tuple are given back.
    unsafe {
        let tuple = pg_sys::SearchSysCache3(
            pg_sys::SysCacheIdentifier::STATRELATTINH as i32,
            pg_sys::Datum::from(relation),
            pg_sys::Datum::from((number + 1) as i16),
            pg_sys::Datum::from(false),
        );
        if tuple.is_null() {
            return None;
        }
        let mut slot = pg_sys::AttStatsSlot::default();
        let (kind, flags) = (pg_sys::STATISTIC_KIND_HISTOGRAM as i32, pg_sys::ATTSTATSSLOT_VALUES as i32);
        let found = pg_sys::get_attstatsslot(&mut slot, tuple, kind, pg_sys::InvalidOid, flags);
        let span = (found && slot.nvalues >= 2).then(|| {
            let value = |i: usize| (*slot.values.add(i)).value() as i64;
            value(slot.nvalues as usize - 1) as f64 - value(0) as f64
        });
        pg_sys::free_attstatsslot(&mut slot);
        pg_sys::ReleaseSysCache(tuple);
        span.filter(|span| *span > 0.0).map(|span| rows / span)
    }
}
