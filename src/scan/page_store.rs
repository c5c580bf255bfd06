//! The pages of a scan that were read → the same pages once more, where the scan is started again with the same parameters.
//!
//! Pages are kept in memory up to a limit. Beyond it they go to a file where a new start is likely, and else none but the current page is
//! kept. Pages are read again in the order in which they came. Postgres calls such a thing a tuplestore.

use crate::error::Result;

/// Where pages go that do not fit into memory. What cannot be written raises.
pub trait SpillFile<P> {
    /// Writes a page behind the last one.
    fn append(&mut self, page: &P);
    /// Reads the page of this number back, from 0.
    fn read(&mut self, number: usize) -> Result<P>;
    /// How many pages were written.
    fn len(&self) -> usize;
    /// Whether no page was written.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The pages that were read, with the current one among them.
#[derive(Debug)]
pub struct PageStore<P, F> {
    /// The first pages, or only the current one where not all are kept.
    memory: Vec<P>,
    /// What the pages in memory take.
    bytes: usize,
    kept: Kept<P, F>,
    /// Whether a new start is likely, so that a file is worth its writing.
    spills: bool,
    /// Which page is the current one.
    current: Option<usize>,
}

/// Which pages are kept.
#[derive(Debug)]
enum Kept<P, F> {
    /// All, in memory.
    InMemory,
    /// All: the first ones in memory, the others in the file, of which the current page is loaded.
    InFile { file: F, loaded: Option<P> },
    /// Only the current one.
    Current,
}

/// What becomes of a new page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Placement {
    Memory,
    File,
    /// It takes the place of all pages.
    Alone,
}

impl<P, F: SpillFile<P>> PageStore<P, F> {
    /// An empty store. `spills` says that a new start is likely.
    pub fn new(spills: bool) -> Self {
        Self { memory: Vec::new(), bytes: 0, kept: Kept::InMemory, spills, current: None }
    }

    /// Whether all pages that were read are kept.
    pub fn is_whole(&self) -> bool {
        !matches!(self.kept, Kept::Current)
    }

    /// The current page.
    pub fn current(&self) -> Option<&P> {
        let current = self.current?;
        match &self.kept {
            Kept::InFile { loaded, .. } => self.memory.get(current).or(loaded.as_ref()),
            Kept::InMemory | Kept::Current => self.memory.get(current),
        }
    }

    /// Takes a new page of this size, which becomes the current one. All pages in memory take at most `limit`. Returns the pages that are
    /// not kept any more, so that their memory is used again.
    pub fn keep(&mut self, page: P, size: usize, limit: usize, create: impl FnOnce() -> F) -> Vec<P> {
        let spent = match self.placement(size, limit) {
            Placement::Memory => {
                self.bytes += size;
                self.memory.push(page);
                Vec::new()
            }
            Placement::File => self.spill(page, create).into_iter().collect(),
            Placement::Alone => {
                self.kept = Kept::Current;
                std::mem::replace(&mut self.memory, vec![page])
            }
        };
        self.current = self.len().checked_sub(1);
        spent
    }

    /// Takes the current page out where nobody needs it any more.
    pub fn take_current(&mut self) -> Option<P> {
        if self.is_whole() {
            return None;
        }
        self.current = None;
        self.memory.pop()
    }

    /// Makes the page behind the current one the current one; `false` where none is kept.
    pub fn advance(&mut self) -> Result<bool> {
        let next = self.current.map_or(0, |current| current + 1);
        if next < self.len() { self.seek(next).map(|()| true) } else { Ok(false) }
    }

    /// Makes the first page the current one.
    pub fn rewind(&mut self) -> Result<()> {
        self.seek(0)
    }

    /// The file, if there is one, which must be closed.
    pub fn into_file(self) -> Option<F> {
        match self.kept {
            Kept::InFile { file, .. } => Some(file),
            Kept::InMemory | Kept::Current => None,
        }
    }

    /// How many pages can be read again.
    fn len(&self) -> usize {
        let in_file = match &self.kept {
            Kept::InFile { file, .. } => file.len(),
            Kept::InMemory | Kept::Current => 0,
        };
        self.memory.len() + in_file
    }

    /// Once a page is in the file, all later ones follow it, since pages stay in their order.
    fn placement(&self, size: usize, limit: usize) -> Placement {
        match self.kept {
            Kept::InMemory if self.bytes + size <= limit => Placement::Memory,
            Kept::InMemory if self.spills => Placement::File,
            Kept::InFile { .. } => Placement::File,
            Kept::InMemory | Kept::Current => Placement::Alone,
        }
    }

