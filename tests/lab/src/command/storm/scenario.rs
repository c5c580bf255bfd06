//! Random scenarios: the statements of one session in their order, and the expected outcome of each.

use std::time::Duration;

use super::world::{ACTIONS, About, FAULTY, Faulty, QUESTIONS, World, by_action, of_view, views};
use crate::command::stress::client::Answer;

/// The kind of a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScenarioKind {
    Select,
    Faulty,
    Join,
    CreateTableAs,
    Refresh,
    RefreshConcurrently,
    HeldCursor,
    Cursor,
    Savepoint,
    Plpgsql,
    Prepared,
}

pub(super) const KINDS: [(ScenarioKind, &str); 11] = [
    (ScenarioKind::Select, "SELECT"),
    (ScenarioKind::Faulty, "SELECT, faulty API"),
    (ScenarioKind::Join, "join by key"),
    (ScenarioKind::CreateTableAs, "CREATE TABLE AS"),
    (ScenarioKind::Refresh, "REFRESH"),
    (ScenarioKind::RefreshConcurrently, "REFRESH CONCURRENTLY"),
    (ScenarioKind::HeldCursor, "cursor WITH HOLD"),
    (ScenarioKind::Cursor, "cursor"),
    (ScenarioKind::Savepoint, "savepoint"),
    (ScenarioKind::Plpgsql, "plpgsql EXCEPTION"),
    (ScenarioKind::Prepared, "PREPARE, EXECUTE"),
];

/// The expected outcome of a statement that nothing disturbs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expectation {
    /// Succeed.
    Done,
    /// Return these rows.
    Rows(Answer),
    /// Return some of the rows that [`Expectation::Rest`] counts.
    Part,
    /// Return all of these rows that [`Expectation::Part`] has not returned.
    Rest(Answer),
    /// Fail as the API does.
    Failure,
}

/// One statement.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) sql: String,
    /// Pause of the client before the statement.
    pub(super) pause: Duration,
    pub(super) expectation: Expectation,
    /// SQLSTATEs that the statement may fail with if nothing disturbs it.
    pub(super) errors: &'static [&'static str],
}

/// Statements that belong together.
#[derive(Debug)]
pub(super) struct Scenario {
    pub(super) kind: ScenarioKind,
    pub(super) steps: Vec<Step>,
}

/// Executions of a prepared statement: after five of them Postgres may use a generic plan.
const EXECUTIONS: usize = 8;
/// Rows that a cursor returns at once.
const FETCHED: u32 = 70;

impl Step {
    fn new(sql: impl Into<String>, expectation: Expectation) -> Self {
        Self { sql: sql.into(), pause: Duration::ZERO, expectation, errors: &[] }
    }

    fn failing(mut self, errors: &'static [&'static str]) -> Self {
        self.errors = errors;
        self
    }

    fn after(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }
}

impl Scenario {
    /// The next scenario of a session.
    pub(super) fn draw(rng: &mut fastrand::Rng, world: &World, session: u32) -> Self {
        let kind = KINDS[rng.usize(..KINDS.len())].0;
        let steps = match kind {
            ScenarioKind::Select => vec![good(rng, world, &[About::One, About::OneOfAny])],
            ScenarioKind::Join => vec![good(rng, world, &[About::Join])],
            ScenarioKind::Faulty => vec![faulty(rng, world)],
            ScenarioKind::CreateTableAs => create_table_as(rng, world),
            ScenarioKind::Refresh => refresh(rng, world, session, ""),
            ScenarioKind::RefreshConcurrently => refresh(rng, world, session, "CONCURRENTLY"),
            ScenarioKind::HeldCursor => cursor(rng, world, true),
            ScenarioKind::Cursor => cursor(rng, world, false),
            ScenarioKind::Savepoint => savepoint(rng, world),
            ScenarioKind::Plpgsql => vec![plpgsql(rng, world)],
            ScenarioKind::Prepared => prepared(rng, world),
        };
        Self { kind, steps }
    }
}

/// The place of a random question about one of these.
fn question(rng: &mut fastrand::Rng, about: &[About]) -> usize {
    let places: Vec<usize> = (0..QUESTIONS.len()).filter(|place| about.contains(&QUESTIONS[*place].of)).collect();
    places[rng.usize(..places.len())]
}

/// A question that must be answered.
fn good(rng: &mut fastrand::Rng, world: &World, about: &[About]) -> Step {
    let place = question(rng, about);
    Step::new(QUESTIONS[place].of_schema("good"), Expectation::Rows(world.answers[place]))
}

/// A question to an API that has a fault.
fn faulty(rng: &mut fastrand::Rng, world: &World) -> Step {
    let api: &Faulty = &FAULTY[rng.usize(..FAULTY.len())];
    let place = question(rng, &[About::OneOfAny]);
    let expectation = if api.may_answer { Expectation::Rows(world.answers[place]) } else { Expectation::Failure };
    Step::new(QUESTIONS[place].of_schema(api.schema), expectation).failing(api.errors)
}

/// A question to an API that always fails.
fn failing(rng: &mut fastrand::Rng, world: &World) -> Step {
    loop {
        let step = faulty(rng, world);
        if step.expectation == Expectation::Failure {
            return step;
        }
    }
}

