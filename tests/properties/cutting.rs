//! Windows that are cut: the partitions cover what they were made of, each time once, and there are no more of them than may be.

use proptest::prelude::*;
use restlog_fdw::plan::partition::{Density, PartitionSettings, density_of, remaining_partitions, repartition, sampling_partition};
use restlog_fdw::plan::window::Window;
use restlog_fdw::sources::Direction;

use super::cases;

const DAY: i64 = 86_400_000_000;
/// What `split` never goes beyond.
const MAX_PARTITIONS: usize = 1000;

/// The partitions, sorted, are the whole: nothing is left out, nothing comes twice, no partition is empty.
fn check_cover(whole: Window, partitions: impl IntoIterator<Item = Window>) -> Result<(), TestCaseError> {
    let mut partitions: Vec<Window> = partitions.into_iter().collect();
    partitions.sort_unstable();
    prop_assert!(partitions.iter().all(|partition| partition.lo < partition.hi), "an empty piece: {:?}", partitions);
    prop_assert_eq!(partitions.first().map(|partition| partition.lo), Some(whole.lo));
    prop_assert_eq!(partitions.last().map(|partition| partition.hi), Some(whole.hi));
    prop_assert!(partitions.windows(2).all(|pair| pair[0].hi == pair[1].lo), "a gap, or twice: {:?}", partitions);
    Ok(())
}

fn bounded_window() -> impl Strategy<Value = Window> {
    let width = prop_oneof![1..2000_i64, 1..DAY, 1..4000 * DAY];
    (-9000 * DAY..20_000 * DAY, width).prop_map(|(lo, width)| Window { lo, hi: lo + width })
}

/// One without a beginning among them.
fn window() -> impl Strategy<Value = Window> {
    prop_oneof![8 => bounded_window(), 1 => bounded_window().prop_map(|window| Window { lo: i64::MIN, ..window })]
}

fn unit() -> impl Strategy<Value = i64> {
    prop::sample::select(vec![1, 1000, 1_000_000, 60_000_000, DAY])
}

fn density() -> impl Strategy<Value = f64> {
    prop_oneof![1e-15..1e-3_f64, Just(0.0), 1e-3..1e3_f64]
}

fn order() -> impl Strategy<Value = Option<Direction>> {
    prop::sample::select(vec![None, Some(Direction::Ascending), Some(Direction::Descending)])
}

proptest! {
    #![proptest_config(cases(10_000, "cutting"))]

    #[test]
    fn a_first_partition_and_its_rest_are_the_window(
        window in window(), known in prop::option::of(density()), page in 1..20_000_u64, concurrency in 1..20_usize, unit in unit(), order in order(),
    ) {
        if let Some((first, remaining_partitions)) = sampling_partition(window, known, PartitionSettings { page, concurrency, unit }, order) {
            check_cover(window, [first, remaining_partitions])?;
            prop_assert!(concurrency > 1);
            // Where an order is wanted the first partition is the one with the first records.
            let has_first = if order == Some(Direction::Descending) { first.hi == window.hi } else { first.lo == window.lo };
            prop_assert!(has_first, "{:?} of {:?}", first, window);
        }
    }

    #[test]
    fn the_rest_is_cut_into_what_it_is(
        window in bounded_window(), records in prop::option::of(0..20_000_u64), seen in prop::option::of(density()), known in prop::option::of(density()),
        page in 1..20_000_u64, concurrency in 1..20_usize, unit in unit(), ordered in any::<bool>(), partition in 1..100 * DAY,
    ) {
        let partition = Window { lo: window.lo - partition, hi: window.lo };
        let density = Density { partition, records, seen, page, known };
        let partitions = remaining_partitions(window, density, concurrency, unit, ordered);
        check_cover(window, partitions.iter().map(|(partition, _)| *partition))?;
        prop_assert!(partitions.len() <= MAX_PARTITIONS + 20 * concurrency, "{} pieces", partitions.len());
        // As long as one page may hold all, no more requests than there may be at once.
        if records.is_some() {
            prop_assert!(partitions.len() < concurrency.max(2), "{} pieces", partitions.len());
        }
        let expected: f64 = partitions.iter().filter_map(|(_, pages)| *pages).sum();
        if let Some(pages) = density.pages(window).filter(|pages| pages.is_finite()) {
            prop_assert!(expected + 1e-6 >= pages.min(1.0) * 0.99, "{} of {} pages are expected", expected, pages);
        }
    }

    #[test]
    fn a_chain_that_is_cut_again_loses_nothing(
        window in window(), seeds in prop::collection::vec(0.0..1.0_f64, 0..60), share in 0.0..1.0_f64, order in 0..3_u8,
        page in 1..200_u64, expected in 0.0..30.0_f64, concurrency in 1..20_usize, unit in unit(),
    ) {
        let width = (window.hi as f64 - window.lo as f64) * share;
        let mut times: Vec<i64> = seeds.iter().map(|at| (window.lo as f64 + at * width) as i64).map(|t| t.clamp(window.lo, window.hi - 1)).collect();
        match order {
            0 => times.sort_unstable(),
            1 => times.sort_unstable_by(|a, b| b.cmp(a)),
            _ => {}
        }
        if let Some(partitions) = repartition(window, &times, expected, PartitionSettings { page, concurrency, unit }) {
            check_cover(window, partitions.iter().map(|(partition, _)| *partition))?;
            prop_assert!(partitions.len() > 1 && partitions.iter().all(|(_, pages)| pages.is_finite() && *pages > 0.0));
            prop_assert!(times.is_sorted() || times.is_sorted_by(|a, b| a >= b), "what is in no order tells nothing");
        }
        if let Some(density) = density_of(&times, unit) {
            prop_assert!(density > 0.0 && density.is_finite());
        }
    }
}
