//! Splits a request's target into the settings segment, the path and the query.

/// The query parameter with a secret.
pub(crate) const SECRET: &str = "apikey";

/// A request target, percent-encoded as it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target<'a> {
    /// The text after `~` in the first path segment; empty if there is none.
    pub(crate) settings: &'a str,
    /// The path after the settings segment, with its leading slash.
    pub(crate) path: &'a str,
    /// The query; empty if there is none.
    pub(crate) query: &'a str,
}

impl<'a> Target<'a> {
    pub(crate) fn split(path: &'a str, query: Option<&'a str>) -> Self {
        let query = query.unwrap_or_default();
        match path.strip_prefix("/~") {
            Some(rest) => {
                let slash = rest.find('/').unwrap_or(rest.len());
                Self { settings: &rest[..slash], path: &rest[slash..], query }
            }
            None => Self { settings: "", path, query },
        }
    }

    /// `path?query` for the log: decoded, without secrets, on one line.
    pub(crate) fn readable(&self) -> String {
        let path = one_line(&percent_decode(self.path));
        if self.query.is_empty() {
            return path;
        }
        let pairs = self.query.split('&').map(|pair| match pair.split_once('=') {
            Some((SECRET, _)) => format!("{SECRET}=***"),
            // A plus is a blank, as in `parameters`; an encoded plus is a plus.
            _ => one_line(&percent_decode(&pair.replace('+', " "))),
        });
        format!("{path}?{}", pairs.collect::<Vec<_>>().join("&"))
    }

    /// The segments of the path where the pattern has `{}`, if the path ends with the pattern.
    pub(crate) fn segments(&self, pattern: &str) -> Option<Vec<String>> {
        let (mut path, mut found) = (self.path.rsplit('/'), Vec::new());
        for wanted in pattern.trim_start_matches('/').rsplit('/') {
            match path.next()? {
                segment if wanted == "{}" && !segment.is_empty() => found.push(percent_decode(segment)),
                segment if wanted != segment => return None,
                _ => {}
            }
        }
        found.reverse();
        // The pattern must begin at the begin of a segment.
        path.next().map(|_| found)
    }

    /// The query's pairs in their order, decoded as a form.
    pub(crate) fn parameters(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(self.query.as_bytes()).into_owned().collect()
    }
}

/// The text with its control characters encoded, because a line of the log is one request.
fn one_line(text: &str) -> String {
    let encoded = |c: char| if c.is_ascii_control() { format!("%{:02X}", u32::from(c)) } else { c.to_string() };
    text.chars().map(encoded).collect()
}

/// Decodes percent-encoding. Invalid UTF-8 is replaced.
pub(crate) fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        match hex.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) if first == b'%' => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_the_first_segment() {
        let target = Target::split("/~rows=1/v4/organizer", Some("a=b%20c+d"));
        assert_eq!(target.settings, "rows=1");
        assert_eq!(target.path, "/v4/organizer");
        assert_eq!(target.readable(), "/v4/organizer?a=b c d");
        assert_eq!(Target::split("/a%0A%2F%e9", Some("b=%09")).readable(), "/a%0A/\u{fffd}?b=%09");
        assert_eq!(target.parameters(), [("a".to_owned(), "b c d".to_owned())]);
    }

    #[test]
    fn a_target_without_settings_or_path_is_fine() {
        assert_eq!(Target::split("/x", None).settings, "");
        let bare = Target::split("/~rows=1", None);
        assert_eq!((bare.settings, bare.path), ("rows=1", ""));
    }

    #[test]
    fn a_key_in_the_query_is_masked() {
        let target = Target::split("/x", Some("a=1&apikey=s%20ecret&b=2"));
        assert_eq!(target.readable(), "/x?a=1&apikey=***&b=2");
    }

    #[test]
    fn patterns_are_met_from_the_end() {
        let segments = |path, pattern| Target::split(path, None).segments(pattern);
        assert_eq!(segments("/any/prefix/cases/SR%2F1/logs", "/cases/{}/logs"), Some(vec!["SR/1".to_owned()]));
        assert_eq!(segments("/cases/1/logs", "/cases/{}/logs"), Some(vec!["1".to_owned()]));
        assert_eq!(segments("/v2/cases", "/cases"), Some(Vec::new()));
        assert_eq!(segments("/cases//logs", "/cases/{}/logs"), None);
        assert_eq!(segments("/mycases", "/cases"), None);
        assert_eq!(segments("/cases/1", "/cases/{}/logs"), None);
    }

    #[test]
    fn a_stray_percent_sign_stays() {
        assert_eq!(percent_decode("100%"), "100%");
        assert_eq!(percent_decode("%zz%41"), "%zzA");
    }
}
