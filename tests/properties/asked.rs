//! What a server receives is what was asked for, wherever in the request it travels; or nothing is sent.
//!
//! The server is as simple as can be and reads the bytes of the request itself: a library could repair what another one broke.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use proptest::prelude::*;
use restlog_fdw::http::authenticator::Authenticator;
use restlog_fdw::http::client::Connection;
use restlog_fdw::options::Settings;
use restlog_fdw::plan::selection::Selection;
use restlog_fdw::plan::slicing::{Defaults, slices};
use restlog_fdw::plan::window::WindowSet;
use restlog_fdw::scan::spec::ScanSpec;
use restlog_fdw::scan::stats::Stats;
use restlog_fdw::scan::stream::Stream;
use restlog_fdw::sources::{Source, Table};

use super::{cases, spec};

/// A column of request parameters in each place, two of them in the path; then columns that records carry.
const DEFINITION: &str = r#"{"name": "own", "tables": [{
  "name": "e", "method": "POST", "path": "/a:b/{id}/logs/{kind}", "records": "/items",
  "pagination": {"style": "link_header", "size": {"name": "n", "max": 9}},
  "columns": [
    {"name": "id", "request": {"required": true}, "filter": {"in": "path", "name": "id"}},
    {"name": "kind", "request": {"required": true}, "filter": {"in": "path", "name": "kind"}},
    {"name": "asked", "request": {}, "filter": {"name": "a&b[]"}},
    {"name": "tenant", "request": {}, "filter": {"in": "header", "name": "X-Tenant"}},
    {"name": "wanted", "request": {}, "filter": {"in": "body", "name": "wanted"}},
    {"name": "tag", "filter": {"name": "tag", "values": "many"}},
    {"name": "owner", "filter": {"in": "header", "name": "X-Owner"}}
  ]}]}"#;

const PATH: [&str; 2] = ["id", "kind"];

/// One request as its bytes say it, nothing decoded.
#[derive(Debug, Clone)]
struct Received {
    target: Vec<u8>,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

/// Reads requests from a connection until it is closed.
fn serve(connection: &TcpStream, log: &Mutex<Vec<Received>>) -> Option<()> {
    let mut reader = BufReader::new(connection.try_clone().ok()?);
    let line = |reader: &mut BufReader<TcpStream>| {
        let mut line = Vec::new();
        reader.read_until(b'\n', &mut line).ok()?;
        line.strip_suffix(b"\r\n").map(<[u8]>::to_vec)
    };
    loop {
        let first = line(&mut reader)?;
        let target = first.strip_prefix(b"POST ")?.strip_suffix(b" HTTP/1.1")?.to_vec();
        let mut headers = Vec::new();
        loop {
            let header = line(&mut reader)?;
            let Some(colon) = header.iter().position(|byte| *byte == b':') else { break };
            headers.push((String::from_utf8(header[..colon].to_vec()).ok()?.to_lowercase(), header[colon + 1..].to_vec()));
        }
        let length = headers.iter().find(|(name, _)| name == "content-length")?;
        let mut body = vec![0; std::str::from_utf8(&length.1).ok()?.trim().parse().ok()?];
        reader.read_exact(&mut body).ok()?;
        log.lock().ok()?.push(Received { target, headers, body });
        let answer = r#"{"items": []}"#;
        // In one partition: each further one would wait for the client's acknowledgement.
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{answer}", answer.len());
        (&*connection).write_all(answer.as_bytes()).ok()?;
    }
}

/// The table, how to ask for it, and what was received.
struct Own {
    table: Arc<Table>,
    connection: Arc<Connection>,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Own {
    fn start(base: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}{base}", listener.local_addr().unwrap());
        let received = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&received);
        std::thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let log = Arc::clone(&log);
                std::thread::spawn(move || serve(&connection, &log));
            }
        });
        let source = Source::read(DEFINITION).unwrap();
        let settings = Settings::resolve(Some(&source), &[("base_url".into(), url)], &[]).unwrap();
        let access = Authenticator::new(&source, BTreeMap::new(), BTreeMap::new()).unwrap();
        let connection = Arc::new(Connection::new(&settings, access).unwrap());
        Self { table: Arc::new(source.tables[0].clone()), connection, received }
    }

    /// The requests that were received for these values, or why none was sent.
    fn ask(&self, values: &BTreeMap<&str, Vec<String>>) -> Result<Vec<Received>, String> {
        let values = values.iter().map(|(name, values)| (self.table.column(name).unwrap(), values.clone())).collect();
        let slices =
            slices(&self.table, &Selection { windows: WindowSet::all(), values }, &Defaults::default()).map_err(|e| e.to_string())?;
        let plain = spec::plain(Arc::clone(&self.table), Arc::clone(&self.connection), slices, Vec::new());
        let spec = ScanSpec { page_sizes: (9, 9), ..plain };
        let mut stream = Stream::start(spec, Arc::new(Stats::default())).unwrap();
        loop {
            match stream.try_next() {
                Poll::Ready(Ok(None)) => return Ok(std::mem::take(&mut *self.received.lock().unwrap())),
                Poll::Ready(Ok(Some(_))) => stream.request_more(true),
                Poll::Ready(Err(error)) => return Err(error.to_string()),
                Poll::Pending => {
                    let mut fds = [nix::poll::PollFd::new(stream.wake_fd(), nix::poll::PollFlags::POLLIN)];
                    assert!(nix::poll::poll(&mut fds, 20_000_u16).unwrap() > 0, "nothing came");
                }
            }
        }
    }
}

