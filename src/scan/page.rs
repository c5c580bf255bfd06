//! One decoded page: rows whose cells already have the shape that Postgres wants.
//!
//! By-reference values live in one arena, as length-prefixed varlena bytes that a `Datum` can point at. The arena must live, and must
//! not grow, until the page's last row has been used: a `Datum` would point at freed memory.

/// What a cell holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum CellState {
    /// SQL NULL.
    Null,
    /// The datum itself.
    Value,
    /// The offset in the arena of bytes that the datum points at.
    Bytes,
    /// The offset in the arena of NUL-terminated text for the column type's input function.
    Text,
}

impl CellState {
    /// All states, each at the index that is its number.
    const ALL: [Self; 4] = [Self::Null, Self::Value, Self::Bytes, Self::Text];
}

/// Rows × columns, in row order. A cell that a record does not set takes no memory: a record of few bytes may lack hundreds of
/// columns, and a page's memory must be bounded by its body (law 8).
#[derive(Debug, Default)]
pub struct Page {
    columns: usize,
    /// Where each row's cells end in `cells` and `tags`.
    ends: Vec<u32>,
    cells: Vec<u64>,
    /// The column and the state of each cell.
    tags: Vec<Tag>,
    arena: Vec<u8>,
    /// Cells that every row has, beside its own.
    constants: Vec<(Tag, u64)>,
    /// For each dropped record, how many rows stood before it.
    dropped: Vec<usize>,
    /// The page's number in its slice, from 1: errors name it.
    pub number: u64,
    row: OpenRow,
}

/// A cell's column and state, in one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tag(u32);

impl Tag {
    fn new(column: usize, state: CellState) -> Self {
        // A table has at most 1,600 columns, which leaves room for the two bits of a state.
        Self((column as u32) << 2 | state as u32)
    }

    fn column(self) -> usize {
        (self.0 >> 2) as usize
    }

    fn state(self) -> CellState {
        CellState::ALL[(self.0 & 3) as usize]
    }
}

/// The row that was begun and not yet kept: one cell for each column.
#[derive(Debug, Default)]
struct OpenRow {
    cells: Vec<(CellState, u64)>,
    /// The columns that were set.
    set: Vec<usize>,
    /// Where the arena ended when the row was begun.
    arena: usize,
}

impl Page {
    /// Makes an empty page of a page that nobody needs any more, and keeps its memory.
    #[must_use]
    pub fn reset(mut self, columns: usize, number: u64) -> Self {
        self.columns = columns;
        self.ends.clear();
        self.cells.clear();
        self.tags.clear();
        self.arena.clear();
        self.constants.clear();
        self.dropped.clear();
        self.number = number;
        self.row.set.clear();
        self.row.cells.clear();
        self.row.cells.resize(columns, (CellState::Null, 0));
        self
    }

    /// How many rows the page has.
    pub fn rows(&self) -> usize {
        self.ends.len()
    }

    /// The number, from 1, that a row's record has in the response, where dropped records count: errors name it.
    pub fn record(&self, row: usize) -> usize {
        row + 1 + self.dropped.partition_point(|before| *before <= row)
    }

    /// One cell. `row` must be within the page. This searches the row's cells: [`Page::row`] gives all of them in one pass.
    pub fn cell(&self, row: usize, column: usize) -> (CellState, u64) {
        self.row(row).find(|(of, ..)| *of == column).map_or((CellState::Null, 0), |(_, state, cell)| (state, cell))
    }

    /// The column, state and value of each cell that a row has. A cell that was set to NULL before its last value may come twice, with
    /// that value both times.
    #[inline]
    pub fn row(&self, row: usize) -> impl Iterator<Item = (usize, CellState, u64)> {
        let begin = if row == 0 { 0 } else { self.ends[row - 1] as usize };
        let own = begin..self.ends[row] as usize;
        let cells = self.tags[own.clone()].iter().copied().zip(self.cells[own].iter().copied());
        cells.chain(self.constants.iter().copied()).map(|(tag, cell)| (tag.column(), tag.state(), cell))
    }

    /// The arena, into which the offsets of cells point.
    pub fn arena(&self) -> &[u8] {
        &self.arena
    }

