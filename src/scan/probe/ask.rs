//! A probe's question → one request, and its answer as a sample.
//!
//! Requests are put together as a scan's, but for the bounds, which are not widened: a question is about just these.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::Probe;
use super::sample::PageSample;
use crate::error::Result;
use crate::http::body::BufferPool;
use crate::http::client::{Connection, Limits, RequestContext};
use crate::http::limiter::ConcurrencyLimiter;
use crate::http::response::Response;
use crate::plan::request::{PageToken, assemble, write_time};
use crate::plan::slice::Slice;
use crate::scan::decode::{EnvelopeRules, NextKey};
use crate::scan::stats::Stats;
use crate::sources::Table;

/// Asks one table's questions over one connection, one request at a time.
#[derive(Debug)]
pub(super) struct ProbeClient {
    pub(super) table: Arc<Table>,
    envelope: EnvelopeRules,
    /// The largest page that the API is known to take.
    pub(super) size: u64,
    /// How many records a page has at most, whatever is asked for.
    pub(super) page_records: u64,
    values: BTreeMap<usize, Vec<String>>,
    limits: Limits,
    stats: Arc<Stats>,
    connection: Connection,
    pool: BufferPool,
    limiter: ConcurrencyLimiter,
}

impl ProbeClient {
    pub(super) fn new(probe: &Probe, connection: Connection) -> Self {
        Self {
            envelope: EnvelopeRules::of(&probe.table),
            table: Arc::clone(&probe.table),
            size: probe.page_size,
            page_records: probe.page_size,
            values: probe.values.clone(),
            limits: probe.limits,
            stats: Arc::clone(&probe.stats),
            connection,
            pool: BufferPool::default(),
            limiter: ConcurrencyLimiter::new(1),
        }
    }

    /// Asks for a page with the filters that the options set. `bounds` are sent as they are, without the widening of a scan; without a
    /// `size` no size is sent.
    pub(super) async fn page(&self, bounds: Option<(i64, i64)>, token: &PageToken, size: Option<u64>) -> Result<PageSample> {
        self.page_with(&BTreeMap::new(), bounds, token, size).await
    }

    /// Asks for a page like [`page`](Self::page), with further values of filters by the description's column.
    pub(super) async fn page_with(
        &self,
        further: &BTreeMap<usize, Vec<String>>,
        bounds: Option<(i64, i64)>,
        token: &PageToken,
        size: Option<u64>,
    ) -> Result<PageSample> {
        let mut values = self.values.clone();
        values.extend(further.iter().map(|(column, values)| (*column, values.clone())));
        let slice = Slice { window: None, values, recheck_columns: Vec::new() };
        let written = self.table.time_range.as_ref().zip(bounds).map(|(range, (from, to))| {
            let write = |t| write_time(range.format, t);
            (write(from), write(to))
        });
        let mut request = assemble(&self.table, &slice, written.unzip(), token, &size.unwrap_or_default().to_string());
        if size.is_none() {
            request.remove(&self.table.pagination.size.place);
        }
        let mut read = |reply: Response| {
            let mut sample = PageSample::read(&self.envelope, &reply.body)?;
            if self.table.pagination.style.next_in_link_header() {
                sample.next = reply.next()?.map_or(NextKey::Absent, NextKey::Key);
            }
            sample.encoding = reply.headers.get("content-encoding").and_then(|value| value.to_str().ok()).map(str::to_owned);
            Ok(sample)
        };
        let scan = RequestContext { limits: self.limits, usage: &self.stats.usage, pool: &self.pool, limiter: &self.limiter };
        self.connection.fetch(&request, 1, &scan, &mut read).await
    }

    /// Finds out whether a record is in the first page of these bounds.
    pub(super) async fn returns(&self, record: &Value, from: i64, to: i64) -> Result<bool> {
        let sample = self.page(Some((from, to)), &PageToken::Start, Some(self.size)).await?;
        Ok(sample.records.contains(record))
    }
}
