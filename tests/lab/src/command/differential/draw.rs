//! Draws a query: the same seed and number draw the same one, without a server.

use super::condition::Condition;
use super::rng::Rng;
use super::sample::Sample;
use super::select::{Form, FromItem, Query, Select, Source, Wrap};
use super::setup::{Family, SETUPS, Setup};
use super::table::{Column, LINKS, TABLES, Table, ValueType, table as table_of};
use super::time_leaf::Leaves;
use super::zone::ZONES;

/// Weight of each table, in the order of [`TABLES`].
const SHARES: [u32; 10] = [34, 8, 10, 20, 14, 5, 4, 14, 6, 0];
/// Settings that make the planner take other paths.
const SETTINGS: [&str; 8] = [
    "enable_hashjoin = off",
    "enable_nestloop = off",
    "enable_mergejoin = off",
    "enable_material = off",
    "enable_memoize = off",
    "enable_async_append = off",
    "enable_sort = off",
    "work_mem = '64kB'",
];
/// Settings that change how the planner treats partitions.
const PARTITION_SETTINGS: [&str; 5] = [
    "enable_partitionwise_join = on",
    "enable_partitionwise_aggregate = on",
    "enable_partition_pruning = off",
    "constraint_exclusion = on",
    "constraint_exclusion = off",
];

/// The query of a seed and a number.
pub(super) fn draw(sample: &Sample, seed: u64, number: u64) -> Query {
    let mut rng = Rng::new(seed, number);
    let zone = if rng.in_hundred(40) { &ZONES[0] } else { rng.pick(&ZONES) };
    let shares: Vec<u32> = SETUPS.iter().map(|setup| setup.share).collect();
    let place = rng.weighted(&shares);
    let setup = &SETUPS[place];
    let mut settings = if rng.in_hundred(25) { vec![*rng.pick(&SETTINGS)] } else { Vec::new() };
    if setup.family == Family::Partition && rng.in_hundred(40) {
        settings.push(*rng.pick(&PARTITION_SETTINGS));
    }
    let form = match rng.weighted(&[70, 6, 10, 6, 4, 4]) {
        0 => Form::Plain,
        1 => Form::Prepared { mode: "force_custom_plan" },
        2 => Form::Prepared { mode: "force_generic_plan" },
        3 => Form::Prepared { mode: "auto" },
        4 => Form::Cursor { rows: rng.number(1..300), rewinds: false },
        _ => Form::Cursor { rows: rng.number(1..20), rewinds: true },
    };
    let mut drawer = Drawer { leaves: Leaves { rng: &mut rng, sample, zone, edges: setup.edges }, setup };
    let select = drawer.top();
    Query { select, form, zone: zone.name, settings, setup: place }
}

/// Draws the parts of one query.
pub(super) struct Drawer<'d> {
    pub(super) leaves: Leaves<'d>,
    setup: &'static Setup,
}

