//! Writes a query as SQL statements, for the foreign tables or for the local copy.

use super::condition::{Condition, Leaf, Operand};
use super::select::{Form, FromItem, Query, Select, Source, Wrap};

/// The tables that a query reads. Both sides have tables of the same names, each in schemas of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Foreign,
    Local,
}

/// A query as SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Script {
    /// Statements whose answers are not compared.
    pub(super) before: Vec<String>,
    /// Statements whose answers are compared.
    pub(super) compared: Vec<String>,
}

struct Writer<'w> {
    side: Side,
    /// Types and values of parameters; `None` where values are written as literals.
    parameters: Option<Vec<(&'static str, [String; 2])>>,
    views: Vec<String>,
    /// Aliases of tables that begin at the default.
    defaulted: &'w [&'w str],
}

/// The statements of a query.
pub(super) fn script(query: &Query, side: Side) -> Script {
    write(query, side, &[])
}

/// The statements for the local copy, in which the tables of these aliases begin at the default.
pub(super) fn defaulted_script(query: &Query, defaulted: &[&str]) -> Script {
    write(query, Side::Local, defaulted)
}

fn write(query: &Query, side: Side, defaulted: &[&str]) -> Script {
    let parameters = matches!(query.form, Form::Prepared { .. }).then(Vec::new);
    let mut writer = Writer { side, parameters, views: Vec::new(), defaulted };
    let select = writer.select(&query.select);
    let mut before = writer.views;
    let compared = match &query.form {
        Form::Plain => vec![select],
        Form::Cursor { rows, rewinds } => {
            let scroll = if *rewinds { "SCROLL" } else { "NO SCROLL" };
            before.push(format!("DECLARE walk {scroll} CURSOR FOR {select}"));
            if *rewinds {
                before.extend([format!("FETCH {rows} FROM walk"), "MOVE ABSOLUTE 0 FROM walk".into()]);
            }
            // The third fetch has a row only if there are more than two portions.
            let mut compared = vec![format!("FETCH {rows} FROM walk"); 2];
            compared.push("FETCH ALL FROM walk".into());
            compared
        }
        Form::Prepared { mode } => {
            let parameters = writer.parameters.unwrap_or_default();
            let types: Vec<&str> = parameters.iter().map(|(of, _)| *of).collect();
            before.push(format!("SET LOCAL plan_cache_mode = {mode}"));
            let types = if types.is_empty() { String::new() } else { format!("({})", types.join(", ")) };
            before.push(format!("PREPARE asked{types} AS {select}"));
            let execute = |place: usize| {
                let values: Vec<&str> = parameters.iter().map(|(_, values)| values[place].as_str()).collect();
                if values.is_empty() { "EXECUTE asked".into() } else { format!("EXECUTE asked({})", values.join(", ")) }
            };
            // From the sixth execution on, `auto` may choose the generic plan.
            let times = if *mode == "auto" { 7 } else { 2 };
            (0..times).map(|time| execute(time % 2)).collect()
        }
    };
    Script { before, compared }
}

