//! The generator's only source of randomness: the same seed and number draw the same query.

use std::ops::Range;

/// Random numbers for one query.
#[derive(Debug)]
pub(super) struct Rng {
    generator: fastrand::Rng,
    /// Aliases handed out so far.
    aliases: u8,
}

impl Rng {
    /// Each query has a generator of its own, so that one of ten thousand can be drawn again without the others.
    pub(super) fn new(seed: u64, number: u64) -> Self {
        let mut generator = fastrand::Rng::with_seed(seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        // The first numbers of seeds that differ in one bit are alike.
        for _ in 0..4 {
            generator.u64(..);
        }
        Self { generator, aliases: 0 }
    }

    /// True in `share` of a hundred cases.
    pub(super) fn in_hundred(&mut self, share: u32) -> bool {
        self.generator.u32(..100) < share
    }

    pub(super) fn number(&mut self, range: Range<usize>) -> usize {
        self.generator.usize(range)
    }

    pub(super) fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[self.generator.usize(..from.len())]
    }

    /// The index of a weight; each is drawn in proportion to its value.
    pub(super) fn weighted(&mut self, weights: &[u32]) -> usize {
        let mut left = self.generator.u32(..weights.iter().sum::<u32>());
        for (place, weight) in weights.iter().enumerate() {
            match left.checked_sub(*weight) {
                Some(rest) => left = rest,
                None => return place,
            }
        }
        0
    }

    /// An alias that no other part of the query has.
    pub(super) fn alias(&mut self) -> String {
        self.aliases += 1;
        format!("t{}", self.aliases)
    }
}
