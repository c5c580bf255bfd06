//! Operators and types by their numbers → their meaning. An operator's name proves nothing, for a user may define one of any name. An
//! ordering is known by its place in the type's btree family, a calculation with times by its number in pg_operator.dat, which no
//! version changes.

use pgrx::pg_sys;

use crate::plan::value::Op;

/// Names operators by what stands on both sides.
macro_rules! numbers {
    ($($name:ident = $number:literal, $signature:literal;)+) => {
        $(#[doc = $signature] pub(super) const $name: u32 = $number;)+
    };
}

numbers! {
    TIMESTAMPTZ_PLUS_INTERVAL = 1327, "`timestamptz + interval`";
    TIMESTAMP_PLUS_INTERVAL = 2066, "`timestamp + interval`";
    TIMESTAMPTZ_MINUS_INTERVAL = 1329, "`timestamptz - interval`";
    TIMESTAMP_MINUS_INTERVAL = 2068, "`timestamp - interval`";
    TIMESTAMPTZ_MINUS_TIMESTAMPTZ = 1328, "`timestamptz - timestamptz`";
    TIMESTAMP_MINUS_TIMESTAMP = 2067, "`timestamp - timestamp`";
    DATE_MINUS_DATE = 1099, "`date - date`";
}

/// The comparison that an operator is, by its strategy in the default btree family of a type.
pub(super) fn btree_op(operator: pg_sys::Oid, type_oid: pg_sys::Oid) -> Option<Op> {
    // SAFETY: the type exists, since an expression of the query has it. An entry of the type cache is never freed.
    let family = unsafe { (*pg_sys::lookup_type_cache(type_oid, pg_sys::TYPECACHE_BTREE_OPFAMILY as i32)).btree_opf };
    // SAFETY: a lookup by oids.
    let strategy = unsafe { pg_sys::get_op_opfamily_strategy(operator, family) };
    match strategy as u32 {
        pg_sys::BTLessStrategyNumber => Some(Op::Lt),
        pg_sys::BTLessEqualStrategyNumber => Some(Op::Le),
        pg_sys::BTEqualStrategyNumber => Some(Op::Eq),
        pg_sys::BTGreaterEqualStrategyNumber => Some(Op::Ge),
        pg_sys::BTGreaterStrategyNumber => Some(Op::Gt),
        _ => None,
    }
}

/// Whether a collation calls only texts equal that are the same bytes; `InvalidOid` is no collation, which compares bytes.
pub(super) fn is_bytewise_equality(collation: pg_sys::Oid) -> bool {
    // SAFETY: a lookup by the oid of an expression's collation, which exists.
    collation == pg_sys::InvalidOid || unsafe { pg_sys::get_collation_isdeterministic(collation) }
}

/// The type below a domain, with the modifier that holds there.
pub(super) fn base_type(type_oid: pg_sys::Oid, mut typmod: i32) -> (pg_sys::Oid, i32) {
    // SAFETY: a lookup by the oid of a column's type, which exists; the modifier is a plain output.
    let base = unsafe { pg_sys::getBaseTypeAndTypmod(type_oid, &mut typmod) };
    (base, typmod)
}
