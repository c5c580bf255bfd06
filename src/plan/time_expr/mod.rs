//! Conditions on expressions of the time column (`t::date = …`, `date_trunc('month', t) >= …`) → windows that hold every time
//! that can satisfy them: the preimage of the comparison.
//!
//! Each step is a function that never decreases, up to the jumps of a zone's clocks. So the times that reach a value are a half
//! line, whose end is found by inverting the steps from the last to the first.
//!
//! What must not be broken: where clocks jump nearby, or the exact end is unknown, the window takes the farther end (law 1).

use chrono::{DateTime, Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::plan::slicing::MAX_WINDOWS;
use crate::plan::value::{Op, Value};
use crate::plan::window::{EPOCH_SECONDS, INFINITY, MINUS_INFINITY, Window};

const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3600 * SECOND;
const DAY: i64 = 24 * HOUR;
/// A zone's clocks are read over this many hours before and after a time, because zones are at most 26 hours apart.
const NEARBY: i64 = 36;

/// The offsets of time zones, which only Postgres' own table of zones knows.
pub trait Zones {
    /// How far a zone's clocks are ahead of UTC at a time, in microseconds. A zone of `None` is the session's. `None` if the
    /// zone or the offset is unknown.
    fn utc_offset(&self, zone: Option<&str>, t: i64) -> Option<i64>;
}

/// A function of a time, one layer of the expression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Step {
    /// A time → what the clocks of a zone show then.
    ToClock(Zone),
    /// What the clocks of a zone show → the time.
    FromClock(Zone),
    /// Adds or subtracts an interval.
    Shift {
        /// Index of the operand, an interval.
        interval: usize,
        /// Whether it is subtracted.
        back: bool,
    },
    /// The distance to another time, as an interval or a number of days: `operand - time` or `time - operand`. Only as the last
    /// step.
    Distance {
        /// Index of the operand that is the other time.
        from: usize,
        /// Whether the operand is the minuend (`operand - time`).
        before: bool,
    },
    /// `date_trunc`. A cast to date truncates to the day.
    Trunc(Unit),
    /// Rounds to the nearest multiple of a unit, as the type `timestamptz(0)` does.
    Round {
        /// Half of the unit, in microseconds: the farthest that rounding moves a time.
        half: i64,
    },
    /// `extract(year from …)`, only as the last step.
    Year,
    /// `extract(epoch from …)`, only as the last step.
    Epoch {
        /// Whether the result is rounded to whole seconds.
        rounded: bool,
    },
}

/// The time zone whose clocks a step reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Zone {
    /// The session's time zone.
    Session,
    /// The zone that the operand with this index names.
    Named(usize),
}

/// A unit of `date_trunc`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unit {
    /// A number of microseconds, counted from an origin.
    Fixed {
        /// The unit's length, in microseconds.
        length: i64,
        /// A time at which a unit begins, in microseconds since 2000.
        origin: i64,
    },
    /// A number of months, counted from an origin.
    Months {
        /// The unit's length, in months.
        length: i64,
        /// A month in which a unit begins, counted from January of the year 0.
        origin: i64,
    },
}

impl Unit {
    /// The day.
    pub const DAY: Self = Self::Fixed { length: DAY, origin: 0 };

    /// The unit with a name that `date_trunc` takes, in any case of letters.
    pub fn named(name: &str) -> Option<Self> {
        let fixed = |length| Some(Self::Fixed { length, origin: 0 });
        let months = |length, origin| Some(Self::Months { length, origin });
        match name.to_ascii_lowercase().as_str() {
            "microseconds" | "microsecond" => fixed(1),
            "milliseconds" | "millisecond" => fixed(1000),
            "second" | "seconds" => fixed(SECOND),
            "minute" | "minutes" => fixed(60 * SECOND),
            "hour" | "hours" => fixed(HOUR),
            "day" | "days" => Some(Self::DAY),
            // Weeks begin on Mondays, such as the 3rd of January 2000.
            "week" | "weeks" => Some(Self::Fixed { length: 7 * DAY, origin: 2 * DAY }),
            "month" | "months" => months(1, 0),
            "quarter" => months(3, 0),
            "year" | "years" => months(12, 0),
            "decade" | "decades" => months(120, 0),
            // The first century began with the year 1.
            "century" | "centuries" => months(1200, 12),
            "millennium" | "millennia" => months(12_000, 12),
            _ => None,
        }
    }

