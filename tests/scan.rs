//! The scan room against the simulator, without a Postgres: what is asked and when, how a scan ends, and its threads.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::collections::BTreeMap;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use lab::Simulator;
use restlog_fdw::error::{Error, ErrorKind};
use restlog_fdw::http::authenticator::Authenticator;
use restlog_fdw::http::client::{Connection, Limits};
use restlog_fdw::options::{OnInvalid, Secret, Settings};
use restlog_fdw::plan::slice::Slices;
use restlog_fdw::plan::window::Window;
use restlog_fdw::scan::decode::{Decoder, PageColumn, Target, ValueSource};
use restlog_fdw::scan::page::Page;
use restlog_fdw::scan::spec::ScanSpec;
use restlog_fdw::scan::stats::Stats;
use restlog_fdw::scan::stream::Stream;
use restlog_fdw::sources::{Direction, Form, Pointer, Source, built_in};

/// Microseconds from 2000-01-01 to 2026-01-01, the simulator's first day.
const FIRST_DAY: i64 = 9497 * DAY;
const DAY: i64 = 86_400_000_000;

/// One scan being read.
struct Scan {
    simulator: Simulator,
    tag: &'static str,
    stream: Stream,
    stats: Arc<Stats>,
}

/// What a test changes.
struct Wish {
    switches: &'static str,
    options: Vec<(&'static str, &'static str)>,
    days: Vec<(i64, i64)>,
    page_sizes: (u64, u64),
    limited: bool,
    order: Option<Direction>,
    max_requests: u64,
    log: bool,
}

impl Default for Wish {
    fn default() -> Self {
        Self {
            switches: "rows=3100",
            options: vec![],
            days: vec![(0, 31)],
            page_sizes: (100, 100),
            limited: true,
            order: None,
            max_requests: 0,
            log: false,
        }
    }
}

fn source() -> Arc<Source> {
    built_in("tixngo").unwrap().unwrap()
}

fn start(tag: &'static str, wish: Wish) -> Scan {
    let simulator = Simulator::start(([127, 0, 0, 1], 0)).unwrap();
    let base = format!("{}/~tag={tag},{}/v4", simulator.url(), wish.switches);
    let mut options: Vec<(String, String)> = vec![("base_url".into(), base)];
    options.extend(wish.options.iter().map(|(n, v)| (n.to_string(), v.to_string())));
    let source = source();
    let settings = Settings::resolve(Some(&source), &options, &[]).unwrap();
    let secrets = BTreeMap::from([("api_key".to_owned(), Secret::new("lab-key"))]);
    let access = Authenticator::new(&source, settings.parameters.clone(), secrets).unwrap();
    let table = Arc::new(source.tables[0].clone());
    let app = table.column("mobileAppId").unwrap();
    let window = |(from, to): &(i64, i64)| Some(Window { lo: FIRST_DAY + from * DAY, hi: FIRST_DAY + to * DAY });
    let field = |name: &str, target| PageColumn {
        name: name.into(),
        from: ValueSource::Field(Pointer(vec![name.into()])),
        target,
        form: Form::Plain,
    };
    let columns =
        vec![field("ticketId", Target::Text), field("ticketStatusLogId", Target::Text), field("createdDate", Target::Timestamptz)];
    let spec = ScanSpec {
        slices: Slices::of(wish.days.iter().map(window).collect(), BTreeMap::from([(app, vec!["my-app".to_owned()])])),
        decoder: Decoder::new(columns, &table, OnInvalid::Error, None),
        now: i64::MAX,
        time_column: Some(2),
        time_is_required: false,
        fan_out_columns: BTreeMap::new(),
        page_sizes: wish.page_sizes,
        limited: wish.limited,
        order: wish.order,
        known_density: None,
        concurrency: settings.concurrency,
        limits: Limits { max_requests: wish.max_requests, max_response_bytes: settings.max_response_bytes, log: wish.log },
        connection: Arc::new(Connection::new(&settings, access).unwrap()),
        counting: None,
        table,
    };
    let stats = Arc::new(Stats::default());
    Scan { simulator, tag, stream: Stream::start(spec, Arc::clone(&stats)).unwrap(), stats }
}

impl Scan {
    /// Waits for the next page as the backend does: on the descriptor.
    fn next(&mut self) -> Result<Option<Page>, Error> {
        let started = Instant::now();
        loop {
            if let Poll::Ready(page) = self.stream.try_next() {
                return page;
            }
            assert!(started.elapsed() < Duration::from_secs(20), "nothing came");
            let mut fds = [nix::poll::PollFd::new(self.stream.wake_fd(), nix::poll::PollFlags::POLLIN)];
            nix::poll::poll(&mut fds, 1000_u16).unwrap();
        }
    }

