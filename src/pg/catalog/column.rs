//! An attribute of a foreign table → where its values come from, and what its type wants of them.

use pgrx::pg_sys;

use crate::pg::text::{Options, option, options_of, text_of};
use crate::scan::decode::{PageColumn, Target, ValueSource};
use crate::sources::{Binding, ColumnIndex, Form, Origin, Pointer, Table};
use crate::units::parse_bool;

/// One column of a foreign table.
#[derive(Debug, Clone)]
pub(crate) struct ForeignColumn {
    pub(crate) name: String,
    pub(crate) type_oid: pg_sys::Oid,
    pub(crate) typmod: i32,
    /// The user says that it is never NULL.
    pub(crate) not_null: bool,
    /// `None` where nothing in the source has its name: an error once the column is read.
    pub(crate) from: Option<ValueSource>,
    pub(crate) form: Form,
    /// The description's column whose conditions it may push down.
    pub(crate) described: Option<usize>,
    pub(crate) pushdown: bool,
    pub(crate) options: Options,
}

impl ForeignColumn {
    /// Reads a column of the relation, and binds it to the description. `None` where it was dropped.
    pub(super) fn read(
        relation: pg_sys::Oid,
        attribute: &pg_sys::FormData_pg_attribute,
        table: &Table,
        index: &ColumnIndex<'_>,
    ) -> Option<Self> {
        if attribute.attisdropped {
            return None;
        }
        // SAFETY: a NUL-terminated name, as the catalog's type `name` has it.
        let name = unsafe { text_of(attribute.attname.data.as_ptr()) };
        // SAFETY: GetForeignColumnOptions returns an options list, which is empty for a column without options.
        let options = unsafe { options_of(pg_sys::GetForeignColumnOptions(relation, attribute.attnum)) };
        let field = option(&options, "field").and_then(Pointer::parse);
        let form = option(&options, "form").and_then(Form::named);
        let binding = Binding::new(table, index, &name, field, form);
        let described = binding.described();
        let (from, form) = value_source(binding, table);
        let pushdown = option(&options, "pushdown").and_then(parse_bool).unwrap_or(true);
        let (type_oid, typmod, not_null) = (attribute.atttypid, attribute.atttypmod, attribute.attnotnull);
        Some(Self { name, type_oid, typmod, not_null, from, form, described, pushdown, options })
    }

    /// The column of a page that is read for this one; `None` where nothing in the source fills it. `utf8` says that the database's encoding
    /// is UTF-8.
    pub(crate) fn page_column(&self, utf8: bool) -> Option<PageColumn> {
        Some(PageColumn { name: self.name.clone(), from: self.from.clone()?, target: self.target(utf8), form: self.form })
    }

    /// What its type wants. `utf8` says that the database's encoding is UTF-8: in any other, text must be converted by the backend.
    fn target(&self, utf8: bool) -> Target {
        match (self.type_oid, self.typmod) {
            (pg_sys::TEXTOID, _) | (pg_sys::VARCHAROID, -1) if utf8 => Target::Text,
            (pg_sys::TIMESTAMPTZOID, -1) => Target::Timestamptz,
            (pg_sys::BOOLOID, _) => Target::Boolean,
            (pg_sys::INT2OID, _) => Target::Integer(i64::from(i16::MAX)),
            (pg_sys::INT4OID, _) => Target::Integer(i64::from(i32::MAX)),
            (pg_sys::INT8OID, _) => Target::Integer(i64::MAX),
            (pg_sys::UUIDOID, _) => Target::Uuid,
            (pg_sys::JSONOID | pg_sys::JSONBOID, _) => Target::Json,
            _ => Target::Input,
        }
    }
}

/// The binding as the decoder reads it.
fn value_source(binding: Binding, table: &Table) -> (Option<ValueSource>, Form) {
    match binding {
        Binding::Described { column, form } => match &table.columns[column].origin {
            Origin::Field { pointer, .. } => (Some(ValueSource::Field(pointer.clone())), form),
            Origin::Request { .. } => (Some(ValueSource::Request(column)), form),
        },
        Binding::Field { pointer, form } => (Some(ValueSource::Field(pointer)), form),
        Binding::Nothing => (None, Form::Plain),
    }
}
