//! A node's plan and the values of its operands → one row after another, each into the node's slot.
//!
//! A scan is started at its first pull, and started again after a rescan with other parameters. What is asked for, and how, is decided in
//! `plan`; here operands are evaluated, and the engine gets what it needs as values.

use std::os::fd::RawFd;
use std::sync::Arc;
use std::task::Poll;

use pgrx::pg_sys;
use pgrx::prelude::*;

use super::cursor::{Cursor, Mode, Pull};
use super::last_scan::remember;
use super::notices::Told;
use super::slot::SlotWriter;
use super::statement;
use crate::error::Result;
use crate::http::client::Limits;
use crate::pg::catalog::ForeignTable;
use crate::pg::catalog::connect;
use crate::pg::operand;
use crate::pg::planner::density;
use crate::pg::planner::time_expr::PgZones;
use crate::pg::settings;
use crate::pg::text::{is_utf8, shown};
use crate::pg::wait::WatchedStream;
use crate::plan::limits::check_window;
use crate::plan::notice;
use crate::plan::reading::{Output, Reading};
use crate::plan::resolve::{BoundPlan, Resolved, Unreadable, resolve};
use crate::plan::scan_plan::ScanPlan;
use crate::plan::selection::Selection;
use crate::plan::slice::Slices;
use crate::plan::slicing::{StandIn, default_would_hide};
use crate::plan::value::Value;
use crate::scan::decode::Decoder;
use crate::scan::projection::Projection;
use crate::scan::spec::{Counting, ScanSpec};
use crate::scan::stats::Stats;

/// An operand of the plan: its expression, ready to be evaluated, and its type.
pub(super) type Operand = (*mut pg_sys::ExprState, pg_sys::Oid);

/// One scan of a node. Nothing in it is borrowed from Postgres but the expression states, which live in the same context.
pub(crate) struct ScanState {
    pub(crate) table: ForeignTable,
    pub(crate) plan: ScanPlan,
    relation: pg_sys::Oid,
    /// The description's columns that the requests filter by, in their order.
    pub(super) filters: Vec<usize>,
    operands: Vec<Operand>,
    /// Whose mapping counts.
    user: pg_sys::Oid,
    projection: Projection,
    writer: SlotWriter,
    pub(crate) stats: Arc<Stats>,
    /// How many slices the last start had.
    pub(crate) slices: usize,
    /// Whether the next pull may wait.
    pub(super) mode: Mode,
    /// What the last pull came to.
    pub(super) last: Pull,
    /// Whether the scan is likely to be started again with the same parameters.
    rewinds: bool,
    /// The sum that earlier starts of a node that counts came to.
    counted: u64,
    /// What the last start of such a node came to: the count of the next start with the same parameters.
    last_count: Option<u64>,
    /// The defaults that stand in for conditions.
    stand_ins: Vec<StandIn>,
    told: Told,
    state: State,
}

#[allow(clippy::large_enum_variant, reason = "there is one for each scan, and it stays where it is")]
enum State {
    /// Nothing was asked yet.
    NotStarted,
    /// Nothing is to be asked: no row can match.
    Empty,
    /// A node that counts knows its count from before.
    CountKnown(u64),
    /// Rows are read, or kept ones read again.
    Reading(Cursor),
    /// No row will come any more: the count was returned, or the scan failed.
    Done,
}

impl ScanState {
    /// A scan that has asked nothing. `of` are its relation and the user whose mapping counts; `rewinds` says that a new start with the
    /// same parameters is likely. What the scan looks up now lives in the current memory context, which must live as long as the scan.
    pub(super) fn new(table: ForeignTable, plan: ScanPlan, operands: Vec<Operand>, of: (pg_sys::Oid, pg_sys::Oid), rewinds: bool) -> Self {
        let (relation, user) = of;
        let utf8 = is_utf8();
        let read = plan.attributes.iter().filter_map(|number| Some((*number, table.column(*number)?.page_column(utf8)?)));
        let projection = Projection::new(read.collect(), &table.endpoint, &plan);
        Self {
            relation,
            filters: plan.filters(&table.endpoint),
            operands,
            user,
            writer: SlotWriter::new(&table, &projection.attributes),
            projection,
            stats: Arc::new(Stats::default()),
            slices: 0,
            mode: Mode::Blocking,
            last: Pull::End,
            rewinds,
            counted: 0,
            last_count: None,
            stand_ins: Vec::new(),
            told: Told::default(),
            state: State::NotStarted,
            table,
            plan,
        }
    }

