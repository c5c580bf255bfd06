//! One decoded page: rows whose cells already have the shape that Postgres wants.
//!
//! By-reference values live in one arena, as length-prefixed varlena bytes that a `Datum` can point at. The arena must live,
//! and must not grow, until the page's last row has been passed on.

/// What a cell holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum CellState {
    /// SQL NULL.
    Null,
    /// The datum itself.
    Value,
    /// Offset in the arena of bytes that the datum points at.
    Bytes,
    /// Offset in the arena of NUL-terminated text for the column type's input function.
    Text,
}

impl CellState {
    fn from_byte(byte: u8) -> Option<Self> {
        [Self::Null, Self::Value, Self::Bytes, Self::Text].into_iter().find(|state| *state as u8 == byte)
    }
}

/// Where the arena and the rows ended, to go back to.
#[derive(Debug, Clone, Copy)]
pub struct RowMark {
    arena: usize,
    cells: usize,
}

/// Rows × columns, in row order.
#[derive(Debug, Default)]
pub struct Page {
    columns: usize,
    rows: usize,
    cells: Vec<u64>,
    states: Vec<CellState>,
    arena: Vec<u8>,
    /// For each dropped record, how many rows stood before it.
    dropped: Vec<usize>,
    /// Which page of its slice this is, from 1: errors name it.
    pub number: u64,
}

impl Page {
    /// An empty page that reuses the memory of a spent one.
    #[must_use]
    pub fn reset(mut self, columns: usize, number: u64) -> Self {
        self.columns = columns;
        self.rows = 0;
        self.cells.clear();
        self.states.clear();
        self.arena.clear();
        self.dropped.clear();
        self.number = number;
        self
    }

    /// How many rows it has.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The number, from 1, that a row's record had in the response: errors name it.
    pub fn record(&self, row: usize) -> usize {
        row + 1 + self.dropped.partition_point(|before| *before <= row)
    }

    /// One cell. `row` and `column` must be within the page.
    #[inline]
    pub fn cell(&self, row: usize, column: usize) -> (CellState, u64) {
        let at = row * self.columns + column;
        (self.states[at], self.cells[at])
    }

    /// The cells of one row.
    #[inline]
    pub fn row(&self, row: usize) -> (&[CellState], &[u64]) {
        let at = row * self.columns..(row + 1) * self.columns;
        (&self.states[at.clone()], &self.cells[at])
    }

    /// The arena that offsets count in.
    pub fn arena(&self) -> &[u8] {
        &self.arena
    }

    /// Begins a row of NULLs and says where it began.
    pub fn begin_row(&mut self) -> RowMark {
        let mark = RowMark { arena: self.arena.len(), cells: self.cells.len() };
        let end = mark.cells + self.columns;
        self.cells.resize(end, 0);
        self.states.resize(end, CellState::Null);
        mark
    }

    /// Keeps the row that was begun.
    pub fn end_row(&mut self) {
        self.rows += 1;
    }

    /// Forgets the row that was begun.
    pub fn drop_row(&mut self, mark: RowMark) {
        self.arena.truncate(mark.arena);
        self.cells.truncate(mark.cells);
        self.states.truncate(mark.cells);
        self.dropped.push(self.rows);
    }

    /// Sets a cell of the row that was begun; a second setting replaces the first.
    #[inline]
    pub fn set(&mut self, mark: RowMark, column: usize, state: CellState, cell: u64) {
        self.cells[mark.cells + column] = cell;
        self.states[mark.cells + column] = state;
    }

    /// A cell of the row that was begun.
    pub fn get(&self, mark: RowMark, column: usize) -> (CellState, u64) {
        (self.states[mark.cells + column], self.cells[mark.cells + column])
    }

    /// Appends a varlena of these bytes and returns its offset.
    #[inline]
    pub fn push_varlena(&mut self, bytes: &[u8]) -> u64 {
        // Postgres' two header forms (varatt.h): one byte for up to 126 bytes of data, unaligned; else four, aligned.
        let total = bytes.len() + 1;
        if total <= 0x7f {
            let at = self.arena.len();
            self.arena.push(short_header(total as u8));
            self.arena.extend_from_slice(bytes);
            return at as u64;
        }
        let at = self.align(4);
        // A body is bounded well below the 1 GB that the header can count.
        self.arena.extend_from_slice(&long_header((bytes.len() + 4) as u32));
        self.arena.extend_from_slice(bytes);
        at
    }

    /// Appends bytes as they are, such as a uuid's, and returns their offset.
    pub fn push_bytes(&mut self, bytes: &[u8]) -> u64 {
        let at = self.arena.len();
        self.arena.extend_from_slice(bytes);
        at as u64
    }

    /// Appends text for an input function, NUL-terminated, and returns its offset.
    pub fn push_text(&mut self, bytes: &[u8]) -> u64 {
        let at = self.push_bytes(bytes);
        self.arena.push(0);
        at
    }

    /// Bytes that were pushed as they are.
    pub fn bytes(&self, at: u64, length: usize) -> &[u8] {
        &self.arena[at as usize..at as usize + length]
    }

    /// The data of a varlena that was pushed at this offset.
    pub fn varlena(&self, at: u64) -> &[u8] {
        let at = at as usize;
        let first = self.arena[at];
        if is_short(first) {
            let total = short_length(first);
            return &self.arena[at + 1..at + total];
        }
        let mut header = [0; 4];
        header.copy_from_slice(&self.arena[at..at + 4]);
        &self.arena[at + 4..at + long_length(header)]
    }

    /// How much memory it uses.
    pub fn size(&self) -> usize {
        self.cells.len() * size_of::<u64>() + self.states.len() + self.arena.len() + self.dropped.len() * size_of::<usize>()
    }

