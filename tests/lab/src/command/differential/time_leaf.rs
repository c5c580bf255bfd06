//! Draws conditions on times: those that people and BI tools write, and odd ones.

use super::condition::{Condition, Operand};
use super::rng::Rng;
use super::sample::Sample;
use super::table::Table;
use super::zone::{ZONES, Zone, wall, zoned};

const UNITS: [&str; 8] = ["hour", "day", "week", "month", "quarter", "year", "minute", "decade"];
const OPERATORS: [&str; 5] = ["=", ">=", "<", ">", "<="];
/// Times at which arithmetic or a calendar ends.
const FAR: [&str; 8] = [
    "'infinity'",
    "'-infinity'",
    "timestamptz '0044-03-15 12:00 BC'",
    "timestamptz '294276-12-31 23:59:59.999999+00'",
    "'epoch'",
    "date 'infinity'",
    "date '5874897-12-31'",
    "timestamp '4713-01-01 00:00:00 BC'",
];

/// Draws the leaves of conditions.
#[derive(Debug)]
pub(super) struct Leaves<'d> {
    pub(super) rng: &'d mut Rng,
    pub(super) sample: &'d Sample,
    pub(super) zone: &'static Zone,
    /// Ranks among a table's times, in hundredths, where the set-up begins or ends something.
    pub(super) edges: &'static [u32],
}

