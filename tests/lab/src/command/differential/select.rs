//! A query as a tree, with the form in which it is sent and its settings.

use super::condition::{Condition, Operand};
use super::table::Table;

/// One query of the test, the same for every server and for the local copy.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Query {
    pub(super) select: Select,
    pub(super) form: Form,
    pub(super) zone: &'static str,
    /// Settings of the session, as `SET LOCAL` takes them.
    pub(super) settings: Vec<&'static str>,
    /// Index in `SETUPS`.
    pub(super) setup: usize,
}

/// How a client sends the query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    Plain,
    /// Executed with two sets of values, under this plan_cache_mode.
    Prepared {
        mode: &'static str,
    },
    /// Fetched in portions of `rows`; a cursor that rewinds reads the first rows twice.
    Cursor {
        rows: usize,
        rewinds: bool,
    },
}

/// A SELECT, which may stand in another one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Select {
    pub(super) output: Vec<String>,
    pub(super) distinct: bool,
    pub(super) from: FromItem,
    pub(super) joins: Vec<Join>,
    pub(super) filter: Vec<Condition>,
    /// Number of outputs, from the first on, that rows are grouped by.
    pub(super) grouped: usize,
    pub(super) having: Option<&'static str>,
    pub(super) order: Option<OrderBy>,
    pub(super) limit: Option<u64>,
    pub(super) offset: Option<u64>,
    /// Whether only the number of rows is compared: then a LIMIT needs no order.
    pub(super) counted: bool,
}

/// The order of a select's rows: by the first output, and if `total` by all others after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OrderBy {
    pub(super) descending: bool,
    /// `NULLS FIRST` or `NULLS LAST`, or empty.
    pub(super) nulls: &'static str,
    pub(super) total: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct FromItem {
    pub(super) alias: String,
    pub(super) source: Source,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Source {
    Table(&'static Table),
    /// The UNION ALL of its parts, whose outputs have the names of `columns`.
    Derived {
        wrap: Wrap,
        parts: Vec<Select>,
        columns: Vec<&'static str>,
    },
}

/// How a query contains another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrap {
    Subquery,
    /// `WITH … AS`, and the word between AS and the parenthesis.
    With(&'static str),
    View,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Join {
    /// `JOIN`, `LEFT JOIN`, `LEFT JOIN LATERAL` …
    pub(super) word: &'static str,
    pub(super) item: FromItem,
    pub(super) on: Vec<Condition>,
}

impl Select {
    /// A select without further clauses.
    pub(super) fn new(output: Vec<String>, from: FromItem, filter: Vec<Condition>) -> Self {
        Self {
            output,
            distinct: false,
            from,
            joins: Vec::new(),
            filter,
            grouped: 0,
            having: None,
            order: None,
            limit: None,
            offset: None,
            counted: false,
        }
    }

    /// Whether the rows come in a determined order.
    pub(super) fn is_ordered(&self) -> bool {
        !self.counted && self.order.is_some_and(|order| order.total)
    }

    /// Whether the values of the first output come in a determined order.
    pub(super) fn orders_first_output(&self) -> bool {
        !self.counted && self.order.is_some()
    }

    /// The foreign table, if the query reads one foreign table and nothing else.
    pub(super) fn only_table(&self) -> Option<&'static Table> {
        fn has_select(condition: &Condition) -> bool {
            match condition {
                Condition::And(parts) | Condition::Or(parts) => parts.iter().any(has_select),
                Condition::Not(inner) | Condition::Test(inner, _) => has_select(inner),
                Condition::Leaf(leaf) => leaf.operands.iter().any(|operand| matches!(operand, Operand::Scalar(_))),
                Condition::Exists { .. } | Condition::In { .. } => true,
            }
        }
        match self.from.source {
            Source::Table(table) if table.is_foreign() && self.joins.is_empty() && !self.filter.iter().any(has_select) => Some(table),
            _ => None,
        }
    }
}
