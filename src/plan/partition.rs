//! A long window → partitions that several workers read at the same time, although nobody knows how many records the window
//! has.
//!
//! The first partition is a small sample. Its density tells how the remaining window is cut. A window whose records fit in one
//! page costs two requests, or one if earlier scans told its density, and never more than may be in flight at once, however its
//! records lie.
//!
//! What must not be broken: partitions are disjoint and leave no gap, so that each record is in exactly one of them and no
//! order of the records is needed. They meet on whole seconds, whatever grid the API reads times on.

use super::window::{MINUS_INFINITY, SECOND, Window, floor_to, whole_seconds};
use crate::sources::Direction;

/// The grids on which partitions may meet: a day, an hour, a minute, a second.
const SEAMS: [i64; 4] = [86_400_000_000, 3_600_000_000, 60_000_000, SECOND];
/// A partition is at least this many times as long as the grid on which it ends.
const SEAM_SHARE: i64 = 8;
/// The minimal width of a partition in the API's units. Each partition is asked for one unit wider on both sides, so narrow
/// ones would read mostly the same records.
const MIN_UNITS: i64 = 16;
/// The minimal width of a partition in microseconds, because partitions meet on whole seconds.
const MIN_WIDTH: i64 = SEAM_SHARE * SECOND;
/// Partitions per additional worker: with more partitions than workers, one that ends early takes another.
const OVERSUBSCRIPTION: usize = 3;
/// The largest number of partitions of a window, whatever it is expected to hold.
const MAX_PARTITIONS: usize = 1000;
/// Guided self-scheduling: each worker gets about this many of the largest partitions. Later partitions shrink, so that all
/// workers finish together.
const SCHEDULING_ROUNDS: usize = 2;
/// The fewest times of a page that tell a density.
const MIN_SAMPLE: usize = 20;
/// A chain with at least this many pages to come is partitioned, although its first page is then read twice.
const REPARTITION_MIN_PAGES: f64 = 6.0;

/// How a scan reads the partitions of a window.
#[derive(Debug, Clone, Copy)]
pub struct PartitionSettings {
    /// Records of a page.
    pub page: u64,
    /// Requests in flight.
    pub concurrency: usize,
    /// The API's unit of time, in microseconds.
    pub unit: i64,
}

/// The first partition of a window and the remaining window.
///
/// `None` if the window is too short to be cut, has no beginning, or is expected to fit in a page. `known` is the density in
/// records per microsecond that earlier scans saw. With an order, the first partition holds the first records of that order.
pub fn sampling_partition(
    window: Window,
    known: Option<f64>,
    settings: PartitionSettings,
    order: Option<Direction>,
) -> Option<(Window, Window)> {
    let PartitionSettings { page, concurrency, unit } = settings;
    if concurrency < 2 || window.lo == MINUS_INFINITY {
        return None;
    }
    let parts = match known.map(|known| pages_to_request(pages(known, window, page))) {
        Some(1) => return None,
        Some(pages) if pages <= concurrency => pages as f64,
        // The sample's first page is then expected to be full, which proves that the window holds more than a page.
        Some(pages) => pages as f64 / 2.0,
        None => (OVERSUBSCRIPTION * (concurrency - 1) + 1) as f64,
    };
    match order {
        None | Some(Direction::Ascending) => {
            let cut = cut(window, parts, unit)?;
            Some((Window { hi: cut, ..window }, Window { lo: cut, ..window }))
        }
        // The newest records come first, so the sample is cut from the window's end.
        Some(Direction::Descending) => {
            let cut = cut(window, parts, unit)?;
            let cut = floor_to(window.hi - (cut - window.lo), seam(cut - window.lo, unit));
            (window.lo < cut && cut < window.hi).then_some((Window { lo: cut, ..window }, Window { hi: cut, ..window }))
        }
    }
}

