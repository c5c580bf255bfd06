//! Conditions on what a query makes of the time column (`t::date = …`, `date_trunc('month', t) >= …`) → windows that hold every
//! time that can satisfy them.
//!
//! Each step is a function that never decreases, up to the jumps of a zone's clocks; so the times that reach a value are a half
//! line, and its end is found by going through the steps backwards. Where clocks jump nearby, the wider end is taken.

use chrono::{DateTime, Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::plan::slicing::MAX_WINDOWS;
use crate::plan::value::{Op, Value};
use crate::plan::window::{EPOCH_SECONDS, INFINITY, MINUS_INFINITY, Window};

const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3600 * SECOND;
const DAY: i64 = 24 * HOUR;
/// Clocks are compared over so many hours on both sides of a time: zones are at most 26 hours apart.
const NEARBY: i64 = 36;

/// What zones' clocks show: only Postgres has its table of zones.
pub trait Zones {
    /// How many microseconds a zone's clocks (`None`: the session's) are ahead of UTC at this time; `None` if nobody can tell.
    fn utc_offset(&self, zone: Option<&str>, t: i64) -> Option<i64>;
}

/// A function of a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Step {
    /// A time → what the clocks of a zone show then.
    ToClock(Zone),
    /// What the clocks of a zone show → the time.
    FromClock(Zone),
    /// An interval is added, or subtracted.
    Shift {
        /// Index of the operand, an interval.
        interval: usize,
        /// Whether it is subtracted.
        back: bool,
    },
    /// How long before (`operand - time`) or after (`time - operand`) another time it is, only as the last step: an interval, or a
    /// number of days.
    Distance {
        /// Index of the operand, the other time.
        from: usize,
        /// Whether the operand is the later one.
        before: bool,
    },
    /// `date_trunc`; a date is a time whose unit is the day.
    Trunc(Unit),
    /// Rounded to the nearest multiple of a unit, as the type `timestamptz(0)` does.
    Round {
        /// Half of the unit, in microseconds: so far it moves a time at most.
        half: i64,
    },
    /// `extract(year from …)`, only as the last step.
    Year,
    /// `extract(epoch from …)`, only as the last step; perhaps rounded to whole seconds.
    Epoch {
        /// Whether it was made a whole number.
        rounded: bool,
    },
}

/// Whose clocks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Zone {
    /// The session's time zone.
    Session,
    /// The one that an operand names.
    Named(usize),
}

/// A unit of `date_trunc`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unit {
    /// So many microseconds, counted from some moment.
    Fixed {
        /// Its length.
        length: i64,
        /// A moment at which one begins.
        origin: i64,
    },
    /// So many months, counted from some month of the year 0.
    Months {
        /// Its length.
        length: i64,
        /// A month in which one begins.
        origin: i64,
    },
}

impl Unit {
    /// The day.
    pub const DAY: Self = Self::Fixed { length: DAY, origin: 0 };

    /// By the name that `date_trunc` knows it by.
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
            // Monday the 3rd of January 2000.
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

