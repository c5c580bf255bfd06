//! `Link` headers that are written by the rules are read by them: the first link whose first relation says so is the next page.

use proptest::prelude::*;
use restlog_fdw::http::link;

use super::cases;

/// One parameter: its name, its value, and whether it is written in quotes.
type Parameter = (String, String, bool);

fn parameter() -> impl Strategy<Value = Parameter> {
    let name = prop::sample::select(vec!["rel", "REL", "title", "type", "relation", "rev"]).prop_map(str::to_owned);
    let bare = prop::sample::select(vec!["next", "last", "NEXT", "x", "nextpage"]).prop_map(|value| (value.to_owned(), false));
    let piece = prop::sample::select(vec!["next", "last", " ", ";", ",", "=", "rel=next", "<", ">", "\"", "\\", "é", "; rel=\"next\""]);
    let quoted = prop::collection::vec(piece, 0..5).prop_map(|pieces| (pieces.concat(), true));
    (name, prop_oneof![bare, quoted]).prop_map(|(name, (value, quotes))| (name, value, quotes))
}

fn write((name, value, quotes): &Parameter) -> String {
    if *quotes { format!("{name}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")) } else { format!("{name}={value}") }
}

proptest! {
    #![proptest_config(cases(10_000, "links"))]

    #[test]
    fn the_next_link_is_the_first_that_says_so(
        links in prop::collection::vec(("[a-z0-9/?&=;,\" ]{1,9}", prop::collection::vec(parameter(), 0..4)), 0..4),
        blank in prop::sample::select(vec!["", " ", "\t "]),
        headers in any::<bool>(),
    ) {
        let one = |(target, parameters): &(String, Vec<Parameter>)| {
            parameters.iter().fold(format!("<{target}>"), |text, parameter| format!("{text}{blank};{blank}{}", write(parameter)))
        };
        let written: Vec<String> = links.iter().map(one).collect();
        let all = if headers { written } else { vec![written.join(&format!("{blank},{blank}"))] };
        let is_next = |(_, parameters): &&(String, Vec<Parameter>)| {
            let relation = parameters.iter().find(|(name, ..)| name.eq_ignore_ascii_case("rel")).map(|(_, value, _)| value.as_str());
            relation.unwrap_or_default().split(' ').any(|relation| relation.eq_ignore_ascii_case("next"))
        };
        let expected = links.iter().find(is_next).map(|(target, _)| target.as_str());
        let found = link::next(all.iter().map(String::as_bytes));
        prop_assert_eq!(found.as_ref().map(Option::as_deref), Ok(expected), "{:?}", all);
    }
}
