//! Compresses bodies for clients that accept it.

use std::io::{self, Write};

use hyper::HeaderMap;
use hyper::header::ACCEPT_ENCODING;

use super::settings::ContentCoding;

impl ContentCoding {
    /// The name in `Content-Encoding`; `None` for a body that is not compressed.
    pub(crate) fn header(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Zstd => Some("zstd"),
            Self::Brotli => Some("br"),
        }
    }

    /// This coding if the client accepts it, else `Identity`.
    pub(crate) fn accepted_by(self, headers: &HeaderMap) -> Self {
        let accepted = headers.get_all(ACCEPT_ENCODING).iter().any(|value| {
            let names = value.to_str().unwrap_or_default().split(',');
            let mut names = names.map(|name| name.split(';').next().unwrap_or_default().trim());
            names.any(|name| Some(name) == self.header())
        });
        if accepted { self } else { Self::Identity }
    }

    pub(crate) fn encode(self, body: Vec<u8>) -> io::Result<Vec<u8>> {
        match self {
            Self::Identity => Ok(body),
            Self::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(&body)?;
                encoder.finish()
            }
            Self::Zstd => zstd::encode_all(body.as_slice(), 1),
            Self::Brotli => Ok(brotli_stored(&body)),
        }
    }
}

/// A Brotli stream of uncompressed blocks (RFC 7932, section 9.2), which is enough to test a client's decoder.
fn brotli_stored(body: &[u8]) -> Vec<u8> {
    const BLOCK: usize = 1 << 16;
    let mut out = Vec::with_capacity(body.len() + body.len() / BLOCK * 3 + 4);
    // One zero bit before the first block's header: the window is 64 KiB.
    let mut shift = 1;
    for block in body.chunks(BLOCK) {
        // ISLAST 0, MNIBBLES 0 for four nibbles, MLEN - 1, ISUNCOMPRESSED 1, then zeros up to the byte's end.
        let length = u32::try_from(block.len() - 1).unwrap_or_default();
        let header = (length << 3 | 1 << 19) << shift;
        out.extend_from_slice(&header.to_le_bytes()[..3]);
        out.extend_from_slice(block);
        shift = 0;
    }
    // ISLAST 1, ISLASTEMPTY 1.
    out.push(0b11 << shift);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn every_coding_decodes_to_the_body() {
        let body: Vec<u8> = (0..300_000_u32).map(|number| (number.wrapping_mul(number) >> 7) as u8).collect();
        for body in [body, b"short".to_vec(), Vec::new()] {
            let mut plain = Vec::new();
            let gzip = ContentCoding::Gzip.encode(body.clone()).unwrap();
            flate2::read::GzDecoder::new(gzip.as_slice()).read_to_end(&mut plain).unwrap();
            assert!(plain == body);
            let zstd = ContentCoding::Zstd.encode(body.clone()).unwrap();
            assert!(zstd::decode_all(zstd.as_slice()).unwrap() == body);
            let brotli = ContentCoding::Brotli.encode(body.clone()).unwrap();
            plain.clear();
            brotli_decompressor::Decompressor::new(brotli.as_slice(), 4096).read_to_end(&mut plain).unwrap();
            assert!(plain == body);
        }
    }

    #[test]
    fn a_coding_that_the_client_does_not_accept_is_not_used() {
        let mut headers = HeaderMap::new();
        assert_eq!(ContentCoding::Gzip.accepted_by(&headers), ContentCoding::Identity);
        headers.insert(ACCEPT_ENCODING, "zstd, gzip;q=0.5".parse().unwrap());
        assert_eq!(ContentCoding::Gzip.accepted_by(&headers), ContentCoding::Gzip);
        assert_eq!(ContentCoding::Brotli.accepted_by(&headers), ContentCoding::Identity);
    }
}
