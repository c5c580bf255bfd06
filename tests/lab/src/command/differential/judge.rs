//! Runs one query on a foreign server and on the local copy, and compares.

use lab::Simulator;

use super::bound::{Cost, cost};
use super::select::{Form, Query};
use super::session::{Refused, Row, Session};
use super::world::SERVERS;
use super::write::{Script, Side, script};
use crate::failure::Result;
use crate::stage::cluster::Cluster;

/// A query that takes longer hangs.
const PATIENCE: &str = "20s";
/// The SQLSTATE of a query that lacks what the API demands.
const DEMANDS: &str = "HV00J";
/// How the SQLSTATEs begin of statements that Postgres does not understand.
const MISSPELT: &str = "42";
/// What stands for an SQLSTATE when the connection is gone.
pub(super) const LOST: &str = "lost";

/// What came of a query.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Both say the same; so many rows.
    Agreed(usize),
    /// The API demands a condition that the query lacks.
    Refused,
    /// The local copy fails, and so nothing can be compared: a bad cast, a time out of range.
    Unanswered,
    /// The local copy does not understand it: a fault of ours.
    Misspelt(Refused),
    Wrong(Wrong),
}

/// How a query can fail.
pub(super) const KINDS: [&str; 3] = ["other answers", "errors", "too many requests"];

/// Why a query has failed.
#[derive(Debug)]
pub(super) struct Wrong {
    /// What restlog_fdw.pushdown was.
    pub(super) pushdown: &'static str,
    pub(super) fault: Fault,
}

#[derive(Debug)]
pub(super) enum Fault {
    /// Foreign and local answer, which differ.
    Answers { foreign: Vec<Row>, local: Vec<Row> },
    /// The foreign server fails where the local copy answers.
    Error(Refused),
    /// More was asked for than the announced conditions need.
    Cost(Cost),
}

impl Wrong {
    /// The kind's place in [`KINDS`].
    pub(super) fn kind(&self) -> usize {
        match self.fault {
            Fault::Answers { .. } => 0,
            Fault::Error(_) => 1,
            Fault::Cost(_) => 2,
        }
    }

    /// Whether another failure is of the same kind: only then is a smaller query the same fault.
    pub(super) fn resembles(&self, other: &Self) -> bool {
        match (&self.fault, &other.fault) {
            (Fault::Error(one), Fault::Error(other)) => one.sqlstate == other.sqlstate,
            _ => self.kind() == other.kind(),
        }
    }
}

/// The two sides of the test.
#[derive(Debug)]
pub(super) struct Judge<'s> {
    session: Session,
    simulator: &'s Simulator,
    cluster: &'s Cluster,
    /// Scans whose cost was held against its bound.
    pub(super) weighed: usize,
}

impl<'s> Judge<'s> {
    pub(super) fn new(session: Session, simulator: &'s Simulator, cluster: &'s Cluster) -> Self {
        Self { session, simulator, cluster, weighed: 0 }
    }

    pub(super) fn judge(&mut self, query: &Query) -> Result<Verdict> {
        let setting = |name: &str, value: &str| format!("SET LOCAL {name} = '{value}';");
        let mut begin = String::from("BEGIN;");
        begin += &setting("statement_timeout", PATIENCE);
        begin += &setting("TimeZone", query.zone);
        for setting in &query.settings {
            begin += &format!("SET LOCAL {setting};");
        }
        self.session.run(&(begin + "SAVEPOINT begun"))?;
        let verdict = self.compare(query);
        if self.session.ask("ROLLBACK; DEALLOCATE ALL").is_err() {
            self.cluster.wait_until_ready()?;
            self.session = Session::open(self.cluster)?;
        }
        Ok(verdict)
    }

    fn compare(&mut self, query: &Query) -> Verdict {
        let local = match self.play(query, "local", "") {
            Ok(local) => local,
            Err(refused) if refused.sqlstate.starts_with(MISSPELT) => return Verdict::Misspelt(refused),
            Err(_) => return Verdict::Unanswered,
        };
        let server = &SERVERS[query.server];
        for pushdown in ["on", "off"] {
            let wrong = |fault| Verdict::Wrong(Wrong { pushdown, fault });
            let played = self.back().and_then(|()| self.play(query, server.name, &format!("SET LOCAL restlog_fdw.pushdown = {pushdown}")));
            match played {
                Ok(foreign) => {
                    if let Some((foreign, local)) = foreign.into_iter().zip(&local).find(|(foreign, local)| !same(query, foreign, local)) {
                        return wrong(Fault::Answers { foreign, local: local.clone() });
                    }
                }
                Err(refused) if refused.sqlstate == DEMANDS => return Verdict::Refused,
                Err(refused) => return wrong(Fault::Error(refused)),
            }
            if query.form == Form::Plain && pushdown == "on" {
                match self.back().and_then(|()| cost(&self.session, query, self.simulator)) {
                    Ok(Some(cost)) if cost.is_too_high() => return wrong(Fault::Cost(cost)),
                    Ok(weighed) => self.weighed += usize::from(weighed.is_some()),
                    Err(refused) => return wrong(Fault::Error(refused)),
                }
            }
        }
        Verdict::Agreed(local.iter().map(Vec::len).sum())
    }

    /// Goes back to where neither side has been asked: what now() means stays.
    fn back(&self) -> std::result::Result<(), Refused> {
        self.session.ask("ROLLBACK TO begun; DEALLOCATE ALL").map(|_| ())
    }

    /// The answers of one side: those of a prepared statement apart, those of a cursor together.
    fn play(&self, query: &Query, schema: &str, setting: &str) -> std::result::Result<Vec<Vec<Row>>, Refused> {
        let side = if schema == "local" { Side::Local } else { Side::Foreign };
        let Script { before, asking } = script(query, side);
        self.session.ask(&format!("SET LOCAL search_path = {schema}, public; {setting}"))?;
        for statement in before {
            self.session.ask(&statement)?;
        }
        let answers = asking.iter().map(|statement| self.session.ask(statement)).collect::<std::result::Result<Vec<_>, _>>()?;
        Ok(if matches!(query.form, Form::Cursor { .. }) { vec![answers.concat()] } else { answers })
    }
}

/// Whether two answers are equal, as far as the query determines them.
fn same(query: &Query, foreign: &[Row], local: &[Row]) -> bool {
    if query.select.is_ordered() {
        return foreign == local;
    }
    if query.select.is_led() && !foreign.iter().map(|row| row.first()).eq(local.iter().map(|row| row.first())) {
        return false;
    }
    let sorted = |rows: &[Row]| {
        let mut rows = rows.to_vec();
        rows.sort_unstable();
        rows
    };
    foreign.len() == local.len() && sorted(foreign) == sorted(local)
}