impl Drawer<'_> {
    pub(super) fn rng(&mut self) -> &mut Rng {
        self.leaves.rng
    }

    fn top(&mut self) -> Select {
        let place = self.rng().weighted(&SHARES);
        let table = &TABLES[place];
        match self.rng().weighted(&[50, 18, 16, 16]) {
            0 => {
                let (from, filter) = self.filtered_table(table, true);
                self.outputs(table, from, filter)
            }
            1 => self.join(),
            2 => self.derived(table),
            _ => {
                let (from, mut filter) = self.filtered_table(table, true);
                filter.extend(self.subquery(table, &from.alias));
                self.outputs(table, from, filter)
            }
        }
    }

    /// A table, and conditions that satisfy its API.
    pub(super) fn filtered_table(&mut self, table: &'static Table, bounded: bool) -> (FromItem, Vec<Condition>) {
        let alias = self.rng().alias();
        let mut filter = self.required_conditions(table, &alias, bounded);
        filter.extend(self.optional_conditions(table, &alias));
        (FromItem { alias, source: Source::Table(table) }, filter)
    }

    /// The conditions that the API requires.
    pub(super) fn required_conditions(&mut self, table: &'static Table, alias: &str, bounded: bool) -> Vec<Condition> {
        let mut filter = Vec::new();
        if let Some(key) = table.key {
            let links: Vec<_> = LINKS.iter().filter(|(_, _, right, column)| *right == table.name && *column == key).collect();
            if !links.is_empty() && self.rng().in_hundred(25) {
                let (left, column, ..) = **self.rng().pick(&links);
                let select = self.values_of(table_of(left), column);
                filter.push(Condition::In { value: format!("{alias}.{key}"), not: false, select: Box::new(select) });
            } else {
                filter.extend(self.leaves.key(table, alias, key));
            }
        }
        let share = self.setup.bounds(table);
        if table.bounded && bounded && self.rng().in_hundred(share) {
            filter.push(self.leaves.lower(table, alias, table.time));
        }
        filter
    }

    /// Conditions beside the required ones.
    pub(super) fn optional_conditions(&mut self, table: &'static Table, alias: &str) -> Vec<Condition> {
        let mut filter = Vec::new();
        if !table.parameters.is_empty() && self.setup.has_parameters && self.rng().in_hundred(16) {
            let parameter = self.rng().pick(table.parameters);
            filter.push(self.leaves.parameter(table, alias, parameter));
        }
        for _ in 0..self.rng().weighted(&[14, 46, 28, 12]) {
            filter.push(self.tree(table, alias, 0));
        }
        filter
    }

    fn tree(&mut self, table: &'static Table, alias: &str, depth: usize) -> Condition {
        let shape = if depth < 2 { self.rng().weighted(&[70, 8, 15, 7]) } else { 0 };
        if shape > 0 {
            let count = if shape == 3 { 1 } else { self.rng().number(2..4) };
            let mut parts: Vec<Condition> = (0..count).map(|_| self.tree(table, alias, depth + 1)).collect();
            return match shape {
                1 => Condition::And(parts),
                2 => Condition::Or(parts),
                _ => Condition::Not(Box::new(parts.remove(0))),
            };
        }
        let free: Vec<&'static Column> = table.columns.iter().filter(|column| table.key != Some(column.name)).collect();
        let only = |wanted: &[&str]| -> Vec<&'static Column> {
            let columns: Vec<_> = free.iter().filter(|column| wanted.contains(&column.name)).copied().collect();
            if columns.is_empty() { free.clone() } else { columns }
        };
        let columns = match self.rng().weighted(&[40, 36, 24]) {
            0 => only(&[table.time]),
            1 => only(table.filtered),
            _ => free,
        };
        let column = *self.rng().pick(&columns);
        self.leaves.any(table, alias, column)
    }

    /// A query of subqueries, views or CTEs.
    fn derived(&mut self, table: &'static Table) -> Select {
        let wrap = *self.rng().pick(&[
            Wrap::Subquery,
            Wrap::Subquery,
            Wrap::View,
            Wrap::View,
            Wrap::With(""),
            Wrap::With("MATERIALIZED "),
            Wrap::With("NOT MATERIALIZED "),
        ]);
        // The planner pulls the subquery up or pushes the condition down, unless the CTE is materialized: so an outer bound satisfies the
        // API.
        let from_outside = table.bounded && wrap != Wrap::With("MATERIALIZED ") && self.rng().in_hundred(50);
        let text =
            |table: &'static Table| table.columns.iter().find(|column| column.kind == ValueType::Text && table.key != Some(column.name));
        let columns: Vec<&'static str> = std::iter::once(table.time).chain(text(table).map(|column| column.name)).collect();
        let mut tables = vec![table];
        for _ in 0..self.rng().weighted(&[35, 45, 20]) {
            let other = if from_outside || self.rng().in_hundred(60) { table } else { &TABLES[[0, 3, 4, 7][self.leaves.rng.number(0..4)]] };
            tables.push(other);
        }
        let parts = tables.into_iter().map(|part| {
            let (from, filter) = self.filtered_table(part, !from_outside);
            let output =
                std::iter::once(part.time).chain(text(part).map(|column| column.name)).map(|name| format!("{}.{name}", from.alias));
            Select::new(output.collect(), from, filter)
        });
        let parts = parts.collect();
        let alias = self.rng().alias();
        let mut filter = Vec::new();
        if from_outside {
            filter.push(self.leaves.lower(table, &alias, table.time));
        }
        for name in &columns {
            if let Some(column) = table.column(name).filter(|_| self.leaves.rng.in_hundred(50)) {
                filter.push(self.leaves.any(table, &alias, column));
            }
        }
        let from = FromItem { alias, source: Source::Derived { wrap, parts, columns } };
        self.outputs(table, from, filter)
    }
}

