//! Views on the foreign tables: security barriers, security invokers, and the union of earlier local rows with later foreign ones.

use super::Server;
use crate::command::differential::sample::Sample;
use crate::command::differential::session::Session;
use crate::command::differential::table::foreign_tables;
use crate::failure::Result;

/// Rank of the first foreign time among a table's times, in hundredths.
const PRESENT: u32 = 55;

/// Creates views of one schema's tables in another schema. Each view takes the next of the options.
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
