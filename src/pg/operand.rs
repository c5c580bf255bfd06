//! An operand's datum → a [`Value`], once its expression was evaluated at the scan's start.

use pgrx::{FromDatum, check_for_interrupts, pg_sys};

use crate::plan::value::Value;
use crate::plan::window::{INFINITY, MINUS_INFINITY};

/// SAFETY: `datum` is of that type.
pub(super) unsafe fn value(datum: pg_sys::Datum, is_null: bool, type_oid: pg_sys::Oid) -> Value {
    if is_null {
        return Value::Null;
    }
    let mut overflow = 0;
    // SAFETY: the caller's; each arm reads the datum as its type is laid out.
    unsafe {
        match type_oid {
            pg_sys::TIMESTAMPTZOID => Value::Time(datum.value() as i64),
            // Across types, Postgres compares in the session's time zone, and beyond the range with infinity; so do these.
            pg_sys::TIMESTAMPOID => {
                let clock = datum.value() as i64;
                let time = pg_sys::timestamp2timestamptz_opt_overflow(clock, &mut overflow);
                Value::Local { clock, time: clamp(time, overflow) }
            }
            pg_sys::DATEOID => {
                let date = datum.value() as i32;
                let time = clamp(pg_sys::date2timestamptz_opt_overflow(date, &mut overflow), overflow);
                let clock = clamp(pg_sys::date2timestamp_opt_overflow(date, &mut overflow), overflow);
                Value::Local { clock, time }
            }
            pg_sys::INTERVALOID => {
                let interval = *datum.cast_mut_ptr::<pg_sys::Interval>();
                Value::Interval { months: interval.month, days: interval.day, micros: interval.time }
            }
            pg_sys::FLOAT8OID => Value::Number(f64::from_bits(datum.value() as u64)),
            pg_sys::NUMERICOID => {
                pgrx::AnyNumeric::from_datum(datum, false).and_then(|n| n.try_into().ok()).map_or(Value::Unknown, Value::Number)
            }
            pg_sys::TEXTOID | pg_sys::VARCHAROID => Value::Text(super::text::text_of(pg_sys::text_to_cstring(datum.cast_mut_ptr()))),
            pg_sys::BOOLOID => Value::Text((datum.value() != 0).to_string()),
            pg_sys::INT2OID => Value::Text((datum.value() as i16).to_string()),
            pg_sys::INT4OID => Value::Text((datum.value() as i32).to_string()),
            pg_sys::INT8OID => Value::Text((datum.value() as i64).to_string()),
            pg_sys::UUIDOID => pgrx::Uuid::from_datum(datum, false).map_or(Value::Unknown, |u| Value::Text(u.to_string())),
            _ => list(datum, type_oid),
        }
    }
}

fn clamp(time: i64, overflow: i32) -> i64 {
    match overflow {
        0 => time,
        1.. => INFINITY,
        _ => MINUS_INFINITY,
    }
}

/// SAFETY: `datum` is of that type.
unsafe fn list(datum: pg_sys::Datum, type_oid: pg_sys::Oid) -> Value {
    // SAFETY: the caller's; deconstruct_array allocates both arrays with `count` elements.
    unsafe {
        let element = pg_sys::get_element_type(type_oid);
        if element == pg_sys::InvalidOid {
            return Value::Unknown;
        }
        let (mut length, mut by_value, mut align) = (0, false, 0);
        pg_sys::get_typlenbyvalalign(element, &mut length, &mut by_value, &mut align);
        let (mut datums, mut nulls, mut count) = (std::ptr::null_mut(), std::ptr::null_mut(), 0);
        let array = pg_sys::pg_detoast_datum(datum.cast_mut_ptr()).cast::<pg_sys::ArrayType>();
        pg_sys::deconstruct_array(array, element, i32::from(length), by_value, align, &mut datums, &mut nulls, &mut count);
        let item = |i: usize| {
            check_for_interrupts!();
            value(*datums.add(i), *nulls.add(i), element)
        };
        let items = (0..count as usize).map(item).collect();
        Value::List(items)
    }
}
