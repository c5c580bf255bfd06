//! Runs one query on a foreign server and on the local copy, and compares.

use lab::Simulator;

use super::bound::{Cost, cost};
use super::default_from::{choices, may_end_early};
use super::select::{Form, Query};
use super::session::{DATABASE, ResultRow, Session, SqlError};
use super::setup::{Family, SETUPS, Setup};
use super::write::{Script, Side, defaulted_script, script};
use crate::failure::Result;
use crate::stage::cluster::Cluster;

/// Where the copy's tables are found.
const COPY: &str = "local, public";
/// A query that takes longer hangs.
const PATIENCE: &str = "20s";
/// What a notice says whose scan left out rows before the default.
const SHORTENED: &str = "default_from";
/// The SQLSTATE of a query that lacks what the API demands.
const DEMANDS: &str = "HV00J";
/// How the SQLSTATEs begin of statements that Postgres does not understand.
const INVALID_SQL: &str = "42";
/// What stands for an SQLSTATE when the connection is gone.
pub(super) const LOST: &str = "lost";

/// What came of a query.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Both say the same; so many rows.
    Agreed(usize),
    /// A default stood in, and somebody was told: the answer is that of rows from the default on.
    Shortened(usize),
    /// The API demands a condition that the query lacks, or the extension was not shown: what it says.
    Refused(String),
    /// The local copy fails, and so nothing can be compared: a bad cast, a time out of range.
    LocalError,
    /// The local copy does not understand it: a fault of ours.
    InvalidSql(SqlError),
    Wrong(Wrong),
}

/// How a query can fail.
pub(super) const KINDS: [&str; 3] = ["other answers", "errors", "too many requests"];

/// Why a query has failed.
#[derive(Debug)]
pub(super) struct Wrong {
    /// What restlog_fdw.pushdown was.
    pub(super) pushdown: &'static str,
    pub(super) fault: Discrepancy,
}

#[derive(Debug)]
pub(super) enum Discrepancy {
    /// Foreign and local answer, which differ.
    Answers { foreign: Vec<ResultRow>, local: Vec<ResultRow> },
    /// The foreign server fails where the local copy answers.
    Error(SqlError),
    /// More was asked for than the announced conditions need.
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

    /// Whether another failure is of the same kind: only then is a smaller query the same fault.
    pub(super) fn resembles(&self, other: &Self) -> bool {
        match (&self.fault, &other.fault) {
            (Discrepancy::Error(one), Discrepancy::Error(other)) => one.sqlstate == other.sqlstate,
            _ => self.kind() == other.kind(),
        }
    }
}

/// The two sides of the test.
#[derive(Debug)]
pub(super) struct Comparator<'s> {
    session: Session,
    simulator: &'s Simulator,
    cluster: &'s Cluster,
    /// Scans whose cost was held against its bound.
    pub(super) cost_checked: usize,
    /// How much of the server's log is known. What is said behind postgres_fdw goes there.
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
        let local = match self.play(query, COPY, script(query, Side::Local), "") {
            Ok(local) => local,
            Err(refused) if refused.sqlstate.starts_with(INVALID_SQL) => return Verdict::InvalidSql(refused),
            Err(_) => return Verdict::LocalError,
        };
        let setup = &SETUPS[query.setup];
        let (path, mut shortened) = (setup.path(), false);
        for pushdown in setup.pushdowns() {
            let wrong = |fault| Verdict::Wrong(Wrong { pushdown, fault });
            let setting = format!("SET LOCAL restlog_fdw.pushdown = {pushdown}");
            self.default_was_reported(setup);
            let played = self.reset().and_then(|()| self.play(query, &path, script(query, Side::Foreign), &setting));
            match played {
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
                Err(refused) if refused.sqlstate == DEMANDS => return Verdict::Refused(refused.message),
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

    /// Whether the answers are the copy's if some tables that may begin at the default do.
    fn is_of_default(&self, query: &Query, foreign: &[Vec<ResultRow>]) -> bool {
        choices(query).into_iter().any(|aliases| {
            let played = self.reset().and_then(|()| self.play(query, COPY, defaulted_script(query, &aliases), ""));
            played.is_ok_and(|local| difference(query, foreign, &local).is_none())
        })
    }

    /// Whether it was said, since this was last asked, that a default left out rows.
    fn default_was_reported(&mut self, setup: &Setup) -> bool {
        let here = self.session.take_notices().iter().any(|notice| notice.contains(SHORTENED));
        if setup.family != Family::Federation {
            return here;
        }
        // postgres_fdw leaves what the other server says to libpq, which writes it to the server's log.
        let log = self.cluster.log();
        let news = log.get(self.log..).unwrap_or_default();
        let there = news.lines().any(|line| line.starts_with("NOTICE") && line.contains(SHORTENED));
        self.log = log.len();
        here || there
    }

    /// Goes back to where neither side has been asked: what now() means stays.
    fn reset(&self) -> std::result::Result<(), SqlError> {
        self.session.ask("ROLLBACK TO begun; DEALLOCATE ALL").map(|_| ())
    }

    /// The answers of one side: those of a prepared statement apart, those of a cursor together.
    fn play(&self, query: &Query, path: &str, script: Script, setting: &str) -> std::result::Result<Vec<Vec<ResultRow>>, SqlError> {
        let Script { before, asking } = script;
        self.session.ask(&format!("SET LOCAL search_path = {path}; {setting}"))?;
        for statement in before {
            self.session.ask(&statement)?;
        }
        let answers = asking.iter().map(|statement| self.session.ask(statement)).collect::<std::result::Result<Vec<_>, _>>()?;
        Ok(if matches!(query.form, Form::Cursor { .. }) { vec![answers.concat()] } else { answers })
    }
}

/// The place of the first answer that differs.
fn difference(query: &Query, foreign: &[Vec<ResultRow>], local: &[Vec<ResultRow>]) -> Option<usize> {
    foreign.iter().zip(local).position(|(foreign, local)| !same(query, foreign, local))
}

/// Whether two answers are equal, as far as the query determines them.
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
