//! The name and the options of a foreign table's column → the column or field of the description that it reads.

use super::{Column, ColumnIndex, Form, Origin, Pointer, Table, fold};

/// What a foreign table's column reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Binding {
    /// A column of the description. The scan may use its filter.
    Described {
        /// Index of the column in [`Table::columns`].
        column: usize,
        /// How the value is written.
        form: Form,
    },
    /// A field of the record that the description does not have.
    Field {
        /// Where the record has the field. An empty pointer is the whole record.
        pointer: Pointer,
        /// How the value is written.
        form: Form,
    },
    /// Nothing in the source has the column's name. Reading the column is an error.
    Nothing,
}

impl Binding {
    /// Binds a column. `field` and `form` are the options of these names.
    ///
    /// The option `field` takes precedence over the name. If a described column reads that field, its filter stays usable.
    /// Without the option the name decides. `raw` is the whole record unless the description has such a column.
    pub fn new(table: &Table, index: &ColumnIndex<'_>, name: &str, field: Option<Pointer>, form: Option<Form>) -> Self {
        let described = |column: usize| match &table.columns[column].origin {
            Origin::Field { form: described, .. } => Self::Described { column, form: form.unwrap_or(*described) },
            // No record carries a request parameter, so the option `form` does not apply.
            Origin::Request { .. } => Self::Described { column, form: Form::Plain },
        };
        if let Some(pointer) = field {
            let known = index.of_field(&pointer);
            return known.map_or_else(|| Self::Field { pointer, form: form.unwrap_or_default() }, described);
        }
        match index.named(name) {
            Some(column) => described(column),
            None if fold(name) == "raw" => Self::Field { pointer: Pointer::default(), form: Form::Plain },
            None => Self::Nothing,
        }
    }

    /// The described column that the foreign table's column reads.
    pub fn described(&self) -> Option<usize> {
        match self {
            Self::Described { column, .. } => Some(*column),
            Self::Field { .. } | Self::Nothing => None,
        }
    }
}

/// Gives a description the names that users know: those of the foreign table and of its columns.
///
/// `columns` has the name, the described column and the form of each. From here on these names appear in messages only. If
/// several columns read one field, the first gives its name.
pub fn adopt_names<'c>(table: &mut Table, name: &str, columns: impl DoubleEndedIterator<Item = (&'c str, usize, Form)>) {
    name.clone_into(&mut table.name);
    for (name, described, bound) in columns.rev() {
        let Column { name: of_description, origin, .. } = &mut table.columns[described];
        name.clone_into(of_description);
        // The scan also reads the field to partition the window and to tell slices apart, so the user's option `form` must
        // apply there too.
        if let Origin::Field { form, .. } = origin {
            *form = bound;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::built_in;

    fn table() -> Table {
        built_in("tixngo").unwrap().unwrap().tables[0].clone()
    }

    fn bind(name: &str, field: Option<&str>, form: Option<Form>) -> Binding {
        let table = table();
        Binding::new(&table, &ColumnIndex::new(&table), name, field.and_then(Pointer::parse), form)
    }

    #[test]
    fn a_name_finds_its_described_column_whatever_its_case() {
        let column = table().column("createdDate").unwrap();
        let Origin::Field { form, .. } = table().columns[column].origin else { panic!("a field") };
        assert_eq!(bind("created_date", None, None), Binding::Described { column, form });
        assert_eq!(bind("createddate", None, Some(Form::UnixMillis)), Binding::Described { column, form: Form::UnixMillis });
        assert_eq!(bind("no such name", None, None), Binding::Nothing);
    }

    #[test]
    fn a_described_field_keeps_its_filter_under_any_name() {
        let column = table().column("actionName").unwrap();
        let Origin::Field { pointer, .. } = table().columns[column].origin.clone() else { panic!("a field") };
        assert_eq!(bind("what", Some(&pointer.to_string()), None).described(), Some(column));
        assert_eq!(bind("createddate", Some("/not/described"), None).described(), None, "the option wins over the name");
        let form = Form::Embedded;
        let pointer = Pointer::parse("/not/described").unwrap();
        assert_eq!(bind("x", Some("/not/described"), Some(form)), Binding::Field { pointer, form });
    }

    #[test]
    fn raw_is_the_whole_record_and_a_parameter_has_no_form() {
        assert_eq!(bind("RAW", None, None), Binding::Field { pointer: Pointer::default(), form: Form::Plain });
        let column = table().column("mobileAppId").unwrap();
        assert_eq!(bind("mobileappid", None, Some(Form::UnixMillis)), Binding::Described { column, form: Form::Plain });
    }

    #[test]
    fn the_first_of_several_columns_gives_a_field_its_name_and_form() {
        let mut table = table();
        let column = table.column("createdDate").unwrap();
        let other = table.columns[0].name.clone();
        adopt_names(&mut table, "mine", [("a", column, Form::UnixMillis), ("c", column, Form::Plain)].into_iter());
        assert_eq!((table.name.as_str(), table.columns[column].name.as_str()), ("mine", "a"));
        assert!(matches!(table.columns[column].origin, Origin::Field { form: Form::UnixMillis, .. }));
        assert!(column == 0 || table.columns[0].name == other, "a column that nobody reads keeps its name");
    }
}
