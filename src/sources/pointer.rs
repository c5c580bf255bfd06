//! The text of a JSON Pointer → the place of a value in a document.

use serde_json::Value;

/// A JSON Pointer (RFC 6901) as the unescaped names of its members.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Pointer(pub Vec<String>);

impl Pointer {
    /// Parses `/a/b`. `""` is the whole document. `None` if the text is not a JSON Pointer.
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::default());
        }
        let rest = text.strip_prefix('/')?;
        // RFC 6901 allows only `~0` and `~1`.
        if text.split('~').skip(1).any(|after| !after.starts_with(['0', '1'])) {
            return None;
        }
        Some(Self(rest.split('/').map(|step| step.replace("~1", "/").replace("~0", "~")).collect()))
    }

    /// The value at this place of a document.
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