/// What the first page of a window's first partition tells of the remaining window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Density {
    /// The first partition.
    pub partition: Window,
    /// The number of records in the partition; `None` if one page did not hold them all.
    pub records: Option<u64>,
    /// The density of the times on the partition's page, in records per microsecond.
    pub seen: Option<f64>,
    /// The number of records of a page.
    pub page: u64,
    /// The density that earlier scans saw, in records per microsecond.
    pub known: Option<f64>,
}

impl Density {
    /// The best known density, in records per microsecond: counted, else from earlier scans, else from the page.
    fn records_a_microsecond(&self) -> Option<f64> {
        let counted = self.records.map(|records| records as f64 / width(self.partition));
        counted.or(self.known).or(self.seen)
    }

    /// The expected number of pages of a window, or `None` if no density is known.
    pub fn pages(&self, window: Window) -> Option<f64> {
        self.records_a_microsecond().map(|each| pages(each, window, self.page))
    }
}

/// The density between the first and the last time of a page, in records per microsecond. `None` if the times are not sorted.
pub fn density_of(times: &[i64], unit: i64) -> Option<f64> {
    let (first, last) = (*times.first()?, *times.last()?);
    let span = first.abs_diff(last).max(unit.unsigned_abs()) as f64;
    is_in_order(times).then(|| times.len().saturating_sub(1).max(1) as f64 / span)
}

fn is_in_order(times: &[i64]) -> bool {
    times.is_sorted() || times.is_sorted_by(|a, b| a >= b)
}

/// The partitions of the remaining window, each with its expected number of pages.
///
/// If one page could hold the whole window, the partitions are at most as many as there may be requests at once. Otherwise long
/// partitions come first, because the last page of each is half empty on average, and short ones last, so that all workers
/// finish together. With an order each partition has one page: the records of further pages would wait until the partition
/// before is delivered.
pub fn remaining_partitions(window: Window, density: Density, concurrency: usize, unit: i64, ordered: bool) -> Vec<(Window, Option<f64>)> {
    let concurrency = concurrency.max(2);
    let pages = density.pages(window);
    if density.records.is_some() || density.known.is_none() || pages.is_none() {
        // One page's times say little of the remaining window, so the number of partitions stays limited.
        let most = if density.records.is_some() { concurrency - 1 } else { OVERSUBSCRIPTION * (concurrency - 1) };
        let partitions = equal(window, pages.map_or(most, |pages| pages_to_request(pages).min(most)), unit);
        let each = pages.map(|pages| pages / partitions.len() as f64);
        return partitions.into_iter().map(|partition| (partition, each)).collect();
    }
    let pages = pages.unwrap_or_default();
    let mut partitions = Vec::new();
    let (mut window, mut left) = (window, pages_to_request(pages));
    let least = left.div_ceil(MAX_PARTITIONS);
    loop {
        let each = if ordered { least } else { left.div_ceil(SCHEDULING_ROUNDS * concurrency).max(least) };
        let Some(cut) = cut(window, left as f64 / each as f64, unit).filter(|_| each < left) else { break };
        partitions.push((Window { hi: cut, ..window }, Some(each as f64)));
        window.lo = cut;
        left -= each;
    }
    partitions.push((window, Some(left as f64)));
    partitions
}

