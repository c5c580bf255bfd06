//! WHAT the APIs are: data. A source is one system, read from one JSON file (or from a user's `definition`).
//!
//! Knows no Postgres, no network, no clock. A fifth API must fit the types of this file, and if it does not, they are wrong and change.

mod auth;
mod binding;
mod errors;
mod fault;
mod index;
mod naming;
mod pagination;
mod parameters;
mod pointer;
mod read;
pub mod statements;

use std::sync::Arc;

use once_cell::sync::Lazy;

pub use self::auth::{Credential, LOGIN_SECRETS, Login, LoginBody, SECRETS, TOKEN, TokenPlace, placeholders};
pub use self::binding::{Binding, adopt_names};
pub use self::errors::{ErrorRule, Refusal};
pub use self::index::{ColumnIndex, fold};
pub use self::naming::ColumnCase;
pub use self::pagination::{Evidence, FullLastPage, NextUrl, PageSize, Pagination, PagingStyle};
pub use self::parameters::{check_table_options, given_parameters};
pub use self::pointer::Pointer;
use crate::error::{Error, ErrorKind, Result};
use crate::time_zone::TimeZone;

/// The text of each built-in description. A new system is one more line and one more file.
const BUILT_IN: &[(&str, &str)] = &[
    ("tixngo", include_str!("tixngo.json")),
    ("socialboards", include_str!("socialboards.json")),
    ("viviot", include_str!("viviot.json")),
    ("huawei", include_str!("huawei.json")),
];

type BuiltIn = (&'static str, Result<Arc<Source>>);

static SOURCES: Lazy<Vec<BuiltIn>> = Lazy::new(|| BUILT_IN.iter().map(|(name, text)| (*name, Source::read(text).map(Arc::new))).collect());

/// The built-in source of that name.
pub fn built_in(name: &str) -> Option<Result<Arc<Source>>> {
    SOURCES.iter().find(|(known, _)| *known == name).map(|(_, source)| source.clone())
}

/// The names of all built-in sources.
pub fn built_in_names() -> Vec<&'static str> {
    BUILT_IN.iter().map(|(name, _)| *name).collect()
}

/// One system: how to authenticate, what a user may set, and its tables.
#[derive(Debug, Clone)]
pub struct Source {
    /// The name that the server option `source` gives.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// Where the vendor describes it.
    pub reference: String,
    /// Values that a user sets as server or table options and that requests carry.
    pub parameters: Vec<Parameter>,
    /// The ways to show who asks; the first whose secrets the user has goes along with each request.
    pub auth: Vec<Credential>,
    /// The ways to get a token from other secrets; the first whose secrets the user has is taken.
    pub logins: Vec<Login>,
    /// Headers that carry parameters; one goes along where all that it names is set.
    pub headers: Vec<Credential>,
    /// What times without a zone mean, unless the option `time_zone` says otherwise.
    pub time_zone: Option<TimeZone>,
    /// The endpoints.
    pub tables: Vec<Table>,
}

/// A value that a request needs and a user sets once.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// The option's name.
    pub name: String,
    /// What it is, for `restlog.sources()` and the README.
    pub doc: String,
    /// Used when it is not set.
    pub default: Option<String>,
    /// Values that a probe tries where the credentials are refused: how the API names or writes it is not published.
    pub alternatives: Vec<String>,
}

/// One endpoint that answers pages of records.
#[derive(Debug, Clone)]
pub struct Table {
    /// The name of the foreign table that `IMPORT FOREIGN SCHEMA` makes.
    pub name: String,
    /// One line for people.
    pub doc: String,
    /// The HTTP method.
    pub method: Method,
    /// The path below `base_url`.
    pub path: String,
    /// Where the array of records is.
    pub records: Pointer,
    /// How a response says that it is an error, whatever its status.
    pub errors: Arc<[ErrorRule]>,
    /// How to get from page to page, and what proves the end.
    pub pagination: Pagination,
    /// The filter on a column of times, if the API has one.
    pub time_range: Option<TimeRange>,
    /// The columns in the order of the reference page.
    pub columns: Vec<Column>,
}

/// The HTTP methods of reading APIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET
    Get,
    /// POST with a JSON body
    Post,
}

impl Method {
    /// As it stands in a request line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// Where in a request a value travels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Which part of the request.
    pub part: Part,
    /// The parameter's name there.
    pub name: String,
}

/// The parts of a request that carry values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// `?name=value`
    Query,
    /// A member of the JSON body
    Body,
    /// A header
    Header,
    /// `{name}` in the path
    Path,
}

impl Part {
    /// The word for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Body => "body",
            Self::Header => "header",
            Self::Path => "path",
        }
    }
}

/// The filter `[from, to]` on one column of times.
#[derive(Debug, Clone)]
pub struct TimeRange {
    /// Index of the column in [`Table::columns`].
    pub column: usize,
    /// Where the lower bound travels.
    pub from: Place,
    /// Where the upper bound travels.
    pub to: Place,
    /// Whether the API refuses a request without both bounds.
    pub required: bool,
    /// How a bound is written.
    pub format: TimeFormat,
    /// The API's granularity in microseconds: windows are widened by it on both sides.
    pub unit: i64,
    /// In which order of the column records come, where the API promises one.
    pub order: Option<Direction>,
}

/// An order of times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Oldest first
    Ascending,
    /// Newest first
    Descending,
}

impl Direction {
    /// The words that name them.
    pub const NAMES: &[(&str, Self)] = &[("ascending", Self::Ascending), ("descending", Self::Descending)];
}

/// What a user's options correct, where the live API differs from its page.
#[derive(Debug, Clone, Default)]
pub struct TableOverrides {
    /// The column that the time range filters.
    pub time_column: Option<String>,
    /// Its granularity in microseconds.
    pub time_unit: Option<i64>,
    /// What proves an end.
    pub evidence: Option<Evidence>,
    /// The order of records.
    pub order: OrderOverride,
}

