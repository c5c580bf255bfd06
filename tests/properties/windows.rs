//! Windows against sets of times, one by one; and the bounds that are widened for against the window that they stand for.

use std::collections::BTreeSet;

use chrono::DateTime;
use proptest::prelude::*;
use restlog_fdw::plan::request::{widened, write_time};
use restlog_fdw::plan::window::{EPOCH_SECONDS, Window, WindowSet, ceil_to, floor_to};
use restlog_fdw::sources::{Part, Place, TimeFormat, TimeRange};

use super::cases;

/// All times of the model.
const TIMES: std::ops::Range<i64> = -2..30;

fn windows() -> impl Strategy<Value = Vec<Window>> {
    let bound = prop_oneof![8 => TIMES, 1 => Just(i64::MIN), 1 => Just(i64::MAX)];
    prop::collection::vec((bound.clone(), bound).prop_map(|(lo, hi)| Window { lo, hi }), 0..6)
}

/// The times of the model that are in any of the windows.
fn times(windows: &[Window]) -> BTreeSet<i64> {
    TIMES.filter(|t| windows.iter().any(|window| window.lo <= *t && *t < window.hi)).collect()
}

fn check_normal(set: &WindowSet) -> Result<(), TestCaseError> {
    prop_assert!(set.windows().iter().all(|window| !window.is_empty()));
    prop_assert!(set.windows().windows(2).all(|pair| pair[0].hi < pair[1].lo), "neither sorted nor apart: {:?}", set);
    Ok(())
}

proptest! {
    #![proptest_config(cases(5000, "windows"))]

    #[test]
    fn sets_of_windows_are_sets_of_times(a in windows(), b in windows()) {
        let (one, other) = (WindowSet::of(a.clone()), WindowSet::of(b.clone()));
        let (union, both) = (one.union(&other), one.intersect(&other));
        for (set, expected) in [
            (&one, times(&a)),
            (&union, times(&a).union(&times(&b)).copied().collect()),
            (&both, times(&a).intersection(&times(&b)).copied().collect()),
        ] {
            check_normal(set)?;
            prop_assert_eq!(times(set.windows()), expected);
        }
        let hull = one.hull();
        check_normal(&hull)?;
        let full = || a.iter().filter(|window| window.lo < window.hi);
        let around = full().map(|window| window.lo).min().zip(full().map(|window| window.hi).max());
        let around = around.map(|(lo, hi)| Window { lo, hi });
        prop_assert_eq!(hull.windows(), around.as_slice());
    }

    #[test]
    fn bounds_round_outwards(t in any::<i64>(), unit in 1..i64::MAX) {
        let (floor, ceil) = (floor_to(t, unit), ceil_to(t, unit));
        prop_assert!(floor <= t && t <= ceil);
        // At the ends of time there is no multiple: the bound stays.
        prop_assert!(floor.rem_euclid(unit) == 0 && t.abs_diff(floor) < unit.unsigned_abs() || floor == t);
        prop_assert!(ceil.rem_euclid(unit) == 0 && t.abs_diff(ceil) < unit.unsigned_abs() || ceil == t);
    }

    #[test]
    fn what_is_asked_for_holds_the_window_strictly(
        lo in -63_000_000_000_000_000..252_000_000_000_000_000_i64,
        width in prop_oneof![1..10_i64, 1..100_000_000_000_i64],
        unit in prop::sample::select(vec![1, 1000, 1500, 1_000_000, 60_000_000, 86_400_000_000]),
    ) {
        let place = |name: &str| Place { part: Part::Query, name: name.into() };
        let format = TimeFormat::Rfc3339Millis;
        let range = TimeRange { column: 0, from: place("f"), to: place("t"), required: true, format, unit: format.grid(unit), order: None };
        let window = Window { lo, hi: lo + width };
        let widened = widened(&range, window);
        let read = |t: i64| DateTime::parse_from_rfc3339(&write_time(format, t)).unwrap().timestamp_micros() - EPOCH_SECONDS * 1_000_000;
        // An API that leaves out both ends still has the first and the last microsecond, on its grid.
        let (first, last) = (floor_to(lo, range.unit), ceil_to(lo + width - 1, range.unit));
        prop_assert!(widened.lo < first && widened.hi > last, "{:?} of {:?}", widened, window);
        // One that cuts both ends to whole seconds has them too, whatever it leaves out.
        let (from, to) = (floor_to(widened.lo, 1_000_000), floor_to(widened.hi, 1_000_000));
        prop_assert!(range.unit > 1_000_000 || (from <= lo && lo + width <= to), "{:?} of {:?}", widened, window);
        let most = 2 * range.unit.max(1_000_000);
        prop_assert!(lo - widened.lo <= most && widened.hi - (lo + width) <= most, "wider than needed");
        prop_assert_eq!((read(widened.lo), read(widened.hi)), (widened.lo, widened.hi), "what is written is what is meant");
    }
}
