//! The statistics of ANALYZE → the density of a log: rows of the table over the times that its histogram spans.

use pgrx::pg_sys;

use crate::pg::catalog::ForeignTable;

/// Rows of a microsecond; `None` where the time column has no histogram.
///
/// # Safety
/// Called within a transaction; the relation is locked.
pub(super) unsafe fn density(relation: pg_sys::Oid, table: &ForeignTable, rows: f64) -> Option<f64> {
    let time = table.endpoint.time_range.as_ref()?.column;
    let index = table.columns.iter().position(|column| {
        column.as_ref().is_some_and(|column| column.described == Some(time) && column.type_oid == pg_sys::TIMESTAMPTZOID)
    })?;
    let key = [pg_sys::Datum::from(relation), pg_sys::Datum::from((index + 1) as i16), pg_sys::Datum::from(false)];
    let cache = pg_sys::SysCacheIdentifier::STATRELATTINH as i32;
    // SAFETY: a lookup within a transaction by the key's three columns. The tuple is released when nothing of it is used any more.
    let span = unsafe {
        let tuple = pg_sys::SearchSysCache3(cache, key[0], key[1], key[2]);
        if tuple.is_null() {
            return None;
        }
        let span = histogram_span(tuple);
        pg_sys::ReleaseSysCache(tuple);
        span
    };
    span.filter(|span| *span > 0.0).map(|span| rows / span)
}

/// The microseconds from the first bound of a histogram to the last.
///
/// # Safety
/// `tuple` is a tuple of pg_statistic about a column of times.
unsafe fn histogram_span(tuple: pg_sys::HeapTuple) -> Option<f64> {
    let mut slot = pg_sys::AttStatsSlot::default();
    let (kind, flags) = (pg_sys::STATISTIC_KIND_HISTOGRAM as i32, pg_sys::ATTSTATSSLOT_VALUES as i32);
    // SAFETY: the caller guarantees the tuple. A slot that was found has `nvalues` values of the column's type, until it is freed.
    unsafe {
        let found = pg_sys::get_attstatsslot(&mut slot, tuple, kind, pg_sys::InvalidOid, flags);
        let span = (found && slot.nvalues >= 2).then(|| {
            let value = |i: usize| (*slot.values.add(i)).value() as i64;
            value(slot.nvalues as usize - 1) as f64 - value(0) as f64
        });
        pg_sys::free_attstatsslot(&mut slot);
        span
    }
}
