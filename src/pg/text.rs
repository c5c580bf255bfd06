//! Text between Rust, where it is UTF-8, and Postgres, where it has the database's encoding.
//!
//! pgrx takes every text of Postgres for UTF-8 without looking, and passes its own on as UTF-8. In a database with another encoding that
//! breaks Rust's strings, and what a client is sent. So text that may hold more than ASCII must cross here instead.

use std::borrow::Cow;
use std::ffi::{CStr, CString, c_char, c_int};
use std::fmt::Write;

use pgrx::{AnyElement, PgList, pg_sys};

use crate::options::OnInvalid;

const UTF8: c_int = pg_sys::pg_enc::PG_UTF8 as c_int;

/// Options as name and value.
pub(super) type Options = Vec<(String, String)>;

fn database_encoding() -> c_int {
    // SAFETY: reads a variable of this backend.
    unsafe { pg_sys::GetDatabaseEncoding() }
}

/// Whether the database holds UTF-8.
pub(super) fn is_utf8() -> bool {
    database_encoding() == UTF8
}

/// Whether Postgres takes UTF-8 as it is. SQL_ASCII does: it is no encoding, but the absence of one.
fn takes_utf8() -> bool {
    is_utf8() || database_encoding() == pg_sys::pg_enc::PG_SQL_ASCII as c_int
}

/// Text of the database, whatever its encoding; empty for a null pointer.
///
/// # Safety
/// The caller guarantees that `text` is null or a NUL-terminated string that lives during the call.
pub(super) unsafe fn text_of(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: the caller guarantees a NUL-terminated string; the conversion returns its argument, or a palloc'd string.
    let utf8 = unsafe { CStr::from_ptr(pg_sys::pg_server_to_any(text, CStr::from_ptr(text).to_bytes().len() as c_int, UTF8)) };
    utf8.to_string_lossy().into_owned()
}

/// The options of a list of the catalogs.
///
/// # Safety
/// The caller guarantees that `list` is an options list: each element is a DefElem with a name.
pub(super) unsafe fn options_of(list: *mut pg_sys::List) -> Options {
    // SAFETY: the caller guarantees DefElems with names; defGetString raises for a value that is no text.
    let option = |def: *mut pg_sys::DefElem| unsafe { (text_of((*def).defname), text_of(pg_sys::defGetString(def))) };
    // SAFETY: the caller guarantees a list of DefElems.
    unsafe { PgList::<pg_sys::DefElem>::from_pg(list) }.iter_ptr().map(option).collect()
}

/// The value of one option.
pub(super) fn option<'o>(options: &'o Options, name: &str) -> Option<&'o str> {
    options.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
}

/// Text for people, in a form that every database can show: an error about a character must not fail for that character. Where the
/// encoding is not UTF-8, characters beyond ASCII are written as in a Unicode literal.
pub(super) fn shown(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || takes_utf8() { Cow::Borrowed(text) } else { Cow::Owned(escaped(&text.replace('…', "..."))) }
}

/// ASCII only, the rest as `\uXXXX`: within a string of JSON, the same text.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_ascii() {
            escaped.push(letter);
        } else {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        }
    }
    escaped
}

/// A copy of the text in the database's encoding, in the current memory context. Raises Postgres' own error for a character that it does
/// not have. Text with a NUL, which no C string holds, ends there.
pub(super) fn to_server(text: &str) -> *mut c_char {
    let text = CString::new(text.split('\0').next().unwrap_or_default()).unwrap_or_default();
    let length = text.as_bytes().len() as c_int;
    // SAFETY: a NUL-terminated string of that length; the conversion returns its argument, or a palloc'd string.
    unsafe { pg_sys::pstrdup(pg_sys::pg_any_to_server(text.as_ptr(), length, UTF8)) }
}

/// Text of the API → text of a database whose encoding is not UTF-8.
#[derive(Debug)]
pub(super) struct ToServer {
    encoding: i32,
    /// What becomes of characters that the encoding does not have, and the conversion that finds them; `None` where they are an error.
    repair: Option<(OnInvalid, pg_sys::Oid)>,
}

