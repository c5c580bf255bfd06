//! Encodes a place in a list as an opaque page key.

use super::spread::mix;

/// Where a page begins. Its text is opaque Base64 with padding, so that a client fails that does not encode `+`, `/` and `=` in a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    /// Ascending: the first row of the page. Descending: the row before which the page begins.
    pub(crate) cursor: u64,
    pub(crate) page: u32,
}

impl Key {
    pub(crate) fn encode(self, marks: u64) -> String {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&(self.cursor ^ marks).to_be_bytes());
        bytes[8..12].copy_from_slice(&(self.page ^ marks as u32).to_be_bytes());
        bytes[12..].copy_from_slice(&self.check(marks).to_be_bytes());
        base64_encode(&bytes)
    }

    pub(crate) fn decode(text: &str, marks: u64) -> Option<Self> {
        let bytes: [u8; 16] = base64_decode(text)?.try_into().ok()?;
        let (cursor, rest) = bytes.split_first_chunk::<8>()?;
        let (page, check) = rest.split_first_chunk::<4>()?;
        let key = Self { cursor: u64::from_be_bytes(*cursor) ^ marks, page: u32::from_be_bytes(*page) ^ marks as u32 };
        (key.check(marks).to_be_bytes() == check).then_some(key)
    }

    fn check(self, marks: u64) -> u32 {
        (mix(mix(marks, self.cursor), u64::from(self.page)) >> 32) as u32
    }
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn base64_encode(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = (0..3).fold(0, |word, at| word << 8 | u32::from(chunk.get(at).copied().unwrap_or(0)));
        for at in 0..4 {
            if at <= chunk.len() {
                text.push(char::from(BASE64[(word >> (18 - 6 * at) & 63) as usize]));
            } else {
                text.push('=');
            }
        }
    }
    text
}

fn base64_decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut word, mut bits) = (0_u32, 0);
    for byte in text.trim_end_matches('=').bytes() {
        let digit = BASE64.iter().position(|known| *known == byte)?;
        word = word << 6 | digit as u32;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((word >> bits) as u8);
        }
    }
    text.len().is_multiple_of(4).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_comes_back_and_a_forged_one_does_not() {
        for cursor in 0..500 {
            let key = Key { cursor, page: 7 };
            let text = key.encode(99);
            assert_eq!(Key::decode(&text, 99), Some(key));
            assert_eq!(Key::decode(&text, 98), None);
            assert_eq!(Key::decode(&text.replace('=', ""), 99), None);
        }
        assert_eq!(Key::decode("no key", 99), None);
    }

    #[test]
    fn some_keys_need_percent_encoding() {
        let text: String = (0..50).map(|cursor| Key { cursor, page: 2 }.encode(5)).collect();
        assert!(["+", "/", "="].iter().all(|letter| text.contains(letter)));
    }
}
