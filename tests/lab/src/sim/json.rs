//! Appends JSON to a page, without a tree and without serde: a page of ten thousand rows must take only milliseconds.

use super::wire_time::push_time;

/// The type of a field, which decides what a value of the wrong type is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldKind {
    Text,
    Time,
    Flag,
    Number,
    /// JSON that is one column.
    Object,
    /// An object whose members are columns.
    Nested,
}

/// The fields of a record in their order on the wire. A nested field is `outer.inner`.
pub(crate) type Columns = &'static [(&'static str, FieldKind)];

/// The name of a column on the wire, without that of its object.
pub(crate) fn wire_name(columns: Columns, column: usize) -> &'static str {
    columns.get(column).map_or("", |(path, _)| path.rsplit('.').next().unwrap_or(path))
}

/// Writes the members of one record. The settings may leave out nulls, and a fault may override one member.
#[derive(Debug)]
pub(crate) struct RecordWriter<'a> {
    out: &'a mut Vec<u8>,
    write_nulls: bool,
    field_override: Option<&'a FieldOverride>,
}

/// A member whose value is replaced, or appended a second time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldOverride {
    pub(crate) column: usize,
    /// JSON text.
    pub(crate) value: Vec<u8>,
    /// Writes the member unchanged, and again with `value` at the end of the record.
    pub(crate) again: bool,
}

impl<'a> RecordWriter<'a> {
    pub(crate) fn new(out: &'a mut Vec<u8>, write_nulls: bool, field_override: Option<&'a FieldOverride>) -> Self {
        out.push(b'{');
        Self { out, write_nulls, field_override }
    }

    /// Starts a member. Returns `false` if its value is already written or left out.
    #[inline]
    fn member(&mut self, column: usize, name: &str, has_value: bool) -> bool {
        let field_override = self.field_override.filter(|field_override| field_override.column == column && !field_override.again);
        if !has_value && !self.write_nulls && field_override.is_none() {
            return false;
        }
        if self.out.last() != Some(&b'{') {
            self.out.push(b',');
        }
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        if let Some(field_override) = field_override {
            self.out.extend_from_slice(&field_override.value);
            return false;
        }
        if !has_value {
            self.out.extend_from_slice(b"null");
        }
        has_value
    }

    /// A value that is already JSON text.
    #[inline]
    pub(crate) fn raw(&mut self, column: usize, name: &str, value: Option<&[u8]>) {
        if self.member(column, name, value.is_some())
            && let Some(value) = value
        {
            self.out.extend_from_slice(value);
        }
    }

    /// Any text.
    pub(crate) fn text(&mut self, column: usize, name: &str, value: Option<&str>) {
        if self.member(column, name, value.is_some())
            && let Some(value) = value
        {
            push_text(self.out, value);
        }
    }

    pub(crate) fn number(&mut self, column: usize, name: &str, value: Option<i64>) {
        if self.member(column, name, value.is_some())
            && let Some(value) = value
        {
            if value < 0 {
                self.out.push(b'-');
            }
            push_number(self.out, value.unsigned_abs(), 1);
        }
    }

    /// An object whose members are columns; `None` is null.
    pub(crate) fn nested(&mut self, column: usize, name: &str, write: Option<&dyn Fn(&mut RecordWriter<'_>)>) {
        if self.member(column, name, write.is_some())
            && let Some(write) = write
        {
            self.out.push(b'{');
            write(&mut RecordWriter { out: self.out, write_nulls: self.write_nulls, field_override: self.field_override });
            self.out.push(b'}');
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

    /// Closes the record. `name_of` returns the wire name of the column that is written twice.
    pub(crate) fn end(self, name_of: impl Fn(usize) -> &'static str) {
        if let Some(field_override) = self.field_override.filter(|field_override| field_override.again) {
            self.out.extend_from_slice(b",\"");
            self.out.extend_from_slice(name_of(field_override.column).as_bytes());
            self.out.extend_from_slice(b"\":");
            self.out.extend_from_slice(&field_override.value);
        }
        self.out.push(b'}');
    }
}

/// Appends a JSON string.
pub(crate) fn push_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            0..0x20 => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_as_they_went() {
        for text in ["", "plain", "\"quoted\" \\ back", "line\nline\ttab\u{1}", "工单 🎫"] {
            let mut out = Vec::new();
            push_text(&mut out, text);
            assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }
    }

    #[test]
    fn a_nested_member_is_replaced_by_its_column() {
        let written = |field_override: Option<&FieldOverride>| {
            let mut out = Vec::new();
            let mut record = RecordWriter::new(&mut out, true, field_override);
            record.number(0, "id", Some(-7));
            record.nested(1, "who", Some(&|who| who.plain(2, "name", Some("x"))));
            record.nested(3, "where", None);
            record.end(|_| "id");
            String::from_utf8(out).unwrap()
        };
        assert_eq!(written(None), r#"{"id":-7,"who":{"name":"x"},"where":null}"#);
        let inner = FieldOverride { column: 2, value: b"1".to_vec(), again: false };
        assert_eq!(written(Some(&inner)), r#"{"id":-7,"who":{"name":1},"where":null}"#);
        let again = FieldOverride { column: 0, value: b"8".to_vec(), again: true };
        assert_eq!(written(Some(&again)), r#"{"id":-7,"who":{"name":"x"},"where":null,"id":8}"#);
    }
}
