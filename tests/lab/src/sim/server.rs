//! The simulator's server: HTTP/1.1 on 127.0.0.1, and on 127.0.0.2 as another host for redirects. `secure` adds https.

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

/// The default size of the page cache.
const CACHE_BYTES: usize = 256 << 20;
/// The address of the other host: loopback, but another authority to a client.
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
    /// How often the fault of a settings text has been applied.
    pub(crate) fault_counts: Mutex<HashMap<String, u32>>,
    pub(crate) memory: Memory,
}

impl Simulator {
    /// Starts on a loopback address; port 0 picks a free one.
    pub fn start(address: impl Into<SocketAddr>) -> io::Result<Self> {
        Self::start_with_cache(address, CACHE_BYTES)
    }

    /// Starts with a page cache of this size.
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

    /// The requests of a tag so far, one line each, as `GET /_requests` returns them.
    pub fn requests(&self, tag: &str) -> Vec<String> {
        self.shared.log.lines(tag, &[])
    }

    /// The version of HTTP of each request of a tag.
    pub fn versions(&self, tag: &str) -> Vec<String> {
        self.shared.log.versions(tag)
    }

    /// What all connections share.
    pub(crate) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// Spawns a future on the simulator's runtime.
    pub(crate) fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        if let Some(runtime) = &self.runtime {
            runtime.spawn(future);
        }
    }

    /// Waits for a future on the simulator's runtime. Must not be called on one of its threads.
    pub(crate) fn block_on<T>(&self, future: impl Future<Output = io::Result<T>>) -> io::Result<T> {
        self.runtime.as_ref().map_or_else(|| Err(io::Error::other("the simulator has stopped")), |runtime| runtime.block_on(future))
    }

    /// Number of pages that were written because the cache did not have them.
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
            // In the background: a runtime must not be waited for inside another one, and tests have their own.
            runtime.shutdown_background();
        }
    }
}

/// Binds one port on both hosts. A port that is free on the first host may be in use on the second; then another one is tried.
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

/// Serves each connection of a listener in a task of its own.
pub(crate) async fn accept_all<F: Future<Output = ()> + Send + 'static>(listener: TcpListener, serve: impl Fn(TcpStream) -> F) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Most likely there is no free file descriptor; some connection will end.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        tokio::spawn(serve(stream));
    }
}

/// Serves the requests of a connection by HTTP/1.1.
pub(crate) async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, shared: Arc<Shared>) {
    let service = service_fn(|request| answer(Arc::clone(&shared), request));
    let _ = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
}
