//! A time as Socialboards writes it: with two to seven digits of a second, and an offset that differs from time to time.

use crate::sim::wire_time::{MILLI, push_time};

/// Minutes east of Greenwich that occur in one response.
const OFFSETS: [i64; 5] = [0, 0, 180, 60, -330];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stamp {
    /// Hundreds of nanoseconds since 1970, rounded to the digits.
    pub(crate) ticks: i64,
    digits: u32,
    pub(crate) offset: i64,
}

impl Stamp {
    /// A time up to a millisecond after `ticks`. The bits decide it, its digits and its offset.
    pub(crate) fn new(ticks: i64, bits: u64) -> Self {
        let digits = 2 + (bits >> 40) as u32 % 6;
        let ticks = ticks + ((bits >> 24) % MILLI.unsigned_abs()).cast_signed();
        let unit = 10_i64.pow(7 - digits);
        Self { ticks: ticks.div_euclid(unit) * unit, digits, offset: OFFSETS[(bits >> 50) as usize % OFFSETS.len()] }
    }

    pub(crate) fn later(self, millis: i64) -> Self {
        Self { ticks: self.ticks + millis * MILLI, ..self }
    }

    /// As a JSON string: `"2023-08-03T20:39:35.01+03:00"`.
    pub(crate) fn json(self) -> Vec<u8> {
        let mut text = Vec::with_capacity(36);
        text.push(b'"');
        push_time(&mut text, self.ticks.div_euclid(MILLI) + self.offset * 60_000);
        text.truncate("\"2023-08-03T20:39:35.".len());
        let fraction = format!("{:07}", self.ticks.rem_euclid(1000 * MILLI));
        text.extend_from_slice(&fraction.as_bytes()[..self.digits as usize]);
        let (sign, minutes) = if self.offset < 0 { ('-', -self.offset) } else { ('+', self.offset) };
        text.extend_from_slice(format!("{sign}{:02}:{:02}\"", minutes / 60, minutes % 60).as_bytes());
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::spread::mix;
    use crate::sim::wire_time::read_ticks;
    use std::collections::HashSet;

    #[test]
    fn says_its_ticks_in_every_form() {
        let mut forms = HashSet::new();
        for number in 0..2000 {
            let stamp = Stamp::new(17_672_256_000_000_000 + number as i64 * 777_777, mix(3, number));
            let text: String = serde_json::from_slice(&stamp.json()).unwrap();
            assert_eq!(read_ticks(&text), Some(stamp.ticks), "{text}");
            forms.insert((text.len(), stamp.offset));
        }
        assert_eq!(forms.len(), 24);
    }
}