/// Undoes percent-encoding, once, as a server does.
fn decode(text: &[u8]) -> String {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        let code = (*first == b'%').then(|| u8::from_str_radix(std::str::from_utf8(&tail[..2]).unwrap(), 16).unwrap());
        bytes.push(code.unwrap_or(*first));
        rest = &tail[if code.is_some() { 2 } else { 0 }..];
    }
    String::from_utf8(bytes).unwrap()
}

/// The pairs of a query. A server may take a plus for a blank or for a plus: none is sent.
fn pairs(query: &[u8]) -> Vec<(String, String)> {
    let pair = |pair: &[u8]| {
        let equals = pair.iter().position(|byte| *byte == b'=').unwrap();
        (decode(&pair[..equals]), decode(&pair[equals + 1..]))
    };
    assert!(!query.contains(&b'+'));
    query.split(|byte| *byte == b'&').map(pair).collect()
}

/// Characters and partitions that someone on the way may drop, change or take for something else, among all others but NUL.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select("\t\n\r ./\\%;?#&=+{}[]'\"<>,:@|^`~$!*()\u{b}\u{7f}\u{85}\u{a0}\u{2028}\u{feff}é€😀a1".chars().collect::<Vec<_>>())
            .prop_map(String::from),
        2 => prop::sample::select(vec!["..", "%2e", "%2E%2e", "%2F", "%5c", "%252e", "%00", "{kind}", "{id}", "\r\nX-Tenant: y", "a b", "//", "=;", "&n=1", "..;"])
            .prop_map(str::to_owned),
        3 => "[a-zA-Z0-9._-]{1,4}",
        2 => any::<char>().prop_filter("Postgres has no NUL", |c| *c != '\0').prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

/// Whether a refusal of a value in the path has a reason that a reader of the README would see.
fn may_be_refused_in_path(value: &str) -> bool {
    value.is_empty() || value.contains(['.', '/', '\\']) || value.contains('%')
}

fn may_be_refused_in_header(value: &str) -> bool {
    !value.chars().all(|c| matches!(c, ' '..='~')) || value.trim() != value
}

/// The values of a header. One blank stands behind the colon; whoever reads it takes all at the ends for such.
fn header(headers: &[(String, Vec<u8>)], wanted: &str) -> Vec<String> {
    let found = headers.iter().filter(|(name, _)| name == wanted);
    found.map(|(_, value)| String::from_utf8(value.clone()).unwrap().trim_matches([' ', '\t']).to_owned()).collect()
}