    /// Its bytes, to be kept elsewhere.
    pub fn to_bytes(&self) -> Vec<u8> {
        let lengths = [self.columns, self.rows, self.arena.len(), self.dropped.len(), self.number as usize];
        let mut bytes = Vec::with_capacity(self.size() + lengths.len() * size_of::<u64>());
        let words = |words: &mut dyn Iterator<Item = u64>, bytes: &mut Vec<u8>| words.for_each(|word| bytes.extend(word.to_ne_bytes()));
        words(&mut lengths.iter().map(|n| *n as u64), &mut bytes);
        words(&mut self.cells.iter().copied(), &mut bytes);
        words(&mut self.dropped.iter().map(|n| *n as u64), &mut bytes);
        bytes.extend(self.states.iter().map(|state| *state as u8));
        bytes.extend_from_slice(&self.arena);
        bytes
    }

    /// The reverse of [`Page::to_bytes`]; `None` where the bytes are none of a page.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let mut word = || {
            let (word, after) = rest.split_first_chunk::<8>()?;
            rest = after;
            Some(u64::from_ne_bytes(*word))
        };
        let [columns, rows, arena, dropped, number] = [word()?, word()?, word()?, word()?, word()?].map(|n| n as usize);
        let count = columns.checked_mul(rows)?;
        let cells = (0..count).map(|_| word()).collect::<Option<Vec<_>>>()?;
        let dropped = (0..dropped).map(|_| word().map(|n| n as usize)).collect::<Option<Vec<_>>>()?;
        let (states, rest) = rest.split_at_checked(count)?;
        let states = states.iter().map(|state| CellState::from_byte(*state)).collect::<Option<Vec<_>>>()?;
        let arena = (rest.len() == arena).then(|| rest.to_vec())?;
        Some(Self { columns, rows, cells, states, arena, dropped, number: number as u64 })
    }

    fn align(&mut self, to: usize) -> u64 {
        // The arena's own base is aligned by the allocator to 16 bytes on every platform that Postgres runs on.
        let at = self.arena.len().next_multiple_of(to);
        self.arena.resize(at, 0);
        at as u64
    }
}

#[cfg(target_endian = "little")]
fn short_header(total: u8) -> u8 {
    (total << 1) | 1
}
#[cfg(target_endian = "little")]
fn long_header(total: u32) -> [u8; 4] {
    (total << 2).to_le_bytes()
}
#[cfg(target_endian = "little")]
fn is_short(first: u8) -> bool {
    first & 1 == 1
}
#[cfg(target_endian = "little")]
fn short_length(first: u8) -> usize {
    usize::from(first >> 1)
}
#[cfg(target_endian = "little")]
fn long_length(header: [u8; 4]) -> usize {
    (u32::from_le_bytes(header) >> 2) as usize
}

#[cfg(target_endian = "big")]
fn short_header(total: u8) -> u8 {
    total | 0x80
}
#[cfg(target_endian = "big")]
fn long_header(total: u32) -> [u8; 4] {
    total.to_be_bytes()
}
#[cfg(target_endian = "big")]
fn is_short(first: u8) -> bool {
    first & 0x80 != 0
}
#[cfg(target_endian = "big")]
fn short_length(first: u8) -> usize {
    usize::from(first & 0x7f)
}
#[cfg(target_endian = "big")]
fn long_length(header: [u8; 4]) -> usize {
    (u32::from_be_bytes(header) & 0x3fff_ffff) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varlenas_come_back_whatever_their_length() {
        let mut page = Page::default().reset(1, 1);
        for len in [0, 1, 125, 126, 127, 128, 5000] {
            let bytes = vec![b'x'; len];
            page.push_bytes(b"?");
            let at = page.push_varlena(&bytes);
            assert_eq!(page.varlena(at), bytes, "{len}");
            assert!(len <= 126 || at % 4 == 0, "long headers are aligned");
        }
    }

    #[test]
    fn a_page_comes_back_from_its_bytes() {
        let mut page = Page::default().reset(2, 7);
        for i in 0..3 {
            let mark = page.begin_row();
            let at = page.push_varlena(&[b'x'; 200]);
            page.set(mark, 0, CellState::Bytes, at);
            page.set(mark, 1, CellState::Value, i);
            if i == 1 { page.drop_row(mark) } else { page.end_row() }
        }
        let bytes = page.to_bytes();
        let back = Page::from_bytes(&bytes).unwrap();
        assert_eq!((back.rows(), back.number, back.record(1)), (2, 7, 3));
        assert_eq!((back.cell(1, 1), back.varlena(back.cell(1, 0).1)), ((CellState::Value, 2), &[b'x'; 200][..]));
        assert!(Page::from_bytes(&bytes[..bytes.len() - 1]).is_none());
    }

    #[test]
    fn a_dropped_row_leaves_nothing() {
        let mut page = Page::default().reset(2, 1);
        let first = page.begin_row();
        page.set(first, 1, CellState::Value, 7);
        page.end_row();
        let (cells, arena) = (page.cells.len(), page.arena.len());
        let mark = page.begin_row();
        let at = page.push_varlena(b"gone");
        page.set(mark, 0, CellState::Bytes, at);
        page.drop_row(mark);
        assert_eq!((page.rows(), page.cells.len(), page.arena.len()), (1, cells, arena));
        assert_eq!(page.record(0), 1);
        page.begin_row();
        page.end_row();
        assert_eq!(page.record(1), 3, "the second record was dropped");
        assert_eq!(page.row(0), (&[CellState::Null, CellState::Value][..], &[0, 7][..]));
    }
}
