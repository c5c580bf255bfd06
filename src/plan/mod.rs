//! Quals → requests: which windows and values a query needs, and how they are asked for.
//!
//! Pure: values in, values out. Knows no Postgres, no network, no clock. Whatever it decides may be too wide, never too
//! narrow (law 1): Postgres rechecks every condition.

pub mod askable;
pub mod carry;
pub mod condition;
pub mod density;
pub mod explain;
pub mod limits;
pub mod notice;
pub mod partition;
pub mod reading;
pub mod request;
pub mod resolve;
pub mod sampling;
pub mod scan_plan;
pub mod selection;
pub mod slice;
pub mod slicing;
pub mod time_expr;
pub mod value;
pub mod window;
