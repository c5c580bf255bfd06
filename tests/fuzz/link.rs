//! `Link` headers. What is drawn with a known answer is in tests/properties; here nothing is known but what must hold of any.

use restlog_fdw::http::link;

use super::engine::{Target, fuzz};
use super::mutate::Kind;

const WORDS: &[&str] = &[
    "<",
    ">",
    ";",
    ",",
    "=",
    "\"",
    "\\\"",
    "\\",
    " ",
    "rel",
    "rel=next",
    "REL=\"last Next\"",
    "title=\"a, b; rel=next\"",
    "</y?page=2>",
    "next",
    "anchor",
];

fn check(input: &[u8]) -> Result<String, String> {
    let text = String::from_utf8_lossy(input);
    let headers: Vec<&str> = text.split('\n').collect();
    let target = match link::next(headers.iter().map(|header| header.as_bytes())) {
        Ok(Some(target)) => target,
        Ok(None) => return Ok("none".into()),
        Err(_) => return Ok("unreadable".into()),
    };
    if !headers.iter().any(|header| header.contains(&format!("<{target}>"))) {
        return Err(format!("{target:?} stands in no brackets"));
    }
    // In quotes a backslash stands before any character.
    let plain = text.to_ascii_lowercase().replace('\\', "");
    if !plain.contains("next") || !plain.contains("rel") {
        return Err(format!("{target:?} was not named the next"));
    }
    if target.contains('>') {
        return Err(format!("{target:?} is more than one target"));
    }
    Ok("next".into())
}

#[test]
fn link_targets() {
    fuzz(&Target { name: "link", kind: Kind::Bytes, words: WORDS, check }, "next");
}
