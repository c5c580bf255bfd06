//! One response body → one [`Page`] and what it says of the next, in a single pass.
//!
//! Fields that no column asks for are skipped, not parsed. A value that has no fast path, or not the expected form, is kept as
//! text for the column type's input function: what comes out is what that function would make of it, never a guess.

mod accepted;
mod envelope;
mod fields;
pub mod json_text;
mod peek;
mod shape;
pub mod timestamp;
mod value;
mod walk;
mod window_rules;

pub(super) use self::shape::no_records;
use self::shape::{malformed, no_evidence, not_an_object};

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use serde::de::{DeserializeSeed, IgnoredAny};

use self::accepted::Accepted;
use self::envelope::EnvelopeField;
use self::fields::{FieldMatch, Node};
use self::json_text::Invalid;
pub(super) use self::value::{DOTNET_UNSET, from_unix_millis};
use self::value::{one_member, uuid};
use self::window_rules::TimePlace;
pub use self::window_rules::WindowRules;
use crate::error::{Error, ErrorKind, Result};
use crate::options::OnInvalid;
use crate::scan::page::{CellState, Page};
use crate::scan::paging::{HEAD, PageFacts};
use crate::sources::{ErrorRule, Form, NextUrl, PagingStyle, Pointer, SqlType, Table, TimeRange};
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
    /// The value that the slice asked for: the column of the description with this index.
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

/// What to read from every body of a scan.
#[derive(Debug)]
pub struct Decoder {
    columns: Vec<PageColumn>,
    fields: Node,
    /// What is looked for in the envelope.
    envelope: EnvelopeField,
    /// Where the array of records is.
    records: Pointer,
    /// Where the key of the next page is, if the body has it.
    next: Option<Pointer>,
    /// The object that must be there for a missing key to prove anything.
    evidence: Option<Pointer>,
    rules: Arc<[ErrorRule]>,
    /// Whether the last record of each page is fingerprinted, because pages overlap.
    overlap: bool,
    /// The time range, for the error of an API that does not keep to it.
    range: Option<TimeRange>,
    on_invalid: OnInvalid,
    zone: Option<TimeZone>,
}

/// What differs from slice to slice.
#[derive(Debug, Clone, Default)]
pub struct SliceRules {
    /// Where times are asked for.
    pub window: Option<WindowRules>,
    /// Whether a record without a time is an error; else it belongs to no window.
    pub time_is_required: bool,
    /// Columns whose value must be one of these, or the row belongs to another slice.
    pub recheck: Vec<(usize, Vec<String>)>,
    /// Values asked for, by the description's column.
    pub asked: BTreeMap<usize, String>,
    /// Records at the start of the page that were read before, or are of no concern.
    pub overlap: u64,
}

