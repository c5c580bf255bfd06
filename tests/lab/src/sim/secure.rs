//! The simulator's https: the same pages behind several doors, of which one is in order; and proxies before them.

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

use super::certificates::{Authority, Make};
use super::exchange::answer;
use super::proxy;
use super::server::{Shared, Simulator, accept_all, serve};

/// A port of the simulator for https.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// All is well; HTTP/2 for who asks for it. Plain http is told that it is at the wrong port, as nginx tells it.
    Good,
    /// The certificate is for another host name.
    OtherName,
    /// The certificate has expired.
    Expired,
    /// The certificate's time has not begun.
    NotYetValid,
    /// The certificate is signed by itself.
    SelfSigned,
    /// The certificate is signed by itself and may sign others.
    SelfSignedAuthority,
    /// The same for another host name.
    SelfSignedOtherName,
    /// The same, and expired.
    SelfSignedExpired,
    /// The certificate is that of `SelfSignedAuthority`, the key another.
    Impostor,
    /// TLS 1.1 is the newest that it speaks.
    Tls11,
    /// The connection is taken, and nothing said.
    Silent,
}

impl Door {
    /// How its certificate is made.
    fn make(self) -> Make {
        match self {
            Self::Good | Self::Tls11 | Self::Silent => Make::Good,
            Self::OtherName => Make::OtherName,
            Self::Expired => Make::Expired,
            Self::NotYetValid => Make::NotYetValid,
            Self::SelfSigned => Make::SelfSigned,
            Self::SelfSignedAuthority | Self::Impostor => Make::SelfSignedAuthority,
            Self::SelfSignedOtherName => Make::SelfSignedOtherName,
            Self::SelfSignedExpired => Make::SelfSignedExpired,
        }
    }

    fn place(self) -> usize {
        DOORS.iter().position(|(known, _)| *known == self).unwrap_or_default()
    }
}

/// A proxy of the simulator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proxy {
    /// Carries what it is asked to, by CONNECT or, at `socks5:`, by SOCKS.
    Open,
    /// Asks for a user name and a password: 407.
    Login,
    /// Reaches nobody: 502.
    Refusing,
}

const DOORS: [(Door, &str); 11] = [
    (Door::Good, "GOOD"),
    (Door::OtherName, "OTHER_NAME"),
    (Door::Expired, "EXPIRED"),
    (Door::NotYetValid, "NOT_YET_VALID"),
    (Door::SelfSigned, "SELF_SIGNED"),
    (Door::SelfSignedAuthority, "SELF_SIGNED_AUTHORITY"),
    (Door::SelfSignedOtherName, "SELF_SIGNED_OTHER_NAME"),
    (Door::SelfSignedExpired, "SELF_SIGNED_EXPIRED"),
    (Door::Impostor, "IMPOSTOR"),
    (Door::Tls11, "TLS11"),
    (Door::Silent, "SILENT"),
];
const PROXIES: [(Proxy, &str); 3] = [(Proxy::Open, "OPEN"), (Proxy::Login, "LOGIN"), (Proxy::Refusing, "REFUSING")];

/// What a TLS 1.1 server says to any greeting: its version, 32 bytes of chance, no session, AES-128 with SHA, no compression.
const TLS11_HELLO: [u8; 11] = [0x16, 0x03, 0x02, 0, 42, 2, 0, 0, 38, 0x03, 0x02];
const TLS11_CIPHER: [u8; 4] = [0, 0, 0x2f, 0];
/// The first byte of a greeting in TLS.
const HANDSHAKE: u8 = 0x16;
const WRONG_PORT: &str = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n\
     <html><body><center>The plain HTTP request was sent to HTTPS port</center></body></html>\n";

/// The simulator's https, and the proxies before it. They run as long as the simulator.
pub struct Secure {
    ports: Vec<u16>,
    /// The certificates that the doors show, as PEM files have them.
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
    /// Opens the doors, with certificates of an authority made now.
    pub fn start_secure(&self) -> io::Result<Secure> {
        let authority = Authority::new("the lab's authority")?;
        let shared = self.shared();
        let (mut ports, mut proxies, tunnels) = (Vec::new(), Vec::new(), Arc::new(AtomicU64::new(0)));
        let self_signed_authority = authority.identity(Make::SelfSignedAuthority)?;
        let mut certificates = Vec::new();
        for (door, _) in DOORS {
            let (pem, config) = match door {
                Door::SelfSignedAuthority => (self_signed_authority.pem.clone(), self_signed_authority.server(&[])?),
                Door::Impostor => (self_signed_authority.pem.clone(), self_signed_authority.impostor()?),
                _ => {
                    let own = authority.identity(door.make())?;
                    let config = own.server(if door == Door::Good { &["h2", "http/1.1"] } else { &[] })?;
                    (own.pem, config)
                }
            };
            certificates.push(pem);
            let listener = self.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
            ports.push(listener.local_addr()?.port());
            let shared = Arc::clone(&shared);
            self.spawn(accept_all(listener, move |stream| enter(stream, door, Arc::clone(&config), Arc::clone(&shared))));
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
    pub fn url(&self, door: Door) -> String {
        format!("https://127.0.0.1:{}", self.ports[door.place()])
    }

    /// The certificate that a door shows, as a PEM file has it.
    pub fn certificate(&self, door: Door) -> &str {
        &self.certificates[door.place()]
    }

    /// `http://127.0.0.1:PORT`.
    pub fn proxy(&self, proxy: Proxy) -> String {
        let place = PROXIES.iter().position(|(known, _)| *known == proxy).unwrap_or_default();
        format!("http://127.0.0.1:{}", self.proxies[place])
    }

    /// How many connections the open proxy has carried.
    pub fn tunnels(&self) -> u64 {
        self.tunnels.load(Ordering::Relaxed)
    }

    /// The authority that signed, as a PEM file has it.
    pub fn authority(&self) -> &str {
        &self.authority.pem
    }

    /// One that signed nothing here.
    pub fn other_authority(&self) -> &str {
        &self.other_authority.pem
    }

    /// All addresses, by names for an environment.
    pub fn names(&self) -> Vec<(String, String)> {
        let doors = DOORS.iter().map(|(door, name)| (format!("RESTLOG_TLS_{name}"), self.url(*door)));
        doors.chain(PROXIES.iter().map(|(proxy, name)| (format!("RESTLOG_PROXY_{name}"), self.proxy(*proxy)))).collect()
    }
}

/// One connection at a door. What goes wrong with it is for the client to tell.
async fn enter(mut stream: TcpStream, door: Door, config: Arc<ServerConfig>, shared: Arc<Shared>) {
    let mut first = [0];
    match door {
        Door::Silent => return std::future::pending().await,
        Door::Tls11 => return drop(greet_as_tls11(stream).await),
        Door::Good if stream.peek(&mut first).await.is_ok_and(|read| read == 1 && first[0] != HANDSHAKE) => {
            let mut request = [0; 4096];
            // All of it: what stays unread would have the connection reset, and the answer with it.
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
    // Until the client has gone.
    stream.read_to_end(&mut greeting).await.map(drop)
}
