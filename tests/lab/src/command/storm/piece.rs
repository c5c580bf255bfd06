//! Pieces of work, drawn at random: statements of one session in their order, and what each must answer.

use std::time::Duration;

use super::world::{ACTIONS, About, FAULTY, Faulty, QUESTIONS, World, by_action, of_view, views};
use crate::command::stress::client::Answer;

/// A kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
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

pub(super) const KINDS: [(Kind, &str); 11] = [
    (Kind::Select, "SELECT"),
    (Kind::Faulty, "SELECT, faulty API"),
    (Kind::Join, "join by key"),
    (Kind::CreateTableAs, "CREATE TABLE AS"),
    (Kind::Refresh, "REFRESH"),
    (Kind::RefreshConcurrently, "REFRESH CONCURRENTLY"),
    (Kind::HeldCursor, "cursor WITH HOLD"),
    (Kind::Cursor, "cursor"),
    (Kind::Savepoint, "savepoint"),
    (Kind::Plpgsql, "plpgsql EXCEPTION"),
    (Kind::Prepared, "PREPARE, EXECUTE"),
];

/// What a statement must do when nobody ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// Succeed.
    Done,
    /// Give these rows.
    Rows(Answer),
    /// Give some of the rows that [`Want::Rest`] counts.
    Part,
    /// Give all rows of these that were not given before.
    Rest(Answer),
    /// Fail as the API does.
    Failure,
}

/// One statement.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) sql: String,
    /// How long the client waits before it.
    pub(super) pause: Duration,
    pub(super) want: Want,
    /// The classes that it may fail with by itself.
    pub(super) errors: &'static [&'static str],
}

/// Statements that belong together.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) kind: Kind,
    pub(super) steps: Vec<Step>,
}

/// Executions of a prepared statement: Postgres takes a generic plan after five.
const EXECUTIONS: usize = 8;
/// Rows that a cursor gives at once.
const FETCHED: u32 = 70;

