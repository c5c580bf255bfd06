//! A bare HTTP client that follows page keys on one connection: the baseline of the bench.

mod record;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde::de::IgnoredAny;
use tokio::net::TcpStream;

use self::record::Record;
use crate::failure::{Doing, Failure, Result};

/// How a page is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// Only the next key is looked for.
    KeyOnly,
    /// serde_json parses everything and keeps only the key.
    Skipping,
    /// serde_json makes a struct of every record, as a loader written by hand would.
    Full,
}

#[derive(Deserialize)]
struct Page<R> {
    pagination: Pagination,
    result: Vec<R>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pagination {
    next_page_key: Option<String>,
}

/// What was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct DrainStats {
    pub(crate) pages: u64,
    pub(crate) bytes: u64,
    /// Counted only where records are parsed.
    pub(crate) rows: u64,
}

/// One connection, kept open.
#[derive(Debug)]
pub(crate) struct HttpConnection {
    host: String,
    sender: SendRequest<Empty<Bytes>>,
}

impl HttpConnection {
    pub(crate) async fn connect(host: &str) -> Result<Self> {
        let stream = TcpStream::connect(host).await.doing("drain")?;
        stream.set_nodelay(true).doing("drain")?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.doing("drain")?;
        tokio::spawn(connection);
        Ok(Self { host: host.to_owned(), sender })
    }

    /// The body of one answer, or only its first frame, and how many bytes came.
    pub(crate) async fn get(&mut self, target: &str, whole: bool) -> Result<(Vec<u8>, u64)> {
        let request = Request::get(target).header("host", &self.host).header("x-api-key", "lab-key");
        let request = request.body(Empty::<Bytes>::new()).doing("drain")?;
        let mut response = self.sender.send_request(request).await.doing("drain")?;
        if !response.status().is_success() {
            return Err(Failure::new(format!("drain: the simulator answers {} to {target}", response.status())));
        }
        let (mut body, mut bytes) = (Vec::new(), 0);
        while let Some(frame) = response.frame().await {
            let Ok(data) = frame.doing("drain")?.into_data() else {
                continue;
            };
            bytes += data.len() as u64;
            if whole || body.is_empty() {
                body.extend_from_slice(&data);
            }
        }
        Ok((body, bytes))
    }
}

/// Reads a chain to its end.
pub(crate) async fn drain(host: &str, path: &str, reading: Reading) -> Result<DrainStats> {
    let mut connection = HttpConnection::connect(host).await?;
    let mut drained = DrainStats::default();
    let mut key: Option<String> = None;
    loop {
        let target = match &key {
            None => path.to_owned(),
            Some(key) => {
                let key: String = url::form_urlencoded::byte_serialize(key.as_bytes()).collect();
                format!("{path}&paginationKey={key}")
            }
        };
        // The key stands before the records, so the first frame is enough to find it.
        let (body, bytes) = connection.get(&target, reading != Reading::KeyOnly).await?;
        drained.pages += 1;
        drained.bytes += bytes;
        key = match reading {
            Reading::KeyOnly => find_key(&body),
            Reading::Skipping => drained.parse::<IgnoredAny>(&body)?,
            Reading::Full => drained.parse::<Record>(&body)?,
        };
        if key.is_none() {
            return Ok(drained);
        }
    }
}

impl DrainStats {
    /// Counts the page's records, and returns the next key.
    fn parse<'b, R: Deserialize<'b>>(&mut self, body: &'b [u8]) -> Result<Option<String>> {
        let page: Page<R> = serde_json::from_slice(body).doing("drain")?;
        // Without this the compiler might leave out records that nobody uses.
        let records = std::hint::black_box(page.result);
        self.rows += records.len() as u64;
        Ok(page.pagination.next_page_key)
    }
}

fn find_key(begin: &[u8]) -> Option<String> {
    const NAME: &[u8] = b"\"nextPageKey\":\"";
    let at = begin.windows(NAME.len()).take(200).position(|bytes| bytes == NAME)? + NAME.len();
    let length = begin[at..].iter().position(|byte| *byte == b'"')?;
    String::from_utf8(begin[at..at + length].to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_readings_reach_the_end() {
        let simulator = lab::Simulator::start(([127, 0, 0, 1], 0)).unwrap();
        let path = "/~rows=1000/v4/organizer/report/ticket-status-logs\
                    ?mobileAppId=my-app&from=2026-01-01&to=2026-02-01&limit=300";
        let host = simulator.url().replace("http://", "");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let read = |reading| runtime.block_on(drain(&host, path, reading)).unwrap();
        let (key_only, skipping, full) = (read(Reading::KeyOnly), read(Reading::Skipping), read(Reading::Full));
        assert_eq!((key_only.pages, skipping.pages, skipping.rows), (4, 4, 1000));
        assert_eq!(key_only.bytes, skipping.bytes);
        assert_eq!(skipping, full);
    }
}
