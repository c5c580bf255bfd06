//! Walks a body with serde: envelope → records → fields. What a value becomes is the reader's business.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::envelope::EnvelopeField;
use super::json_text::{self, Invalid};
use super::{FieldMatch, Node, Reader, not_an_object};
use crate::error::{Error, ErrorKind, Result};
use crate::http::refusal;
use crate::options::OnInvalid;
use crate::scan::page::CellState;
use crate::scan::paging::HEAD;
use crate::sources::ErrorRule;

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
pub(super) struct Envelope<'r, 'a> {
    pub(super) reader: &'r mut Reader<'a>,
    pub(super) place: &'a EnvelopeField,
}

impl<'de> DeserializeSeed<'de> for Envelope<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<(), D::Error> {
        if self.place.records {
            return Records(self.reader).deserialize(deserializer);
        }
        let (next, all) = (self.place.next, self.place.total);
        if let Some(rule) = self.place.rule {
            let raw: &RawValue = serde::Deserialize::deserialize(deserializer)?;
            let refusal = refusal_of(&self.reader.decoder.rules[rule], raw.get());
            self.reader.refusal = self.reader.refusal.take().or(refusal);
            return Ok(());
        }
        if !(next || all) {
            return deserializer.deserialize_any(self);
        }
        let raw: &RawValue = serde::Deserialize::deserialize(deserializer)?;
        let facts = &mut self.reader.out.facts;
        let read = if next { page_key(raw.get()).map(|key| facts.next = key) } else { total(raw.get()).map(|n| facts.total = n) };
        read.map_err(|error| self.reader.fail(error))
    }
}

impl<'de> Visitor<'de> for Envelope<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<(), A::Error> {
        self.reader.saw_evidence_object |= self.place.evidence;
        while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            match self.place.member(&key) {
                None => drop(map.next_value::<IgnoredAny>()?),
                Some(place) => map.next_value_seed(Envelope { reader: &mut *self.reader, place })?,
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

/// The error that a code in a successful response means, by its JSON text.
fn refusal_of(rule: &ErrorRule, raw: &str) -> Option<Error> {
    let refusal = match raw.as_bytes().first() {
        None | Some(b'n') => None,
        Some(b'"') => rule.judge(&json_text::string(raw, OnInvalid::Replace).ok().flatten()?),
        Some(_) => rule.judge(raw),
    };
    refusal.map(refusal::in_success)
}

/// The key of the next page: a string, or a number by its digits.
fn page_key(raw: &str) -> Result<Option<String>> {
    match raw.as_bytes().first() {
        None | Some(b'n') => Ok(None),
        Some(b'"') => match json_text::string(raw, OnInvalid::Error) {
            Ok(key) => Ok(key.map(std::borrow::Cow::into_owned)),
            Err(Invalid) => Err(Error::new(ErrorKind::Shape, "the key of the next page cannot be sent back")),
        },
        Some(b'0'..=b'9' | b'-') => Ok(Some(raw.to_owned())),
        Some(_) => Err(Error::new(ErrorKind::Shape, "the key of the next page is neither a string nor a number")),
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

/// The array of records.
struct Records<'r, 'a>(&'r mut Reader<'a>);

impl<'de> DeserializeSeed<'de> for Records<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Records<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<(), A::Error> {
        self.0.saw_records = true;
        while seq.next_element_seed(Record(&mut *self.0))?.is_some() {}
        Ok(())
    }

    // Not an array: `saw_records` stays false, and the end says so.
    ignore_scalars!();
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> std::result::Result<(), A::Error> {
        IgnoredAny.visit_map(map).map(drop)
    }
}

/// One record.
struct Record<'r, 'a>(&'r mut Reader<'a>);

impl<'de> DeserializeSeed<'de> for Record<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<(), D::Error> {
        let reader = self.0;
        let decoder = reader.decoder;
        reader.out.facts.records += 1;
        reader.page.begin_row();
        // A column may want the whole record, too: its text is taken first, then read for the others.
        if decoder.overlap || reader.out.facts.head.len() < HEAD || !decoder.fields.columns.is_empty() {
            let raw: &RawValue = serde::Deserialize::deserialize(deserializer)?;
            reader.fingerprint(raw.get());
            if reader.out.facts.records <= reader.rules.overlap {
                reader.page.drop_row();
                return Ok(());
            }
            read_raw(reader, &decoder.fields, 0, raw.get())?;
        } else if reader.out.facts.records <= reader.rules.overlap {
            reader.page.drop_row();
            return deserializer.deserialize_ignored_any(IgnoredAny).map(drop);
        } else {
            deserializer.deserialize_map(Fields { reader: &mut *reader, node: &decoder.fields, depth: 0 })?;
        }
        reader.finish_record().map_err(|error| reader.fail(error))
    }
}

/// Fills the cells of a node from its raw text, and those of its children.
fn read_raw<E: serde::de::Error>(reader: &mut Reader<'_>, node: &Node, depth: usize, raw: &str) -> std::result::Result<(), E> {
    reader.put(&node.columns, raw).map_err(|error| reader.fail::<E>(error))?;
    let is_object = raw.starts_with('{');
    if depth == 0 && !is_object {
        let error = not_an_object(reader.out.facts.records, reader.page.number);
        return Err(reader.fail(error));
    }
    if is_object && !node.children.is_empty() {
        let fields = Fields { reader: &mut *reader, node, depth };
        serde_json::Deserializer::from_str(raw).deserialize_map(fields).map_err(E::custom)?;
    }
    Ok(())
}

/// The members of a record, or of an object in it.
struct Fields<'r, 'a, 'n> {
    reader: &'r mut Reader<'a>,
    node: &'n Node,
    depth: usize,
}

impl<'de> Visitor<'de> for Fields<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<(), A::Error> {
        let mut position = 0;
        loop {
            let key = MemberName { keys: &mut self.reader.keys, node: self.node, position, guess: self.depth == 0 };
            let Some(found) = map.next_key_seed(key)? else { return Ok(()) };
            position += 1;
            let taken = |found: &FieldMatch| {
                let columns = &self.node.children[found.child].1.columns;
                !found.exact && columns.iter().any(|c| self.reader.page.get(*c).0 != CellState::Null)
            };
            let Some(found) = found.filter(|found| !taken(found)) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let child = &self.node.children[found.child].1;
            let raw: &RawValue = map.next_value()?;
            if child.children.is_empty() {
                self.reader.put(&child.columns, raw.get()).map_err(|error| self.reader.fail::<A::Error>(error))?;
            } else {
                read_raw(self.reader, child, self.depth + 1, raw.get())?;
            }
        }
    }
}

/// A member's name → the child it names. At the record's own level the last record's order is tried first.
struct MemberName<'k, 'n> {
    keys: &'k mut Vec<(String, Option<FieldMatch>)>,
    node: &'n Node,
    position: usize,
    guess: bool,
}

impl<'de> DeserializeSeed<'de> for MemberName<'_, '_> {
    type Value = Option<FieldMatch>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for MemberName<'_, '_> {
    type Value = Option<FieldMatch>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_str<E>(self, name: &str) -> std::result::Result<Self::Value, E> {
        if !self.guess {
            return Ok(self.node.find(name));
        }
        if let Some((known, child)) = self.keys.get(self.position)
            && known == name
        {
            return Ok(*child);
        }
        let child = self.node.find(name);
        // A record of ever new names must not make the memory of them grow.
        if self.position < 256 {
            self.keys.truncate(self.position);
            self.keys.push((name.to_owned(), child));
        }
        Ok(child)
    }
}
