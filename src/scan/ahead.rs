//! A request that leaves while the page before it is still being decoded.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::client::Reply;
use super::drive::Shared;
use crate::error::Result;
use crate::plan::request::PageToken;
use crate::plan::slice::Slice;

/// The request for a page whose key was seen before the page that names it was read. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Ahead {
    token: PageToken,
    task: JoinSet<Option<Result<Reply>>>,
}

impl Ahead {
    /// Sends it, once it is allowed.
    pub(super) fn start(shared: &Arc<Shared>, slice: &Arc<Slice>, token: PageToken, number: u64) -> Self {
        let mut task = JoinSet::new();
        let (shared, slice, asked) = (Arc::clone(shared), Arc::clone(slice), token.clone());
        task.spawn(async move {
            shared.leave_to_send().await?;
            Some(shared.reply(&slice, &asked, number).await)
        });
        Self { token, task }
    }

    /// Whether it asks for this page.
    pub(super) fn is_for(&self, token: &PageToken) -> bool {
        self.token == *token
    }

    /// The answer; `None` when nobody wants it any more.
    pub(super) async fn reply(mut self) -> Option<Result<Reply>> {
        self.task.join_next().await?.ok()?
    }
}
