//! Draws what a query shows of the rows it finds: columns, aggregates and groups, their order and their number.

use super::condition::Condition;
use super::draw::Drawer;
use super::rng::Rng;
use super::select::{FromItem, OrderBy, Select, Source};
use super::table::{Column, Table, ValueType};

/// What the outputs of a query are drawn from: one table or subquery in its FROM.
struct Shown {
    alias: String,
    columns: Vec<&'static Column>,
    /// The column of times, with the alias.
    time: String,
}

impl Drawer<'_> {
    /// A query of these rows: its outputs, their order, and how many of them.
    pub(super) fn outputs(&mut self, table: &'static Table, from: FromItem, filter: Vec<Condition>) -> Select {
        let columns = match &from.source {
            Source::Table(table) => table.columns.iter().collect(),
            Source::Derived { columns, .. } => columns.iter().filter_map(|name| table.column(name)).collect(),
        };
        let shown = Shown { alias: from.alias.clone(), columns, time: format!("{}.{}", from.alias, table.time) };
        let mut select = Select::new(Vec::new(), from, filter);
        let rng = self.rng();
        match rng.weighted(&[44, 18, 14, 14, 6, 4]) {
            0 => shown.rows(rng, &mut select),
            1 => select.output.push("count(*)".into()),
            2 => shown.aggregates(rng, &mut select),
            3 => shown.groups(rng, &mut select),
            4 => shown.distinct_values(rng, &mut select),
            _ => shown.counted_rows(rng, &mut select),
        }
        select
    }

    /// Shows, or counts, something of a joined table as well. Groups and distinct values stay as they are.
    pub(super) fn show_joined(&mut self, select: &mut Select, alias: &str, columns: &'static [Column]) {
        if select.grouped > 0 || select.distinct {
            return;
        }
        let column = columns[self.rng().number(0..columns.len().min(3))].name;
        let is_aggregate = select.output[0].contains('(') && select.order.is_none();
        let shown = format!("{alias}.{column}");
        select.output.push(if is_aggregate { format!("count({shown})") } else { shown });
    }
}

impl Shown {
    fn column(&self, rng: &mut Rng) -> &'static Column {
        self.columns[rng.number(0..self.columns.len())]
    }

    fn name(&self, column: &Column) -> String {
        format!("{}.{}", self.alias, column.name)
    }

    fn rows(&self, rng: &mut Rng, select: &mut Select) {
        select.output.push(self.time.clone());
        select.output.extend((0..rng.number(0..4)).map(|_| self.name(self.column(rng))));
        if rng.in_hundred(55) {
            let nulls = *rng.pick(&["", "", "", " NULLS FIRST", " NULLS LAST"]);
            select.order = Some(OrderBy { descending: rng.in_hundred(50), nulls, total: rng.in_hundred(60) });
            if rng.in_hundred(60) {
                select.limit = Some([0, 1, 2, 10, 150, 1000][rng.weighted(&[4, 25, 15, 30, 16, 10])]);
                select.offset = rng.in_hundred(25).then(|| [0, 1, 7, 120][rng.weighted(&[10, 30, 40, 20])]);
            }
        }
    }

    fn aggregates(&self, rng: &mut Rng, select: &mut Select) {
        let time = &self.time;
        select.output = vec!["count(*)".into(), format!("min({time})"), format!("max({time})")];
        let column = self.column(rng);
        let name = self.name(column);
        select.output.push(match column.kind {
            ValueType::Int => format!("sum({name})"),
            ValueType::Flag => format!("bool_or({name})"),
            ValueType::Uuid => format!("count(DISTINCT {name})"),
            ValueType::Text | ValueType::Time => format!("max({name})"),
        });
    }

    fn groups(&self, rng: &mut Rng, select: &mut Select) {
        let column = self.column(rng);
        let (name, unit) = (self.name(column), *rng.pick(&["month", "week", "day"]));
        select.output.push(if column.kind == ValueType::Time { format!("date_trunc('{unit}', {name})") } else { name });
        select.output.extend(["count(*)".into(), format!("max({})", self.time), format!("count({})", self.name(self.columns[0]))]);
        select.grouped = 1;
        select.having = rng.in_hundred(25).then_some("count(*) > 2");
        if rng.in_hundred(40) {
            first_of_all(rng, select, 3);
        }
    }

    fn distinct_values(&self, rng: &mut Rng, select: &mut Select) {
        select.distinct = true;
        select.output.push(self.name(self.column(rng)));
        if rng.in_hundred(50) {
            first_of_all(rng, select, 5);
        }
    }

    /// Rows behind a LIMIT without an order, of which only the number is determined.
    fn counted_rows(&self, rng: &mut Rng, select: &mut Select) {
        select.output.push(self.time.clone());
        select.limit = Some([0, 1, 5, 250, 5000][rng.number(0..5)]);
        select.offset = rng.in_hundred(30).then_some(3);
        select.counted = true;
    }
}

/// A total order, and perhaps this limit.
fn first_of_all(rng: &mut Rng, select: &mut Select, limit: u64) {
    select.order = Some(OrderBy { descending: rng.in_hundred(50), nulls: "", total: true });
    select.limit = rng.in_hundred(50).then_some(limit);
}