    /// Reads to the end, and returns the keys of all rows.
    fn drain(&mut self) -> Result<Vec<String>, Error> {
        let mut keys = Vec::new();
        while let Some(page) = self.next()? {
            for row in 0..page.rows() {
                let text = |column| String::from_utf8(page.varlena(page.cell(row, column).1).to_vec()).unwrap();
                keys.push(format!("{}/{}", text(0), text(1)));
            }
            self.stream.release(page);
            self.stream.request_more(true);
        }
        Ok(keys)
    }

    fn requests(&self) -> usize {
        self.simulator.requests(self.tag).len()
    }
}

fn distinct(keys: &[String]) -> usize {
    keys.iter().collect::<std::collections::HashSet<_>>().len()
}

#[test]
fn every_row_comes_once_whatever_the_slices() {
    for (tag, days) in [("one", vec![(0, 31)]), ("many", (0..31).map(|d| (d, d + 1)).collect::<Vec<_>>())] {
        for bounds in ["rows=3100,bounds=inclusive", "rows=3100,bounds=exclusive"] {
            let mut scan = start(tag, Wish { switches: bounds, days: days.clone(), ..Wish::default() });
            let keys = scan.drain().unwrap();
            assert_eq!((keys.len(), distinct(&keys)), (3100, 3100), "{tag}, {bounds}");
        }
    }
}

#[test]
fn a_long_window_is_read_in_partitions_and_every_row_comes_once() {
    for bounds in ["inclusive", "exclusive", "half_open"] {
        for data in ["ties=7", "shape=burst", "order=desc", "shape=burst,ties=50"] {
            let switches: &'static str = format!("rows=6200,bounds={bounds},{data}").leak();
            let options = vec![("concurrency", "8")];
            let mut scan = start("pieces", Wish { switches, options, limited: false, ..Wish::default() });
            let keys = scan.drain().unwrap();
            assert_eq!((keys.len(), distinct(&keys)), (6_200, 6_200), "{switches}");
        }
    }
}

#[test]
fn a_burst_is_not_left_to_one_chain() {
    for data in ["even", "burst", "burst,order=desc"] {
        let switches: &'static str = format!("rows=9000,shape={data}").leak();
        let mut scan = start("burst", Wish { switches, options: vec![("concurrency", "8")], limited: false, ..Wish::default() });
        let keys = scan.drain().unwrap();
        assert_eq!((keys.len(), distinct(&keys)), (9_000, 9_000), "{switches}");
        let mut chains = BTreeMap::<String, usize>::new();
        for request in scan.simulator.requests("burst") {
            let window = request.split('&').filter(|p| p.starts_with("from=") || p.starts_with("to=")).collect::<Vec<_>>().join(" ");
            *chains.entry(window).or_default() += 1;
        }
        let longest = chains.values().max().unwrap();
        assert!(*longest <= 90 / 8 && chains.len() > 8, "{switches}: {chains:?}");
        assert!(scan.requests() <= 90 * 5 / 3, "{switches}: {} requests for 90 pages", scan.requests());
    }
}

#[test]
fn chains_that_take_turns_come_to_an_end() {
    for concurrency in ["1", "2", "3", "8"] {
        for days in [vec![(0, 31)], vec![(0, 5), (7, 9), (20, 31)], (0..31).map(|d| (d, d + 1)).collect::<Vec<_>>()] {
            let wish = Wish { days, options: vec![("concurrency", concurrency)], order: Some(Direction::Ascending), ..Wish::default() };
            let mut scan = start("turns", Wish { limited: false, page_sizes: (30, 30), ..wish });
            let mut last = i64::MIN;
            while let Some(page) = scan.next().unwrap() {
                for row in 0..page.rows() {
                    let t = page.cell(row, 2).1 as i64;
                    assert!(last <= t, "{concurrency} at once");
                    last = t;
                }
                scan.stream.request_more(page.rows() > 0);
            }
        }
    }
}

#[test]
fn a_window_that_one_page_answers_costs_two_requests_and_an_empty_one_no_more() {
    for (rows, requests) in [("rows=50", 2), ("rows=0", 2)] {
        let options = vec![("concurrency", "8")];
        let mut scan = start("one_page", Wish { switches: rows, options, limited: false, ..Wish::default() });
        scan.drain().unwrap();
        assert_eq!(scan.requests(), requests, "{rows}");
    }
    let mut scan = start("alone", Wish { switches: "rows=90", options: vec![("concurrency", "1")], limited: false, ..Wish::default() });
    scan.drain().unwrap();
    assert_eq!(scan.requests(), 1);
}

