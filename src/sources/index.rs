//! A column's name or field → the column of the description.

use std::collections::HashMap;

use super::Origin;
use super::Pointer;
use super::Table;

/// The columns of a table by name and by field. The index pays off where many columns are looked up.
#[derive(Debug)]
pub struct ColumnIndex<'t> {
    names: HashMap<String, usize>,
    fields: HashMap<&'t Pointer, usize>,
}

impl<'t> ColumnIndex<'t> {
    /// Indexes all columns of a table. If several columns have one name or one field, the first is found.
    pub fn new(table: &'t Table) -> Self {
        let (mut names, mut fields) = (HashMap::new(), HashMap::new());
        for (i, column) in table.columns.iter().enumerate() {
            names.entry(fold(&column.name)).or_insert(i);
            if let Origin::Field { pointer, .. } = &column.origin {
                fields.entry(pointer).or_insert(i);
            }
        }
        Self { names, fields }
    }

    /// The column of a name, with the rule of [`Table::column`].
    pub fn named(&self, name: &str) -> Option<usize> {
        self.names.get(&fold(name)).copied()
    }

    /// The column that reads a field.
    pub fn of_field(&self, pointer: &Pointer) -> Option<usize> {
        self.fields.get(pointer).copied()
    }
}

/// The form in which names are compared: `createdDate`, `createddate` and `created_date` are one name.
pub fn fold(name: &str) -> String {
    name.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::built_in;

    #[test]
    fn an_index_finds_what_a_search_finds() {
        let table = &built_in("huawei").unwrap().unwrap().tables[0];
        let index = ColumnIndex::new(table);
        for (i, column) in table.columns.iter().enumerate() {
            assert_eq!((index.named(&column.name.to_uppercase()), table.column(&column.name)), (Some(i), Some(i)));
            if let Origin::Field { pointer, .. } = &column.origin {
                assert_eq!(index.of_field(pointer), Some(i));
            }
        }
        assert_eq!((index.named("none"), index.of_field(&Pointer::default())), (None, None));
    }
}
