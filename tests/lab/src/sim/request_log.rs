//! Logs requests, so that a test can count them and see their contents.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use hyper::{HeaderMap, Version};

/// Entries kept for a tag: more than any test needs, few enough for a simulator that runs for days.
const ENTRIES_PER_TAG: usize = 100_000;

/// Requests by tag, in the order of their arrival.
#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    tags: Mutex<HashMap<String, VecDeque<LoggedRequest>>>,
}

#[derive(Debug)]
struct LoggedRequest {
    line: String,
    headers: HeaderMap,
    version: Version,
}

impl RequestLog {
    pub(crate) fn add(&self, tag: &str, line: String, headers: HeaderMap, version: Version) {
        let mut tags = self.tags.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = tags.entry(tag.to_owned()).or_default();
        if entries.len() == ENTRIES_PER_TAG {
            entries.pop_front();
        }
        entries.push_back(LoggedRequest { line, headers, version });
    }

    /// One line per request of a tag, followed by the wanted headers.
    pub(crate) fn lines(&self, tag: &str, wanted: &[&str]) -> Vec<String> {
        let tags = self.tags.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = tags.get(tag).into_iter().flatten();
        entries
            .map(|entry| {
                let mut line = entry.line.clone();
                for name in wanted {
                    let value = entry.headers.get(*name);
                    let value = value.map_or("(none)".into(), |value| String::from_utf8_lossy(value.as_bytes()));
                    line.push_str(&format!(" [{name}: {value}]"));
                }
                line
            })
            .collect()
    }

    /// The version of HTTP of each request of a tag.
    pub(crate) fn versions(&self, tag: &str) -> Vec<String> {
        let tags = self.tags.lock().unwrap_or_else(PoisonError::into_inner);
        tags.get(tag).into_iter().flatten().map(|entry| format!("{:?}", entry.version)).collect()
    }

    pub(crate) fn clear(&self, tag: &str) {
        self.tags.lock().unwrap_or_else(PoisonError::into_inner).remove(tag);
    }
}
