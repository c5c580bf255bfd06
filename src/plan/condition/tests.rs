use super::*;
use crate::plan::time_expr::tests::Zurich;
use crate::plan::window::WindowSet;

const TIME: usize = 0;
const NAME: usize = 1;
const OWNER: usize = 2;

fn cmp(column: usize, op: Op, operand: usize) -> Condition {
    Condition::Compare { column, op, operand }
}

fn text(s: &str) -> Value {
    Value::Text(s.into())
}

fn select(c: &Condition, operands: &[Value]) -> Selection {
    c.select(Some(TIME), operands, &Zurich)
}

#[test]
fn bounds_intersect_to_the_tightest_window() {
    let c = Condition::And(vec![cmp(TIME, Op::Ge, 0), cmp(TIME, Op::Gt, 1), cmp(TIME, Op::Le, 2)]);
    let s = select(&c, &[Value::Time(10), Value::Time(15), Value::Time(20)]);
    assert_eq!(s.windows.windows(), [Window { lo: 16, hi: 21 }]);
    assert_eq!(c.bounds(TIME), (true, true));
}

#[test]
fn a_null_operand_selects_nothing_but_not_in_the_other_branch_of_an_or() {
    assert!(select(&cmp(TIME, Op::Ge, 0), &[Value::Null]).is_nothing());
    assert!(select(&cmp(NAME, Op::Eq, 0), &[Value::Null]).is_nothing());
    let c = Condition::Or(vec![cmp(TIME, Op::Eq, 0), cmp(TIME, Op::Eq, 1)]);
    assert_eq!(select(&c, &[Value::Null, Value::Time(5)]).windows.windows(), [Window { lo: 5, hi: 6 }]);
}

#[test]
fn lists_skip_nulls_and_an_empty_list_selects_nothing() {
    let c = Condition::AnyOf { column: NAME, operand: 0 };
    assert!(select(&c, &[Value::List(vec![])]).is_nothing());
    assert!(select(&c, &[Value::List(vec![Value::Null])]).is_nothing());
    let s = select(&c, &[Value::List(vec![text("b"), Value::Null, text("a"), text("b")])]);
    assert_eq!(s.values[&NAME], ["a", "b"]);
}

#[test]
fn conjunctions_of_values_intersect_and_disjunctions_unite() {
    let both = Condition::And(vec![Condition::AnyOf { column: NAME, operand: 0 }, cmp(NAME, Op::Eq, 1)]);
    let list = Value::List(vec![text("a"), text("b")]);
    assert_eq!(select(&both, &[list.clone(), text("b")]).values[&NAME], ["b"]);
    assert!(select(&both, &[list, text("c")]).is_nothing());
    let either = Condition::Or(vec![cmp(NAME, Op::Eq, 0), cmp(NAME, Op::Eq, 1)]);
    assert_eq!(select(&either, &[text("x"), text("y")]).values[&NAME], ["x", "y"]);
}

#[test]
fn an_or_keeps_only_what_every_branch_says() {
    let branch = |t: usize, n: usize| Condition::And(vec![cmp(TIME, Op::Ge, t), cmp(TIME, Op::Lt, t + 1), cmp(NAME, Op::Eq, n)]);
    let c = Condition::Or(vec![branch(0, 4), Condition::And(vec![branch(2, 5), cmp(OWNER, Op::Eq, 4)])]);
    let ops = [Value::Time(0), Value::Time(5), Value::Time(10), Value::Time(15), text("a"), text("b")];
    let s = select(&c, &ops);
    assert_eq!(s.windows.windows(), [Window { lo: 0, hi: 5 }, Window { lo: 10, hi: 15 }]);
    assert_eq!(s.values[&NAME], ["a", "b"]);
    assert!(!s.values.contains_key(&OWNER), "one branch allows any owner");
    assert!(c.restricts_to_values(NAME) && !c.restricts_to_values(OWNER));
    assert_eq!(c.bounds(TIME), (true, true));
    assert_eq!(Condition::Or(vec![branch(0, 4), cmp(OWNER, Op::Eq, 4)]).bounds(TIME), (false, false));
}

