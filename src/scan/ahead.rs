//! A request that leaves while the page before it is still being decoded.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::client::Reply;
use super::drive::{Shared, lost_worker};
use crate::error::Result;
use crate::plan::request::PageToken;
use crate::plan::slice::Slice;

/// The request for a page whose key was seen before the page that names it was read. Dropping it ends it.
pub(super) struct Ahead {
    shared: Arc<Shared>,
    token: PageToken,
    task: JoinSet<Option<Result<Reply>>>,
    used: bool,
}

impl Drop for Ahead {
    fn drop(&mut self) {
        if !self.used {
            self.shared.return_leave();
        }
    }
}

impl Ahead {
    /// Sends it, once it is allowed.
    pub(super) fn start(shared: &Arc<Shared>, slice: &Arc<Slice>, token: PageToken, number: u64) -> Self {
        let mut task = JoinSet::new();
        let (own, slice, asked) = (Arc::clone(shared), Arc::clone(slice), token.clone());
        let place = own.take_number();
        task.spawn(async move {
            own.leave_for(place).await?;
            Some(own.reply(&slice, &asked, number).await)
        });
        Self { shared: Arc::clone(shared), token, task, used: false }
    }

    /// Whether it asks for this page.
    pub(super) fn is_for(&self, token: &PageToken) -> bool {
        self.token == *token
    }

    /// The answer; `None` when nobody wants it any more.
    pub(super) async fn reply(mut self) -> Option<Result<Reply>> {
        self.used = true;
        match self.task.join_next().await? {
            Ok(answered) => answered,
            Err(join) => Some(Err(lost_worker(&join))),
        }
    }
}
