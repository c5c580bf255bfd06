//! The envelope around the records: read once, by one code for a scan and for a probe, so that both see the same total, key and refusal.
//!
//! Assumes the places that a table's description names, and nothing of what a record is: whoever reads the records says that. Absent
//! records are an error, never an empty page, and what the API itself calls an error goes before everything else (law 2).

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::json_text::{self, Invalid};
use super::refusal::refusal;
use super::shape::{malformed, no_evidence, no_records, not_utf8};
use crate::error::{Error, ErrorKind, Result};
use crate::options::OnInvalid;
use crate::sources::{ErrorRule, Pointer, Table};

/// What is looked for in the envelope, as a tree of members' names: a place, and what is below it.
#[derive(Debug, Default)]
struct EnvelopeField {
    below: HashMap<String, Self>,
    /// The array of records.
    records: bool,
    /// The key of the next page.
    next: bool,
    /// The number of all records.
    total: bool,
    /// The object that must be there for a missing key to prove anything.
    evidence: bool,
    /// A code, by the first rule about this place.
    rule: Option<usize>,
}

impl EnvelopeField {
    /// The place that a pointer names, made where it is not there yet.
    fn at(&mut self, pointer: &Pointer) -> &mut Self {
        pointer.0.iter().fold(self, |place, step| place.below.entry(step.clone()).or_default())
    }
}

/// Where a table's responses have what stands around their records.
#[derive(Debug)]
pub(in crate::scan) struct EnvelopeRules {
    fields: EnvelopeField,
    /// Where the array of records is.
    pub(super) records: Pointer,
    /// Where the key of the next page is, if the body has it.
    pub(super) next: Option<Pointer>,
    /// The object that must be there for a missing key to prove anything.
    evidence: Option<Pointer>,
    codes: Arc<[ErrorRule]>,
}

/// How a body names the next page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::scan) enum NextKey {
    /// Not at all: the member is not there.
    #[default]
    Absent,
    /// The member is null.
    Null,
    /// The member is an empty text.
    Empty,
    /// The key, or the address.
    Key(String),
}

impl NextKey {
    /// The key of the next page: a text, or a number by its digits.
    pub(super) fn read(raw: &str) -> Result<Self> {
        match raw.as_bytes().first() {
            None | Some(b'n') => Ok(Self::Null),
            Some(b'"') => match json_text::string(raw, OnInvalid::Error) {
                Ok(None) => Ok(Self::Null),
                Ok(Some(key)) if key.is_empty() => Ok(Self::Empty),
                Ok(Some(key)) => Ok(Self::Key(key.into_owned())),
                Err(Invalid) => Err(Error::new(ErrorKind::Shape, "the key of the next page cannot be sent back")),
            },
            Some(b'0'..=b'9' | b'-') => Ok(Self::Key(raw.to_owned())),
            Some(_) => Err(Error::new(ErrorKind::Shape, "the key of the next page is neither a string nor a number")),
        }
    }

    /// The key, if there is one.
    pub(in crate::scan) fn key(&self) -> Option<&str> {
        match self {
            Self::Key(key) => Some(key),
            Self::Absent | Self::Null | Self::Empty => None,
        }
    }

    /// The key itself, if there is one.
    pub(in crate::scan) fn into_key(self) -> Option<String> {
        match self {
            Self::Key(key) => Some(key),
            Self::Absent | Self::Null | Self::Empty => None,
        }
    }
}

/// What the envelope says.
#[derive(Debug, Default)]
pub(in crate::scan) struct EnvelopeFacts {
    /// The next page.
    pub(in crate::scan) next: NextKey,
    /// How many records there are in all, if the response says so.
    pub(in crate::scan) total: Option<u64>,
    saw_records: bool,
    saw_evidence_object: bool,
    /// What a code says that is none of success.
    refusal: Option<Error>,
    /// An error on its way through serde, whose own errors cannot carry it.
    error: Option<Error>,
}

/// Takes the records of a body, one after another.
pub(in crate::scan) trait RecordSink {
    /// Reads one record.
    fn record<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> std::result::Result<(), D::Error>;

    /// The error with which `record` failed, if it is not serde's own.
    fn take_error(&mut self) -> Option<Error>;

    /// The error of the last record's not being an object.
    fn not_an_object(&self) -> Error;
}

impl EnvelopeRules {
    /// The rules of a table's responses.
    pub(in crate::scan) fn of(table: &Table) -> Self {
        let pagination = &table.pagination;
        let next = pagination.style.next_in_body().cloned();
        // A key that stands in an object of its own is missing only where that object is there: without it the response is not
        // the one that was described, perhaps an error in a 200.
        let evidence = next.as_ref().and_then(|next| next.0.split_last()).filter(|(_, parent)| !parent.is_empty());
        let evidence = evidence.map(|(_, parent)| Pointer(parent.to_vec()));
        let mut fields = EnvelopeField::default();
        fields.at(&table.records).records = true;
        next.iter().for_each(|next| fields.at(next).next = true);
        pagination.total.iter().for_each(|total| fields.at(total).total = true);
        evidence.iter().for_each(|parent| fields.at(parent).evidence = true);
        for (i, rule) in table.errors.iter().enumerate() {
            fields.at(&rule.code).rule.get_or_insert(i);
        }
        Self { fields, records: table.records.clone(), next, evidence, codes: Arc::clone(&table.errors) }
    }

