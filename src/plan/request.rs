//! A slice, a page token and a page size → the request for that page.
//!
//! What must not be broken: a window is asked for at least as wide as it is (law 1), a value goes into the request unchanged
//! and typed as the description says, and [`Request::line`] and [`Request::readable`] show no secret and stay on one line.

use std::collections::HashMap;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use super::slice::Slice;
use super::window::{INFINITY, MINUS_INFINITY, Window, ceil_to, floor_to, rfc3339_millis, whole_seconds};
use crate::sources::{Filter, Method, PagingStyle, Part, Place, SqlType, Table, TimeFormat, TimeRange};

/// The most characters of a value that an error shows.
pub(super) const MAX_SHOWN: usize = 60;

/// Where a page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageToken {
    /// The chain's first page.
    Start,
    /// The key of this page, which the page before named.
    Cursor(String),
    /// A page's number.
    Page(u64),
    /// The number of records before the page.
    Offset(u64),
    /// The address of this page, which the page before named.
    Url(String),
}

impl PageToken {
    /// The token of the page that a key or an address names; `None` where pages are counted.
    pub fn named(style: &PagingStyle, key: String) -> Option<Self> {
        match style {
            PagingStyle::Cursor { .. } => Some(Self::Cursor(key)),
            PagingStyle::NextUrl(_) => Some(Self::Url(key)),
            PagingStyle::Number { .. } | PagingStyle::Offset { .. } => None,
        }
    }
}

/// One step of a request's path, not percent-encoded yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathSegment {
    /// A step as the description has it.
    Fixed(String),
    /// A column's value. It is one step, whatever characters it has.
    Value(String),
}

/// One request, without host and without secrets.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// GET or POST.
    pub method: Method,
    /// The steps of the path, below `base_url`.
    pub path: Vec<PathSegment>,
    /// The parameters of the query, in order.
    pub query: Vec<(String, String)>,
    /// Headers that carry parameters.
    pub headers: Vec<(String, String)>,
    /// The JSON body's members.
    pub body: Map<String, Value>,
    /// The page's whole address, if the page before named it. It then replaces everything but the method.
    pub url: Option<String>,
}

impl Request {
    /// A request with method and path, and no parameters.
    pub fn new(method: Method, path: &str) -> Self {
        Self { method, path: fixed_segments(path), query: Vec::new(), headers: Vec::new(), body: Map::new(), url: None }
    }

    /// Method and path, on one line, with long values cut. Errors show this.
    pub fn line(&self) -> String {
        let mut text = format!("{} ", self.method.as_str());
        for step in &self.path {
            text.push('/');
            match step {
                PathSegment::Fixed(step) => text.push_str(step),
                PathSegment::Value(value) => {
                    let end = value.char_indices().nth(MAX_SHOWN).map_or(value.len(), |(end, _)| end);
                    push_readable(&mut text, &value[..end], Some('/'));
                    if end < value.len() {
                        text.push('…');
                    }
                }
            }
        }
        text
    }

    /// Method, path and parameters, on one line. EXPLAIN and the log show this.
    pub fn readable(&self) -> String {
        let mut text = self.line();
        if self.url.is_some() {
            // SECURITY: an address that the API made may repeat a key, so it is not shown.
            text.push_str(" (the next page's own address)");
        }
        for (i, (name, value)) in self.query.iter().enumerate() {
            text.push(if i == 0 { '?' } else { '&' });
            text.push_str(name);
            text.push('=');
            push_readable(&mut text, value, None);
        }
        if !self.body.is_empty() {
            text.push(' ');
            text.push_str(&Value::Object(self.body.clone()).to_string());
        }
        text
    }

    /// Removes the parameter with this place. A path keeps its steps.
    pub fn remove(&mut self, place: &Place) {
        match place.part {
            Part::Query => self.query.retain(|(name, _)| *name != place.name),
            Part::Header => self.headers.retain(|(name, _)| *name != place.name),
            Part::Body => drop(self.body.remove(&place.name)),
            Part::Path => {}
        }
    }

