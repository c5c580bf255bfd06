//! Which times belong to a window, which are no surprise beside it, and which prove that the API reads bounds less finely than it says.
//! Pure.

use crate::plan::request::widened;
use crate::plan::window::{INFINITY, SECOND, Window};
use crate::sources::TimeRange;

const MINUTE: i64 = 60 * SECOND;
/// A row further outside the bounds that were asked for than this, or than the API's unit, is no rounding of theirs: not even
/// a whole minute, and every confusion of time zones is larger.
const SURPRISE: i64 = MINUTE;

/// What a record's time means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimePlace {
    Inside,
    /// Beside the window, as the widened bounds and the API's own rounding have it.
    Beside,
    /// Before it, as only bounds that are cut to whole minutes have it; and others of them may have cost records.
    CutOff,
    /// Where no record should be.
    FarOutside,
}

/// The window of a slice, and what may lie around it.
#[derive(Debug, Clone, Copy)]
pub struct WindowRules {
    /// The decoder's column of times.
    pub(super) column: usize,
    window: Window,
    /// The widest range in which a row is no surprise.
    expected: Window,
    /// Where the range begins in which a row does not show that bounds are cut too coarsely.
    sound: i64,
}

impl WindowRules {
    /// The rules of a window among those of the scan, or of a partition that one of them was cut into.
    pub fn new(column: usize, range: &TimeRange, window: Window, windows: &[Option<Window>]) -> Self {
        let asked = widened(range, window);
        let slack = SURPRISE.max(range.unit);
        let expected = Window { lo: asked.lo.saturating_sub(slack), hi: asked.hi.saturating_add(slack) };
        // Where a window begins, a bound that is cut only brings more. Where another one ends there, it is cut as well, and lacks what
        // this one has too much; and so it is at an end that lies within a minute.
        let mut others = windows.iter().flatten();
        let is_seam = others.clone().any(|other| other.hi == window.lo) || others.all(|other| other.lo != window.lo);
        let may_lack = is_seam || (window.hi != INFINITY && window.hi % MINUTE != 0);
        // Whole seconds are asked for: being cut to them brings a second more.
        let sound = if may_lack && range.unit < MINUTE { asked.lo.saturating_sub(SECOND) } else { expected.lo };
        Self { column, window, expected, sound }
    }

    pub(super) fn judge(&self, t: i64) -> TimePlace {
        match t {
            t if self.window.contains(t) => TimePlace::Inside,
            t if !self.expected.contains(t) => TimePlace::FarOutside,
            t if t < self.sound => TimePlace::CutOff,
            _ => TimePlace::Beside,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::built_in;

    const HOUR: i64 = 60 * MINUTE;

    fn rules(window: Window, windows: &[Window]) -> WindowRules {
        let table = built_in("tixngo").unwrap().unwrap().tables[0].clone();
        WindowRules::new(0, table.time_range.as_ref().unwrap(), window, &windows.iter().copied().map(Some).collect::<Vec<_>>())
    }

    #[test]
    fn a_time_lies_inside_beside_or_far_outside() {
        let whole = Window { lo: HOUR, hi: 2 * HOUR };
        let judge = |t| rules(whole, &[whole]).judge(t);
        assert_eq!((judge(HOUR), judge(2 * HOUR - 1)), (TimePlace::Inside, TimePlace::Inside));
        assert_eq!(
            (judge(HOUR - 1), judge(2 * HOUR), judge(HOUR - MINUTE), judge(2 * HOUR + MINUTE)),
            (TimePlace::Beside, TimePlace::Beside, TimePlace::Beside, TimePlace::Beside)
        );
        assert_eq!((judge(HOUR - MINUTE - SECOND), judge(2 * HOUR + MINUTE + SECOND)), (TimePlace::FarOutside, TimePlace::FarOutside));
    }

    #[test]
    fn a_record_before_a_seam_shows_that_the_partition_before_it_may_lack_it() {
        let (whole, piece) = (Window { lo: HOUR, hi: 2 * HOUR }, Window { lo: HOUR + 9 * SECOND, hi: 2 * HOUR });
        let judge = |t| rules(piece, &[whole]).judge(t);
        assert_eq!(
            (judge(piece.lo - SECOND), judge(piece.lo - 3 * SECOND), judge(piece.hi + SECOND)),
            (TimePlace::Beside, TimePlace::CutOff, TimePlace::Beside)
        );
        let later = Window { lo: whole.hi, hi: INFINITY };
        assert_eq!(rules(later, &[whole, later]).judge(whole.hi - 3 * SECOND), TimePlace::CutOff, "two windows of a scan meet");
    }

    #[test]
    fn a_record_before_a_window_shows_that_its_end_may_be_cut_too() {
        let whole = Window { lo: HOUR, hi: 2 * HOUR + 30 * SECOND };
        assert_eq!(rules(whole, &[whole]).judge(HOUR - 3 * SECOND), TimePlace::CutOff);
    }
}
