//! Host names → addresses, as everywhere on this machine: by `getaddrinfo`, with its hosts file and name services.
//!
//! reqwest's own resolver loses the error's number, and its text is in the language of `lc_messages`. Only the number tells a
//! name that does not exist from a name server that does not answer.
//!
//! What must not be broken: `getaddrinfo` cannot be interrupted, so a wait for it must be one that can be left (law 7), and
//! threads must not pile up for one name.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use dns_lookup::{AddrInfoHints, LookupErrorKind, SockType, getaddrinfo};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::watch;

use crate::lock::lock_whole;

/// Why a name has no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unresolved {
    /// The name does not exist, or it has no address.
    NoSuchName,
    /// No name server answered as it should. A later one may.
    NoAnswer,
}

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSuchName => "no such host name",
            Self::NoAnswer => "no answer from the name service",
        })
    }
}

impl std::error::Error for Unresolved {}

type Lookup = Result<Vec<SocketAddr>, Unresolved>;
/// The lookups that are not answered yet, by name.
type Pending = Arc<Mutex<HashMap<String, watch::Receiver<Option<Lookup>>>>>;

/// A name's entry among the pending ones. Dropping it removes the entry, even after a panic.
struct Entry {
    pending: Pending,
    name: String,
}

impl Drop for Entry {
    fn drop(&mut self) {
        lock_whole(&self.pending).remove(&self.name);
    }
}

/// Resolves names by the operating system.
///
/// A wait for `getaddrinfo` can be left at once, but its thread stays until the name servers' timeout. So all who want a name
/// wait for the same thread, also those who come after a cancel.
#[derive(Debug, Default)]
pub(crate) struct Resolver {
    pending: Pending,
}

impl Resolver {
    /// The lookup of a name, which the first caller begins.
    fn lookup(&self, name: &str, ask: fn(&str) -> Lookup) -> watch::Receiver<Option<Lookup>> {
        let begin = || {
            let (sender, receiver) = watch::channel(None);
            let entry = Entry { pending: Arc::clone(&self.pending), name: name.to_owned() };
            tokio::task::spawn_blocking(move || {
                let found = ask(&entry.name);
                // The entry is removed before the answer is sent: the answer is for those who waited, and later callers ask
                // again.
                drop(entry);
                sender.send_replace(Some(found));
            });
            receiver
        };
        lock_whole(&self.pending).entry(name.to_owned()).or_insert_with(begin).clone()
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let mut lookup = self.lookup(name.as_str(), ask_system);
        Box::pin(async move {
            let found = lookup.wait_for(Option::is_some).await.ok().and_then(|found| found.clone());
            let addresses = found.unwrap_or(Err(Unresolved::NoAnswer))?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

fn ask_system(name: &str) -> Lookup {
    let hints = AddrInfoHints { socktype: SockType::Stream.into(), ..AddrInfoHints::default() };
    let found = getaddrinfo(Some(name), None, Some(hints)).map_err(|error| unresolved(error.kind()))?;
    // Addresses of a family that Rust does not know are skipped.
    Ok(found.flatten().map(|info| info.sockaddr).collect())
}

fn unresolved(kind: LookupErrorKind) -> Unresolved {
    match kind {
        LookupErrorKind::NoName | LookupErrorKind::NoData => Unresolved::NoSuchName,
        _ => Unresolved::NoAnswer,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_name_that_does_not_exist_is_told_from_servers_that_do_not_answer() {
        assert_eq!(ask_system(&format!("{}.example", "x".repeat(64))), Err(Unresolved::NoSuchName), "no label is that long");
        assert!(ask_system("localhost").unwrap().iter().all(|address| address.ip().is_loopback()));
        assert_eq!(unresolved(LookupErrorKind::Again), Unresolved::NoAnswer);
        assert_eq!(unresolved(LookupErrorKind::Fail), Unresolved::NoAnswer);
        assert_eq!(unresolved(LookupErrorKind::NoData), Unresolved::NoSuchName);
    }

    #[tokio::test]
    async fn one_thread_asks_for_a_name_however_many_wait_or_leave() {
        static ASKED: AtomicU32 = AtomicU32::new(0);
        fn slowly(_: &str) -> Lookup {
            ASKED.fetch_add(1, Ordering::Relaxed);
            std::thread::sleep(Duration::from_millis(200));
            Err(Unresolved::NoAnswer)
        }
        let resolver = Resolver::default();
        for _ in 0..10 {
            let mut left = resolver.lookup("slow", slowly);
            let waited = tokio::time::timeout(Duration::from_millis(5), left.wait_for(Option::is_some)).await;
            assert!(waited.is_err(), "who waits can leave");
        }
        let mut stayed = resolver.lookup("slow", slowly);
        assert_eq!(*stayed.wait_for(Option::is_some).await.unwrap(), Some(Err(Unresolved::NoAnswer)));
        assert_eq!(ASKED.load(Ordering::Relaxed), 1);
        drop(resolver.lookup("slow", slowly));
        assert!(resolver.pending.lock().unwrap().contains_key("slow"), "an answer is not kept: the next asks again");
    }
}