    /// Counts instead of reading rows: once, then there is no more. Nothing to ask is nothing to count.
    pub(super) fn count(&mut self) -> Result<Option<u64>> {
        let mut count = 0;
        match std::mem::replace(&mut self.state, State::Done) {
            State::NotStarted | State::Done => return Ok(None),
            State::CountKnown(known) => count = known,
            State::Empty => {}
            State::Reading(mut cursor) => {
                let end = cursor.count(&self.stats);
                write_log(&self.stats);
                end.map_err(|error| on_table(error, &self.table.name))?;
                count = self.stats.counted.get() - self.counted;
                self.counted += count;
            }
        }
        self.last_count = Some(count);
        Ok(Some(count))
    }

    /// Evaluates the operands and sends the first request, if any row can match.
    ///
    /// # Safety
    /// The caller guarantees that `node` is the executor's, and that this scan is its.
    unsafe fn start(&mut self, node: *mut pg_sys::ForeignScanState) -> Result<State> {
        let mut evaluate = |i: usize| {
            check_for_interrupts!();
            let Some((state, type_oid)) = self.operands.get(i) else { return Value::Unknown };
            let mut is_null = false;
            // SAFETY: initialised in BeginForeignScan for this node, whose expression context the executor keeps. What they
            // allocate lives in per-tuple memory and is read before the next reset.
            unsafe {
                let datum = pg_sys::ExecEvalExpr(*state, (*node).ss.ps.ps_ExprContext, &mut is_null);
                operand::value(datum, is_null, *type_oid)
            }
        };
        let bound = BoundPlan::bind(&self.plan, self.operands.len(), &mut evaluate);
        // SAFETY: the executor's node and its state.
        let now = unsafe { statement::start((*node).ss.ps.state) };
        let table = Arc::clone(&self.table.endpoint);
        let Resolved { selection, slices, stand_ins } = resolve(&bound, &table, self.table.defaults(now), &PgZones, Unreadable::Refused)?;
        self.stand_ins = stand_ins;
        // SAFETY: what the query's now() is.
        let at = unsafe { pg_sys::GetCurrentTransactionStartTimestamp() };
        check_window(&slices, at, self.table.max_window(), self.plan.expected_requests)
            .map_err(|error| on_table(error, &self.table.name))?;
        self.slices = slices.len();
        if slices.is_empty() {
            self.tell_of_default();
            return Ok(State::Empty);
        }
        self.tell_of_requests();
        let spec = self.spec(slices, &selection, now)?;
        remember(&self.stats, &self.defaults_shown());
        let stream = WatchedStream::start(spec, Arc::clone(&self.stats))?;
        // SAFETY: the caller guarantees the executor's node, whose query context outlives the scan.
        let cursor = unsafe { Cursor::new(stream, self.rewinds, (*(*node).ss.ps.state).es_query_cxt) };
        Ok(State::Reading(cursor))
    }

    /// Everything that the engine needs to read these slices, for a scan that starts at `now`.
    fn spec(&self, slices: Slices, selection: &Selection, now: i64) -> Result<ScanSpec> {
        let (endpoint, settings) = (&self.table.endpoint, &self.table.settings);
        let reading = Reading::new(&self.plan, endpoint, self.table.page_size(), selection, &slices);
        Ok(ScanSpec {
            table: Arc::clone(endpoint),
            slices,
            now,
            decoder: Decoder::new(self.projection.columns.clone(), endpoint, settings.on_invalid, settings.time_zone.clone()),
            time_column: self.projection.time_column,
            time_is_required: self.table.time_is_required(),
            fan_out_columns: self.projection.fan_out_columns.clone(),
            page_sizes: reading.page_sizes,
            limited: reading.limited,
            order: reading.order,
            known_density: density::density(self.relation, &self.filters),
            concurrency: settings.concurrency,
            limits: limits(settings.max_response_bytes),
            connection: connect::connection(&self.table.server, self.user)?,
            counting: match reading.output {
                Output::Rows => None,
                Output::Count { by_total } => Some(Counting { by_total, checks: self.projection.checks(selection) }),
            },
        })
    }

    /// Stores the next row in a slot; leaves it empty where there is none, or where it must not be waited for.
    ///
    /// # Safety
    /// The caller guarantees that `slot` is this scan's tuple slot, cleared before each call, and that the current memory context is the
    /// per-tuple one.
    pub(super) unsafe fn next_into(&mut self, slot: *mut pg_sys::TupleTableSlot) -> Result<()> {
        self.last = self.advance()?;
        if self.last == Pull::Row
            && let State::Reading(cursor) = &self.state
            && let Some((page, row)) = cursor.current()
        {
            // SAFETY: the caller guarantees the slot and the context; the page stays until the next call.
            unsafe { self.writer.fill(slot, page, row) };
        }
        Ok(())
    }

