//! Reads the JSON objects of a description and collects every fault with its place, instead of stopping at the first.
//!
//! What must not be broken: reading always goes on with a neutral value, so nothing read may be used if there is a fault.

use serde_json::{Map, Value};

/// The faults of one description.
pub(super) struct Faults<'p> {
    /// The faults found so far, each as `place: what is wrong`.
    found: Vec<String>,
    /// Called for each object that is read, so that a long description can be interrupted.
    pause: &'p mut dyn FnMut(),
}

impl std::fmt::Debug for Faults<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Faults").field(&self.found).finish()
    }
}

impl<'p> Faults<'p> {
    pub(super) fn new(pause: &'p mut dyn FnMut()) -> Self {
        Self { found: Vec::new(), pause }
    }

    /// The faults in the order in which they were found.
    pub(super) fn into_found(self) -> Vec<String> {
        self.found
    }

    pub(super) fn push(&mut self, at: &str, what: impl std::fmt::Display) {
        let at = if at.is_empty() { "/" } else { at };
        let fault = format!("{at}: {what}");
        // A name may contain line breaks, but each fault must be one line.
        let escaped = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
        self.found.push(fault.chars().map(escaped).collect());
    }
}

/// One object being read. A missing or mistyped member becomes a fault and a neutral value. [`Object::finish`] reports the
/// members that were never asked for.
#[derive(Debug)]
pub(super) struct Object<'v> {
    map: Option<&'v Map<String, Value>>,
    at: String,
    known: Vec<&'static str>,
}

impl<'v> Object<'v> {
    pub(super) fn new(value: &'v Value, at: &str, faults: &mut Faults<'_>) -> Self {
        (faults.pause)();
        let map = value.as_object();
        if map.is_none() {
            faults.push(at, "must be an object");
        }
        Self { map, at: at.to_owned(), known: Vec::new() }
    }

    /// The JSON Pointer of a member.
    pub(super) fn place(&self, key: &str) -> String {
        format!("{}/{key}", self.at)
    }

    /// A member's value. `None` if the member is absent or null.
    pub(super) fn get(&mut self, key: &'static str) -> Option<&'v Value> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        self.map?.get(key).filter(|v| !v.is_null())
    }

    fn missing(&self, key: &str, faults: &mut Faults<'_>) {
        // A value that is not an object was reported already, so its members are not reported one by one.
        if self.map.is_some() {
            faults.push(&self.at, format_args!("\"{key}\" is required"));
        }
    }

    pub(super) fn required(&mut self, key: &'static str, faults: &mut Faults<'_>) -> Option<&'v Value> {
        let found = self.get(key);
        if found.is_none() {
            self.missing(key, faults);
        }
        found
    }

    pub(super) fn text(&mut self, key: &'static str, faults: &mut Faults<'_>) -> String {
        match self.required(key, faults) {
            Some(value) => self.as_text(key, value, faults),
            None => String::new(),
        }
    }

    /// A member that must be a non-empty string.
    pub(super) fn word(&mut self, key: &'static str, faults: &mut Faults<'_>) -> String {
        let Some(value) = self.required(key, faults) else { return String::new() };
        if value == "" {
            faults.push(&self.place(key), "must not be empty");
        }
        self.as_text(key, value, faults)
    }

    pub(super) fn optional_text(&mut self, key: &'static str, faults: &mut Faults<'_>) -> Option<String> {
        let value = self.get(key)?;
        let text = self.as_text(key, value, faults);
        value.is_string().then_some(text)
    }

    pub(super) fn text_or(&mut self, key: &'static str, default: &str, faults: &mut Faults<'_>) -> String {
        match self.get(key) {
            Some(value) => self.as_text(key, value, faults),
            None => default.to_owned(),
        }
    }

    fn as_text(&self, key: &str, value: &Value, faults: &mut Faults<'_>) -> String {
        match value.as_str() {
            Some(text) => text.to_owned(),
            None => {
                faults.push(&self.place(key), "must be a string");
                String::new()
            }
        }
    }

    pub(super) fn flag(&mut self, key: &'static str, default: bool, faults: &mut Faults<'_>) -> bool {
        match self.get(key) {
            None => default,
            Some(value) => value.as_bool().unwrap_or_else(|| {
                faults.push(&self.place(key), "must be true or false");
                default
            }),
        }
    }

    pub(super) fn count(&mut self, key: &'static str, faults: &mut Faults<'_>) -> Option<u64> {
        let value = self.get(key)?;
        let count = value.as_u64();
        if count.is_none() {
            faults.push(&self.place(key), "must be a whole number, 0 or more");
        }
        count
    }

    /// A member that must be a JSON Pointer (RFC 6901). `""` is the whole document.
    pub(super) fn pointer(&mut self, key: &'static str, faults: &mut Faults<'_>) -> Option<super::Pointer> {
        let value = self.get(key)?;
        let text = self.as_text(key, value, faults);
        match super::Pointer::parse(&text) {
            Some(pointer) => Some(pointer),
            None => {
                faults.push(&self.place(key), "must be a JSON Pointer, such as \"/data/items\"");
                None
            }
        }
    }

    /// The elements of an array member, each with its place.
    pub(super) fn list(&mut self, key: &'static str, faults: &mut Faults<'_>) -> Vec<(&'v Value, String)> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let Some(items) = value.as_array() else {
            faults.push(&self.place(key), "must be an array");
            return Vec::new();
        };
        let at = self.place(key);
        items.iter().enumerate().map(|(i, v)| (v, format!("{at}/{i}"))).collect()
    }

    /// The texts of an array member.
    pub(super) fn texts(&mut self, key: &'static str, faults: &mut Faults<'_>) -> Vec<String> {
        let listed = self.list(key, faults);
        let text = |(value, at): (&Value, String)| match value.as_str() {
            Some(text) => text.to_owned(),
            None => {
                faults.push(&at, "must be a string");
                String::new()
            }
        };
        listed.into_iter().map(text).collect()
    }

    /// A member whose text must be one of `choices`.
    pub(super) fn choice<T: Copy>(
        &mut self,
        key: &'static str,
        choices: &[(&str, T)],
        default: Option<T>,
        faults: &mut Faults<'_>,
    ) -> Option<T> {
        let Some(value) = self.get(key) else {
            if default.is_none() {
                self.missing(key, faults);
            }
            return default;
        };
        let text = self.as_text(key, value, faults);
        let found = choices.iter().find(|(name, _)| *name == text).map(|(_, choice)| *choice);
        if found.is_none() {
            let names: Vec<_> = choices.iter().map(|(name, _)| format!("\"{name}\"")).collect();
            faults.push(&self.place(key), format_args!("must be one of {}", names.join(", ")));
        }
        found
    }

    pub(super) fn finish(self, faults: &mut Faults<'_>) {
        let Some(map) = self.map else { return };
        for key in map.keys().filter(|key| !self.known.contains(&key.as_str())) {
            faults.push(&self.at, format_args!("\"{key}\" is not a member here; known are {}", self.known.join(", ")));
        }
    }
}
