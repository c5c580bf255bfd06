//! Chains of pages against a model of a server: whatever size it gives pages, however it counts and ends, the pager reads every
//! record once, in its order, or it is an error. A server that keeps to its word causes none.

use std::hash::{DefaultHasher, Hash, Hasher};

use proptest::prelude::*;
use restlog_fdw::plan::request::PageToken;
use restlog_fdw::scan::paging::{HEAD, PageFacts, Pager, Seen};
use restlog_fdw::sources::{FullLastPage, NextUrl, PageSize, Pagination, PagingStyle, Part, Place, Pointer};

use super::cases;

/// The first record of a server; what is inserted is less.
const FIRST: u64 = 1000;
/// No chain of the model has as many pages.
const MAX_PAGES: usize = 2000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Cursor { bookmark: bool },
    Url,
    Number { first: u64 },
    Offset { overlap: bool, max: Option<u64> },
}

/// What goes wrong at the server, from a page on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    /// A record is inserted before all others.
    Insert,
    /// The first record is deleted.
    Delete,
    /// A record moves to another place.
    Move(usize, usize),
    /// The total grows by one and the records do not, or is one too small from the start.
    Total(i64),
    /// The same page is answered again, with the key that it had.
    Repeat,
    /// Later pages are shorter.
    Shrink,
    /// An empty page stands among the others, and names the next one.
    Empty,
}

#[derive(Debug, Clone)]
struct Server {
    style: Style,
    records: Vec<u64>,
    /// The most records that it gives, whatever is asked for.
    clamp: u64,
    has_total: bool,
    fault: Fault,
    at: usize,
    pages: usize,
    previous: Option<(Vec<u64>, PageFacts)>,
}

impl Server {
    /// The page that a token names, of so many records.
    fn answer(&mut self, token: &PageToken, asked: u64, overlap: u64) -> (Vec<u64>, PageFacts) {
        self.pages += 1;
        let strikes = self.pages == self.at;
        match self.fault {
            Fault::Insert if strikes => self.records.insert(0, 1),
            Fault::Delete if strikes && !self.records.is_empty() => drop(self.records.remove(0)),
            Fault::Move(from, to) if strikes && !self.records.is_empty() => {
                let record = self.records.remove(from % self.records.len());
                self.records.insert(to % (self.records.len() + 1), record);
            }
            Fault::Shrink if strikes => self.clamp = (self.clamp / 2).max(1),
            Fault::Repeat if strikes => {
                if let Some(previous) = &self.previous {
                    return previous.clone();
                }
            }
            _ => {}
        }
        let count = self.records.len() as u64;
        let size = asked.min(self.clamp);
        let start = match token {
            PageToken::Start => 0,
            // The next page begins with this record, wherever that stands by now.
            PageToken::Cursor(key) | PageToken::Url(key) => {
                let record: u64 = key.trim_start_matches('k').parse().unwrap();
                self.records.partition_point(|r| *r < record) as u64
            }
            PageToken::Page(number) => (number - self.first()) * size,
            PageToken::Offset(offset) => *offset,
        };
        let empty = self.fault == Fault::Empty && strikes;
        let end = if empty { start } else { (start + size).min(count) };
        let page: Vec<u64> = self.records.get(start as usize..end as usize).unwrap_or_default().to_vec();
        let named = matches!(self.style, Style::Cursor { .. } | Style::Url);
        let behind = self.records.get(end as usize).copied().unwrap_or(FIRST + 1000);
        let next = match self.style {
            // An empty page among others has a key of its own: with the one that was used it would be a loop.
            _ if named && empty => Some(format!("kk{behind}")),
            Style::Cursor { bookmark: true } => Some(format!("k{behind}")),
            _ if named && end < count => Some(format!("k{behind}")),
            _ => None,
        };
        let total = match self.fault {
            Fault::Total(more) if self.pages >= self.at => count.saturating_add_signed(more),
            _ => count,
        };
        let print = |record: &u64| {
            let mut hasher = DefaultHasher::new();
            record.hash(&mut hasher);
            hasher.finish()
        };
        let facts = PageFacts {
            records: page.len() as u64,
            next,
            total: self.has_total.then_some(total),
            head: page.iter().take(HEAD).map(print).collect(),
            last: page.last().map(print).filter(|_| self.pagination().overlaps() || self.pagination().varies()),
            seam: overlap.checked_sub(1).and_then(|place| page.get(usize::try_from(place).ok()?)).map(print),
            partial: None,
        };
        self.previous = Some((page.clone(), facts.clone()));
        (page, facts)
    }

