//! A scan that sends requests → the session's last scan, for `restlog.last_scan()`.

use std::cell::RefCell;
use std::sync::Arc;

use crate::scan::stats::Stats;

/// What a scan took, and which defaults stood in for conditions, each as `option: condition`.
type LastScan = (Arc<Stats>, Vec<String>);

thread_local! {
    /// `None` before the session's first.
    static LAST: RefCell<Option<LastScan>> = const { RefCell::new(None) };
}

/// The last scan of this session that sent a request.
pub(crate) fn last_scan() -> Option<LastScan> {
    LAST.with_borrow(Clone::clone)
}

/// Makes a scan the session's last one. Its counters go on counting.
pub(crate) fn remember(stats: &Arc<Stats>, defaults: &[String]) {
    LAST.set(Some((Arc::clone(stats), defaults.to_vec())));
}
