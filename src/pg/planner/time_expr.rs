//! An expression over the time column → the steps that [`crate::plan::time_expr`] can go backwards.
//!
//! A function is known by its number, which pgrx names as Postgres does: `F_DATE_TRUNC_TEXT_TIMESTAMP` is `date_trunc(text, timestamp)`.
//! An expression that is not recognised yields `None`, and its clause stays local. The operands of steps are kept in the order in which
//! they are met. A caller that gets `None` forgets them.

use pgrx::{IntoDatum, PgTryBuilder, pg_sys};

use super::clauses::Converter;
use super::operators;
use crate::pg::node::{Call, Expr, Operation};
use crate::plan::time_expr::{Step, Unit, Zone, Zones};

/// An expression over the time column.
pub(crate) struct ParsedTimeExpr {
    /// The time column, by the description.
    pub(crate) column: usize,
    /// The functions that are applied to it, from the inside out.
    pub(crate) steps: Vec<Step>,
    /// The type of the result.
    pub(crate) type_oid: pg_sys::Oid,
}

impl ParsedTimeExpr {
    /// Applies further steps to the result.
    fn then(mut self, steps: impl IntoIterator<Item = Step>) -> Self {
        self.steps.extend(steps);
        self
    }

    /// The expression as a comparison with an operand of this type sees it, and whether the comparison is of times rather than of
    /// clocks; `None` where Postgres compares otherwise.
    pub(crate) fn compared_with(self, operand: pg_sys::Oid) -> Option<(Self, bool)> {
        match (self.type_oid, operand) {
            (pg_sys::TIMESTAMPTZOID, pg_sys::TIMESTAMPTZOID | pg_sys::TIMESTAMPOID | pg_sys::DATEOID) => Some((self, true)),
            (pg_sys::TIMESTAMPOID | pg_sys::DATEOID, pg_sys::TIMESTAMPOID | pg_sys::DATEOID) => Some((self, false)),
            // Postgres reads the clock in the session's zone.
            (pg_sys::TIMESTAMPOID | pg_sys::DATEOID, pg_sys::TIMESTAMPTZOID) => {
                let time = self.then([Step::FromClock(Zone::Session)]);
                Some((Self { type_oid: pg_sys::TIMESTAMPTZOID, ..time }, true))
            }
            (a, b) if is_number(a) && is_number(b) => Some((self, false)),
            (pg_sys::INTERVALOID, pg_sys::INTERVALOID) => Some((self, false)),
            _ => None,
        }
    }
}

fn is_number(type_oid: pg_sys::Oid) -> bool {
    matches!(type_oid, pg_sys::NUMERICOID | pg_sys::FLOAT8OID | pg_sys::INT2OID | pg_sys::INT4OID | pg_sys::INT8OID)
}

