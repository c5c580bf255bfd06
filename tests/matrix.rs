//! Every fault of the simulator × every style of paging × first, middle and last page × one request at a time and several: a scan
//! has each record once, or fails with the error that is declared here.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod reader;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use lab::{FAULTS, Simulator};
use reader::{CURSOR, OVERLAP, STYLES, Style, Wish};
use restlog_fdw::error::{Error, ErrorKind};

/// Records of each list, and of a page: five pages, the last of which is not full.
const ROWS: usize = 47;
const SIZE: u64 = 10;
/// The first, a middle and the last page.
const PAGES: [u32; 3] = [1, 3, 5];
/// Cells that are read at the same time: most of them wait.
const AT_ONCE: usize = 24;

/// What a cell must come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Each record once.
    Right,
    /// Each record once, and one that came before the first page was read.
    OneMore,
    /// Each record once, and one of them with its second value where its name stands twice.
    SecondValue,
    /// An empty first page is the end, because the description says so.
    DeclaredEmpty,
    /// Just this error.
    Fails(ErrorKind),
}

/// How pages are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// One after another.
    Single,
    /// Up to eight at a time, in one chain: what a total makes known, or a key that is seen early.
    Eight,
    /// Up to eight at a time, the window cut into chains: a page then has the number that it has in its own.
    Cut,
}

#[derive(Debug, Clone)]
struct Cell {
    style: Style,
    fault: String,
    page: u32,
    /// The fault strikes once, and then no more.
    once: bool,
    way: Way,
}

/// What a fault comes to; `None` where it has no meaning.
fn outcome(cell: &Cell) -> Option<Outcome> {
    use ErrorKind::{BadDatetime, BadText, Shape, Throttled, TooLarge, Unauthorized, Unreachable};
    use Outcome::{DeclaredEmpty, Fails, OneMore, Right, SecondValue};
    let Cell { style, fault, page, once, way } = cell;
    let counted = !style.names_next;
    let name = fault.split(':').next().unwrap_or_default();
    let goes_away =
        matches!(name, "throttle" | "cut" | "close" | "stall" | "stall_headers") || ["status:500", "status:503"].contains(&&fault[..]);
    if *once {
        return goes_away.then_some(Right);
    }
    let outcome = match name {
        "status" => Fails(match &fault[..] {
            "status:401" => Unauthorized,
            "status:500" | "status:503" => Unreachable,
            _ => Shape,
        }),
        "throttle" => Fails(Throttled),
        "cut" | "close" | "stall" | "stall_headers" => Fails(Unreachable),
        "drip" => Right,
        "bad_json" | "truncated_json" | "html" | "envelope" | "no_records" | "records_object" | "redirect_other" | "far_row" => {
            Fails(Shape)
        }
        "repeat_key" if counted => return None,
        "repeat_key" => Fails(Shape),
        "empty_middle" if style.names_next => Right,
        "empty_middle" | "endless_empty" if style.name == OVERLAP.name && *page == 1 => DeclaredEmpty,
        "empty_middle" | "endless_empty" => Fails(Shape),
        "wrong_type" => Fails(BadDatetime),
        "nul" | "surrogate" => Fails(BadText),
        "huge" if fault.ends_with(":3000000") => Fails(TooLarge),
        "huge" => Right,
        // What POSTs becomes a GET on its way, which finds nothing.
        "redirect_same" if style.post => Fails(Shape),
        "redirect_same" => Right,
        "bomb" => Fails(TooLarge),
        "moved_total" if !style.total => return None,
        // The simulator lets a row appear in each chain of its own.
        "shift" if style.names_next || *way == Way::Cut => return None,
        "moved_total" | "shift" if *page == 1 => OneMore,
        "moved_total" | "shift" => Fails(Shape),
        "dup_fields" => SecondValue,
        // These are tried in `shifts.rs`.
        "edit" => return None,
        _ => unreachable!("say what {name} comes to"),
    };
    Some(outcome)
}

fn cells() -> Vec<Cell> {
    let mut faults: Vec<&str> = FAULTS.to_vec();
    faults.extend(["status:400", "status:401", "status:404", "status:503", "throttle:1", "throttle:date", "huge:FIELD:100000"]);
    let mut cells = Vec::new();
    for style in STYLES {
        for fault in &faults {
            let field = if fault.starts_with("wrong_type") { style.time } else { style.text };
            let fault = fault.replace("FIELD", field);
            for page in PAGES {
                for once in [false, true] {
                    for way in [Way::Single, Way::Eight, Way::Cut] {
                        // A total makes pages known without cutting; and what goes away does so on any page.
                        let needless = (style.total && way == Way::Cut)
                            || (once && (page != 3 || way == Way::Cut))
                            || (["throttle:1", "throttle:date"].contains(&&fault[..]) && !once);
                        let cell = Cell { style, fault: fault.clone(), page, once, way };
                        if !needless && outcome(&cell).is_some() {
                            cells.push(cell);
                        }
                    }
                }
            }
        }
    }
    cells
}