    /// The first beginning of a unit that is not before `t`; `None` outside the calendar's range.
    fn ceil(self, t: i64) -> Option<i64> {
        match self {
            Self::Fixed { length, origin } => match t.checked_sub(origin)?.rem_euclid(length) {
                0 => Some(t),
                rest => t.checked_add(length - rest),
            },
            Self::Months { length, origin } => {
                let date = DateTime::from_timestamp_micros(t.checked_add(EPOCH_SECONDS * SECOND)?)?.date_naive();
                // Postgres counts the years before the year 1 differently.
                let month = (date.year() > 0).then(|| i64::from(date.year()) * 12 + i64::from(date.month0()))?;
                let floor = (month - origin).div_euclid(length) * length + origin;
                match start_of_month(floor)? {
                    start if start == t => Some(t),
                    _ => start_of_month(floor + length),
                }
            }
        }
    }
}

/// The time at which a month begins, in microseconds since 2000. Months count from January of the year 0.
fn start_of_month(month: i64) -> Option<i64> {
    let year = i32::try_from(month.div_euclid(12)).ok()?;
    let date = NaiveDate::from_ymd_opt(year, u32::try_from(month.rem_euclid(12)).ok()? + 1, 1)?;
    date.and_hms_opt(0, 0, 0)?.and_utc().timestamp_micros().checked_sub(EPOCH_SECONDS * SECOND)
}

/// The end of the window that is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// No time before this one reaches the value.
    Lower,
    /// No time from this one on is still below the value.
    Upper,
}

/// `steps(time column) op operand`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TimeExpr {
    /// The steps from the column outwards.
    pub steps: Vec<Step>,
    /// The operator.
    pub op: Op,
    /// Index of the operand.
    pub operand: usize,
    /// Whether the operand is a time. If not, it is what clocks show.
    pub zoned: bool,
}

impl TimeExpr {
    /// The indexes of all operands, those of the steps first.
    pub fn operands(&self) -> impl Iterator<Item = usize> {
        let of_steps = self.steps.iter().filter_map(|step| match step {
            Step::ToClock(Zone::Named(i)) | Step::FromClock(Zone::Named(i)) => Some(*i),
            Step::Shift { interval: i, .. } | Step::Distance { from: i, .. } => Some(*i),
            Step::ToClock(Zone::Session) | Step::FromClock(Zone::Session) => None,
            Step::Trunc(_) | Step::Round { .. } | Step::Year | Step::Epoch { .. } => None,
        });
        of_steps.chain([self.operand])
    }

    /// Whether an operand of a step is NULL, which no row satisfies.
    pub fn is_null(&self, operands: &[Value]) -> bool {
        let mut of_steps = self.operands().take_while(|i| *i != self.operand);
        of_steps.any(|i| operands.get(i) == Some(&Value::Null))
    }

    /// The times that can satisfy the comparison with this value.
    ///
    /// An end that cannot be computed is unbounded. Such a comparison still counts as a bound, so that `default_from` does not
    /// replace it.
    pub fn window(&self, value: &Value, operands: &[Value], zones: &dyn Zones) -> Window {
        let end = |above: bool, end: End| {
            let (steps, bound) = self.preimage(value, operands, above, end)?;
            invert(steps, bound, end, operands, zones)
        };
        let lo = match self.op {
            Op::Lt | Op::Le => MINUS_INFINITY,
            op => end(op == Op::Gt, End::Lower).unwrap_or(MINUS_INFINITY).max(MINUS_INFINITY + 1),
        };
        let hi = match self.op {
            Op::Gt | Op::Ge => INFINITY,
            op => end(op != Op::Lt, End::Upper).unwrap_or(INFINITY),
        };
        Window { lo, hi }
    }

