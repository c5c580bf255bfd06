//! The body of a request: parsed as JSON or as a form, and written to the log without its secrets.

use bytes::Bytes;
use hyper::HeaderMap;
use hyper::header::CONTENT_TYPE;
use serde_json::Value;

use super::api::Refusal;

/// Members and form fields whose values are masked in the log.
const SECRETS: [&str; 4] = ["password", "refresh_token", "client_secret", "secret"];
const MASK: &str = "***";

/// The body of a request.
#[derive(Debug, Clone, Default)]
pub(crate) struct RequestBody {
    text: String,
    /// The media type in lower case, without parameters.
    kind: String,
}

impl RequestBody {
    pub(crate) fn new(bytes: &Bytes, headers: &HeaderMap) -> Self {
        let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        Self { text: String::from_utf8_lossy(bytes).into_owned(), kind }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn is_form(&self) -> bool {
        self.kind == "application/x-www-form-urlencoded"
    }

    /// The body as a JSON object. Another media type is refused, as frameworks do.
    pub(crate) fn object(&self) -> Result<serde_json::Map<String, Value>, Refusal> {
        if self.kind != "application/json" {
            return Err(Refusal::new(415, "UNSUPPORTED_MEDIA_TYPE", "the body must be application/json"));
        }
        match serde_json::from_str(&self.text) {
            Ok(Value::Object(members)) => Ok(members),
            _ => Err(Refusal::bad_request("the body must be a JSON object")),
        }
    }

    /// The fields of a form.
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(self.text.as_bytes()).into_owned().collect()
    }

    /// One line for the log: JSON without whitespace, a form decoded, secrets masked.
    pub(crate) fn readable(&self) -> String {
        if serde_json::from_str::<serde::de::IgnoredAny>(&self.text).is_ok() {
            return compact(&self.text);
        }
        if self.is_form() {
            let fields = self.form().into_iter();
            let fields = fields.map(|(name, value)| {
                let value = if is_secret(&name) { MASK } else { &value };
                format!("{name}={value}")
            });
            return fields.collect::<Vec<_>>().join("&");
        }
        self.text.lines().collect::<Vec<_>>().join(" ")
    }
}

/// Compares without case, because some frameworks accept names in any case.
fn is_secret(name: &str) -> bool {
    SECRETS.iter().any(|secret| secret.eq_ignore_ascii_case(name))
}

/// Valid JSON without whitespace between its tokens. A `Value` would not keep the order of members.
fn compact(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    // The name of the member whose value is next, if the next token is a value.
    let mut member = None;
    while let Some(first) = rest.chars().next() {
        if first == '"' {
            let (text, behind) = rest.split_at(string_length(rest));
            let is_name = behind.trim_start().starts_with(':');
            if !is_name && member.is_some_and(is_secret) {
                out.push_str(&format!("\"{MASK}\""));
            } else {
                out.push_str(text);
            }
            member = is_name.then(|| text.trim_matches('"'));
            rest = behind;
            continue;
        }
        if !first.is_ascii_whitespace() {
            out.push(first);
            if first != ':' {
                member = None;
            }
        }
        rest = &rest[first.len_utf8()..];
    }
    out
}

/// The length of the JSON string at the begin of the text, with its quotes.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(kind: &str, text: &str) -> RequestBody {
        RequestBody { text: text.into(), kind: kind.into() }
    }

    #[test]
    fn json_is_logged_in_one_line_and_without_secrets() {
        let readable = |text: &str| body("application/json", text).readable();
        assert_eq!(readable("{ \"b\" : [ 1, \"x \\\" y\" ],\n \"a\": null }"), r#"{"b":[1,"x \" y"],"a":null}"#);
        assert_eq!(
            readable(r#"{"methods": ["password"], "password": {"user": {"password": "s3\"cret", "name": "password"}}}"#),
            r#"{"methods":["password"],"password":{"user":{"password":"***","name":"password"}}}"#
        );
        assert_eq!(readable("{not\njson"), "{not json");
        assert_eq!(readable(""), "");
    }

    #[test]
    fn a_form_is_logged_without_secrets() {
        let form = body("application/x-www-form-urlencoded", "grant_type=refresh_token&refresh_token=a%20b&client_id=c%26d&Password=x");
        assert_eq!(form.readable(), "grant_type=refresh_token&refresh_token=***&client_id=c&d&Password=***");
        assert_eq!(form.form()[1], ("refresh_token".to_owned(), "a b".to_owned()));
    }

    #[test]
    fn json_must_call_itself_json() {
        assert_eq!(body("text/plain", "{}").object().unwrap_err().status, 415);
        assert_eq!(body("application/json", "[]").object().unwrap_err().status, 400);
        assert!(body("application/json", "{}").object().unwrap().is_empty());
    }
}
