//! The bytes of a response → its body, decompressed and bounded.
//!
//! reqwest could decompress, but then nobody would know the number of bytes on the wire. What must not be broken: a small body
//! that decompresses to gigabytes ends at the limit, not at the machine's memory.

use std::io::{BufReader, Read};
use std::sync::Mutex;

use crate::error::{Error, ErrorKind, Result};
use crate::lock::lock_whole;

/// The `Accept-Encoding` of requests. Servers do not care about the order.
pub const ACCEPT_ENCODING: &str = "zstd, br, gzip";

/// The memory of released bodies, kept for the next ones. The backend returns it by [`crate::scan::stream::Stream::release`].
#[derive(Debug, Default)]
pub struct BufferPool(Mutex<Vec<Vec<u8>>>);

impl BufferPool {
    /// An empty buffer, with a released one's memory if there is one.
    pub fn acquire(&self) -> Vec<u8> {
        lock_whole(&self.0).pop().unwrap_or_default()
    }

    /// Keeps a buffer's memory for the next body.
    pub fn release(&self, mut body: Vec<u8>) {
        body.clear();
        lock_whole(&self.0).push(body);
    }
}

/// Decompresses `wire` as its `Content-Encoding` says, to at most `limit` bytes. The result's memory comes from the pool.
pub fn decompress(encoding: Option<&str>, wire: Vec<u8>, pool: &BufferPool, limit: u64) -> Result<Vec<u8>> {
    let encoding = encoding.map(|e| e.trim().to_ascii_lowercase());
    if matches!(encoding.as_deref(), None | Some("" | "identity")) {
        return Ok(wire);
    }
    let mut into = pool.acquire();
    let read = match encoding.as_deref() {
        Some("gzip" | "x-gzip") => read_all(flate2::read::MultiGzDecoder::new(wire.as_slice()), &mut into, limit),
        Some("zstd") => zstd::stream::read::Decoder::new(wire.as_slice()).and_then(|d| read_all(d, &mut into, limit)),
        Some("br") => read_all(brotli_decompressor::Decompressor::new(BufReader::new(wire.as_slice()), 64 << 10), &mut into, limit),
        _ => {
            return Err(Error::new(ErrorKind::Shape, "the response has a Content-Encoding that was not asked for"));
        }
    };
    pool.release(wire);
    match read {
        Ok(true) => Ok(into),
        Ok(false) => Err(too_large(limit)),
        Err(_) => Err(Error::new(ErrorKind::Shape, "the response could not be decompressed")
            .detail(format!("It was declared as {}.", encoding.unwrap_or_default()))),
    }
}

/// Reads to the end. `false` if there is more than `limit`.
fn read_all(reader: impl Read, into: &mut Vec<u8>, limit: u64) -> std::io::Result<bool> {
    let read = reader.take(limit.saturating_add(1)).read_to_end(into)?;
    Ok(read as u64 <= limit)
}

/// The error for a response beyond `max_response_bytes`.
pub fn too_large(limit: u64) -> Error {
    Error::new(ErrorKind::TooLarge, "a response is larger than max_response_bytes")
        .detail(format!("The limit is {limit} bytes, decompressed."))
        .hint("Set a smaller page_size, or a larger max_response_bytes.")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn each_encoding_comes_back() {
        let data = b"{\"result\":[]}".repeat(1000);
        let zstd = zstd::encode_all(data.as_slice(), 1).unwrap();
        for (encoding, wire) in [(None, data.clone()), (Some("gzip"), gzip(&data)), (Some("ZSTD"), zstd)] {
            assert_eq!(decompress(encoding, wire, &BufferPool::default(), 1 << 20).unwrap(), data, "{encoding:?}");
        }
    }

    #[test]
    fn a_bomb_ends_at_the_limit() {
        let bomb = gzip(&vec![b' '; 4 << 20]);
        let refused = decompress(Some("gzip"), bomb.clone(), &BufferPool::default(), 1 << 20).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::TooLarge);
        assert!(decompress(Some("gzip"), bomb, &BufferPool::default(), 4 << 20).is_ok(), "exactly the limit passes");
    }

    #[test]
    fn cut_and_unknown_encodings_are_errors_not_short_bodies() {
        let mut cut = gzip(&b"abc".repeat(1000));
        cut.truncate(cut.len() / 2);
        assert_eq!(decompress(Some("gzip"), cut, &BufferPool::default(), 1 << 20).unwrap_err().kind(), ErrorKind::Shape);
        assert_eq!(decompress(Some("compress"), vec![1], &BufferPool::default(), 10).unwrap_err().kind(), ErrorKind::Shape);
    }
}
