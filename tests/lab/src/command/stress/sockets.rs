//! The machine's TCP connections by port and state, from `/proc/net/tcp`.

use crate::failure::{Doing, Result};

/// States of a connection that tests count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Open on this side: in use, idle, or closed by the other side only.
    Open,
    /// SYN sent, not yet answered.
    SynSent,
}

/// Connections in a state that have this local port.
pub(crate) fn served(port: u16, state: State) -> Result<usize> {
    Ok(count(&table()?, 1, port, state))
}

/// Connections in a state that have this remote port.
pub(crate) fn used(port: u16, state: State) -> Result<usize> {
    Ok(count(&table()?, 2, port, state))
}

fn table() -> Result<String> {
    std::fs::read_to_string("/proc/net/tcp").doing("reading /proc/net/tcp")
}

/// `place` selects the address in a line: 1 is the local one, 2 the remote one.
fn count(table: &str, place: usize, port: u16, state: State) -> usize {
    // The numbers are those of the kernel's tcp_states.h.
    let states: &[&str] = match state {
        State::Open => &["01", "08"],
        State::SynSent => &["02"],
    };
    let ending = format!(":{port:04X}");
    let lines = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    lines.filter(|fields| fields.len() > 3 && fields[place].ends_with(&ending) && states.contains(&fields[3])).count()
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn reads_the_kernels_table() {
        let table =
            "  sl  local_address rem_address   st\n   0: 0100007F:1F90 0100007F:C001 01 0\n   1: 0100007F:C002 0100007F:1F90 02 0\n";
        assert_eq!(count(table, 1, 8080, State::Open), 1);
        assert_eq!(count(table, 2, 8080, State::SynSent), 1);
        assert_eq!(count(table, 2, 8080, State::Open), 0);
    }

    #[test]
    fn sees_a_connection_of_this_machine() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert_eq!(served(port, State::Open).unwrap(), 0);
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        assert_eq!((served(port, State::Open).unwrap(), used(port, State::Open).unwrap()), (1, 1));
        drop(stream);
    }
}
