//! A foreign table of the catalogs → its endpoint, its settings and its columns.

use std::sync::Arc;

use pgrx::{PgRelation, pg_sys};

use super::column::ForeignColumn;
use super::interval::{parse_default_from, parse_max_window};
use super::server::Server;
use crate::error::{Error, ErrorKind, Result};
use crate::options::{self, Settings};
use crate::pg::text::{options_of, text_of};
use crate::plan::slicing::Defaults;
use crate::sources::{ColumnIndex, Table, TableOverrides, adopt_names, check_table_options, given_parameters};

/// A foreign table.
#[derive(Debug)]
pub(crate) struct ForeignTable {
    pub(crate) name: String,
    pub(crate) server: Server,
    /// What the description says of it, with the names that users see.
    pub(crate) endpoint: Arc<Table>,
    /// The table's name in the description.
    pub(crate) described: String,
    pub(crate) settings: Settings,
    /// By attribute number - 1; `None` where a column was dropped.
    pub(crate) columns: Vec<Option<ForeignColumn>>,
}

impl ForeignTable {
    /// Reads a foreign table and its server. The relation is open and locked by whoever plans or runs the query.
    pub(crate) fn read(relation: pg_sys::Oid) -> Result<Self> {
        // SAFETY: GetForeignTable raises for any other relation, and palloc's what it returns.
        let (server, given) = unsafe {
            let table = pg_sys::GetForeignTable(relation);
            ((*table).serverid, options_of((*table).options))
        };
        let server = Server::read(server)?;
        check_table_options(&server.source, given.iter().map(|(name, _)| name.as_str()).filter(|name| !options::is_known(name)))?;
        let settings = Settings::resolve(Some(&server.source), &server.options, &given)?;
        // SAFETY: the caller holds the relation open and locked, so its cache entry stays.
        let relation = unsafe { PgRelation::open(relation) };
        // PgRelation::name() would take the name for UTF-8.
        // SAFETY: an open relation has a NUL-terminated name.
        let name = unsafe { text_of((*(*relation.as_ptr()).rd_rel).relname.data.as_ptr()) };
        let described = settings.table.clone().unwrap_or_else(|| name.clone());
        let mut endpoint = endpoint(&server, &settings, &described)?;
        let columns: Vec<Option<ForeignColumn>> = {
            let index = ColumnIndex::new(&endpoint);
            let descriptor = relation.tuple_desc();
            descriptor.iter().map(|attribute| ForeignColumn::read(relation.oid(), attribute, &endpoint, &index)).collect()
        };
        let named = |column: &'_ Option<ForeignColumn>| column.as_ref().and_then(|c| Some((c.name.clone(), c.described?, c.form)));
        let names: Vec<_> = columns.iter().filter_map(named).collect();
        adopt_names(&mut endpoint, &name, names.iter().map(|(name, described, form)| (name.as_str(), *described, *form)));
        Ok(Self { name, server, endpoint: Arc::new(endpoint), described, settings, columns })
    }

    /// What the slices of a scan that starts at `now` take from the options.
    pub(crate) fn defaults(&self, now: i64) -> Defaults {
        let from = self.settings.default_from.as_deref().map(|text| parse_default_from(text, now));
        Defaults { from, now, parameters: given_parameters(&self.endpoint, &self.settings.parameters) }
    }

    /// Whether the user declared that every record has a time.
    pub(crate) fn time_is_required(&self) -> bool {
        let time = self.endpoint.time_range.as_ref().map(|range| range.column);
        self.columns.iter().flatten().any(|column| column.not_null && column.described.is_some() && column.described == time)
    }

    /// The longest time range that may be asked for, in microseconds.
    pub(crate) fn max_window(&self) -> Option<i64> {
        let max = self.settings.max_window.as_deref().filter(|_| self.endpoint.time_range.is_some());
        max.map(parse_max_window)
    }

    /// Records asked for in one page.
    pub(crate) fn page_size(&self) -> u64 {
        let max = self.endpoint.pagination.size.max;
        self.settings.page_size.map_or(max, |size| size.min(max))
    }

    /// The column of that attribute number.
    pub(crate) fn column(&self, attribute: i16) -> Option<&ForeignColumn> {
        usize::try_from(attribute - 1).ok().and_then(|i| self.columns.get(i)?.as_ref())
    }

    /// The error for a column that nothing in the source fills.
    pub(crate) fn no_field(&self, column: &ForeignColumn) -> Error {
        let described = self.server.source.table(&self.described);
        let names: Vec<_> = described.into_iter().flat_map(|t| &t.columns).map(|c| c.name.as_str()).collect();
        Error::new(ErrorKind::ColumnName, format!("column \"{}\" of foreign table \"{}\" has no field to read", column.name, self.name))
            .hint(format!("Name it after one of: {}; or set its option field to a JSON Pointer.", names.join(", ")))
    }
}

/// The described table of that name, as the options correct it.
fn endpoint(server: &Server, settings: &Settings, name: &str) -> Result<Table> {
    let Some(table) = server.source.table(name) else {
        let tables: Vec<_> = server.source.tables.iter().map(|t| t.name.as_str()).collect();
        return Err(Error::new(ErrorKind::TableName, format!("source \"{}\" has no table \"{name}\"", server.source.name))
            .hint(format!("Set the option table of the foreign table to one of: {}.", tables.join(", "))));
    };
    table.corrected(&TableOverrides {
        time_column: settings.time_column.clone(),
        time_unit: settings.time_unit.map(|d| i64::try_from(d.as_micros()).unwrap_or(i64::MAX)),
        evidence: settings.evidence,
        order: settings.order,
    })
}
