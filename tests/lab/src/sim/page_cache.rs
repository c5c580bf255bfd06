//! Caches written pages, so that a bench measures the client and not the simulator.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

/// Bodies by their identity, bounded by total size; the oldest are removed first.
#[derive(Debug)]
pub(crate) struct PageCache {
    capacity: usize,
    pages: Mutex<Pages>,
    /// Number of lookups that found no page.
    missed: AtomicU64,
}

#[derive(Debug, Default)]
struct Pages {
    bodies: HashMap<String, Bytes>,
    ages: VecDeque<String>,
    bytes: usize,
}

impl PageCache {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity, pages: Mutex::default(), missed: AtomicU64::new(0) }
    }

    pub(crate) fn get(&self, identity: &str) -> Option<Bytes> {
        let pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let found = pages.bodies.get(identity).cloned();
        if found.is_none() {
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
        found
    }

    pub(crate) fn missed(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }

    pub(crate) fn put(&self, identity: String, body: &Bytes) {
        if body.len() > self.capacity {
            return;
        }
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        if pages.bodies.insert(identity.clone(), body.clone()).is_some() {
            // Two requests have written the same page: one body has replaced an equal one.
            return;
        }
        pages.bytes += body.len();
        pages.ages.push_back(identity);
        while pages.bytes > self.capacity {
            let Some(oldest) = pages.ages.pop_front() else {
                break;
            };
            if let Some(gone) = pages.bodies.remove(&oldest) {
                pages.bytes -= gone.len();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_make_room() {
        let cache = PageCache::new(10);
        for name in ["a", "b", "c"] {
            cache.put(name.into(), &Bytes::from_static(b"1234"));
        }
        cache.put("huge".into(), &Bytes::from_static(b"12345678901"));
        assert!(cache.get("a").is_none());
        assert!(cache.get("b").is_some());
        assert!(cache.get("c").is_some());
        assert!(cache.get("huge").is_none());
    }
}
