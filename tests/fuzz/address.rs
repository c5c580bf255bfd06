//! Values in an address: whoever reads it as a server does finds what was asked for.

use restlog_fdw::http::address::{below, with_query};
use restlog_fdw::plan::carry;
use restlog_fdw::plan::request::PathSegment;
use restlog_fdw::sources::Part;
use url::Url;

use super::engine::{Target, fuzz};
use super::mutate::Kind;

/// Separates the values of an input.
const SEPARATOR: u8 = 0x1e;
const WORDS: &[&str] = &[
    "\u{1e}",
    "/",
    "\\",
    ".",
    "..",
    "%2e",
    "%2F",
    "%",
    "?",
    "#",
    "&",
    "=",
    "+",
    ";",
    ":",
    "@",
    "\t",
    "\n",
    "\r",
    " ",
    "\0",
    "\u{7f}",
    "\u{85}",
    "é",
    "€",
    "😀",
    "\u{feff}",
    "http://b.example/",
    "//b.example",
    "{id}",
    "[",
    "|",
    "^",
    "`",
    "<",
    "\"",
];

/// Undoes percent-encoding, once.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let code = |rest: &mut std::str::Bytes<'_>| {
            u8::from_str_radix(&format!("{}{}", char::from(rest.next()?), char::from(rest.next()?)), 16).ok()
        };
        bytes.push(if byte == b'%' { code(&mut rest)? } else { byte });
    }
    String::from_utf8(bytes).ok()
}

fn check(input: &[u8]) -> Result<String, String> {
    let values: Vec<String> = input.split(|byte| *byte == SEPARATOR).map(|value| String::from_utf8_lossy(value).into_owned()).collect();
    let base = Url::parse("https://a.example/v4/x%20y").unwrap();
    let refused = values.iter().any(|value| carry::refusal(Part::Path, false, value).is_some());
    let mut steps: Vec<PathSegment> = values.iter().cloned().map(PathSegment::Value).collect();
    steps.push(PathSegment::Fixed("logs:search".into()));
    let Some(url) = below(&base, &steps) else {
        let dots = values.iter().any(|value| matches!(value.as_str(), "." | ".."));
        return if dots && refused { Ok("refused".into()) } else { Err("no address was made".into()) };
    };
    let pairs: Vec<(&str, &str)> = values.iter().zip(values.iter().rev()).map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let url = with_query(url, pairs.iter().copied()).ok_or("no query was made")?;
    // What a server reads of the request line.
    let text = url.as_str().strip_prefix("https://a.example/v4/x%20y/").ok_or_else(|| format!("{url} is another place"))?;
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) || text.contains('#') {
        return Err(format!("{text:?} does not fit a request line"));
    }
    let (path, query) = text.split_once('?').ok_or("there is no query")?;
    let read: Option<Vec<String>> = path.split('/').map(decode).collect();
    let mut asked = values.clone();
    asked.push("logs:search".into());
    if read.as_ref() != Some(&asked) {
        return Err(format!("the path {path:?} says {read:?}"));
    }
    let pair = |pair: &str| pair.split_once('=').and_then(|(name, value)| Some((decode(name)?, decode(value)?)));
    let read: Option<Vec<(String, String)>> = query.split('&').map(pair).collect();
    let asked: Vec<(String, String)> = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    if read.as_ref() != Some(&asked) {
        return Err(format!("the query {query:?} says {read:?}"));
    }
    let form: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    if form != asked {
        return Err(format!("the query {query:?} says {form:?} to who reads it as a form"));
    }
    if !refused && values.iter().any(|value| decode(value).unwrap_or_default().split(['/', '\\']).any(|step| matches!(step, "." | ".."))) {
        return Err("a value that climbs is not refused".into());
    }
    Ok(if refused { "refused".into() } else { format!("sent, {} values", values.len().min(9)) })
}

#[test]
fn addresses() {
    fuzz(&Target { name: "address", kind: Kind::Bytes, words: WORDS, check }, "sent");
}
