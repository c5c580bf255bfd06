//! Shrinks a failing query: while a smaller query fails as well, it takes the place of the larger one.

use super::condition::{Condition, with, without};
use super::select::{Form, FromItem, Query, Select, Source, Wrap};
use super::zone::ZONES;

/// An output that refers to no column.
const COUNT: &str = "count(*)";

/// The smallest query that still fails, and how many were tried. `fails` says whether one does.
pub(super) fn shrink(query: Query, most: usize, mut fails: impl FnMut(&Query) -> bool) -> (Query, usize) {
    let mut tried = 0;
    let mut smallest = query;
    'smaller: loop {
        for candidate in smaller(&smallest) {
            if tried == most {
                return (smallest, tried);
            }
            tried += 1;
            if fails(&candidate) {
                smallest = candidate;
                continue 'smaller;
            }
        }
        return (smallest, tried);
    }
}

/// Each query that is one step smaller, the largest steps first.
fn smaller(query: &Query) -> Vec<Query> {
    let mut found = Vec::new();
    if query.form != Form::Plain {
        found.push(Query { form: Form::Plain, ..query.clone() });
    }
    if query.zone != ZONES[0].name {
        found.push(Query { zone: ZONES[0].name, ..query.clone() });
    }
    if !query.settings.is_empty() {
        found.push(Query { settings: Vec::new(), ..query.clone() });
    }
    if query.setup > 0 {
        found.push(Query { setup: 0, ..query.clone() });
    }
    found.extend(selects(&query.select).into_iter().map(|select| Query { select, ..query.clone() }));
    found
}

/// Each select that is one step smaller, the largest steps first.
fn selects(select: &Select) -> Vec<Select> {
    let mut steps = Steps { select, found: inner_selects(select) };
    steps.drop_clauses();
    steps.replace_parts();
    steps.found
}

/// The selects and joined tables inside, each as a query of its own.
fn inner_selects(select: &Select) -> Vec<Select> {
    let mut found = match &select.from.source {
        Source::Derived { parts, .. } => parts.clone(),
        Source::Table(_) => Vec::new(),
    };
    found.extend(select.filter.iter().filter_map(Condition::inner).cloned());
    // The first condition of a join compares the two tables: without the other table it has no meaning.
    found.extend(select.joins.iter().map(|join| {
        let on = join.on.iter().skip(1).cloned().collect();
        Select::new(vec![COUNT.into()], join.item.clone(), on)
    }));
    found
}

/// A select, and those that are one step smaller.
struct Steps<'s> {
    select: &'s Select,
    found: Vec<Select>,
}

impl Steps<'_> {
    /// Adds the select as changed, unless the change has no effect.
    fn push(&mut self, change: impl FnOnce(&mut Select)) {
        let mut smaller = self.select.clone();
        change(&mut smaller);
        if smaller != *self.select {
            self.found.push(smaller);
        }
    }

    /// Leaves something out.
    fn drop_clauses(&mut self) {
        let select = self.select;
        for place in 0..select.joins.len() {
            self.push(|smaller| drop(smaller.joins.remove(place)));
        }
        self.push(|smaller| {
            // A limit without an order would leave open which rows there are.
            (smaller.order, smaller.limit, smaller.offset) = (None, None, None);
        });
        self.push(|smaller| smaller.limit = None);
        self.push(|smaller| smaller.offset = None);
        self.push(|smaller| smaller.having = None);
        self.push(|smaller| smaller.distinct = false);
        self.push(|smaller| smaller.counted = false);
        self.push(|smaller| smaller.filter.clear());
        for place in 0..select.filter.len() {
            self.push(|smaller| drop(smaller.filter.remove(place)));
        }
        self.push(|smaller| {
            // Where the number of outputs matters, in a condition or under names of columns, this query does not run.
            (smaller.output, smaller.grouped, smaller.having) = (vec![COUNT.into()], 0, None);
            (smaller.order, smaller.limit, smaller.offset, smaller.distinct, smaller.counted) = (None, None, None, false, false);
        });
        if select.output.len() > 1 {
            for place in select.grouped..select.output.len() {
                self.push(|smaller| drop(smaller.output.remove(place)));
            }
        }
    }

    /// Replaces a condition or a subquery by a smaller one.
    fn replace_parts(&mut self) {
        let select = self.select;
        for (place, condition) in select.filter.iter().enumerate() {
            for part in condition.smaller(&selects) {
                self.push(|smaller| smaller.filter = with(&select.filter, place, part.clone()));
            }
        }
        for smaller in froms(&select.from) {
            self.push(|found| found.from = smaller.clone());
        }
        for (place, join) in select.joins.iter().enumerate() {
            for smaller in froms(&join.item) {
                self.push(|found| found.joins[place].item = smaller.clone());
            }
            for at in 0..join.on.len() {
                self.push(|found| found.joins[place].on = without(&join.on, at));
                for part in join.on[at].smaller(&selects) {
                    self.push(|found| found.joins[place].on = with(&join.on, at, part.clone()));
                }
            }
        }
    }
}

/// Each FROM item that is one step smaller; a table has none.
fn froms(from: &FromItem) -> Vec<FromItem> {
    let Source::Derived { wrap, parts, columns } = &from.source else { return Vec::new() };
    let derived = |wrap, parts| FromItem { alias: from.alias.clone(), source: Source::Derived { wrap, parts, columns: columns.clone() } };
    let mut found = Vec::new();
    if parts.len() > 1 {
        found.extend((0..parts.len()).map(|place| derived(*wrap, without(parts, place))));
    }
    if *wrap != Wrap::Subquery {
        found.push(derived(Wrap::Subquery, parts.clone()));
    }
    for (place, part) in parts.iter().enumerate() {
        found.extend(selects(part).into_iter().map(|part| derived(*wrap, with(parts, place, part))));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::draw::draw;
    use super::super::sample::Sample;
    use super::super::write::{Side, script};
    use super::*;

    fn text(query: &Query) -> String {
        script(query, Side::Foreign).compared.remove(0)
    }

    #[test]
    fn what_makes_no_difference_goes() {
        let sample = Sample::read().unwrap();
        let is_wrong = |query: &Query| query.settings.len() < 2 && text(query).contains("actionname =");
        let drawn: Vec<Query> = (0..3000).map(|number| draw(&sample, 7, number)).filter(is_wrong).take(40).collect();
        assert_eq!(drawn.len(), 40);
        for query in drawn {
            let (smallest, _) = shrink(query.clone(), 2000, is_wrong);
            assert_eq!((smallest.form.clone(), smallest.zone, smallest.setup), (Form::Plain, "UTC", 0));
            // One condition, on one table; if it was inside something, that is around it still.
            assert!(text(&smallest).len() < 320, "{}\n{}", text(&query), text(&smallest));
            assert_eq!(text(&smallest).matches("createddate").count(), 0, "{}", text(&smallest));
        }
    }

    #[test]
    fn a_query_that_cannot_be_smaller_stays() {
        let query = draw(&Sample::read().unwrap(), 7, 1);
        assert_eq!(shrink(query.clone(), 100, |_| false).0, query);
    }

    #[test]
    fn no_smaller_query_lets_its_rows_be_any() {
        let sample = Sample::read().unwrap();
        for number in 0..500 {
            for candidate in smaller(&draw(&sample, 3, number)) {
                let sql = text(&candidate);
                let is_limited = candidate.select.limit.is_some() && !candidate.select.counted;
                assert!(!is_limited || candidate.form != Form::Plain || sql.contains(" ORDER BY "), "{sql}");
            }
        }
    }
}
