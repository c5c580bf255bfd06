//! A log → the parts of its time that ANALYZE samples, and what their rows tell of how many there are.
//!
//! A sample reads a bounded number of pages from parts that are spread evenly over a span of time, so that a histogram covers all of it.
//! Where the span turns out to be a bad guess, another round samples a better one.

use super::window::rfc3339;

/// Pages that a sample reads at most.
pub const MAX_PAGES: u64 = 10;
/// How often a sample looks at all parts of a span.
const MAX_ROUNDS: u64 = 6;
/// A sample reaches back far enough when it finds this part of the API's total.
const ENOUGH_OF_TOTAL: f64 = 0.8;
/// How far back a sample begins where nothing says from when on: 30 days.
const GUESSED_LENGTH: i64 = 30 * 86_400_000_000;

/// The times to be sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeSpan {
    from: i64,
    to: i64,
    /// Whether nothing said where it begins, and the API can be asked for any time.
    is_guess: bool,
}

/// One of the equal parts of a span. Its last moment belongs to the next part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimePart {
    number: u64,
    from: i64,
    to: i64,
}

/// How a span is sampled in one round after another.
#[derive(Debug)]
pub struct Sampling {
    span: TimeSpan,
    parts: u64,
    rows_of_part: u64,
    /// The API's own total.
    total: Option<f64>,
    round: u64,
    /// What the parts of this round are estimated to have.
    estimated: f64,
    /// The parts of this round that have rows, in their order.
    filled: Vec<u64>,
}

impl TimeSpan {
    /// The span that ends at `to`, and begins at `from` where something says so. `None` where it is empty. `open` says that the API can
    /// be asked for any time.
    pub fn new(from: Option<i64>, to: i64, open: bool) -> Option<Self> {
        let begin = from.unwrap_or(to.saturating_sub(GUESSED_LENGTH));
        (begin < to).then_some(Self { from: begin, to, is_guess: from.is_none() && open })
    }

    /// Whether nothing said where the span begins: then the log may reach further back.
    pub fn is_guess(self) -> bool {
        self.is_guess
    }

    /// Where one of several equal parts begins.
    fn start(self, part: u64, of: u64) -> i64 {
        self.from + ((self.to - self.from) as f64 * part as f64 / of as f64) as i64
    }

    /// Some neighbouring ones of several equal parts, which rows were found in: they are no guess any more.
    fn between(self, first: u64, end: u64, of: u64) -> Self {
        Self { from: self.start(first, of), to: self.start(end, of), is_guess: false }
    }

    /// A span with this end, and ten times as long.
    fn ten_times_longer(self) -> Self {
        let length = self.to.saturating_sub(self.from).saturating_mul(10);
        Self { from: self.to.saturating_sub(length), ..self }
    }
}

impl TimePart {
    /// The condition that a quoted column of times is in this part; `None` where no calendar writes its ends.
    pub fn condition(self, column: &str) -> Option<String> {
        let (from, to) = (rfc3339(self.from)?, rfc3339(self.to)?);
        Some(format!("{column} >= timestamptz '{from}' AND {column} < timestamptz '{to}'"))
    }
}

impl Sampling {
    /// A sampling of `wanted` rows, in parts of one page at most. `total` is the API's own, where it declares one.
    pub fn new(span: TimeSpan, wanted: u64, page_size: u64, total: Option<f64>) -> Self {
        let parts = MAX_PAGES.min(wanted).max(1);
        let rows_of_part = (wanted / parts).clamp(1, page_size);
        Self { span, parts, rows_of_part, total, round: 1, estimated: 0.0, filled: Vec::new() }
    }

    /// Rows asked for in each part.
    pub fn rows_of_part(&self) -> u64 {
        self.rows_of_part
    }

    /// The parts of this round, the earliest first.
    pub fn parts(&self) -> Vec<TimePart> {
        let (span, of) = (self.span, self.parts);
        (0..of).map(|number| TimePart { number, from: span.start(number, of), to: span.start(number + 1, of) }).collect()
    }

    /// Takes what a part gave: how many rows, and the first and the last of their times.
    pub fn add(&mut self, part: TimePart, found: u64, times: Option<(i64, i64)>) {
        self.filled.extend((found > 0).then_some(part.number));
        let width = (self.span.to - self.span.from) as f64 / self.parts as f64;
        // A part that gave fewer rows than it was asked for has no more. Any other is as dense as these rows are.
        self.estimated += match (found < self.rows_of_part, times) {
            (false, Some((first, last))) if last > first => (found as f64 * width / (last - first) as f64).max(found as f64),
            _ => found as f64,
        };
    }

    /// Ends a round. Says how many rows there are, or `None` where another round shall sample a better span.
    pub fn finish_round(&mut self) -> Option<f64> {
        let Some(better) = self.better_span().filter(|_| self.round < MAX_ROUNDS) else {
            return Some(self.total.unwrap_or(self.estimated));
        };
        *self = Self { span: better, round: self.round + 1, estimated: 0.0, filled: Vec::new(), ..*self };
        None
    }