    /// Moves on to the next row.
    fn advance(&mut self) -> Result<Pull> {
        let is_preview = self.is_preview();
        loop {
            let State::Reading(cursor) = &mut self.state else { return Ok(Pull::End) };
            // A preview is nearly always content with what it got.
            if cursor.next_row(!is_preview)? {
                return Ok(Pull::Row);
            }
            if cursor.is_exhausted() {
                return Ok(Pull::End);
            }
            let Poll::Ready(next) = cursor.next_page(self.mode, &self.stats) else { return Ok(Pull::Pending) };
            write_log(&self.stats);
            match next.map_err(|error| on_table(error, &self.table.name)) {
                Ok(Some(page)) if is_preview && cursor.any_rows() && page.rows() > 0 => {
                    self.state = State::Done;
                    return Err(default_would_hide(&self.table.endpoint).detail(
                        "default_from serves previews only, as the table option preview_only says, and this scan goes past its first page.",
                    ));
                }
                Ok(Some(page)) => cursor.accept(page),
                Ok(None) => {
                    cursor.exhaust();
                    density::observe(self.relation, &self.filters, &self.stats);
                    self.tell_of_default();
                }
                Err(error) => {
                    self.state = State::Done;
                    return Err(error);
                }
            }
        }
    }

    /// Whether a default stands in for the lower bound that may serve previews only.
    fn is_preview(&self) -> bool {
        self.table.settings.preview_only && notice::is_cut(&self.stand_ins)
    }

    /// Tells the client of rows that it may miss (law 13).
    fn tell_of_default(&mut self) {
        let default_from = self.table.settings.default_from.as_deref().unwrap_or_default();
        self.told.of_default(notice::of_default(&self.stand_ins, &self.table.endpoint, default_from));
    }

    /// Tells the client of a plan that takes thousands of requests, when it starts.
    fn tell_of_requests(&mut self) {
        self.told.of_requests(notice::of_requests(&self.plan, &self.table.endpoint));
    }

    /// The defaults that stand in for conditions, as users may read them.
    fn defaults_shown(&self) -> Vec<String> {
        notice::shown(&self.stand_ins, &self.table.endpoint, self.table.settings.default_from.as_deref())
    }

    /// Starts the scan, if nothing was asked yet. Raises the plan's refusal, which waited until a row was wanted.
    ///
    /// # Safety
    /// The caller guarantees that `node` is the executor's, and that this scan is its.
    pub(super) unsafe fn start_once(&mut self, node: *mut pg_sys::ForeignScanState) -> Result<()> {
        if let Some(refusal) = self.plan.refusal.take() {
            return Err(refusal);
        }
        if matches!(self.state, State::NotStarted) {
            // SAFETY: the caller guarantees the node.
            self.state = unsafe { self.start(node) }?;
        }
        Ok(())
    }

    /// What becomes readable once there is more to read.
    pub(crate) fn wake_fd(&self) -> Option<RawFd> {
        match &self.state {
            State::Reading(cursor) => Some(cursor.wake_fd()),
            _ => None,
        }
    }

    /// Goes back to the start. `same` says that no parameter changed: then pages that were kept are read again, not asked for.
    pub(super) fn rewind(&mut self, same: bool) {
        if let Some(count) = self.last_count.filter(|_| same) {
            self.state = State::CountKnown(count);
            return;
        }
        let kept = match &mut self.state {
            State::Reading(cursor) => same && cursor.rewind(),
            _ => false,
        };
        if !kept {
            // A plan that starts again with the same parameters will do so once more.
            self.rewinds |= same && !matches!(self.state, State::NotStarted);
            self.close();
        }
    }

    /// Ends the scan, and gives its temporary file back.
    pub(super) fn close(&mut self) {
        if let State::Reading(cursor) = std::mem::replace(&mut self.state, State::NotStarted) {
            cursor.close();
        }
    }
}

/// What the requests of a scan may take.
pub(crate) fn limits(max_response_bytes: u64) -> Limits {
    Limits { max_requests: settings::max_requests(), max_response_bytes, log: settings::log_requests() }
}

/// Writes the request lines that workers kept: only this thread may write to the log.
pub(crate) fn write_log(stats: &Stats) {
    for line in stats.usage.take_log() {
        pgrx::log!("restlog_fdw: {}", shown(&line));
    }
}

/// Names the foreign table in an error of the scan.
pub(crate) fn on_table(error: crate::error::Error, table: &str) -> crate::error::Error {
    error.located(|at| at.table = Some(table.to_owned()))
}
