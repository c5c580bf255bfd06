//! A description → SQL about its foreign tables: the `CREATE FOREIGN TABLE` of IMPORT FOREIGN SCHEMA, and lists of changed
//! options.

use super::{Column, ColumnCase, Table};

/// The `CREATE FOREIGN TABLE` of a described table.
pub fn create_foreign_table(table: &Table, server: &str, case: ColumnCase) -> String {
    // An API that requires a time range returns no record without a time. With NOT NULL the planner can fold conditions on NULL
    // away.
    let required = table.time_range.as_ref().filter(|range| range.required).map(|range| range.column);
    let column = |(i, c): (usize, &Column)| {
        let not_null = if required == Some(i) { " NOT NULL" } else { "" };
        format!("  {} {}{not_null}", quote_identifier(&case.apply(&c.name)), c.sql_type.as_sql())
    };
    let columns: Vec<String> = table.columns.iter().enumerate().map(column).collect();
    format!(
        "CREATE FOREIGN TABLE {} (\n{}\n) SERVER {} OPTIONS (table {})",
        quote_identifier(&table.name),
        columns.join(",\n"),
        quote_identifier(server),
        quote_literal(&table.name)
    )
}

/// The list of an `OPTIONS (…)` that sets the wanted options. An option that the object has already must be SET, any other
/// ADDed.
pub fn option_changes(wanted: &[(String, String)], present: &[(String, String)]) -> String {
    let change = |(name, value): &(String, String)| {
        let verb = if present.iter().any(|(known, _)| known == name) { "SET" } else { "ADD" };
        format!("{verb} {name} {}", quote_literal(value))
    };
    wanted.iter().map(change).collect::<Vec<_>>().join(", ")
}

/// A quoted identifier. Names are always quoted, because a folded name may be a reserved word such as `user`.
fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn quote_literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::built_in;

    #[test]
    fn a_table_is_created_with_the_columns_of_its_description() {
        let mut table = built_in("tixngo").unwrap().unwrap().tables[0].clone();
        let name = table.name.clone();
        let time = table.time_range.as_ref().unwrap().column;
        table.columns = vec![table.columns[time].clone(), table.columns.last().unwrap().clone()];
        table.time_range.as_mut().unwrap().column = 0;
        table.columns[1].name = "say \"user\"".into();
        let kind = table.columns[1].sql_type.as_sql();
        assert_eq!(
            create_foreign_table(&table, "it's", ColumnCase::Snake),
            format!(
                "CREATE FOREIGN TABLE \"{name}\" (\n  \"created_date\" timestamptz NOT NULL,\n  \"say \"\"user\"\"\" {kind}\n) \
                 SERVER \"it's\" OPTIONS (table '{name}')"
            )
        );
        table.time_range.as_mut().unwrap().required = false;
        assert!(!create_foreign_table(&table, "s", ColumnCase::Fold).contains("NOT NULL"));
    }

    #[test]
    fn an_option_that_is_there_is_set_and_any_other_added() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let changes = option_changes(&[pair("time_unit", "1s"), pair("order", "it's")], &[pair("order", "x"), pair("table", "t")]);
        assert_eq!(changes, "ADD time_unit '1s', SET order 'it''s'");
    }
}