impl ToServer {
    /// A conversion to the database's encoding; `None` where the database holds UTF-8.
    pub(super) fn new(on_invalid: OnInvalid) -> Option<Self> {
        let encoding = database_encoding();
        // SAFETY: looks up a conversion between two encodings that Postgres has.
        let conversion = unsafe { pg_sys::FindDefaultConversionProc(UTF8, encoding) };
        let repair = Some((on_invalid, conversion)).filter(|_| on_invalid != OnInvalid::Error && conversion != pg_sys::InvalidOid);
        (encoding != UTF8).then_some(Self { encoding, repair })
    }

    /// The text itself, or a converted copy in the current memory context; `None` where it shall be NULL.
    ///
    /// # Safety
    /// The caller guarantees that `text` is NUL-terminated UTF-8.
    pub(super) unsafe fn convert(&self, text: *mut c_char) -> Option<*mut c_char> {
        // SAFETY: the caller guarantees a NUL-terminated string.
        let bytes = unsafe { CStr::from_ptr(text) }.to_bytes();
        match self.repair {
            // Every encoding of a database has ASCII as it is.
            _ if bytes.is_ascii() => Some(text),
            // SAFETY: the caller guarantees UTF-8, of this length.
            None => Some(unsafe { pg_sys::pg_any_to_server(text, bytes.len() as c_int, UTF8) }),
            // SAFETY: `new` looked the conversion up, from UTF-8 to this encoding.
            Some((on_invalid, conversion)) => unsafe { self.repaired(bytes, on_invalid, conversion) },
        }
    }

    /// The text converted, with a question mark for each character that the encoding does not have; `None` where one shall make it NULL.
    ///
    /// # Safety
    /// The caller guarantees that `conversion` is one from UTF-8 to this encoding.
    unsafe fn repaired(&self, bytes: &[u8], on_invalid: OnInvalid, conversion: pg_sys::Oid) -> Option<*mut c_char> {
        let capacity = bytes.len() * pg_sys::MAX_CONVERSION_GROWTH as usize + 1;
        let (mut read, mut written) = (0, 0);
        // SAFETY: raises where there is no memory.
        let converted = unsafe { pg_sys::palloc(capacity) }.cast::<u8>();
        loop {
            let (from, to) = (bytes[read..].as_ptr().cast_mut(), converted.wrapping_add(written));
            let (left, room) = ((bytes.len() - read) as c_int, (capacity - written) as c_int);
            // SAFETY: the caller guarantees the conversion, which writes at most `room` bytes and ends them with a NUL.
            let (taken, given) = unsafe {
                let taken = pg_sys::pg_do_encoding_conversion_buf(conversion, UTF8, self.encoding, from, left, to, room, true);
                (taken as usize, CStr::from_ptr(to.cast()).to_bytes().len())
            };
            (read, written) = (read + taken, written + given);
            if read >= bytes.len() {
                return Some(converted.cast());
            }
            if on_invalid == OnInvalid::Null {
                return None;
            }
            // SAFETY: a character that was not converted leaves room for more than one byte.
            unsafe { converted.add(written).write(b'?') };
            written += 1;
            // The rest of a character are continuation bytes.
            read += 1 + bytes[read + 1..].iter().take_while(|byte| **byte & 0xc0 == 0x80).count();
        }
    }
}

/// An argument of type text, as Postgres has it.
///
/// # Safety
/// The caller guarantees that its function is declared with an argument of that type, which is not NULL.
pub(super) unsafe fn argument(argument: AnyElement) -> *mut c_char {
    // SAFETY: the caller guarantees a text, which text_to_cstring detoasts if it must.
    unsafe { pg_sys::text_to_cstring(argument.datum().cast_mut_ptr()) }
}

/// The name of a relation as a statement has it, with its schema.
pub(super) fn relation_name(relation: pg_sys::Oid) -> String {
    // SAFETY: raises, or yields NULL, if there is no such relation; both names are palloc'd.
    unsafe {
        let schema = pg_sys::get_namespace_name(pg_sys::get_rel_namespace(relation));
        text_of(pg_sys::quote_qualified_identifier(schema, pg_sys::get_rel_name(relation)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_those_of_json() {
        assert_eq!(escaped("a\"ü🎉"), "a\"\\u00fc\\ud83c\\udf89");
        assert_eq!(serde_json::from_str::<String>(&format!("\"{}\"", escaped("Größe 🎉"))).unwrap(), "Größe 🎉");
    }
}
