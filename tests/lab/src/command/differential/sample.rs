//! Values and times of the simulator's own rows. Literals are drawn from them, so that conditions find rows.

use std::collections::{BTreeSet, HashMap};

use chrono::DateTime;
use lab::write_table;

use super::table::{ParameterOperand, TABLES, Table, ValueType, foreign_tables, table};
use super::zone::zoned;
use crate::failure::{Doing, Result};

/// The data's settings in every URL. The times lie in the past of any clock, and around changes to and from summer time on both
/// hemispheres.
pub(super) const DATA: &str = "rows=3000,cases=240,tickets=300,ties=2,start=2024-10-01,end=2025-04-12";
/// TIXNGO's applications; each has data of its own.
pub(super) const APPS: [&str; 2] = ["my-app", "other-app"];
/// The simulator's table of what Viviot filters by and its records do not contain.
pub(super) const TARGETS: &str = "viviot.action_targets";

/// The distinct values of each column of each table, in order.
#[derive(Debug)]
pub(super) struct Sample {
    texts: HashMap<(&'static str, &'static str), Vec<String>>,
    times: HashMap<(&'static str, &'static str), Vec<i64>>,
}

impl Sample {
    /// Reads the simulator's rows; no server is needed.
    pub(super) fn read() -> Result<Self> {
        let mut sample = Self { texts: HashMap::new(), times: HashMap::new() };
        for table in foreign_tables() {
            let remote = format!("{}.{}", table.source, table.remote);
            for app in if table.name == "logs_of_both" { &APPS[..] } else { &APPS[..1] } {
                let columns = table.columns.iter().map(|column| (column.name, column.name, column.kind));
                sample.add(table, &remote, app, &columns.collect::<Vec<_>>())?;
            }
        }
        let targets = TABLES.iter().flat_map(|table| table.parameters.iter().map(move |parameter| (table, parameter.operand)));
        for (table, operand) in targets {
            if let ParameterOperand::Value(name, kind) = operand {
                sample.add(table, TARGETS, APPS[0], &[(name, name.trim_start_matches("truth_"), kind)])?;
            }
        }
        sample.add_keys();
        Ok(sample)
    }

    fn add(&mut self, table: &'static Table, remote: &str, app: &str, columns: &[(&'static str, &str, ValueType)]) -> Result<()> {
        let text = truth(remote, app)?;
        let mut records = Csv(&text).collect::<Vec<_>>().into_iter();
        let header = records.next().unwrap_or_default();
        for (name, field, kind) in columns {
            let Some(place) = header.iter().position(|known| known.as_deref() == Some(*field)) else { continue };
            let mut values: BTreeSet<String> = records.as_slice().iter().filter_map(|record| record[place].clone()).collect();
            if *kind == ValueType::Time {
                let micros = values.iter().filter_map(|value| DateTime::parse_from_rfc3339(value).ok());
                let mut times: BTreeSet<i64> = micros.map(|time| time.timestamp_micros()).collect();
                times.extend(self.times.remove(&(table.name, *name)).into_iter().flatten());
                self.times.insert((table.name, name), times.into_iter().collect());
            } else {
                values.extend(self.texts.remove(&(table.name, *name)).into_iter().flatten());
                self.texts.insert((table.name, name), values.into_iter().collect());
            }
        }
        Ok(())
    }

    /// The values of the table of keys come from the other tables.
    fn add_keys(&mut self) {
        for (column, (from, other)) in KEYS {
            let Some(column) = table("keys").column(column) else { continue };
            if let Some(times) = self.times.get(&(*from, *other)).cloned() {
                self.times.insert(("keys", column.name), times);
            } else if let Some(texts) = self.texts.get(&(*from, *other)).cloned() {
                self.texts.insert(("keys", column.name), texts);
            }
        }
        self.texts.insert(("keys", "n"), (0..8).map(|n| n.to_string()).collect());
    }

    pub(super) fn texts(&self, table: &Table, column: &'static str) -> &[String] {
        self.texts.get(&(table.name, column)).map_or(&[], Vec::as_slice)
    }

    /// Microseconds since 1970.
    pub(super) fn times(&self, table: &Table, column: &'static str) -> &[i64] {
        self.times.get(&(table.name, column)).map_or(&[], Vec::as_slice)
    }
}

