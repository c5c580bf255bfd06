//! A record's time → whether its row belongs to the window, to another one, or shows that records may be missing. Pure.
//!
//! Bounds are sent wider than the window, and an API may round them: rows around the window are dropped. A row that no rounding explains
//! proves that the API filters by something else, or cuts bounds more coarsely than described: dropping it would hide lost records
//! (law 2).

use crate::plan::request::widened;
use crate::plan::window::{INFINITY, SECOND, Window};
use crate::sources::TimeRange;

const MINUTE: i64 = 60 * SECOND;
/// How far outside the bounds that were sent a row may lie, or by the API's unit where that is more. No API rounds by more than a minute
/// without saying so, and every confusion of time zones is larger.
const OUT_OF_RANGE_TOLERANCE: i64 = MINUTE;

/// Where a record's time lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimePlace {
    /// In the window.
    Inside,
    /// Around the window, as widened bounds and the API's own rounding explain it.
    Beside,
    /// Before the window, as only bounds cut to whole minutes explain it. Another bound that was cut so may have cost records.
    CutOff,
    /// Where nothing explains it.
    FarOutside,
}

/// The window of a slice, and what may lie around it.
#[derive(Debug, Clone, Copy)]
pub struct WindowRules {
    /// The decoder's column of times.
    pub(super) column: usize,
    window: Window,
    /// The widest range that rounding explains.
    expected: Window,
    /// The earliest time that is explained without cutting bounds more coarsely than described.
    sound: i64,
}

impl WindowRules {
    /// The rules of a window that is one of the scan's `windows`, or a partition of one.
    pub fn new(column: usize, range: &TimeRange, window: Window, windows: &[Option<Window>]) -> Self {
        let asked = widened(range, window);
        let slack = OUT_OF_RANGE_TOLERANCE.max(range.unit);
        let expected = Window { lo: asked.lo.saturating_sub(slack), hi: asked.hi.saturating_add(slack) };
        // A lower bound that is cut brings more records, an upper one loses them. So a record before this window shows that records may
        // be missing where another window or partition ends at this one's start, or where this one's own end lies within a minute.
        let mut others = windows.iter().flatten();
        let is_seam = others.clone().any(|other| other.hi == window.lo) || others.all(|other| other.lo != window.lo);
        let may_lack = is_seam || (window.hi != INFINITY && window.hi % MINUTE != 0);
        // Bounds are sent in whole seconds: an API that cuts to these brings up to a second more.
        let sound = if may_lack && range.unit < MINUTE { asked.lo.saturating_sub(SECOND) } else { expected.lo };
        Self { column, window, expected, sound }
    }

    /// Where a time lies, in microseconds since 2000.
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