#[test]
fn an_exactly_full_last_page_is_the_end_and_one_more_request_says_so() {
    for (rows, requests) in [("rows=99", 1), ("rows=100", 2), ("rows=200", 2), ("rows=201", 3)] {
        for last in ["null", "absent", "empty", "bookmark"] {
            let switches: &'static str = format!("{rows},last={last}").leak();
            let mut scan = start("full", Wish { switches, ..Wish::default() });
            let keys = scan.drain().unwrap();
            assert_eq!(format!("rows={}", distinct(&keys)), rows, "{last}");
            // A bookmark names a page in any case.
            assert!(last == "bookmark" || scan.requests() == requests, "{switches}: {:?}", scan.simulator.requests("full"));
        }
    }
}

#[test]
fn one_request_leaves_until_the_consumer_wants_more() {
    let mut scan = start("lazy", Wish { days: (0..8).map(|d| (d, d + 1)).collect(), page_sizes: (7, 50), ..Wish::default() });
    let page = scan.next().unwrap().unwrap();
    std::thread::sleep(Duration::from_millis(150));
    assert_eq!((scan.requests(), page.rows()), (1, 7), "neither the next page nor another slice");
    scan.stream.request_more(true);
    let rest = scan.drain().unwrap();
    assert_eq!(rest.len() + page.rows(), 800);
}

#[test]
fn empty_pages_do_not_open_the_gates_but_double_them() {
    let mut scan = start("empty", Wish { switches: "rows=3100,fault=endless_empty,at=2", page_sizes: (1, 100), ..Wish::default() });
    let first = scan.next().unwrap().unwrap();
    assert_eq!(first.rows(), 1);
    scan.stream.request_more(false);
    assert_eq!(scan.next().unwrap().unwrap().rows(), 0);
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(scan.requests(), 2);
    scan.stream.request_more(false);
    for _ in 0..2 {
        assert_eq!(scan.next().unwrap().unwrap().rows(), 0);
    }
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(scan.requests(), 4);
}

#[test]
fn a_consumer_that_stops_pulling_stops_the_requests() {
    let mut scan = start("bounded", Wish { page_sizes: (10, 10), options: vec![("concurrency", "4")], ..Wish::default() });
    scan.stream.request_more(true);
    scan.next().unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let before = scan.requests();
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(scan.requests(), before, "pages are not read ahead without bound");
    assert!(before <= 7, "one chain: what was taken, four in the channel, one to hand over, one ahead: {before}");
}

#[test]
fn dropping_a_stream_ends_its_requests() {
    let scan = start("dropped", Wish { switches: "rows=3100,latency=50", page_sizes: (10, 10), ..Wish::default() });
    scan.stream.request_more(true);
    let Scan { simulator, stream, .. } = scan;
    std::thread::sleep(Duration::from_millis(120));
    drop(stream);
    std::thread::sleep(Duration::from_millis(100));
    let before = simulator.requests("dropped").len();
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(simulator.requests("dropped").len(), before);
}

#[test]
fn a_dropped_stream_does_not_use_its_last_moment_for_a_request() {
    for _ in 0..20 {
        let mut scan = start("last_moment", Wish::default());
        scan.next().unwrap();
        let Scan { simulator, stream, .. } = scan;
        drop(stream);
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(simulator.requests("last_moment").len(), 1);
    }
}

#[test]
fn no_more_than_concurrency_slices_are_in_flight() {
    let wish = Wish {
        switches: "rows=3100,fault=stall_headers,at=2",
        days: (0..31).map(|d| (d, d + 1)).collect(),
        page_sizes: (60, 60),
        options: vec![("concurrency", "3")],
        ..Wish::default()
    };
    let mut scan = start("in_flight", wish);
    scan.stream.request_more(true);
    for _ in 0..3 {
        scan.next().unwrap();
    }
    std::thread::sleep(Duration::from_millis(300));
    assert!(matches!(scan.stream.try_next(), Poll::Pending));
    assert_eq!(scan.requests(), 6, "three first pages, and three second ones that nobody answers");
}

#[test]
fn a_failure_in_any_slice_fails_the_scan() {
    let mut scan = start("failing", Wish { switches: "rows=3100,fault=truncated_json,at=2", page_sizes: (30, 30), ..Wish::default() });
    let error = scan.drain().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Shape);
    assert!(error.get_detail().unwrap().contains("page 2"), "{error}");
}

#[test]
fn retries_are_counted_and_a_scan_over_its_limit_is_an_error() {
    let mut scan = start("again", Wish { switches: "rows=3100,fault=status:500,times=2,at=2", ..Wish::default() });
    assert_eq!(scan.drain().unwrap().len(), 3100);
    assert_eq!((scan.stats.usage.retries.get(), scan.stats.pages.get()), (2, 31));
    let mut scan = start("limited", Wish { max_requests: 5, ..Wish::default() });
    assert_eq!(scan.drain().unwrap_err().kind(), ErrorKind::Throttled);
    assert_eq!(scan.requests(), 5);
}

