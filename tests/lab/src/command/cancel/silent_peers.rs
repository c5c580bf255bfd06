//! Peers that receive and do not answer: a nameserver, a port that accepts no connection, and servers that send nothing.

use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpSocket, UdpSocket};

use crate::command::stress::Stage;
use crate::failure::{Doing, Failure, Result};

/// Connections that must be enough to fill the queue of a port.
const MOST_QUEUED: usize = 16;
/// A connection over loopback that takes longer is not accepted.
const TAKEN: Duration = Duration::from_millis(150);

/// All silent peers.
#[derive(Debug)]
pub(super) struct SilentPeers {
    /// Accepts no connection; its queue is full.
    hole: TcpListener,
    _queued: Vec<TcpStream>,
    /// Speaks no TLS.
    pub(super) handshake: SilentServer,
    /// Reads requests and sends no headers.
    pub(super) headers: SilentServer,
    /// Queries that the nameserver has received.
    queries: Arc<AtomicU64>,
}

/// A server that reads and sends nothing.
#[derive(Debug)]
pub(super) struct SilentServer {
    pub(super) port: u16,
    received: Arc<AtomicU64>,
}

impl SilentPeers {
    pub(super) async fn start(stage: &Stage) -> Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(([127, 0, 0, 1], 0).into()).doing("a port that takes no connection")?;
        let hole = socket.listen(1)?;
        let queued = fill(&hole)?;
        let queries = count_packets(UdpSocket::from_std(stage.nameserver.try_clone()?)?);
        Ok(Self { hole, _queued: queued, handshake: SilentServer::start().await?, headers: SilentServer::start().await?, queries })
    }

    pub(super) fn hole_port(&self) -> Result<u16> {
        Ok(self.hole.local_addr()?.port())
    }

    pub(super) fn queries(&self) -> u64 {
        self.queries.load(Ordering::Relaxed)
    }
}

impl SilentServer {
    async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.doing("a port for a silent server")?;
        let port = listener.local_addr()?.port();
        let received = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&received);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let counter = Arc::clone(&counter);
                tokio::spawn(async move {
                    let mut bytes = [0; 4096];
                    while let Ok(count @ 1..) = stream.read(&mut bytes).await {
                        counter.fetch_add(count as u64, Ordering::Relaxed);
                    }
                });
            }
        });
        Ok(Self { port, received })
    }

    /// Bytes received so far.
    pub(super) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }
}

/// Counts the packets that arrive.
fn count_packets(socket: UdpSocket) -> Arc<AtomicU64> {
    let queries = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&queries);
    tokio::spawn(async move {
        let mut packet = [0; 512];
        while socket.recv(&mut packet).await.is_ok() {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    });
    queries
}

/// Connects until the queue is full.
fn fill(hole: &TcpListener) -> Result<Vec<TcpStream>> {
    let address = hole.local_addr()?;
    let mut queued = Vec::new();
    while queued.len() < MOST_QUEUED {
        match TcpStream::connect_timeout(&address, TAKEN) {
            Ok(stream) => queued.push(stream),
            Err(_) => return Ok(queued),
        }
    }
    Err(Failure::new("the queue of a port takes more connections than it should"))
}