impl Sample {
    /// A time of the table as a literal without a type: `place` is its rank among the distinct times, in hundredths.
    pub(super) fn place(&self, table: &Table, place: u32) -> String {
        format!("'{}'", zoned(self.micros_at(table, place)))
    }

    /// Like [`place`](Self::place), but in microseconds since 1970.
    pub(super) fn micros_at(&self, table: &Table, place: u32) -> i64 {
        let times = self.times(table, table.time);
        times.get(times.len() * place as usize / 100).copied().unwrap_or_default()
    }
}

/// All rows of a table as CSV with a header, from the simulator itself.
fn truth(remote: &str, app: &str) -> Result<String> {
    let mut text = Vec::new();
    write_table(remote, DATA, app, &mut text).doing(remote)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// The names of a table's columns in the simulator.
pub(super) fn header(remote: &str) -> Result<Vec<String>> {
    let text = truth(remote, APPS[0])?;
    Ok(text.lines().next().unwrap_or_default().split(',').map(str::to_owned).collect())
}

/// The columns of the table of keys, and the table and column that their values come from.
pub(super) const KEYS: &[(&str, (&str, &str))] = &[
    ("at", ("logs", "createddate")),
    ("until", ("logs", "createddate")),
    ("ticketid", ("tickets", "ticketid")),
    ("actionname", ("logs", "actionname")),
    ("actor", ("logs", "actor")),
    ("boardid", ("board_tickets", "id")),
    ("caseid", ("cases", "incident_id")),
    ("code", ("action_logs", "actioncode")),
    ("id", ("action_logs", "id")),
];

/// Records of the lab's own CSV: an empty field is NULL, an empty text is `""`.
struct Csv<'t>(&'t str);

impl Iterator for Csv<'_> {
    type Item = Vec<Option<String>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let mut record = Vec::new();
        loop {
            let field = match self.0.strip_prefix('"') {
                None => {
                    let (field, rest) = self.0.split_at(self.0.find([',', '\n']).unwrap_or(self.0.len()));
                    self.0 = rest;
                    (!field.is_empty()).then(|| field.to_owned())
                }
                Some(quoted) => {
                    let mut field = String::new();
                    let mut rest = quoted;
                    while let Some((part, after)) = rest.split_once('"') {
                        field.push_str(part);
                        rest = after;
                        match rest.strip_prefix('"') {
                            Some(after) => {
                                field.push('"');
                                rest = after;
                            }
                            None => break,
                        }
                    }
                    self.0 = rest;
                    Some(field)
                }
            };
            record.push(field);
            match self.0.strip_prefix(',') {
                Some(rest) => self.0 = rest,
                None => {
                    self.0 = self.0.strip_prefix('\n').unwrap_or_default();
                    return Some(record);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_what_was_written() {
        let text = |text: &str| Some(text.to_owned());
        let records: Vec<_> = Csv("a,\"b \"\"c\"\", d\n2\",\"\"\n,,x\n").collect();
        assert_eq!(records, [vec![text("a"), text("b \"c\", d\n2"), text("")], vec![None, None, text("x")]]);
    }

    #[test]
    fn every_column_has_values() {
        let sample = Sample::read().unwrap();
        for table in &TABLES {
            for column in table.columns {
                let none = match column.kind {
                    ValueType::Time => sample.times(table, column.name).is_empty(),
                    _ => sample.texts(table, column.name).is_empty(),
                };
                assert!(!none, "{}.{}", table.name, column.name);
            }
        }
    }
}
