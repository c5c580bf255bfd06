//! Appends JSON to a page: no tree, no serde, because a page of ten thousand rows must take milliseconds.

use super::wire_time::push_time;

/// Writes the members of one record, leaving out or replacing what the settings or a fault want.
#[derive(Debug)]
pub(crate) struct RecordWriter<'a> {
    out: &'a mut Vec<u8>,
    write_nulls: bool,
    twist: Option<&'a Twist>,
}

/// A member whose value is replaced, or appended a second time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Twist {
    pub(crate) column: usize,
    /// JSON text.
    pub(crate) value: Vec<u8>,
    /// Leave the first one as it is, and write the member again at the record's end.
    pub(crate) again: bool,
}

impl<'a> RecordWriter<'a> {
    pub(crate) fn new(out: &'a mut Vec<u8>, write_nulls: bool, twist: Option<&'a Twist>) -> Self {
        out.push(b'{');
        Self { out, write_nulls, twist }
    }

    /// Starts a member; `false` when its value has been written already or is left out.
    #[inline]
    fn member(&mut self, column: usize, name: &str, has_value: bool) -> bool {
        let twist = self.twist.filter(|twist| twist.column == column && !twist.again);
        if !has_value && !self.write_nulls && twist.is_none() {
            return false;
        }
        if self.out.last() != Some(&b'{') {
            self.out.push(b',');
        }
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        if let Some(twist) = twist {
            self.out.extend_from_slice(&twist.value);
            return false;
        }
        if !has_value {
            self.out.extend_from_slice(b"null");
        }
        has_value
    }

    /// A value that is JSON text already.
    #[inline]
    pub(crate) fn raw(&mut self, column: usize, name: &str, value: Option<&[u8]>) {
        if self.member(column, name, value.is_some())
            && let Some(value) = value
        {
            self.out.extend_from_slice(value);
        }
    }

    /// A text that needs no escape.
    #[inline]
    pub(crate) fn plain(&mut self, column: usize, name: &str, value: Option<&str>) {
        if self.member(column, name, value.is_some())
            && let Some(value) = value
        {
            self.out.push(b'"');
            self.out.extend_from_slice(value.as_bytes());
            self.out.push(b'"');
        }
    }

    /// An identifier: a prefix and a number of a fixed width.
    #[inline]
    pub(crate) fn identifier(&mut self, column: usize, name: &str, prefix: &str, value: Option<u64>, width: usize) {
        if self.member(column, name, value.is_some())
            && let Some(value) = value
        {
            self.out.push(b'"');
            self.out.extend_from_slice(prefix.as_bytes());
            push_number(self.out, value, width);
            self.out.push(b'"');
        }
    }

    #[inline]
    pub(crate) fn time(&mut self, column: usize, name: &str, value: Option<i64>) {
        if self.member(column, name, value.is_some())
            && let Some(value) = value
        {
            self.out.push(b'"');
            push_time(self.out, value);
            self.out.push(b'"');
        }
    }

    #[inline]
    pub(crate) fn flag(&mut self, column: usize, name: &str, value: Option<bool>) {
        if self.member(column, name, value.is_some())
            && let Some(value) = value
        {
            self.out.extend_from_slice(if value { b"true" } else { b"false" });
        }
    }

    /// Closes the record. `name_of` gives the wire name of the column that is written twice.
    pub(crate) fn end(self, name_of: impl Fn(usize) -> &'static str) {
        if let Some(twist) = self.twist.filter(|twist| twist.again) {
            self.out.extend_from_slice(b",\"");
            self.out.extend_from_slice(name_of(twist.column).as_bytes());
            self.out.extend_from_slice(b"\":");
            self.out.extend_from_slice(&twist.value);
        }
        self.out.push(b'}');
    }
}

/// Appends a number with at least `width` digits.
pub(crate) fn push_number(out: &mut Vec<u8>, mut number: u64, width: usize) {
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    while number > 0 {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
    }
    let first = at.min(digits.len() - width.clamp(1, digits.len()));
    out.extend_from_slice(&digits[first..]);
}
