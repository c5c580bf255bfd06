//! How large may a page be, and how large is it if no size is sent?
//!
//! The largest size that the API takes is what all later questions ask for.

use super::ask::ProbeClient;
use super::sample::PageSample;
use super::{Findings, Probe, Remedy, has_more};
use crate::error::ErrorKind;
use crate::plan::request::PageToken;

/// The sizes that are tried where the largest is refused.
const SIZES: [u64; 12] = [10_000, 5_000, 2_000, 1_000, 500, 250, 200, 100, 50, 25, 10, 5];
/// The most requests: one for each size, for the configured size, for the page after the first, and for one without a size.
pub(super) const MAX_REQUESTS: u64 = SIZES.len() as u64 + 3;

const SUBJECT: &str = "page size";

/// Reads the first page of the window, and leaves in `client` which size the API takes, and how many records a page has at most.
pub(super) async fn probe(probe: &Probe, client: &mut ProbeClient, findings: &mut Findings) -> Option<PageSample> {
    let asked = probe.page_size;
    let mut accepted = None;
    let mut refusal = None;
    for size in std::iter::once(asked).chain(SIZES.into_iter().filter(|size| *size < asked)) {
        match client.page(probe.bounds(), &PageToken::Start, Some(size)).await {
            Ok(sample) => {
                accepted = Some((sample, size));
                break;
            }
            Err(error) if error.kind() == ErrorKind::Shape => refusal = refusal.or(Some(error)),
            Err(error) => {
                findings.failed(SUBJECT, &error);
                return None;
            }
        }
    }
    let Some((sample, size)) = accepted else {
        findings.failed(SUBJECT, &refusal?);
        return None;
    };
    client.size = size;
    let smaller = |to: u64| Some(Remedy::Table(vec![("page_size".to_owned(), to.to_string())]));
    let read = sample.records.len() as u64;
    let more = has_more(client, &sample, probe.bounds()).await;
    client.page_records = if more == Ok(true) { read } else { size };
    match more {
        _ if size < asked => findings.wrong(SUBJECT, format!("{asked} records a page are refused, {size} are not"), smaller(size)),
        _ if read >= size => findings.right(SUBJECT, format!("a page has as many records as were asked for: {size}")),
        Ok(true) => {
            let found = format!("pages have at most {read} records, though {size} were asked for; all are read all the same");
            findings.wrong(SUBJECT, found, smaller(read.max(1)));
        }
        Ok(false) => findings.open(SUBJECT, format!("the window has only {read} records, and {size} were asked for: none is refused")),
        Err(error) => findings.failed(SUBJECT, &error),
    }
    match client.page(probe.bounds(), &PageToken::Start, None).await {
        Ok(default) => findings.open("default page size", format!("{} records, where no size is asked for", default.records.len())),
        Err(_) => findings.open("default page size", "a request without a size is refused; none is sent"),
    }
    if let Some(encoding) = &sample.encoding {
        findings.right("compression", format!("responses are compressed: {encoding}"));
    }
    Some(sample)
}