impl Step {
    fn new(sql: impl Into<String>, want: Want) -> Self {
        Self { sql: sql.into(), pause: Duration::ZERO, want, errors: &[] }
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

impl Piece {
    /// The next piece of a session.
    pub(super) fn draw(rng: &mut fastrand::Rng, world: &World, session: u32) -> Self {
        let kind = KINDS[rng.usize(..KINDS.len())].0;
        let steps = match kind {
            Kind::Select => vec![good(rng, world, &[About::One, About::OneOfAny])],
            Kind::Join => vec![good(rng, world, &[About::Join])],
            Kind::Faulty => vec![faulty(rng, world)],
            Kind::CreateTableAs => create_table_as(rng, world),
            Kind::Refresh => refresh(rng, world, session, ""),
            Kind::RefreshConcurrently => refresh(rng, world, session, "CONCURRENTLY"),
            Kind::HeldCursor => cursor(rng, world, true),
            Kind::Cursor => cursor(rng, world, false),
            Kind::Savepoint => savepoint(rng, world),
            Kind::Plpgsql => vec![plpgsql(rng, world)],
            Kind::Prepared => prepared(rng, world),
        };
        Self { kind, steps }
    }
}

/// A question about one of these and its place.
fn question(rng: &mut fastrand::Rng, about: &[About]) -> usize {
    let places: Vec<usize> = (0..QUESTIONS.len()).filter(|place| about.contains(&QUESTIONS[*place].of)).collect();
    places[rng.usize(..places.len())]
}

/// A question that must be answered.
fn good(rng: &mut fastrand::Rng, world: &World, about: &[About]) -> Step {
    let place = question(rng, about);
    Step::new(QUESTIONS[place].of_schema("good"), Want::Rows(world.answers[place]))
}

/// A question to an API that has a fault.
fn faulty(rng: &mut fastrand::Rng, world: &World) -> Step {
    let api: &Faulty = &FAULTY[rng.usize(..FAULTY.len())];
    let place = question(rng, &[About::OneOfAny]);
    let want = if api.may_answer { Want::Rows(world.answers[place]) } else { Want::Failure };
    Step::new(QUESTIONS[place].of_schema(api.schema), want).failing(api.errors)
}

/// A question to an API that always fails.
fn failing(rng: &mut fastrand::Rng, world: &World) -> Step {
    loop {
        let step = faulty(rng, world);
        if step.want == Want::Failure {
            return step;
        }
    }
}

fn create_table_as(rng: &mut fastrand::Rng, world: &World) -> Vec<Step> {
    let place = question(rng, &[About::One, About::OneOfAny, About::Join]);
    let query = QUESTIONS[place].of_schema("good");
    vec![
        Step::new("DROP TABLE IF EXISTS pg_temp.copy", Want::Done),
        Step::new(format!("CREATE TEMP TABLE copy AS {query}"), Want::Done),
        Step::new("SELECT * FROM pg_temp.copy", Want::Rows(world.answers[place])),
    ]
}

/// A refresh, and the view after it: whatever became of the refresh, it has no hole.
fn refresh(rng: &mut fastrand::Rng, world: &World, session: u32, how: &str) -> Vec<Step> {
    let [steady, shaky] = views(session);
    let (view, errors): (_, &[&str]) = if rng.bool() { (steady, &[]) } else { (shaky, &["08006"]) };
    vec![
        Step::new(of_view(&view), Want::Rows(world.answers[0])),
        Step::new(format!("REFRESH MATERIALIZED VIEW {how} {view}"), Want::Done).failing(errors),
        Step::new(of_view(&view), Want::Rows(world.answers[0])),
    ]
}

fn cursor(rng: &mut fastrand::Rng, world: &World, held: bool) -> Vec<Step> {
    let place = question(rng, &[About::One, About::OneOfAny, About::Join]);
    let hold = if held { "WITH HOLD" } else { "" };
    let fetch = format!("FETCH {FETCHED} FROM c");
    let pause = Duration::from_millis(rng.u64(0..40));
    let commit = Step::new("COMMIT", Want::Done);
    let rest = Step::new("FETCH ALL FROM c", Want::Rest(world.answers[place])).after(pause);
    let mut steps = vec![
        Step::new("BEGIN", Want::Done),
        Step::new(format!("DECLARE c CURSOR {hold} FOR {}", QUESTIONS[place].of_schema("good")), Want::Done),
        Step::new(fetch.clone(), Want::Part),
        Step::new(fetch, Want::Part).after(pause),
    ];
    if held {
        steps.extend([commit, rest, Step::new("CLOSE c", Want::Done)]);
    } else if rng.bool() {
        steps.extend([rest, commit]);
    } else {
        steps.extend([Step::new("CLOSE c", Want::Done), commit]);
    }
    steps
}

fn savepoint(rng: &mut fastrand::Rng, world: &World) -> Vec<Step> {
    vec![
        Step::new("BEGIN", Want::Done),
        good(rng, world, &[About::One]),
        Step::new("SAVEPOINT s", Want::Done),
        failing(rng, world),
        Step::new("ROLLBACK TO s", Want::Done),
        good(rng, world, &[About::One, About::OneOfAny]),
        Step::new("COMMIT", Want::Done),
    ]
}

/// A failure between two answers, in one statement.
fn plpgsql(rng: &mut fastrand::Rng, world: &World) -> Step {
    let place = question(rng, &[About::One, About::OneOfAny]);
    let (good, bad) = (QUESTIONS[place].of_schema("good"), failing(rng, world));
    let calls = [&good, &bad.sql, &good].map(|query| format!("storm.guarded($q${query}$q$)"));
    let count = world.answers[place].rows.to_string();
    let caught = bad.errors.first().copied().unwrap_or_default();
    let expected = Answer::of_values([count.as_str(), caught, count.as_str()].into_iter().map(Some));
    Step::new(format!("SELECT {}", calls.join(", ")), Want::Rows(expected))
}

fn prepared(rng: &mut fastrand::Rng, world: &World) -> Vec<Step> {
    let mut steps =
        vec![Step::new("DEALLOCATE ALL", Want::Done), Step::new(format!("PREPARE p(text) AS {}", by_action("good", "$1")), Want::Done)];
    steps.extend((0..EXECUTIONS).map(|_| {
        let place = rng.usize(..ACTIONS.len());
        Step::new(format!("EXECUTE p('{}')", ACTIONS[place]), Want::Rows(world.by_action[place]))
    }));
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_dice_draw_the_same_pieces_and_every_kind() {
        let answers = vec![Answer::default(); QUESTIONS.len()];
        let world = World { answers, by_action: vec![Answer::default(); ACTIONS.len()] };
        let draw = |seed| {
            let mut rng = fastrand::Rng::with_seed(seed);
            let pieces = (0..300).map(|_| Piece::draw(&mut rng, &world, 3));
            pieces
                .map(|piece| (piece.kind, piece.steps.iter().map(|step| step.sql.clone()).collect()))
                .collect::<Vec<(Kind, Vec<String>)>>()
        };
        let first = draw(1);
        assert_eq!(first, draw(1));
        assert_ne!(first, draw(2));
        for (kind, name) in KINDS {
            assert!(first.iter().any(|(drawn, _)| *drawn == kind), "{name}");
        }
    }
}
