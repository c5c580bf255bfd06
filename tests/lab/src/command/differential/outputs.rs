//! Draws what a query shows of the rows it finds: columns, aggregates and groups, their order and their number.

use super::condition::Condition;
use super::draw::Drawer;
use super::rng::Rng;
use super::select::{FromItem, OrderBy, Select, Source};
use super::table::{Column, Table, ValueType};

impl Drawer<'_> {
    /// What is shown of the rows, in which order, and how many of them.
    pub(super) fn outputs(&mut self, table: &'static Table, from: FromItem, filter: Vec<Condition>) -> Select {
        let alias = from.alias.clone();
        let columns: Vec<&'static Column> = match &from.source {
            Source::Table(table) => table.columns.iter().collect(),
            Source::Derived { columns, .. } => columns.iter().filter_map(|name| table.column(name)).collect(),
        };
        let mut select = Select::new(Vec::new(), from, filter);
        let time = format!("{alias}.{}", table.time);
        let rng = self.rng();
        let column = |rng: &mut Rng| *rng.pick(&columns);
        match rng.weighted(&[44, 18, 14, 14, 6, 4]) {
            0 => {
                select.output.push(time);
                select.output.extend((0..rng.number(0..4)).map(|_| format!("{alias}.{}", column(rng).name)));
                if rng.in_hundred(55) {
                    let nulls = *rng.pick(&["", "", "", " NULLS FIRST", " NULLS LAST"]);
                    select.order = Some(OrderBy { descending: rng.in_hundred(50), nulls, total: rng.in_hundred(60) });
                    if rng.in_hundred(60) {
                        select.limit = Some([0, 1, 2, 10, 150, 1000][rng.weighted(&[4, 25, 15, 30, 16, 10])]);
                        select.offset = rng.in_hundred(25).then(|| [0, 1, 7, 120][rng.weighted(&[10, 30, 40, 20])]);
                    }
                }
            }
            1 => select.output.push("count(*)".into()),
            2 => {
                select.output = vec!["count(*)".into(), format!("min({time})"), format!("max({time})")];
                let column = column(rng);
                select.output.push(match column.kind {
                    ValueType::Int => format!("sum({alias}.{})", column.name),
                    ValueType::Flag => format!("bool_or({alias}.{})", column.name),
                    ValueType::Uuid => format!("count(DISTINCT {alias}.{})", column.name),
                    ValueType::Text | ValueType::Time => format!("max({alias}.{})", column.name),
                });
            }
            3 => {
                let column = column(rng);
                let (name, unit) = (format!("{alias}.{}", column.name), *rng.pick(&["month", "week", "day"]));
                select.output.push(if column.kind == ValueType::Time { format!("date_trunc('{unit}', {name})") } else { name });
                select.output.extend(["count(*)".into(), format!("max({time})"), format!("count({alias}.{})", columns[0].name)]);
                select.grouped = 1;
                select.having = rng.in_hundred(25).then_some("count(*) > 2");
                if rng.in_hundred(40) {
                    select.order = Some(OrderBy { descending: rng.in_hundred(50), nulls: "", total: true });
                    select.limit = rng.in_hundred(50).then_some(3);
                }
            }
            4 => {
                select.distinct = true;
                select.output.push(format!("{alias}.{}", column(rng).name));
                if rng.in_hundred(50) {
                    select.order = Some(OrderBy { descending: rng.in_hundred(50), nulls: "", total: true });
                    select.limit = rng.in_hundred(50).then_some(5);
                }
            }
            _ => {
                select.output.push(time);
                select.limit = Some([0, 1, 5, 250, 5000][rng.number(0..5)]);
                select.offset = rng.in_hundred(30).then_some(3);
                select.counted = true;
            }
        }
        select
    }

    /// Shows, or counts, something of the joined table as well.
    pub(super) fn show_joined(&mut self, select: &mut Select, alias: &str, columns: &'static [Column]) {
        let column = columns[self.rng().number(0..columns.len().min(3))].name;
        let is_aggregate = select.output[0].contains('(') && select.order.is_none();
        let shown = format!("{alias}.{column}");
        select.output.push(if is_aggregate { format!("count({shown})") } else { shown });
    }
}