    /// Sets a cell of every row. No row may set a cell of that column itself.
    pub fn set_constant(&mut self, column: usize, state: CellState, cell: u64) {
        self.constants.push((Tag::new(column, state), cell));
    }

    /// Begins a row of NULLs.
    pub fn begin_row(&mut self) {
        self.row.arena = self.arena.len();
        for column in self.row.set.drain(..) {
            self.row.cells[column] = (CellState::Null, 0);
        }
    }

    /// Adds the row that was begun to the page.
    pub fn end_row(&mut self) {
        let OpenRow { cells, set, .. } = &mut self.row;
        self.tags.extend(set.iter().map(|column| Tag::new(*column, cells[*column].0)));
        self.cells.extend(set.iter().map(|column| cells[*column].1));
        set.drain(..).for_each(|column| cells[column] = (CellState::Null, 0));
        // Each cell comes from a few bytes of a body, and a body is bounded well below 2^32 bytes.
        self.ends.push(self.cells.len() as u32);
    }

    /// Drops the row that was begun, and what it has in the arena.
    pub fn drop_row(&mut self) {
        self.arena.truncate(self.row.arena);
        self.dropped.push(self.rows());
    }

    /// Sets a cell of the row that was begun; a second setting replaces the first.
    #[inline]
    pub fn set(&mut self, column: usize, state: CellState, cell: u64) {
        let before = std::mem::replace(&mut self.row.cells[column], (state, cell));
        if before.0 == CellState::Null {
            self.row.set.push(column);
        }
    }

    /// A cell of the row that was begun.
    pub fn get(&self, column: usize) -> (CellState, u64) {
        self.constant(column).unwrap_or(self.row.cells[column])
    }

    fn constant(&self, column: usize) -> Option<(CellState, u64)> {
        self.constants.iter().find(|(tag, _)| tag.column() == column).map(|(tag, cell)| (tag.state(), *cell))
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

    /// Appends bytes without a header, such as a uuid's, and returns their offset.
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

    /// Bytes that were pushed without a header.
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

    /// How many bytes of memory the page's rows use.
    pub fn size(&self) -> usize {
        let each = size_of::<Tag>() + size_of::<u64>();
        (self.cells.len() + self.constants.len()) * each
            + self.ends.len() * size_of::<u32>()
            + self.arena.len()
            + self.dropped.len() * size_of::<usize>()
    }

    /// The page as bytes in this machine's order, to be kept in a file by this process.
    pub fn to_bytes(&self) -> Vec<u8> {
        let lengths = [self.columns, self.ends.len(), self.cells.len(), self.constants.len(), self.dropped.len(), self.arena.len()];
        let mut bytes = Vec::with_capacity(self.size() + (lengths.len() + 1) * size_of::<u64>());
        let wide = lengths.iter().map(|n| *n as u64).chain([self.number]).chain(self.cells.iter().copied());
        let wide = wide.chain(self.constants.iter().map(|(_, cell)| *cell)).chain(self.dropped.iter().map(|n| *n as u64));
        wide.for_each(|word| bytes.extend(word.to_ne_bytes()));
        let tags = self.tags.iter().chain(self.constants.iter().map(|(tag, _)| tag)).map(|tag| tag.0);
        self.ends.iter().copied().chain(tags).for_each(|word| bytes.extend(word.to_ne_bytes()));
        bytes.extend_from_slice(&self.arena);
        bytes
    }

    /// The page that [`Page::to_bytes`] made bytes of; `None` if the bytes are those of no page.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let mut lengths = [0; 7];
        for length in &mut lengths {
            *length = usize::try_from(u64::from_ne_bytes(take(&mut rest)?)).ok()?;
        }
        let [columns, rows, cells, constants, dropped, arena, number] = lengths;
        let wide = |rest: &mut &[u8], count: usize| (0..count).map(|_| take(rest).map(u64::from_ne_bytes)).collect::<Option<Vec<_>>>();
        let narrow = |rest: &mut &[u8], count: usize| (0..count).map(|_| take(rest).map(u32::from_ne_bytes)).collect::<Option<Vec<_>>>();
        let (cells, values) = (wide(&mut rest, cells)?, wide(&mut rest, constants)?);
        let dropped = wide(&mut rest, dropped)?.into_iter().map(|n| n as usize).collect();
        let ends = narrow(&mut rest, rows)?;
        let tags: Vec<Tag> = narrow(&mut rest, cells.len())?.into_iter().map(Tag).collect();
        let constants = narrow(&mut rest, constants)?.into_iter().map(Tag).zip(values).collect();
        let fits = ends.is_sorted() && ends.last().map_or(0, |end| *end as usize) == cells.len();
        let arena = (fits && rest.len() == arena).then(|| rest.to_vec())?;
        Some(Self { columns, ends, cells, tags, arena, constants, dropped, number: number as u64, row: OpenRow::default() })
    }

