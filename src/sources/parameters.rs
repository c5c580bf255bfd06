//! The options of foreign tables → the request parameters that they set, and the refusal of options that a source does not
//! have.

use std::collections::{BTreeMap, HashSet};

use super::{Column, Origin, Source, Table, placeholders};
use crate::error::{Error, ErrorKind, Result};

/// Refuses an option of a foreign table that its source does not have, or that belongs to the server because a header or a
/// login carries it. The validator cannot refuse it, because Postgres does not tell the validator a table's server.
pub fn check_table_options<'o>(source: &Source, names: impl Iterator<Item = &'o str>) -> Result<()> {
    let mut names = names.peekable();
    // Most tables have no such option, and collecting the names below is costly.
    if names.peek().is_none() {
        return Ok(());
    }
    let parameters: HashSet<&str> = source.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
    let texts = source.auth.iter().chain(&source.headers).flat_map(|credential| [&credential.name, &credential.value]);
    let of_connection: HashSet<&str> = texts.flat_map(|text| placeholders(text).unwrap_or_default()).collect();
    for name in names {
        let is_parameter = parameters.contains(name);
        if !is_parameter || of_connection.contains(name) {
            let message = format!("option \"{name}\" is not valid for a foreign table of source \"{}\"", source.name);
            return Err(Error::new(ErrorKind::OptionName, message).hint(if is_parameter {
                "It belongs to the server."
            } else {
                "Drop it."
            }));
        }
    }
    Ok(())
}

/// The request parameters of a table that options set: the described column of each and its value.
pub fn given_parameters(table: &Table, options: &BTreeMap<String, String>) -> BTreeMap<usize, String> {
    let value = |(index, column): (usize, &Column)| match &column.origin {
        Origin::Request { option: Some(option), .. } => Some((index, options.get(option)?.clone())),
        _ => None,
    };
    table.columns.iter().enumerate().filter_map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::built_in;

    #[test]
    fn an_option_of_a_table_is_a_parameter_that_no_header_carries() {
        let source = built_in("tixngo").unwrap().unwrap();
        let check = |name: &str| check_table_options(&source, [name].into_iter());
        assert!(check_table_options(&source, std::iter::empty()).is_ok());
        assert_eq!(check("no_such").unwrap_err().get_hint(), Some("Drop it."));
        let columns = || source.tables.iter().flat_map(|table| &table.columns);
        for parameter in &source.parameters {
            let in_request =
                columns().any(|c| matches!(&c.origin, Origin::Request { option: Some(option), .. } if *option == parameter.name));
            assert!(!in_request || check(&parameter.name).is_ok(), "{}", parameter.name);
        }
    }

    #[test]
    fn what_a_header_carries_belongs_to_the_server() {
        let mut source = (*built_in("tixngo").unwrap().unwrap()).clone();
        let name = source.parameters[0].name.clone();
        let mut header = source.auth[0].clone();
        header.value = format!("{{{name}}}");
        source.headers.push(header);
        assert_eq!(check_table_options(&source, [name.as_str()].into_iter()).unwrap_err().get_hint(), Some("It belongs to the server."));
    }

    #[test]
    fn options_give_the_parameters_that_name_them() {
        let source = built_in("tixngo").unwrap().unwrap();
        let table = &source.tables[0];
        let (column, option) = table
            .columns
            .iter()
            .enumerate()
            .find_map(|(i, c)| match &c.origin {
                Origin::Request { option: Some(option), .. } => Some((i, option.clone())),
                _ => None,
            })
            .unwrap();
        assert!(given_parameters(table, &BTreeMap::new()).is_empty());
        assert_eq!(given_parameters(table, &BTreeMap::from([(option, "v".to_owned())])), BTreeMap::from([(column, "v".to_owned())]));
    }
}