    fn put(&mut self, place: &Place, value: String) {
        match place.part {
            Part::Query => self.query.push((place.name.clone(), value)),
            Part::Header => self.headers.push((place.name.clone(), value)),
            Part::Path => self.put_into_path(&HashMap::from([(place.name.as_str(), &value)])),
            Part::Body => {
                self.body.insert(place.name.clone(), Value::String(value));
            }
        }
    }

    /// Replaces the placeholders of the path by values. `values` are keyed by the placeholders' names. A step that is a value
    /// already stays, even if it looks like a placeholder.
    fn put_into_path(&mut self, values: &HashMap<&str, &String>) {
        for step in &mut self.path {
            let PathSegment::Fixed(fixed) = &*step else { continue };
            let name = fixed.strip_prefix('{').and_then(|fixed| fixed.strip_suffix('}'));
            if let Some(value) = name.and_then(|name| values.get(name)) {
                *step = PathSegment::Value((*value).clone());
            }
        }
    }

    /// Puts a number in its place. In a JSON body it is a JSON number.
    fn put_number(&mut self, place: &Place, number: &str) {
        match number.parse::<u64>() {
            Ok(n) if place.part == Part::Body => {
                self.body.insert(place.name.clone(), Value::from(n));
            }
            _ => self.put(place, number.to_owned()),
        }
    }

    /// Puts a column's values in their place. In a JSON body they have the column's JSON type.
    fn put_values(&mut self, filter: &Filter, sql_type: SqlType, values: &[String]) {
        let place = &filter.place;
        if place.part != Part::Body {
            values.iter().for_each(|value| self.put(place, value.clone()));
            return;
        }
        let mut typed = values.iter().map(|value| json(sql_type, value));
        let value = if filter.many { Some(typed.collect()) } else { typed.next() };
        self.body.extend(value.map(|value| (place.name.clone(), value)));
    }
}

/// The steps of a description's path.
pub fn fixed_segments(path: &str) -> Vec<PathSegment> {
    path.split('/').skip(1).map(|step| PathSegment::Fixed(step.to_owned())).collect()
}

/// Appends a value to a text for people. Control characters and `separator` are percent-encoded, so that the value stays on one
/// line and in one step.
fn push_readable(text: &mut String, value: &str, separator: Option<char>) {
    for c in value.chars() {
        if c.is_control() || separator == Some(c) {
            text.extend(utf8_percent_encode(c.encode_utf8(&mut [0; 4]), NON_ALPHANUMERIC));
        } else {
            text.push(c);
        }
    }
}

/// A value as its JSON type; a string if the value is not of that type.
fn json(sql_type: SqlType, value: &str) -> Value {
    let typed = match sql_type {
        SqlType::Int | SqlType::Bigint => value.parse::<i64>().ok().map(Value::from),
        SqlType::Boolean => value.parse::<bool>().ok().map(Value::from),
        SqlType::Text | SqlType::Timestamptz | SqlType::Uuid | SqlType::Jsonb => None,
    };
    typed.unwrap_or_else(|| Value::String(value.to_owned()))
}

/// The bounds that are sent for a window, wider than the window.
///
/// They lie on the API's own grid, one unit further out, because documentation often does not say whether `from` and `to`
/// include their ends. They reach whole seconds, because an API may cut times to seconds. Records outside the window are
/// dropped after decoding.
pub fn widened(range: &TimeRange, window: Window) -> Window {
    let (unit, grid) = (range.unit, whole_seconds(range.unit));
    // hi is exclusive: the last microsecond inside is hi - 1.
    let (lo, hi) = (floor_to(window.lo, unit).saturating_sub(unit), ceil_to(window.hi.saturating_sub(1), unit).saturating_add(unit));
    Window { lo: lo.min(floor_to(window.lo, grid)), hi: hi.max(ceil_to(window.hi, grid)) }
}