    /// Writes a page to the file, and returns the one that was loaded from it before.
    fn spill(&mut self, page: P, create: impl FnOnce() -> F) -> Option<P> {
        match &mut self.kept {
            Kept::InFile { file, loaded } => {
                file.append(&page);
                loaded.replace(page)
            }
            Kept::InMemory | Kept::Current => {
                let mut file = create();
                file.append(&page);
                self.kept = Kept::InFile { file, loaded: Some(page) };
                None
            }
        }
    }

    fn seek(&mut self, number: usize) -> Result<()> {
        if let Some(in_file) = number.checked_sub(self.memory.len())
            && let Kept::InFile { file, loaded } = &mut self.kept
        {
            *loaded = Some(file.read(in_file)?);
        }
        self.current = (number < self.len()).then_some(number);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, ErrorKind};

    impl SpillFile<u32> for Vec<u32> {
        fn append(&mut self, page: &u32) {
            self.push(*page);
        }

        fn read(&mut self, number: usize) -> Result<u32> {
            self.get(number).copied().ok_or_else(|| Error::new(ErrorKind::Internal, "no such page"))
        }

        fn len(&self) -> usize {
            self.len()
        }
    }

    type Store = PageStore<u32, Vec<u32>>;

    /// Keeps pages of ten bytes within thirty; says which pages were given back.
    fn keep(store: &mut Store, pages: std::ops::Range<u32>) -> Vec<u32> {
        pages.flat_map(|page| store.keep(page, 10, 30, Vec::new)).collect()
    }

    /// All pages behind the current one.
    fn rest(store: &mut Store) -> Vec<u32> {
        let mut pages = Vec::new();
        while store.advance().unwrap() {
            pages.push(*store.current().unwrap());
        }
        pages
    }

    fn again(store: &mut Store) -> Vec<u32> {
        store.rewind().unwrap();
        let first = store.current().copied();
        first.into_iter().chain(rest(store)).collect()
    }

    #[test]
    fn pages_that_fit_are_kept_in_memory() {
        let mut store = Store::new(false);
        assert_eq!((keep(&mut store, 0..3), store.current()), (Vec::new(), Some(&2)));
        assert!(store.is_whole() && store.take_current().is_none());
        assert_eq!(again(&mut store), [0, 1, 2]);
        assert!(store.into_file().is_none());
    }

    #[test]
    fn pages_that_do_not_fit_are_spilled_where_a_new_start_is_likely() {
        let mut store = Store::new(true);
        assert_eq!(keep(&mut store, 0..6), [3, 4], "the loaded page is given back when the next comes");
        assert!(store.is_whole() && store.take_current().is_none());
        assert_eq!((again(&mut store), again(&mut store)), ((0..6).collect(), (0..6).collect::<Vec<_>>()));
        assert_eq!(store.into_file(), Some(vec![3, 4, 5]));
    }

    #[test]
    fn a_small_page_does_not_overtake_those_in_the_file() {
        let mut store = Store::new(true);
        keep(&mut store, 0..2);
        store.keep(2, 100, 30, Vec::new);
        store.keep(3, 1, 30, Vec::new);
        assert_eq!(again(&mut store), [0, 1, 2, 3]);
        assert_eq!(store.into_file(), Some(vec![2, 3]));
    }

    #[test]
    fn pages_that_do_not_fit_are_dropped_where_no_new_start_is_likely() {
        let mut store = Store::new(false);
        assert_eq!(keep(&mut store, 0..4), [0, 1, 2]);
        assert!(!store.is_whole() && store.current() == Some(&3));
        assert!(!store.advance().unwrap());
        assert_eq!((store.take_current(), store.current()), (Some(3), None));
        assert_eq!((keep(&mut store, 4..5), store.current()), (Vec::new(), Some(&4)), "also where it would fit");
        assert!(!store.is_whole() && store.into_file().is_none());
    }

    #[test]
    fn an_empty_store_has_no_current_page() {
        let mut store = Store::new(true);
        assert!(!store.advance().unwrap() && store.current().is_none());
        store.rewind().unwrap();
        assert!(store.current().is_none() && store.is_whole());
    }

    #[test]
    fn a_page_that_cannot_be_read_back_is_an_error() {
        let mut store = Store::new(true);
        keep(&mut store, 0..5);
        if let Kept::InFile { file, .. } = &mut store.kept {
            file.truncate(1);
            file.push(9);
        }
        store.rewind().unwrap();
        assert_eq!(rest(&mut store), [1, 2, 3, 9]);
        assert!(store.seek(7).is_err());
    }
}