    /// A span that tells more than this one: a longer one where the log reaches further back than was guessed, a shorter one where most
    /// parts are empty.
    fn better_span(&self) -> Option<TimeSpan> {
        if self.span.is_guess && self.estimated < self.total.map_or(1.0, |total| total * ENOUGH_OF_TOTAL) {
            return Some(self.span.ten_times_longer());
        }
        let (first, last) = (*self.filled.first()?, *self.filled.last()?);
        (last - first < self.parts / 2).then(|| self.span.between(first, last + 1, self.parts))
    }
}

/// How many rows are sampled of a log that cannot be asked for by time: its first pages.
pub fn first_rows(wanted: u64, page_size: u64) -> u64 {
    wanted.min(MAX_PAGES * page_size)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000_000;

    fn span(from: i64, to: i64) -> TimeSpan {
        TimeSpan::new(Some(from), to, true).unwrap()
    }

    /// Samples a log by its rows, each a time, and says which rounds were needed and how many rows were told of.
    fn sample(span: TimeSpan, rows: &[i64], total: Option<f64>) -> (u64, f64) {
        let mut sampling = Sampling::new(span, 1000, 5, total);
        loop {
            for part in sampling.parts() {
                let found: Vec<i64> = rows.iter().copied().filter(|t| (part.from..part.to).contains(t)).take(5).collect();
                sampling.add(part, found.len() as u64, found.first().copied().zip(found.last().copied()));
            }
            let round = sampling.round;
            if let Some(rows) = sampling.finish_round() {
                return (round, rows);
            }
        }
    }

    #[test]
    fn a_span_without_a_beginning_is_a_guess_of_thirty_days() {
        let guessed = TimeSpan::new(None, 100 * DAY, true).unwrap();
        assert_eq!((guessed.from, guessed.is_guess()), (70 * DAY, true));
        assert!(!TimeSpan::new(None, 100 * DAY, false).unwrap().is_guess(), "the API demands a range: a longer one may be refused");
        assert!(!span(0, DAY).is_guess());
        assert_eq!(TimeSpan::new(Some(DAY), DAY, true), None);
    }

    #[test]
    fn parts_cover_the_span_without_a_gap() {
        let parts = Sampling::new(span(0, 10 * DAY), 1000, 500, None).parts();
        assert_eq!((parts.len(), parts[0].from, parts[9].to), (10, 0, 10 * DAY));
        assert!(parts.windows(2).all(|two| two[0].to == two[1].from));
        let condition = parts[0].condition("\"t\"").unwrap();
        assert!(
            condition.starts_with("\"t\" >= timestamptz '2000-01-01T00:00:00") && condition.contains("\"t\" < timestamptz '2000-01-02T")
        );
    }

    #[test]
    fn few_rows_are_sampled_in_few_parts_of_a_page_at_most() {
        let rows = |wanted, page| {
            let sampling = Sampling::new(span(0, DAY), wanted, page, None);
            (sampling.parts, sampling.rows_of_part())
        };
        assert_eq!((rows(1000, 50), rows(1000, 500), rows(3, 500), rows(0, 500)), ((10, 50), (10, 100), (3, 1), (1, 1)));
    }

    #[test]
    fn full_parts_are_as_dense_as_their_rows() {
        let hourly: Vec<i64> = (0..240).map(|hour| hour * DAY / 24).collect();
        let (rounds, rows) = sample(span(0, 10 * DAY), &hourly, None);
        assert_eq!(rounds, 1);
        assert!((rows - 300.0).abs() < 1.0, "five rows span four hours: {rows}");
    }

    #[test]
    fn a_guess_reaches_further_back_until_it_finds_enough() {
        let guess = TimeSpan::new(None, 1000 * DAY, true).unwrap();
        let (rounds, rows) = sample(guess, &[710 * DAY, 800 * DAY, 900 * DAY, 960 * DAY], None);
        assert_eq!((rounds, rows), (2, 4.0));
        assert_eq!(sample(guess, &[], None).0, MAX_ROUNDS, "an empty log ends the search");
        assert_eq!(sample(guess, &[980 * DAY, 990 * DAY], Some(2.0)).1, 2.0, "the API's total is believed");
    }

    #[test]
    fn a_span_that_is_mostly_empty_is_narrowed_to_where_rows_are() {
        let rows: Vec<i64> = (0..4).map(|i| 5 * DAY + i * DAY / 4).collect();
        let (rounds, found) = sample(span(0, 10 * DAY), &rows, None);
        assert_eq!((rounds, found), (2, 4.0));
    }

    #[test]
    fn the_first_pages_stand_for_a_log_without_times() {
        assert_eq!((first_rows(30_000, 100), first_rows(30, 100)), (1000, 30));
    }
}
