//! A request that leaves while the page before it is still being decoded.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::scheduler::{ScanContext, worker_error};
use crate::error::Result;
use crate::http::response::Response;
use crate::plan::request::PageToken;
use crate::plan::slice::Slice;

/// The request for a page whose key was seen before the page that names it was read. Dropping it ends it.
pub(super) struct Prefetch {
    context: Arc<ScanContext>,
    token: PageToken,
    task: JoinSet<Option<Result<Response>>>,
    used: bool,
}

impl Drop for Prefetch {
    fn drop(&mut self) {
        if !self.used {
            self.context.refund();
        }
    }
}

impl Prefetch {
    /// Sends it, once it is allowed.
    pub(super) fn start(context: &Arc<ScanContext>, slice: &Arc<Slice>, token: PageToken, number: u64) -> Self {
        let mut task = JoinSet::new();
        let (own, slice, asked) = (Arc::clone(context), Arc::clone(slice), token.clone());
        let reserved = own.reserve();
        task.spawn(async move {
            own.wait_for(reserved).await?;
            Some(own.reply(&slice, &asked, number).await)
        });
        Self { context: Arc::clone(context), token, task, used: false }
    }

    /// Whether it asks for this page.
    pub(super) fn is_for(&self, token: &PageToken) -> bool {
        self.token == *token
    }

    /// The answer; `None` when nobody wants it any more.
    pub(super) async fn reply(mut self) -> Option<Result<Response>> {
        self.used = true;
        match self.task.join_next().await? {
            Ok(answered) => answered,
            Err(join) => Some(Err(worker_error(&join))),
        }
    }
}
