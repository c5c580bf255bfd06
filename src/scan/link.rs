//! `Link` headers → the address of the next page (RFC 8288).

/// The target of the first link whose relation is `next`.
pub fn next<'h>(headers: impl IntoIterator<Item = &'h str>) -> Option<String> {
    headers.into_iter().find_map(next_of_one)
}

fn next_of_one(header: &str) -> Option<String> {
    let mut rest = header;
    loop {
        let (_, link) = rest.split_once('<')?;
        let (target, parameters) = link.split_once('>')?;
        let (relations, after) = relations(parameters);
        // A relation may be a list of several, separated by spaces.
        if relations.split_ascii_whitespace().any(|relation| relation.eq_ignore_ascii_case("next")) {
            return Some(target.to_owned());
        }
        rest = after;
    }
}

/// Reads `; name="value"; name=value` up to a comma, and returns the first `rel`, which is the one that counts, and what follows.
fn relations(text: &str) -> (String, &str) {
    let (mut relations, mut rest) = (None, text);
    loop {
        // Up to the next parameter; what stands between is none.
        let Some(at) = rest.find([';', ',']) else { break };
        let ends = rest[at..].starts_with(',');
        rest = &rest[at + 1..];
        if ends {
            break;
        }
        let end = rest.find(['=', ';', ',']).unwrap_or(rest.len());
        let name = rest[..end].trim();
        rest = &rest[end..];
        if let Some(written) = rest.strip_prefix('=') {
            let (value, after) = value(written.trim_start());
            rest = after;
            if name.eq_ignore_ascii_case("rel") {
                relations.get_or_insert(value);
            }
        }
    }
    (relations.unwrap_or_default(), rest)
}

/// A value, in quotes or bare, and what follows it. In quotes a backslash takes the next character as it is (RFC 9110 §5.6.4).
fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([';', ',']).unwrap_or(text.len());
        return (text[..end].trim().to_owned(), &text[end..]);
    };
    let (mut value, mut escaped) = (String::new(), false);
    for (at, c) in quoted.char_indices() {
        match c {
            '"' if !escaped => return (value, &quoted[at + 1..]),
            '\\' if !escaped => escaped = true,
            _ => {
                value.push(c);
                escaped = false;
            }
        }
    }
    (value, "")
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
        for header in
            ["", "</a>; rel=\"last\"", "garbage", "<unclosed", "</a>; title=\"next\"", "</a>", "</a>; rel", "</a>; rel=", "</a>; rel=\""]
        {
            assert_eq!(next([header]), None, "{header}");
        }
    }

    #[test]
    fn what_stands_in_quotes_is_a_value_and_nothing_else() {
        assert_eq!(next([r#"</a>; title="x; rel=next"; rel=last"#]), None);
        assert_eq!(next([r#"</a>; title="x\"; rel=next, <b>"; rel=last, </c>; rel=next"#]).as_deref(), Some("/c"));
        assert_eq!(next([r#"</a>; title="x\\"; rel="ne\xt""#]).as_deref(), Some("/a"));
        assert_eq!(next(["</a>; rel=last; rel=next"]), None, "only the first relation counts");
    }
}
