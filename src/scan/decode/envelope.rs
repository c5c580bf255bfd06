//! What is looked for in the envelope around the records, as a tree of members' names.

use std::collections::HashMap;

use crate::sources::Pointer;

/// A place in the envelope: what is there, and what is below it.
#[derive(Debug, Default)]
pub(super) struct EnvelopeField {
    below: HashMap<String, Self>,
    /// The array of records.
    pub(super) records: bool,
    /// The key of the next page.
    pub(super) next: bool,
    /// The number of all records.
    pub(super) total: bool,
    /// The object that must be there for a missing key to prove anything.
    pub(super) evidence: bool,
    /// A code, by the first rule about this place.
    pub(super) rule: Option<usize>,
}

impl EnvelopeField {
    /// The place that a pointer names, made where it is not there yet.
    pub(super) fn at(&mut self, pointer: &Pointer) -> &mut Self {
        pointer.0.iter().fold(self, |place, step| place.below.entry(step.clone()).or_default())
    }

    /// The place that a member leads to; `None` where nothing is looked for there.
    pub(super) fn member(&self, name: &str) -> Option<&Self> {
        self.below.get(name)
    }
}
