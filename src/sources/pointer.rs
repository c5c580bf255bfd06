//! JSON Pointers: where a value stands in a document.

use serde_json::Value;

/// A JSON Pointer (RFC 6901), unescaped into its members' names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Pointer(pub Vec<String>);

impl Pointer {
    /// Reads `/a/b`; `""` is the whole value. `None` where it is not a pointer.
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::default());
        }
        let rest = text.strip_prefix('/')?;
        // `~` begins an escape; before anything else the RFC calls it an error.
        if text.split('~').skip(1).any(|after| !after.starts_with(['0', '1'])) {
            return None;
        }
        Some(Self(rest.split('/').map(|step| step.replace("~1", "/").replace("~0", "~")).collect()))
    }

    /// The value there.
    pub fn find<'v>(&self, document: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(document, |value, step| value.get(step))
    }
}

impl std::fmt::Display for Pointer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for step in &self.0 {
            write!(f, "/{}", step.replace('~', "~0").replace('/', "~1"))?;
        }
        Ok(())
    }
}
