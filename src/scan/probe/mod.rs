//! A table, a connection and a small window → findings: what the API does that its reference page does not say, and the option to set
//! where the description is wrong.
//!
//! Each question is a request whose answer differs by what the API does. A page is read by the code of a scan, so that a probe never
//! accepts what a scan refuses. A finding must not guess: what could not be found out is said to be open.

mod access;
mod ask;
mod end;
mod fields;
mod filters;
mod sample;
mod size;
mod time;

use std::collections::BTreeMap;
use std::sync::Arc;

use self::ask::ProbeClient;
use self::sample::PageSample;
use crate::error::{Error, Result};
use crate::http::client::Limits;
use crate::options::{Secret, Settings};
use crate::plan::request::PageToken;
use crate::plan::window::Window;
use crate::scan::stats::Stats;
use crate::sources::{Origin, PagingStyle, Source, Table};

/// The table that is probed, and the user as whom.
#[derive(Debug)]
pub struct Probe {
    /// The source.
    pub source: Arc<Source>,
    /// The endpoint, as the foreign table's options correct it.
    pub table: Arc<Table>,
    /// The names of its columns in the description.
    pub names: Vec<String>,
    /// The server's settings.
    pub settings: Settings,
    /// The user's secrets.
    pub secrets: BTreeMap<String, Secret>,
    /// The request parameters, by the description's column.
    pub values: BTreeMap<usize, Vec<String>>,
    /// The times of the records that are looked at.
    pub window: Window,
    /// Records asked for in one page.
    pub page_size: u64,
    /// The limits of requests.
    pub limits: Limits,
    /// The counters of requests.
    pub stats: Arc<Stats>,
}

/// One answer to one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The subject of the question: `access`, `page size`, a column's name …
    pub subject: String,
    /// What the API does.
    pub found: String,
    /// Whether that is as described; `None` where the description says nothing of it, or it could not be found out.
    pub as_described: Option<bool>,
    /// The options to set where the API does otherwise.
    pub remedy: Option<Remedy>,
}

/// Options to set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// Options of the server.
    Server(Vec<(String, String)>),
    /// Options of the foreign table.
    Table(Vec<(String, String)>),
    /// Options of the foreign table's column with this name.
    Column(String, Vec<(String, String)>),
}

/// The findings so far.
#[derive(Debug, Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn push(&mut self, subject: &str, found: impl Into<String>, as_described: Option<bool>, remedy: Option<Remedy>) {
        self.0.push(Finding { subject: subject.to_owned(), found: found.into(), as_described, remedy });
    }

    /// Adds a finding that the description says too, or at least does not contradict.
    fn right(&mut self, subject: &str, found: impl Into<String>) {
        self.push(subject, found, Some(true), None);
    }

    /// Adds a finding that contradicts the description, with what to set.
    fn wrong(&mut self, subject: &str, found: impl Into<String>, remedy: Option<Remedy>) {
        self.push(subject, found, Some(false), remedy);
    }

    /// Adds a finding of which the description says nothing.
    fn open(&mut self, subject: &str, found: impl Into<String>) {
        self.push(subject, found, None, None);
    }

    /// Adds the error of a question that got no answer.
    fn failed(&mut self, subject: &str, error: &Error) {
        let detail = error.get_detail().map_or_else(String::new, |detail| format!(" ({detail})"));
        self.open(subject, format!("could not be found out: {}{detail}", error.message()));
    }
}

/// The remedy of setting one option of the table.
fn of_table(option: &str, value: impl Into<String>) -> Option<Remedy> {
    Some(Remedy::Table(vec![(option.to_owned(), value.into())]))
}

impl Probe {
    /// The most requests that the probe sends.
    pub fn most_requests(&self) -> u64 {
        let filters = self.table.columns.iter().filter(|c| c.filter.is_some() && matches!(c.origin, Origin::Field { .. })).count();
        let times = self.table.columns.iter().filter(|c| matches!(c.origin, Origin::Field { .. })).filter(|c| time::is_time(c)).count();
        let fixed = access::MAX_REQUESTS + size::MAX_REQUESTS + end::MAX_REQUESTS + fields::MAX_REQUESTS;
        fixed + time::MAX_REQUESTS + times as u64 + filters as u64 * filters::MAX_REQUESTS_EACH + 1
    }

    /// Asks one question after another. Without access or a first page the others are not asked.
    pub async fn run(mut self) -> Vec<Finding> {
        let mut findings = Findings::default();
        if let Some((mut client, parameters)) = access::probe(&self, &mut findings).await
            && let Some(sample) = size::probe(&self, &mut client, &mut findings).await
        {
            // From here on fields are read in the form that was found, not in the described one.
            let forms = fields::probe(&self, &sample, &mut findings);
            let table = Arc::make_mut(&mut self.table);
            for (column, found) in forms {
                if let Origin::Field { form, .. } = &mut table.columns[column].origin {
                    *form = found;
                }
            }
            fields::probe_language(&self, &parameters, &sample, &mut findings).await;
            let range = time::probe(&self, &client, &sample, &mut findings).await;
            end::probe(&self, &client, &sample, range, &mut findings).await;
            filters::probe(&self, &client, &sample, range, &mut findings).await;
            end::probe_unknown(&self, &client, &mut findings).await;
        }
        findings.0
    }

    /// The bounds of the whole window, which are sent as they are; `None` where the table has no time range.
    fn bounds(&self) -> Option<(i64, i64)> {
        self.table.time_range.as_ref().map(|_| (self.window.lo, self.window.hi))
    }
}

/// Finds out whether there are records behind a sample that is the first page of these bounds.
async fn has_more(client: &ProbeClient, sample: &PageSample, bounds: Option<(i64, i64)>) -> Result<bool> {
    let read = sample.records.len() as u64;
    let style = &client.table.pagination.style;
    let next = match style {
        // A key proves nothing: it may be a bookmark.
        PagingStyle::Cursor { .. } | PagingStyle::NextUrl(_) => sample.next.key().and_then(|key| PageToken::named(style, key.to_owned())),
        PagingStyle::Number { first, .. } => Some(PageToken::Page(first + 1)),
        PagingStyle::Offset { .. } => Some(PageToken::Offset(read)),
    };
    let next = match (next, sample.total) {
        (None, _) => return Ok(false),
        (Some(_), Some(total)) if !style.is_keyed() => return Ok(total > read),
        (Some(next), _) => next,
    };
    Ok(read > 0 && !client.page(bounds, &next, Some(client.size)).await?.records.is_empty())
}