#[test]
fn a_branch_without_columns_lets_every_row_through_or_none() {
    let c = Condition::Or(vec![Condition::Constant { operand: 0 }, cmp(NAME, Op::Eq, 1)]);
    assert_eq!(select(&c, &[text("true"), text("x")]), Selection::all());
    assert_eq!(select(&c, &[text("false"), text("x")]).values[&NAME], ["x"]);
    assert_eq!(select(&c, &[Value::Null, text("x")]).values[&NAME], ["x"]);
    assert!(!c.restricts_to_values(NAME) && !c.is_exact(&|_| true));
}

#[test]
fn an_operand_is_evaluated_only_where_it_matters() {
    let guarded = Condition::Or(vec![cmp(TIME, Op::Ge, 1), Condition::Constant { operand: 0 }]);
    let both = Condition::And(vec![
        cmp(NAME, Op::Eq, 2),
        guarded,
        Condition::And(vec![Condition::Constant { operand: 3 }, cmp(OWNER, Op::Eq, 4)]),
    ]);
    let evaluated = |first: &str, second: &str| {
        let (mut values, mut seen) = (vec![Value::Unknown; 5], Vec::new());
        both.evaluate(&mut values, &mut |i| {
            seen.push(i);
            text(if i == 0 {
                first
            } else if i == 3 {
                second
            } else {
                "x"
            })
        });
        seen
    };
    assert_eq!(evaluated("true", "true"), [2, 0, 3, 4]);
    assert_eq!(evaluated("false", "true"), [2, 0, 1, 3, 4]);
    assert_eq!(evaluated("false", "false"), [2, 0, 1, 3]);
}

#[test]
fn an_or_over_several_columns_is_not_exact() {
    let (a, b) = (cmp(NAME, Op::Eq, 0), cmp(OWNER, Op::Eq, 1));
    let all = |_| true;
    assert!(Condition::And(vec![]).is_exact(&all));
    assert!(Condition::And(vec![a.clone(), b.clone()]).is_exact(&all));
    assert!(Condition::Or(vec![a.clone(), Condition::AnyOf { column: NAME, operand: 1 }]).is_exact(&all));
    assert!(!Condition::Or(vec![a.clone(), b.clone()]).is_exact(&all));
    assert!(!Condition::Or(vec![a.clone(), Condition::And(vec![a.clone(), b])]).is_exact(&all));
    assert!(!cmp(NAME, Op::Gt, 0).is_exact(&all));
    assert!(!a.is_exact(&|column| column == OWNER));
}

#[test]
fn inequalities_on_values_and_unreadable_operands_stay_local() {
    assert_eq!(select(&cmp(NAME, Op::Gt, 0), &[text("a")]), Selection::all());
    assert_eq!(select(&cmp(NAME, Op::Eq, 0), &[Value::Unknown]), Selection::all());
    assert_eq!(select(&cmp(NAME, Op::Eq, 7), &[]), Selection::all());
}

#[test]
fn a_time_that_is_a_parameter_is_a_text_to_the_microsecond() {
    let c = cmp(NAME, Op::Eq, 0);
    assert_eq!(select(&c, &[Value::Time(0)]).values[&NAME], ["2000-01-01T00:00:00.000Z"]);
    assert_eq!(select(&c, &[Value::Time(-1)]).values[&NAME], ["1999-12-31T23:59:59.999999Z"]);
    assert_eq!(select(&c, &[Value::Time(i64::MAX)]), Selection::all(), "no API reads infinity");
}

#[test]
fn infinities_do_not_overflow() {
    let s = select(&cmp(TIME, Op::Le, 0), &[Value::Time(i64::MAX)]);
    assert_eq!(s.windows, WindowSet::all());
    assert!(select(&cmp(TIME, Op::Gt, 0), &[Value::Time(i64::MAX)]).is_nothing());
    assert!(select(&cmp(TIME, Op::Lt, 0), &[Value::Time(i64::MIN)]).is_nothing());
}

#[test]
fn an_or_that_parameters_make_true_says_nothing_at_the_scans_start() {
    let time = Condition::Compare { column: 3, op: Op::Le, operand: 1 };
    let condition = Condition::And(vec![Condition::Or(vec![Condition::Constant { operand: 0 }, time])]);
    let given = |first: &str| [Value::Text(first.into()), Value::Time(5)];
    let restricted = |given: &[Value]| condition.restricted_at_start(given).into_iter().collect::<Vec<_>>();
    assert_eq!((restricted(&given("false")), restricted(&given("true"))), (vec![3], vec![]));
    assert!(!condition.may_bound(3), "from above only");
}
