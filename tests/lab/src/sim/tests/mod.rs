//! The simulator as a client sees it: over real HTTP, against the rows that `lab rows` prints.

mod audit;
mod faults;
mod huawei;
mod paging;
mod socialboards;
mod tickets;
mod viviot;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use crate::Simulator;

const LOG: &str = "/v4/organizer/report/ticket-status-logs";
const KEY: &str = "X-Api-Key: lab-key";
const JANUARY: &str = "mobileAppId=my-app&from=2026-01-01&to=2026-02-01T00:00:00Z";

fn simulator() -> Simulator {
    Simulator::start(([127, 0, 0, 1], 0)).unwrap()
}

/// The response of one connection.
struct HttpReply {
    head: String,
    body: Vec<u8>,
}

impl HttpReply {
    fn status(&self) -> u16 {
        self.head.split(' ').nth(1).unwrap().parse().unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn next_key(&self) -> Option<String> {
        self.json()["pagination"]["nextPageKey"].as_str().map(str::to_owned)
    }

    fn records(&self) -> Vec<Value> {
        self.json()["result"].as_array().unwrap().clone()
    }
}

/// Sends one request on a connection of its own, and reads until the server closes it or sends nothing for a second.
fn send(url: &str, method: &str, path: &str, headers: &[&str], body: &str) -> HttpReply {
    let host = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    for header in headers {
        request += &format!("{header}\r\n");
    }
    if !body.is_empty() {
        request += &format!("Content-Length: {}\r\n", body.len());
    }
    stream.write_all(format!("{request}\r\n{body}").as_bytes()).unwrap();
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(bytes.len());
    HttpReply { head: String::from_utf8(bytes[..end].to_vec()).unwrap(), body: bytes.get(end + 4..).unwrap_or_default().to_vec() }
}

fn ask(url: &str, path: &str, headers: &[&str]) -> HttpReply {
    send(url, "GET", path, headers, "")
}

fn log(simulator: &Simulator, settings: &str, query: &str) -> HttpReply {
    ask(&simulator.url(), &format!("/~{settings}{LOG}?{query}"), &[KEY])
}

fn encode(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Follows keys to the last page, in whatever form that shows it, and returns all pages.
fn chain(simulator: &Simulator, settings: &str, query: &str) -> Vec<HttpReply> {
    let mut pages = vec![log(simulator, settings, query)];
    let mut used = String::new();
    while let Some(key) = pages.last().and_then(HttpReply::next_key).filter(|key| !key.is_empty() && *key != used) {
        pages.push(log(simulator, settings, &format!("{query}&paginationKey={}", encode(&key))));
        assert!(pages.len() < 1000, "endless chain");
        used = key;
    }
    pages
}

fn all_records(pages: &[HttpReply]) -> Vec<Value> {
    pages.iter().flat_map(HttpReply::records).collect()
}

/// A row as `lab rows` prints it: NULL is `None`.
type Row = Vec<Option<String>>;

fn truth(settings: &str) -> (Vec<String>, Vec<Row>) {
    table_truth("tixngo.ticket_status_logs", settings)
}

fn table_truth(table: &str, settings: &str) -> (Vec<String>, Vec<Row>) {
    let mut csv = Vec::new();
    crate::write_table(table, settings, "my-app", &mut csv).unwrap();
    let mut rows = read_csv(&String::from_utf8(csv).unwrap());
    let names = rows.remove(0).into_iter().map(Option::unwrap).collect();
    (names, rows)
}

fn read_csv(text: &str) -> Vec<Row> {
    let (mut rows, mut row): (Vec<Row>, Row) = (Vec::new(), Row::new());
    let (mut field, mut was_quoted, mut quoted) = (String::new(), false, false);
    for (at, letter) in text.char_indices() {
        match letter {
            '"' if quoted && text[at + 1..].starts_with('"') => quoted = false,
            '"' => {
                // A doubled quote is a quote in the field.
                if !quoted && was_quoted {
                    field.push('"');
                }
                quoted = !quoted;
                was_quoted = true;
            }
            ',' | '\n' if !quoted => {
                let value = std::mem::take(&mut field);
                row.push((was_quoted || !value.is_empty()).then_some(value));
                was_quoted = false;
                if letter == '\n' {
                    rows.push(std::mem::take(&mut row));
                }
            }
            _ => field.push(letter),
        }
    }
    rows
}

/// A record in the form of `truth`, by the names of its columns.
fn as_row(record: &Value, names: &[String]) -> Row {
    let record = record.as_object().unwrap();
    let value = |name: &String| {
        if name == "mobileappid" {
            return Some("my-app".to_owned());
        }
        let (_, value) = record.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        match value {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    };
    names.iter().map(value).collect()
}

/// A record in the form of `table_truth`: nested members have joined names, times have one form. `request` has the columns that come from
/// the request.
fn flat_row(record: &Value, names: &[String], request: &[(&str, &str)]) -> Row {
    fn walk(record: &Value, outer: &str, names: &[String], found: &mut Vec<(String, Option<String>)>) {
        for (name, value) in record.as_object().unwrap() {
            let name = format!("{outer}{}", name.to_lowercase());
            match value {
                Value::Object(_) if !names.contains(&name) => walk(value, &name, names, found),
                Value::Null => found.push((name, None)),
                Value::String(text) => found.push((name, Some(text.clone()))),
                other => found.push((name, Some(other.to_string()))),
            }
        }
    }
    let mut found: Vec<(String, Option<String>)> =
        request.iter().map(|(name, value)| ((*name).to_owned(), Some((*value).to_owned()))).collect();
    walk(record, "", names, &mut found);
    for (name, value) in &found {
        // A nested object that is null has only the columns of its members.
        let is_known = names.iter().any(|known| known == name || (value.is_none() && known.starts_with(name)));
        assert!(is_known, "the truth has no {name}");
    }
    names.iter().map(|name| found.iter().find(|(known, _)| known == name).and_then(|(_, value)| value.clone())).map(plain_time).collect()
}

/// A time in UTC, rounded to microseconds by way of a double, as Postgres does.
fn plain_time(value: Option<String>) -> Option<String> {
    let text = value?;
    let Ok(time) = chrono::DateTime::parse_from_rfc3339(&text) else {
        return Some(text);
    };
    let fraction: f64 = format!("0.{:09}", time.timestamp_subsec_nanos()).parse().unwrap();
    let micros = (fraction * 1e6).round_ties_even() as i64;
    Some(format!("{} µs", time.timestamp() * 1_000_000 + micros))
}

fn plain_times(rows: Vec<Row>) -> Vec<Row> {
    rows.into_iter().map(|row| row.into_iter().map(plain_time).collect()).collect()
}
