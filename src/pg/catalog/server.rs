//! A foreign server of the catalogs → its source and its options.

use std::cell::RefCell;
use std::sync::Arc;

use pgrx::{check_for_interrupts, pg_sys};

use crate::error::{Error, ErrorKind, Result};
use crate::pg::text::{Options, option, options_of};
use crate::sources::{self, Source};

/// Definitions that a session keeps at most: one that alters its definition again and again must not keep them all.
const MAX_DEFINITIONS: usize = 16;

/// A foreign server.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) oid: pg_sys::Oid,
    pub(crate) source: Arc<Source>,
    pub(crate) options: Options,
}

thread_local! {
    /// Parsed definitions of this session, by their text: reading one takes longer than a whole plan.
    static DEFINITIONS: RefCell<Vec<(String, Arc<Source>)>> = const { RefCell::new(Vec::new()) };
}

impl Server {
    /// Reads a foreign server. Raises Postgres' error if there is none.
    pub(crate) fn read(oid: pg_sys::Oid) -> Result<Self> {
        // SAFETY: GetForeignServer raises rather than returning null, and palloc's what it returns.
        let options = unsafe { options_of((*pg_sys::GetForeignServer(oid)).options) };
        Ok(Self { oid, source: source_of(&options)?, options })
    }
}

/// The source that a server's options name or define.
pub(crate) fn source_of(options: &Options) -> Result<Arc<Source>> {
    match (option(options, "source"), option(options, "definition")) {
        (Some(name), None) => sources::built_in(name).unwrap_or_else(|| {
            Err(Error::new(ErrorKind::OptionValue, format!("there is no built-in source \"{name}\"")).hint(format!(
                "Built in are: {}. Describe any other API with the option definition.",
                sources::built_in_names().join(", ")
            )))
        }),
        (None, Some(text)) => defined(text),
        (None, None) => Err(Error::new(ErrorKind::OptionName, "option \"source\" or \"definition\" is required for a server")
            .hint(format!("Built in are: {}.", sources::built_in_names().join(", ")))),
        (Some(_), Some(_)) => Err(Error::new(ErrorKind::OptionName, "options \"source\" and \"definition\" exclude each other")),
    }
}

/// The source of a definition, parsed once a session.
fn defined(text: &str) -> Result<Arc<Source>> {
    DEFINITIONS.with_borrow_mut(|known| {
        if let Some((_, source)) = known.iter().find(|(t, _)| t == text) {
            return Ok(Arc::clone(source));
        }
        let source = Arc::new(Source::read_with(text, &mut || {
            check_for_interrupts!();
        })?);
        if known.len() >= MAX_DEFINITIONS {
            known.remove(0);
        }
        known.push((text.to_owned(), Arc::clone(&source)));
        Ok(source)
    })
}
