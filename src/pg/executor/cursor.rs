//! A stream of pages → one row after another. Pages that were read are kept for a new start as far as [`PageStore`] decides.

use std::os::fd::RawFd;
use std::task::Poll;

use pgrx::pg_sys;

use super::spill_file::TempFile;
use crate::error::Result;
use crate::pg::wait::WatchedStream;
use crate::scan::page::Page;
use crate::scan::page_store::PageStore;
use crate::scan::stats::Stats;

/// The least that `work_mem` may be, in kB: what Postgres itself takes for its least value.
const MIN_WORK_MEM: i32 = 64;

/// Whether a pull may wait for pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Blocking,
    /// An Append over several scans asks for a row that is there, and waits for all of its scans at once.
    Nonblocking,
}

/// What a pull came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pull {
    Row,
    /// No row is there yet, and the pull must not wait.
    Pending,
    /// No row is left, which is proven.
    End,
}

/// A place in the pages of a running scan.
#[derive(Debug)]
pub(super) struct Cursor {
    stream: WatchedStream,
    pages: PageStore<Page, TempFile>,
    /// Rows of the current page that were passed on.
    row: usize,
    supply: Supply,
    /// Lives as long as the scan.
    context: pg_sys::MemoryContext,
}

/// What still comes behind the pages that are kept.
#[derive(Debug, Clone, Copy)]
enum Supply {
    /// More pages, until the stream ends.
    Streaming {
        /// Whether any page had rows.
        any_rows: bool,
        demand: DemandSignal,
    },
    /// Nothing.
    Exhausted,
}

/// Whether the stream knows that its last page was used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DemandSignal {
    Unsignalled,
    Signalled,
}

impl Cursor {
    /// A cursor before the first row. `rewinds` says that a new start is likely.
    ///
    /// # Safety
    /// The caller guarantees that `context` lives as long as the cursor.
    pub(super) unsafe fn new(stream: WatchedStream, rewinds: bool, context: pg_sys::MemoryContext) -> Self {
        let supply = Supply::Streaming { any_rows: false, demand: DemandSignal::Unsignalled };
        Self { stream, pages: PageStore::new(rewinds), row: 0, supply, context }
    }

    /// The current row: its page and its number there.
    pub(super) fn current(&self) -> Option<(&Page, usize)> {
        Some((self.pages.current()?, self.row.checked_sub(1)?))
    }

    /// Moves to the next row of the pages that are here; `false` where they are used up, which the stream then knows. A consumer that is
    /// `greedy` will want all rows, once there were any.
    pub(super) fn next_row(&mut self, greedy: bool) -> Result<bool> {
        while let Some(page) = self.pages.current() {
            if self.row < page.rows() {
                self.row += 1;
                return Ok(true);
            }
            if !self.pages.advance()? {
                self.signal_demand(greedy);
                break;
            }
            self.row = 0;
        }
        Ok(false)
    }

    /// The next page of the stream; `Ready(None)` at its proven end, `Pending` only in nonblocking mode.
    pub(super) fn next_page(&mut self, mode: Mode, stats: &Stats) -> Poll<Result<Option<Page>>> {
        match mode {
            Mode::Blocking => Poll::Ready(self.stream.next(stats)),
            Mode::Nonblocking => self.stream.try_next(),
        }
    }

    /// Takes a page of the stream, and stands before its first row.
    pub(super) fn accept(&mut self, page: Page) {
        let any_rows = self.any_rows() || page.rows() > 0;
        self.supply = Supply::Streaming { any_rows, demand: DemandSignal::Unsignalled };
        // SAFETY: a setting of this backend, in kB.
        let limit = unsafe { pg_sys::work_mem }.max(MIN_WORK_MEM) as usize * 1024;
        let (size, context) = (page.size(), self.context);
        // SAFETY: the maker of this cursor guarantees that the context outlives it.
        let create = || unsafe { TempFile::create(context) };
        self.pages.keep(page, size, limit, create).into_iter().for_each(|spent| self.stream.release(spent));
        self.row = 0;
    }

    /// Whether any page had rows; `false` once the stream has ended.
    pub(super) fn any_rows(&self) -> bool {
        matches!(self.supply, Supply::Streaming { any_rows: true, .. })
    }

    pub(super) fn is_exhausted(&self) -> bool {
        matches!(self.supply, Supply::Exhausted)
    }

    /// Remembers that the stream has come to its proven end.
    pub(super) fn exhaust(&mut self) {
        self.supply = Supply::Exhausted;
    }

    /// Goes back before the first row; `false` where not all pages are kept, or where one cannot be read back.
    pub(super) fn rewind(&mut self) -> bool {
        if !self.pages.is_whole() {
            return false;
        }
        self.row = 0;
        self.pages.rewind().is_ok()
    }

    /// Waits for the stream's end instead of reading rows, where they are counted only.
    pub(super) fn count(&mut self, stats: &Stats) -> Result<()> {
        self.stream.request_more(true);
        self.stream.next(stats).map(drop)
    }

    /// What becomes readable once there is more to read.
    pub(super) fn wake_fd(&self) -> RawFd {
        self.stream.wake_fd()
    }

    /// Ends the scan, and closes its temporary file, which would be reported as a leak at the transaction's end.
    pub(super) fn close(self) {
        if let Some(file) = self.pages.into_file() {
            file.close();
        }
    }

    /// Gives the current page back, and tells the stream once that more is wanted. Nothing points into the page any more: the slot was
    /// cleared.
    fn signal_demand(&mut self, greedy: bool) {
        if let Some(spent) = self.pages.take_current() {
            self.stream.release(spent);
        }
        if let Supply::Streaming { any_rows, demand: demand @ DemandSignal::Unsignalled } = &mut self.supply {
            *demand = DemandSignal::Signalled;
            self.stream.request_more(*any_rows && greedy);
        }
    }
}