#[cfg(test)]
mod tests {
    use super::super::write::{Side, script};
    use super::*;

    /// Whether parentheses and quotes are balanced, and every operand is filled in.
    fn is_whole(sql: &str) -> bool {
        let (mut depth, mut quoted) = (0_i32, false);
        for letter in sql.chars() {
            match letter {
                '\'' => quoted = !quoted,
                '(' if !quoted => depth += 1,
                ')' if !quoted => depth -= 1,
                _ => {}
            }
            if depth < 0 {
                return false;
            }
        }
        depth == 0 && !quoted && !sql.replace("'{}'", "").contains("{}")
    }

    #[test]
    fn the_same_seed_draws_the_same_queries() {
        let sample = Sample::read().unwrap();
        let drawn = |seed| (0..300).map(|number| draw(&sample, seed, number)).collect::<Vec<_>>();
        assert_eq!(drawn(1), drawn(1));
        let (one, other) = (drawn(1), drawn(2));
        let alike = one.iter().zip(&other).filter(|(one, other)| one == other).count();
        assert!(alike < 5, "{alike}");
    }

    #[test]
    fn queries_are_whole() {
        let sample = Sample::read().unwrap();
        for number in 0..3000 {
            let query = draw(&sample, 1, number);
            for side in [Side::Foreign, Side::Local] {
                let statements = script(&query, side);
                for sql in statements.before.iter().chain(&statements.compared) {
                    assert!(is_whole(sql), "{sql}");
                }
            }
        }
    }

    #[test]
    fn every_table_form_and_kind_of_condition_is_drawn() {
        let sample = Sample::read().unwrap();
        let all: String = (0..5000)
            .flat_map(|number| {
                let statements = script(&draw(&sample, 1, number), Side::Foreign);
                statements.before.into_iter().chain(statements.compared)
            })
            .collect();
        let tables = TABLES.iter().map(|table| format!(" {} t", table.name));
        let words = [
            "BETWEEN",
            "IN (SELECT",
            "NOT EXISTS",
            "LATERAL",
            "LEFT JOIN",
            "UNION ALL",
            "MATERIALIZED",
            "CREATE TEMP VIEW",
            "DECLARE",
            "EXECUTE",
            "GROUP BY",
            "HAVING",
            "DISTINCT",
            "LIMIT 0",
            "OFFSET",
            "NULLS FIRST",
            "AT TIME ZONE",
            "::date",
            "date_trunc('week'",
            "extract(year",
            "date_part(",
            "to_char(",
            "interval",
            "infinity",
            " BC",
            "coalesce(",
            "IS UNKNOWN",
            "= ANY",
            "LIKE",
            "NULL::timestamptz",
            "now()",
            "IS NOT DISTINCT FROM",
            "excludedeleted",
            "categoryid = ",
            "categoryid IN",
            "force_generic_plan",
            "(SELECT max(",
        ];
        for wanted in words.iter().map(|word| (*word).to_owned()).chain(tables) {
            assert!(all.contains(&wanted), "{wanted}");
        }
    }
}
