//! A request that leaves while the page before it is still being decoded.
//!
//! Its page's key was seen in the raw body of the page before. That page may turn out to name another key, or to be the last: then
//! the prefetch is dropped, which ends the request and refunds its credit.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::budget::RequestBudget;
use super::fetcher::Fetcher;
use super::task::worker_error;
use crate::error::Result;
use crate::http::response::Response;
use crate::plan::request::PageToken;
use crate::plan::slice::Slice;

/// A prefetched request. Dropping it before [`Prefetch::response`] ends the request and refunds its credit.
pub(super) struct Prefetch {
    budget: Arc<RequestBudget>,
    token: PageToken,
    task: JoinSet<Option<Result<Response>>>,
    used: bool,
}

impl Drop for Prefetch {
    fn drop(&mut self) {
        if !self.used {
            self.budget.refund();
        }
    }
}

impl Prefetch {
    /// Reserves the request for the page of this token and number, and sends it as soon as the budget allows.
    pub(super) fn start(fetcher: &Arc<Fetcher>, budget: &Arc<RequestBudget>, slice: &Arc<Slice>, token: PageToken, number: u64) -> Self {
        let mut task = JoinSet::new();
        let reserved = budget.reserve();
        let (fetcher, waiting, slice, asked) = (Arc::clone(fetcher), Arc::clone(budget), Arc::clone(slice), token.clone());
        task.spawn(async move {
            waiting.wait_for(reserved).await?;
            Some(fetcher.prefetch(&slice, &asked, number).await)
        });
        Self { budget: Arc::clone(budget), token, task, used: false }
    }

    /// Whether it asks for the page of this token.
    pub(super) fn is_for(&self, token: &PageToken) -> bool {
        self.token == *token
    }

    /// Waits for the response; `None` when the consumer is gone.
    pub(super) async fn response(mut self) -> Option<Result<Response>> {
        self.used = true;
        match self.task.join_next().await? {
            Ok(response) => response,
            Err(join) => Some(Err(worker_error(&join))),
        }
    }
}