#[test]
fn throttling_of_many_requests_at_once_ends_as_soon_as_that_of_one() {
    let wish = Wish {
        switches: "rows=3100,fault=throttle:none,at=2",
        days: (0..8).map(|day| (day, day + 1)).collect(),
        page_sizes: (60, 60),
        options: vec![("concurrency", "8"), ("retry_budget", "4s")],
        ..Wish::default()
    };
    let mut scan = start("busy", wish);
    scan.stream.request_more(true);
    let began = Instant::now();
    assert_eq!(scan.drain().unwrap_err().kind(), ErrorKind::Throttled);
    // Eight budgets, one after the other, are 32 s.
    assert!((4..16).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
}

#[test]
fn rows_outside_the_window_are_counted() {
    let mut scan = start("edges", Wish { days: vec![(5, 6)], ..Wish::default() });
    assert_eq!(scan.drain().unwrap().len(), 100);
    assert_eq!((scan.stats.records.get(), scan.stats.outside_window.get()), (101, 1));
}

#[test]
fn compressed_bodies_count_on_the_wire_and_decoded() {
    for encoding in ["rows=3100,encoding=gzip", "rows=3100,encoding=zstd", "rows=3100,encoding=br"] {
        let mut scan = start("packed", Wish { switches: encoding, ..Wish::default() });
        assert_eq!(scan.drain().unwrap().len(), 3100, "{encoding}");
        let (wire, body) = (scan.stats.usage.wire_bytes.get(), scan.stats.usage.body_bytes.get());
        assert!(body > 1_500_000, "{encoding}: {body}");
        // The simulator's br is stored, not packed.
        assert!(encoding.ends_with("br") || wire < body / 2, "{encoding}: {wire} of {body}");
    }
}

#[test]
fn a_pace_spaces_requests() {
    let started = Instant::now();
    let mut scan = start("paced", Wish { options: vec![("requests_per_second", "20")], page_sizes: (400, 400), ..Wish::default() });
    assert_eq!(scan.drain().unwrap().len(), 3100);
    // Eight pages, seven gaps of 50 ms: a lower bound, which no slow machine can break.
    assert!(started.elapsed() >= Duration::from_millis(350));
}

#[test]
fn the_threads_block_every_signal() {
    let mut scan = start("threads", Wish::default());
    scan.drain().unwrap();
    let mut seen = 0;
    for task in std::fs::read_dir("/proc/self/task").unwrap() {
        let path = task.unwrap().path();
        // A thread of another test may have ended meanwhile.
        if !std::fs::read_to_string(path.join("comm")).is_ok_and(|name| name.starts_with("restlog")) {
            continue;
        }
        let status = std::fs::read_to_string(path.join("status")).unwrap();
        let blocked = status.lines().find_map(|l| l.strip_prefix("SigBlk:")).unwrap().trim();
        let blocked = u64::from_str_radix(blocked, 16).unwrap();
        // KILL and STOP cannot be blocked, and glibc keeps 32 and 33 for itself.
        let must = !(1 << 8 | 1 << 18 | 1 << 31 | 1 << 32);
        assert_eq!(blocked & must, must, "{blocked:x}");
        seen += 1;
    }
    assert_eq!(seen, 2, "the runtime's two workers");
    assert!(scan.stream.wake_fd().as_raw_fd() > 2);
}

#[test]
fn the_log_has_the_request_and_never_the_key() {
    let mut scan = start("logged", Wish { log: true, switches: "rows=99,fault=status:500,times=1", ..Wish::default() });
    scan.drain().unwrap();
    let lines = scan.stats.usage.take_log();
    assert_eq!(lines.len(), 2);
    assert!(
        lines[0].starts_with("GET /organizer/report/ticket-status-logs?mobileAppId=my-app&from=2025-12-31T23:59:59.999Z"),
        "{}",
        lines[0]
    );
    assert!(lines[0].contains("page 1, attempt 1: the API failed") && lines[1].contains("attempt 2: "), "{lines:?}");
    assert!(!lines.concat().contains("lab-key"));
}

#[test]
fn dropping_a_stream_ends_a_request_that_nobody_answers() {
    let scan = start("abandoned", Wish { switches: "rows=3100,fault=stall_headers", ..Wish::default() });
    let Scan { stream, stats, .. } = scan;
    std::thread::sleep(Duration::from_millis(100));
    assert!(Arc::strong_count(&stats) > 1, "a worker waits for headers");
    drop(stream);
    let started = Instant::now();
    while Arc::strong_count(&stats) > 1 {
        assert!(started.elapsed() < Duration::from_secs(5), "the worker still waits");
        std::thread::sleep(Duration::from_millis(5));
    }
}