#[test]
fn what_is_received_is_what_was_asked_for_or_nothing_is_sent() {
    let own = Own::start("/v4/with%20blank/");
    let strategy =
        (prop::collection::vec(text(), 5), prop::collection::vec(text(), 0..3), prop::option::of(text()), prop::bool::weighted(0.7));
    let (sent, refused) = (Cell::new(0), Cell::new(0));
    let mut runner = proptest::test_runner::TestRunner::new(cases(3000, "asked"));
    let outcome = runner.run(&strategy, |(mut asked, tags, owner, plain_header)| {
        if plain_header {
            // Few texts fit a header: without this nearly every case would be refused.
            asked[3].retain(|c| matches!(c, '!'..='~'));
        }
        let mut values: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (name, value) in ["id", "kind", "asked", "tenant", "wanted"].into_iter().zip(&asked) {
            values.insert(name, vec![value.clone()]);
        }
        let mut tags = tags;
        tags.sort_unstable();
        tags.dedup();
        values.extend((!tags.is_empty()).then(|| ("tag", tags.clone())));
        values.extend(owner.clone().map(|owner| ("owner", vec![owner])));
        let received = match own.ask(&values) {
            Err(message) => {
                let column = ["id", "kind", "tenant"].into_iter().find(|name| message.contains(&format!("of column \"{name}\"")));
                let column = column.ok_or_else(|| TestCaseError::fail(format!("refused without a column: {message}")))?;
                let reason = if PATH.contains(&column) { may_be_refused_in_path } else { may_be_refused_in_header };
                prop_assert!(reason(&values[column][0]), "refused without need: {}", message);
                prop_assert_eq!(own.received.lock().unwrap().len(), 0, "refused, and sent");
                refused.set(refused.get() + 1);
                return Ok(());
            }
            Ok(received) => received,
        };
        prop_assert_eq!(received.len(), 1);
        sent.set(sent.get() + 1);
        let Received { target, headers, body } = &received[0];
        let (path, query) = target.split_at(target.iter().position(|byte| *byte == b'?').unwrap());
        let steps: Vec<&[u8]> = path[1..].split(|byte| *byte == b'/').collect();
        prop_assert_eq!(&steps[..3], [&b"v4"[..], b"with%20blank", b"a:b"], "the description's own steps");
        let steps: Vec<String> = steps[3..].iter().map(|step| decode(step)).collect();
        prop_assert_eq!(steps, [asked[0].as_str(), "logs", &asked[1]]);
        // Whoever decodes once more must not be led to another endpoint.
        for value in [&asked[0], &asked[1]] {
            prop_assert!(!value.split('/').any(|step| matches!(step, "" | "." | "..")), "{:?} climbs", value);
        }
        let mut expected = vec![("a&b[]".to_owned(), asked[2].clone())];
        let listed = tags.len() < 2 || !tags.iter().any(String::is_empty);
        expected.extend(tags.iter().filter(|_| listed).map(|tag| ("tag".to_owned(), tag.clone())));
        expected.push(("n".to_owned(), "9".to_owned()));
        prop_assert_eq!(pairs(&query[1..]), expected);
        prop_assert_eq!(header(headers, "x-tenant"), [asked[3].as_str()]);
        let owner: Vec<String> = owner.into_iter().filter(|owner| !may_be_refused_in_header(owner)).collect();
        prop_assert_eq!(header(headers, "x-owner"), owner, "what a header cannot carry stays local");
        prop_assert_eq!(serde_json::from_slice::<serde_json::Value>(body).unwrap(), serde_json::json!({"wanted": asked[4]}));
        Ok(())
    });
    std::io::stderr()
        .write_all(format!("figure: asked: {} requests received as asked, {} refused\n", sent.get(), refused.get()).as_bytes())
        .unwrap();
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    assert!(sent.get() > 0 && refused.get() > 0);
}
