//! A base address, the steps of a path and the pairs of a query → the address that is requested. Pure.
//!
//! What must not be broken: the server receives exactly the steps and pairs that were given. The URL parser drops tabs, line
//! breaks and steps of dots, so everything is encoded before, and the parsed address is compared with what was meant.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use crate::plan::request::PathSegment;

/// The characters that are encoded in a value: all but RFC 3986's unreserved ones. Any other may mean something to a server,
/// such as `;` in a path. A blank becomes `%20`, because not every server reads `+` as one.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The characters that are encoded in a description's own step. Those that a step may hold stay, because servers compare
/// endpoints such as `/logs:search` as they stand.
const FIXED: &AsciiSet = &VALUE
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

/// The address of these steps below a base, or `None` if the parser would change them. `Url::join` would drop the base's own
/// path.
pub fn below(base: &Url, steps: &[PathSegment]) -> Option<Url> {
    let mut path = base.path().strip_suffix('/').unwrap_or(base.path()).to_owned();
    for step in steps {
        path.push('/');
        path.extend(match step {
            PathSegment::Fixed(text) => utf8_percent_encode(text, FIXED),
            PathSegment::Value(text) => utf8_percent_encode(text, VALUE),
        });
    }
    let mut url = base.clone();
    url.set_path(&path);
    (url.path() == path).then_some(url)
}

/// The address with these pairs after its own query, or `None` if the parser would change them.
pub fn with_query<'p>(mut url: Url, pairs: impl IntoIterator<Item = (&'p str, &'p str)>) -> Option<Url> {
    let mut query = url.query().unwrap_or_default().to_owned();
    for (name, value) in pairs {
        if !query.is_empty() {
            query.push('&');
        }
        query.extend(utf8_percent_encode(name, VALUE));
        query.push('=');
        query.extend(utf8_percent_encode(value, VALUE));
    }
    if query.is_empty() {
        return Some(url);
    }
    url.set_query(Some(&query));
    (url.query() == Some(&query)).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn value(text: &str) -> PathSegment {
        PathSegment::Value(text.to_owned())
    }

    fn fixed(text: &str) -> PathSegment {
        PathSegment::Fixed(text.to_owned())
    }

    #[test]
    fn a_value_is_one_step_with_nothing_lost() {
        let url = below(&base("https://a.example/v4/"), &[fixed("cases"), value("a\n\t/b;c=1?#%2F é"), fixed("logs:search")]).unwrap();
        assert_eq!(url.as_str(), "https://a.example/v4/cases/a%0A%09%2Fb%3Bc%3D1%3F%23%252F%20%C3%A9/logs:search");
        assert_eq!(below(&base("https://a.example"), &[fixed("")]).unwrap().as_str(), "https://a.example/");
        assert_eq!(below(&base("https://a.example/v4"), &[fixed("")]).unwrap().as_str(), "https://a.example/v4/");
    }

    #[test]
    fn a_step_that_would_vanish_is_no_address() {
        for step in [value("."), value(".."), fixed("."), fixed("..")] {
            assert_eq!(below(&base("https://a.example/v4"), &[fixed("cases"), step, fixed("logs")]), None);
        }
        assert!(below(&base("https://a.example/v4"), &[value("...")]).is_some());
    }

    #[test]
    fn a_query_is_added_to_the_one_that_is_there() {
        let url = with_query(base("https://a.example/x?k=a+b"), [("a&b", "c d+e"), ("n", "")]).unwrap();
        assert_eq!(url.as_str(), "https://a.example/x?k=a+b&a%26b=c%20d%2Be&n=");
        assert_eq!(with_query(base("https://a.example/x"), []).unwrap().as_str(), "https://a.example/x");
        assert_eq!(with_query(base("https://a.example/x?"), [("a", "'\u{0}\n")]).unwrap().as_str(), "https://a.example/x?a=%27%00%0A");
    }
}
