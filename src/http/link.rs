//! `Link` headers → the address of the next page (RFC 8288).
//!
//! What must not be broken: a header that cannot be read is an error, because it may have named the next page (law 2).

use crate::error::{Error, ErrorKind, Result};

/// The target of the first link whose relation is `next`.
///
/// Errors: [`ErrorKind::Shape`], if a header cannot be read: it may have named the next page.
pub fn next<'h>(headers: impl IntoIterator<Item = &'h [u8]>) -> Result<Option<String>> {
    for header in headers {
        let header = std::str::from_utf8(header).map_err(|_| unreadable())?;
        if let Some(target) = next_of_one(header).ok_or_else(unreadable)? {
            return Ok(Some(target));
        }
    }
    Ok(None)
}

/// The target that one header names, if any; `None` if the header cannot be read.
fn next_of_one(header: &str) -> Option<Option<String>> {
    let mut rest = header;
    loop {
        // A list may have empty members.
        rest = rest.trim_start_matches(|c: char| c == ',' || c.is_ascii_whitespace());
        if rest.is_empty() {
            return Some(None);
        }
        let (target, parameters) = rest.strip_prefix('<')?.split_once('>')?;
        let (relations, after) = relations(parameters)?;
        // A relation may be a list of several, separated by spaces.
        if relations.split_ascii_whitespace().any(|relation| relation.eq_ignore_ascii_case("next")) {
            return Some(Some(target.to_owned()));
        }
        rest = after;
    }
}

fn unreadable() -> Error {
    Error::new(ErrorKind::Shape, "the Link header of the response cannot be read").detail("It may have named the next page.")
}

/// Reads `; name="value"; name=value` up to a comma. Returns the first `rel`, which is the one that counts, and the text that
/// follows.
fn relations(text: &str) -> Option<(String, &str)> {
    let (mut relations, mut rest) = (None, text.trim_start());
    while let Some(parameter) = rest.strip_prefix(';') {
        let end = parameter.find(['=', ';', ',']).unwrap_or(parameter.len());
        let name = parameter[..end].trim();
        rest = &parameter[end..];
        if let Some(written) = rest.strip_prefix('=') {
            let (value, after) = value(written.trim_start())?;
            rest = after.trim_start();
            if name.eq_ignore_ascii_case("rel") {
                relations.get_or_insert(value);
            }
        }
    }
    (rest.is_empty() || rest.starts_with(',')).then(|| (relations.unwrap_or_default(), rest))
}

/// A value, quoted or bare, and the text that follows it. In quotes a backslash takes the next character as it is (RFC 9110
/// §5.6.4).
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([';', ',']).unwrap_or(text.len());
        return Some((text[..end].trim().to_owned(), &text[end..]));
    };
    let (mut value, mut escaped) = (String::new(), false);
    for (at, c) in quoted.char_indices() {
        match c {
            '"' if !escaped => return Some((value, &quoted[at + 1..])),
            '\\' if !escaped => escaped = true,
            _ => {
                value.push(c);
                escaped = false;
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(header: &str) -> Option<String> {
        next([header.as_bytes()]).unwrap()
    }

    #[test]
    fn the_next_link_is_found_among_others() {
        let header = r#"<https://a.example/x?page=1>; rel="prev", <https://a.example/x?a=1,2&page=3>; title="a, b"; rel="next""#;
        assert_eq!(found(header).as_deref(), Some("https://a.example/x?a=1,2&page=3"));
        assert_eq!(found("</y>; rel=next").as_deref(), Some("/y"));
        assert_eq!(found("</y>; REL=\"last NEXT\"").as_deref(), Some("/y"));
        assert_eq!(next([&b"</a>; rel=last"[..], b"</b>; rel=next"]).unwrap().as_deref(), Some("/b"));
        assert_eq!(found(" , </é>;rel=next ,,").as_deref(), Some("/é"));
    }

    #[test]
    fn no_next_link_is_no_next_page() {
        for header in ["", " , ", "</a>; rel=\"last\"", "</a>; title=\"next\"", "</a>", "</a>;", "</a>; rel", "</a>; rel="] {
            assert_eq!(found(header), None, "{header}");
        }
        assert_eq!(next([]), Ok(None));
    }

    #[test]
    fn a_header_that_cannot_be_read_is_no_end() {
        for header in ["garbage", "<unclosed", "</a>; title=\"open", "</a> rel=next", "</a>; rel=last, b; rel=next", "</a>; rel=\""] {
            assert_eq!(next([header.as_bytes()]).unwrap_err().kind(), ErrorKind::Shape, "{header}");
        }
        assert!(next([&b"</b\xe9>; rel=next"[..]]).is_err());
    }

    #[test]
    fn what_stands_in_quotes_is_a_value_and_nothing_else() {
        assert_eq!(found(r#"</a>; title="x; rel=next"; rel=last"#), None);
        assert_eq!(found(r#"</a>; title="x\"; rel=next, <b>"; rel=last, </c>; rel=next"#).as_deref(), Some("/c"));
        assert_eq!(found(r#"</a>; title="x\\"; rel="ne\xt""#).as_deref(), Some("/a"));
        assert_eq!(found("</a>; rel=last; rel=next"), None, "only the first relation counts");
    }
}
