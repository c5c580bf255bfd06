//! Pages → a temporary file of Postgres, and back. Which pages go there is decided in [`crate::scan::page_store`].

use pgrx::pg_sys;

use crate::error::{Error, ErrorKind, Result};
use crate::scan::page::Page;
use crate::scan::page_store::SpillFile;

/// A temporary file of Postgres: it counts against `temp_file_limit`, and an abort removes it. It must be closed before the transaction
/// ends otherwise, or Postgres reports a leak.
#[derive(Debug)]
pub(crate) struct TempFile {
    file: *mut pg_sys::BufFile,
    /// Where each page begins, and its length.
    places: Vec<(std::ffi::c_int, pg_sys::off_t, usize)>,
}

impl TempFile {
    /// Creates a file whose own memory is made in `context`.
    ///
    /// # Safety
    /// The caller guarantees that `context` lives as long as the file is used.
    pub(crate) unsafe fn create(context: pg_sys::MemoryContext) -> Self {
        // SAFETY: the caller guarantees a live context; the former one is current again behind the call.
        let file = unsafe {
            let old = pg_sys::MemoryContextSwitchTo(context);
            let file = pg_sys::BufFileCreateTemp(false);
            pg_sys::MemoryContextSwitchTo(old);
            file
        };
        Self { file, places: Vec::new() }
    }

    /// Closes the file.
    pub(crate) fn close(self) {
        // SAFETY: `create` opened the file, and an abort, which closes it as well, never comes here.
        unsafe { pg_sys::BufFileClose(self.file) };
    }
}

impl SpillFile<Page> for TempFile {
    fn append(&mut self, page: &Page) {
        let mut bytes = page.to_bytes();
        let (mut number, mut offset) = (0, 0);
        if let Some((number, offset, length)) = self.places.last() {
            // SAFETY: `create` opened the file.
            unsafe { pg_sys::BufFileSeek(self.file, *number, *offset + *length as pg_sys::off_t, 0) };
        }
        // SAFETY: `create` opened the file; the buffer has the length that is written, and a failed write raises.
        unsafe {
            pg_sys::BufFileTell(self.file, &mut number, &mut offset);
            pg_sys::BufFileWrite(self.file, bytes.as_mut_ptr().cast(), bytes.len());
        }
        self.places.push((number, offset, bytes.len()));
    }

    fn read(&mut self, number: usize) -> Result<Page> {
        let damaged = || Error::new(ErrorKind::Internal, "a page could not be read back from a temporary file");
        let (number, offset, length) = *self.places.get(number).ok_or_else(damaged)?;
        // SAFETY: `create` opened the file.
        if unsafe { pg_sys::BufFileSeek(self.file, number, offset, 0) } != 0 {
            return Err(damaged());
        }
        let mut bytes = vec![0_u8; length];
        // SAFETY: `create` opened the file; the buffer has the length that is read.
        let read = unsafe { pg_sys::BufFileRead(self.file, bytes.as_mut_ptr().cast(), length) };
        if read == length { Page::from_bytes(&bytes).ok_or_else(damaged) } else { Err(damaged()) }
    }

    fn len(&self) -> usize {
        self.places.len()
    }
}
