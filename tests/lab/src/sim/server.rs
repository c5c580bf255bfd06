//! The simulator's server: HTTP/1.1 on 127.0.0.1, and on 127.0.0.2 as "another host" for redirects. For https see `secure`.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use super::exchange::answer;
use super::memory::Memory;
use super::page_cache::PageCache;
use super::request_log::RequestLog;
use super::settings::Settings;

/// Pages kept when nobody asks for more.
const CACHE_BYTES: usize = 256 << 20;
/// The address that plays another host: still loopback, yet another authority to any client.
pub(crate) const OTHER_HOST: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// A running simulator; it stops when dropped.
#[derive(Debug)]
pub struct Simulator {
    address: SocketAddr,
    shared: Arc<Shared>,
    runtime: Option<Runtime>,
}

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) port: u16,
    pub(crate) cache: PageCache,
    pub(crate) log: RequestLog,
    /// Parsed settings by their text.
    pub(crate) settings: Mutex<HashMap<String, Arc<Settings>>>,
    /// How often the fault of a settings text has struck.
    pub(crate) fault_counts: Mutex<HashMap<String, u32>>,
    pub(crate) memory: Memory,
}

impl Simulator {
    /// Starts on a loopback address; port 0 picks a free one.
    pub fn start(address: impl Into<SocketAddr>) -> io::Result<Self> {
        Self::start_with_cache(address, CACHE_BYTES)
    }

    /// Starts with room for this many bytes of finished pages.
    pub fn start_with_cache(address: impl Into<SocketAddr>, cache_bytes: usize) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).thread_name("simulator").enable_all().build()?;
        let address = address.into();
        let (listener, other) = runtime.block_on(bind(address))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            port: address.port(),
            cache: PageCache::new(cache_bytes),
            log: RequestLog::default(),
            settings: Mutex::default(),
            fault_counts: Mutex::default(),
            memory: Memory::default(),
        });
        for listener in [listener, other] {
            runtime.spawn(accept(listener, Arc::clone(&shared)));
        }
        Ok(Self { address, shared, runtime: Some(runtime) })
    }

    /// `http://127.0.0.1:PORT`, to which `/~SETTINGS` and a path are appended.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests of a tag so far, one line each, as `GET /_requests` gives them.
    pub fn requests(&self, tag: &str) -> Vec<String> {
        self.shared.log.lines(tag, &[])
    }

    /// In which version of HTTP the requests of a tag came.
    pub fn versions(&self, tag: &str) -> Vec<String> {
        self.shared.log.versions(tag)
    }

    /// What all connections share.
    pub(crate) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// Has a future driven by the simulator's own threads, as long as it runs.
    pub(crate) fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        if let Some(runtime) = &self.runtime {
            runtime.spawn(future);
        }
    }

    /// Waits for a future that the simulator's own threads drive. Not to be called on one of them.
    pub(crate) fn block_on<T>(&self, future: impl Future<Output = io::Result<T>>) -> io::Result<T> {
        self.runtime.as_ref().map_or_else(|| Err(io::Error::other("the simulator has stopped")), |runtime| runtime.block_on(future))
    }

    /// How many pages had to be written, because the cache did not have them.
    pub fn pages_written(&self) -> u64 {
        self.shared.cache.missed()
    }

    /// Forgets the requests of a tag.
    pub fn clear_requests(&self, tag: &str) {
        self.shared.log.clear(tag);
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // In the background: a runtime may not be waited for inside another one, and tests have their own.
            runtime.shutdown_background();
        }
    }
}

/// Both listeners on one port. A free port of the first host may be taken on the second: then another is tried.
async fn bind(address: SocketAddr) -> io::Result<(TcpListener, TcpListener)> {
    let mut attempts = if address.port() == 0 { 20 } else { 1 };
    loop {
        let first = TcpListener::bind(address).await?;
        match TcpListener::bind((OTHER_HOST, first.local_addr()?.port())).await {
            Ok(other) => return Ok((first, other)),
            Err(cause) if attempts == 1 => return Err(cause),
            Err(_) => attempts -= 1,
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    accept_all(listener, move |stream| serve(stream, Arc::clone(&shared))).await;
}

/// Has each connection of a listener served by a task of its own.
pub(crate) async fn accept_all<F: Future<Output = ()> + Send + 'static>(listener: TcpListener, serve: impl Fn(TcpStream) -> F) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, most likely: some connection will end.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        tokio::spawn(serve(stream));
    }
}

/// Answers all requests of a connection, in HTTP/1.1.
pub(crate) async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, shared: Arc<Shared>) {
    let service = service_fn(|request| answer(Arc::clone(&shared), request));
    let _ = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
}
