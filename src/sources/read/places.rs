//! Refuses a description in which two values travel in one place: which of them the API takes is nobody's to know.

use super::super::fault::Faults;
use super::super::{Column, Credential, Pagination, PagingStyle, Part, Place, Table, TimeRange};

/// A place, what travels there, and where the description says so.
struct Taken<'d> {
    place: &'d Place,
    by: String,
    at: String,
}

/// Whether a request would have both under one name.
fn is_same(a: &Place, b: &Place) -> bool {
    a.part == b.part && if a.part == Part::Header { a.name.eq_ignore_ascii_case(&b.name) } else { a.name == b.name }
}

fn push(at: &str, place: &Place, by: &str, faults: &mut Faults) {
    // A name that is missing is a fault already.
    if !place.name.is_empty() {
        faults.push(at, format_args!("\"{}\" in the {} is taken by {by} already", place.name, place.part.as_str()));
    }
}

/// The places of one table, in the order of the description.
fn places<'d>(at: &str, columns: &'d [Column], range: Option<&'d TimeRange>, pagination: &'d Pagination) -> Vec<Taken<'d>> {
    let filters = columns.iter().enumerate().filter_map(|(i, column)| Some((i, column, column.filter.as_ref()?)));
    let mut taken: Vec<Taken<'d>> = filters
        .map(|(i, column, filter)| Taken {
            place: &filter.place,
            by: format!("the column \"{}\"", column.name),
            at: format!("{at}/columns/{i}/filter"),
        })
        .collect();
    let mut add = |place: &'d Place, member: &str| {
        taken.push(Taken { place, by: format!("\"{member}\""), at: format!("{at}/{member}") });
    };
    if let Some(range) = range {
        add(&range.from, "time_range/from");
        add(&range.to, "time_range/to");
    }
    match &pagination.style {
        PagingStyle::Cursor { token, .. } => add(token, "pagination/token"),
        PagingStyle::Number { place, .. } | PagingStyle::Offset { place, .. } => add(place, "pagination/token"),
        PagingStyle::NextUrl(_) => {}
    }
    add(&pagination.size.place, "pagination/size");
    taken
}

/// Each place of a table has one value.
pub(super) fn check_apart(at: &str, columns: &[Column], range: Option<&TimeRange>, pagination: &Pagination, faults: &mut Faults) {
    let taken = places(at, columns, range, pagination);
    for (i, later) in taken.iter().enumerate() {
        if let Some(earlier) = taken[..i].iter().find(|earlier| is_same(earlier.place, later.place)) {
            push(&later.at, later.place, &earlier.by, faults);
        }
    }
}

/// None of them is where a source shows who asks, or a header of its own. Names with parameters in them are not known yet.
pub(super) fn check_apart_from_source(auth: &[Credential], headers: &[Credential], table: &Table, at: &str, faults: &mut Faults) {
    let part = |credential: &Credential| if credential.in_query { Part::Query } else { Part::Header };
    let of = |list: &[Credential], by: &'static str| -> Vec<(Place, &'static str)> {
        let known = list.iter().filter(|credential| !credential.name.contains('{'));
        known.map(|credential| (Place { part: part(credential), name: credential.name.clone() }, by)).collect()
    };
    let own = [of(auth, "\"auth\""), of(headers, "\"headers\"")].concat();
    for taken in places(at, &table.columns, table.time_range.as_ref(), &table.pagination) {
        if let Some((_, by)) = own.iter().find(|(place, _)| is_same(place, taken.place)) {
            push(&taken.at, taken.place, by, faults);
        }
    }
}