    /// The times that can satisfy the comparison with any of these values: one window per value, or one around them all if
    /// there are more than `MAX_WINDOWS`.
    pub fn windows(&self, values: &[Value], operands: &[Value], zones: &dyn Zones) -> Vec<Window> {
        let given: Vec<&Value> = values.iter().filter(|value| **value != Value::Null).collect();
        let window = |value: &Value| self.window(value, operands, zones);
        if given.len() <= MAX_WINDOWS {
            return given.into_iter().map(window).collect();
        }
        let Some(keys) = given.iter().map(|value| order(value)).collect::<Option<Vec<i128>>>() else {
            return vec![Window { lo: MINUS_INFINITY + 1, ..Window::ALL }];
        };
        let place = |key: &usize| keys[*key];
        let ends = [(0..keys.len()).min_by_key(place), (0..keys.len()).max_by_key(place)];
        let (lo, hi) = ends
            .into_iter()
            .flatten()
            .map(|i| window(given[i]))
            .fold((INFINITY, MINUS_INFINITY), |(lo, hi), w| (lo.min(w.lo), hi.max(w.hi)));
        vec![Window { lo, hi }]
    }

    /// The steps that are left to invert, and the bound that their result must reach to be at `value`, or above it if `above`.
    /// The last step is inverted here, if it returns a number or an interval. `None` if the value's type does not fit.
    fn preimage(&self, value: &Value, operands: &[Value], above: bool, end: End) -> Option<(&[Step], i64)> {
        let next = |t: i64| if above { t.saturating_add(1) } else { t };
        let (last, others) = self.steps.split_last()?;
        match (last, value) {
            (Step::Year, value) => {
                let x = number(value)?;
                Some((others, year(if above { x.floor() + 1.0 } else { x.ceil() }, end)?))
            }
            (Step::Epoch { rounded }, value) => {
                let t = ((number(value)? * 1e6).round() as i64).checked_sub(EPOCH_SECONDS * SECOND)?;
                // A double holds such times to about a microsecond.
                let slack = if *rounded { SECOND / 2 + 2 } else { 2 };
                Some((others, t.checked_add(if end == End::Lower { -slack } else { slack })?))
            }
            // `operand - time` decreases with the time, so `op` was commuted when the expression was made: it is the time's own
            // operator.
            (Step::Distance { from, before }, value) => {
                let from = match operands.get(*from)? {
                    Value::Time(t) => *t,
                    Value::Local { clock, .. } => *clock,
                    _ => return None,
                };
                let span = span(value)?;
                Some((others, next(if *before { from.checked_sub(span)? } else { from.checked_add(span)? })))
            }
            (_, Value::Time(t)) if self.zoned => Some((&self.steps, next(*t))),
            (_, Value::Local { time, .. }) if self.zoned => Some((&self.steps, next(*time))),
            (_, Value::Local { clock, .. }) => Some((&self.steps, next(*clock))),
            _ => None,
        }
    }
}

/// A number that sorts values of the same type.
fn order(value: &Value) -> Option<i128> {
    match value {
        Value::Time(t) => Some(i128::from(*t)),
        Value::Local { clock, .. } => Some(i128::from(*clock)),
        Value::Number(_) | Value::Text(_) => number(value).map(|x| (x * 1e6).round() as i128),
        Value::Interval { .. } => span(value).map(i128::from),
        Value::Null | Value::List(_) | Value::Unknown => None,
    }
}

fn number(value: &Value) -> Option<f64> {
    let x = match value {
        Value::Number(x) => *x,
        Value::Text(digits) => digits.parse().ok()?,
        _ => return None,
    };
    (x.abs() < 1e12).then_some(x)
}

/// The time at which a year begins. There is no year 0, and the years before the year 1 are not told apart.
fn year(number: f64, end: End) -> Option<i64> {
    match number {
        n if n < 1.0 && end == End::Lower => Some(MINUS_INFINITY),
        n if n > 250_000.0 => Some(INFINITY),
        n => start_of_month(n.max(1.0) as i64 * 12),
    }
}

