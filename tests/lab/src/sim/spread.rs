//! Distributes rows over a range of time, and finds the rows of a window by binary search.

use super::settings::{Settings, Shape};

/// The times of rows: a non-decreasing function of the row's number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    rows: u64,
    start: i64,
    span: u64,
    ties: u64,
    shape: Shape,
}

/// The three parts of a burst: begin and end in the rows, then in the range of time, in thousandths.
const BURST: [[u64; 4]; 3] = [[0, 50, 0, 495], [50, 950, 495, 505], [950, 1000, 505, 1000]];

impl Spread {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self::of(settings, settings.rows)
    }

    /// This many rows over the settings' range of time.
    pub(crate) fn of(settings: &Settings, rows: u64) -> Self {
        Self {
            rows,
            start: settings.start,
            span: (settings.end - settings.start).unsigned_abs(),
            ties: settings.ties,
            shape: settings.shape,
        }
    }

    /// The row's time in milliseconds since 1970.
    pub(crate) fn time(&self, row: u64) -> i64 {
        // Rows that tie have the time of the first of them.
        let row = if self.ties == 1 { row } else { row - row % self.ties };
        let offset = match self.shape {
            Shape::Even => row * self.span / self.rows,
            Shape::Burst => self.burst(row),
        };
        self.start + offset.cast_signed()
    }

    fn burst(&self, row: u64) -> u64 {
        let at = |whole: u64, share: u64| whole / 1000 * share + whole % 1000 * share / 1000;
        for [first, end, begin, close] in BURST {
            let (first, end) = (at(self.rows, first), at(self.rows, end));
            if row < end {
                let (begin, close) = (at(self.span, begin), at(self.span, close));
                return begin + (row - first) * (close - begin) / (end - first);
            }
        }
        self.span
    }

    /// The first row whose time satisfies a condition that holds from some time on.
    pub(crate) fn first_where(&self, holds: impl Fn(i64) -> bool) -> u64 {
        let (mut low, mut high) = (0, self.rows);
        while low < high {
            let middle = low + (high - low) / 2;
            if holds(self.time(middle)) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        low
    }
}

/// Hashes two numbers into one, by the last steps of splitmix64.
pub(crate) fn mix(seed: u64, number: u64) -> u64 {
    let mut value = seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

/// Hashes a text into a seed.
pub(crate) fn mix_text(seed: u64, text: &str) -> u64 {
    text.bytes().fold(seed, |seed, byte| mix(seed, u64::from(byte) + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(text: &str) -> Spread {
        Spread::new(&Settings::parse(text).unwrap())
    }

    #[test]
    fn times_never_fall_and_stay_inside() {
        for text in ["rows=1", "rows=999,ties=7", "rows=5000,shape=burst", "rows=17,shape=burst,ties=3"] {
            let spread = spread(text);
            let times: Vec<i64> = (0..spread.rows).map(|row| spread.time(row)).collect();
            assert!(times.is_sorted(), "{text}");
            assert!(times.iter().all(|time| (spread.start..spread.start + spread.span as i64).contains(time)));
        }
    }

    #[test]
    fn a_burst_holds_nine_tenths_in_a_hundredth() {
        let spread = spread("rows=100000,shape=burst");
        let from = spread.start + (spread.span / 1000 * 495) as i64;
        let to = spread.start + (spread.span / 1000 * 506) as i64;
        let inside = spread.first_where(|time| time >= to) - spread.first_where(|time| time >= from);
        assert!((89_000..91_000).contains(&inside), "{inside}");
    }

    #[test]
    fn finds_the_first_row_of_a_window() {
        let spread = spread("rows=1000,ties=4");
        for row in 0..1000 {
            let time = spread.time(row);
            assert_eq!(spread.first_where(|other| other >= time), row / 4 * 4);
        }
        assert_eq!(spread.first_where(|_| false), 1000);
    }
}
