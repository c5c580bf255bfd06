//! The types of a description: a source is one system, read from one built-in JSON file or from the server option `definition`.
//!
//! This room turns a JSON text into a checked [`Source`]. It knows no Postgres, no network and no clock.
//!
//! What must not be broken: an API is data here, never a case in code. If a new API does not fit the types of this file, the
//! types are wrong and change.

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

/// The text of each built-in description. A new system adds one line here and one file.
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
    /// The system in one line, for users.
    pub title: String,
    /// The address of the vendor's reference.
    pub reference: String,
    /// Values that a user sets as server or table options and that requests carry.
    pub parameters: Vec<Parameter>,
    /// The credentials that a request may carry. The first one whose secrets the user mapping has goes along with each request.
    pub auth: Vec<Credential>,
    /// The logins that turn other secrets into a token. The first one whose secrets the user mapping has is taken.
    pub logins: Vec<Login>,
    /// Headers that carry parameters. A header is sent if every parameter that it names is set.
    pub headers: Vec<Credential>,
    /// The zone of times that are written without one. The option `time_zone` overrides it.
    pub time_zone: Option<TimeZone>,
    /// The endpoints.
    pub tables: Vec<Table>,
}

/// A value that a request needs and a user sets once.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// The option's name.
    pub name: String,
    /// The description of the parameter, for `restlog.sources()` and the README.
    pub doc: String,
    /// The value if the option is not set.
    pub default: Option<String>,
    /// Values that a probe tries if the credentials are refused, because it is not published how the API names or writes the
    /// parameter.
    pub alternatives: Vec<String>,
}

/// One endpoint that answers pages of records.
#[derive(Debug, Clone)]
pub struct Table {
    /// The name of the foreign table that `IMPORT FOREIGN SCHEMA` makes.
    pub name: String,
    /// The description in one line, for users.
    pub doc: String,
    /// The HTTP method.
    pub method: Method,
    /// The path below `base_url`.
    pub path: String,
    /// Where a response has the array of records.
    pub records: Pointer,
    /// The codes by which a response says that it is an error, whatever its HTTP status.
    pub errors: Arc<[ErrorRule]>,
    /// How the next page is found, and what proves the last page.
    pub pagination: Pagination,
    /// The filter on a column of times, if the API has one.
    pub time_range: Option<TimeRange>,
    /// The columns, in the order of the vendor's reference.
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
    /// The method as a request line has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// The place in a request that carries one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Which part of the request.
    pub part: Part,
    /// The name of the parameter in that part.
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
    /// The part's name in messages.
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
    /// The request parameter of the lower bound.
    pub from: Place,
    /// The request parameter of the upper bound.
    pub to: Place,
    /// Whether the API refuses a request without both bounds.
    pub required: bool,
    /// How a request writes a bound.
    pub format: TimeFormat,
    /// The API's granularity in microseconds. Windows are widened by one unit on both sides, so that rounding loses no record.
    pub unit: i64,
    /// The order of the records by the column, if the API promises one.
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
    /// The words of descriptions and of the option `order`.
    pub const NAMES: &[(&str, Self)] = &[("ascending", Self::Ascending), ("descending", Self::Descending)];
}

/// The options by which a user corrects a description where the live API differs from the vendor's reference.
#[derive(Debug, Clone, Default)]
pub struct TableOverrides {
    /// The column that the time range filters.
    pub time_column: Option<String>,
    /// The granularity of the time range, in microseconds.
    pub time_unit: Option<i64>,
    /// What proves the last page.
    pub evidence: Option<Evidence>,
    /// The order of records.
    pub order: OrderOverride,
}

/// The option `order` of a foreign table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OrderOverride {
    /// The option is not set, so the description decides.
    #[default]
    FromDescription,
    /// The records come in no order.
    Unordered,
    /// The records come in this order.
    By(Direction),
}

/// How a time is written in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeFormat {
    /// `2025-05-21T06:00:00.000Z`
    Rfc3339Millis,
}

impl TimeFormat {
    /// `unit` in microseconds, rounded up to what the format can write. Bounds must lie on the grid that is written, because
    /// writing would otherwise narrow them.
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
    /// The API's own name. The name of a nested field joins the names of its path.
    pub name: String,
    /// The Postgres type that IMPORT FOREIGN SCHEMA declares.
    pub sql_type: SqlType,
    /// The description in one line, for users.
    pub doc: String,
    /// Where the column's value comes from.
    pub origin: Origin,
    /// The request parameter that selects rows by equality on this column.
    pub filter: Option<Filter>,
}

/// Where a column's value comes from.
#[derive(Debug, Clone)]
pub enum Origin {
    /// A field of the record.
    Field {
        /// Where the record has the field.
        pointer: Pointer,
        /// How the field's value is written.
        form: Form,
    },
    /// A request parameter that no record carries. The value that the request has is the column's value in each row.
    Request {
        /// The option that gives the value when the query does not.
        option: Option<String>,
        /// Whether the API refuses a request without the parameter.
        required: bool,
    },
}

/// How a field's value is written, if not as the column's type would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// The JSON value itself.
    #[default]
    Plain,
    /// A JSON text inside a JSON string.
    Embedded,
    /// The name of the one member of an object, such as `12` of `{"12": "opened"}`.
    MemberName,
    /// The value of the one member of an object.
    MemberValue,
    /// A time in milliseconds since 1970. The smallest time of .NET means that there is none.
    UnixMillis,
}

impl Form {
    /// The words of descriptions and of the column option `form`.
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

/// An equality filter of the API. A description may declare it only if the API then returns at least the rows that are equal
/// (law 1).
#[derive(Debug, Clone)]
pub struct Filter {
    /// The request parameter of the value.
    pub place: Place,
    /// Whether one request takes several values. The parameter is then repeated.
    pub many: bool,
    /// Whether the filter selects exactly the rows that are equal, so that the API's own total may be believed.
    pub exact: bool,
}

/// The column types that IMPORT FOREIGN SCHEMA declares.
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

    /// Reads and checks a description that may be long. `pause` is called between its parts. It may end the reading by a panic,
    /// as Postgres ends a query.
    pub fn read_with(text: &str, pause: &mut dyn FnMut()) -> Result<Self> {
        read::source(text, pause)
    }

    /// The table of that name.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == name)
    }
}

impl Table {
    /// The table with a user's corrections. Fails if an option contradicts the description.
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

    /// The column that a foreign table's column of this name reads. Case and underscores are ignored.
    pub fn column(&self, name: &str) -> Option<usize> {
        let wanted = fold(name);
        self.columns.iter().position(|column| fold(&column.name) == wanted)
    }
}

#[cfg(test)]
mod tests;
