//! Which column a name or a field means.

use std::collections::HashMap;

use super::Origin;
use super::Pointer;
use super::Table;

/// A table's columns by what they are found by: for who looks for many of them.
#[derive(Debug)]
pub struct ColumnIndex<'t> {
    names: HashMap<String, usize>,
    fields: HashMap<&'t Pointer, usize>,
}

impl<'t> ColumnIndex<'t> {
    /// Of all columns of a table; where several are the same, the first is found.
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

    /// The column that a name means, as [`Table::column`] finds it.
    pub fn named(&self, name: &str) -> Option<usize> {
        self.names.get(&fold(name)).copied()
    }

    /// The column that reads this field.
    pub fn of_field(&self, pointer: &Pointer) -> Option<usize> {
        self.fields.get(pointer).copied()
    }
}

/// `createdDate`, `createddate` and `created_date` are one.
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
