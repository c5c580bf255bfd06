//! Runs one query on the foreign tables and on the local copy, and compares the answers.

use lab::Simulator;

use super::bound::{Cost, cost};
use super::default_from::{choices, may_end_early};
use super::select::{Form, Query};
use super::session::{DATABASE, ResultRow, Session, SqlError};
use super::setup::{Family, SETUPS, Setup};
use super::write::{Script, Side, defaulted_script, script};
use crate::failure::Result;
use crate::stage::cluster::Cluster;

/// The search path of the local copy.
const COPY: &str = "local, public";
/// A query that takes longer is taken to hang.
const PATIENCE: &str = "20s";
/// The option that a notice names if a scan left out rows before its default.
const SHORTENED: &str = "default_from";
/// The SQLSTATE of a query without a condition that the API requires.
const CONDITION_REQUIRED: &str = "HV00J";
/// The class of SQLSTATEs of invalid SQL.
const INVALID_SQL: &str = "42";
/// Stands for the SQLSTATE when the connection is lost.
pub(super) const LOST: &str = "lost";

/// The result of a query.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Both answers are the same, with this many rows.
    Agreed(usize),
    /// A `default_from` left out rows, and a notice reported it. The answer is that of the other rows.
    Shortened(usize),
    /// The API requires a condition that the query lacks or the extension does not see; the error's message.
    Refused(String),
    /// The local copy fails, so that there is nothing to compare: a bad cast, a time out of range.
    LocalError,
    /// Invalid SQL: an error of the generator.
    InvalidSql(SqlError),
    Wrong(Wrong),
}

/// How a query can fail.
pub(super) const KINDS: [&str; 3] = ["other answers", "errors", "too many requests"];

/// Why a query has failed.
#[derive(Debug)]
pub(super) struct Wrong {
    /// The value of restlog_fdw.pushdown.
    pub(super) pushdown: &'static str,
    pub(super) fault: Discrepancy,
}

#[derive(Debug)]
pub(super) enum Discrepancy {
    /// The two answers differ.
    Answers { foreign: Vec<ResultRow>, local: Vec<ResultRow> },
    /// The foreign server fails where the local copy answers.
    Error(SqlError),
    /// The scan requested more than the pushed conditions need.
    Cost(Cost),
}

impl Wrong {
    /// The kind's place in [`KINDS`].
    pub(super) fn kind(&self) -> usize {
        match self.fault {
            Discrepancy::Answers { .. } => 0,
            Discrepancy::Error(_) => 1,
            Discrepancy::Cost(_) => 2,
        }
    }

    /// Whether another failure is of the same kind: only then may its query replace this one's.
    pub(super) fn resembles(&self, other: &Self) -> bool {
        match (&self.fault, &other.fault) {
            (Discrepancy::Error(one), Discrepancy::Error(other)) => one.sqlstate == other.sqlstate,
            _ => self.kind() == other.kind(),
        }
    }
}

/// Compares the two sides.
#[derive(Debug)]
pub(super) struct Comparator<'s> {
    session: Session,
    simulator: &'s Simulator,
    cluster: &'s Cluster,
    /// Scans whose cost was compared with its bound.
    pub(super) cost_checked: usize,
    /// Bytes of the server's log that were read. Notices behind postgres_fdw go there.
    log: usize,
}

impl<'s> Comparator<'s> {
    pub(super) fn new(session: Session, simulator: &'s Simulator, cluster: &'s Cluster) -> Self {
        Self { session, simulator, cluster, cost_checked: 0, log: cluster.log().len() }
    }

    pub(super) fn compare(&mut self, query: &Query) -> Result<Verdict> {
        let setting = |name: &str, value: &str| format!("SET LOCAL {name} = '{value}';");
        let mut begin = String::from("BEGIN;");
        begin += &setting("statement_timeout", PATIENCE);
        begin += &setting("TimeZone", query.zone);
        for setting in &query.settings {
            begin += &format!("SET LOCAL {setting};");
        }
        self.session.run(&(begin + "SAVEPOINT begun"))?;
        let verdict = self.compare_sides(query);
        if self.session.ask("ROLLBACK; DEALLOCATE ALL").is_err() {
            self.cluster.wait_until_ready()?;
            self.session = Session::open(self.cluster, DATABASE)?;
        }
        Ok(verdict)
    }

