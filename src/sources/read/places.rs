//! Refuses a description in which two values have one place in the request, because nobody knows which of them the API takes.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::sources::fault::Faults;
use crate::sources::{Column, Credential, Pagination, PagingStyle, Part, Place, Table, TimeRange};

/// A place, the value that takes it, and where the description declares the value.
struct Taken<'d> {
    place: &'d Place,
    by: String,
    at: String,
}

/// The identity of a place. Two places with one key would have one name in the request; names of headers ignore case (RFC
/// 9110).
type Key<'d> = (Part, Cow<'d, str>);

fn key(place: &Place) -> Key<'_> {
    let name = match place.part {
        Part::Header => Cow::Owned(place.name.to_ascii_lowercase()),
        Part::Query | Part::Body | Part::Path => Cow::Borrowed(place.name.as_str()),
    };
    (place.part, name)
}

fn push(at: &str, place: &Place, by: &str, faults: &mut Faults<'_>) {
    // A missing name is a fault already.
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

/// Reports each place of a table that two values take.
pub(super) fn check_apart(at: &str, columns: &[Column], range: Option<&TimeRange>, pagination: &Pagination, faults: &mut Faults<'_>) {
    let mut known: HashMap<Key<'_>, String> = HashMap::new();
    for Taken { place, by, at } in places(at, columns, range, pagination) {
        match known.entry(key(place)) {
            Entry::Occupied(earlier) => push(&at, place, earlier.get(), faults),
            Entry::Vacant(free) => drop(free.insert(by)),
        }
    }
}

/// The places of a source's credentials and headers, each with the member that declares it. A name that contains a parameter is
/// left out, because its value is not known yet.
#[derive(Debug)]
pub(super) struct OfSource(HashMap<Key<'static>, &'static str>);

pub(super) fn of_source(auth: &[Credential], headers: &[Credential]) -> OfSource {
    let mut places = HashMap::new();
    for (list, by) in [(auth, "\"auth\""), (headers, "\"headers\"")] {
        for credential in list.iter().filter(|credential| !credential.name.contains('{')) {
            let part = if credential.in_query { Part::Query } else { Part::Header };
            let place = Place { part, name: credential.name.clone() };
            let (part, name) = key(&place);
            places.entry((part, Cow::Owned(name.into_owned()))).or_insert(by);
        }
    }
    OfSource(places)
}

/// Reports each place of a table that its source takes already.
pub(super) fn check_apart_from_source(own: &OfSource, table: &Table, at: &str, faults: &mut Faults<'_>) {
    for taken in places(at, &table.columns, table.time_range.as_ref(), &table.pagination) {
        if let Some(by) = own.0.get(&key(taken.place)) {
            push(&taken.at, taken.place, by, faults);
        }
    }
}
