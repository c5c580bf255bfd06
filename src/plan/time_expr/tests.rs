use super::*;
use crate::plan::window::rfc3339_millis;

/// Zurich's clocks in 2026: two hours ahead of UTC from 2026-03-29 to 2026-10-25 at 01:00 UTC, else one.
pub(in crate::plan) struct Zurich;

impl Zones for Zurich {
    fn utc_offset(&self, zone: Option<&str>, t: i64) -> Option<i64> {
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
    let comparison = TimeExpr { steps: steps.to_vec(), op, operand: 0, zoned };
    let operands = [value.clone(), Value::Text("UTC".into()), Value::Text("nowhere".into())];
    match comparison.window(&value, &operands, &Zurich) {
        window if window.is_empty() => "nothing".into(),
        Window { lo, hi } => {
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
    let clock_of = |t: i64| t + Zurich.utc_offset(None, t).unwrap();
    let floor = |unit: Unit, clock: i64| {
        let mut floor = i64::MIN;
        for back in 0..3 {
            // The beginning of the unit that holds the time, found as the first beginning not before an earlier time.
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
                let comparison = TimeExpr { steps: steps.to_vec(), op, operand: 0, zoned: false };
                let window = comparison.window(&Value::Local { clock: value, time: 0 }, &[], &Zurich);
                for t in &times {
                    let preimage = floor(unit, clock_of(*t));
                    let holds = match op {
                        Op::Eq => preimage == value,
                        Op::Lt => preimage < value,
                        Op::Le => preimage <= value,
                        Op::Gt => preimage > value,
                        Op::Ge => preimage >= value,
                    };
                    assert!(preimage == i64::MIN || !holds || window.contains(*t), "{unit:?} {op:?} {}", rfc3339_millis(*t));
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
    assert_eq!(
        shown(&[Step::ToClock(Zone::Named(2))], Op::Ge, false, clock("2026-07-01T00:00:00Z")),
        "0001-01-01T00:00Z …",
        "a bound all the same"
    );
    let comparison = TimeExpr { steps: utc.to_vec(), op: Op::Ge, operand: 0, zoned: false };
    assert!(comparison.is_null(&[Value::Null, Value::Null]) && !comparison.is_null(&[Value::Null, Value::Text("UTC".into())]));
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
    assert_eq!(year(Op::Eq, f64::NAN), "0001-01-01T00:00Z …", "nobody can tell");
    assert_eq!(year(Op::Lt, f64::NAN), "… …");
}

#[test]
fn seconds_since_1970_are_a_window_with_slack() {
    let epoch = |op, rounded| shown(&[Step::Epoch { rounded }], op, false, Value::Text("1767225600".into()));
    assert_eq!(epoch(Op::Ge, false), "2025-12-31T23:59:59.999Z …");
    assert_eq!(epoch(Op::Eq, true), "2025-12-31T23:59:59.499Z 2026-01-01T00:00:00.500Z");
}

#[test]
fn a_shifted_time_is_shifted_back() {
    let shown = |months, days, micros, back, op| {
        let interval = Value::Interval { months, days, micros };
        let comparison = TimeExpr { steps: vec![Step::Shift { interval: 1, back }], op, operand: 0, zoned: true };
        let Window { lo, hi } = comparison.window(&Value::Time(at("2026-03-31T12:00:00Z")), &[Value::Null, interval], &Zurich);
        rfc3339_millis(if op == Op::Ge { lo } else { hi })
    };
    assert_eq!(shown(0, 0, HOUR, false, Op::Ge), "2026-03-31T11:00:00.000Z");
    assert_eq!(shown(0, 0, HOUR, true, Op::Lt), "2026-03-31T13:00:00.000Z");
    // 28 February 12:00 plus a month is not 31 March, but 31 February would be.
    assert_eq!(shown(1, 0, 0, false, Op::Ge), "2026-02-27T12:00:00.000Z");
    assert_eq!(shown(1, 0, 0, false, Op::Lt), "2026-03-04T12:00:00.000Z");
    assert_eq!(shown(0, 1, 0, false, Op::Ge), "2026-03-30T11:00:00.000Z", "clocks were changed just before");
    assert_eq!(shown(0, 5, 0, true, Op::Ge), "2026-04-05T12:00:00.000Z");
    assert_eq!(shown(0, 210, 0, true, Op::Lt), "2026-10-27T13:00:00.000Z", "and between");
}

#[test]
fn a_distance_from_another_time_is_a_bound() {
    let shown = |before, op, value: Value| {
        let steps = vec![Step::ToClock(Zone::Session), Step::Trunc(Unit::DAY), Step::Distance { from: 1, before }];
        let comparison = TimeExpr { steps, op, operand: 0, zoned: false };
        let window = comparison.window(&value, &[Value::Null, clock("2026-01-10T00:00:00Z")], &Zurich);
        (rfc3339_millis(window.lo), rfc3339_millis(window.hi))
    };
    // current_date - t::date < 7
    assert_eq!(shown(true, Op::Gt, Value::Text("7".into())).0, "2026-01-03T23:00:00.000Z");
    assert_eq!(shown(true, Op::Eq, Value::Text("0".into())), ("2026-01-09T23:00:00.000Z".into(), "2026-01-10T23:00:00.000Z".into()));
    let month = Value::Interval { months: 1, days: 0, micros: 0 };
    assert_eq!(shown(false, Op::Lt, month).1, "2026-02-08T23:00:00.000Z", "comparisons give a month thirty days");
}

#[test]
fn many_values_have_one_window_around_them() {
    let comparison = TimeExpr { steps: DATE.to_vec(), op: Op::Eq, operand: 0, zoned: false };
    let days: Vec<Value> = (0..100).rev().map(|day| Value::Local { clock: day * DAY, time: 0 }).chain([Value::Null]).collect();
    assert_eq!(comparison.windows(&days, &[], &Zurich), [Window { lo: -HOUR, hi: 100 * DAY - HOUR }]);
    assert_eq!(comparison.windows(&days[98..], &[], &Zurich).len(), 2);
}

#[test]
fn infinity_stays_infinity() {
    let beginning = Value::Local { clock: MINUS_INFINITY, time: MINUS_INFINITY };
    assert_eq!(shown(&DATE, Op::Gt, false, beginning.clone()), "0001-01-01T00:00Z …", "a bound at -infinity is a bound");
    assert_eq!(shown(&DATE, Op::Ge, false, beginning), "0001-01-01T00:00Z …");
    assert_eq!(shown(&DATE, Op::Le, false, Value::Local { clock: INFINITY, time: INFINITY }), "… …");
    assert_eq!(shown(&DATE, Op::Ge, false, Value::Local { clock: INFINITY, time: INFINITY }), "nothing");
    assert_eq!(shown(&DATE, Op::Lt, false, Value::Local { clock: MINUS_INFINITY, time: MINUS_INFINITY }), "nothing");
}

#[test]
fn a_type_that_rounds_widens_by_half_of_its_unit() {
    let rounded = |op| TimeExpr { steps: vec![Step::Round { half: 500_000 }], op, operand: 0, zoned: true };
    let at = [Value::Time(10_000_000)];
    let window = |op| rounded(op).window(&at[0], &at, &Zurich);
    assert_eq!(window(Op::Eq), Window { lo: 9_500_000, hi: 10_500_001 });
    assert_eq!(window(Op::Ge).lo, 9_500_000);
    assert_eq!(window(Op::Lt).hi, 10_500_000, "10.4999995 would round to 10, which is not below it");
}
