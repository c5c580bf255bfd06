//! The pages of a scan that were read, to be read again when it is started again with the same parameters: in memory up to
//! `work_mem`, and beyond it in a temporary file where a new start is likely.

use pgrx::pg_sys;

use crate::error::{Error, ErrorKind, Result};
use crate::scan::page::Page;

/// PooledConnection pages, the current one among them.
pub(crate) struct PageStore {
    /// The first pages, or only the current one where not all are kept.
    memory: Vec<Page>,
    bytes: usize,
    /// Whether every page is kept, here or in the file.
    whole: bool,
    spills: bool,
    file: Option<SpillFile>,
    /// The current page, where it lies in the file.
    loaded: Option<Page>,
    /// Which page is the current one.
    at: Option<usize>,
    /// Lives as long as the scan.
    context: pg_sys::MemoryContext,
}

impl PageStore {
    /// Nothing yet. `rewinds` says that a new start is likely.
    pub(crate) fn new(rewinds: bool, context: pg_sys::MemoryContext) -> Self {
        Self { memory: Vec::new(), bytes: 0, whole: true, spills: rewinds, file: None, loaded: None, at: None, context }
    }

    /// How many pages can be turned to.
    fn len(&self) -> usize {
        self.memory.len() + self.file.as_ref().map_or(0, |file| file.places.len())
    }

    /// Whether all pages that were read are kept.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole
    }

    pub(crate) fn current(&self) -> Option<&Page> {
        let at = self.at?;
        self.memory.get(at).or(self.loaded.as_ref())
    }

    /// Takes a new page, which becomes the current one. Returns pages that are not kept any more.
    pub(crate) fn keep(&mut self, page: Page) -> Vec<Page> {
        let mut spent = Vec::new();
        // SAFETY: a setting of this backend, in kB.
        let limit = unsafe { pg_sys::work_mem }.max(64) as usize * 1024;
        let size = page.size();
        if self.whole && self.file.is_none() && self.bytes + size <= limit {
            self.bytes += size;
            self.memory.push(page);
        } else if self.whole && self.spills {
            self.file.get_or_insert_with(|| SpillFile::create(self.context)).append(&page);
            spent.extend(self.loaded.replace(page));
        } else {
            self.whole = false;
            spent.append(&mut self.memory);
            self.memory.push(page);
        }
        self.at = Some(self.len() - 1);
        spent
    }

    /// The current page, if nobody needs it any more.
    pub(crate) fn take_current(&mut self) -> Option<Page> {
        if self.whole {
            return None;
        }
        self.at = None;
        self.memory.pop()
    }

    /// Turns to the page behind the current one; `false` where none is kept.
    pub(crate) fn advance(&mut self) -> Result<bool> {
        let next = self.at.map_or(0, |at| at + 1);
        if next < self.len() { self.seek(next).map(|()| true) } else { Ok(false) }
    }

    /// Turns to the first page.
    pub(crate) fn rewind(&mut self) -> Result<()> {
        self.seek(0)
    }

    fn seek(&mut self, at: usize) -> Result<()> {
        if let Some(place) = at.checked_sub(self.memory.len())
            && let Some(file) = &mut self.file
        {
            self.loaded = Some(file.read(place)?);
        }
        self.at = (at < self.len()).then_some(at);
        Ok(())
    }

    /// Closes the file, which would be reported as a leak at the transaction's end.
    pub(crate) fn close(&mut self) {
        if let Some(file) = self.file.take() {
            file.close();
        }
    }
}

/// A temporary file of Postgres: it counts against `temp_file_limit`, and an abort removes it.
struct SpillFile {
    file: *mut pg_sys::BufFile,
    /// Where each page begins, and its length.
    places: Vec<(std::ffi::c_int, pg_sys::off_t, usize)>,
}

impl SpillFile {
    fn create(context: pg_sys::MemoryContext) -> Self {
        // SAFETY: the file's own memory is made in the query's context, which the scan lives in as well.
        let file = unsafe {
            let old = pg_sys::MemoryContextSwitchTo(context);
            let file = pg_sys::BufFileCreateTemp(false);
            pg_sys::MemoryContextSwitchTo(old);
            file
        };
        Self { file, places: Vec::new() }
    }

    fn append(&mut self, page: &Page) {
        let mut bytes = page.to_bytes();
        let (mut number, mut offset) = (0, 0);
        // SAFETY: the file is open; what cannot be written raises.
        unsafe {
            if let Some((number, offset, length)) = self.places.last() {
                pg_sys::BufFileSeek(self.file, *number, *offset + *length as pg_sys::off_t, 0);
            }
            pg_sys::BufFileTell(self.file, &mut number, &mut offset);
            pg_sys::BufFileWrite(self.file, bytes.as_mut_ptr().cast(), bytes.len());
        }
        self.places.push((number, offset, bytes.len()));
    }

    fn read(&mut self, place: usize) -> Result<Page> {
        let damaged = || Error::new(ErrorKind::Internal, "a page could not be read back from a temporary file");
        let (number, offset, length) = *self.places.get(place).ok_or_else(damaged)?;
        let mut bytes = vec![0_u8; length];
        // SAFETY: the file is open; the buffer has the length that is read.
        let read = unsafe {
            if pg_sys::BufFileSeek(self.file, number, offset, 0) != 0 {
                return Err(damaged());
            }
            pg_sys::BufFileRead(self.file, bytes.as_mut_ptr().cast(), length)
        };
        if read == length { Page::from_bytes(&bytes).ok_or_else(damaged) } else { Err(damaged()) }
    }

    fn close(self) {
        // SAFETY: open, and closed once: an abort, which closes it as well, never comes here.
        unsafe { pg_sys::BufFileClose(self.file) };
    }
}
