//! Which columns the pages of a scan have: those that the query reads, and those that only we look at.

use std::collections::{BTreeMap, HashMap};

use crate::pg::catalog::ForeignTable;
use crate::plan::scan_plan::ScanPlan;
use crate::plan::selection::Selection;
use crate::scan::decode::{PageColumn, Target, ValueSource};
use crate::sources::Origin;

/// Which columns the pages have.
pub(crate) struct Projection {
    pub(crate) columns: Vec<PageColumn>,
    /// Attribute number → page column.
    pub(crate) attributes: Vec<(i16, usize)>,
    pub(crate) time_column: Option<usize>,
    /// The description's column → the page's, for the filters that may fan out.
    pub(crate) fan_out_columns: BTreeMap<usize, usize>,
}

impl Projection {
    pub(crate) fn new(table: &ForeignTable, plan: &ScanPlan, utf8: bool) -> Self {
        let mut columns: Vec<PageColumn> = Vec::new();
        let mut attributes = Vec::new();
        for number in &plan.attributes {
            if let Some(column) = table.column(*number)
                && let Some(from) = &column.from
            {
                attributes.push((*number, columns.len()));
                let target = column.target(utf8);
                columns.push(PageColumn { name: column.name.clone(), from: from.clone(), target, form: column.form });
            }
        }
        let mut places: HashMap<(ValueSource, Target), usize> = HashMap::new();
        for (at, column) in columns.iter().enumerate() {
            places.entry((column.from.clone(), column.target)).or_insert(at);
        }
        // Columns that only we look at: the time, to cut the window exactly, and fan-out keys.
        let mut hidden = |described: usize, target: Target| {
            let column = &table.endpoint.columns[described];
            let Origin::Field { pointer, form } = &column.origin else { return None };
            let from = ValueSource::Field(pointer.clone());
            let at = *places.entry((from.clone(), target)).or_insert(columns.len());
            if at == columns.len() {
                columns.push(PageColumn { name: column.name.clone(), from, target, form: *form });
            }
            Some(at)
        };
        let time_column = table.endpoint.time_range.as_ref().and_then(|range| hidden(range.column, Target::Timestamptz));
        let referenced = plan.condition().referenced().into_iter();
        let fan_out_columns = referenced
            .filter(|i| table.endpoint.columns[*i].filter.as_ref().is_some_and(|f| !f.many || plan.counts > 0))
            .filter_map(|i| Some((i, hidden(i, table.endpoint.columns[i].sql_type.into())?)))
            .collect();
        Self { columns, attributes, time_column, fan_out_columns }
    }

    /// What the selected values must be in each record, as far as records have them.
    pub(crate) fn checks(&self, selection: &Selection) -> Vec<(usize, Vec<String>)> {
        let column = |(described, values): (&usize, &Vec<String>)| Some((*self.fan_out_columns.get(described)?, values.clone()));
        selection.values.iter().filter_map(column).collect()
    }
}
