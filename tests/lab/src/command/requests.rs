//! `lab requests`: the requests that the simulator has received under a tag. Parts that differ from run to run are masked.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;

use crate::args::Args;
use crate::failure::{Doing, Failure, Result};

pub(crate) fn run(mut args: Args) -> Result<ExitCode> {
    let only_count = args.flag("--count");
    let show_times = args.flag("--times");
    let sort = args.flag("--sort");
    let headers = args.value("--headers")?;
    let tag = args.word().ok_or_else(|| Failure::usage("requests of which tag?"))?;
    args.end()?;
    let url = std::env::var("RESTLOG_SIM_URL").doing("RESTLOG_SIM_URL")?;
    let mut path = format!("/_requests?tag={}", encode(&tag));
    if let Some(headers) = headers {
        path += &format!("&headers={}", encode(&headers));
    }
    let text = fetch(&url, "GET", &path)?;
    fetch(&url, "DELETE", &path)?;
    let mut lines: Vec<String> = text.lines().map(|line| mask(line, show_times)).collect();
    if sort {
        lines.sort();
    }
    let mut out = std::io::stdout().lock();
    if only_count {
        writeln!(out, "{}", lines.len())?;
    } else {
        for line in &lines {
            writeln!(out, "{line}")?;
        }
        writeln!(out, "{} request{}", lines.len(), if lines.len() == 1 { "" } else { "s" })?;
    }
    Ok(ExitCode::SUCCESS)
}

fn encode(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// One exchange over HTTP/1.0, in which the end of the connection ends the answer.
fn fetch(url: &str, method: &str, path: &str) -> Result<String> {
    let host = url.strip_prefix("http://").unwrap_or(url).trim_end_matches('/');
    let doing = format!("asking the simulator at {host}");
    let mut stream = TcpStream::connect(host).doing(&doing)?;
    write!(stream, "{method} {path} HTTP/1.0\r\nHost: {host}\r\n\r\n").doing(&doing)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).doing(&doing)?;
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.split(' ').nth(1) == Some("200") => Ok(body.to_owned()),
        _ => Err(Failure::new(format!("{doing}: {}", answer.lines().next().unwrap_or("no answer")))),
    }
}

/// The parameters that bound a range of time, as each API names them.
const TIMES: &[&str] =
    &["from", "to", "From", "To", "query_start_time", "query_end_time", "since", "until", "lastUpdatedSince", "lastUpdatedBefore"];

/// Replaces page keys, and times unless they are wanted.
fn mask(line: &str, show_times: bool) -> String {
    // A JSON body and headers follow the target; either may contain a question mark.
    let (target, rest) = [" {", " ["].iter().filter_map(|mark| line.find(mark)).min().map_or((line, ""), |at| line.split_at(at));
    let rest = if show_times { rest.to_owned() } else { TIMES.iter().fold(rest.to_owned(), |rest, name| mask_member(&rest, name)) };
    let Some((path, query)) = target.split_once('?') else {
        return format!("{target}{rest}");
    };
    let parameters: Vec<String> = query
        .split('&')
        .map(|parameter| match parameter.split_once('=') {
            Some((name @ ("paginationKey" | "after"), _)) => format!("{name}=<key>"),
            Some((name, _)) if !show_times && TIMES.contains(&name) => format!("{name}=<time>"),
            _ => parameter.to_owned(),
        })
        .collect();
    format!("{path}?{}{rest}", parameters.join("&"))
}

/// Replaces the text of a member of a JSON body; a time needs no escape.
fn mask_member(body: &str, name: &str) -> String {
    let begin = format!("\"{name}\":\"");
    let Some((before, value)) = body.split_once(&begin) else {
        return body.to_owned();
    };
    let after = value.find('"').map_or("", |end| &value[end..]);
    format!("{before}{begin}<time>{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_what_differs_from_run_to_run() {
        let line = "GET /v4/log?from=2026-01-01&to=2026-02-01&actor=from=1&paginationKey=ab== [x-api-key: k]";
        assert_eq!(mask(line, false), "GET /v4/log?from=<time>&to=<time>&actor=from=1&paginationKey=<key> [x-api-key: k]");
        assert_eq!(mask(line, true), "GET /v4/log?from=2026-01-01&to=2026-02-01&actor=from=1&paginationKey=<key> [x-api-key: k]");
        assert_eq!(mask("GET /_ready", false), "GET /_ready");
        let line = r#"POST /tickets/list {"from":"2026-01-01","status":"from?","to":"x"} [authorization: (none)]"#;
        let masked = r#"POST /tickets/list {"from":"<time>","status":"from?","to":"<time>"} [authorization: (none)]"#;
        assert_eq!(mask(line, false), masked);
        assert_eq!(mask(line, true), line);
        assert_eq!(mask("POST /tickets/7/log?skip=0&take=50 {}", false), "POST /tickets/7/log?skip=0&take=50 {}");
        assert_eq!(
            mask("GET /audit/events?since=2026&apikey=***&after=ab==", false),
            "GET /audit/events?since=<time>&apikey=***&after=<key>"
        );
    }
}