impl Leaves<'_> {
    /// A time of a row, of a clock change or of an edge, or one just beside it.
    pub(super) fn edge(&mut self, table: &Table, column: &'static str) -> i64 {
        if self.rng.in_hundred(6) {
            let change = *self.rng.pick(self.zone.changes);
            return change + self.rng.pick(&[0, -1, 1, 3_600_000_000, -1_800_000_000]);
        }
        if column == table.time && !self.edges.is_empty() && self.rng.in_hundred(25) {
            let place = *self.rng.pick(self.edges);
            return self.sample.micros_at(table, place) + self.rng.pick(&[0, 0, 0, 1, -1, 1000, -1000]);
        }
        let times = self.sample.times(table, column);
        let time = if times.is_empty() { self.zone.changes[0] } else { *self.rng.pick(times) };
        time + [0, 1, -1, 1000, -1000, 500_000][self.rng.weighted(&[50, 10, 10, 10, 10, 10])]
    }

    /// An operand that evaluates to this time, mostly.
    pub(super) fn operand(&mut self, micros: i64, other: i64) -> Operand {
        let day = 86_400_000_000;
        let plain = format!("timestamptz '{}'", zoned(micros));
        let east = self.zone.east;
        let date = |micros: i64| wall(micros, east)[..10].to_owned();
        let (mut of, mut second) = ("timestamptz", format!("timestamptz '{}'", zoned(other)));
        let sql = match self.rng.weighted(&[40, 10, 8, 10, 5, 6, 5, 3, 4, 3, 3, 3]) {
            0 => plain.clone(),
            1 => format!("'{}'", zoned(micros)),
            2 => format!("'{}'", wall(micros, east)),
            3 => {
                (of, second) = ("timestamp", format!("timestamp '{}'", wall(other, east)));
                format!("timestamp '{}'", wall(micros, east))
            }
            4 => {
                (of, second) = ("date", format!("date '{}'", date(other)));
                format!("date '{}'", date(micros))
            }
            5 => format!("(timestamptz '{}' + interval '1 day')", zoned(micros - day)),
            6 => format!("date_trunc('{}', timestamptz '{}')", self.rng.pick(&UNITS[..6]), zoned(micros)),
            7 => format!("(now() - make_interval(days => current_date - date '{}'))", date(micros)),
            8 => format!("(timestamp '{}' AT TIME ZONE 'Europe/Zurich')", wall(micros, 60)),
            9 => format!("to_timestamp({}.{:06})", micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000)),
            10 => {
                second = "NULL".into();
                "NULL::timestamptz".into()
            }
            _ => (*self.rng.pick(&FAR)).to_owned(),
        };
        let rounded = format!("timestamptz '{}'", zoned(micros.div_euclid(day) * day));
        let simpler = [plain, rounded].into_iter().filter(|simpler| *simpler != sql).collect();
        Operand::Value { sql, simpler, parameter: Some((of, second)) }
    }

    fn drawn(&mut self, table: &Table, column: &'static str) -> Operand {
        let (micros, other) = (self.edge(table, column), self.edge(table, column));
        self.operand(micros, other)
    }

    /// A lower bound that any API understands.
    pub(super) fn lower(&mut self, table: &Table, alias: &str, column: &'static str) -> Condition {
        let times = self.sample.times(table, column);
        // In the earlier half, so that other conditions still find rows.
        let early = times[self.rng.number(0..times.len() / 2 + 1).min(times.len() - 1)];
        let other = self.edge(table, column);
        let plain = format!("timestamptz '{}'", zoned(early));
        let operand = Operand::Value { sql: plain, simpler: Vec::new(), parameter: Some(("timestamptz", format!("'{}'", zoned(other)))) };
        let template = *self.rng.pick(&["@ >= {}", "@ > {}", "{} <= @", "@ >= {}"]);
        Condition::leaf(template.replace('@', &format!("{alias}.{column}")), vec![operand])
    }

    /// Any condition on a column of times.
    pub(super) fn time(&mut self, table: &Table, alias: &str, column: &'static str) -> Condition {
        let mut edges = [self.edge(table, column), self.edge(table, column)];
        edges.sort_unstable();
        let c = format!("{alias}.{column}");
        let op = *self.rng.pick(&OPERATORS);
        match self.rng.weighted(&[18, 12, 14, 5, 5, 4, 4, 34]) {
            0 => {
                let template = if self.rng.in_hundred(70) { "@ # {}" } else { "{} # @" };
                let operand = self.drawn(table, column);
                Condition::leaf(template.replace('@', &c).replace('#', op), vec![operand])
            }
            1 => {
                let operands = edges.map(|edge| self.operand(edge, edge + 3_600_000_000));
                let word = *self.rng.pick(&["BETWEEN", "BETWEEN", "NOT BETWEEN", "BETWEEN SYMMETRIC"]);
                Condition::leaf(format!("{c} {word} {{}} AND {{}}"), operands.into())
            }
            2 => {
                let [from, to] = edges.map(|edge| self.operand(edge, edge + 86_400_000_000));
                let lower = Condition::leaf(format!("{c} {} {{}}", self.rng.pick(&[">=", ">"])), vec![from]);
                Condition::And(vec![lower, Condition::leaf(format!("{c} {} {{}}", self.rng.pick(&["<", "<="])), vec![to])])
            }
            3 => {
                let times: Vec<i64> = self.sample.times(table, column).to_vec();
                let operands: Vec<Operand> = (0..self.rng.number(1..4))
                    .map(|_| Operand::plain(format!("timestamptz '{}'", zoned(*self.rng.pick(&times)))))
                    .collect();
                let list = vec!["{}"; operands.len()].join(", ");
                let template = *self.rng.pick(&["@ IN (#)", "@ = ANY (ARRAY[#])", "@ NOT IN (#)", "@ IN (#, NULL)", "@ > ANY (ARRAY[#])"]);
                Condition::leaf(template.replace('@', &c).replace('#', &list), operands)
            }
            4 => Condition::leaf(format!("{c} IS {}NULL", self.rng.pick(&["", "NOT "])), Vec::new()),
            5 => {
                let word = *self.rng.pick(&["IS DISTINCT FROM", "IS NOT DISTINCT FROM", "<>"]);
                let operand = self.drawn(table, column);
                Condition::leaf(format!("{c} {word} {{}}"), vec![operand])
            }
            6 => {
                let operand = self.drawn(table, column);
                let test = *self.rng.pick(&["IS TRUE", "IS NOT TRUE", "IS FALSE", "IS NOT FALSE", "IS UNKNOWN", "IS NOT UNKNOWN"]);
                Condition::Test(Box::new(Condition::leaf(format!("{c} {op} {{}}"), vec![operand])), test)
            }
            _ => self.calendar(&c, edges, op),
        }
    }

    /// A function of the column, as BI tools write them.
    #[expect(clippy::too_many_lines, reason = "a table of shapes, read line by line")]
    fn calendar(&mut self, c: &str, [from, to]: [i64; 2], op: &str) -> Condition {
        let zone = if self.rng.in_hundred(60) { &ZONES[1] } else { self.rng.pick(&ZONES) };
        let (here, there) = (self.zone.east, zone.east);
        let unit = *self.rng.pick(&UNITS);
        let date = |micros: i64, east: i64| format!("date '{}'", &wall(micros, east)[..10]);
        let stamp = |micros: i64, east: i64| format!("timestamp '{}'", wall(micros, east));
        let zoned_at = |micros: i64| format!("timestamptz '{}'", zoned(micros));
        let name = zone.name;
        let range = [">=", "<"];
        let (template, operands): (String, Vec<String>) = match self
            .rng
            .weighted(&[8, 5, 4, 8, 7, 5, 6, 5, 4, 5, 4, 4, 3, 4, 4, 3, 3, 3, 3, 2, 2])
        {
            0 => (format!("{c}::date {op} {{}}"), vec![date(from, here)]),
            1 => (format!("{c}::date BETWEEN {{}} AND {{}}"), vec![date(from, here), date(to, here)]),
            2 => (format!("{c}::date IN ({{}}, {{}})"), vec![date(from, here), date(to, here)]),
            3 => (format!("date_trunc('{unit}', {c}) {op} {{}}"), vec![format!("date_trunc('{unit}', {})", zoned_at(from))]),
            4 => (
                format!("date_trunc('{unit}', {c}) {op} {{}}"),
                vec![self.rng.pick(&[zoned_at(from), stamp(from, here), date(from, here)]).clone()],
            ),
            5 => (
                format!("date_trunc('{unit}', {c}, '{name}') {op} {{}}"),
                vec![format!("date_trunc('{unit}', {}, '{name}')", zoned_at(from))],
            ),
            6 => (format!("{c} AT TIME ZONE '{name}' {op} {{}}"), vec![stamp(from, there)]),
            7 => (format!("({c} AT TIME ZONE '{name}')::date {op} {{}}"), vec![date(from, there)]),
            8 => (
                format!("date_trunc('{unit}', {c} AT TIME ZONE '{name}') {op} {{}}"),
                vec![format!("date_trunc('{unit}', {})", stamp(from, there))],
            ),
            9 => (
                format!("extract(year from {c}) = {{}} AND extract(month from {c}) {op} {{}}"),
                vec![wall(from, here)[..4].to_owned(), wall(from, here)[5..7].trim_start_matches('0').to_owned()],
            ),
            10 => {
                let field = *self.rng.pick(&["year", "month", "dow", "hour", "quarter", "isoyear", "week", "doy"]);
                let value = if field.ends_with("year") { wall(to, here)[..4].to_owned() } else { self.rng.number(0..5).to_string() };
                let function =
                    if self.rng.in_hundred(50) { format!("extract({field} from {c})") } else { format!("date_part('{field}', {c})") };
                (format!("{function} {op} {{}}"), vec![value])
            }
            11 => {
                let (pattern, length) = *self.rng.pick(&[("YYYY-MM", 7), ("YYYY-MM-DD", 10), ("YYYY", 4)]);
                (format!("to_char({c}, '{pattern}') {op} {{}}"), vec![format!("'{}'", &wall(from, here)[..length])])
            }
            12 => (format!("{c}::timestamp {op} {{}}"), vec![stamp(from, here)]),
            13 => {
                let shift =
                    *self.rng.pick(&["+ interval '1 day'", "- interval '1 month'", "+ interval '36 hours'", "- interval '1 year -3 days'"]);
                (format!("{c} {shift} {op} {{}}"), vec![zoned_at(from)])
            }
            14 => (
                format!("{{}} - {c} {op} {{}}"),
                vec![zoned_at(to), self.rng.pick(&["interval '3 days'", "interval '1 month'", "interval '-1 day'"]).to_string()],
            ),
            15 => (format!("coalesce({c}, {{}}) {op} {{}}"), vec![zoned_at(to), zoned_at(from)]),
            16 => (format!("{c} <@ tstzrange({{}}, {{}}, '{}')", self.rng.pick(&["[)", "()", "[]"])), vec![zoned_at(from), zoned_at(to)]),
            17 => (format!("extract(epoch from {c}) {op} {{}}"), vec![format!("{}.{:06}", from / 1_000_000, from % 1_000_000)]),
            18 => (
                format!("date_trunc('{unit}', {c}) {} {{}} AND date_trunc('{unit}', {c}) {} {{}}", range[0], range[1]),
                vec![zoned_at(from), zoned_at(to)],
            ),
            19 => (format!("{c}::text LIKE {{}}"), vec![format!("'{}%'", &wall(from, here)[..7])]),
            _ => (format!("(CASE WHEN {c} > {{}} THEN {c} END) {op} {{}}"), vec![zoned_at(from), zoned_at(to)]),
        };
        let operands = operands.into_iter().map(|sql| {
            // A parameter must have the type of the literal that it replaces.
            let typed = ["timestamptz ", "timestamp ", "date "].iter().find(|of| sql.starts_with(**of)).map(|of| of.trim_end());
            Operand::Value { parameter: typed.map(|of| (of, sql.clone())), sql, simpler: Vec::new() }
        });
        Condition::leaf(template, operands.collect())
    }
}