    /// Whether what goes wrong can be noticed: the description declares nothing that would prove it right.
    fn is_noticeable(&self, size: u64) -> bool {
        let named = matches!(self.style, Style::Cursor { .. } | Style::Url);
        let overlaps = matches!(self.style, Style::Offset { overlap: true, .. });
        match self.fault {
            Fault::None => true,
            Fault::Insert => named || overlaps || self.has_total,
            // Where each page has one record, one that is gone leaves nothing to compare with.
            // Smaller pages have no room for others that overlap them. A key that names a record finds it wherever it is by then.
            Fault::Move(..) => match self.style {
                Style::Number { .. } => self.has_total && size.min(self.clamp) >= 5,
                Style::Offset { overlap, .. } => (overlap || self.has_total) && size.min(self.clamp) >= 2,
                Style::Cursor { .. } | Style::Url => false,
            },
            Fault::Delete => named || (overlaps && self.clamp > 1) || self.has_total,
            Fault::Repeat => named || overlaps,
            // Numbers count pages of one size. A page of just the record that overlaps is the end, unless pages never had more.
            Fault::Shrink => !(matches!(self.style, Style::Number { .. }) || (overlaps && self.clamp < 4)),
            // Where an empty page is the end, it is.
            Fault::Empty => named || self.has_total,
            Fault::Total(more) => named || !self.has_total || self.at > 1 || more >= 0,
        }
    }

    fn first(&self) -> u64 {
        match self.style {
            Style::Number { first } => first,
            _ => 0,
        }
    }

    fn pagination(&self) -> Pagination {
        let place = || Place { part: Part::Query, name: "p".into() };
        let style = match self.style {
            Style::Cursor { bookmark } => PagingStyle::Cursor { token: place(), next: Pointer(vec!["next".into()]), bookmark },
            Style::Url => PagingStyle::NextUrl(NextUrl::Body(Pointer(vec!["next".into()]))),
            Style::Number { first } => PagingStyle::Number { place: place(), first },
            Style::Offset { overlap, max } => PagingStyle::Offset { place: place(), max, overlap },
        };
        let counted = matches!(self.style, Style::Number { .. } | Style::Offset { .. });
        Pagination {
            style,
            size: PageSize { place: place(), max: 1000, may_change: true },
            total: self.has_total.then(Pointer::default),
            empty_page_ends: counted && !self.has_total,
            full_last_page: FullLastPage::Check,
        }
    }
}

/// How many records a request asks for, as `plan::request` writes it: one more where the page begins with one that was read before.
fn as_asked(server: &Server, token: &PageToken, size: u64) -> u64 {
    let overlaps = matches!(token, PageToken::Offset(_)) && server.pagination().overlaps();
    if overlaps { (size + 1).max(2) } else { size }
}

/// All records as the chain gives them, or the error's message. Pages that a total makes known are read in any order.
fn read(server: &mut Server, size: u64, parallel: bool, backwards: bool) -> Result<Vec<u64>, String> {
    let mut pager = Pager::new(server.pagination());
    let (mut read, mut seen) = (Vec::new(), Seen::default());
    for _ in 0..MAX_PAGES {
        let (asked, overlap) = (pager.ask(size), pager.overlap());
        let asked = as_asked(server, pager.token(), asked);
        let (records, facts) = server.answer(pager.token(), asked, overlap);
        pager.recall(seen.add(&facts));
        if !pager.advance(&facts).map_err(|error| error.message().to_owned())? {
            read.extend(records.into_iter().skip(usize::try_from(overlap).unwrap_or(usize::MAX)));
            return Ok(read);
        }
        if !pager.has_rejected() {
            read.extend(records.into_iter().skip(usize::try_from(overlap).unwrap_or(usize::MAX)));
        }
        pager.go_on();
        let remaining = if parallel { pager.remaining(&facts, size, size) } else { None };
        if let Some(remaining) = remaining {
            let mut pages: Vec<u64> = (0..).take_while(|page| remaining.has(*page)).collect();
            if backwards {
                pages.reverse();
            }
            let mut parts = vec![Vec::new(); pages.len()];
            for page in pages {
                let mut left = remaining.range(page);
                loop {
                    let (token, asked) = remaining.ask(page, &left);
                    let asked = as_asked(server, &token, asked);
                    let overlap = remaining.overlap(page);
                    let (records, facts) = server.answer(&token, asked, overlap);
                    parts[page as usize].extend(records.into_iter().skip(overlap as usize));
                    left = remaining.advance(page, left, &facts).map_err(|error| error.message().to_owned())?;
                    if left.is_empty() {
                        break;
                    }
                }
            }
            read.extend(parts.concat());
            return Ok(read);
        }
    }
    Err("no end".into())
}

