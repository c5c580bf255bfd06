//! The JSON of one record → raw values for the columns that want them. What a value becomes is the reader's business.
//!
//! Nothing may be done here for each record or member that need not be: members that no column wants are skipped, not parsed, and names
//! are first tried in the order of the record before.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::envelope::RecordSink;
use super::fields::{FieldMatch, Node};
use super::reader::Reader;
use super::shape::not_an_object;
use crate::error::Error;
use crate::scan::page::CellState;
use crate::scan::paging::HEAD;

impl RecordSink for Reader<'_> {
    fn record<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> std::result::Result<(), D::Error> {
        let decoder = self.decoder;
        self.out.facts.records += 1;
        self.page.begin_row();
        // Where the record's text is wanted, by its fingerprint or by a column, it is taken first and then read once more.
        if decoder.overlap || self.out.facts.head.len() < HEAD || !decoder.fields.columns.is_empty() {
            let raw: &RawValue = serde::Deserialize::deserialize(deserializer)?;
            self.fingerprint(raw.get());
            if self.out.facts.records <= self.rules.overlap {
                self.page.drop_row();
                return Ok(());
            }
            read_raw(self, &decoder.fields, 0, raw.get())?;
        } else if self.out.facts.records <= self.rules.overlap {
            self.page.drop_row();
            return deserializer.deserialize_ignored_any(IgnoredAny).map(drop);
        } else {
            deserializer.deserialize_map(Fields { reader: &mut *self, node: &decoder.fields, depth: 0 })?;
        }
        self.finish_record().map_err(|error| self.fail(error))
    }

    fn take_error(&mut self) -> Option<Error> {
        self.error.take()
    }

    fn not_an_object(&self) -> Error {
        not_an_object(self.out.facts.records, self.page.number)
    }
}

/// Fills the cells of the columns that want a value, and those of the columns that want members of it.
fn read_raw<E: serde::de::Error>(reader: &mut Reader<'_>, node: &Node, depth: usize, raw: &str) -> std::result::Result<(), E> {
    reader.put(&node.columns, raw).map_err(|error| reader.fail::<E>(error))?;
    let is_object = raw.starts_with('{');
    if depth == 0 && !is_object {
        let error = reader.not_an_object();
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
    /// How many objects are around these members; 0 is the record itself.
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

/// Turns a member's name into the child node that it leads to. At the record's own level the name of the last record's member at this
/// position is tried first, because records of one body repeat their order.
struct MemberName<'k, 'n> {
    keys: &'k mut Vec<(String, Option<FieldMatch>)>,
    node: &'n Node,
    position: usize,
    /// These are the record's own members.
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
        // Records of ever new names must not make this memory grow (law 8).
        if self.position < 256 {
            self.keys.truncate(self.position);
            self.keys.push((name.to_owned(), child));
        }
        Ok(child)
    }
}
