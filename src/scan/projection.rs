//! The columns that a query reads, and those that the scan itself looks at → the columns of the pages.

use std::collections::{BTreeMap, HashMap};

use super::decode::{PageColumn, Target, ValueSource};
use crate::plan::scan_plan::ScanPlan;
use crate::plan::selection::Selection;
use crate::sources::{Origin, Table};

/// The columns of the pages, and who looks at them.
#[derive(Debug)]
pub struct Projection {
    /// The pages' columns: first those that the query reads, then those that only the scan looks at.
    pub columns: Vec<PageColumn>,
    /// Attribute number → page column.
    pub attributes: Vec<(i16, usize)>,
    /// The page column of times, by which the window is cut exactly.
    pub time_column: Option<usize>,
    /// The description's column → the page's, for the filters that may fan out.
    pub fan_out_columns: BTreeMap<usize, usize>,
}

impl Projection {
    /// `read` are the columns that the query reads, each with its attribute number. A column that is read anyhow is not read once more.
    pub fn new(read: Vec<(i16, PageColumn)>, table: &Table, plan: &ScanPlan) -> Self {
        let attributes = read.iter().enumerate().map(|(at, (number, _))| (*number, at)).collect();
        let mut columns: Vec<PageColumn> = read.into_iter().map(|(_, column)| column).collect();
        let mut places: HashMap<(ValueSource, Target), usize> = HashMap::new();
        for (at, column) in columns.iter().enumerate() {
            places.entry((column.from.clone(), column.target)).or_insert(at);
        }
        let mut place = |described: usize, target: Target| {
            let column = &table.columns[described];
            let Origin::Field { pointer, form } = &column.origin else { return None };
            let from = ValueSource::Field(pointer.clone());
            let at = *places.entry((from.clone(), target)).or_insert(columns.len());
            if at == columns.len() {
                columns.push(PageColumn { name: column.name.clone(), from, target, form: *form });
            }
            Some(at)
        };
        let time_column = table.time_range.as_ref().and_then(|range| place(range.column, Target::Timestamptz));
        // A filter of one value fans out over several. A node that counts compares records with any of its values.
        let may_fan_out = |i: &usize| table.columns[*i].filter.as_ref().is_some_and(|f| !f.many || plan.counts > 0);
        let referenced = plan.condition().referenced().into_iter();
        let fan_out_columns =
            referenced.filter(may_fan_out).filter_map(|i| Some((i, place(i, table.columns[i].sql_type.into())?))).collect();
        Self { columns, attributes, time_column, fan_out_columns }
    }

    /// What the selected values must be in each record, as far as records have them.
    pub fn checks(&self, selection: &Selection) -> Vec<(usize, Vec<String>)> {
        let column = |(described, values): (&usize, &Vec<String>)| Some((*self.fan_out_columns.get(described)?, values.clone()));
        selection.values.iter().filter_map(column).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::condition::Condition;
    use crate::plan::value::Op;
    use crate::sources::{Form, built_in};

    fn table() -> Table {
        built_in("tixngo").unwrap().unwrap().tables[0].clone()
    }

    fn col(name: &str) -> usize {
        table().column(name).unwrap()
    }

    /// A column that the query reads, as the description's type wants it.
    fn read(number: i16, name: &str) -> (i16, PageColumn) {
        let column = table().columns[col(name)].clone();
        let Origin::Field { pointer, form } = column.origin else { panic!("a field") };
        (number, PageColumn { name: column.name, from: ValueSource::Field(pointer), target: column.sql_type.into(), form })
    }

    fn equals(names: &[&str], counts: usize) -> ScanPlan {
        let conditions = names.iter().enumerate().map(|(operand, name)| Condition::Compare { column: col(name), op: Op::Eq, operand });
        ScanPlan { conditions: conditions.collect(), counts, ..ScanPlan::default() }
    }

    fn one_value(name: &str) -> Table {
        let mut table = table();
        table.columns[col(name)].filter.as_mut().unwrap().many = false;
        table
    }

    #[test]
    fn times_are_read_once_whether_the_query_reads_them_or_not() {
        let hidden = Projection::new(vec![read(2, "actionName")], &table(), &ScanPlan::default());
        assert_eq!((hidden.columns.len(), hidden.time_column, hidden.attributes), (2, Some(1), vec![(2, 0)]));
        let seen = Projection::new(vec![read(2, "actionName"), read(5, "createdDate")], &table(), &ScanPlan::default());
        assert_eq!((seen.columns.len(), seen.time_column, seen.attributes), (2, Some(1), vec![(2, 0), (5, 1)]));
    }

    #[test]
    fn a_column_that_another_type_reads_is_read_once_more() {
        let (number, column) = read(5, "createdDate");
        let as_text = PageColumn { target: Target::Text, form: Form::Plain, ..column };
        let projection = Projection::new(vec![(number, as_text)], &table(), &ScanPlan::default());
        assert_eq!((projection.columns.len(), projection.time_column), (2, Some(1)));
    }

    #[test]
    fn filters_that_fan_out_are_read_to_tell_slices_apart() {
        let action = col("actionName");
        let table = one_value("actionName");
        let projection = Projection::new(Vec::new(), &table, &equals(&["actionName"], 0));
        assert_eq!(projection.fan_out_columns, BTreeMap::from([(action, 1)]));
        let selection = Selection { values: BTreeMap::from([(action, vec!["x".to_owned()]), (99, vec![])]), ..Selection::all() };
        assert_eq!(projection.checks(&selection), [(1, vec!["x".to_owned()])]);
        assert!(Projection::new(Vec::new(), &table, &ScanPlan::default()).fan_out_columns.is_empty(), "no condition speaks of it");
    }

    #[test]
    fn a_filter_of_many_values_is_read_only_where_records_are_counted() {
        let mut table = table();
        table.columns[col("actionName")].filter.as_mut().unwrap().many = true;
        let fans = |counts| Projection::new(Vec::new(), &table, &equals(&["actionName"], counts)).fan_out_columns.len();
        assert_eq!((fans(0), fans(1)), (0, 1));
    }

    #[test]
    fn a_request_parameter_is_in_no_record() {
        let table = one_value("mobileAppId");
        assert!(Projection::new(Vec::new(), &table, &equals(&["mobileAppId"], 0)).fan_out_columns.is_empty());
    }
}
