//! The generator's only source of chance: the same seed and number throw the same dice.

use std::ops::Range;

use fastrand::Rng;

/// Dice for one query.
#[derive(Debug)]
pub(super) struct Dice {
    rng: Rng,
    /// Aliases handed out so far.
    names: u8,
}

impl Dice {
    /// Each query has dice of its own, so that one of ten thousand can be made again without the others.
    pub(super) fn new(seed: u64, number: u64) -> Self {
        let mut rng = Rng::with_seed(seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        // Seeds that differ in one bit throw alike at first.
        for _ in 0..4 {
            rng.u64(..);
        }
        Self { rng, names: 0 }
    }

    /// Whether something happens that happens in so many of a hundred cases.
    pub(super) fn in_hundred(&mut self, share: u32) -> bool {
        self.rng.u32(..100) < share
    }

    pub(super) fn number(&mut self, range: Range<usize>) -> usize {
        self.rng.usize(range)
    }

    pub(super) fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[self.rng.usize(..from.len())]
    }

    /// The place of one of several weights, as often as its weight says.
    pub(super) fn weighted(&mut self, weights: &[u32]) -> usize {
        let mut left = self.rng.u32(..weights.iter().sum::<u32>());
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
        self.names += 1;
        format!("t{}", self.names)
    }
}
