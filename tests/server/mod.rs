//! A server that takes one request from each connection, and answers it as it is told.

#![allow(dead_code, reason = "each test uses its part")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Its path and query.
    pub(crate) target: String,
    pub(crate) body: String,
}

/// Answers each request with the head and the body that `answer` makes, which knows the server's address; what every answer has in its
/// head is added. Returns the address.
pub(crate) fn serve(mut answer: impl FnMut(&str, &Asked) -> (String, String) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let own = url.clone();
    std::thread::spawn(move || {
        loop {
            let (mut connection, _) = listener.accept().unwrap();
            let Some(asked) = read(&connection) else { continue };
            let (head, body) = answer(&own, &asked);
            // A client that is gone needs no answer.
            let _ = write!(connection, "HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
        }
    });
    url
}

/// `None` where the client is gone.
fn read(connection: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(connection);
    let (mut lines, mut line) = (Vec::new(), String::new());
    while reader.read_line(&mut line).is_ok_and(|read| read > 0) && line != "\r\n" {
        lines.push(std::mem::take(&mut line));
    }
    let length = lines.iter().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some(Asked { target: lines.first()?.split(' ').nth(1)?.to_owned(), body: String::from_utf8(body).ok()? })
}
