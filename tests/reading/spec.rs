//! What a scan of a described table is begun with, where nothing but its table, slices and columns matters.

use std::collections::BTreeMap;
use std::sync::Arc;

use restlog_fdw::http::client::{Connection, Limits};
use restlog_fdw::options::OnInvalid;
use restlog_fdw::plan::slice::Slices;
use restlog_fdw::scan::decode::{Decoder, PageColumn};
use restlog_fdw::scan::spec::ScanSpec;
use restlog_fdw::sources::Table;

/// A scan of one request at a time, without times and without limits.
pub(crate) fn plain(table: Arc<Table>, connection: Arc<Connection>, slices: Slices, columns: Vec<PageColumn>) -> ScanSpec {
    ScanSpec {
        slices,
        decoder: Decoder::new(columns, &table, OnInvalid::Error, None),
        now: i64::MAX,
        time_column: None,
        time_is_required: false,
        fan_out_columns: BTreeMap::new(),
        page_sizes: (100, 100),
        limited: false,
        order: None,
        known_density: None,
        concurrency: 1,
        limits: Limits { max_requests: 0, max_response_bytes: 1 << 20, log: false },
        connection,
        counting: None,
        table,
    }
}
