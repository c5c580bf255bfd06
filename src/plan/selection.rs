//! The rows that can satisfy a condition: times, and the only possible values of some columns.
//!
//! What must not be broken: a selection may hold more rows than the condition, never fewer (law 1).

use std::collections::BTreeMap;

use super::window::{Window, WindowSet};

/// The times on the time column, and the values of other columns, that can satisfy a condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// The times; empty means that no row can satisfy the condition.
    pub windows: WindowSet,
    /// Column → its possible values, sorted, never empty. A column without an entry may have any value.
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

    /// The rows that both selections hold. The lists of values are sorted, and stay so.
    fn and(mut self, other: Self) -> Self {
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

    /// The rows that all selections hold. Pairs are joined, then pairs of pairs: one long list among many short ones is not
    /// searched for each of them.
    pub(super) fn in_all(mut parts: Vec<Self>) -> Self {
        while parts.len() > 1 {
            let mut rest = std::mem::take(&mut parts).into_iter();
            while let Some(part) = rest.next() {
                parts.push(match rest.next() {
                    Some(other) => part.and(other),
                    None => part,
                });
            }
        }
        parts.pop().unwrap_or_else(Self::all)
    }

    /// The rows that any of the selections may hold. All windows and values are collected first, and sorted once.
    pub(super) fn in_any(parts: impl Iterator<Item = Self>) -> Self {
        let mut parts = parts.filter(|part| !part.is_nothing());
        let Some(mut sum) = parts.next() else { return Self::nothing() };
        let mut windows = sum.windows.windows().to_vec();
        for mut part in parts {
            windows.extend_from_slice(part.windows.windows());
            sum.values.retain(|column, ours| part.values.remove(column).map(|theirs| ours.extend(theirs)).is_some());
        }
        for values in sum.values.values_mut() {
            values.sort_unstable();
            values.dedup();
        }
        Self { windows: WindowSet::of(windows), ..sum }
    }
}