impl<'q> Converter<'_, 'q> {
    /// Reads an expression over the time column: the bare column, or functions of it.
    pub(crate) fn parse(&mut self, expr: Expr<'q>) -> Option<ParsedTimeExpr> {
        if let Some(operation) = expr.as_op() {
            return self.parse_operation(operation);
        }
        if let Some(call) = expr.as_func() {
            return self.parse_call(&call);
        }
        if let Some((column, half)) = self.rounded_time(expr) {
            return Some(ParsedTimeExpr { column, steps: vec![Step::Round { half }], type_oid: pg_sys::TIMESTAMPTZOID });
        }
        let (column, type_oid) = self.column(expr)?;
        let is_time = self.table.endpoint.time_range.as_ref().is_some_and(|range| range.column == column);
        (is_time && type_oid == pg_sys::TIMESTAMPTZOID).then(|| ParsedTimeExpr { column, steps: Vec::new(), type_oid })
    }

    fn parse_call(&mut self, call: &Call<'q>) -> Option<ParsedTimeExpr> {
        let function = call.function.to_u32();
        let parsed = match *call.args.as_slice() {
            [from] => self.parse_cast(function, from),
            [zone, from] if is_time_zone(function) => self.parse_time_zone(function, zone, from),
            [unit, from] if is_trunc(function) => self.parse_trunc(function, unit, from),
            [field, from] => self.parse_field(function, field, from),
            [unit, from, zone] => self.parse_trunc_in_zone(function, unit, from, zone),
            _ => None,
        };
        Some(ParsedTimeExpr { type_oid: call.result, ..parsed? })
    }

    /// A change of type.
    fn parse_cast(&mut self, function: u32, from: Expr<'q>) -> Option<ParsedTimeExpr> {
        match function {
            pg_sys::F_DATE_TIMESTAMPTZ => Some(self.parse(from)?.then([to_clock(), Step::Trunc(Unit::DAY)])),
            pg_sys::F_DATE_TIMESTAMP => Some(self.parse(from)?.then([Step::Trunc(Unit::DAY)])),
            pg_sys::F_TIMESTAMP_TIMESTAMPTZ => Some(self.parse(from)?.then([to_clock()])),
            pg_sys::F_TIMESTAMP_DATE => self.parse(from),
            pg_sys::F_TIMESTAMPTZ_TIMESTAMP | pg_sys::F_TIMESTAMPTZ_DATE => Some(self.parse(from)?.then([from_clock()])),
            pg_sys::F_INT2_NUMERIC | pg_sys::F_INT4_NUMERIC | pg_sys::F_INT8_NUMERIC | pg_sys::F_FLOAT8_NUMERIC => self.parse_rounded(from),
            pg_sys::F_INT4_FLOAT8 | pg_sys::F_INT8_FLOAT8 => self.parse_rounded(from),
            _ => None,
        }
    }

    /// A field of a time as another type of number.
    fn parse_rounded(&mut self, from: Expr<'q>) -> Option<ParsedTimeExpr> {
        let mut parsed = self.parse(from)?;
        match parsed.steps.last_mut()? {
            Step::Year => {}
            Step::Epoch { rounded } => *rounded = true,
            _ => return None,
        }
        Some(parsed)
    }

    /// `AT TIME ZONE`.
    fn parse_time_zone(&mut self, function: u32, zone: Expr<'q>, from: Expr<'q>) -> Option<ParsedTimeExpr> {
        let parsed = self.parse(from)?;
        let zone = Zone::Named(self.keep_if_operand(zone)?);
        let is_of_time = function == pg_sys::F_TIMEZONE_TEXT_TIMESTAMPTZ;
        Some(parsed.then([if is_of_time { Step::ToClock(zone) } else { Step::FromClock(zone) }]))
    }

    /// `date_trunc` in the session's zone, or of what clocks show.
    fn parse_trunc(&mut self, function: u32, unit: Expr<'q>, from: Expr<'q>) -> Option<ParsedTimeExpr> {
        let (parsed, trunc) = (self.parse(from)?, Step::Trunc(unit_of(unit)?));
        let is_of_time = function == pg_sys::F_DATE_TRUNC_TEXT_TIMESTAMPTZ;
        Some(if is_of_time { parsed.then([to_clock(), trunc, from_clock()]) } else { parsed.then([trunc]) })
    }

    /// `date_trunc` in a zone of its own.
    fn parse_trunc_in_zone(&mut self, function: u32, unit: Expr<'q>, from: Expr<'q>, zone: Expr<'q>) -> Option<ParsedTimeExpr> {
        if function != pg_sys::F_DATE_TRUNC_TEXT_TIMESTAMPTZ_TEXT {
            return None;
        }
        let parsed = self.parse(from)?;
        let unit = unit_of(unit)?;
        let zone = Zone::Named(self.keep_if_operand(zone)?);
        Some(parsed.then([Step::ToClock(zone.clone()), Step::Trunc(unit), Step::FromClock(zone)]))
    }

    /// `extract` and `date_part`.
    fn parse_field(&mut self, function: u32, field: Expr<'q>, from: Expr<'q>) -> Option<ParsedTimeExpr> {
        let is_of_time = match function {
            pg_sys::F_EXTRACT_TEXT_TIMESTAMPTZ | pg_sys::F_DATE_PART_TEXT_TIMESTAMPTZ => true,
            pg_sys::F_EXTRACT_TEXT_TIMESTAMP | pg_sys::F_DATE_PART_TEXT_TIMESTAMP => false,
            pg_sys::F_EXTRACT_TEXT_DATE | pg_sys::F_DATE_PART_TEXT_DATE => false,
            _ => return None,
        };
        let field = field_of(field)?;
        let parsed = self.parse(from)?;
        // The year is that of the session's clocks; seconds since 1970 are the same everywhere.
        let parsed = if is_of_time && field == Step::Year { parsed.then([to_clock()]) } else { parsed };
        Some(parsed.then([field]))
    }

    /// A sum or a difference.
    fn parse_operation(&mut self, operation: Operation<'q>) -> Option<ParsedTimeExpr> {
        let Operation { left, right, .. } = operation;
        let (parsed, step) = match operation.operator.to_u32() {
            operators::TIMESTAMPTZ_PLUS_INTERVAL | operators::TIMESTAMP_PLUS_INTERVAL => {
                (self.parse(left)?, Step::Shift { interval: self.keep_if_operand(right)?, back: false })
            }
            operators::TIMESTAMPTZ_MINUS_INTERVAL | operators::TIMESTAMP_MINUS_INTERVAL => {
                (self.parse(left)?, Step::Shift { interval: self.keep_if_operand(right)?, back: true })
            }
            operators::TIMESTAMPTZ_MINUS_TIMESTAMPTZ | operators::TIMESTAMP_MINUS_TIMESTAMP | operators::DATE_MINUS_DATE => {
                let known = self.operands.len();
                if let Some(parsed) = self.parse(left) {
                    (parsed, Step::Distance { from: self.keep_if_operand(right)?, before: false })
                } else {
                    self.operands.truncate(known);
                    (self.parse(right)?, Step::Distance { from: self.keep_if_operand(left)?, before: true })
                }
            }
            _ => return None,
        };
        Some(ParsedTimeExpr { type_oid: operation.result, ..parsed.then([step]) })
    }

    fn keep_if_operand(&mut self, expr: Expr<'q>) -> Option<usize> {
        self.is_operand(expr).then(|| self.keep(expr))
    }
}

