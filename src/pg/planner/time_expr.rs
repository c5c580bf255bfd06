//! What a query makes of the time column, as a Postgres expression → the steps that [`crate::plan::time_expr`] can go backwards.

use pgrx::{IntoDatum, PgList, PgTryBuilder, is_a, pg_sys};

use super::clauses::Converter;
use crate::pg::text::text_of;
use crate::plan::time_expr::{Step, Unit, Zone, Zones};

/// An expression over the time column.
pub(crate) struct ParsedTimeExpr {
    /// The time column, by the description.
    pub(crate) column: usize,
    /// What is made of it, from the inside out.
    pub(crate) steps: Vec<Step>,
    /// The type of what comes out.
    pub(crate) type_oid: pg_sys::Oid,
}

impl ParsedTimeExpr {
    /// Goes on with one more function.
    fn then(mut self, steps: impl IntoIterator<Item = Step>, type_oid: pg_sys::Oid) -> Self {
        self.steps.extend(steps);
        self.type_oid = type_oid;
        self
    }

    /// As a comparison with an operand of this type sees it, and whether it compares times rather than clocks; `None` where they are
    /// not compared so.
    pub(crate) fn compared_with(self, operand: pg_sys::Oid) -> Option<(Self, bool)> {
        match (self.type_oid, operand) {
            (pg_sys::TIMESTAMPTZOID, pg_sys::TIMESTAMPTZOID | pg_sys::TIMESTAMPOID | pg_sys::DATEOID) => Some((self, true)),
            (pg_sys::TIMESTAMPOID | pg_sys::DATEOID, pg_sys::TIMESTAMPOID | pg_sys::DATEOID) => Some((self, false)),
            // Postgres reads the clock in the session's zone.
            (pg_sys::TIMESTAMPOID | pg_sys::DATEOID, pg_sys::TIMESTAMPTZOID) => {
                Some((self.then([Step::FromClock(Zone::Session)], pg_sys::TIMESTAMPTZOID), true))
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

impl Converter<'_> {
    /// Reads an expression over the time column, with at least one function in it or none.
    ///
    /// SAFETY: `node` is an expression of this query.
    pub(crate) unsafe fn parse(&mut self, node: *mut pg_sys::Node) -> Option<ParsedTimeExpr> {
        // SAFETY: the caller's; the tag says which struct a node is (nodes.h), and a function has the arguments that pg_proc says.
        unsafe {
            if is_a(node, pg_sys::NodeTag::T_OpExpr) {
                return self.calculated(node.cast());
            }
            if let Some((column, half)) = self.rounded_time(node) {
                return Some(ParsedTimeExpr { column, steps: vec![Step::Round { half }], type_oid: pg_sys::TIMESTAMPTZOID });
            }
            if !is_a(node, pg_sys::NodeTag::T_FuncExpr) {
                let (column, type_oid) = self.column(node)?;
                let is_time = self.table.endpoint.time_range.as_ref().is_some_and(|range| range.column == column);
                return (is_time && type_oid == pg_sys::TIMESTAMPTZOID).then(|| ParsedTimeExpr { column, steps: Vec::new(), type_oid });
            }
            let call = node.cast::<pg_sys::FuncExpr>();
            let args: Vec<*mut pg_sys::Node> = PgList::<pg_sys::Node>::from_pg((*call).args).iter_ptr().collect();
            let result = (*call).funcresulttype;
            // Numbers as pg_proc.dat gives them; they are the same in every version.
            match ((*call).funcid.to_u32(), args.as_slice()) {
                // date(timestamptz)
                (1178, &[from]) => Some(self.parse(from)?.then([to_clock(), Step::Trunc(Unit::DAY)], result)),
                // date(timestamp)
                (2029, &[from]) => Some(self.parse(from)?.then([Step::Trunc(Unit::DAY)], result)),
                // timestamp(timestamptz), timestamp(date)
                (2027, &[from]) => Some(self.parse(from)?.then([to_clock()], result)),
                (2024, &[from]) => Some(self.parse(from)?.then([], result)),
                // timestamptz(timestamp), timestamptz(date)
                (2028 | 1174, &[from]) => Some(self.parse(from)?.then([Step::FromClock(Zone::Session)], result)),
                // timezone(text, timestamptz), timezone(text, timestamp)
                (1159, &[zone, from]) => {
                    let parsed = self.parse(from)?;
                    Some(parsed.then([Step::ToClock(self.zone(zone)?)], result))
                }
                (2069, &[zone, from]) => {
                    let parsed = self.parse(from)?;
                    Some(parsed.then([Step::FromClock(self.zone(zone)?)], result))
                }
                // date_trunc(text, timestamptz), with a zone, of a timestamp
                (1217, &[unit, from]) => {
                    let steps = [to_clock(), Step::Trunc(unit_of(unit)?), Step::FromClock(Zone::Session)];
                    Some(self.parse(from)?.then(steps, result))
                }
                (1284, &[unit, from, zone]) => {
                    let parsed = self.parse(from)?;
                    let (unit, zone) = (unit_of(unit)?, self.zone(zone)?);
                    Some(parsed.then([Step::ToClock(zone.clone()), Step::Trunc(unit), Step::FromClock(zone)], result))
                }
                (2020, &[unit, from]) => Some(self.parse(from)?.then([Step::Trunc(unit_of(unit)?)], result)),
                // extract and date_part: of a timestamptz, a timestamp, a date
                (6203 | 1171, &[field, from]) => match field_of(field)? {
                    Step::Year => Some(self.parse(from)?.then([to_clock(), Step::Year], result)),
                    field => Some(self.parse(from)?.then([field], result)),
                },
                (6202 | 2021 | 6199 | 1384, &[field, from]) => Some(self.parse(from)?.then([field_of(field)?], result)),
                // A field as another number: int2, int4, int8 and float8 of numeric; int2, int4, int8 of float8
                (1783 | 1744 | 1779 | 1746 | 238 | 317 | 483, &[from]) => {
                    let mut parsed = self.parse(from)?;
                    match parsed.steps.last_mut()? {
                        Step::Year => {}
                        Step::Epoch { rounded } => *rounded = true,
                        _ => return None,
                    }
                    Some(parsed.then([], result))
                }
                _ => None,
            }
        }
    }

    /// Reads a sum or a difference.
    ///
    /// SAFETY: `expr` is an OpExpr of this query.
    unsafe fn calculated(&mut self, expr: *mut pg_sys::OpExpr) -> Option<ParsedTimeExpr> {
        // SAFETY: as above.
        unsafe {
            let args: Vec<*mut pg_sys::Node> = PgList::<pg_sys::Node>::from_pg((*expr).args).iter_ptr().collect();
            let &[left, right] = args.as_slice() else { return None };
            let result = (*expr).opresulttype;
            // Numbers as pg_operator.dat gives them.
            match (*expr).opno.to_u32() {
                // timestamptz + interval, timestamp + interval; timestamptz - interval, timestamp - interval
                operator @ (1327 | 2066 | 1329 | 2068) => {
                    let parsed = self.parse(left)?;
                    let step = Step::Shift { interval: self.kept(right)?, back: matches!(operator, 1329 | 2068) };
                    Some(parsed.then([step], result))
                }
                // timestamptz - timestamptz, timestamp - timestamp, date - date
                1328 | 2067 | 1099 => {
                    let known = self.operands.len();
                    if let Some(parsed) = self.parse(left) {
                        let step = Step::Distance { from: self.kept(right)?, before: false };
                        return Some(parsed.then([step], result));
                    }
                    self.operands.truncate(known);
                    let parsed = self.parse(right)?;
                    let step = Step::Distance { from: self.kept(left)?, before: true };
                    Some(parsed.then([step], result))
                }
                _ => None,
            }
        }
    }

    /// SAFETY: `node` is an expression of this query.
    unsafe fn kept(&mut self, node: *mut pg_sys::Node) -> Option<usize> {
        // SAFETY: the caller's.
        unsafe { self.is_operand(node) }.then(|| self.keep(node))
    }

    /// SAFETY: `node` is an expression of this query.
    unsafe fn zone(&mut self, node: *mut pg_sys::Node) -> Option<Zone> {
        // SAFETY: the caller's.
        unsafe { self.kept(node) }.map(Zone::Named)
    }
}

fn to_clock() -> Step {
    Step::ToClock(Zone::Session)
}

/// SAFETY: `node` is an expression.
unsafe fn unit_of(node: *mut pg_sys::Node) -> Option<Unit> {
    // SAFETY: the caller's.
    unsafe { constant_text(node) }.and_then(|name| Unit::named(&name))
}

/// The field of `extract` that has an order.
///
/// SAFETY: `node` is an expression.
unsafe fn field_of(node: *mut pg_sys::Node) -> Option<Step> {
    // SAFETY: the caller's.
    match unsafe { constant_text(node) }?.to_ascii_lowercase().as_str() {
        "year" | "years" => Some(Step::Year),
        "epoch" => Some(Step::Epoch { rounded: false }),
        _ => None,
    }
}

/// SAFETY: `node` is an expression.
unsafe fn constant_text(node: *mut pg_sys::Node) -> Option<String> {
    // SAFETY: the tag says which struct a node is (nodes.h); a constant of type text points at one.
    unsafe {
        if !is_a(node, pg_sys::NodeTag::T_Const) {
            return None;
        }
        let constant = node.cast::<pg_sys::Const>();
        let is_text = !(*constant).constisnull && (*constant).consttype == pg_sys::TEXTOID;
        is_text.then(|| text_of(pg_sys::text_to_cstring((*constant).constvalue.cast_mut_ptr())))
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
