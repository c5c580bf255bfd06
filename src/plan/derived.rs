//! Conditions on what a query makes of the time column (`t::date = …`, `date_trunc('month', t) >= …`) → windows that hold every
//! time that can satisfy them.
//!
//! Each step is a function that never decreases, up to the jumps of a zone's clocks; so the times that reach a value are a half
//! line, and its end is found by going through the steps backwards. Where clocks jump nearby, the wider end is taken.

use chrono::{DateTime, Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

use super::qual::{Op, Value};
use super::window::{EPOCH_SECONDS, INFINITY, MINUS_INFINITY, Window};

const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3600 * SECOND;
const DAY: i64 = 24 * HOUR;
/// Clocks are compared over so many hours on both sides of a time: zones are at most 26 hours apart.
const NEARBY: i64 = 36;

/// What zones' clocks show: only Postgres has its table of zones.
pub trait Zones {
    /// How many microseconds a zone's clocks (`None`: the session's) are ahead of UTC at this time; `None` if nobody can tell.
    fn ahead(&self, zone: Option<&str>, t: i64) -> Option<i64>;
}

/// A function of a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Step {
    /// A time → what the clocks of a zone show then.
    ToClock(Zone),
    /// What the clocks of a zone show → the time.
    FromClock(Zone),
    /// `date_trunc`; a date is a time whose unit is the day.
    Trunc(Unit),
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
pub struct Derived {
    /// What is made of the column, from the inside out.
    pub steps: Vec<Step>,
    /// The operator.
    pub op: Op,
    /// Index of the operand.
    pub operand: usize,
    /// Whether the operand is a time; else what clocks show.
    pub zoned: bool,
}

impl Derived {
    /// Whether a zone is not known, so that nothing satisfies the condition.
    pub fn is_null(&self, operands: &[Value]) -> bool {
        self.steps.iter().any(|step| match step {
            Step::ToClock(Zone::Named(i)) | Step::FromClock(Zone::Named(i)) => operands.get(*i) == Some(&Value::Null),
            _ => false,
        })
    }

    /// The times that can satisfy the condition with this value; `None` where that cannot be told.
    pub fn window(&self, value: &Value, operands: &[Value], zones: &dyn Zones) -> Option<Window> {
        let end = |above: bool, end: End| {
            let (steps, bound) = self.reached(value, above, end)?;
            back(steps, bound, end, operands, zones)
        };
        let lo = match self.op {
            Op::Lt | Op::Le => MINUS_INFINITY,
            // A bound at -infinity is a bound.
            op => end(op == Op::Gt, End::Lower)?.max(MINUS_INFINITY + 1),
        };
        let hi = match self.op {
            Op::Gt | Op::Ge => INFINITY,
            op => end(op != Op::Lt, End::Upper)?,
        };
        Some(Window { lo, hi })
    }

    /// What the steps but a number's must reach to come up to the value, or `above` it.
    fn reached(&self, value: &Value, above: bool, end: End) -> Option<(&[Step], i64)> {
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
            (_, Value::Time(t)) if self.zoned => Some((&self.steps, next(*t))),
            (_, Value::Local { time, .. }) if self.zoned => Some((&self.steps, next(*time))),
            (_, Value::Local { clock, .. }) => Some((&self.steps, next(*clock))),
            _ => None,
        }
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
fn back(steps: &[Step], bound: i64, end: End, operands: &[Value], zones: &dyn Zones) -> Option<i64> {
    let mut bound = bound;
    for step in steps.iter().rev() {
        if matches!(bound, INFINITY | MINUS_INFINITY) {
            break;
        }
        bound = match step {
            Step::Trunc(unit) => unit.ceil(bound).unwrap_or(if end == End::Lower { bound } else { INFINITY }),
            Step::ToClock(zone) => {
                let (least, most) = ahead(zone, bound, operands, zones)?;
                bound.checked_sub(if end == End::Lower { most } else { least })?
            }
            Step::FromClock(zone) => {
                let (least, most) = ahead(zone, bound, operands, zones)?;
                bound.checked_add(if end == End::Lower { least } else { most })?
            }
            Step::Year | Step::Epoch { .. } => return None,
        };
    }
    Some(bound)
}

/// The least and the most that a zone's clocks are ahead of UTC near a time.
fn ahead(zone: &Zone, near: i64, operands: &[Value], zones: &dyn Zones) -> Option<(i64, i64)> {
    let name = match zone {
        Zone::Session => None,
        Zone::Named(i) => match operands.get(*i)? {
            Value::Text(name) => Some(name.as_str()),
            _ => return None,
        },
    };
    let mut found: Option<(i64, i64)> = None;
    for hours in (-NEARBY..=NEARBY).step_by(6) {
        let ahead = zones.ahead(name, near.saturating_add(hours * HOUR))?;
        found = Some(found.map_or((ahead, ahead), |(least, most)| (least.min(ahead), most.max(ahead))));
    }
    found
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::window::rfc3339_millis;
    use super::*;

    /// Two hours ahead of UTC from 2026-03-29 to 2026-10-25 at 01:00 UTC, else one.
    pub(in crate::plan) struct Zurich;

    impl Zones for Zurich {
        fn ahead(&self, zone: Option<&str>, t: i64) -> Option<i64> {
            match zone {
                Some("UTC") => Some(0),
                Some("nowhere") => None,
                _ => Some(if (at("2026-03-29T01:00:00Z")..at("2026-10-25T01:00:00Z")).contains(&t) { 2 * HOUR } else { HOUR }),
            }
        }
    }

    fn at(text: &str) -> i64 {
        DateTime::parse_from_rfc3339(text).unwrap().timestamp_micros() - EPOCH_SECONDS * SECOND
    }

    fn clock(text: &str) -> Value {
        Value::Local { clock: at(text), time: 0 }
    }

    fn shown(steps: &[Step], op: Op, zoned: bool, value: Value) -> String {
        let derived = Derived { steps: steps.to_vec(), op, operand: 0, zoned };
        let operands = [value.clone(), Value::Text("UTC".into()), Value::Text("nowhere".into())];
        match derived.window(&value, &operands, &Zurich) {
            None => "unknown".into(),
            Some(window) if window.is_empty() => "nothing".into(),
            Some(Window { lo, hi }) => {
                let end = |t: i64, open: &str| if t == MINUS_INFINITY || t == INFINITY { open.to_owned() } else { rfc3339_millis(t) };
                format!("{} {}", end(lo, "…"), end(hi, "…")).replace(":00.000Z", "Z")
            }
        }
    }

    const DATE: [Step; 2] = [Step::ToClock(Zone::Session), Step::Trunc(Unit::DAY)];

    #[test]
    fn a_date_is_a_day_of_the_zone() {
        let date = |op, day| shown(&DATE, op, false, clock(day));
        assert_eq!(date(Op::Eq, "2026-01-05T00:00:00Z"), "2026-01-04T23:00Z 2026-01-05T23:00Z");
        assert_eq!(date(Op::Ge, "2026-07-05T00:00:00Z"), "2026-07-04T22:00Z …");
        assert_eq!(date(Op::Gt, "2026-07-05T00:00:00Z"), "2026-07-05T22:00Z …");
        assert_eq!(date(Op::Lt, "2026-07-05T00:00:00Z"), "… 2026-07-04T22:00Z");
        assert_eq!(date(Op::Le, "2026-07-05T00:00:00Z"), "… 2026-07-05T22:00Z");
        assert_eq!(date(Op::Eq, "2026-07-05T12:00:00Z"), "nothing", "no date is at noon");
    }

    #[test]
    fn where_clocks_jump_nearby_the_wider_end_is_taken() {
        assert_eq!(shown(&DATE, Op::Eq, false, clock("2026-03-29T00:00:00Z")), "2026-03-28T22:00Z 2026-03-29T23:00Z");
        assert_eq!(shown(&DATE, Op::Eq, false, clock("2026-10-25T00:00:00Z")), "2026-10-24T22:00Z 2026-10-25T23:00Z");
    }

    #[test]
    fn a_window_holds_every_time_that_satisfies_the_condition() {
        let units = ["hour", "day", "week", "month", "quarter", "year", "decade", "century"].map(|name| Unit::named(name).unwrap());
        let ops = [Op::Eq, Op::Lt, Op::Le, Op::Gt, Op::Ge];
        let clock_of = |t: i64| t + Zurich.ahead(None, t).unwrap();
        let floor = |unit: Unit, clock: i64| {
            let mut floor = i64::MIN;
            for back in 0..3 {
                // The beginning that is not after it, found from the one that is not before something earlier.
                let from = match unit {
                    Unit::Fixed { length, .. } => clock - length * back / 2,
                    Unit::Months { length, .. } => clock - length * 31 * DAY * back / 2,
                };
                floor = floor.max(unit.ceil(from).filter(|start| *start <= clock).unwrap_or(i64::MIN));
            }
            floor
        };
        let times: Vec<i64> = (0..24 * 133).map(|step| at("2025-12-20T00:30:00Z") + step * 3 * HOUR).collect();
        for unit in units {
            let steps = [Step::ToClock(Zone::Session), Step::Trunc(unit)];
            for value in times.iter().step_by(1117).map(|t| floor(unit, clock_of(*t))).filter(|v| *v != i64::MIN) {
                for op in ops {
                    let derived = Derived { steps: steps.to_vec(), op, operand: 0, zoned: false };
                    let window = derived.window(&Value::Local { clock: value, time: 0 }, &[], &Zurich).unwrap();
                    for t in &times {
                        let reached = floor(unit, clock_of(*t));
                        let holds = match op {
                            Op::Eq => reached == value,
                            Op::Lt => reached < value,
                            Op::Le => reached <= value,
                            Op::Gt => reached > value,
                            Op::Ge => reached >= value,
                        };
                        assert!(reached == i64::MIN || !holds || window.contains(*t), "{unit:?} {op:?} {}", rfc3339_millis(*t));
                    }
                }
            }
        }
    }

    #[test]
    fn truncated_times_go_back_and_forth_between_clocks() {
        let month = |name| [Step::ToClock(Zone::Session), Step::Trunc(Unit::named(name).unwrap()), Step::FromClock(Zone::Session)];
        let time = |text| Value::Time(at(text));
        assert_eq!(shown(&month("MONTH"), Op::Eq, true, time("2026-06-30T22:00:00Z")), "2026-06-30T22:00Z 2026-07-31T22:00Z");
        assert_eq!(shown(&month("month"), Op::Eq, true, time("2026-07-01T00:00:00Z")), "nothing", "no month begins there");
        assert_eq!(shown(&month("week"), Op::Ge, true, time("2026-01-05T00:00:00Z")), "2026-01-11T23:00Z …");
        assert_eq!(shown(&month("century"), Op::Lt, true, time("2000-12-31T23:00:00Z")), "… 2000-12-31T23:00Z");
        assert_eq!(Unit::named("fortnight"), None);
    }

    #[test]
    fn named_zones_are_operands() {
        let utc = [Step::ToClock(Zone::Named(1))];
        assert_eq!(shown(&utc, Op::Ge, false, clock("2026-07-01T00:00:00Z")), "2026-07-01T00:00Z …");
        assert_eq!(shown(&[Step::ToClock(Zone::Named(2))], Op::Ge, false, clock("2026-07-01T00:00:00Z")), "unknown");
        let derived = Derived { steps: utc.to_vec(), op: Op::Ge, operand: 0, zoned: false };
        assert!(derived.is_null(&[Value::Null, Value::Null]) && !derived.is_null(&[Value::Null, Value::Text("UTC".into())]));
    }

    #[test]
    fn a_year_is_a_window_and_half_a_year_is_none() {
        let year = |op, x| shown(&[Step::ToClock(Zone::Session), Step::Year], op, false, Value::Number(x));
        assert_eq!(year(Op::Eq, 2026.0), "2025-12-31T23:00Z 2026-12-31T23:00Z");
        assert_eq!(year(Op::Gt, 2026.5), "2026-12-31T23:00Z …");
        assert_eq!(year(Op::Ge, 2026.5), "2026-12-31T23:00Z …");
        assert_eq!(year(Op::Lt, 2026.5), "… 2026-12-31T23:00Z");
        assert_eq!(year(Op::Eq, 2026.5), "nothing");
        assert_eq!(year(Op::Lt, 0.0), "… 0000-12-31T23:00Z".replace("0000-12-31T23:00Z", "0001-01-01T00:00Z"));
        assert!(year(Op::Ge, -3.0).ends_with('…'));
        assert_eq!(year(Op::Eq, f64::NAN), "unknown");
    }

    #[test]
    fn seconds_since_1970_are_a_window_with_slack() {
        let epoch = |op, rounded| shown(&[Step::Epoch { rounded }], op, false, Value::Text("1767225600".into()));
        assert_eq!(epoch(Op::Ge, false), "2025-12-31T23:59:59.999Z …");
        assert_eq!(epoch(Op::Eq, true), "2025-12-31T23:59:59.499Z 2026-01-01T00:00:00.500Z");
    }

    #[test]
    fn infinity_stays_infinity() {
        assert_eq!(shown(&DATE, Op::Le, false, Value::Local { clock: INFINITY, time: INFINITY }), "… …");
        assert_eq!(shown(&DATE, Op::Ge, false, Value::Local { clock: INFINITY, time: INFINITY }), "nothing");
        assert_eq!(shown(&DATE, Op::Lt, false, Value::Local { clock: MINUS_INFINITY, time: MINUS_INFINITY }), "nothing");
    }
}
