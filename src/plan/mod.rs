//! Quals → requests: which windows and values a query needs, and the request that asks for them.
//!
//! The room is pure: it takes values and returns values, and knows no Postgres, no network and no clock. What must not be
//! broken: a selection, a slice or a request may hold more rows than the query wants, never fewer (law 1). Postgres rechecks
//! every condition.

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
