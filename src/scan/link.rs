//! `Link` headers → the address of the next page (RFC 8288).

/// The target of the first link whose relation is `next`.
pub fn next<'h>(headers: impl IntoIterator<Item = &'h str>) -> Option<String> {
    headers.into_iter().find_map(next_of_one)
}

fn next_of_one(header: &str) -> Option<String> {
    let mut rest = header;
    loop {
        let open = rest.find('<')?;
        let close = rest[open..].find('>')? + open;
        let target = &rest[open + 1..close];
        let (parameters, after) = split_parameters(&rest[close + 1..]);
        if parameters.iter().any(|(name, value)| name.eq_ignore_ascii_case("rel") && has_next(value)) {
            return Some(target.to_owned());
        }
        rest = after;
    }
}

/// A relation may be a list of several, separated by spaces.
fn has_next(value: &str) -> bool {
    value.split_ascii_whitespace().any(|relation| relation.eq_ignore_ascii_case("next"))
}

/// Reads `; name="value"; name=value` up to a comma that is not quoted, and returns what follows it.
fn split_parameters(text: &str) -> (Vec<(String, String)>, &str) {
    let mut quoted = false;
    let end = text.bytes().position(|byte| {
        quoted ^= byte == b'"';
        byte == b',' && !quoted
    });
    let (own, after) = text.split_at(end.unwrap_or(text.len()));
    let parameter = |part: &str| {
        let (name, value) = part.split_once('=')?;
        Some((name.trim().to_owned(), value.trim().trim_matches('"').to_owned()))
    };
    (own.split(';').filter_map(parameter).collect(), after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_link_is_found_among_others() {
        let header = r#"<https://a.example/x?page=1>; rel="prev", <https://a.example/x?a=1,2&page=3>; title="a, b"; rel="next""#;
        assert_eq!(next([header]).as_deref(), Some("https://a.example/x?a=1,2&page=3"));
        assert_eq!(next(["</y>; rel=next"]).as_deref(), Some("/y"));
        assert_eq!(next(["</y>; REL=\"last NEXT\""]).as_deref(), Some("/y"));
        assert_eq!(next(["</a>; rel=last", "</b>; rel=next"]).as_deref(), Some("/b"));
    }

    #[test]
    fn no_next_link_is_no_next_page() {
        for header in ["", "</a>; rel=\"last\"", "garbage", "<unclosed", "</a>; title=\"next\"", "</a>"] {
            assert_eq!(next([header]), None, "{header}");
        }
    }
}
