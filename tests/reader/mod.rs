//! Reads one list of the simulator under each style of paging through the scan room, without a Postgres.

#![allow(dead_code, reason = "each test uses its part")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use restlog_fdw::error::{Error, ErrorKind};
use restlog_fdw::http::authenticator::Authenticator;
use restlog_fdw::http::client::{Connection, Limits};
use restlog_fdw::options::{OnInvalid, Secret, Settings};
use restlog_fdw::plan::slice::Slices;
use restlog_fdw::plan::window::Window;
use restlog_fdw::scan::decode::{Decoder, PageColumn, Target, ValueSource};
use restlog_fdw::scan::page::{CellState, Page};
use restlog_fdw::scan::spec::ScanSpec;
use restlog_fdw::scan::stats::Stats;
use restlog_fdw::scan::stream::Stream;
use restlog_fdw::sources::{Origin, Source, Table, built_in};

/// Microseconds from 2000-01-01 to 2026-01-01, the simulator's first day.
pub(crate) const FIRST_DAY: i64 = 9497 * DAY;
pub(crate) const DAY: i64 = 86_400_000_000;

/// A list of the simulator, and how its pages are found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    pub(crate) name: &'static str,
    /// A built-in source, or a description.
    source: &'static str,
    table: &'static str,
    /// What stands before the table's path.
    prefix: &'static str,
    /// The simulator's setting that says how many records there are.
    pub(crate) rows: &'static str,
    /// What identifies a record.
    key: &'static [&'static str],
    /// The column of times, on the wire.
    pub(crate) time: &'static str,
    /// A column of texts, on the wire.
    pub(crate) text: &'static str,
    /// Whether a page names the next one.
    pub(crate) names_next: bool,
    /// Whether a page tells a total.
    pub(crate) total: bool,
    /// Whether requests are POSTs.
    pub(crate) post: bool,
}

const EVENTS: &str = r#"{"name": "audit", "auth": [{"query": "apikey", "value": "{api_key}"}], "tables": [{
    "name": "events", "path": "/audit/events", "records": "/items",
    "pagination": {"style": "next_url", "next": "/links/next", "size": {"name": "page_size", "max": 500, "may_change": true}},
    "time_range": {"column": "at", "from": {"name": "since"}, "to": {"name": "until"}},
    "columns": [{"name": "id", "type": "bigint"}, {"name": "at", "type": "timestamptz"}, {"name": "kind"}]}]}"#;
const ENTRIES: &str = r#"{"name": "audit", "auth": [{"header": "X-Key", "value": "{api_key}"}], "tables": [{
    "name": "entries", "path": "/audit/entries", "records": "",
    "pagination": {"style": "link_header", "size": {"name": "per_page", "max": 500, "may_change": true}},
    "time_range": {"column": "at", "from": {"name": "since"}, "to": {"name": "until"}},
    "columns": [{"name": "id", "type": "bigint"}, {"name": "at", "type": "timestamptz"}, {"name": "kind"}]}]}"#;

pub(crate) const CURSOR: Style = Style {
    name: "cursor",
    source: "tixngo",
    table: "ticket_status_logs",
    prefix: "/v4",
    rows: "rows",
    key: &["ticketId", "ticketStatusLogId"],
    time: "createdDate",
    text: "actionName",
    names_next: true,
    total: false,
    post: false,
};
pub(crate) const NUMBER: Style = Style {
    name: "page_number",
    source: "viviot",
    table: "action_logs",
    prefix: "",
    rows: "rows",
    key: &["id"],
    time: "timestamp",
    text: "information",
    names_next: false,
    total: true,
    post: false,
};
pub(crate) const OFFSET: Style = Style {
    name: "offset with total",
    source: "huawei",
    table: "cases",
    prefix: "",
    rows: "cases",
    key: &["incident_id"],
    time: "create_time",
    text: "simple_description",
    names_next: false,
    total: true,
    post: false,
};
pub(crate) const OVERLAP: Style = Style {
    name: "offset with overlap",
    source: "socialboards",
    table: "tickets",
    prefix: "",
    rows: "tickets",
    key: &["id"],
    time: "creationTime",
    text: "message",
    names_next: false,
    total: false,
    post: true,
};
pub(crate) const NEXT_URL: Style = Style {
    name: "next_url",
    source: EVENTS,
    table: "events",
    prefix: "",
    rows: "rows",
    key: &["id"],
    time: "at",
    text: "kind",
    names_next: true,
    total: false,
    post: false,
};
pub(crate) const LINK_HEADER: Style = Style { name: "link_header", source: ENTRIES, table: "entries", ..NEXT_URL };

pub(crate) const STYLES: [Style; 6] = [CURSOR, NUMBER, OFFSET, OVERLAP, NEXT_URL, LINK_HEADER];

/// How a list is read.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    /// The simulator's settings.
    pub(crate) switches: String,
    pub(crate) options: Vec<(&'static str, String)>,
    /// Records asked for in a page.
    pub(crate) size: u64,
    /// Whether the window stays one chain.
    pub(crate) whole: bool,
}