/// The partitions of a window whose chain turns out to be much longer than `expected` pages, each with its expected number of
/// pages. `None` if the chain is better read on.
///
/// `times` are those of the chain's first page, of the size that `settings` has. The times must be sorted, and their last
/// tenth stands for the density of what follows. A burst of records that begins later is not seen.
pub fn repartition(window: Window, times: &[i64], expected: f64, settings: PartitionSettings) -> Option<Vec<(Window, f64)>> {
    let PartitionSettings { page, concurrency, unit } = settings;
    let (first, last) = (*times.first()?, *times.last()?);
    let ascending = first <= last;
    if concurrency < 2 || times.len() < MIN_SAMPLE || !is_in_order(times) || window.lo == MINUS_INFINITY {
        return None;
    }
    // `head` is what the first page covered, `tail` what it did not reach.
    let seam = seam((last - first).saturating_abs(), unit);
    let (head, tail) = if ascending {
        let cut = floor_to(last, seam).max(window.lo);
        (Window { hi: cut, ..window }, Window { lo: cut, ..window })
    } else {
        let cut = floor_to(last, seam).saturating_add(seam).min(window.hi);
        (Window { lo: cut, ..window }, Window { hi: cut, ..window })
    };
    if tail.is_empty() {
        return None;
    }
    // Records written at one moment have one time, which tells no density. A longer tail of the page is tried then.
    let tails = [times.len() / 10, times.len() / 2].map(|count| &times[times.len() - 1 - count..]);
    let density =
        tails.into_iter().filter(|tail| tail[0].abs_diff(last) > 2 * unit.unsigned_abs()).find_map(|tail| density_of(tail, unit))?;
    let pages = pages(density, tail, page);
    if pages < REPARTITION_MIN_PAGES || pages < 2.0 * expected {
        return None;
    }
    let partitions = equal(tail, pages_to_request(pages).min(OVERSUBSCRIPTION * (concurrency - 1)), unit);
    if partitions.len() < 2 {
        return None;
    }
    // One spot's density stands for the whole window, which is a guess. A low expectation lets a partition that turns out long
    // be partitioned again.
    let each = (pages / partitions.len() as f64).min(REPARTITION_MIN_PAGES / 2.0);
    let head = (!head.is_empty()).then_some((head, 1.0));
    Some(head.into_iter().chain(partitions.into_iter().map(|partition| (partition, each))).collect())
}

/// Extends the partition that ends last to `hi`. The window was measured and cut up to the scan's start; later records belong
/// to its last partition.
pub fn extend_last<'p>(partitions: impl IntoIterator<Item = &'p mut Window>, hi: i64) {
    if let Some(last) = partitions.into_iter().max_by_key(|partition| partition.hi) {
        last.hi = last.hi.max(hi);
    }
}

/// `parts` partitions of a window of about the same width, or fewer if they would be too short.
fn equal(window: Window, parts: usize, unit: i64) -> Vec<Window> {
    let mut partitions = Vec::with_capacity(parts);
    let mut left = window;
    for parts in (2..=parts).rev() {
        let Some(cut) = cut(left, parts as f64, unit) else { break };
        partitions.push(Window { hi: cut, ..left });
        left.lo = cut;
    }
    partitions.push(left);
    partitions
}

/// The width of a window in microseconds, at least 1.
pub fn width(window: Window) -> f64 {
    (window.hi as f64 - window.lo as f64).max(1.0)
}

/// The number of pages that a window fills at `density` records per microsecond.
pub fn pages(density: f64, window: Window, page: u64) -> f64 {
    density * width(window) / page.max(1) as f64
}

/// The number of pages to request where `pages` are expected. It is rounded up with a margin, so that a few more records need
/// no further page.
fn pages_to_request(pages: f64) -> usize {
    if pages <= 0.8 { 1 } else { ((pages * 1.05).ceil() as usize).max(2) }
}

/// The grid on which partitions of a width meet: as coarse as the width allows, and at least whole seconds.
///
/// An API may read times less finely than it says, and cut them to seconds or minutes. If partitions met off that grid, the
/// records between the cut time and the seam would be in neither partition.
fn seam(width: i64, unit: i64) -> i64 {
    SEAMS.into_iter().find(|seam| width / SEAM_SHARE >= *seam && seam % unit == 0).unwrap_or_else(|| whole_seconds(unit))
}

