//! The wrapper's validator: the options of a `CREATE` or `ALTER`, as they would become → nothing, or an error.
//!
//! Postgres does not tell which object the options belong to, only of which kind it is.

use pgrx::prelude::*;
use pgrx::{AnyElement, pg_sys};

use super::interval::{parse_default_from, parse_max_window};
use super::server::source_of;
use crate::error::{Error, ErrorKind, Result};
use crate::options::{self, Context};
use crate::pg::report::OrRaise;
use crate::pg::text::{Options, option, options_of};
use crate::sources;

/// Raises where an option is unknown, misplaced or unusable.
#[pg_extern(sql = "
CREATE FUNCTION fdw_validator(text[], oid) RETURNS void
LANGUAGE c STRICT AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
")]
fn fdw_validator(given: AnyElement, catalog: pg_sys::Oid) {
    // SAFETY: the SQL above declares an array of texts, which Postgres gives as it stores options, and STRICT.
    let options = unsafe { options_of(pg_sys::untransformRelOptions(given.datum())) };
    validate(options, catalog).or_raise();
}

fn validate(options: Options, catalog: pg_sys::Oid) -> Result<()> {
    let context = match catalog {
        pg_sys::ForeignDataWrapperRelationId => Context::Wrapper,
        pg_sys::ForeignServerRelationId => Context::Server,
        pg_sys::UserMappingRelationId => Context::Mapping,
        pg_sys::ForeignTableRelationId => Context::Table,
        pg_sys::AttributeRelationId => Context::Column,
        _ => return Err(Error::new(ErrorKind::Internal, "options of an unknown kind of object")),
    };
    // SAFETY: reads the current user.
    let superuser = unsafe { pg_sys::superuser() };
    if let Some((name, _)) = options.iter().find(|(name, _)| options::reads_file(name) && !superuser) {
        // SECURITY: the server would read the file with its own rights and send it to a host of the user's choice.
        return Err(Error::new(ErrorKind::Forbidden, format!("only a superuser may set option \"{name}\"")));
    }
    if context != Context::Server {
        // Which server a table belongs to is not told here, so the parameters of all built-in sources may stand.
        let parameters: Vec<String> = sources::built_in_names()
            .into_iter()
            .filter_map(|name| sources::built_in(name)?.ok())
            .flat_map(|source| source.parameters.iter().map(|p| p.name.clone()).collect::<Vec<_>>())
            .collect();
        options::validate(context, &options, None, &parameters)?;
        if let Some(text) = option(&options, "default_from") {
            parse_default_from(text, 0);
        }
        if let Some(text) = option(&options, "max_window") {
            parse_max_window(text);
        }
        return Ok(());
    }
    // A misplaced option is named before a missing one: it is what was written.
    if let Some((name, _)) = options.iter().find(|(name, _)| options::is_elsewhere(name, context)) {
        return options::validate(context, &[(name.clone(), String::new())], None, &[]);
    }
    let source = source_of(&options)?;
    let parameters: Vec<String> = source.parameters.iter().map(|p| p.name.clone()).collect();
    options::validate(context, &options, Some(&source), &parameters)
}