    /// The first beginning of a unit that is not before `t`; `None` where the calendar is not that long.
    fn ceil(self, t: i64) -> Option<i64> {
        match self {
            Self::Fixed { length, origin } => match t.checked_sub(origin)?.rem_euclid(length) {
                0 => Some(t),
                rest => t.checked_add(length - rest),
            },
            Self::Months { length, origin } => {
                let date = DateTime::from_timestamp_micros(t.checked_add(EPOCH_SECONDS * SECOND)?)?.date_naive();
                // Before the year 1 Postgres counts otherwise.
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

/// The moment at which a month begins, counted from January of the year 0.
fn start_of_month(month: i64) -> Option<i64> {
    let year = i32::try_from(month.div_euclid(12)).ok()?;
    let date = NaiveDate::from_ymd_opt(year, u32::try_from(month.rem_euclid(12)).ok()? + 1, 1)?;
    date.and_hms_opt(0, 0, 0)?.and_utc().timestamp_micros().checked_sub(EPOCH_SECONDS * SECOND)
}

/// Which end of the half line is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Nothing before it reaches the value.
    Lower,
    /// Nothing from here on is below the value.
    Upper,
}

/// `steps(time column) op operand`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TimeExpr {
    /// What is made of the column, from the inside out.
    pub steps: Vec<Step>,
    /// The operator.
    pub op: Op,
    /// Index of the operand.
    pub operand: usize,
    /// Whether the operand is a time; else what clocks show.
    pub zoned: bool,
}

impl TimeExpr {
    /// The operands, those of the steps first.
    pub fn operands(&self) -> impl Iterator<Item = usize> {
        let of_steps = self.steps.iter().filter_map(|step| match step {
            Step::ToClock(Zone::Named(i)) | Step::FromClock(Zone::Named(i)) => Some(*i),
            Step::Shift { interval: i, .. } | Step::Distance { from: i, .. } => Some(*i),
            Step::ToClock(Zone::Session) | Step::FromClock(Zone::Session) => None,
            Step::Trunc(_) | Step::Round { .. } | Step::Year | Step::Epoch { .. } => None,
        });
        of_steps.chain([self.operand])
    }

    /// Whether an operand of a step is NULL, so that nothing satisfies the condition.
    pub fn is_null(&self, operands: &[Value]) -> bool {
        let mut of_steps = self.operands().take_while(|i| *i != self.operand);
        of_steps.any(|i| operands.get(i) == Some(&Value::Null))
    }

    /// The times that can satisfy the condition with this value. An end that cannot be told is as far away as can be; but a bound that
    /// is given is one, and no default takes its place.
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

    /// The same for any of several values: around them all, where they are more than could be asked for one by one.
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

    /// What the steps but a number's must reach to come up to the value, or `above` it.
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
                // A double holds such times to a microsecond, nearly.
                let slack = if *rounded { SECOND / 2 + 2 } else { 2 };
                Some((others, t.checked_add(if end == End::Lower { -slack } else { slack })?))
            }
            // The distance from a later time decreases: the operator is that of the time itself.
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

/// Where a value stands among its like.
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

/// The moment at which a year begins. There is no year 0, and those before are not told apart.
fn year(number: f64, end: End) -> Option<i64> {
    match number {
        n if n < 1.0 && end == End::Lower => Some(MINUS_INFINITY),
        n if n > 250_000.0 => Some(INFINITY),
        n => start_of_month(n.max(1.0) as i64 * 12),
    }
}

/// Goes through the steps backwards.
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

/// The least and the most that adding an interval, or taking it back, moves a time near the bound.
fn shifts(interval: &Value, back: bool, bound: i64, zones: &dyn Zones) -> Option<(i64, i64)> {
    let Value::Interval { months, days, micros } = interval else { return None };
    let (months, days) = (i64::from(*months), i64::from(*days));
    let by_months = [28 * months, 31 * months].map(|of_months| (of_months + days).checked_mul(DAY)?.checked_add(*micros));
    let [a, b] = [by_months[0]?, by_months[1]?];
    let (a, b) = if back { (-a, -b) } else { (a, b) };
    let slack = match (months, days) {
        (0, 0) => 0,
        // Days are as long as the session's clocks make them between both times.
        (0, _) => {
            let there = offsets_near(&Zone::Session, bound, &[], zones)?;
            let here = offsets_near(&Zone::Session, bound.checked_sub(a)?, &[], zones)?;
            there.1.max(here.1) - there.0.min(here.0)
        }
        // A month ends where its last day is, too.
        _ => DAY,
    };
    Some((a.min(b).checked_sub(slack)?, a.max(b).checked_add(slack)?))
}

/// The length of an interval as comparisons see it, or of a number of days.
fn span(value: &Value) -> Option<i64> {
    match value {
        Value::Interval { months, days, micros } => (i64::from(*months) * 30 + i64::from(*days)).checked_mul(DAY)?.checked_add(*micros),
        Value::Text(days) => days.parse::<i64>().ok()?.checked_mul(DAY),
        _ => None,
    }
}

/// The least and the most that a zone's clocks are ahead of UTC near a time.
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
