//! Draws conditions on texts, numbers, flags and identifiers.

use super::condition::{Condition, Leaf, Operand};
use super::table::{Column, Parameter, ParameterOperand, Table, ValueType};
use super::time_leaf::Leaves;
use super::zone::zoned;

const TESTS: [&str; 6] = ["IS TRUE", "IS NOT TRUE", "IS FALSE", "IS NOT FALSE", "IS UNKNOWN", "IS NOT UNKNOWN"];

/// Columns that are joined with a required parameter of another API. Through the join, a value that no row has would be requested there,
/// and an API refuses a key that it does not know.
const JOINED: [(&str, &str); 4] = [("keys", "boardid"), ("keys", "caseid"), ("cases", "incident_id"), ("board_tickets", "id")];

/// A text as a literal.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A value as a literal of its kind.
fn literal(kind: ValueType, text: &str) -> String {
    match kind {
        ValueType::Int | ValueType::Flag => text.to_owned(),
        ValueType::Text | ValueType::Uuid | ValueType::Time => quoted(text),
    }
}

impl Leaves<'_> {
    /// A value that some row has.
    fn value(&mut self, table: &Table, column: &'static str, kind: ValueType) -> String {
        let values = self.sample.texts(table, column);
        if values.is_empty() { "0".into() } else { literal(kind, &self.rng.pick(values).clone()) }
    }

    fn value_operand(&mut self, table: &Table, column: &'static Column) -> Operand {
        let (sql, other) = (self.value(table, column.name, column.kind), self.value(table, column.name, column.kind));
        if self.rng.in_hundred(3) {
            return Operand::plain(format!("NULL::{}", column.kind.sql()));
        }
        Operand::Value { sql, simpler: Vec::new(), parameter: Some((column.kind.sql(), other)) }
    }

    /// Any condition on a column.
    pub(super) fn any(&mut self, table: &Table, alias: &str, column: &'static Column) -> Condition {
        match column.kind {
            ValueType::Time => self.time(table, alias, column.name),
            ValueType::Flag => self.flag(alias, column.name),
            ValueType::Text | ValueType::Int | ValueType::Uuid => self.plain_value(table, alias, column),
        }
    }

    fn flag(&mut self, alias: &str, column: &str) -> Condition {
        let template = *self.rng.pick(&[
            "@",
            "NOT @",
            "@ = true",
            "@ = false",
            "false = @",
            "@ <> true",
            "@ IS NULL",
            "@ IS NOT NULL",
            "@ IN (true, NULL)",
            "@ = ANY ('{false}')",
            "@ IS DISTINCT FROM true",
            "@ IS NOT DISTINCT FROM NULL",
            "coalesce(@, true)",
        ]);
        let leaf = Condition::leaf(template.replace('@', &format!("{alias}.{column}")), Vec::new());
        let test = *self.rng.pick(&TESTS);
        if self.rng.in_hundred(25) { Condition::Test(Box::new(leaf), test) } else { leaf }
    }

    fn plain_value(&mut self, table: &Table, alias: &str, column: &'static Column) -> Condition {
        let c = format!("{alias}.{}", column.name);
        match self.rng.weighted(&[28, 28, 9, 7, 6, 16, 6]) {
            0 => {
                let operand = self.value_operand(table, column);
                Condition::leaf(if self.rng.in_hundred(80) { format!("{c} = {{}}") } else { format!("{{}} = {c}") }, vec![operand])
            }
            1 => self.list(table, column, &c),
            2 => {
                let operand = self.value_operand(table, column);
                let word = *self.rng.pick(&["<>", "<", ">=", ">", "IS DISTINCT FROM", "IS NOT DISTINCT FROM"]);
                Condition::leaf(format!("{c} {word} {{}}"), vec![operand])
            }
            3 => Condition::leaf(format!("{c} IS {}NULL", self.rng.pick(&["", "NOT "])), Vec::new()),
            4 => {
                let operand = self.value_operand(table, column);
                let test = *self.rng.pick(&TESTS);
                Condition::Test(Box::new(Condition::leaf(format!("{c} = {{}}"), vec![operand])), test)
            }
            5 => self.odd(table, column, &c),
            _ => {
                let values =
                    (0..2).map(|_| self.value_operand(table, column)).map(|operand| Condition::leaf(format!("{c} = {{}}"), vec![operand]));
                Condition::Or(values.collect())
            }
        }
    }

    fn list(&mut self, table: &Table, column: &'static Column, c: &str) -> Condition {
        let operands: Vec<Operand> = (0..self.rng.number(1..4)).map(|_| self.value_operand(table, column)).collect();
        let list = vec!["{}"; operands.len()].join(", ");
        let of = column.kind.sql();
        let template = *self.rng.pick(&[
            "@ IN (#)",
            "@ IN (#)",
            "@ = ANY (ARRAY[#]::~[])",
            "@ NOT IN (#)",
            "@ IN (#, NULL)",
            "@ <> ALL (ARRAY[#]::~[])",
        ]);
        if self.rng.in_hundred(5) {
            return Condition::leaf(format!("{c} = ANY ('{{}}'::{of}[])"), vec![Operand::plain("{}")]);
        }
        Condition::leaf(template.replace('@', c).replace('#', &list).replace('~', of), operands)
    }

    /// Conditions that resemble an equality.
    fn odd(&mut self, table: &Table, column: &'static Column, c: &str) -> Condition {
        let value = self.value(table, column.name, column.kind);
        if JOINED.contains(&(table.name, column.name)) {
            return Condition::leaf(format!("{c} = {{}}"), vec![Operand::plain(value)]);
        }
        let template = match column.kind {
            ValueType::Text => *self.rng.pick(&[
                "lower(@) = lower(#)",
                "@ || '' = #",
                "coalesce(@, '') = ''",
                "coalesce(@, #) = #",
                "@ LIKE left(#, 4) || '%'",
                "@ NOT LIKE '%A%'",
                "@ ~ '^[A-D]'",
                "@ = #::varchar",
                "@ = #::char(40)",
                "@::char(40) = #",
                "@ = #::name",
                "length(@) > 8",
                "@ = lower(#)",
                "@ COLLATE \"C\" = #",
                "@ ILIKE #",
                "@ = ANY (string_to_array(#, '_'))",
                "substr(@, 1, 3) = substr(#, 1, 3)",
                "@ = # || ''",
            ]),
            ValueType::Int => *self.rng.pick(&[
                "@ = #.0",
                "@ = #::bigint",
                "@ = #::float8",
                "@ + 1 = # + 1",
                "@ % 2 = 0",
                "@ = #.5",
                "@ = 3000000000",
                "@ > #::bigint - 2",
                "@ IN (#::bigint, 1)",
                "@ = #::smallint",
                "-@ = -#",
                "@ BETWEEN 0 AND #",
                "@ = ANY ('{1,2,12,51}')",
                "@ = (SELECT #)",
            ]),
            _ => *self.rng.pick(&["@::text = #", "@ = #::text::uuid", "@ > #", "@::text LIKE left(#, 3) || '%'", "@ = (SELECT #::uuid)"]),
        };
        // The value must fit into a smallint.
        let template = if template.contains("smallint") && value.len() > 4 { "@ = #" } else { template };
        Condition::leaf(template.replace('@', c).replace('#', "{}"), vec![Operand::plain(value); template.matches('#').count()])
    }

    /// A condition on a column that the API requires: an equality with values that the API knows.
    pub(super) fn key(&mut self, table: &Table, alias: &str, name: &'static str) -> Option<Condition> {
        let column = table.column(name)?;
        let c = format!("{alias}.{name}");
        let operands: Vec<Operand> = (0..self.rng.number(1..4))
            .map(|_| {
                let (sql, other) = (self.value(table, name, column.kind), self.value(table, name, column.kind));
                Operand::Value { sql, simpler: Vec::new(), parameter: Some((column.kind.sql(), other)) }
            })
            .collect();
        let list = vec!["{}"; operands.len()].join(", ");
        let of = column.kind.sql();
        Some(match self.rng.weighted(&[5, 3, 2]) {
            0 => Condition::leaf(format!("{c} = {{}}"), operands[..1].to_vec()),
            1 => Condition::leaf(format!("{c} IN ({list})"), operands),
            _ => Condition::leaf(format!("{c} = ANY (ARRAY[{list}]::{of}[])"), operands),
        })
    }

    /// A condition on a parameter that no record contains.
    pub(super) fn parameter(&mut self, table: &Table, alias: &str, parameter: &Parameter) -> Condition {
        let operands = match parameter.operand {
            ParameterOperand::Nothing => Vec::new(),
            ParameterOperand::Value(column, kind) => {
                let (sql, other) = (self.value(table, column, kind), self.value(table, column, kind));
                vec![Operand::Value { sql, simpler: Vec::new(), parameter: Some((kind.sql(), other)) }]
            }
            ParameterOperand::Between => {
                let times = self.sample.times(table, table.time);
                let [sql, other] = [0, 1].map(|_| format!("timestamptz '{}'", zoned(*self.rng.pick(times) + 500_000)));
                vec![Operand::Value { sql, simpler: Vec::new(), parameter: Some(("timestamptz", other)) }]
            }
        };
        let named = |template: &str| template.replace('@', alias);
        Condition::Leaf(Leaf { foreign: named(parameter.foreign), local: Some(named(parameter.local)), operands })
    }
}