fn wish(cell: &Cell, number: usize) -> Wish {
    let Cell { style, fault, page, once, way } = cell;
    let times = if *once { ",times=1" } else { "" };
    let patience = if fault.starts_with("stall") { "400ms" } else { "10s" };
    let concurrency = if *way == Way::Single { "1" } else { "8" };
    Wish {
        switches: format!("tag=m{number},{}={ROWS},fault={fault},at={page}{times}", style.rows),
        options: vec![
            ("concurrency", concurrency.into()),
            ("read_timeout", patience.into()),
            ("max_retries", "1".into()),
            ("max_response_bytes", "1MB".into()),
        ],
        size: SIZE,
        whole: *way != Way::Cut,
    }
}

/// Why a cell is not what it must be.
fn judge(cell: &Cell, read: &Result<Vec<String>, Error>, truth: &BTreeSet<String>) -> Option<String> {
    let wanted = outcome(cell)?;
    let is_right = match (wanted, read) {
        // In a chain of its own no page may have that number.
        (Outcome::Fails(_) | Outcome::DeclaredEmpty | Outcome::SecondValue, Ok(keys)) if cell.way == Way::Cut && is_just(keys, truth) => {
            true
        }
        // There each chain that begins with an empty page ends.
        (Outcome::DeclaredEmpty, Ok(keys)) => keys.is_empty(),
        (Outcome::Right, Ok(keys)) => is_just(keys, truth),
        (Outcome::OneMore, Ok(keys)) => {
            let new: Vec<&String> = keys.iter().filter(|key| !truth.contains(*key)).collect();
            keys.len() == truth.len() + 1 && new.len() == 1 && keys.iter().collect::<BTreeSet<_>>().len() == keys.len()
        }
        // A spoiled record that ends a short page is another where the next page begins with it.
        (Outcome::Right | Outcome::SecondValue, Err(error)) => {
            cell.way == Way::Cut && is_spoiled(cell) && error.message().contains("moved")
        }
        // One chain after another may have its own.
        (Outcome::SecondValue, Ok(keys)) => {
            let other = keys.iter().filter(|key| !truth.contains(*key)).count();
            keys.len() == truth.len() && (other == 1 || (cell.way == Way::Cut && other > 0))
        }
        (Outcome::Fails(kind), Err(error)) => error.kind() == kind,
        _ => false,
    };
    (!is_right).then(|| {
        let read =
            read.as_ref().map(|keys| format!("{} rows, {} of them different", keys.len(), keys.iter().collect::<BTreeSet<_>>().len()));
        format!(
            "{} page {} {:?} once={} of {}: {wanted:?} expected, and {read:?}",
            cell.fault, cell.page, cell.way, cell.once, cell.style.name
        )
    })
}

fn is_spoiled(cell: &Cell) -> bool {
    cell.style.name == OVERLAP.name && (cell.fault == "dup_fields" || cell.fault.starts_with("huge"))
}

fn is_just(keys: &[String], truth: &BTreeSet<String>) -> bool {
    keys.len() == truth.len() && keys.iter().all(|key| truth.contains(key))
}

#[test]
fn every_cell_is_right_or_one_error_of_its_class() {
    let simulator = Simulator::start(([127, 0, 0, 1], 0)).unwrap();
    let url = simulator.url();
    let truths: BTreeMap<&str, BTreeSet<String>> = STYLES
        .into_iter()
        .map(|style| {
            let switches = format!("tag=truth,{}={ROWS}", style.rows);
            let plain = Wish { switches, options: vec![("concurrency", "1".into())], size: 50, whole: true };
            let keys = style.read(&url, &plain).unwrap();
            let truth: BTreeSet<String> = keys.iter().cloned().collect();
            assert!(
                truth.len() == keys.len() && (41..=ROWS).contains(&truth.len()),
                "{}: {} records in five pages",
                style.name,
                keys.len()
            );
            (style.name, truth)
        })
        .collect();
    assert_eq!(truths[CURSOR.name].len(), ROWS);
    let cells = cells();
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(cell) = cells.get(number) else { return };
                    let read = cell.style.read(&url, &wish(cell, number));
                    wrong.lock().unwrap().extend(judge(cell, &read, &truths[cell.style.name]));
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    let declared = cells.iter().filter(|cell| outcome(cell) == Some(Outcome::DeclaredEmpty)).count();
    println!("{} cells, {} of them wrong, {declared} ended by an empty first page as described", cells.len(), wrong.len());
    assert!(wrong.is_empty(), "{} of {} cells:\n{}", wrong.len(), cells.len(), wrong.join("\n"));
}