    /// Reads a body: its records into `sink`, the rest into what is returned. A body without records, or without what proves that a
    /// missing key is missing, is an error; so is one whose code says that it is.
    pub(in crate::scan) fn read(&self, body: &[u8], sink: &mut impl RecordSink) -> Result<EnvelopeFacts> {
        let text = std::str::from_utf8(body).map_err(not_utf8)?;
        let mut facts = EnvelopeFacts::default();
        let mut json = serde_json::Deserializer::from_str(text);
        let envelope = Envelope { rules: self, field: &self.fields, facts: &mut facts, sink };
        let read = envelope.deserialize(&mut json).and_then(|()| json.end());
        // What the API itself says goes first: an error's body has seldom the shape of an answer.
        if let Some(error) = facts.refusal.take() {
            return Err(error);
        }
        if let Err(e) = read {
            // The only thing that serde refuses for its type is a record: everything around it may be anything.
            let own = facts.error.take().or_else(|| sink.take_error()).or_else(|| e.is_data().then(|| sink.not_an_object()));
            return Err(own.unwrap_or_else(|| malformed(text, &e)));
        }
        if !facts.saw_records {
            return Err(no_records(&self.records));
        }
        match &self.evidence {
            Some(parent) if !facts.saw_evidence_object => Err(no_evidence(parent)),
            Some(_) | None => Ok(facts),
        }
    }
}

/// The number of all records: a number, or its digits in a string.
fn total(raw: &str) -> Result<Option<u64>> {
    match raw {
        "null" => Ok(None),
        _ => match raw.trim_matches('"').parse() {
            Ok(total) => Ok(Some(total)),
            Err(_) => Err(Error::new(ErrorKind::Shape, "the total of the response is not a whole number")),
        },
    }
}

/// The visits of a visitor that has no use for scalars.
macro_rules! ignore_scalars {
    () => {
        fn visit_unit<E>(self) -> std::result::Result<(), E> {
            Ok(())
        }
        fn visit_bool<E>(self, _: bool) -> std::result::Result<(), E> {
            Ok(())
        }
        fn visit_i64<E>(self, _: i64) -> std::result::Result<(), E> {
            Ok(())
        }
        fn visit_u64<E>(self, _: u64) -> std::result::Result<(), E> {
            Ok(())
        }
        fn visit_f64<E>(self, _: f64) -> std::result::Result<(), E> {
            Ok(())
        }
        fn visit_str<E>(self, _: &str) -> std::result::Result<(), E> {
            Ok(())
        }
    };
}

/// A value around the records, or on the way to them, at a place of the envelope.
struct Envelope<'r, S> {
    rules: &'r EnvelopeRules,
    field: &'r EnvelopeField,
    facts: &'r mut EnvelopeFacts,
    sink: &'r mut S,
}

impl<'de, S: RecordSink> DeserializeSeed<'de> for Envelope<'_, S> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<(), D::Error> {
        if self.field.records {
            return deserializer.deserialize_any(Records { facts: self.facts, sink: self.sink });
        }
        if let Some(rule) = self.field.rule {
            let raw: &RawValue = serde::Deserialize::deserialize(deserializer)?;
            let refusal = refusal(&self.rules.codes[rule], raw.get());
            self.facts.refusal = self.facts.refusal.take().or(refusal);
            return Ok(());
        }
        let is_next = self.field.next;
        if !(is_next || self.field.total) {
            return deserializer.deserialize_any(self);
        }
        let raw: &RawValue = serde::Deserialize::deserialize(deserializer)?;
        let facts = self.facts;
        let read =
            if is_next { NextKey::read(raw.get()).map(|key| facts.next = key) } else { total(raw.get()).map(|total| facts.total = total) };
        read.map_err(|error| {
            facts.error = Some(error);
            D::Error::custom("")
        })
    }
}

impl<'de, S: RecordSink> Visitor<'de> for Envelope<'_, S> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<(), A::Error> {
        self.facts.saw_evidence_object |= self.field.evidence;
        while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            match self.field.below.get(key.as_ref()) {
                None => drop(map.next_value::<IgnoredAny>()?),
                Some(field) => {
                    map.next_value_seed(Envelope { rules: self.rules, field, facts: &mut *self.facts, sink: &mut *self.sink })?
                }
            }
        }
        Ok(())
    }

    // Anything but an object on the way has nothing of what is looked for; whether that matters shows at the end.
    ignore_scalars!();
    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> std::result::Result<(), A::Error> {
        IgnoredAny.visit_seq(seq).map(drop)
    }
}

/// The array of records.
struct Records<'r, S> {
    facts: &'r mut EnvelopeFacts,
    sink: &'r mut S,
}

impl<'de, S: RecordSink> Visitor<'de> for Records<'_, S> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<(), A::Error> {
        self.facts.saw_records = true;
        while seq.next_element_seed(Record(&mut *self.sink))?.is_some() {}
        Ok(())
    }

    // Not an array: `saw_records` stays false, and the end says so.
    ignore_scalars!();
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> std::result::Result<(), A::Error> {
        IgnoredAny.visit_map(map).map(drop)
    }
}

/// One record.
struct Record<'r, S>(&'r mut S);

impl<'de, S: RecordSink> DeserializeSeed<'de> for Record<'_, S> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<(), D::Error> {
        self.0.record(deserializer)
    }
}
