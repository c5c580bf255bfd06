//! The raw JSON values of a record → the cells of a row, which is kept or dropped. The hot path of a scan.
//!
//! Assumes values whose syntax serde has checked. A value that has no fast path, or not the expected form, is kept as text for the input
//! function of the column's type. A row is dropped only where the window or the slice says that another one has it; a time that
//! shows that records may be missing is an error.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde::de::IgnoredAny;

use super::accepted::Accepted;
use super::fields::FieldMatch;
use super::json_text::{self, Invalid};
use super::value::{DOTNET_UNSET, from_unix_millis, one_member, uuid};
use super::window_rules::TimePlace;
use super::{Decoded, Decoder, PageColumn, SliceRules, Target, ValueSource, timestamp};
use crate::error::{Error, Result};
use crate::scan::page::{CellState, Page};
use crate::scan::paging::HEAD;
use crate::sources::Form;

/// Reads the records of one body into a page.
pub(super) struct Reader<'a> {
    pub(super) decoder: &'a Decoder,
    pub(super) rules: &'a SliceRules,
    /// The columns that tell the slice's rows from others, with the values that these have.
    recheck: Vec<(usize, Accepted<'a>)>,
    pub(super) page: Page,
    pub(super) out: Decoded,
    /// The last record's keys in order, each with the child it named: records of one body repeat their order.
    pub(super) keys: Vec<(String, Option<FieldMatch>)>,
    /// An error on its way through serde, whose own errors cannot carry it.
    pub(super) error: Option<Error>,
}

impl<'a> Reader<'a> {
    /// A reader into `page`, which was reset to the decoder's width.
    pub(super) fn new(decoder: &'a Decoder, rules: &'a SliceRules, page: Page) -> Self {
        let recheck = Accepted::of(&rules.recheck, &decoder.columns);
        let mut reader = Self { decoder, rules, recheck, page, out: Decoded::default(), keys: Vec::new(), error: None };
        reader.set_constants();
        reader
    }

    /// The page, and what was read beside its rows. The envelope's facts are not in it.
    pub(super) fn into_parts(self) -> (Page, Decoded) {
        (self.page, self.out)
    }
}

