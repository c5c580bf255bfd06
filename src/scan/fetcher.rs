//! One request of a scan → its decoded page.
//!
//! Whether a response with status 200 is an answer shows only when its body is decoded: some APIs report errors in a 200, and those
//! are retried as others are. So decoding is a callback of the transport, which owns the retries. A page is counted in the
//! statistics once, when it was decoded.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use super::decode::{Decoded, SliceRules};
use super::page::Page;
use super::spec::ScanSpec;
use super::stats::Stats;
use crate::error::{Error, ErrorKind, Purpose, Result};
use crate::http::body::BufferPool;
use crate::http::client::RequestContext;
use crate::http::exchange;
use crate::http::limiter::ConcurrencyLimiter;
use crate::http::response::Response;
use crate::lock::lock_whole;
use crate::plan::request::{PageToken, request};
use crate::plan::slice::Slice;
use crate::sources::Table;

/// One page to be asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct PageRequest<'c> {
    /// The slice whose window and values the request carries.
    pub(super) slice: &'c Slice,
    /// Where the page begins.
    pub(super) token: &'c PageToken,
    /// How many records to ask for.
    pub(super) size: u64,
    /// The page's number in its slice, from 1: errors name it.
    pub(super) number: u64,
    /// Which of the response's records are kept.
    pub(super) rules: &'c SliceRules,
}

/// Sees each response's body before it is decoded.
pub(super) type OnBody<'f> = dyn FnMut(&[u8]) + Send + 'f;

/// Sends the requests of a scan, decodes their responses, and reuses the memory of both.
pub(super) struct Fetcher {
    spec: Arc<ScanSpec>,
    stats: Arc<Stats>,
    limiter: ConcurrencyLimiter,
    bodies: BufferPool,
    /// Memory of pages that the consumer has read, shared with its end of the scan.
    free_pages: Arc<Mutex<Vec<Page>>>,
}

impl Drop for Fetcher {
    /// Tells the connection how many requests the API took: the next scan begins with that.
    fn drop(&mut self) {
        self.spec.connection.limit_memory.record(self.limiter.limit(), Instant::now());
    }
}

impl Fetcher {
    pub(super) fn new(spec: Arc<ScanSpec>, stats: Arc<Stats>, free_pages: Arc<Mutex<Vec<Page>>>) -> Self {
        let limiter = ConcurrencyLimiter::after(spec.concurrency, &spec.connection.limit_memory);
        Self { spec, stats, limiter, bodies: BufferPool::default(), free_pages }
    }

    /// Sends a request and decodes its response. `on_body` is called for each response, also for one whose error is retried.
    pub(super) async fn fetch(&self, asked: &PageRequest<'_>, on_body: &mut OnBody<'_>) -> Result<(Page, Decoded)> {
        let request = request(&self.spec.table, asked.slice, asked.token, asked.size);
        let mut judge = |response: Response| {
            on_body(&response.body);
            self.decode(response, asked)
        };
        let fetched = self.spec.connection.fetch(&request, asked.number, &self.request_context(), &mut judge).await;
        fetched.inspect(|(_, decoded)| self.record(decoded))
    }

    /// Sends a request of the usual size and leaves its response undecoded: for a page that is asked for before the page before it
    /// was decoded. [`Fetcher::read`] takes it from there.
    pub(super) async fn prefetch(&self, slice: &Slice, token: &PageToken, number: u64) -> Result<Response> {
        let request = request(&self.spec.table, slice, token, self.spec.page_sizes.1);
        self.spec.connection.fetch(&request, number, &self.request_context(), &mut Ok).await
    }

    /// Decodes the response that a request got when it was prefetched. If the response itself says that it was throttled or refused,
    /// the request is sent again, as [`Fetcher::fetch`] would.
    pub(super) async fn read(
        &self,
        asked: &PageRequest<'_>,
        prefetched: Result<Response>,
        on_body: &mut OnBody<'_>,
    ) -> Result<(Page, Decoded)> {
        let response = prefetched?;
        on_body(&response.body);
        // The next request, which `on_body` may have started, leaves before decoding takes this thread.
        tokio::task::yield_now().await;
        match self.decode(response, asked) {
            Ok((page, decoded)) => {
                self.record(&decoded);
                Ok((page, decoded))
            }
            Err(error) if matches!(error.kind(), ErrorKind::Throttled | ErrorKind::Unauthorized) => self.fetch(asked, on_body).await,
            Err(error) => {
                let request = request(&self.spec.table, asked.slice, asked.token, asked.size);
                Err(exchange::located(error, &request, Purpose::Page(asked.number), 1))
            }
        }
    }

    /// Keeps the memory of a page that nobody needs any more.
    pub(super) fn release(&self, page: Page) {
        lock_whole(&self.free_pages).push(page);
    }

    fn request_context(&self) -> RequestContext<'_> {
        RequestContext { limits: self.spec.limits, usage: &self.stats.usage, pool: &self.bodies, limiter: &self.limiter }
    }

    fn decode(&self, response: Response, asked: &PageRequest<'_>) -> Result<(Page, Decoded)> {
        let decoder = &self.spec.decoder;
        let started = Instant::now();
        let page = lock_whole(&self.free_pages).pop().unwrap_or_default();
        let decoded = decoder.decode(asked.rules, &response.body, page.reset(decoder.width(), asked.number));
        self.stats.decode_micros.add_time(started.elapsed());
        let (page, mut decoded) = decoded?;
        decoded.facts.partial = response.partial;
        if self.spec.table.pagination.style.next_in_link_header() {
            decoded.facts.next = response.next()?;
        }
        self.bodies.release(response.body);
        Ok((page, decoded))
    }

    fn record(&self, decoded: &Decoded) {
        self.stats.pages.add(1);
        self.stats.records.add(decoded.facts.records);
        self.stats.outside_window.add(decoded.outside_window);
        self.stats.outside_slice.add(decoded.outside_slice);
    }
}

/// Adds to an error of paging the request and the page at which it came up.
pub(super) fn located(table: &Table, slice: &Slice, number: u64, error: Error) -> Error {
    exchange::located(error, &request(table, slice, &PageToken::Start, 1), Purpose::Page(number), 1)
}