    fn compare_sides(&mut self, query: &Query) -> Verdict {
        let local = match self.run_side(query, COPY, script(query, Side::Local), "") {
            Ok(local) => local,
            Err(refused) if refused.sqlstate.starts_with(INVALID_SQL) => return Verdict::InvalidSql(refused),
            Err(_) => return Verdict::LocalError,
        };
        let setup = &SETUPS[query.setup];
        let (path, mut shortened) = (setup.path(), false);
        for pushdown in setup.pushdowns() {
            let wrong = |fault| Verdict::Wrong(Wrong { pushdown, fault });
            let setting = format!("SET LOCAL restlog_fdw.pushdown = {pushdown}");
            // Discards the notices of earlier statements.
            self.default_was_reported(setup);
            let answers = self.reset().and_then(|()| self.run_side(query, &path, script(query, Side::Foreign), &setting));
            match answers {
                Ok(foreign) => {
                    if let Some(place) = difference(query, &foreign, &local) {
                        let is_reported = self.default_was_reported(setup) || may_end_early(query);
                        if !is_reported || !self.is_of_default(query, &foreign) {
                            let [foreign, local] = [&foreign, &local].map(|answers| answers[place].clone());
                            return wrong(Discrepancy::Answers { foreign, local });
                        }
                        shortened = true;
                    }
                }
                Err(refused) if refused.sqlstate == CONDITION_REQUIRED => return Verdict::Refused(refused.message),
                Err(refused) => return wrong(Discrepancy::Error(refused)),
            }
            if query.form == Form::Plain && *pushdown == "on" {
                match self.reset().and_then(|()| cost(&self.session, query, self.simulator)) {
                    Ok(Some(cost)) if cost.is_too_high() => return wrong(Discrepancy::Cost(cost)),
                    Ok(cost_checked) => self.cost_checked += usize::from(cost_checked.is_some()),
                    Err(refused) => return wrong(Discrepancy::Error(refused)),
                }
            }
        }
        let rows = local.iter().map(Vec::len).sum();
        if shortened { Verdict::Shortened(rows) } else { Verdict::Agreed(rows) }
    }

    /// Whether the answers are those of the copy with some of its tables shortened by their default.
    fn is_of_default(&self, query: &Query, foreign: &[Vec<ResultRow>]) -> bool {
        choices(query).into_iter().any(|aliases| {
            let answers = self.reset().and_then(|()| self.run_side(query, COPY, defaulted_script(query, &aliases), ""));
            answers.is_ok_and(|local| difference(query, foreign, &local).is_none())
        })
    }

    /// Whether a notice since the last call reported that a default left out rows.
    fn default_was_reported(&mut self, setup: &Setup) -> bool {
        let here = self.session.take_notices().iter().any(|notice| notice.contains(SHORTENED));
        if setup.family != Family::Federation {
            return here;
        }
        // libpq prints the notices of the server behind postgres_fdw to the log of the server in front.
        let log = self.cluster.log();
        let news = log.get(self.log..).unwrap_or_default();
        let there = news.lines().any(|line| line.starts_with("NOTICE") && line.contains(SHORTENED));
        self.log = log.len();
        here || there
    }

    /// Rolls back to the savepoint before the query. The transaction stays the same, and so does now().
    fn reset(&self) -> std::result::Result<(), SqlError> {
        self.session.ask("ROLLBACK TO begun; DEALLOCATE ALL").map(|_| ())
    }

    /// The answers of one side: one for each execution of a prepared statement, one for all fetches of a cursor.
    fn run_side(&self, query: &Query, path: &str, script: Script, setting: &str) -> std::result::Result<Vec<Vec<ResultRow>>, SqlError> {
        let Script { before, compared } = script;
        self.session.ask(&format!("SET LOCAL search_path = {path}; {setting}"))?;
        for statement in before {
            self.session.ask(&statement)?;
        }
        let answers = compared.iter().map(|statement| self.session.ask(statement)).collect::<std::result::Result<Vec<_>, _>>()?;
        Ok(if matches!(query.form, Form::Cursor { .. }) { vec![answers.concat()] } else { answers })
    }
}

/// The index of the first answer that differs.
fn difference(query: &Query, foreign: &[Vec<ResultRow>], local: &[Vec<ResultRow>]) -> Option<usize> {
    foreign.iter().zip(local).position(|(foreign, local)| !same(query, foreign, local))
}

/// Whether two answers are equal in what the query determines.
fn same(query: &Query, foreign: &[ResultRow], local: &[ResultRow]) -> bool {
    if query.select.is_ordered() {
        return foreign == local;
    }
    if query.select.orders_first_output() && !foreign.iter().map(|row| row.first()).eq(local.iter().map(|row| row.first())) {
        return false;
    }
    let sorted = |rows: &[ResultRow]| {
        let mut rows = rows.to_vec();
        rows.sort_unstable();
        rows
    };
    foreign.len() == local.len() && sorted(foreign) == sorted(local)
}