/// What a user says of the order of a table's records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OrderOverride {
    /// Nothing: the description decides.
    #[default]
    FromDescription,
    /// They come in no order.
    Unordered,
    /// They come in this order.
    By(Direction),
}

/// How a time is written in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeFormat {
    /// `2025-05-21T06:00:00.000Z`
    Rfc3339Millis,
}

impl TimeFormat {
    /// A unit in microseconds that the format can write: bounds must lie on the grid that is written, or writing would narrow
    /// them.
    pub fn grid(self, unit: i64) -> i64 {
        let finest = match self {
            Self::Rfc3339Millis => 1000,
        };
        (unit.clamp(1, i64::MAX - finest) + finest - 1) / finest * finest
    }
}

/// A field of the record, or a request parameter that the record does not carry.
#[derive(Debug, Clone)]
pub struct Column {
    /// The API's own name; a nested field joins its path.
    pub name: String,
    /// The Postgres type that IMPORT declares.
    pub sql_type: SqlType,
    /// One line for people.
    pub doc: String,
    /// Where its value comes from.
    pub origin: Origin,
    /// The request parameter that selects rows by equality on this column.
    pub filter: Option<Filter>,
}

/// Where a column's value comes from.
#[derive(Debug, Clone)]
pub enum Origin {
    /// A field of the record.
    Field {
        /// Where in the record.
        pointer: Pointer,
        /// How the value is written.
        form: Form,
    },
    /// A request parameter that no record carries: the value asked for is the column's value.
    Request {
        /// The option that gives the value when the query does not.
        option: Option<String>,
        /// Whether the API refuses a request without it.
        required: bool,
    },
}

/// How a field's value is written, where it is not as its type would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// As it is.
    #[default]
    Plain,
    /// A JSON text inside a JSON string.
    Embedded,
    /// The name of the one member of an object, such as `12` of `{"12": "opened"}`.
    MemberName,
    /// The value of the one member of an object.
    MemberValue,
    /// A time as milliseconds since 1970; .NET's smallest time stands for none.
    UnixMillis,
}

impl Form {
    /// The words that name them.
    pub const NAMES: &[(&str, Self)] = &[
        ("plain", Self::Plain),
        ("embedded_json", Self::Embedded),
        ("member_name", Self::MemberName),
        ("member_value", Self::MemberValue),
        ("unix_ms", Self::UnixMillis),
    ];

    /// The form of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, form)| *form)
    }
}

/// An equality filter of the API. Declared only where it yields at least the rows that are equal (law 1).
#[derive(Debug, Clone)]
pub struct Filter {
    /// Where the value travels.
    pub place: Place,
    /// Whether one request takes several values, by repeating the parameter.
    pub many: bool,
    /// Whether the API's own total may be believed: it selects just the rows that are equal.
    pub exact: bool,
}

/// The types that IMPORT declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SqlType {
    /// text
    Text,
    /// timestamptz
    Timestamptz,
    /// boolean
    Boolean,
    /// int
    Int,
    /// bigint
    Bigint,
    /// uuid
    Uuid,
    /// jsonb
    Jsonb,
}

impl SqlType {
    /// The name in `CREATE FOREIGN TABLE`.
    pub fn as_sql(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Timestamptz => "timestamptz",
            Self::Boolean => "boolean",
            Self::Int => "int",
            Self::Bigint => "bigint",
            Self::Uuid => "uuid",
            Self::Jsonb => "jsonb",
        }
    }
}

impl Source {
    /// Reads and checks a description. The error lists every fault with its place.
    pub fn read(text: &str) -> Result<Self> {
        Self::read_with(text, &mut || {})
    }

    /// Reads and checks a description that may be long: `pause` is called between its parts, and may end the reading by a panic, as
    /// Postgres ends a query.
    pub fn read_with(text: &str, pause: &mut dyn FnMut()) -> Result<Self> {
        read::source(text, pause)
    }

    /// The table of that name.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == name)
    }
}

impl Table {
    /// The table as a user's options correct it.
    pub fn corrected(&self, overrides: &TableOverrides) -> Result<Self> {
        let TableOverrides { time_column, time_unit, evidence, order } = overrides;
        let mut table = self.clone();
        if let Some(evidence) = evidence {
            table.pagination.prove(*evidence)?;
        }
        let Some(range) = &mut table.time_range else {
            return match time_column {
                None => Ok(table),
                Some(_) => Err(Error::new(ErrorKind::OptionValue, "option \"time_column\" is set, but the API has no time range")),
            };
        };
        if let Some(unit) = time_unit {
            range.unit = range.format.grid(*unit);
        }
        match order {
            OrderOverride::FromDescription => {}
            OrderOverride::Unordered => range.order = None,
            OrderOverride::By(direction) => range.order = Some(*direction),
        }
        if let Some(name) = time_column {
            let is_read =
                |i: &usize| self.columns[*i].sql_type == SqlType::Timestamptz && matches!(self.columns[*i].origin, Origin::Field { .. });
            range.column = self.column(name).filter(is_read).ok_or_else(|| {
                Error::new(ErrorKind::OptionValue, "invalid value for option \"time_column\"")
                    .detail(format!("Table \"{}\" of the source has no column \"{name}\" of times that its records carry.", self.name))
            })?;
        }
        Ok(table)
    }

    /// The column that a foreign table's column of this name reads: case and underscores do not count.
    pub fn column(&self, name: &str) -> Option<usize> {
        let wanted = fold(name);
        self.columns.iter().position(|column| fold(&column.name) == wanted)
    }
}

#[cfg(test)]
mod tests;