fn is_time_zone(function: u32) -> bool {
    matches!(function, pg_sys::F_TIMEZONE_TEXT_TIMESTAMPTZ | pg_sys::F_TIMEZONE_TEXT_TIMESTAMP)
}

fn is_trunc(function: u32) -> bool {
    matches!(function, pg_sys::F_DATE_TRUNC_TEXT_TIMESTAMPTZ | pg_sys::F_DATE_TRUNC_TEXT_TIMESTAMP)
}

fn to_clock() -> Step {
    Step::ToClock(Zone::Session)
}

fn from_clock() -> Step {
    Step::FromClock(Zone::Session)
}

/// The unit that a constant names.
fn unit_of(expr: Expr<'_>) -> Option<Unit> {
    expr.text().and_then(|name| Unit::named(&name))
}

/// The field of `extract` that a constant names, where a later time never has a smaller one.
fn field_of(expr: Expr<'_>) -> Option<Step> {
    match expr.text()?.to_ascii_lowercase().as_str() {
        "year" | "years" => Some(Step::Year),
        "epoch" => Some(Step::Epoch { rounded: false }),
        _ => None,
    }
}

/// Zones as Postgres knows them.
pub(crate) struct PgZones;

impl Zones for PgZones {
    fn utc_offset(&self, zone: Option<&str>, t: i64) -> Option<i64> {
        // The range of timestamptz, a little inside (timestamp.h).
        let t = t.clamp(-211_813_000_000_000_000, 9_223_371_000_000_000_000);
        let clock = match zone {
            None => {
                let (mut west, mut fields, mut fraction) = (0, pg_sys::pg_tm::default(), 0);
                let none = std::ptr::null_mut();
                // SAFETY: plain outputs; without a zone it is the session's.
                let failed = unsafe { pg_sys::timestamp2tm(t, &mut west, &mut fields, &mut fraction, none, none.cast()) };
                (failed == 0).then(|| t - i64::from(west) * 1_000_000)
            }
            // An unknown zone is Postgres' error where the condition itself is evaluated, and none before.
            Some(zone) => PgTryBuilder::new(|| {
                // SAFETY: timezone(text, timestamptz) is strict and gets both; it looks a zone up, and holds nothing.
                let clock = unsafe { pgrx::direct_function_call_as_datum(pg_sys::timestamptz_zone, &[zone.into_datum(), t.into_datum()]) };
                clock.map(|clock| clock.value() as i64)
            })
            .catch_others(|_| None)
            .execute(),
        };
        clock.map(|clock| clock - t)
    }
}
