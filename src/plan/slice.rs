//! Windows and values → independent chains of pages, the slices, each made when its chain begins.
//!
//! The values of several columns multiply: two lists of two thousand values are four million slices. What must not be broken:
//! no code here holds all slices at once, and slice n is always the same.

use std::collections::BTreeMap;

use super::window::Window;

/// One independent chain of pages.
#[derive(Debug, Clone, PartialEq)]
pub struct Slice {
    /// The times that the slice answers for. `None`: the request has no time range.
    pub window: Option<Window>,
    /// Column → the values that the request carries.
    pub values: BTreeMap<usize, Vec<String>>,
    /// Columns whose value in a record must be one of [`Slice::values`]; any other record belongs to another slice. An API that
    /// ignores case would return the record in both.
    pub recheck_columns: Vec<usize>,
}

/// Windows × the values of each column that fans out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Slices {
    /// `None` is a request without a time range.
    windows: Vec<Option<Window>>,
    /// Column → the values that the requests of every slice carry.
    common: BTreeMap<usize, Vec<String>>,
    /// Columns of which each slice has one value. The last column's values change first.
    fans: Vec<(usize, Vec<String>)>,
    /// [`Slice::recheck_columns`] of every slice.
    recheck_columns: Vec<usize>,
}

impl Slices {
    /// One slice for each window.
    pub fn of(windows: Vec<Option<Window>>, values: BTreeMap<usize, Vec<String>>) -> Self {
        Self { windows, common: values, ..Self::default() }
    }

    /// The slices for each combination of these columns' values. `recheck_columns` are those of the columns that records carry.
    #[must_use]
    pub(super) fn fanned_out(self, fans: Vec<(usize, Vec<String>)>, recheck_columns: Vec<usize>) -> Self {
        Self { fans, recheck_columns, ..self }
    }

    /// How many slices there are; `usize::MAX` if there are more than a `usize` counts.
    pub fn len(&self) -> usize {
        self.windows.len().saturating_mul(self.in_each_window())
    }

    /// Whether there is nothing to request.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many slices have the same window.
    pub fn in_each_window(&self) -> usize {
        self.fans.iter().fold(1, |product: usize, (_, values)| product.saturating_mul(values.len()))
    }

    /// The windows, each once. `None` is a request without a time range.
    pub fn windows(&self) -> &[Option<Window>] {
        &self.windows
    }

    /// Whether every slice has values of this column.
    pub fn carry(&self, column: usize) -> bool {
        self.common.contains_key(&column) || self.fans.iter().any(|(fan, _)| *fan == column)
    }

    /// The slice with this number, counted from 0.
    pub fn get(&self, number: usize) -> Option<Slice> {
        let (window, mut rest) = (number.checked_div(self.in_each_window())?, number.checked_rem(self.in_each_window())?);
        let window = *self.windows.get(window)?;
        let mut values = self.common.clone();
        for (column, of_column) in self.fans.iter().rev() {
            values.insert(*column, vec![of_column[rest % of_column.len()].clone()]);
            rest /= of_column.len();
        }
        Some(Slice { window, values, recheck_columns: self.recheck_columns.clone() })
    }

    /// All slices, in order.
    pub fn iter(&self) -> impl Iterator<Item = Slice> + '_ {
        (0..self.len()).filter_map(|number| self.get(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(of: &[&str]) -> Vec<String> {
        of.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn the_values_of_the_last_column_change_first_and_windows_last() {
        let windows = [(0, 5), (7, 9)].map(|(lo, hi)| Some(Window { lo, hi }));
        let fans = vec![(3, texts(&["a", "b"])), (1, texts(&["x", "y", "z"]))];
        let slices = Slices::of(windows.to_vec(), BTreeMap::from([(2, texts(&["m", "n"]))])).fanned_out(fans, vec![3]);
        let all: Vec<_> = slices.iter().map(|s| (s.window.unwrap().lo, s.values[&3][0].clone() + &s.values[&1][0])).collect();
        let of = |lo: i64| ["ax", "ay", "az", "bx", "by", "bz"].map(|pair| (lo, pair.to_owned()));
        assert_eq!(all, [of(0), of(7)].concat());
        assert!(slices.iter().all(|slice| slice.values[&2] == ["m", "n"] && slice.recheck_columns == [3]));
        assert_eq!((slices.len(), slices.get(12)), (12, None));
        assert!((1..=3).all(|column| slices.carry(column)) && !slices.carry(0));
    }

    #[test]
    fn combinations_beyond_counting_are_still_found_by_their_number() {
        let list: Vec<String> = (0..1 << 16).map(|i| format!("{i}")).collect();
        let fans = (0..5).map(|column| (column, list.clone())).collect();
        let slices = Slices::of(vec![None, None], BTreeMap::new()).fanned_out(fans, Vec::new());
        assert_eq!(slices.len(), usize::MAX);
        let last = slices.get((1 << 32) + 7).unwrap();
        assert_eq!([0, 1, 2, 3, 4].map(|column| last.values[&column][0].as_str()), ["0", "0", "1", "0", "7"]);
        assert!(Slices::default().get(0).is_none() && Slices::default().is_empty());
    }
}