/// What was read, beside the rows.
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
    /// A decoder of these columns of a table's responses.
    ///
    /// `zone` is what times without a zone mean; without it they are left to Postgres.
    pub fn new(columns: Vec<PageColumn>, table: &Table, on_invalid: OnInvalid, zone: Option<TimeZone>) -> Self {
        let mut fields = Node::default();
        for (index, column) in columns.iter().enumerate() {
            if let ValueSource::Field(pointer) = &column.from {
                fields.add(&pointer.0, index);
            }
        }
        let pagination = &table.pagination;
        let next = match &pagination.style {
            PagingStyle::Cursor { next, .. } | PagingStyle::NextUrl(NextUrl::Body(next)) => Some(next.clone()),
            _ => None,
        };
        // A key that stands in an object of its own is missing only where that object is there: without it the response is not
        // the one that was described, perhaps an error in a 200.
        let evidence = next.as_ref().and_then(|next| next.0.split_last()).filter(|(_, parent)| !parent.is_empty());
        let evidence = evidence.map(|(_, parent)| Pointer(parent.to_vec()));
        let mut envelope = EnvelopeField::default();
        envelope.at(&table.records).records = true;
        next.iter().for_each(|next| envelope.at(next).next = true);
        pagination.total.iter().for_each(|total| envelope.at(total).total = true);
        evidence.iter().for_each(|parent| envelope.at(parent).evidence = true);
        for (i, rule) in table.errors.iter().enumerate() {
            envelope.at(&rule.code).rule.get_or_insert(i);
        }
        Self {
            columns,
            fields,
            envelope,
            records: table.records.clone(),
            next,
            evidence,
            rules: Arc::clone(&table.errors),
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

    /// Reads one body into `page`, which was reset to this decoder's width.
    pub fn decode(&self, rules: &SliceRules, body: &[u8], page: Page) -> Result<(Page, Decoded)> {
        let text = std::str::from_utf8(body)
            .map_err(|e| Error::new(ErrorKind::Shape, "the response is not valid UTF-8").detail(format!("At byte {}.", e.valid_up_to())))?;
        let mut reader = Reader {
            decoder: self,
            rules,
            recheck: Accepted::of(&rules.recheck, &self.columns),
            page,
            out: Decoded::default(),
            saw_records: false,
            saw_evidence_object: false,
            keys: Vec::new(),
            error: None,
            refusal: None,
        };
        reader.set_constants();
        let mut json = serde_json::Deserializer::from_str(text);
        let envelope = walk::Envelope { reader: &mut reader, place: &self.envelope };
        let read = envelope.deserialize(&mut json).and_then(|()| json.end());
        // What the API itself says goes first: an error's body has seldom the shape of an answer.
        if let Some(error) = reader.refusal.take() {
            return Err(error);
        }
        if let Err(e) = read {
            // The only thing that serde refuses for its type is a record: everything around it may be anything.
            let own = reader.error.take().or_else(|| e.is_data().then(|| not_an_object(reader.out.facts.records, reader.page.number)));
            return Err(own.unwrap_or_else(|| malformed(text, &e)));
        }
        if !reader.saw_records {
            return Err(no_records(&self.records));
        }
        match &self.evidence {
            Some(parent) if !reader.saw_evidence_object => Err(no_evidence(parent)),
            _ => Ok((reader.page, reader.out)),
        }
    }
}

struct Reader<'a> {
    decoder: &'a Decoder,
    rules: &'a SliceRules,
    /// The slice's own values, beside their columns.
    recheck: Vec<(usize, Accepted<'a>)>,
    page: Page,
    out: Decoded,
    saw_records: bool,
    saw_evidence_object: bool,
    /// The last record's keys in order, each with the child it named: records of one body repeat their order.
    keys: Vec<(String, Option<FieldMatch>)>,
    error: Option<Error>,
    /// The API says that this is an error.
    refusal: Option<Error>,
}

impl Reader<'_> {
    /// Hands an error through serde, whose own errors cannot carry it.
    fn fail<E: serde::de::Error>(&mut self, error: Error) -> E {
        self.error = Some(error);
        E::custom("")
    }

    /// Remembers how the page begins, and where pages overlap its last record.
    fn fingerprint(&mut self, raw: &str) {
        let begins = self.out.facts.head.len() < HEAD;
        if !begins && !self.decoder.overlap {
            return;
        }
        let mut hasher = DefaultHasher::new();
        raw.hash(&mut hasher);
        let print = hasher.finish();
        let facts = &mut self.out.facts;
        if begins {
            facts.head.push(print);
        }
        facts.last = self.decoder.overlap.then_some(print);
        if facts.records == self.rules.overlap {
            facts.seam = facts.last;
        }
    }

    fn set_constants(&mut self) {
        for (index, column) in self.decoder.columns.iter().enumerate() {
            if let ValueSource::Request(wanted) = column.from
                && let Some(value) = self.rules.asked.get(&wanted)
            {
                let (state, cell) = self.text_cell(column.target, value);
                self.page.set_constant(index, state, cell);
            }
        }
    }

    /// Puts one raw JSON value into the cells that want it.
    fn put(&mut self, columns: &[usize], raw: &str) -> Result<()> {
        for &column in columns {
            let (state, cell) = self.cell(column, raw).map_err(|Invalid| self.bad_text(column))?;
            self.page.set(column, state, cell);
        }
        Ok(())
    }

    fn cell(&mut self, column: usize, raw: &str) -> std::result::Result<(CellState, u64), Invalid> {
        const NULL: (CellState, u64) = (CellState::Null, 0);
        let decoder = self.decoder;
        let PageColumn { target, form, .. } = decoder.columns[column];
        let member;
        let raw = match form {
            Form::MemberName | Form::MemberValue if raw.starts_with('{') => match one_member(raw) {
                Some((name, _)) if form == Form::MemberName => return Ok(self.text_cell(target, &name)),
                Some((_, value)) => {
                    member = value;
                    member.get()
                }
                // None or several: which is meant nobody knows.
                None => return Ok((CellState::Text, self.page.push_text(raw.as_bytes()))),
            },
            Form::UnixMillis if target == Target::Timestamptz => match raw.trim_matches('"').parse() {
                Ok(DOTNET_UNSET) => return Ok(NULL),
                Ok(millis) => {
                    return Ok(match from_unix_millis(millis) {
                        Some(micros) => (CellState::Value, micros as u64),
                        None => (CellState::Text, self.page.push_text(raw.as_bytes())),
                    });
                }
                Err(_) => raw,
            },
            _ => raw,
        };
        match (raw.as_bytes().first(), target) {
            (None | Some(b'n'), _) => Ok(NULL),
            (Some(b'"'), Target::Json) if form != Form::Embedded => self.json_cell(raw),
            (Some(b'"'), _) => {
                let Some(text) = json_text::string(raw, decoder.on_invalid)? else { return Ok(NULL) };
                if target != Target::Json {
                    return Ok(self.text_cell(target, &text));
                }
                // Embedded: JSON in a string where it is an object or an array, else the string itself.
                let is_json = text.trim_start().starts_with(['{', '[']) && serde_json::from_str::<IgnoredAny>(&text).is_ok();
                self.json_cell(if is_json { &text } else { raw })
            }
            (Some(_), Target::Json) => self.json_cell(raw),
            (Some(b'{' | b'['), _) => match json_text::json(raw, decoder.on_invalid)? {
                None => Ok(NULL),
                Some(json) if target == Target::Text => Ok((CellState::Bytes, self.page.push_varlena(json.as_bytes()))),
                Some(json) => Ok((CellState::Text, self.page.push_text(json.as_bytes()))),
            },
            (Some(_), _) => Ok(self.text_cell(target, raw)),
        }
    }

    fn json_cell(&mut self, raw: &str) -> std::result::Result<(CellState, u64), Invalid> {
        Ok(match json_text::json(raw, self.decoder.on_invalid)? {
            None => (CellState::Null, 0),
            Some(json) => (CellState::Text, self.page.push_text(json.as_bytes())),
        })
    }

    /// A text, a number or a boolean by its characters. Whatever the fast path does not know becomes text for the type's
    /// input function.
    fn text_cell(&mut self, target: Target, text: &str) -> (CellState, u64) {
        let fast = match target {
            Target::Text => return (CellState::Bytes, self.page.push_varlena(text.as_bytes())),
            // Two's complement is what a timestamptz datum is.
            Target::Timestamptz => timestamp::parse(text.as_bytes(), self.decoder.zone.as_ref()).map(|t| t as u64),
            Target::Boolean => match text {
                "true" => Some(1),
                "false" => Some(0),
                _ => None,
            },
            Target::Integer(max) => text.parse::<i64>().ok().filter(|n| (-max - 1..=max).contains(n)).map(|n| n as u64),
            Target::Uuid => match uuid(text.as_bytes()) {
                Some(bytes) => return (CellState::Bytes, self.page.push_bytes(&bytes)),
                None => None,
            },
            Target::Json | Target::Input => None,
        };
        match fast {
            Some(datum) => (CellState::Value, datum),
            None => (CellState::Text, self.page.push_text(text.as_bytes())),
        }
    }

    /// Drops the record just read: it lies beside the window.
    fn leave_out(&mut self) -> Result<()> {
        self.out.outside_window += 1;
        self.page.drop_row();
        Ok(())
    }

    /// Keeps or drops the record just read.
    fn finish_record(&mut self) -> Result<()> {
        if let Some(window) = self.rules.window {
            let column = window.column;
            let (state, t) = self.page.get(column);
            match state {
                CellState::Null if self.rules.time_is_required => return Err(self.without_time(column)),
                // The range says that there is a time; and each partition of a window would have the record once more.
                CellState::Null => return self.leave_out(),
                CellState::Value => match window.judge(t as i64) {
                    TimePlace::Inside => {}
                    TimePlace::Beside => return self.leave_out(),
                    TimePlace::CutOff => return Err(self.cut_off(column)),
                    TimePlace::FarOutside => return Err(self.far_outside(column)),
                },
                // Whoever reads it, in whatever time zone, the API's own reading decided whether it came.
                CellState::Bytes | CellState::Text => return Err(self.no_time(column)),
            }
        }
        let belongs = |(column, accepted): &(usize, Accepted<'_>)| accepted.has(&self.page, self.page.get(*column));
        if !self.recheck.iter().all(belongs) {
            self.out.outside_slice += 1;
            self.page.drop_row();
            return Ok(());
        }
        self.page.end_row();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
