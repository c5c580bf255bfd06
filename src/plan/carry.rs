//! What each part of a request can carry as it is. Rows are labelled with what was asked for, so what is received must be just
//! that: everything else is refused before a request is made of it.

use crate::sources::Part;

/// Why a part of a request cannot carry a value, as the end of a sentence; `None` where it can. `listed` says that the parameter
/// may stand there several times.
pub fn refusal(part: Part, listed: bool, value: &str) -> Option<&'static str> {
    match part {
        // Every character can be encoded there, and every server decodes what it reads there once.
        Part::Query | Part::Body => None,
        Part::Path => path_refusal(value),
        Part::Header if !value.bytes().all(|byte| matches!(byte, b' '..=b'~')) => {
            Some("a header holds nothing but ASCII characters, and no control characters")
        }
        // RFC 9110 §5.5: whoever reads a header takes blanks off its ends.
        Part::Header if value.starts_with(' ') || value.ends_with(' ') => Some("blanks at the ends of a header are dropped"),
        // RFC 9110 §5.3: a header that comes several times is one list.
        Part::Header if listed && value.contains(',') => Some("a comma separates the values of a header"),
        Part::Header => None,
    }
}

/// A slash is encoded, and stays one by RFC 3986 §2.2; but there are servers and proxies that decode before they look for the
/// endpoint, some of them twice. A value with more steps then meets no endpoint, which is an error. One with an empty step,
/// `.` or `..` could meet the endpoint of another value, because those are taken out of a path.
fn path_refusal(value: &str) -> Option<&'static str> {
    // What is taken out, and a NUL, stay what they are however often a value is decoded: the last form has all of them.
    let decoded = decoded_to_the_end(value);
    if decoded.split(|byte| matches!(byte, b'/' | b'\\')).any(|step| matches!(step, b"" | b"." | b"..")) {
        return Some("servers take empty steps, \".\" and \"..\" out of a path");
    }
    decoded.contains(&0).then_some("servers end a path at a NUL character")
}

/// What is left of a value when nothing more can be decoded in it, in one pass: a byte that an escape stands for may end another
/// escape, whose beginning stands right before it.
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