/// Where the first of `parts` equal parts of a window ends, on the grid of [`seam`]. `None` if that part would be too narrow.
fn cut(window: Window, parts: f64, unit: i64) -> Option<i64> {
    let width = (window.hi.checked_sub(window.lo)? as f64 / parts) as i64;
    if width < unit.saturating_mul(MIN_UNITS).max(MIN_WIDTH) {
        return None;
    }
    Some(floor_to(window.lo + width, seam(width, unit))).filter(|cut| *cut > window.lo)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(page: u64, concurrency: usize, unit: i64) -> PartitionSettings {
        PartitionSettings { page, concurrency, unit }
    }

    const UNIT: i64 = 1000;
    const DAY: i64 = 86_400_000_000;

    fn w(lo: i64, hi: i64) -> Window {
        Window { lo, hi }
    }

    fn density(records: Option<u64>) -> Density {
        Density { partition: w(0, 3 * DAY), records, seen: None, page: 10_000, known: None }
    }

    #[test]
    fn partitions_neither_overlap_nor_leave_a_gap() {
        for concurrency in [2, 4, 8, 64] {
            for window in [w(0, 31 * DAY), w(-5, DAY + 7), w(3, 3 + 2 * MIN_WIDTH)] {
                let Some((first, after)) = sampling_partition(window, None, settings(1000, concurrency, UNIT), None) else { continue };
                for seen in [None, Some(5.0 / DAY as f64), Some(1e6 / DAY as f64), Some(1e9 / DAY as f64)] {
                    for ordered in [false, true] {
                        let density = Density { seen, page: 1000, ..density(None) };
                        let mut partitions = vec![first];
                        partitions.extend(
                            remaining_partitions(after, density, concurrency, UNIT, ordered).into_iter().map(|(partition, _)| partition),
                        );
                        assert_eq!((partitions[0].lo, partitions[partitions.len() - 1].hi), (window.lo, window.hi));
                        assert!(partitions.windows(2).all(|pair| pair[0].hi == pair[1].lo), "{partitions:?}");
                        assert!(partitions.iter().all(|partition| !partition.is_empty()), "{partitions:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_newest_partition_is_the_first_of_a_descending_order() {
        let window = w(7, 31 * DAY + 3);
        let (first, remaining_partitions) = sampling_partition(window, None, settings(1000, 4, UNIT), Some(Direction::Descending)).unwrap();
        assert_eq!((first.hi, first.lo, remaining_partitions.lo), (window.hi, remaining_partitions.hi, window.lo));
        assert!(width(first) < width(remaining_partitions) / 8.0);
    }

    #[test]
    fn a_short_window_or_one_without_a_beginning_is_not_cut() {
        assert_eq!(sampling_partition(w(0, 100 * UNIT), None, settings(1000, 4, UNIT), None), None);
        assert_eq!(sampling_partition(w(MINUS_INFINITY, 0), None, settings(1000, 4, UNIT), None), None);
        assert_eq!(sampling_partition(w(0, 31 * DAY), None, settings(1000, 1, UNIT), None), None, "nobody to read the rest meanwhile");
        assert_eq!(sampling_partition(w(0, 31 * DAY), None, settings(1000, 4, DAY), None), None, "the API's unit is a day");
    }

    #[test]
    fn what_earlier_scans_told_decides_whether_a_window_is_cut() {
        let month = w(0, 31 * DAY);
        let cut = |a_day: f64| {
            sampling_partition(month, Some(a_day / DAY as f64), settings(1000, 4, UNIT), None).map(|(first, _)| first.hi / DAY)
        };
        assert_eq!(cut(20.0), None, "620 records fit in a page");
        assert_eq!(cut(50.0), Some(15), "1,550 do not: two pages");
        assert_eq!(cut(1e4), Some(0), "a full page shows that there are more than one");
    }

    #[test]
    fn a_chain_that_turns_out_long_is_cut_behind_its_first_page() {
        let window = w(0, DAY);
        let repartition = |times: &[i64], expected| super::repartition(window, times, expected, settings(100, 8, UNIT));
        let even = |pages: i64| (0..100).map(|i| i * DAY / (100 * pages)).collect::<Vec<_>>();
        assert_eq!(repartition(&even(6), 1.0), None, "five more pages are not worth one read twice");
        assert_eq!(repartition(&even(12), 8.0), None, "as expected");
        let partitions = repartition(&even(12), 1.0).unwrap();
        assert_eq!(partitions.len(), 13, "the head and a page each");
        assert!(partitions.windows(2).all(|pair| pair[0].0.hi == pair[1].0.lo));
        assert_eq!((partitions[0].0.lo, partitions[12].0.hi), (0, DAY));
        let mut newest = even(12).iter().map(|t| DAY - 1 - t).collect::<Vec<_>>();
        let partitions = repartition(&newest, 1.0).unwrap();
        assert_eq!(partitions[0].0.hi, DAY);
        assert!(partitions[0].0.contains(newest[98]) && partitions[13 - 1].0.hi <= partitions[0].0.lo);
        newest.swap(3, 70);
        assert_eq!(repartition(&newest, 1.0), None, "nothing tells where the rest is");
        let sudden: Vec<_> = (0..50).map(|i| i * DAY / 100).chain((0..50).map(|i| DAY / 2 + i)).collect();
        assert!(repartition(&sudden, 1.0).is_some(), "the page's end is what the rest is like");
        assert_eq!(repartition(&[5; 100], 1.0), None, "all at one time");
        assert_eq!(repartition(&[5, 1_000_000], 1.0), None, "two records");
    }

    #[test]
    fn partitions_meet_on_a_grid_that_coarser_apis_have_too() {
        let window = w(1_234_567, 31 * DAY + 7_654_321);
        let grid = |parts: usize| {
            let partitions = equal(window, parts, UNIT);
            SEAMS.into_iter().find(|seam| partitions[1..].iter().all(|partition| partition.lo % seam == 0))
        };
        assert_eq!((grid(3), grid(30), grid(1000)), (Some(DAY), Some(SEAMS[1]), Some(SEAMS[2])));
        assert_eq!((seam(7 * SECOND, UNIT), seam(DAY, 7_000)), (SECOND, 7_000), "the API's own grid goes first");
        let short = w(0, 2 * MIN_WIDTH - 1);
        assert_eq!(equal(short, 2, UNIT), [short], "too short to be cut on whole seconds");
    }

    #[test]
    fn the_partition_that_ends_last_goes_on_to_the_end() {
        let mut partitions = [w(5, 9), w(9, 12), w(0, 5)];
        extend_last(&mut partitions, i64::MAX);
        assert_eq!(partitions, [w(5, 9), w(9, i64::MAX), w(0, 5)]);
    }

    #[test]
    fn the_rest_is_cut_by_what_the_first_partition_held() {
        let window = w(3 * DAY, 30 * DAY);
        let remaining_partitions = |records| remaining_partitions(window, density(records), 4, UNIT, false).len();
        assert_eq!(remaining_partitions(Some(0)), 1);
        assert_eq!(remaining_partitions(Some(800)), 1, "7,200 are expected");
        assert_eq!(remaining_partitions(Some(1_000)), 2, "9,000 are expected, which is nearly a page");
        assert_eq!(remaining_partitions(Some(9_000)), 3, "one page may hold all, so four requests with the first");
        assert_eq!(remaining_partitions(None), 9, "more than a page, and nobody knows how many");
    }

    #[test]
    fn long_partitions_come_first_and_short_ones_last() {
        let window = w(3 * DAY, 30 * DAY);
        let known = Density { known: Some(1e6 / (27 * DAY) as f64), ..density(None) };
        let expected = |ordered| {
            super::remaining_partitions(window, known, 4, UNIT, ordered).iter().map(|partition| partition.1.unwrap()).collect::<Vec<_>>()
        };
        let pages = expected(false);
        assert!(pages.is_sorted_by(|a, b| a >= b) && pages[0] == 14.0 && pages[pages.len() - 4..] == [1.0; 4], "{pages:?}");
        assert_eq!((pages.len(), pages.iter().sum::<f64>()), (24, 105.0));
        assert_eq!(expected(true), [1.0; 105]);
    }
}
