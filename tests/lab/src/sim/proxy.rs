//! A proxy that carries https by CONNECT, or refuses to.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::secure::Proxy;

/// Longest head of a request.
const MAX_HEAD: usize = 8 << 10;

/// One connection to a proxy.
pub(crate) async fn serve(mut stream: TcpStream, proxy: Proxy, tunnels: Arc<AtomicU64>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            // No method of HTTP begins like this: a greeting in TLS, most likely.
            Ok(byte) if head.is_empty() && !byte.is_ascii_uppercase() => {
                let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
                return;
            }
            Ok(byte) if head.len() < MAX_HEAD => head.push(byte),
            _ => return,
        }
    }
    let head = String::from_utf8_lossy(&head);
    // Loopback only: nothing of a test may leave the machine.
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
    // Without a length the end of the connection ends the answer: that of a tunnel has no body at all.
    if stream.write_all(format!("HTTP/1.1 {answer}\r\n\r\n").as_bytes()).await.is_err() {
        return;
    }
    if let Some(mut upstream) = upstream {
        tunnels.fetch_add(1, Ordering::Relaxed);
        // It ends when either side does.
        let _ = tokio::io::copy_bidirectional(&mut stream, &mut upstream).await;
    }
}
