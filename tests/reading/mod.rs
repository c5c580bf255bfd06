//! Reads a described API to its end through the scan room, without a Postgres.

mod spec;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use restlog_fdw::error::{Error, Result};
use restlog_fdw::http::authenticator::Authenticator;
use restlog_fdw::http::client::Connection;
use restlog_fdw::options::{Secret, Settings};
use restlog_fdw::plan::slice::Slices;
use restlog_fdw::scan::decode::{PageColumn, Target, ValueSource};
use restlog_fdw::scan::stats::Stats;
use restlog_fdw::scan::stream::Stream;
use restlog_fdw::sources::{Form, Pointer, Source};

/// What was read of the first table, and what it took.
#[derive(Debug)]
pub(crate) struct Reading {
    /// How many records came, or why none did.
    pub(crate) rows: Result<usize>,
    /// Requests sent.
    pub(crate) requests: u64,
}

impl Reading {
    /// The error of a scan that must have failed.
    pub(crate) fn error(&self) -> &Error {
        match &self.rows {
            Err(error) => error,
            Ok(rows) => panic!("{rows} records came"),
        }
    }
}

/// Begins a scan of the source's first table, of which only the column `id` is read.
pub(crate) fn start(source: &Arc<Source>, options: &[(&str, &str)], secret: &str) -> Result<(Stream, Arc<Stats>)> {
    let options: Vec<_> = options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let settings = Settings::resolve(Some(source), &options, &[])?;
    let secrets = BTreeMap::from([("api_key".to_owned(), Secret::new(secret))]);
    let access = Authenticator::new(source, settings.parameters.clone(), secrets)?;
    let table = Arc::new(source.tables[0].clone());
    let id = PageColumn {
        name: "id".into(),
        from: ValueSource::Field(Pointer(vec!["id".into()])),
        target: Target::Integer(i64::MAX),
        form: Form::Plain,
    };
    let slices = Slices::of(vec![None], BTreeMap::new());
    let spec = spec::plain(table, Arc::new(Connection::new(&settings, access)?), slices, vec![id]);
    let stats = Arc::new(Stats::default());
    Ok((Stream::start(spec, Arc::clone(&stats))?, stats))
}

/// Reads the source's first table to its end.
pub(crate) fn read(source: &Arc<Source>, options: &[(&str, &str)], secret: &str) -> Reading {
    let started = Instant::now();
    let (mut stream, stats) = match start(source, options, secret) {
        Ok(started) => started,
        Err(error) => return Reading { rows: Err(error), requests: 0 },
    };
    let mut rows = 0;
    let rows = loop {
        match stream.try_next() {
            Poll::Ready(Ok(Some(page))) => {
                rows += page.rows();
                stream.request_more(page.rows() > 0);
            }
            Poll::Ready(Ok(None)) => break Ok(rows),
            Poll::Ready(Err(error)) => break Err(error),
            Poll::Pending => {
                assert!(started.elapsed() < Duration::from_secs(60), "nothing came");
                std::thread::sleep(Duration::from_millis(2));
            }
        }
    };
    Reading { rows, requests: stats.usage.requests.get() }
}
