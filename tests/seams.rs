//! APIs that read the bounds of a range less finely than they say, in windows that are cut into partitions and in windows that are not: every
//! row comes once, or the scan fails and says what to set.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod reader;

use std::collections::BTreeMap;
use std::io::Write;

use lab::Simulator;
use reader::{CURSOR, DAY, FIRST_DAY, NUMBER, Style, Wish};
use restlog_fdw::error::{Error, ErrorKind};
use restlog_fdw::plan::window::Window;

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
/// How finely the API reads bounds: rounded outwards, or both cut off.
const UNITS: [&str; 4] = ["ms", "s", "s_cut", "min_cut"];
const CONCURRENCIES: [u64; 3] = [1, 2, 8];
/// How rows lie: over the month, nearly all of them within some hours, and all within a quarter of an hour.
const DATA: [&str; 3] = ["", ",shape=burst", ",start=2026-01-15T11:52:00Z,end=2026-01-15T12:07:00Z"];
const ROWS: u64 = 900;

fn window(lo: i64, hi: i64) -> Window {
    Window { lo: FIRST_DAY + lo, hi: FIRST_DAY + hi }
}

/// Windows by what their ends are.
fn windows() -> Vec<(&'static str, Vec<Window>)> {
    let noon = 14 * DAY + DAY / 2;
    vec![
        ("days", vec![window(0, 31 * DAY)]),
        ("within a second", vec![window(noon - 7 * MINUTE + 123_456, noon + 6 * MINUTE + 765_432)]),
        ("a moment", vec![window(noon, noon + 1)]),
        ("some milliseconds", vec![window(noon - 250_000, noon + 250_000)]),
        ("two of them", vec![window(0, noon + 1_500), window(noon + 7 * SECOND + 300, 31 * DAY - 1)]),
        ("two that meet", vec![window(0, noon + 31 * SECOND), window(noon + 31 * SECOND, 31 * DAY)]),
    ]
}

struct Cell {
    style: Style,
    data: &'static str,
    unit: &'static str,
    concurrency: u64,
}

impl Cell {
    fn read(&self, url: &str, windows: &[Window], described: i64) -> Result<Vec<String>, Error> {
        let wish = Wish {
            switches: format!("tag=seams,{}={ROWS},granularity={}{}", self.style.rows, self.unit, self.data),
            options: vec![("concurrency", self.concurrency.to_string())],
            size: 30,
            whole: false,
        };
        let mut keys = self.style.read_within(url, &wish, windows, |table| table.time_range.as_mut().unwrap().unit = described)?;
        keys.sort_unstable();
        Ok(keys)
    }
}

#[test]
fn every_row_comes_once_or_the_scan_says_what_to_set() {
    let simulator = Simulator::start(([127, 0, 0, 1], 0)).unwrap();
    let url = simulator.url();
    let (mut wrong, mut figures): (Vec<String>, BTreeMap<String, [usize; 3]>) = Default::default();
    for style in [CURSOR, NUMBER] {
        for data in DATA {
            for (ends, windows) in windows() {
                let truth = Cell { style, data, unit: "ms", concurrency: 1 }.read(&url, &windows, 1_000).unwrap();
                for unit in UNITS {
                    for concurrency in CONCURRENCIES {
                        let cell = Cell { style, data, unit, concurrency };
                        let figure = figures.entry(format!("{unit}, {concurrency} at once")).or_default();
                        let came = cell.read(&url, &windows, 1_000);
                        // Nothing shows that an end within a minute is cut, where no record lies before the window's begin.
                        let unseen = unit == "min_cut" && windows.iter().any(|window| window.hi % MINUTE != 0);
                        match &came {
                            Ok(keys) if *keys == truth => figure[0] += 1,
                            Err(error)
                                if error.kind() == ErrorKind::Shape && error.get_hint().is_some_and(|hint| hint.contains("time_unit")) =>
                            {
                                figure[1] += 1
                            }
                            Ok(keys) if unseen && keys.len() < truth.len() => figure[2] += 1,
                            _ => wrong.push(format!(
                                "{}, {data}, {ends}, {unit}, {concurrency}: {:?} of {}",
                                style.name,
                                came.map(|keys| keys.len()),
                                truth.len()
                            )),
                        }
                        let told = cell.read(&url, &windows, if unit == "min_cut" { MINUTE } else { SECOND });
                        if told.as_ref() != Ok(&truth) {
                            wrong.push(format!(
                                "{}, {data}, {ends}, {unit}, {concurrency}, described: {:?}",
                                style.name,
                                told.map(|keys| keys.len())
                            ));
                        }
                    }
                }
            }
        }
    }
    for (unit, [right, refused, unseen]) in &figures {
        let figure =
            format!("figure: seams: {unit}: {right} right, {refused} refused with time_unit, {unseen} short at an end within a minute\n");
        std::io::stderr().write_all(figure.as_bytes()).unwrap();
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    let of =
        |unit: &str, which: usize| figures.iter().filter(|(name, _)| name.starts_with(unit)).map(|(_, came)| came[which]).sum::<usize>();
    assert_eq!((of("ms", 1), of("s,", 1), of("s_cut", 1)), (0, 0, 0), "nothing is refused that costs no row");
    assert!(of("min_cut", 1) > 0);
}
