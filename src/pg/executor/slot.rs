//! The cells of a page's row → the datums of the scan's slot.
//!
//! Datums of cells with bytes point into the page, so the page must outlive the slot's contents.

use std::cell::Cell;
use std::ffi::c_char;

use pgrx::pg_sys::panic::CaughtError;
use pgrx::{PgSqlErrorCode, PgTryBuilder, pg_sys};

use crate::error::Location;
use crate::pg::catalog::ForeignTable;
use crate::pg::text::{ToServer, shown};
use crate::scan::page::{CellState, Page};

/// How one attribute is filled from one column of the page.
struct AttributeWriter {
    /// Attribute number - 1.
    attribute: usize,
    input: pg_sys::FmgrInfo,
    io_param: pg_sys::Oid,
    typmod: i32,
}

/// Writes rows of pages into the scan's slot.
pub(crate) struct SlotWriter {
    table: String,
    natts: usize,
    /// The attribute of each of the page's columns, where it has one.
    filled: Vec<Option<AttributeWriter>>,
    /// Names for errors, beside `filled`.
    names: Vec<String>,
    /// Where the database's encoding is not UTF-8.
    to_server: Option<ToServer>,
}

impl std::fmt::Debug for SlotWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SlotWriter").field("table", &self.table).finish_non_exhaustive()
    }
}

impl SlotWriter {
    /// A writer for a table's attributes, each with its number and the page's column that it is filled from. Input functions are looked up
    /// in the current memory context, which must live as long as the scan.
    pub(crate) fn new(table: &ForeignTable, attributes: &[(i16, usize)]) -> Self {
        let width = attributes.iter().map(|(_, column)| column + 1).max().unwrap_or(0);
        let mut names = vec![String::new(); width];
        let mut filled: Vec<Option<AttributeWriter>> = (0..width).map(|_| None).collect();
        for &(number, column) in attributes {
            let (Some(described), Ok(attribute)) = (table.column(number), usize::try_from(number - 1)) else { continue };
            let (mut function, mut io_param) = (pg_sys::InvalidOid, pg_sys::InvalidOid);
            let mut input = pg_sys::FmgrInfo::default();
            // SAFETY: the type exists, since a column has it; both functions fill in what they are given.
            unsafe {
                pg_sys::getTypeInputInfo(described.type_oid, &mut function, &mut io_param);
                pg_sys::fmgr_info(function, &mut input);
            }
            names[column].clone_from(&described.name);
            filled[column] = Some(AttributeWriter { attribute, input, io_param, typmod: described.typmod });
        }
        Self { table: table.name.clone(), natts: table.columns.len(), filled, names, to_server: ToServer::new(table.settings.on_invalid) }
    }

    /// Stores one row in the slot.
    ///
    /// # Safety
    /// The caller guarantees that `slot` is this scan's tuple slot, cleared, that the page outlives the slot's contents, and that the
    /// current memory context is the per-tuple one.
    pub(crate) unsafe fn fill(&mut self, slot: *mut pg_sys::TupleTableSlot, page: &Page, row: usize) {
        let arena = page.arena().as_ptr();
        let mut texts = false;
        // SAFETY: the caller guarantees the slot.
        let (values, nulls) = unsafe { ((*slot).tts_values, (*slot).tts_isnull) };
        // SAFETY: both arrays of a slot have natts elements (execTuples.c).
        unsafe { std::ptr::write_bytes(nulls, 1, self.natts) };
        page.row(row).for_each(|(column, state, cell)| {
            let Some(Some(f)) = self.filled.get(column) else { return };
            let datum = match state {
                CellState::Null => return,
                CellState::Value => pg_sys::Datum::from(cell),
                CellState::Bytes => pg_sys::Datum::from(arena.wrapping_add(cell as usize)),
                CellState::Text => {
                    texts = true;
                    return;
                }
            };
            // SAFETY: both arrays of a slot have natts elements, and an attribute's number is less.
            unsafe {
                *values.add(f.attribute) = datum;
                *nulls.add(f.attribute) = false;
            }
        });
        if texts {
            // SAFETY: the caller guarantees what this needs.
            unsafe { self.write_via_input_functions(slot, page, row) };
        }
        // This is what ExecStoreVirtualTuple does, without the price of a guarded call for each row.
        // SAFETY: the caller guarantees the slot.
        unsafe {
            (*slot).tts_flags &= !(pg_sys::TTS_FLAG_EMPTY as u16);
            (*slot).tts_nvalid = (*(*slot).tts_tupleDescriptor).natts as i16;
        }
    }

    /// Writes the cells that need their type's input function. An error of such a function gets the cell's place as its DETAIL.
    ///
    /// # Safety
    /// The caller guarantees what [`SlotWriter::fill`] demands.
    unsafe fn write_via_input_functions(&mut self, slot: *mut pg_sys::TupleTableSlot, page: &Page, row: usize) {
        // The column that is being written, for the error.
        let place = Cell::new(0);
        let at = std::panic::AssertUnwindSafe(&place);
        let (filled, to_server) = (&mut self.filled, &self.to_server);
        let (table, names) = (&self.table, &self.names);
        PgTryBuilder::new(std::panic::AssertUnwindSafe(|| {
            for (column, _, cell) in page.row(row).filter(|(_, state, _)| *state == CellState::Text) {
                let Some(Some(f)) = filled.get_mut(column) else { continue };
                at.set(column);
                // SAFETY: the cell is an offset of NUL-terminated text in the page; the caller guarantees the slot and the context.
                unsafe {
                    let mut text = page.arena().as_ptr().add(cell as usize).cast::<c_char>().cast_mut();
                    if let Some(to_server) = to_server {
                        let Some(converted) = to_server.convert(text) else { continue };
                        text = converted;
                    }
                    *(*slot).tts_values.add(f.attribute) = pg_sys::InputFunctionCall(&mut f.input, text, f.io_param, f.typmod);
                    *(*slot).tts_isnull.add(f.attribute) = false;
                }
            }
        }))
        .catch_others(|cause| match cause {
            CaughtError::PostgresError(report) | CaughtError::ErrorReport(report) => {
                let name = &names[at.get()];
                let (table, column) = (Some(table.clone()), Some(name.clone()));
                let location =
                    Location { table, column, record: Some((page.record(row) as u64, page.number)), ..Location::default() }.in_row();
                let detail = report.detail().map_or_else(|| location.clone(), |d| format!("{d}\n{location}"));
                // What pgrx could not read of Postgres' message.
                let message = if report.message().contains('\u{fffd}') {
                    report.message().replace('\u{fffd}', "?")
                } else {
                    report.message().to_owned()
                };
                let mut placed =
                    pgrx::pg_sys::panic::ErrorReport::new(report.sql_error_code(), shown(&message).into_owned(), "restlog_fdw")
                        .set_detail(shown(&detail).into_owned());
                if report.sql_error_code() == PgSqlErrorCode::ERRCODE_UNTRANSLATABLE_CHARACTER {
                    placed = placed.set_hint("Set the option on_invalid to 'null' or 'replace' on the server or the foreign table.");
                } else if let Some(hint) = report.hint() {
                    placed = placed.set_hint(shown(hint).into_owned());
                }
                placed.report(pgrx::PgLogLevel::ERROR);
                unreachable!("an ERROR does not return")
            }
            other => other.rethrow(),
        })
        .execute();
    }
}
