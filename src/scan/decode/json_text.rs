//! The text of one JSON value, whose syntax serde_json has checked → bytes for Postgres.
//!
//! Unescaping is ours because serde_json refuses half surrogate pairs outright, and the user decides with `on_invalid` what
//! becomes of them and of NUL characters.

use std::borrow::Cow;

use crate::options::OnInvalid;

/// The text holds a NUL character or half a surrogate pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invalid;

/// What an escape stands for.
enum Escape {
    Char(char),
    /// NUL or half a surrogate pair.
    Bad,
}

/// The characters of a JSON string; `raw` has its quotes. `Ok(None)` is NULL.
pub fn string<'a>(raw: &'a str, on_invalid: OnInvalid) -> Result<Option<Cow<'a, str>>, Invalid> {
    let inner = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
    let Some(first) = inner.find('\\') else { return Ok(Some(Cow::Borrowed(inner))) };
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner;
    let mut at = first;
    loop {
        text.push_str(&rest[..at]);
        let (escape, length) = escape(&rest[at..]);
        match (escape, on_invalid) {
            (Escape::Char(c), _) => text.push(c),
            (Escape::Bad, OnInvalid::Replace) => text.push(char::REPLACEMENT_CHARACTER),
            (Escape::Bad, OnInvalid::Null) => return Ok(None),
            (Escape::Bad, OnInvalid::Error) => return Err(Invalid),
        }
        rest = &rest[at + length..];
        match rest.find('\\') {
            Some(next) => at = next,
            None => break,
        }
    }
    text.push_str(rest);
    Ok(Some(Cow::Owned(text)))
}

/// JSON text for `jsonb_in`, which holds neither NUL nor half surrogate pairs. `Ok(None)` is NULL.
pub fn json<'a>(raw: &'a str, on_invalid: OnInvalid) -> Result<Option<Cow<'a, str>>, Invalid> {
    // Only a \u escape can be bad, and most JSON has none.
    if !raw.contains("\\u") {
        return Ok(Some(Cow::Borrowed(raw)));
    }
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        let (escape, length) = escape(&rest[at..]);
        match (escape, on_invalid) {
            (Escape::Char(_), _) => text.push_str(&rest[at..at + length]),
            (Escape::Bad, OnInvalid::Replace) => text.push_str("\\ufffd"),
            (Escape::Bad, OnInvalid::Null) => return Ok(None),
            (Escape::Bad, OnInvalid::Error) => return Err(Invalid),
        }
        rest = &rest[at + length..];
    }
    text.push_str(rest);
    Ok(Some(Cow::Owned(text)))
}

/// Reads the escape at the start of `text` and says how many bytes it takes.
fn escape(text: &str) -> (Escape, usize) {
    let plain = |c| (Escape::Char(c), 2);
    match text.as_bytes().get(1) {
        Some(b'n') => plain('\n'),
        Some(b't') => plain('\t'),
        Some(b'r') => plain('\r'),
        Some(b'b') => plain('\u{8}'),
        Some(b'f') => plain('\u{c}'),
        Some(b'u') => {
            let Some(high) = code_unit(text) else { return (Escape::Bad, 6) };
            match high {
                0 => (Escape::Bad, 6),
                0xd800..=0xdbff => match text.get(6..).and_then(code_unit) {
                    Some(low @ 0xdc00..=0xdfff) => {
                        let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                        (char::from_u32(code).map_or(Escape::Bad, Escape::Char), 12)
                    }
                    _ => (Escape::Bad, 6),
                },
                code => (char::from_u32(code).map_or(Escape::Bad, Escape::Char), 6),
            }
        }
        // The syntax was checked: only `"`, `\` and `/` are left, and they stand for themselves.
        Some(other) => plain(char::from(*other)),
        None => (Escape::Bad, 1),
    }
}

/// The four hexadecimal digits after `\u`.
fn code_unit(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u32::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_without_escapes_are_borrowed() {
        assert!(matches!(string("\"plain é\"", OnInvalid::Error), Ok(Some(Cow::Borrowed("plain é")))));
        assert!(matches!(string("\"\"", OnInvalid::Error), Ok(Some(Cow::Borrowed("")))));
    }

    #[test]
    fn escapes_agree_with_serde_json() {
        for raw in [r#""a\nb\t\"q\" \\ \/ \b\f\r""#, r#""\u00e9\u4e2d\ud83d\ude00 end""#, r#""\\u0000 is text""#, r#""tail\\""#] {
            let truth: String = serde_json::from_str(raw).unwrap();
            assert_eq!(string(raw, OnInvalid::Error).unwrap().unwrap(), truth, "{raw}");
        }
    }

    #[test]
    fn what_postgres_cannot_hold_is_an_error_null_or_replaced() {
        for raw in [r#""a\u0000b""#, r#""a\ud800b""#, r#""a\udc00b""#] {
            assert_eq!(string(raw, OnInvalid::Error), Err(Invalid), "{raw}");
            assert_eq!(string(raw, OnInvalid::Null), Ok(None), "{raw}");
            assert_eq!(string(raw, OnInvalid::Replace).unwrap().unwrap(), "a\u{fffd}b", "{raw}");
            let object = format!("{{\"k\":{raw}}}");
            assert_eq!(json(&object, OnInvalid::Error), Err(Invalid));
            assert_eq!(json(&object, OnInvalid::Replace).unwrap().unwrap(), "{\"k\":\"a\\ufffdb\"}");
        }
        assert_eq!(string(r#""\ud800\ud83d\ude00""#, OnInvalid::Replace).unwrap().unwrap(), "\u{fffd}😀");
    }

    #[test]
    fn json_keeps_good_escapes_as_they_came() {
        let raw = r#"{"a":"\u00e9\n\ud83d\ude00"}"#;
        assert_eq!(json(raw, OnInvalid::Error).unwrap().unwrap(), raw);
    }
}
