//! An operand's datum → a [`Value`], once its expression was evaluated at the scan's start.

use pgrx::{FromDatum, check_for_interrupts, pg_sys};

use super::text::text_of;
use crate::plan::value::Value;
use crate::plan::window::{INFINITY, MINUS_INFINITY};

/// The value of a datum; [`Value::Unknown`] where its type is none that conditions compare.
///
/// # Safety
/// The caller guarantees that `datum` is of that type, unless it is NULL.
pub(super) unsafe fn value(datum: pg_sys::Datum, is_null: bool, type_oid: pg_sys::Oid) -> Value {
    if is_null {
        return Value::Null;
    }
    match type_oid {
        pg_sys::TIMESTAMPTZOID => Value::Time(datum.value() as i64),
        pg_sys::TIMESTAMPOID => timestamp(datum.value() as i64),
        pg_sys::DATEOID => date(datum.value() as i32),
        pg_sys::FLOAT8OID => Value::Number(f64::from_bits(datum.value() as u64)),
        pg_sys::BOOLOID => Value::Text((datum.value() != 0).to_string()),
        pg_sys::INT2OID => Value::Text((datum.value() as i16).to_string()),
        pg_sys::INT4OID => Value::Text((datum.value() as i32).to_string()),
        pg_sys::INT8OID => Value::Text((datum.value() as i64).to_string()),
        // SAFETY: the caller guarantees a datum of this type.
        _ => unsafe { by_reference(datum, type_oid) },
    }
}

/// The value of a datum that points to its value.
///
/// # Safety
/// The caller guarantees that `datum` is of that type, and not NULL.
unsafe fn by_reference(datum: pg_sys::Datum, type_oid: pg_sys::Oid) -> Value {
    match type_oid {
        pg_sys::INTERVALOID => {
            // SAFETY: the caller guarantees an interval, which is never toasted.
            let interval = unsafe { *datum.cast_mut_ptr::<pg_sys::Interval>() };
            Value::Interval { months: interval.month, days: interval.day, micros: interval.time }
        }
        pg_sys::NUMERICOID => {
            // SAFETY: the caller guarantees a numeric.
            let number = unsafe { pgrx::AnyNumeric::from_datum(datum, false) };
            number.and_then(|n| n.try_into().ok()).map_or(Value::Unknown, Value::Number)
        }
        pg_sys::TEXTOID | pg_sys::VARCHAROID => {
            // SAFETY: the caller guarantees a text, which text_to_cstring detoasts and palloc's a copy of.
            Value::Text(unsafe { text_of(pg_sys::text_to_cstring(datum.cast_mut_ptr())) })
        }
        pg_sys::UUIDOID => {
            // SAFETY: the caller guarantees a uuid.
            let uuid = unsafe { pgrx::Uuid::from_datum(datum, false) };
            uuid.map_or(Value::Unknown, |uuid| Value::Text(uuid.to_string()))
        }
        // SAFETY: the caller guarantees a datum of this type.
        _ => unsafe { list(datum, type_oid) },
    }
}

/// Across types, Postgres compares in the session's time zone, and beyond the range with infinity; so does this value.
fn timestamp(clock: i64) -> Value {
    let mut overflow = 0;
    // SAFETY: computes with a number, and reports what it cannot.
    let time = unsafe { pg_sys::timestamp2timestamptz_opt_overflow(clock, &mut overflow) };
    Value::Local { clock, time: clamp(time, overflow) }
}

/// As a timestamp at midnight.
fn date(date: i32) -> Value {
    let mut overflow = 0;
    // SAFETY: computes with a number, and reports what it cannot.
    let time = unsafe { pg_sys::date2timestamptz_opt_overflow(date, &mut overflow) };
    let time = clamp(time, overflow);
    // SAFETY: computes with a number, and reports what it cannot.
    let clock = unsafe { pg_sys::date2timestamp_opt_overflow(date, &mut overflow) };
    Value::Local { clock: clamp(clock, overflow), time }
}

fn clamp(time: i64, overflow: i32) -> i64 {
    match overflow {
        0 => time,
        1.. => INFINITY,
        _ => MINUS_INFINITY,
    }
}

/// The values of an array; [`Value::Unknown`] for any other type.
///
/// # Safety
/// The caller guarantees that `datum` is of that type, and not NULL.
unsafe fn list(datum: pg_sys::Datum, type_oid: pg_sys::Oid) -> Value {
    // SAFETY: a lookup in the system cache.
    let element = unsafe { pg_sys::get_element_type(type_oid) };
    if element == pg_sys::InvalidOid {
        return Value::Unknown;
    }
    let (mut length, mut by_value, mut align) = (0, false, 0);
    let (mut datums, mut nulls, mut count) = (std::ptr::null_mut(), std::ptr::null_mut(), 0);
    // SAFETY: the caller guarantees an array, of this element type; deconstruct_array palloc's two arrays of `count` elements.
    unsafe {
        pg_sys::get_typlenbyvalalign(element, &mut length, &mut by_value, &mut align);
        let array = pg_sys::pg_detoast_datum(datum.cast_mut_ptr()).cast::<pg_sys::ArrayType>();
        pg_sys::deconstruct_array(array, element, i32::from(length), by_value, align, &mut datums, &mut nulls, &mut count);
    }
    let item = |i: usize| {
        check_for_interrupts!();
        // SAFETY: both arrays have `count` elements, each datum of the element type.
        unsafe { value(*datums.add(i), *nulls.add(i), element) }
    };
    Value::List((0..count as usize).map(item).collect())
}
