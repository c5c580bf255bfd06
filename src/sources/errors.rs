//! The code in a response → its meaning: success, a refused credential, too many requests, or another failure.

use super::Pointer;
use crate::error::ErrorKind;

/// A place in a response that holds a code. An absent, null or empty code and the codes of success mean success.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ErrorRule {
    /// Where the response has the code.
    pub code: Pointer,
    /// Codes of success.
    pub ok: Vec<String>,
    /// Codes with the meaning of HTTP status 401.
    pub unauthorized: Vec<String>,
    /// Codes with the meaning of HTTP status 429.
    pub throttled: Vec<String>,
}

/// The meaning of a code that is not a code of success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The class of the error.
    pub kind: ErrorKind,
    /// The code, if it may be shown.
    pub code: Option<String>,
}

impl ErrorRule {
    /// The meaning of a code's text. `None` means success.
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
        // SECURITY: only a text that looks like a code is shown. Any other text may repeat a secret or hold personal data.
        let is_code = code.len() <= 64 && code.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
        Some(Refusal { kind, code: is_code.then(|| code.to_owned()) })
    }

    /// The meaning of the code that a document has at the rule's place. `None` means success.
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
