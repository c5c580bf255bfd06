//! What a code in a response means: success, a refused credential, too many requests, or another failure. Pure.

use super::Pointer;
use crate::error::ErrorKind;

/// A place in a response that holds a code. Absent, null, empty and the codes of success mean that all is well.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ErrorRule {
    /// Where the code is.
    pub code: Pointer,
    /// Codes of success.
    pub ok: Vec<String>,
    /// Codes that mean what a 401 does.
    pub unauthorized: Vec<String>,
    /// Codes that mean what a 429 does.
    pub throttled: Vec<String>,
}

/// A code that is not one of success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What it means.
    pub kind: ErrorKind,
    /// The code, where it may be shown.
    pub code: Option<String>,
}

impl ErrorRule {
    /// Judges a code by its text; `None` where it says that all is well.
    pub fn judge(&self, code: &str) -> Option<Refusal> {
        let is_in = |codes: &[String]| codes.iter().any(|known| known == code);
        if code.is_empty() || is_in(&self.ok) {
            return None;
        }
        let kind = if is_in(&self.unauthorized) {
            ErrorKind::Unauthorized
        } else if is_in(&self.throttled) {
            ErrorKind::Throttled
        } else {
            ErrorKind::Shape
        };
        // SECURITY: only what can be a code is shown; the text beside it may repeat a secret or hold personal data.
        let is_code = code.len() <= 64 && code.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
        Some(Refusal { kind, code: is_code.then(|| code.to_owned()) })
    }

    /// Judges the code that a document has at the rule's place.
    pub fn judge_document(&self, document: &serde_json::Value) -> Option<Refusal> {
        match self.code.find(document)? {
            serde_json::Value::Null => None,
            serde_json::Value::String(code) => self.judge(code),
            other => self.judge(&other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rule() -> ErrorRule {
        let codes = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect();
        ErrorRule {
            code: Pointer(vec!["code".into()]),
            ok: codes(&["0", "OK"]),
            unauthorized: codes(&["401"]),
            throttled: codes(&["SLOW.1"]),
        }
    }

    #[test]
    fn a_code_means_what_its_rule_says_and_any_other_is_a_failure() {
        let judged = |document| rule().judge_document(&document).map(|refusal| (refusal.kind, refusal.code));
        for fine in [json!({}), json!({"code": null}), json!({"code": ""}), json!({"code": "OK"}), json!({"code": 0}), json!([])] {
            assert_eq!(judged(fine.clone()), None, "{fine}");
        }
        assert_eq!(judged(json!({"code": 401})), Some((ErrorKind::Unauthorized, Some("401".into()))));
        assert_eq!(judged(json!({"code": "SLOW.1"})), Some((ErrorKind::Throttled, Some("SLOW.1".into()))));
        assert_eq!(judged(json!({"code": false})), Some((ErrorKind::Shape, Some("false".into()))));
    }

    #[test]
    fn what_cannot_be_a_code_is_not_shown() {
        for text in ["a secret text", "x".repeat(65).as_str(), "{}"] {
            assert_eq!(rule().judge(text), Some(Refusal { kind: ErrorKind::Shape, code: None }), "{text}");
        }
    }
}
