//! What each part of a request can carry unchanged.
//!
//! Rows are labelled with the value that was asked for. What must not be broken: the API receives exactly that value, or the
//! value is refused before a request is made.

use crate::sources::Part;

/// Why a part of a request cannot carry a value, as the end of a sentence; `None` if it can. `listed` says that the parameter
/// may come several times.
pub fn refusal(part: Part, listed: bool, value: &str) -> Option<&'static str> {
    match part {
        // Every character can be percent-encoded or escaped in these parts, and servers decode them once.
        Part::Query | Part::Body => None,
        Part::Path => path_refusal(value),
        Part::Header if !value.bytes().all(|byte| matches!(byte, b' '..=b'~')) => {
            Some("a header holds nothing but ASCII characters, and no control characters")
        }
        // RFC 9110 §5.5: the recipient removes blanks at the ends of a header's value.
        Part::Header if value.starts_with(' ') || value.ends_with(' ') => Some("blanks at the ends of a header are dropped"),
        // RFC 9110 §5.3: a header that comes several times is one list, separated by commas.
        Part::Header if listed && value.contains(',') => Some("a comma separates the values of a header"),
        Part::Header => None,
    }
}

/// Why a path cannot carry a value.
///
/// A slash is encoded, and stays part of its step by RFC 3986 §2.2. But some servers and proxies decode a path before they
/// route it, some of them twice. A value with several steps then meets no endpoint, which is an error. A value with an empty
/// step, `.` or `..` could meet the endpoint of another value, because servers remove such steps from a path: it is refused.
fn path_refusal(value: &str) -> Option<&'static str> {
    // Decoding removes no step that servers remove, and no NUL. So the last decoded form has all that any earlier one has.
    let decoded = decoded_to_the_end(value);
    if decoded.split(|byte| matches!(byte, b'/' | b'\\')).any(|step| matches!(step, b"" | b"." | b"..")) {
        return Some("servers take empty steps, \".\" and \"..\" out of a path");
    }
    decoded.contains(&0).then_some("servers end a path at a NUL character")
}

/// The value with every escape decoded, also those that appear only when others are decoded. One pass is enough: a decoded byte
/// can only complete an escape that begins right before it.
fn decoded_to_the_end(value: &str) -> Vec<u8> {
    let mut decoded: Vec<u8> = Vec::with_capacity(value.len());
    for byte in value.bytes() {
        decoded.push(byte);
        while let [.., b'%', high, low] = decoded.as_slice()
            && let (Some(high), Some(low)) = (digit(*high), digit(*low))
        {
            decoded.truncate(decoded.len() - 3);
            decoded.push(high << 4 | low);
        }
    }
    decoded
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carries(part: Part, value: &str) -> bool {
        refusal(part, false, value).is_none()
    }

    #[test]
    fn a_path_carries_what_stays_one_step() {
        for value in
            ["SR1", "a\nb", "\t", " ", "a/b", "a\\b", "...", ".a", "..a", "a..", "%", "%2", "100%", "a%20b", "é", "{id}", ";", "?#"]
        {
            assert!(carries(Part::Path, value), "{value:?}");
        }
        for value in
            ["", ".", "..", "/", "a/", "/a", "a//b", "a/../b", "a\\..\\b", "..\\a", "%2e", "%2E%2e", ".%2e", "a%2f..%2fb", "%252e%252E"]
        {
            assert!(!carries(Part::Path, value), "{value:?}");
        }
        assert!(!carries(Part::Path, "a\0b") && !carries(Part::Path, "a%2500b") && !carries(Part::Path, "%%32%65"));
    }

    #[test]
    fn a_header_carries_visible_ascii_and_blanks_between() {
        for value in ["", "a", "a b", "a, b", "~!\"{}"] {
            assert!(carries(Part::Header, value), "{value:?}");
        }
        for value in [" a", "a ", " ", "a\tb", "a\nb", "a\r\nX: y", "\u{7f}", "é", "a\0"] {
            assert!(!carries(Part::Header, value), "{value:?}");
        }
        assert!(refusal(Part::Header, true, "a, b").is_some(), "it would be two values of a list");
    }

    #[test]
    fn a_query_and_a_body_carry_everything() {
        for part in [Part::Query, Part::Body] {
            assert!(carries(part, "") && carries(part, " \t\r\n\0é&=+%2e"));
        }
    }
}
