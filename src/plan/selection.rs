//! What a condition leaves to ask for: times, and the values of some columns.

use std::collections::BTreeMap;

use super::window::{Window, WindowSet};

/// What can satisfy a condition: times on the time column, and for some columns the only values that can.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// The times; empty means that no row can satisfy the condition.
    pub windows: WindowSet,
    /// Column → its possible values, sorted, never empty. A column that is not here may have any value.
    pub values: BTreeMap<usize, Vec<String>>,
}

impl Selection {
    /// Every row.
    pub fn all() -> Self {
        Self { windows: WindowSet::all(), values: BTreeMap::new() }
    }

    /// No row.
    pub fn nothing() -> Self {
        Self { windows: WindowSet::of([]), values: BTreeMap::new() }
    }

    /// Whether no row can satisfy the condition.
    pub fn is_nothing(&self) -> bool {
        self.windows.is_empty()
    }

    pub(super) fn times(windows: impl IntoIterator<Item = Window>) -> Self {
        Self { windows: WindowSet::of(windows), values: BTreeMap::new() }
    }

    pub(super) fn one_of(column: usize, mut values: Vec<String>) -> Self {
        if values.is_empty() {
            return Self::nothing();
        }
        values.sort_unstable();
        values.dedup();
        Self { windows: WindowSet::all(), values: BTreeMap::from([(column, values)]) }
    }

    pub(super) fn and(mut self, other: Self) -> Self {
        self.windows = self.windows.intersect(&other.windows);
        for (column, theirs) in other.values {
            match self.values.remove(&column) {
                None => {
                    self.values.insert(column, theirs);
                }
                Some(ours) => {
                    let both: Vec<_> = ours.into_iter().filter(|v| theirs.binary_search(v).is_ok()).collect();
                    if both.is_empty() {
                        return Self::nothing();
                    }
                    self.values.insert(column, both);
                }
            }
        }
        if self.windows.is_empty() { Self::nothing() } else { self }
    }

    pub(super) fn or(mut self, mut other: Self) -> Self {
        if self.is_nothing() {
            return other;
        }
        if other.is_nothing() {
            return self;
        }
        self.windows = self.windows.union(&other.windows);
        self.values.retain(|column, ours| match other.values.remove(column) {
            None => false,
            Some(theirs) => {
                ours.extend(theirs);
                ours.sort_unstable();
                ours.dedup();
                true
            }
        });
        self
    }
}
