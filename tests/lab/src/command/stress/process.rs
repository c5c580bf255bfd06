//! The resources of a process, read from `/proc`.

use std::path::PathBuf;

use crate::failure::{Doing, Result};

/// What a scan could leak in its backend.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Resources {
    /// Anonymous memory, in KiB.
    pub(crate) anonymous: u64,
    /// Open descriptors, sockets included.
    pub(crate) descriptors: usize,
    pub(crate) sockets: usize,
    pub(crate) threads: usize,
}

impl Resources {
    pub(crate) fn by(process: u32) -> Result<Self> {
        let folder = PathBuf::from(format!("/proc/{process}"));
        let doing = || format!("reading {}", folder.display());
        let status = std::fs::read_to_string(folder.join("status")).doing(doing())?;
        let anonymous = status.lines().find_map(|line| line.strip_prefix("RssAnon:")?.split_whitespace().next()?.parse().ok());
        let threads = std::fs::read_dir(folder.join("task")).doing(doing())?.count();
        let mut held = Self { anonymous: anonymous.unwrap_or(0), threads, ..Self::default() };
        for entry in std::fs::read_dir(folder.join("fd")).doing(doing())?.flatten() {
            held.descriptors += 1;
            // A descriptor that was closed meanwhile has no target.
            let target = std::fs::read_link(entry.path()).unwrap_or_default();
            held.sockets += usize::from(target.to_string_lossy().starts_with("socket:"));
        }
        Ok(held)
    }
}

/// Whether a process runs; a zombie does not.
pub(crate) fn lives(process: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The state follows the name, which stands in parentheses and may contain any character.
    let state = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().next());
    state.is_some_and(|state| !["Z", "X"].contains(&state))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sees_a_socket_and_a_thread_come_and_go() {
        let own = std::process::id();
        let held = || Resources::by(own).unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let (send, receive) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || receive.recv());
        let with = held();
        assert!(with.sockets >= 1 && with.descriptors > with.sockets && with.threads >= 2 && with.anonymous > 0, "{with:?}");
        drop((listener, send));
        assert!(thread.join().unwrap().is_err());
        assert!(lives(own) && !lives(u32::MAX));
    }
}
