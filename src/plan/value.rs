//! A condition's operators, and the values of its operands.
//!
//! `pg` reads the values from Postgres; the conditions turn them into windows and texts. An operand that cannot be read is
//! [`Value::Unknown`], which restricts nothing.

use serde::{Deserialize, Serialize};

use super::window::rfc3339;

/// A comparison operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Op {
    /// `=`
    Eq,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

impl Op {
    /// The operator as SQL writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
        }
    }

    /// Whether the operator bounds its left side from below, and from above.
    pub(super) fn bounds(self) -> (bool, bool) {
        match self {
            Self::Eq => (true, true),
            Self::Lt | Self::Le => (false, true),
            Self::Gt | Self::Ge => (true, false),
        }
    }

    /// The operator that compares alike when the operands change sides.
    #[must_use]
    pub fn commuted(self) -> Self {
        match self {
            Self::Eq => Self::Eq,
            Self::Lt => Self::Gt,
            Self::Le => Self::Ge,
            Self::Gt => Self::Lt,
            Self::Ge => Self::Le,
        }
    }
}

/// An operand's value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// SQL NULL: no row satisfies a comparison with it.
    Null,
    /// A text, as the API writes it.
    Text(String),
    /// Microseconds since 2000-01-01 00:00 UTC. The extremes are Postgres' infinities.
    Time(i64),
    /// A date, or a timestamp without a time zone.
    Local {
        /// What clocks show, in microseconds as if they showed UTC.
        clock: i64,
        /// The time at which the session's clocks show that, in microseconds UTC.
        time: i64,
    },
    /// A number of a type that has fractions.
    Number(f64),
    /// An interval. Its three parts are kept apart, as Postgres keeps them.
    Interval {
        /// Months, which have 28 to 31 days.
        months: i32,
        /// Days, which changes of a zone's clocks make longer or shorter.
        days: i32,
        /// Microseconds.
        micros: i64,
    },
    /// An array's elements.
    List(Vec<Self>),
    /// A value that this build cannot read. The condition stays local.
    Unknown,
}

impl Value {
    /// The text that a request carries, or `None` for a type that no request carries. A time is written so that it reads back
    /// to the microsecond.
    pub(super) fn as_text(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Time(time) | Self::Local { time, .. } => rfc3339(*time),
            Self::Null | Self::Number(_) | Self::Interval { .. } | Self::List(_) | Self::Unknown => None,
        }
    }

    pub(super) fn as_time(&self) -> Option<i64> {
        match self {
            Self::Time(time) | Self::Local { time, .. } => Some(*time),
            _ => None,
        }
    }
}
