//! Draws queries of several tables: subqueries, joins, and lateral joins.

use super::condition::{Condition, Operand};
use super::draw::Drawer;
use super::select::{FromItem, Join, OrderBy, Select, Source, Wrap};
use super::table::{LINKS, Link, TABLES, Table, ValueType, table as table_of};
use super::zone::zoned;

/// The table that a join begins with, and the conditions on it.
struct Outer {
    table: &'static Table,
    from: FromItem,
    filter: Vec<Condition>,
}

impl Drawer<'_> {
    /// A subquery that yields the values of one column.
    pub(super) fn values_of(&mut self, table: &'static Table, column: &str) -> Select {
        let (from, mut filter) = self.filtered_table(table, true);
        let alias = from.alias.clone();
        filter.push(self.narrow_window(table, &alias));
        let output = vec![format!("{alias}.{column}")];
        Select::new(output, from, filter)
    }

    /// A range of time that has few rows.
    fn narrow_window(&mut self, table: &'static Table, alias: &str) -> Condition {
        let times = self.leaves.sample.times(table, table.time);
        let first = self.leaves.rng.number(0..times.len());
        let last = (first + self.leaves.rng.number(1..12)).min(times.len() - 1);
        let operands = [first, last].map(|place| Operand::plain(format!("timestamptz '{}'", zoned(times[place]))));
        Condition::leaf(format!("{alias}.{} BETWEEN {{}} AND {{}}", table.time), operands.into())
    }

    /// A condition that contains a subquery.
    pub(super) fn subquery(&mut self, table: &'static Table, alias: &str) -> Option<Condition> {
        let time = format!("{alias}.{}", table.time);
        let links: Vec<_> = LINKS.iter().filter(|(_, _, right, column)| *right == table.name && table.key != Some(*column)).collect();
        if links.is_empty() || self.rng().in_hundred(40) {
            // The value of the bound is known only when the scan starts.
            let inner = if self.rng().in_hundred(50) { table_of("keys") } else { &TABLES[0] };
            let function = *self.rng().pick(&["min", "max"]);
            let mut select = self.values_of(inner, inner.time);
            select.output = vec![format!("{function}({})", select.output[0])];
            let op = *self.rng().pick(&[">=", "<", "=", "<=", ">"]);
            return Some(Condition::leaf(format!("{time} {op} {{}}"), vec![Operand::Scalar(Box::new(select))]));
        }
        let (left, left_column, _, column) = **self.rng().pick(&links);
        let (left, column) = (table_of(left), format!("{alias}.{column}"));
        let mut select = self.values_of(left, left_column);
        let not = self.rng().in_hundred(35);
        Some(match self.rng().weighted(&[40, 35, 25]) {
            0 => Condition::In { value: column, not, select: Box::new(select) },
            1 => {
                select.filter.push(Condition::leaf(format!("{} = {column}", select.output[0]), Vec::new()));
                select.output = vec!["1".into()];
                Condition::Exists { not, select: Box::new(select) }
            }
            _ => {
                select.output = vec![format!("min({})", select.output[0])];
                if table_of(left.name).column(left_column).is_some_and(|column| column.kind == ValueType::Uuid) {
                    select.output =
                        vec![format!("(min({}::text))::uuid", select.output[0].trim_start_matches("min(").trim_end_matches(')'))];
                }
                Condition::leaf(format!("{column} = {{}}"), vec![Operand::Scalar(Box::new(select))])
            }
        })
    }

    /// A join of two tables that have values in common.
    pub(super) fn join(&mut self) -> Select {
        let link = *self.rng().pick(LINKS);
        let (left, right) = (table_of(link.0), table_of(link.2));
        let (from, mut filter) = self.filtered_table(left, true);
        let shape = self.rng().weighted(&[45, 25, 15, 15]);
        // Bounds the join where each row of the left side costs a request of its own: for the log of a ticket, or for a subquery.
        if left.is_foreign() && (right.key.is_some() || shape == 2 || self.rng().in_hundred(50)) {
            filter.push(self.narrow_window(left, &from.alias));
        }
        let alias = self.rng().alias();
        let on = self.join_conditions(link, &from.alias, &alias);
        let item = FromItem { alias, source: Source::Table(right) };
        let outer = Outer { table: left, from, filter };
        match shape {
            0 => self.plain_join("JOIN", outer, right, item, on),
            1 => self.plain_join("LEFT JOIN", outer, right, item, on),
            2 => self.lateral_join(outer, right, item, on),
            _ => self.semi_join(outer, item, on),
        }
    }

    /// The link itself, and conditions on the right table, whose alias is `far`.
    fn join_conditions(&mut self, link: Link, near: &str, far: &str) -> Vec<Condition> {
        let (left, left_column, right, right_column) = link;
        let right = table_of(right);
        let is_time = || right.column(right_column).is_some_and(|column| column.kind == ValueType::Time);
        let template = if left == "keys" && is_time() && self.rng().in_hundred(40) {
            format!("{far}.{right_column} >= {near}.at AND {far}.{right_column} < {near}.until")
        } else {
            format!("{far}.{right_column} = {near}.{left_column}")
        };
        let mut on = vec![Condition::leaf(template, Vec::new())];
        let required = self.required_conditions(right, far, true);
        // The first required condition is on the key: a join on the key supplies it.
        on.extend(required.into_iter().skip(usize::from(right.key == Some(right_column))));
        if self.rng().in_hundred(60) {
            on.extend(self.optional_conditions(right, far));
        }
        on
    }

    fn plain_join(&mut self, word: &'static str, outer: Outer, right: &'static Table, item: FromItem, on: Vec<Condition>) -> Select {
        let alias = item.alias.clone();
        let mut select = self.outputs(outer.table, outer.from, outer.filter);
        select.joins.push(Join { word, item, on });
        self.show_joined(&mut select, &alias, right.columns);
        select
    }

    /// A subquery that runs for each row of the outer table, and yields the first rows that satisfy `on`.
    fn lateral_join(&mut self, outer: Outer, right: &'static Table, item: FromItem, on: Vec<Condition>) -> Select {
        let columns: Vec<&'static str> = right.columns.iter().take(3).map(|column| column.name).collect();
        let output = columns.iter().map(|column| format!("{}.{column}", item.alias)).collect();
        let mut inner = Select::new(output, item, on);
        inner.order = Some(OrderBy { descending: self.rng().in_hundred(50), nulls: "", total: true });
        inner.limit = Some(self.rng().number(1..4) as u64);
        let alias = self.rng().alias();
        let word = *self.rng().pick(&["CROSS JOIN LATERAL", "LEFT JOIN LATERAL"]);
        let mut select = self.outputs(outer.table, outer.from, outer.filter);
        let source = Source::Derived { wrap: Wrap::Subquery, parts: vec![inner], columns };
        select.joins.push(Join { word, item: FromItem { alias: alias.clone(), source }, on: Vec::new() });
        self.show_joined(&mut select, &alias, right.columns);
        select
    }

    /// The outer rows that have, or have not, a row of the right table: by `EXISTS`.
    fn semi_join(&mut self, outer: Outer, item: FromItem, on: Vec<Condition>) -> Select {
        let Outer { table, from, mut filter } = outer;
        let inner = Select::new(vec!["1".into()], item, on);
        filter.push(Condition::Exists { not: self.rng().in_hundred(60), select: Box::new(inner) });
        self.outputs(table, from, filter)
    }
}
