//! The simulator's https: the same pages at several endpoints, of which one is good, and proxies.

use std::fmt;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use super::certificates::Authority;
use super::exchange::answer;
use super::proxy;
use super::server::{Shared, Simulator, accept_all, serve};
use super::tls_endpoint::{TLS_ENDPOINTS, TlsEndpoint};

/// A proxy of the simulator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proxy {
    /// Tunnels to any address on loopback, by CONNECT or, at `socks5:`, by SOCKS.
    Open,
    /// Requires a user name and a password: 407.
    Login,
    /// Refuses every connection: 502.
    Refusing,
}

const PROXIES: [(Proxy, &str); 3] = [(Proxy::Open, "OPEN"), (Proxy::Login, "LOGIN"), (Proxy::Refusing, "REFUSING")];

/// The ServerHello of TLS 1.1: version, 32 random bytes, no session, AES-128 with SHA, no compression.
const TLS11_HELLO: [u8; 11] = [0x16, 0x03, 0x02, 0, 42, 2, 0, 0, 38, 0x03, 0x02];
const TLS11_CIPHER: [u8; 4] = [0, 0, 0x2f, 0];
/// The first byte of a ClientHello.
const HANDSHAKE: u8 = 0x16;
const WRONG_PORT: &str = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n\
     <html><body><center>The plain HTTP request was sent to HTTPS port</center></body></html>\n";

/// The simulator's https and its proxies. They run as long as the simulator.
pub struct Secure {
    ports: Vec<u16>,
    /// The certificates of the endpoints in PEM.
    certificates: Vec<String>,
    proxies: Vec<u16>,
    tunnels: Arc<AtomicU64>,
    authority: Authority,
    other_authority: Authority,
}

impl fmt::Debug for Secure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secure").field("ports", &self.ports).field("proxies", &self.proxies).finish_non_exhaustive()
    }
}

impl Simulator {
    /// Starts all endpoints and proxies, with a new authority.
    pub fn start_secure(&self) -> io::Result<Secure> {
        let authority = Authority::new("the lab's authority")?;
        let shared = self.shared();
        let (mut ports, mut proxies, tunnels) = (Vec::new(), Vec::new(), Arc::new(AtomicU64::new(0)));
        let self_signed_authority = authority.identity(TlsEndpoint::SelfSignedAuthority)?;
        let mut certificates = Vec::new();
        for (endpoint, _) in TLS_ENDPOINTS {
            let (pem, config) = match endpoint {
                TlsEndpoint::SelfSignedAuthority => (self_signed_authority.pem.clone(), self_signed_authority.server(&[])?),
                TlsEndpoint::Impostor => (self_signed_authority.pem.clone(), self_signed_authority.impostor()?),
                _ => {
                    let own = authority.identity(endpoint)?;
                    let config = own.server(if endpoint == TlsEndpoint::Good { &["h2", "http/1.1"] } else { &[] })?;
                    (own.pem, config)
                }
            };
            certificates.push(pem);
            let listener = self.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
            ports.push(listener.local_addr()?.port());
            let shared = Arc::clone(&shared);
            self.spawn(accept_all(listener, move |stream| enter(stream, endpoint, Arc::clone(&config), Arc::clone(&shared))));
        }
        for (proxy, _) in PROXIES {
            let listener = self.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
            proxies.push(listener.local_addr()?.port());
            let tunnels = Arc::clone(&tunnels);
            self.spawn(accept_all(listener, move |stream| proxy::serve(stream, proxy, Arc::clone(&tunnels))));
        }
        Ok(Secure { ports, certificates, proxies, tunnels, authority, other_authority: Authority::new("another authority")? })
    }
}

impl Secure {
    /// `https://127.0.0.1:PORT`, to which `/~SETTINGS` and a path are appended.
    pub fn url(&self, endpoint: TlsEndpoint) -> String {
        format!("https://127.0.0.1:{}", self.ports[endpoint.index()])
    }

    /// The certificate of an endpoint in PEM.
    pub fn certificate(&self, endpoint: TlsEndpoint) -> &str {
        &self.certificates[endpoint.index()]
    }

    /// `http://127.0.0.1:PORT`.
    pub fn proxy(&self, proxy: Proxy) -> String {
        let place = PROXIES.iter().position(|(known, _)| *known == proxy).unwrap_or_default();
        format!("http://127.0.0.1:{}", self.proxies[place])
    }

    /// Number of connections that the open proxy has tunnelled.
    pub fn tunnels(&self) -> u64 {
        self.tunnels.load(Ordering::Relaxed)
    }

    /// The authority that has signed the certificates, in PEM.
    pub fn authority(&self) -> &str {
        &self.authority.pem
    }

    /// An authority that has signed none of the certificates, in PEM.
    pub fn other_authority(&self) -> &str {
        &self.other_authority.pem
    }

    /// Environment variables with all addresses.
    pub fn names(&self) -> Vec<(String, String)> {
        let endpoints = TLS_ENDPOINTS.iter().map(|(endpoint, name)| (format!("RESTLOG_TLS_{name}"), self.url(*endpoint)));
        endpoints.chain(PROXIES.iter().map(|(proxy, name)| (format!("RESTLOG_PROXY_{name}"), self.proxy(*proxy)))).collect()
    }
}

/// Serves one connection at an endpoint. Errors are ignored: the client reports them.
async fn enter(mut stream: TcpStream, endpoint: TlsEndpoint, config: Arc<ServerConfig>, shared: Arc<Shared>) {
    let mut first = [0];
    match endpoint {
        TlsEndpoint::Silent => return std::future::pending().await,
        TlsEndpoint::Tls11 => return drop(greet_as_tls11(stream).await),
        TlsEndpoint::Good if stream.peek(&mut first).await.is_ok_and(|read| read == 1 && first[0] != HANDSHAKE) => {
            let mut request = [0; 4096];
            // Reads the whole request: unread bytes would reset the connection before the client reads the response.
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(WRONG_PORT.as_bytes()).await;
            return;
        }
        _ => {}
    }
    let Ok(stream) = TlsAcceptor::from(config).accept(stream).await else { return };
    if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
        let service = service_fn(move |request| answer(Arc::clone(&shared), request));
        let _ = http2::Builder::new(TokioExecutor::new()).timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
    } else {
        serve(stream, shared).await;
    }
}

async fn greet_as_tls11(mut stream: TcpStream) -> io::Result<()> {
    let mut head = [0; 5];
    stream.read_exact(&mut head).await?;
    let mut greeting = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
    stream.read_exact(&mut greeting).await?;
    let hello = [&TLS11_HELLO[..], &[7; 32], &TLS11_CIPHER].concat();
    stream.write_all(&hello).await?;
    // Waits until the client closes.
    stream.read_to_end(&mut greeting).await.map(drop)
}