/// Writes a bound as the API reads it.
pub fn write_time(format: TimeFormat, t: i64) -> String {
    match format {
        TimeFormat::Rfc3339Millis => rfc3339_millis(t),
    }
}

/// The request for a page with `size` records that were not read before.
pub fn request(table: &Table, slice: &Slice, token: &PageToken, size: u64) -> Request {
    let size = match token {
        // The page's first record is the last one read, so one more is asked for. A page of that record alone would bring
        // nothing new.
        PageToken::Offset(_) if table.pagination.overlaps() => (size + 1).min(table.pagination.size.max).max(2),
        _ => size,
    };
    let bounds = match (&table.time_range, slice.window) {
        (Some(range), Some(window)) => {
            let widened = widened(range, window);
            // An end that the query does not bound is sent only if the API demands it: a server could refuse a clamped time.
            let from = (window.lo != MINUS_INFINITY).then(|| write_time(range.format, widened.lo));
            let to = (window.hi != INFINITY || range.required).then(|| write_time(range.format, widened.hi));
            (from, to)
        }
        _ => (None, None),
    };
    assemble(table, slice, bounds, token, &size.to_string())
}

/// Puts all parameters in their places. The bounds and the size are texts, because EXPLAIN passes placeholders and the probe
/// passes bounds that are not widened.
pub fn assemble(table: &Table, slice: &Slice, bounds: (Option<String>, Option<String>), token: &PageToken, size: &str) -> Request {
    let mut request = Request::new(table.method, &table.path);
    let mut in_path = HashMap::new();
    for (index, values) in &slice.values {
        let column = &table.columns[*index];
        match (&column.filter, values.first()) {
            (Some(Filter { place: Place { part: Part::Path, name }, .. }), Some(value)) => {
                in_path.entry(name.as_str()).or_insert(value);
            }
            (Some(filter), _) if filter.many || values.len() == 1 => request.put_values(filter, column.sql_type, values),
            _ => {}
        }
    }
    request.put_into_path(&in_path);
    if let Some(range) = &table.time_range {
        for (place, bound) in [(&range.from, bounds.0), (&range.to, bounds.1)] {
            bound.into_iter().for_each(|bound| request.put(place, bound));
        }
    }
    if let PageToken::Url(url) = token {
        let Request { method, path, .. } = request;
        return Request { method, path, query: Vec::new(), headers: Vec::new(), body: Map::new(), url: Some(url.clone()) };
    }
    request.put_number(&table.pagination.size.place, size);
    match &table.pagination.style {
        PagingStyle::Cursor { token: place, .. } => {
            if let PageToken::Cursor(key) = token {
                request.put(place, key.clone());
            }
        }
        PagingStyle::Number { place, first } => put_position(&mut request, place, *first, token),
        PagingStyle::Offset { place, .. } => put_position(&mut request, place, 0, token),
        // The first page's address is the path; the others' were dealt with above.
        PagingStyle::NextUrl(_) => {}
    }
    request
}

