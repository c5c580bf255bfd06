//! How many requests a scan may send: one at first, more once its consumer asks for more.
//!
//! A consumer that stops after the first page (LIMIT, a cursor that is closed) must cost one request. So a request is sent only
//! against a credit. Credits come from the consumer's demand, and from requests that gave it nothing.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;

/// The consumer's side of a budget: the number of credits granted so far. Dropping it tells that nobody wants more.
#[derive(Debug)]
pub(super) struct Demand(watch::Sender<u64>);

impl Demand {
    /// Grants credits when the consumer has used up its pages. After rows the budget is unlimited: the consumer reads on. After
    /// pages without rows the next page may still satisfy it, so that the credits only double.
    pub(super) fn request_more(&self, any_rows: bool) {
        self.0.send_modify(|credits| *credits = if any_rows { u64::MAX } else { credits.saturating_mul(2) });
    }
}

/// The credits of a scan and the requests that they were reserved for.
#[derive(Debug)]
pub(super) struct RequestBudget {
    /// Requests that were reserved, in all chains.
    reserved: AtomicU64,
    credits: watch::Receiver<u64>,
    /// Reserved requests that gave the consumer nothing.
    refunded: watch::Sender<u64>,
}

impl RequestBudget {
    /// A budget of one request, and the demand that raises it.
    pub(super) fn new() -> (Demand, Self) {
        let (granted, credits) = watch::channel(1);
        (Demand(granted), Self { reserved: AtomicU64::new(0), credits, refunded: watch::channel(0).0 })
    }

    /// Reserves a request and waits until it may be sent. Returns whether it is the scan's first.
    ///
    /// `None` when the consumer is gone: this task is about to be aborted, and must not use the time until then for one more
    /// request.
    pub(super) async fn acquire(&self) -> Option<bool> {
        self.wait_for(self.reserve()).await
    }

    /// Takes the number, from 0, of a request among all of the scan. A lower number is allowed sooner.
    pub(super) fn reserve(&self) -> u64 {
        // Relaxed: only the numbers must differ.
        self.reserved.fetch_add(1, Ordering::Relaxed)
    }

    /// Waits until the request with this number may be sent. Returns as [`Self::acquire`] does.
    pub(super) async fn wait_for(&self, number: u64) -> Option<bool> {
        let (mut credits, mut refunded) = (self.credits.clone(), self.refunded.subscribe());
        loop {
            let allowed = credits.borrow_and_update().saturating_add(*refunded.borrow_and_update());
            if number < allowed {
                return Some(number == 0);
            }
            tokio::select! {
                changed = credits.changed() => changed.ok()?,
                // The sender lives in self, so that this cannot fail.
                _ = refunded.changed() => {}
            }
        }
    }

    /// Allows one request more, because a reserved one gave the consumer nothing.
    pub(super) fn refund(&self) {
        self.refunded.send_modify(|refunded| *refunded += 1);
    }

    /// Waits until the consumer has had rows and asked for more, or is gone.
    pub(super) async fn unlimited(&self) {
        // An error says that the consumer is gone: `acquire` tells that.
        let _ = self.credits.clone().wait_for(|credits| *credits == u64::MAX).await;
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::{Pin, pin};
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn poll<T>(future: Pin<&mut impl Future<Output = T>>) -> Poll<T> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn one_request_is_allowed_until_the_consumer_asks_for_more() {
        let (demand, budget) = RequestBudget::new();
        assert_eq!(poll(pin!(budget.acquire())), Poll::Ready(Some(true)));
        let mut second = pin!(budget.acquire());
        assert_eq!(poll(second.as_mut()), Poll::Pending);
        demand.request_more(false);
        assert_eq!(poll(second), Poll::Ready(Some(false)));
        let mut third = pin!(budget.acquire());
        assert_eq!(poll(third.as_mut()), Poll::Pending, "credits only doubled");
        let mut unlimited = pin!(budget.unlimited());
        assert_eq!(poll(unlimited.as_mut()), Poll::Pending);
        demand.request_more(true);
        assert_eq!((poll(third), poll(unlimited)), (Poll::Ready(Some(false)), Poll::Ready(())));
        assert!((0..1000).all(|_| poll(pin!(budget.acquire())) == Poll::Ready(Some(false))));
    }

    #[test]
    fn a_refund_allows_the_request_that_was_reserved_first() {
        let (_demand, budget) = RequestBudget::new();
        let numbers = [(); 3].map(|()| budget.reserve());
        assert_eq!(numbers, [0, 1, 2]);
        let (mut second, mut third) = (pin!(budget.wait_for(1)), pin!(budget.wait_for(2)));
        assert_eq!((poll(second.as_mut()), poll(third.as_mut())), (Poll::Pending, Poll::Pending));
        budget.refund();
        assert_eq!((poll(second), poll(third)), (Poll::Ready(Some(false)), Poll::Pending));
    }

    #[test]
    fn nothing_more_is_allowed_once_the_consumer_is_gone() {
        let (demand, budget) = RequestBudget::new();
        budget.reserve();
        let mut waiting = pin!(budget.acquire());
        assert_eq!(poll(waiting.as_mut()), Poll::Pending);
        drop(demand);
        assert_eq!((poll(waiting), poll(pin!(budget.unlimited()))), (Poll::Ready(None), Poll::Ready(())));
    }
}
