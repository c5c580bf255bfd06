//! Draws what ties tables together: subqueries, joins, and rows' own subqueries.

use super::condition::{Condition, Operand};
use super::draw::Drawer;
use super::select::{FromItem, Join, OrderBy, Select, Source, Wrap};
use super::table::{LINKS, TABLES, Table, ValueType, table as table_of};
use super::zone::zoned;

impl Drawer<'_> {
    /// The values of one column, as a subquery has them.
    pub(super) fn values_of(&mut self, table: &'static Table, column: &str) -> Select {
        let (from, mut filter) = self.filtered_table(table, true);
        let alias = from.alias.clone();
        filter.push(self.narrow_window(table, &alias));
        let output = vec![format!("{alias}.{column}")];
        Select::new(output, from, filter)
    }

    /// A window of time that has few rows.
    fn narrow_window(&mut self, table: &'static Table, alias: &str) -> Condition {
        let times = self.leaves.sample.times(table, table.time);
        let first = self.leaves.rng.number(0..times.len());
        let last = (first + self.leaves.rng.number(1..12)).min(times.len() - 1);
        let operands = [first, last].map(|place| Operand::plain(format!("timestamptz '{}'", zoned(times[place]))));
        Condition::leaf(format!("{alias}.{} BETWEEN {{}} AND {{}}", table.time), operands.into())
    }

    /// A condition with a subquery inside, on a table or on a result like it.
    pub(super) fn subquery(&mut self, table: &'static Table, alias: &str) -> Option<Condition> {
        let time = format!("{alias}.{}", table.time);
        let links: Vec<_> = LINKS.iter().filter(|(_, _, right, column)| *right == table.name && table.key != Some(*column)).collect();
        if links.is_empty() || self.rng().in_hundred(40) {
            // A bound that is known only when the scan starts.
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

    pub(super) fn join(&mut self) -> Select {
        let (left, left_column, right, right_column) = *self.rng().pick(LINKS);
        let (left, right) = (table_of(left), table_of(right));
        let (from, mut filter) = self.filtered_table(left, true);
        let near = from.alias.clone();
        let shape = self.rng().weighted(&[45, 25, 15, 15]);
        // Else the log of each ticket, or each row's own subquery, would be asked for.
        if left.is_foreign() && (right.key.is_some() || shape == 2 || self.rng().in_hundred(50)) {
            filter.push(self.narrow_window(left, &near));
        }
        let alias = self.rng().alias();
        let mut on = vec![Condition::leaf(format!("{alias}.{right_column} = {near}.{left_column}"), Vec::new())];
        if left.name == "keys"
            && right.column(right_column).is_some_and(|column| column.kind == ValueType::Time)
            && self.rng().in_hundred(40)
        {
            on =
                vec![Condition::leaf(format!("{alias}.{right_column} >= {near}.at AND {alias}.{right_column} < {near}.until"), Vec::new())];
        }
        let mut required_conditions = self.required_conditions(right, &alias, true);
        if right.key == Some(right_column) {
            // The join supplies it.
            required_conditions.drain(..1);
        }
        let optional_conditions = if self.rng().in_hundred(60) { self.optional_conditions(right, &alias) } else { Vec::new() };
        let mut select = match shape {
            word @ (0 | 1) => {
                on.extend(required_conditions);
                on.extend(optional_conditions);
                let item = FromItem { alias: alias.clone(), source: Source::Table(right) };
                let mut select = self.outputs(left, from, filter);
                select.joins.push(Join { word: ["JOIN", "LEFT JOIN"][word], item, on });
                select
            }
            2 => {
                on.extend(required_conditions);
                on.extend(optional_conditions);
                let columns: Vec<&'static str> = right.columns.iter().take(3).map(|column| column.name).collect();
                let output = columns.iter().map(|column| format!("{alias}.{column}")).collect();
                let mut inner = Select::new(output, FromItem { alias: alias.clone(), source: Source::Table(right) }, on);
                inner.order = Some(OrderBy { descending: self.rng().in_hundred(50), nulls: "", total: true });
                inner.limit = Some(self.rng().number(1..4) as u64);
                let alias = self.rng().alias();
                let word = *self.rng().pick(&["CROSS JOIN LATERAL", "LEFT JOIN LATERAL"]);
                let mut select = self.outputs(left, from, filter);
                let item = FromItem { alias: alias.clone(), source: Source::Derived { wrap: Wrap::Subquery, parts: vec![inner], columns } };
                select.joins.push(Join { word, item, on: Vec::new() });
                if select.grouped == 0 && !select.distinct {
                    self.show_joined(&mut select, &alias, right.columns);
                }
                return select;
            }
            _ => {
                on.extend(required_conditions);
                on.extend(optional_conditions);
                let item = FromItem { alias: alias.clone(), source: Source::Table(right) };
                let inner = Select::new(vec!["1".into()], item, on);
                filter.push(Condition::Exists { not: self.rng().in_hundred(60), select: Box::new(inner) });
                return self.outputs(left, from, filter);
            }
        };
        if select.grouped == 0 && !select.distinct {
            self.show_joined(&mut select, &alias, right.columns);
        }
        select
    }
}