fn style() -> impl Strategy<Value = Style> {
    prop_oneof![
        any::<bool>().prop_map(|bookmark| Style::Cursor { bookmark }),
        Just(Style::Url),
        (0..2_u64).prop_map(|first| Style::Number { first }),
        (any::<bool>(), prop::option::weighted(0.3, 0..60_u64)).prop_map(|(overlap, max)| Style::Offset { overlap, max }),
    ]
}

fn server(fault: impl Strategy<Value = Fault>) -> impl Strategy<Value = Server> {
    (style(), 0..60_u64, 1..20_u64, any::<bool>(), fault, 1..6_usize).prop_map(|(style, count, clamp, has_total, fault, at)| Server {
        style,
        records: (FIRST..FIRST + count).collect(),
        // Pages of one record have no room for one that overlaps: then nothing tells a repeated page from two equal records.
        clamp: if matches!(style, Style::Offset { .. }) { clamp.max(2) } else { clamp },
        has_total,
        fault,
        at,
        pages: 0,
        previous: None,
    })
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        Just(Fault::Insert),
        Just(Fault::Delete),
        (0..60_usize, 0..60_usize).prop_map(|(from, to)| Fault::Move(from, to)),
        (-2..3_i64).prop_map(Fault::Total),
        Just(Fault::Repeat),
        Just(Fault::Shrink),
        Just(Fault::Empty),
    ]
}

/// Whether the model's last page proves itself: one that is as full as was asked for and names no next one proves nothing.
fn ends_plainly(server: &Server, size: u64) -> bool {
    let (count, size) = (server.records.len() as u64, size.min(server.clamp));
    let reaches = match server.style {
        Style::Offset { max: Some(max), .. } if max < count => false,
        // One record a page, and that one was read before: with a total it is taken for a shift.
        Style::Offset { overlap: true, .. } => size > 1,
        _ => true,
    };
    reaches && (server.has_total || count % size != 0)
}

proptest! {
    #![proptest_config(cases(8000, "paging"))]

    #[test]
    fn an_honest_server_is_read_to_its_end(
        server in server(Just(Fault::None)), size in 1..25_u64, parallel in any::<bool>(), backwards in any::<bool>(),
    ) {
        let expected = server.records.clone();
        match read(&mut server.clone(), size, parallel, backwards) {
            Ok(records) => prop_assert_eq!(records, expected),
            Err(message) => prop_assert!(!ends_plainly(&server, size), "{} with {:?}", message, server),
        }
    }

    #[test]
    fn a_server_that_is_not_is_read_right_or_an_error(
        server in server(fault()), size in 1..25_u64, parallel in any::<bool>(), backwards in any::<bool>(),
    ) {
        prop_assume!(server.is_noticeable(size));
        let mut asked = server.clone();
        let Ok(mut records) = read(&mut asked, size, parallel, backwards) else { return Ok(()) };
        records.sort_unstable();
        // Right are the records of some moment of the scan.
        let mut moments = [server.records.clone(), asked.records.clone()];
        moments.iter_mut().for_each(|moment| moment.sort_unstable());
        prop_assert!(moments.contains(&records), "{:?} of {:?}, with {:?}", records, moments, server);
    }
}