    fn align(&mut self, to: usize) -> u64 {
        // The arena's own base is aligned by the allocator to 16 bytes on every platform that Postgres runs on.
        let at = self.arena.len().next_multiple_of(to);
        self.arena.resize(at, 0);
        at as u64
    }
}

/// Splits the first `N` bytes off.
fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (bytes, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*bytes)
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
        let mut page = Page::default().reset(3, 7);
        page.set_constant(2, CellState::Value, 9);
        for i in 0..3 {
            page.begin_row();
            let at = page.push_varlena(&[b'x'; 200]);
            page.set(0, CellState::Bytes, at);
            page.set(1, CellState::Value, i);
            if i == 1 { page.drop_row() } else { page.end_row() }
        }
        let bytes = page.to_bytes();
        let back = Page::from_bytes(&bytes).unwrap();
        assert_eq!((back.rows(), back.number, back.record(1)), (2, 7, 3));
        assert_eq!(
            (back.cell(1, 1), back.cell(1, 2), back.varlena(back.cell(1, 0).1)),
            ((CellState::Value, 2), (CellState::Value, 9), &[b'x'; 200][..])
        );
        assert!((0..bytes.len()).all(|length| Page::from_bytes(&bytes[..length]).is_none()));
    }

    #[test]
    fn a_dropped_row_leaves_nothing() {
        let mut page = Page::default().reset(2, 1);
        page.begin_row();
        page.set(1, CellState::Value, 7);
        page.end_row();
        let (cells, arena) = (page.cells.len(), page.arena.len());
        page.begin_row();
        let at = page.push_varlena(b"gone");
        page.set(0, CellState::Bytes, at);
        page.drop_row();
        assert_eq!((page.rows(), page.cells.len(), page.arena.len()), (1, cells, arena));
        assert_eq!(page.record(0), 1);
        page.begin_row();
        assert_eq!(page.get(0), (CellState::Null, 0));
        page.end_row();
        assert_eq!(page.record(1), 3, "the second record was dropped");
        assert_eq!((page.row(0).collect::<Vec<_>>(), page.row(1).count()), (vec![(1, CellState::Value, 7)], 0));
    }

    #[test]
    fn a_cell_has_what_was_set_last_and_every_row_the_constants() {
        let mut page = Page::default().reset(3, 1);
        page.set_constant(1, CellState::Value, 9);
        page.begin_row();
        for (column, state, cell) in [(0, CellState::Value, 1), (2, CellState::Value, 3), (0, CellState::Null, 0), (2, CellState::Text, 4)]
        {
            page.set(column, state, cell);
        }
        assert_eq!((page.get(0), page.get(1), page.get(2)), ((CellState::Null, 0), (CellState::Value, 9), (CellState::Text, 4)));
        page.set(0, CellState::Value, 5);
        page.end_row();
        let mut row: Vec<_> = page.row(0).map(|(column, _, cell)| (column, cell)).collect();
        row.sort_unstable();
        row.dedup();
        assert_eq!(row, [(0, 5), (1, 9), (2, 4)]);
    }

    #[test]
    fn what_a_record_lacks_takes_no_memory() {
        let mut page = Page::default().reset(1600, 1);
        for _ in 0..1000 {
            page.begin_row();
            page.end_row();
        }
        assert_eq!((page.rows(), page.size()), (1000, 4000));
    }
}