impl Reader<'_> {
    /// Keeps an error of ours, and makes the error of serde that ends the walk.
    pub(super) fn fail<E: serde::de::Error>(&mut self, error: Error) -> E {
        self.error = Some(error);
        E::custom("")
    }

    /// Remembers the fingerprint of a record: of the first ones, and of all where pages overlap, because any may be the last.
    pub(super) fn fingerprint(&mut self, raw: &str) {
        let begins = self.out.facts.head.len() < HEAD;
        if !begins && !self.decoder.overlap {
            return;
        }
        let mut hasher = DefaultHasher::new();
        raw.hash(&mut hasher);
        let print = hasher.finish();
        let facts = &mut self.out.facts;
        if begins {
            facts.head.push(print);
        }
        facts.last = self.decoder.overlap.then_some(print);
        if facts.records == self.rules.overlap {
            facts.seam = facts.last;
        }
    }

    /// Fills the columns that no record carries with the values of the slice.
    fn set_constants(&mut self) {
        for (index, column) in self.decoder.columns.iter().enumerate() {
            if let ValueSource::Request(wanted) = column.from
                && let Some(value) = self.rules.asked.get(&wanted)
            {
                let (state, cell) = self.text_cell(column.target, value);
                self.page.set_constant(index, state, cell);
            }
        }
    }

    /// Puts one raw JSON value into the cells that want it.
    pub(super) fn put(&mut self, columns: &[usize], raw: &str) -> Result<()> {
        for &column in columns {
            let (state, cell) = self.cell(column, raw).map_err(|Invalid| self.bad_text(column))?;
            self.page.set(column, state, cell);
        }
        Ok(())
    }

    /// Makes a column's cell of one raw JSON value.
    fn cell(&mut self, column: usize, raw: &str) -> std::result::Result<(CellState, u64), Invalid> {
        const NULL: (CellState, u64) = (CellState::Null, 0);
        let decoder = self.decoder;
        let PageColumn { target, form, .. } = decoder.columns[column];
        let member;
        let raw = match form {
            Form::MemberName | Form::MemberValue if raw.starts_with('{') => match one_member(raw) {
                Some((name, _)) if form == Form::MemberName => return Ok(self.text_cell(target, &name)),
                Some((_, value)) => {
                    member = value;
                    member.get()
                }
                // No member or several: nobody knows which is meant.
                None => return Ok((CellState::Text, self.page.push_text(raw.as_bytes()))),
            },
            Form::UnixMillis if target == Target::Timestamptz => match raw.trim_matches('"').parse() {
                Ok(DOTNET_UNSET) => return Ok(NULL),
                Ok(millis) => {
                    return Ok(match from_unix_millis(millis) {
                        Some(micros) => (CellState::Value, micros as u64),
                        None => (CellState::Text, self.page.push_text(raw.as_bytes())),
                    });
                }
                Err(_) => raw,
            },
            _ => raw,
        };
        match (raw.as_bytes().first(), target) {
            (None | Some(b'n'), _) => Ok(NULL),
            (Some(b'"'), Target::Json) if form != Form::Embedded => self.json_cell(raw),
            (Some(b'"'), _) => {
                let Some(text) = json_text::string(raw, decoder.on_invalid)? else { return Ok(NULL) };
                if target != Target::Json {
                    return Ok(self.text_cell(target, &text));
                }
                // Embedded: JSON in a string where it is an object or an array, else the string itself.
                let is_json = text.trim_start().starts_with(['{', '[']) && serde_json::from_str::<IgnoredAny>(&text).is_ok();
                self.json_cell(if is_json { &text } else { raw })
            }
            (Some(_), Target::Json) => self.json_cell(raw),
            (Some(b'{' | b'['), _) => match json_text::json(raw, decoder.on_invalid)? {
                None => Ok(NULL),
                Some(json) if target == Target::Text => Ok((CellState::Bytes, self.page.push_varlena(json.as_bytes()))),
                Some(json) => Ok((CellState::Text, self.page.push_text(json.as_bytes()))),
            },
            (Some(_), _) => Ok(self.text_cell(target, raw)),
        }
    }

    /// A cell of JSON text, without the escapes that Postgres cannot hold.
    fn json_cell(&mut self, raw: &str) -> std::result::Result<(CellState, u64), Invalid> {
        Ok(match json_text::json(raw, self.decoder.on_invalid)? {
            None => (CellState::Null, 0),
            Some(json) => (CellState::Text, self.page.push_text(json.as_bytes())),
        })
    }

    /// Makes a cell of the characters of a text, a number or a boolean. What has no fast path becomes text for the type's input
    /// function.
    fn text_cell(&mut self, target: Target, text: &str) -> (CellState, u64) {
        let fast = match target {
            Target::Text => return (CellState::Bytes, self.page.push_varlena(text.as_bytes())),
            // Two's complement is what a timestamptz datum is.
            Target::Timestamptz => timestamp::parse(text.as_bytes(), self.decoder.zone.as_ref()).map(|t| t as u64),
            Target::Boolean => match text {
                "true" => Some(1),
                "false" => Some(0),
                _ => None,
            },
            Target::Integer(max) => text.parse::<i64>().ok().filter(|n| (-max - 1..=max).contains(n)).map(|n| n as u64),
            Target::Uuid => match uuid(text.as_bytes()) {
                Some(bytes) => return (CellState::Bytes, self.page.push_bytes(&bytes)),
                None => None,
            },
            Target::Json | Target::Input => None,
        };
        match fast {
            Some(datum) => (CellState::Value, datum),
            None => (CellState::Text, self.page.push_text(text.as_bytes())),
        }
    }

    /// Drops the row just read, because its time lies beside the window.
    fn leave_out(&mut self) -> Result<()> {
        self.out.outside_window += 1;
        self.page.drop_row();
        Ok(())
    }

    /// Keeps the row just read, or drops it where it belongs to another window or slice.
    pub(super) fn finish_record(&mut self) -> Result<()> {
        if let Some(window) = self.rules.window {
            let column = window.column;
            let (state, t) = self.page.get(column);
            match state {
                CellState::Null if self.rules.time_is_required => return Err(self.without_time(column)),
                // No window has a record without a time: else each partition of a window would have it once more.
                CellState::Null => return self.leave_out(),
                CellState::Value => match window.judge(t as i64) {
                    TimePlace::Inside => {}
                    TimePlace::Beside => return self.leave_out(),
                    TimePlace::CutOff => return Err(self.cut_off(column)),
                    TimePlace::FarOutside => return Err(self.far_outside(column)),
                },
                // The session's time zone may make another time of it than the one by which the API chose the record.
                CellState::Bytes | CellState::Text => return Err(self.no_time(column)),
            }
        }
        let belongs = |(column, accepted): &(usize, Accepted<'_>)| accepted.has(&self.page, self.page.get(*column));
        if !self.recheck.iter().all(belongs) {
            self.out.outside_slice += 1;
            self.page.drop_row();
            return Ok(());
        }
        self.page.end_row();
        Ok(())
    }
}