impl Style {
    fn source(&self) -> Source {
        built_in(self.source).map_or_else(|| Source::read(self.source), |known| known.map(|known| (*known).clone())).unwrap()
    }

    /// The keys of all rows, in the order in which they came.
    pub(crate) fn read(&self, simulator: &str, wish: &Wish) -> Result<Vec<String>, Error> {
        self.read_as(simulator, wish, |_| {})
    }

    /// The same, with a table that is described otherwise.
    pub(crate) fn read_as(&self, simulator: &str, wish: &Wish, describe: impl FnOnce(&mut Table)) -> Result<Vec<String>, Error> {
        self.read_within(simulator, wish, &[Window { lo: FIRST_DAY, hi: FIRST_DAY + 31 * DAY }], describe)
    }

    /// What the simulator of the source takes for a user.
    fn secrets(&self) -> BTreeMap<String, Secret> {
        let takes_token = ["viviot", "huawei", "socialboards"].contains(&self.source);
        let (name, secret) = if takes_token { ("token", "lab-token") } else { ("api_key", "lab-key") };
        BTreeMap::from([(name.to_owned(), Secret::new(secret))])
    }

    /// Reads windows that need not be the simulator's month.
    pub(crate) fn read_within(
        &self,
        simulator: &str,
        wish: &Wish,
        windows: &[Window],
        describe: impl FnOnce(&mut Table),
    ) -> Result<Vec<String>, Error> {
        let source = self.source();
        let mut options = vec![("base_url".to_owned(), format!("{simulator}/~{}{}", wish.switches, self.prefix))];
        // A throttle that does not end is waited out until then; one that ends asks for two seconds at most.
        options.push(("retry_budget".to_owned(), "2500ms".to_owned()));
        options.extend(wish.options.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        let settings = Settings::resolve(Some(&source), &options, &[]).unwrap();
        let access = Authenticator::new(&source, settings.parameters.clone(), self.secrets()).unwrap();
        let mut table = source.table(self.table).unwrap().clone();
        describe(&mut table);
        let of = |name: &&str, text: bool| {
            let column = &table.columns[table.column(name).unwrap()];
            let Origin::Field { pointer, form } = &column.origin else { unreachable!("{name} is no field") };
            let target = if text { Target::Text } else { column.sql_type.into() };
            PageColumn { name: (*name).into(), from: ValueSource::Field(pointer.clone()), target, form: *form }
        };
        let mut columns: Vec<PageColumn> = self.key.iter().map(|name| of(name, true)).collect();
        let time = columns.len();
        columns.extend([of(&self.time, false), of(&self.text, true)]);
        let values = table.column("mobileAppId").map(|app| (app, vec!["my-app".to_owned()])).into_iter().collect();
        let windows = if table.time_range.is_some() { windows.iter().copied().map(Some).collect() } else { vec![None] };
        let spec = ScanSpec {
            time_column: windows[0].map(|_| time),
            slices: Slices::of(windows, values),
            decoder: Decoder::new(columns, &table, OnInvalid::Error, settings.time_zone.clone().or_else(|| source.time_zone.clone())),
            now: i64::MAX,
            time_is_required: false,
            fan_out_columns: BTreeMap::new(),
            page_sizes: (wish.size, wish.size),
            limited: wish.whole,
            order: None,
            known_density: None,
            concurrency: settings.concurrency,
            limits: Limits { max_requests: 2_000, max_response_bytes: settings.max_response_bytes, log: false },
            connection: Arc::new(Connection::new(&settings, access).unwrap()),
            counting: None,
            table: Arc::new(table),
        };
        let mut stream = Stream::start(spec, Arc::new(Stats::default())).unwrap();
        let started = Instant::now();
        let mut keys = Vec::new();
        loop {
            match stream.try_next() {
                Poll::Ready(Ok(None)) => return Ok(keys),
                Poll::Ready(Ok(Some(page))) => {
                    for row in 0..page.rows() {
                        keys.push(key(&page, row, self.key.len())?);
                    }
                    stream.request_more(true);
                }
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => {
                    assert!(started.elapsed() < Duration::from_secs(60), "{}: nothing came", wish.switches);
                    let mut fds = [nix::poll::PollFd::new(stream.wake_fd(), nix::poll::PollFlags::POLLIN)];
                    nix::poll::poll(&mut fds, 1000_u16).unwrap();
                }
            }
        }
    }
}

/// What identifies a row. What only its type's input function could judge is refused, as that would.
fn key(page: &Page, row: usize, columns: usize) -> Result<String, Error> {
    let text = |column| match page.cell(row, column) {
        (CellState::Bytes, at) => Ok(String::from_utf8_lossy(page.varlena(at)).into_owned()),
        (CellState::Null, _) => Ok("NULL".to_owned()),
        (CellState::Value, value) => Ok(value.to_string()),
        (CellState::Text, _) => Err(Error::new(ErrorKind::BadDatetime, "a value is not of its type")),
    };
    (0..columns).map(text).collect::<Result<Vec<_>, _>>().map(|texts| texts.join("/"))
}
