//! A row comes, goes, changes or moves while pages are read: a scan has the rows of before or of after, or fails.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod reader;

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use lab::Simulator;
use reader::{CURSOR, NUMBER, OFFSET, OVERLAP, STYLES, Style, Wish};
use restlog_fdw::error::{Error, ErrorKind};

/// Records of each list, and of a page.
const ROWS: u64 = 47;
const SIZE: u64 = 10;
/// Rows at both ends of the list and on both sides of where pages meet.
const PLACES: [u64; 12] = [0, 1, 8, 9, 10, 11, 19, 20, 29, 30, 45, 46];
/// Of all cases each of so many is tried: a prime number, so that none of what they are made of is always left out.
const EACH: usize = 181;
const AT_ONCE: usize = 8;

#[derive(Debug, Clone)]
struct Case {
    style: Style,
    edit: String,
    /// The page that is read when it happens.
    page: u64,
    /// Order, ties and spread of the rows.
    data: String,
    concurrency: u64,
    /// Whether the window is cut.
    cut: bool,
}

impl Case {
    fn wish(&self, tag: &str, fault: &str) -> Wish {
        Wish {
            switches: format!("tag={tag},{}={ROWS},{}{fault}", self.style.rows, self.data),
            options: vec![("concurrency", self.concurrency.to_string())],
            size: SIZE,
            whole: !self.cut,
        }
    }

    fn order(&self) -> &str {
        self.data.split(',').next().unwrap_or_default()
    }

    /// The rows that there are before the edit, or after it.
    fn truth(&self, url: &str, is_after: bool) -> Vec<String> {
        let fault = if is_after { format!(",fault=edit:{},at=1", self.edit) } else { String::new() };
        let plain = Self { concurrency: 1, cut: false, ..self.clone() };
        sorted(self.style.read(url, &plain.wish("truth", &fault)).unwrap())
    }
}

fn sorted(mut keys: Vec<String>) -> Vec<String> {
    keys.sort_unstable();
    keys
}

/// What may happen to a list of this style.
fn edits(style: &Style) -> Vec<String> {
    let mut edits: Vec<String> = PLACES.iter().flat_map(|row| [format!("delete:{row}"), format!("change:{row}")]).collect();
    // Page keys of the simulated log name rows, and so cannot name a new one.
    if style.name != CURSOR.name {
        edits.extend(PLACES.iter().map(|row| format!("insert:{row}")));
    }
    // Where a key says where to go on, a row that moves before it is gone for any reader: logs do not do that.
    if !style.names_next {
        edits.extend(PLACES.iter().flat_map(|from| PLACES.iter().filter(move |to| *to != from).map(move |to| format!("move:{from}-{to}"))));
    }
    edits
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for style in STYLES {
        for edit in edits(&style) {
            for page in 1..=5 {
                for order in ["order=asc", "order=desc"] {
                    for data in ["ties=1", "ties=7", "shape=burst", "shape=burst,ties=50"] {
                        for (concurrency, cut) in [(1, false), (8, false), (8, true)] {
                            if !(cut && style.total) {
                                cases.push(Case { style, edit: edit.clone(), page, data: format!("{order},{data}"), concurrency, cut });
                            }
                        }
                    }
                }
            }
        }
    }
    cases.into_iter().step_by(EACH).collect()
}

/// What came of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Came {
    Before,
    After,
    Refused,
    Wrong,
}

fn judge(case: &Case, read: Result<Vec<String>, Error>, before: &[String], after: &[String]) -> Result<Came, String> {
    match read {
        Err(error) if error.kind() == ErrorKind::Shape => Ok(Came::Refused),
        Err(error) => Err(format!("{case:?}: {error:?}")),
        Ok(keys) => match sorted(keys) {
            keys if keys == before => Ok(Came::Before),
            keys if keys == after => Ok(Came::After),
            _ => Ok(Came::Wrong),
        },
    }
}

#[test]
fn a_scan_has_the_rows_of_one_moment_or_fails() {
    let simulator = Simulator::start(([127, 0, 0, 1], 0)).unwrap();
    let url = simulator.url();
    let cases = cases();
    let (next, tried) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let truths: Mutex<BTreeMap<String, Vec<String>>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(number) else { return };
                    let truth = |is_after: bool| {
                        let edit = if is_after { &case.edit } else { "" };
                        let name = format!("{} {} {edit}", case.style.name, case.data);
                        let known = truths.lock().unwrap().get(&name).cloned();
                        known.unwrap_or_else(|| {
                            let truth = case.truth(&url, is_after);
                            truths.lock().unwrap().insert(name, truth.clone());
                            truth
                        })
                    };
                    let (before, after) = (truth(false), truth(true));
                    let fault = format!(",fault=edit:{},at={}", case.edit, case.page);
                    let read = case.style.read(&url, &case.wish(&format!("s{number}"), &fault));
                    tried.lock().unwrap().push((number, judge(case, read, &before, &after)));
                }
            });
        }
    });
    let tried = tried.into_inner().unwrap();
    let mut table: BTreeMap<(&str, &str, &str), BTreeMap<Came, usize>> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (number, came) in tried {
        let case = &cases[number];
        let kind = case.edit.split(':').next().unwrap_or_default();
        match came {
            Err(error) => wrong.push(error),
            Ok(came) => {
                *table.entry((case.style.name, case.order(), kind)).or_default().entry(came).or_default() += 1;
                if came == Came::Wrong {
                    wrong.push(format!("{case:?}"));
                }
            }
        }
    }
    let mut figures = String::new();
    for ((style, order, kind), came) in &table {
        figures += &format!("figure: shifts: {style}, {order}, {kind}: {came:?}\n");
    }
    figures += &format!("figure: shifts: {} tried, {} of them wrong\n", cases.len(), wrong.len());
    std::io::stderr().write_all(figures.as_bytes()).unwrap();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong[..wrong.len().min(20)].join("\n"));
    for style in [NUMBER, OFFSET, OVERLAP] {
        let of_style = table.iter().filter(|((name, ..), _)| *name == style.name);
        assert!(
            of_style.flat_map(|(_, came)| came).any(|(came, _)| *came == Came::Refused),
            "{}: no row moved across a page's end",
            style.name
        );
    }
}
