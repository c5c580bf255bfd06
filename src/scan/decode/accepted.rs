//! The values of a slice → a set that says of a cell, by one look-up, whether it holds one of them.
//!
//! Assumes columns of types whose equality is that of their bytes or numbers. A cell that was left as text is never accepted.

use std::borrow::Cow;
use std::collections::HashSet;

use super::value::uuid;
use super::{PageColumn, Target};
use crate::scan::page::{CellState, Page};

/// Values in the forms that cells have, by the type's own equality: a uuid is the same with and without dashes.
#[derive(Debug)]
pub(super) struct Accepted<'v> {
    /// The values of types whose cells point into the page's arena.
    bytes: HashSet<Cow<'v, [u8]>>,
    /// The values of types whose cells are the value itself.
    datums: HashSet<u64>,
    is_uuid: bool,
}

impl<'v> Accepted<'v> {
    /// A set for each column that is rechecked.
    pub(super) fn of(recheck: &'v [(usize, Vec<String>)], columns: &[PageColumn]) -> Vec<(usize, Self)> {
        recheck.iter().map(|(column, values)| (*column, Self::new(columns[*column].target, values))).collect()
    }

    fn new(target: Target, values: &'v [String]) -> Self {
        let is_uuid = target == Target::Uuid;
        let bytes = |value: &'v String| match uuid(value.as_bytes()) {
            _ if !is_uuid => Some(Cow::Borrowed(value.as_bytes())),
            Some(uuid) => Some(Cow::Owned(uuid.to_vec())),
            None => None,
        };
        let datum = |value: &String| match (target, value.as_str()) {
            (Target::Boolean, "true") => Some(1),
            (Target::Boolean, "false") => Some(0),
            (Target::Boolean, _) => None,
            // Two's complement is what an integer's datum is.
            (_, digits) => digits.parse::<i64>().ok().map(|number| number as u64),
        };
        Self { bytes: values.iter().filter_map(bytes).collect(), datums: values.iter().filter_map(datum).collect(), is_uuid }
    }

    /// Whether a cell of the row just begun holds an accepted value.
    pub(super) fn has(&self, page: &Page, (state, cell): (CellState, u64)) -> bool {
        match state {
            CellState::Bytes if self.is_uuid => self.bytes.contains(page.bytes(cell, 16)),
            CellState::Bytes => self.bytes.contains(page.varlena(cell)),
            CellState::Value => self.datums.contains(&cell),
            CellState::Null | CellState::Text => false,
        }
    }
}