/// The time whose image under `steps` is `bound`: inverts the steps from the last to the first. `None` if a step cannot be
/// inverted.
fn invert(steps: &[Step], bound: i64, end: End, operands: &[Value], zones: &dyn Zones) -> Option<i64> {
    let mut bound = bound;
    for step in steps.iter().rev() {
        if matches!(bound, INFINITY | MINUS_INFINITY) {
            break;
        }
        bound = match step {
            Step::Trunc(unit) => unit.ceil(bound).unwrap_or(if end == End::Lower { bound } else { INFINITY }),
            Step::Round { half } => bound.checked_add(if end == End::Lower { -half } else { *half })?,
            Step::ToClock(zone) => {
                let (least, most) = offsets_near(zone, bound, operands, zones)?;
                bound.checked_sub(if end == End::Lower { most } else { least })?
            }
            Step::FromClock(zone) => {
                let (least, most) = offsets_near(zone, bound, operands, zones)?;
                bound.checked_add(if end == End::Lower { least } else { most })?
            }
            Step::Shift { interval, back } => {
                let (least, most) = shifts(operands.get(*interval)?, *back, bound, zones)?;
                bound.checked_sub(if end == End::Lower { most } else { least })?
            }
            Step::Year | Step::Epoch { .. } | Step::Distance { .. } => return None,
        };
    }
    Some(bound)
}

/// The least and the most that adding an interval, or subtracting it if `back`, moves a time near the bound, in microseconds.
fn shifts(interval: &Value, back: bool, bound: i64, zones: &dyn Zones) -> Option<(i64, i64)> {
    let Value::Interval { months, days, micros } = interval else { return None };
    let (months, days) = (i64::from(*months), i64::from(*days));
    let by_months = [28 * months, 31 * months].map(|of_months| (of_months + days).checked_mul(DAY)?.checked_add(*micros));
    let [a, b] = [by_months[0]?, by_months[1]?];
    let (a, b) = if back { (-a, -b) } else { (a, b) };
    let slack = match (months, days) {
        (0, 0) => 0,
        // A day is as long as the session's clocks make it, so a change of clocks between both times counts.
        (0, _) => {
            let there = offsets_near(&Zone::Session, bound, &[], zones)?;
            let here = offsets_near(&Zone::Session, bound.checked_sub(a)?, &[], zones)?;
            there.1.max(here.1) - there.0.min(here.0)
        }
        // Postgres clips a date to its month's last day, and the session's clocks may change in between. A day covers both.
        _ => DAY,
    };
    Some((a.min(b).checked_sub(slack)?, a.max(b).checked_add(slack)?))
}

/// The length of an interval as comparisons see it (a month has 30 days), or of a number of days, in microseconds.
fn span(value: &Value) -> Option<i64> {
    match value {
        Value::Interval { months, days, micros } => (i64::from(*months) * 30 + i64::from(*days)).checked_mul(DAY)?.checked_add(*micros),
        Value::Text(days) => days.parse::<i64>().ok()?.checked_mul(DAY),
        _ => None,
    }
}

/// The least and the most that a zone's clocks are ahead of UTC near a time, in microseconds.
fn offsets_near(zone: &Zone, near: i64, operands: &[Value], zones: &dyn Zones) -> Option<(i64, i64)> {
    let name = match zone {
        Zone::Session => None,
        Zone::Named(i) => match operands.get(*i)? {
            Value::Text(name) => Some(name.as_str()),
            _ => return None,
        },
    };
    let mut found: Option<(i64, i64)> = None;
    for hours in (-NEARBY..=NEARBY).step_by(6) {
        let ahead = zones.utc_offset(name, near.saturating_add(hours * HOUR))?;
        found = Some(found.map_or((ahead, ahead), |(least, most)| (least.min(ahead), most.max(ahead))));
    }
    found
}

#[cfg(test)]
pub(super) mod tests;
