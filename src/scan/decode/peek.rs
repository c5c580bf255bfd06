//! A body → the key of the next page, where that stands before the records: with it the next request is sent while this page is decoded.
//!
//! A guess that must cost less than it gains: it ends at the first record, and reads no record at all. Decoding decides, and a request for
//! another page than decoding names is dropped. A key is read by the rule that decoding has.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::Decoder;
use super::envelope::NextKey;

impl Decoder {
    /// The key that a body names before its records, if it has any records.
    pub fn peek_next(&self, body: &[u8]) -> Option<String> {
        let next = self.envelope.next.as_ref()?;
        let mut found = PeekedKey::default();
        let peek = Peek { next: Some(&next.0), records: Some(&self.envelope.records.0), found: &mut found };
        // The walk ends with an error as soon as it has reached the records.
        let _ = peek.deserialize(&mut serde_json::Deserializer::from_slice(body));
        found.next.filter(|_| found.records)
    }
}

/// What a walk has seen before the records.
#[derive(Debug, Default)]
struct PeekedKey {
    next: Option<String>,
    /// There is a first record.
    records: bool,
}

/// A value on the way to the key or to the records, with what is left of their pointers. `None` where the way does not lead there.
struct Peek<'p, 'f> {
    next: Option<&'p [String]>,
    records: Option<&'p [String]>,
    found: &'f mut PeekedKey,
}

impl<'de> DeserializeSeed<'de> for Peek<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.next == Some(&[]) {
            let raw: &RawValue = serde::Deserialize::deserialize(deserializer)?;
            self.found.next = NextKey::read(raw.get()).ok().and_then(NextKey::into_key);
            return Ok(());
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Peek<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an envelope")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            let below = |path: Option<&'_ [String]>| path.and_then(|path| path.split_first()).is_some_and(|(name, _)| *name == key);
            let rest = |path| if below(path) { path.map(|path: &[String]| &path[1..]) } else { None };
            let (next, records) = (rest(self.next), rest(self.records));
            if next.is_none() && records.is_none() {
                map.next_value::<IgnoredAny>()?;
            } else {
                map.next_value_seed(Peek { next, records, found: &mut *self.found })?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        self.found.records = self.records == Some(&[]) && seq.next_element::<IgnoredAny>()?.is_some();
        Err(A::Error::custom("seen enough"))
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
}
