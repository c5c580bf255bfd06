//! Operators, and the values of operands: what a condition compares, and with what.

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
    /// As SQL writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
        }
    }

    /// Whether it bounds its left side from below, and from above.
    pub(super) fn bounds(self) -> (bool, bool) {
        match self {
            Self::Eq => (true, true),
            Self::Lt | Self::Le => (false, true),
            Self::Gt | Self::Ge => (true, false),
        }
    }

    /// The same comparison read from right to left.
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
    /// A text as the API writes it.
    Text(String),
    /// Microseconds since 2000; the extremes are the infinities.
    Time(i64),
    /// A date or a time without a zone.
    Local {
        /// What clocks show, as if they showed UTC.
        clock: i64,
        /// When the session's clocks show that.
        time: i64,
    },
    /// A number that is not whole by its type.
    Number(f64),
    /// An interval, as Postgres keeps it.
    Interval {
        /// Months, which have 28 to 31 days.
        months: i32,
        /// Days, which a zone's clocks may make longer or shorter.
        days: i32,
        /// The rest.
        micros: i64,
    },
    /// An array's elements.
    List(Vec<Self>),
    /// Something that this build cannot read: the condition stays local.
    Unknown,
}

impl Value {
    /// As a request carries it; a time is written so that it can be read back to the microsecond.
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