/// Writes the number or the offset of a page; `first` is that of the chain's first page.
fn put_position(request: &mut Request, place: &Place, first: u64, token: &PageToken) {
    match token {
        PageToken::Start => request.put_number(place, &first.to_string()),
        PageToken::Page(n) | PageToken::Offset(n) => request.put_number(place, &n.to_string()),
        PageToken::Cursor(_) | PageToken::Url(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::sources::built_in;

    #[test]
    fn a_request_carries_window_values_size_and_key() {
        let table = built_in("tixngo").unwrap().unwrap().tables[0].clone();
        let col = |name: &str| table.column(name).unwrap();
        let slice = Slice {
            window: Some(Window { lo: 0, hi: 86_400_000_000 }),
            values: BTreeMap::from([
                (col("actionName"), vec!["ACTIVATE".into(), "CONTROL".into()]),
                (col("mobileAppId"), vec!["my app".into()]),
            ]),
            recheck_columns: vec![],
        };
        let first = request(&table, &slice, &PageToken::Start, 10_000);
        assert_eq!(
            first.readable(),
            "GET /organizer/report/ticket-status-logs?actionNames=ACTIVATE&actionNames=CONTROL&mobileAppId=my app\
             &from=1999-12-31T23:59:59.999Z&to=2000-01-02T00:00:00.001Z&limit=10000"
        );
        let next = request(&table, &slice, &PageToken::Cursor("k1".into()), 10_000);
        assert_eq!(next.query.last().unwrap(), &("paginationKey".to_owned(), "k1".to_owned()));
    }

    #[test]
    fn a_value_in_the_path_is_never_taken_for_a_placeholder() {
        let mut request = Request::new(Method::Get, "/a/{id}/b/{kind}");
        for (name, value) in [("id", "{kind}"), ("kind", "x/\ny")] {
            request.put(&Place { part: Part::Path, name: name.into() }, value.into());
        }
        let value = |text: &str| PathSegment::Value(text.into());
        assert_eq!(request.path, [PathSegment::Fixed("a".into()), value("{kind}"), PathSegment::Fixed("b".into()), value("x/\ny")]);
        assert_eq!(request.line(), "GET /a/{kind}/b/x%2F%0Ay");
        let mut long = Request::new(Method::Get, "/a/{id}/b");
        long.put(&Place { part: Part::Path, name: "id".into() }, "é".repeat(10_000));
        assert_eq!(long.line(), format!("GET /a/{}…/b", "é".repeat(MAX_SHOWN)), "an error's detail stays short");
    }

    #[test]
    fn values_in_a_json_body_have_their_own_type() {
        let table = built_in("socialboards").unwrap().unwrap().tables.iter().find(|table| table.name == "tickets").unwrap().clone();
        let values = BTreeMap::from([(table.column("categoryId").unwrap(), vec!["53".to_owned()])]);
        let slice = Slice { window: None, values, recheck_columns: Vec::new() };
        assert_eq!(assemble(&table, &slice, (None, None), &PageToken::Start, "50").body["categoryId"], 53);
    }

    #[test]
    fn windows_are_asked_for_wider_than_they_are() {
        let table = built_in("tixngo").unwrap().unwrap().tables[0].clone();
        let range = table.time_range.unwrap();
        // One microsecond: whole seconds hold it, and either end may be exclusive.
        assert_eq!(widened(&range, Window { lo: 1_001_500, hi: 1_001_501 }), Window { lo: 1_000_000, hi: 2_000_000 });
        // A time on the grid must lie strictly inside, also if the API cuts the ends to seconds.
        assert_eq!(widened(&range, Window { lo: 2_000_000, hi: 2_000_001 }), Window { lo: 1_999_000, hi: 3_000_000 });
        assert_eq!(widened(&range, Window { lo: 0, hi: 2_000_000 }), Window { lo: -1_000, hi: 2_001_000 });
        for unit in [7_000, 60_000_000] {
            let range = TimeRange { unit, ..range.clone() };
            assert_eq!(widened(&range, Window { lo: 1, hi: 2 }), Window { lo: -unit, hi: 2 * unit }, "on its own grid");
        }
    }

    #[test]
    fn units_finer_than_what_is_written_become_what_is_written() {
        assert_eq!(TimeFormat::Rfc3339Millis.grid(1), 1000);
        assert_eq!(TimeFormat::Rfc3339Millis.grid(0), 1000);
        assert_eq!(TimeFormat::Rfc3339Millis.grid(1500), 2000);
        assert_eq!(TimeFormat::Rfc3339Millis.grid(86_400_000_000), 86_400_000_000);
        assert!(TimeFormat::Rfc3339Millis.grid(i64::MAX) > 0);
    }
}