impl Writer<'_> {
    fn select(&mut self, select: &Select) -> String {
        let mut with = Vec::new();
        let mut sql = String::from("SELECT ");
        if select.distinct {
            sql += "DISTINCT ";
        }
        sql += &select.output.join(", ");
        sql += " FROM ";
        sql += &self.from(&select.from, &mut with);
        for join in &select.joins {
            sql += &format!(" {} {}", join.word, self.from(&join.item, &mut with));
            if !join.word.starts_with("CROSS") {
                sql += &format!(" ON {}", self.conjunction(&join.on));
            }
        }
        if !select.filter.is_empty() {
            sql += &format!(" WHERE {}", self.conjunction(&select.filter));
        }
        if select.grouped > 0 {
            let places: Vec<String> = (1..=select.grouped).map(|place| place.to_string()).collect();
            sql += &format!(" GROUP BY {}", places.join(", "));
        }
        if let Some(having) = select.having {
            sql += &format!(" HAVING {having}");
        }
        let limited = select.limit.is_some() || select.offset.is_some();
        if let Some(order) = select.order {
            let mut keys = vec![format!("1{}{}", if order.descending { " DESC" } else { "" }, order.nulls)];
            if order.total || (limited && !select.counted) {
                keys.extend((2..=select.output.len()).map(|place| place.to_string()));
            }
            sql += &format!(" ORDER BY {}", keys.join(", "));
        } else if limited && !select.counted {
            let places: Vec<String> = (1..=select.output.len()).map(|place| place.to_string()).collect();
            sql += &format!(" ORDER BY {}", places.join(", "));
        }
        sql += &select.limit.map(|rows| format!(" LIMIT {rows}")).unwrap_or_default();
        sql += &select.offset.map(|rows| format!(" OFFSET {rows}")).unwrap_or_default();
        if !with.is_empty() {
            sql = format!("WITH {} {sql}", with.join(", "));
        }
        if select.counted { format!("SELECT count(*) FROM ({sql}) counted") } else { sql }
    }

    fn from(&mut self, from: &FromItem, with: &mut Vec<String>) -> String {
        let alias = &from.alias;
        let (wrap, parts, columns) = match &from.source {
            Source::Table(table) if self.defaulted.contains(&alias.as_str()) => return format!("local_default.{} {alias}", table.name),
            Source::Table(table) => return format!("{} {alias}", table.name),
            Source::Derived { wrap, parts, columns } => (wrap, parts, columns.join(", ")),
        };
        // A view cannot have parameters.
        let parameters = if *wrap == Wrap::View { self.parameters.take() } else { None };
        let parts: Vec<String> = parts.iter().map(|part| format!("({})", self.select(part))).collect();
        if *wrap == Wrap::View {
            self.parameters = parameters;
        }
        let inside = parts.join(" UNION ALL ");
        match wrap {
            Wrap::Subquery => format!("({inside}) {alias}({columns})"),
            Wrap::With(word) => {
                with.push(format!("w_{alias}({columns}) AS {word}({inside})"));
                format!("w_{alias} {alias}")
            }
            Wrap::View => {
                self.views.push(format!("CREATE TEMP VIEW v_{alias}({columns}) AS {inside}"));
                format!("v_{alias} {alias}")
            }
        }
    }

    fn conjunction(&mut self, conditions: &[Condition]) -> String {
        if conditions.is_empty() {
            return "true".into();
        }
        let parts: Vec<String> = conditions.iter().map(|condition| self.condition(condition)).collect();
        parts.join(" AND ")
    }

    fn condition(&mut self, condition: &Condition) -> String {
        match condition {
            Condition::And(parts) => self.joined(parts, " AND "),
            Condition::Or(parts) => self.joined(parts, " OR "),
            Condition::Not(inner) => format!("(NOT ({}))", self.condition(inner)),
            Condition::Test(inner, test) => format!("(({}) {test})", self.condition(inner)),
            Condition::Leaf(leaf) => self.leaf(leaf),
            Condition::Exists { not, select } => {
                format!("{}EXISTS ({})", if *not { "NOT " } else { "" }, self.select(select))
            }
            Condition::In { value, not, select } => {
                format!("{value} {}IN ({})", if *not { "NOT " } else { "" }, self.select(select))
            }
        }
    }

    fn joined(&mut self, parts: &[Condition], word: &str) -> String {
        let parts: Vec<String> = parts.iter().map(|part| self.condition(part)).collect();
        format!("({})", parts.join(word))
    }

    fn leaf(&mut self, leaf: &Leaf) -> String {
        let template = leaf.local.as_ref().filter(|_| self.side == Side::Local).unwrap_or(&leaf.foreign);
        let mut parts = template.split("{}");
        let mut sql = parts.next().unwrap_or_default().to_owned();
        for (part, operand) in parts.zip(&leaf.operands) {
            sql += &self.operand(operand);
            sql += part;
        }
        format!("({sql})")
    }

    fn operand(&mut self, operand: &Operand) -> String {
        match (operand, &mut self.parameters) {
            (Operand::Scalar(select), _) => format!("({})", self.select(select)),
            (Operand::Value { sql, parameter: Some((of, other)), .. }, Some(parameters)) => {
                parameters.push((of, [sql.clone(), other.clone()]));
                format!("${}", parameters.len())
            }
            (Operand::Value { sql, .. }, _) => sql.clone(),
        }
    }
}
