//! One response body → one [`Page`] of cells, and the facts by which the pager goes on, in a single pass.
//!
//! A decoder is made once for a scan, and assumes nothing of a body: whatever is not as the description has it is an error.
//! Members that no column wants are skipped, not parsed. A value that has no fast path, or not the expected form, is kept as text for
//! the input function of the column's type: a cell is what that function would make of the value, never a guess. A body is never shown
//! in an error: it may hold personal data or repeat a secret.

mod accepted;
mod envelope;
mod fields;
pub mod json_text;
mod peek;
mod reader;
mod records;
mod refusal;
mod shape;
pub mod timestamp;
mod value;
mod window_rules;

use std::collections::BTreeMap;

pub(super) use self::envelope::{EnvelopeRules, NextKey, RecordSink};
use self::fields::Node;
use self::reader::Reader;
pub(super) use self::shape::not_an_object;
pub(super) use self::value::{DOTNET_UNSET, from_unix_millis};
pub use self::window_rules::WindowRules;
use crate::error::Result;
use crate::options::OnInvalid;
use crate::scan::page::Page;
use crate::scan::paging::PageFacts;
use crate::sources::{Form, Pointer, SqlType, Table, TimeRange};
use crate::time_zone::TimeZone;

/// What a column's type wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// text, varchar without a length
    Text,
    /// timestamptz
    Timestamptz,
    /// boolean
    Boolean,
    /// smallint, int, bigint, with its largest value
    Integer(i64),
    /// uuid
    Uuid,
    /// json, jsonb: JSON text for the input function
    Json,
    /// Any other type: text for its input function
    Input,
}

impl std::convert::From<SqlType> for Target {
    fn from(described: SqlType) -> Self {
        match described {
            SqlType::Text => Self::Text,
            SqlType::Timestamptz => Self::Timestamptz,
            SqlType::Boolean => Self::Boolean,
            SqlType::Int => Self::Integer(i64::from(i32::MAX)),
            SqlType::Bigint => Self::Integer(i64::MAX),
            SqlType::Uuid => Self::Uuid,
            SqlType::Jsonb => Self::Json,
        }
    }
}

/// Where a column's value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ValueSource {
    /// A field of the record; the empty pointer is the whole record.
    Field(Pointer),
    /// The value with which the slice restricts the description's column of this index.
    Request(usize),
}

/// One column of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageColumn {
    /// The foreign table's column, for errors.
    pub name: String,
    /// Where its value comes from.
    pub from: ValueSource,
    /// What its type wants.
    pub target: Target,
    /// How its value is written.
    pub form: Form,
}

/// Reads the bodies of a scan: which columns, from where, in which form.
#[derive(Debug)]
pub struct Decoder {
    columns: Vec<PageColumn>,
    /// The columns by the names of their fields.
    fields: Node,
    envelope: EnvelopeRules,
    /// Whether the last record of each page is fingerprinted, because pages overlap.
    overlap: bool,
    /// The time range, for the error of an API that does not keep to it.
    range: Option<TimeRange>,
    on_invalid: OnInvalid,
    zone: Option<TimeZone>,
}

/// The part of reading that differs from slice to slice.
#[derive(Debug, Clone, Default)]
pub struct SliceRules {
    /// The slice's window and what may lie around it, where a time range was sent.
    pub window: Option<WindowRules>,
    /// Whether a record without a time is an error. Otherwise such a record belongs to no window.
    pub time_is_required: bool,
    /// Columns with the values that a row of the slice has: a row with another value belongs to another slice.
    pub recheck: Vec<(usize, Vec<String>)>,
    /// The values of the slice, by the description's column: for columns that no record carries.
    pub asked: BTreeMap<usize, String>,
    /// Records at the start of the page that become no rows, because they were read before.
    pub overlap: u64,
}

/// The outcome of one body, beside its rows.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// What the response says of the next page.
    pub facts: PageFacts,
    /// Records dropped because they lie just outside the window.
    pub outside_window: u64,
    /// Records dropped because they belong to another slice.
    pub outside_slice: u64,
}

impl Decoder {
    /// A decoder of these columns of a table's responses. `zone` is the zone of times that are written without one; where it is unknown,
    /// such times are left to Postgres.
    pub fn new(columns: Vec<PageColumn>, table: &Table, on_invalid: OnInvalid, zone: Option<TimeZone>) -> Self {
        let mut fields = Node::default();
        for (index, column) in columns.iter().enumerate() {
            if let ValueSource::Field(pointer) = &column.from {
                fields.add(&pointer.0, index);
            }
        }
        let pagination = &table.pagination;
        Self {
            columns,
            fields,
            envelope: EnvelopeRules::of(table),
            overlap: pagination.overlaps() || pagination.varies(),
            on_invalid,
            zone,
            range: table.time_range.clone(),
        }
    }

    /// How many columns its pages have.
    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// Reads one body into `page`, which must have been reset to this decoder's width.
    pub fn decode(&self, rules: &SliceRules, body: &[u8], page: Page) -> Result<(Page, Decoded)> {
        let mut reader = Reader::new(self, rules, page);
        let envelope = self.envelope.read(body, &mut reader)?;
        let (page, mut decoded) = reader.into_parts();
        decoded.facts.next = envelope.next.into_key();
        decoded.facts.total = envelope.total;
        Ok((page, decoded))
    }
}

#[cfg(test)]
mod tests;
