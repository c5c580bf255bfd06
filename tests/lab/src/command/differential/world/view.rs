//! Views on the foreign tables: barriers, invokers' rights, and the union of a local past with a foreign present.

use super::Server;
use crate::command::differential::sample::Sample;
use crate::command::differential::session::Session;
use crate::command::differential::table::foreign_tables;
use crate::failure::Result;

/// Where the local past ends, in hundredths of a table's times.
const PRESENT: u32 = 55;

/// Views of the tables of one schema, in another, with these options, one after another.
pub(super) fn make_views(session: &Session, schema: &str, of: &str, options: &[&str]) -> Result<()> {
    session.run(&format!("CREATE SCHEMA {schema}"))?;
    for (table, options) in foreign_tables().zip(options.iter().cycle()) {
        let name = table.name;
        session.run(&format!("CREATE VIEW {schema}.{name} WITH ({options}) AS SELECT * FROM {of}.{name}"))?;
    }
    Ok(())
}

pub(super) fn make_united(session: &Session, sample: &Sample, server: &Server) -> Result<()> {
    session.run("CREATE SCHEMA united")?;
    for table in foreign_tables() {
        let (name, time, present) = (table.name, table.time, sample.place(table, PRESENT));
        let columns = super::columns(session, &format!("{}.{name}", server.name))?;
        session.run(&format!(
            "CREATE VIEW united.{name} AS \
               SELECT {columns} FROM local.{name} WHERE \"{time}\" < {present} OR \"{time}\" IS NULL \
               UNION ALL SELECT {columns} FROM {}.{name} WHERE \"{time}\" >= {present}",
            server.name
        ))?;
    }
    Ok(())
}
