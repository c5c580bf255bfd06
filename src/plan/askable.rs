//! What may be asked of an API without a query: by ANALYZE, and by `restlog.check_server`.

use std::collections::BTreeMap;

use super::selection::Selection;
use super::slice::Slices;
use super::slicing::{Defaults, slices};
use super::window::{Window, WindowSet, floor_to, whole_seconds};
use crate::error::{Error, ErrorKind, Result};
use crate::sources::{Column, Origin, Source, Table, given_parameters};

/// Whether the API answers without a key that only a query knows.
pub fn is_askable(table: &Table, defaults: &Defaults) -> bool {
    let known = |(i, column): (usize, &Column)| {
        !matches!(column.origin, Origin::Request { required: true, .. }) || defaults.parameters.contains_key(&i)
    };
    table.columns.iter().enumerate().all(known)
}

/// The first table that a server's options suffice to ask, and the slices that ask it for the last moment before `now`.
pub fn askable_table<'s>(source: &'s Source, options: &BTreeMap<String, String>, now: i64) -> Result<(&'s Table, Slices)> {
    let mut refusal = Error::new(ErrorKind::Internal, "the source has no table");
    for table in &source.tables {
        let unit = table.time_range.as_ref().map_or(1, |range| range.unit);
        // A whole second: what is asked for does not reach into the future, which some APIs refuse.
        let hi = floor_to(now, whole_seconds(unit));
        let selection = Selection { windows: WindowSet::of([Window { lo: hi - unit, hi }]), ..Selection::all() };
        match slices(table, &selection, &Defaults { from: None, now, parameters: given_parameters(table, options) }) {
            Ok(slices) => return Ok((table, slices)),
            Err(error) => refusal = error,
        }
    }
    Err(refusal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::built_in;

    const NOW: i64 = 1_000_500_000;

    #[test]
    fn a_table_that_wants_a_key_is_askable_only_with_it() {
        let table = built_in("tixngo").unwrap().unwrap().tables[0].clone();
        let app = table.column("mobileAppId").unwrap();
        assert!(!is_askable(&table, &Defaults::default()));
        assert!(is_askable(&table, &Defaults { parameters: BTreeMap::from([(app, "app".to_owned())]), ..Defaults::default() }));
    }

    #[test]
    fn the_first_table_that_options_suffice_for_is_asked_for_the_last_moment() {
        let source = built_in("tixngo").unwrap().unwrap();
        let options = BTreeMap::from([("mobile_app_id".to_owned(), "app".to_owned())]);
        let (table, slices) = askable_table(&source, &options, NOW).unwrap();
        assert_eq!(table.name, source.tables[0].name);
        let window = slices.get(0).unwrap().window.unwrap();
        assert!(window.hi <= NOW && window.hi > NOW - 2_000_000, "{window:?}");
    }

    #[test]
    fn a_source_whose_tables_all_want_more_is_refused_for_what_the_last_one_lacks() {
        let source = built_in("tixngo").unwrap().unwrap();
        assert_eq!(askable_table(&source, &BTreeMap::new(), NOW).unwrap_err().kind(), ErrorKind::MissingQual);
        let empty = Source { tables: Vec::new(), ..(*source).clone() };
        assert_eq!(askable_table(&empty, &BTreeMap::new(), NOW).unwrap_err().kind(), ErrorKind::Internal);
    }
}