fn create_table_as(rng: &mut fastrand::Rng, world: &World) -> Vec<Step> {
    let place = question(rng, &[About::One, About::OneOfAny, About::Join]);
    let query = QUESTIONS[place].of_schema("good");
    vec![
        Step::new("DROP TABLE IF EXISTS pg_temp.copy", Expectation::Done),
        Step::new(format!("CREATE TEMP TABLE copy AS {query}"), Expectation::Done),
        Step::new("SELECT * FROM pg_temp.copy", Expectation::Rows(world.answers[place])),
    ]
}

/// A refresh, and the view before and after it: the view is complete even if the refresh fails.
fn refresh(rng: &mut fastrand::Rng, world: &World, session: u32, how: &str) -> Vec<Step> {
    let [steady, shaky] = views(session);
    let (view, errors): (_, &[&str]) = if rng.bool() { (steady, &[]) } else { (shaky, &["08006"]) };
    vec![
        Step::new(of_view(&view), Expectation::Rows(world.answers[0])),
        Step::new(format!("REFRESH MATERIALIZED VIEW {how} {view}"), Expectation::Done).failing(errors),
        Step::new(of_view(&view), Expectation::Rows(world.answers[0])),
    ]
}

fn cursor(rng: &mut fastrand::Rng, world: &World, held: bool) -> Vec<Step> {
    let place = question(rng, &[About::One, About::OneOfAny, About::Join]);
    let hold = if held { "WITH HOLD" } else { "" };
    let fetch = format!("FETCH {FETCHED} FROM c");
    let pause = Duration::from_millis(rng.u64(0..40));
    let commit = Step::new("COMMIT", Expectation::Done);
    let rest = Step::new("FETCH ALL FROM c", Expectation::Rest(world.answers[place])).after(pause);
    let mut steps = vec![
        Step::new("BEGIN", Expectation::Done),
        Step::new(format!("DECLARE c CURSOR {hold} FOR {}", QUESTIONS[place].of_schema("good")), Expectation::Done),
        Step::new(fetch.clone(), Expectation::Part),
        Step::new(fetch, Expectation::Part).after(pause),
    ];
    if held {
        steps.extend([commit, rest, Step::new("CLOSE c", Expectation::Done)]);
    } else if rng.bool() {
        steps.extend([rest, commit]);
    } else {
        steps.extend([Step::new("CLOSE c", Expectation::Done), commit]);
    }
    steps
}

fn savepoint(rng: &mut fastrand::Rng, world: &World) -> Vec<Step> {
    vec![
        Step::new("BEGIN", Expectation::Done),
        good(rng, world, &[About::One]),
        Step::new("SAVEPOINT s", Expectation::Done),
        failing(rng, world),
        Step::new("ROLLBACK TO s", Expectation::Done),
        good(rng, world, &[About::One, About::OneOfAny]),
        Step::new("COMMIT", Expectation::Done),
    ]
}

/// One statement with a failure between two answers.
fn plpgsql(rng: &mut fastrand::Rng, world: &World) -> Step {
    let place = question(rng, &[About::One, About::OneOfAny]);
    let (good, bad) = (QUESTIONS[place].of_schema("good"), failing(rng, world));
    let calls = [&good, &bad.sql, &good].map(|query| format!("storm.guarded($q${query}$q$)"));
    let count = world.answers[place].rows.to_string();
    let caught = bad.errors.first().copied().unwrap_or_default();
    let expected = Answer::of_values([count.as_str(), caught, count.as_str()].into_iter().map(Some));
    Step::new(format!("SELECT {}", calls.join(", ")), Expectation::Rows(expected))
}

fn prepared(rng: &mut fastrand::Rng, world: &World) -> Vec<Step> {
    let mut steps = vec![
        Step::new("DEALLOCATE ALL", Expectation::Done),
        Step::new(format!("PREPARE p(text) AS {}", by_action("good", "$1")), Expectation::Done),
    ];
    steps.extend((0..EXECUTIONS).map(|_| {
        let place = rng.usize(..ACTIONS.len());
        Step::new(format!("EXECUTE p('{}')", ACTIONS[place]), Expectation::Rows(world.by_action[place]))
    }));
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_draws_the_same_scenarios_each_time_and_every_kind() {
        let answers = vec![Answer::default(); QUESTIONS.len()];
        let world = World { answers, by_action: vec![Answer::default(); ACTIONS.len()] };
        let draw = |seed| {
            let mut rng = fastrand::Rng::with_seed(seed);
            let scenarios = (0..300).map(|_| Scenario::draw(&mut rng, &world, 3));
            scenarios
                .map(|scenario| (scenario.kind, scenario.steps.iter().map(|step| step.sql.clone()).collect()))
                .collect::<Vec<(ScenarioKind, Vec<String>)>>()
        };
        let first = draw(1);
        assert_eq!(first, draw(1));
        assert_ne!(first, draw(2));
        for (kind, name) in KINDS {
            assert!(first.iter().any(|(drawn, _)| *drawn == kind), "{name}");
        }
    }
}
