//! A long window → pieces that are read at the same time, where nothing tells how many records it has.
//!
//! The first piece is small: what it holds tells how densely the rest is filled, and the rest is cut by that. Pieces are
//! disjoint, so that no order of the records is needed. A range that one page could answer costs two requests, and one where
//! earlier scans told as much.

use super::window::{MINUS_INFINITY, Window, floor_to};
use crate::sources::Direction;

/// A piece is at least so many of the API's units wide: each is asked for one unit wider on both sides.
const MIN_UNITS: i64 = 16;
/// Pieces for each of the others that are read at once: some end sooner than others.
const SPARE: usize = 3;

/// The first piece of a window and the rest of it; `None` where the window is too short to be cut, or has no beginning, or is
/// expected to fit in a page. `known` is how many records a microsecond had in earlier scans. Where an
/// order is wanted, the first piece has its first records.
pub fn first_piece(
    window: Window,
    known: Option<f64>,
    page: u64,
    concurrency: usize,
    unit: i64,
    order: Option<Direction>,
) -> Option<(Window, Window)> {
    if concurrency < 2 || window.lo == MINUS_INFINITY {
        return None;
    }
    let most = SPARE * (concurrency - 1) + 1;
    let parts = match known.map(|known| parts(known * width(window), page, most)) {
        Some(1) => return None,
        Some(parts) => parts,
        None => most,
    };
    match order {
        None | Some(Direction::Ascending) => {
            let cut = cut(window, parts, unit)?;
            Some((Window { hi: cut, ..window }, Window { lo: cut, ..window }))
        }
        // The newest part is the first.
        Some(Direction::Descending) => {
            let cut = cut(window, parts, unit).map(|cut| floor_to(window.hi - (cut - window.lo), unit))?;
            (window.lo < cut && cut < window.hi).then_some((Window { lo: cut, ..window }, Window { hi: cut, ..window }))
        }
    }
}

/// What one piece told of the rest of its window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Density {
    /// The piece.
    pub piece: Window,
    /// Its records, or `None` where one page did not hold them.
    pub records: Option<u64>,
    /// Records of a page.
    pub page: u64,
    /// How many records a microsecond had in earlier scans.
    pub known: Option<f64>,
}

/// The rest of a window in pieces: as few as their records are expected to fill pages, as many as keep everybody busy.
pub fn rest(window: Window, density: Density, concurrency: usize, unit: i64) -> Vec<Window> {
    let most = SPARE * (concurrency.max(2) - 1);
    let a_microsecond = density.records.map(|records| records as f64 / width(density.piece)).or(density.known);
    let parts = a_microsecond.map_or(most, |records| parts(records * width(window), density.page, most));
    let mut pieces = Vec::with_capacity(parts);
    let mut left = window;
    for parts in (2..=parts).rev() {
        let Some(cut) = cut(left, parts, unit) else { break };
        pieces.push(Window { hi: cut, ..left });
        left.lo = cut;
    }
    pieces.push(left);
    pieces
}

/// How long a window is, in microseconds.
pub fn width(window: Window) -> f64 {
    (window.hi as f64 - window.lo as f64).max(1.0)
}

/// Into how many parts a window with so many records is cut: one, where a page holds them with room to spare, and else so that
/// each part nearly fills a whole number of pages.
fn parts(records: f64, page: u64, most: usize) -> usize {
    let pages = records / page.max(1) as f64;
    if pages <= 0.8 {
        return 1;
    }
    let each = (pages / most as f64).ceil().max(1.0);
    ((pages * 1.05 / each).ceil() as usize).clamp(2, most.max(2))
}

/// Where the first of so many equal parts ends, on the API's grid.
fn cut(window: Window, parts: usize, unit: i64) -> Option<i64> {
    let width = window.hi.checked_sub(window.lo)? / i64::try_from(parts).ok()?;
    if width < unit.saturating_mul(MIN_UNITS) {
        return None;
    }
    Some(floor_to(window.lo + width, unit)).filter(|cut| *cut > window.lo)
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: i64 = 1000;
    const DAY: i64 = 86_400_000_000;

    fn w(lo: i64, hi: i64) -> Window {
        Window { lo, hi }
    }

    fn density(records: Option<u64>) -> Density {
        Density { piece: w(0, 3 * DAY), records, page: 10_000, known: None }
    }

    #[test]
    fn pieces_neither_overlap_nor_leave_a_gap() {
        for concurrency in [2, 4, 8, 64] {
            for window in [w(0, 31 * DAY), w(-5, DAY + 7), w(3, 3 + 2 * UNIT * MIN_UNITS)] {
                let Some((first, after)) = first_piece(window, None, 1000, concurrency, UNIT, None) else { continue };
                let mut pieces = vec![first];
                pieces.extend(rest(after, density(None), concurrency, UNIT));
                assert_eq!((pieces[0].lo, pieces[pieces.len() - 1].hi), (window.lo, window.hi));
                assert!(pieces.windows(2).all(|pair| pair[0].hi == pair[1].lo), "{pieces:?}");
                assert!(pieces.iter().all(|piece| !piece.is_empty()), "{pieces:?}");
            }
        }
    }

    #[test]
    fn the_newest_piece_is_the_first_of_a_descending_order() {
        let window = w(7, 31 * DAY + 3);
        let (first, rest) = first_piece(window, None, 1000, 4, UNIT, Some(Direction::Descending)).unwrap();
        assert_eq!((first.hi, first.lo, rest.lo), (window.hi, rest.hi, window.lo));
        assert!(width(first) < width(rest) / 8.0);
    }

    #[test]
    fn a_short_window_or_one_without_a_beginning_is_not_cut() {
        assert_eq!(first_piece(w(0, 100 * UNIT), None, 1000, 4, UNIT, None), None);
        assert_eq!(first_piece(w(MINUS_INFINITY, 0), None, 1000, 4, UNIT, None), None);
        assert_eq!(first_piece(w(0, 31 * DAY), None, 1000, 1, UNIT, None), None, "nobody to read the rest meanwhile");
        assert_eq!(first_piece(w(0, 31 * DAY), None, 1000, 4, DAY, None), None, "the API's unit is a day");
    }

    #[test]
    fn what_earlier_scans_told_decides_whether_a_window_is_cut() {
        let month = w(0, 31 * DAY);
        let cut = |a_day: f64| first_piece(month, Some(a_day / DAY as f64), 1000, 4, UNIT, None).map(|(first, _)| first.hi / DAY);
        assert_eq!(cut(20.0), None, "620 records fit in a page");
        assert_eq!(cut(50.0), Some(15), "1,550 do not: two pages");
        assert_eq!(cut(1e6), Some(3), "as many as keep everybody busy");
    }

    #[test]
    fn the_rest_is_cut_by_what_the_first_piece_held() {
        let rest = |records| rest(w(3 * DAY, 30 * DAY), density(records), 4, UNIT).len();
        assert_eq!(rest(Some(0)), 1);
        assert_eq!(rest(Some(800)), 1, "7,200 are expected");
        assert_eq!(rest(Some(1_000)), 2, "9,000 are expected, which is nearly a page");
        assert_eq!(rest(Some(9_000)), 9, "as many as keep everybody busy");
        assert_eq!(rest(None), 9);
        let known = Density { known: Some(130_000.0 / (27 * DAY) as f64), ..density(None) };
        assert_eq!(super::rest(w(3 * DAY, 30 * DAY), known, 4, UNIT).len(), 7, "13 pages, nearly two in each piece");
    }
}
