//! A proxy that tunnels https by CONNECT and anything by SOCKS 5, or refuses to.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::secure::Proxy;

/// The longest head of a request.
const MAX_HEAD: usize = 8 << 10;

/// The version of SOCKS. Each of its messages begins with it, while a request of HTTP begins with a letter.
const SOCKS: u8 = 5;
/// Reply codes of a SOCKS proxy.
const CONNECTED: u8 = 0;
const REFUSED: u8 = 5;

/// One connection to a proxy.
pub(crate) async fn serve(mut stream: TcpStream, proxy: Proxy, tunnels: Arc<AtomicU64>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(SOCKS) if head.is_empty() && proxy == Proxy::Open => {
                if let Ok(Some(upstream)) = connect_by_socks(&mut stream).await {
                    carry(stream, upstream, &tunnels).await;
                }
                return;
            }
            // Not HTTP: most likely a ClientHello of TLS.
            Ok(byte) if head.is_empty() && !byte.is_ascii_uppercase() => {
                let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
                return;
            }
            Ok(byte) if head.len() < MAX_HEAD => head.push(byte),
            _ => return,
        }
    }
    let head = String::from_utf8_lossy(&head);
    // Loopback only: no test may send anything to another machine.
    let target = head.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next()).filter(|target| target.starts_with("127.0.0."));
    let upstream = match (proxy, target) {
        (Proxy::Open, Some(target)) => TcpStream::connect(target).await.ok(),
        _ => None,
    };
    let answer = match (proxy, &upstream) {
        (Proxy::Open, Some(_)) => "200 Connection established",
        (Proxy::Login, _) => "407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"the lab\"",
        _ => "502 Bad Gateway",
    };
    // The end of the connection ends the response, which has no length.
    if stream.write_all(format!("HTTP/1.1 {answer}\r\n\r\n").as_bytes()).await.is_err() {
        return;
    }
    if let Some(upstream) = upstream {
        carry(stream, upstream, &tunnels).await;
    }
}

/// Copies bytes in both directions until either side closes.
async fn carry(mut stream: TcpStream, mut upstream: TcpStream, tunnels: &AtomicU64) {
    tunnels.fetch_add(1, Ordering::Relaxed);
    let _ = tokio::io::copy_bidirectional(&mut stream, &mut upstream).await;
}

/// The handshake of SOCKS 5 (RFC 1928) after its first byte, without authentication and for an IPv4 address.
async fn connect_by_socks(stream: &mut TcpStream) -> io::Result<Option<TcpStream>> {
    let methods = stream.read_u8().await?;
    stream.read_exact(&mut vec![0; usize::from(methods)]).await?;
    stream.write_all(&[SOCKS, 0]).await?;
    let mut request = [0; 8];
    stream.read_exact(&mut request).await?;
    let port = stream.read_u16().await?;
    let address = Ipv4Addr::new(request[4], request[5], request[6], request[7]);
    // Loopback only, as in `serve`.
    let upstream = if address.is_loopback() { TcpStream::connect((address, port)).await.ok() } else { None };
    let code = if upstream.is_some() { CONNECTED } else { REFUSED };
    stream.write_all(&[SOCKS, code, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
    Ok(upstream)
}
