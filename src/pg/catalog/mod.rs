//! What the catalogs say of a foreign table: its source, its settings, and where each column's value comes from.

pub(crate) mod connect;
mod descriptors;
pub(crate) mod import;
pub(crate) mod validator;

use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};
use std::ffi::CStr;
use std::sync::Arc;

use pgrx::{PgList, PgRelation, check_for_interrupts, pg_sys};

use crate::error::{Error, ErrorKind, Result};
use crate::http::authenticator::{self, Owner};
use crate::options::{self, Secret, Settings};
use crate::plan::slicing::Defaults;
use crate::scan::decode::{Target, ValueSource};
use crate::small_file;
use crate::sources::{self, ColumnIndex, Form, Origin, Pointer, Source, Table, TableOverrides, fold};
use crate::units::parse_bool;

/// The largest file of a secret.
const MAX_SECRET_FILE: u64 = 64 << 10;

/// Options as name and value.
pub(crate) type Options = Vec<(String, String)>;

/// A foreign server.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) oid: pg_sys::Oid,
    pub(crate) source: Arc<Source>,
    pub(crate) options: Options,
}

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

/// One column of a foreign table.
#[derive(Debug, Clone)]
pub(crate) struct ForeignColumn {
    pub(crate) name: String,
    pub(crate) type_oid: pg_sys::Oid,
    pub(crate) typmod: i32,
    /// The user says that it is never NULL.
    pub(crate) not_null: bool,
    /// `None` where nothing in the source has its name; an error once it is read.
    pub(crate) from: Option<ValueSource>,
    pub(crate) form: Form,
    /// The description's column whose conditions it may push down.
    pub(crate) described: Option<usize>,
    pub(crate) pushdown: bool,
    pub(crate) options: Options,
}

impl ForeignColumn {
    /// What its type wants. `utf8` is the database's encoding: in any other, text must be converted by the backend.
    pub(crate) fn target(&self, utf8: bool) -> Target {
        match (self.type_oid, self.typmod) {
            (pg_sys::TEXTOID, _) | (pg_sys::VARCHAROID, -1) if utf8 => Target::Text,
            (pg_sys::TIMESTAMPTZOID, -1) => Target::Timestamptz,
            (pg_sys::BOOLOID, _) => Target::Boolean,
            (pg_sys::INT2OID, _) => Target::Integer(i64::from(i16::MAX)),
            (pg_sys::INT4OID, _) => Target::Integer(i64::from(i32::MAX)),
            (pg_sys::INT8OID, _) => Target::Integer(i64::MAX),
            (pg_sys::UUIDOID, _) => Target::Uuid,
            (pg_sys::JSONOID | pg_sys::JSONBOID, _) => Target::Json,
            _ => Target::Input,
        }
    }
}

thread_local! {
    /// Parsed definitions of this session, by their text: reading one takes longer than a whole plan.
    static DEFINITIONS: RefCell<Vec<(String, Arc<Source>)>> = const { RefCell::new(Vec::new()) };
}

/// SAFETY: `list` is an options list from the catalogs.
pub(crate) unsafe fn options_of(list: *mut pg_sys::List) -> Options {
    // SAFETY: the caller's; every element of an options list is a DefElem with a name.
    unsafe {
        PgList::<pg_sys::DefElem>::from_pg(list)
            .iter_ptr()
            .map(|def| (text_of((*def).defname), text_of(pg_sys::defGetString(def))))
            .collect()
    }
}

/// Whether the database holds UTF-8.
pub(crate) fn is_utf8() -> bool {
    // SAFETY: reads a variable of this backend.
    unsafe { pg_sys::GetDatabaseEncoding() == pg_sys::pg_enc::PG_UTF8 as i32 }
}

/// Text of the database, whatever its encoding.
///
/// SAFETY: `text` is null or a NUL-terminated string that lives during the call.
pub(crate) unsafe fn text_of(text: *const std::ffi::c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: the caller's; what pg_server_to_any returns is its argument, or palloc'd.
    unsafe {
        let length = CStr::from_ptr(text).to_bytes().len() as i32;
        let utf8 = pg_sys::pg_server_to_any(text, length, pg_sys::pg_enc::PG_UTF8 as i32);
        CStr::from_ptr(utf8).to_string_lossy().into_owned()
    }
}

/// The value of one option.
pub(crate) fn option<'o>(options: &'o Options, name: &str) -> Option<&'o str> {
    options.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
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
        (None, Some(text)) => DEFINITIONS.with_borrow_mut(|known| {
            if let Some((_, source)) = known.iter().find(|(t, _)| t == text) {
                return Ok(Arc::clone(source));
            }
            let source = Arc::new(Source::read_with(text, &mut || {
                check_for_interrupts!();
            })?);
            // A session that alters its definition again and again must not keep them all.
            if known.len() >= 16 {
                known.remove(0);
            }
            known.push((text.to_owned(), Arc::clone(&source)));
            Ok(source)
        }),
        (None, None) => Err(Error::new(ErrorKind::OptionName, "option \"source\" or \"definition\" is required for a server")
            .hint(format!("Built in are: {}.", sources::built_in_names().join(", ")))),
        (Some(_), Some(_)) => Err(Error::new(ErrorKind::OptionName, "options \"source\" and \"definition\" exclude each other")),
    }
}

impl Server {
    pub(crate) fn read(oid: pg_sys::Oid) -> Result<Self> {
        // SAFETY: raises if there is no such server; what it returns is palloc'd.
        let options = unsafe { options_of((*pg_sys::GetForeignServer(oid)).options) };
        Ok(Self { oid, source: source_of(&options)?, options })
    }
}

impl ForeignTable {
    /// Reads a foreign table and its server. The relation is open and locked by whoever plans or runs the query.
    pub(crate) fn read(relation: pg_sys::Oid) -> Result<Self> {
        // SAFETY: raises if it is not a foreign table; what it returns is palloc'd.
        let (server, options) = unsafe {
            let table = pg_sys::GetForeignTable(relation);
            ((*table).serverid, options_of((*table).options))
        };
        let server = Server::read(server)?;
        check_table_options(&server.source, &options)?;
        let settings = Settings::resolve(Some(&server.source), &server.options, &options)?;
        // SAFETY: see above: the relation is open elsewhere, so its cache entry stays.
        let relation = unsafe { PgRelation::open(relation) };
        // Not relation.name(), which takes every name for UTF-8.
        // SAFETY: the name of an open relation.
        let name = unsafe { text_of((*(*relation.as_ptr()).rd_rel).relname.data.as_ptr()) };
        let wanted = settings.table.clone().unwrap_or_else(|| name.clone());
        let Some(table) = server.source.table(&wanted) else {
            let tables: Vec<_> = server.source.tables.iter().map(|t| t.name.as_str()).collect();
            return Err(Error::new(ErrorKind::TableName, format!("source \"{}\" has no table \"{wanted}\"", server.source.name))
                .hint(format!("Set the option table of the foreign table to one of: {}.", tables.join(", "))));
        };
        let unit = settings.time_unit.map(|d| i64::try_from(d.as_micros()).unwrap_or(i64::MAX));
        let overrides = TableOverrides {
            time_column: settings.time_column.clone(),
            time_unit: unit,
            evidence: settings.evidence,
            order: settings.order,
        };
        let mut table = table.corrected(&overrides)?;
        let index = ColumnIndex::new(&table);
        let columns: Vec<Option<ForeignColumn>> = relation
            .tuple_desc()
            .iter()
            .map(|attribute| {
                if attribute.attisdropped {
                    return None;
                }
                // SAFETY: the relation has a column of this number.
                let options = unsafe { options_of(pg_sys::GetForeignColumnOptions(relation.oid(), attribute.attnum)) };
                let (type_oid, typmod) = (attribute.atttypid, attribute.atttypmod);
                // SAFETY: a NUL-terminated name in the relation's own descriptor.
                let name = unsafe { text_of(attribute.attname.data.as_ptr()) };
                Some(ForeignColumn { not_null: attribute.attnotnull, ..bind(&table, &index, &name, type_oid, typmod, &options) })
            })
            .collect();
        // From here on the description's names are only for people, who know the table and its columns by their names here.
        let described = std::mem::replace(&mut table.name, name.clone());
        for column in columns.iter().rev().flatten() {
            if let Some(described) = column.described {
                table.columns[described].name.clone_from(&column.name);
                // What only we read of it, to cut the window and to tell slices apart, is written as the user says.
                if let Origin::Field { form, .. } = &mut table.columns[described].origin {
                    *form = column.form;
                }
            }
        }
        Ok(Self { name, server, endpoint: Arc::new(table), described, settings, columns })
    }

    /// What the slices of a scan that starts at `now` take from the options.
    pub(crate) fn defaults(&self, now: i64) -> Defaults {
        let from = self.settings.default_from.as_deref().map(|text| self::validator::parse_default_from(text, now));
        Defaults { from, now, parameters: parameters(&self.endpoint, &self.settings) }
    }

    /// The name of the column that the time range is about.
    pub(crate) fn time_column_name(&self) -> &str {
        self.endpoint.time_range.as_ref().map_or("", |range| self.endpoint.columns[range.column].name.as_str())
    }

    /// Whether the user declared that every record has a time.
    pub(crate) fn time_is_required(&self) -> bool {
        let time = self.endpoint.time_range.as_ref().map(|range| range.column);
        self.columns.iter().flatten().any(|column| column.not_null && column.described.is_some() && column.described == time)
    }

    /// The longest time range that may be asked for, in microseconds.
    pub(crate) fn max_window(&self) -> Option<i64> {
        let max = self.settings.max_window.as_deref().filter(|_| self.endpoint.time_range.is_some());
        max.map(self::validator::parse_max_window)
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

/// The request parameters of a table that its options give.
pub(crate) fn parameters(table: &Table, settings: &Settings) -> BTreeMap<usize, String> {
    let value = |(index, column): (usize, &sources::Column)| match &column.origin {
        Origin::Request { option: Some(option), .. } => Some((index, settings.parameters.get(option)?.clone())),
        _ => None,
    };
    table.columns.iter().enumerate().filter_map(value).collect()
}

/// Refuses a table's option that its source does not have, or that only the server can use: the validator is not told which
/// server a table belongs to.
fn check_table_options(source: &Source, given: &Options) -> Result<()> {
    let mut own = given.iter().filter(|(name, _)| !options::is_known(name)).peekable();
    if own.peek().is_none() {
        return Ok(());
    }
    let parameters: HashSet<&str> = source.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
    let texts = source.auth.iter().chain(&source.headers).flat_map(|credential| [&credential.name, &credential.value]);
    let of_connection: HashSet<&str> = texts.flat_map(|text| sources::placeholders(text).unwrap_or_default()).collect();
    for (name, _) in own {
        let is_parameter = parameters.contains(name.as_str());
        if !is_parameter || of_connection.contains(name.as_str()) {
            return Err(Error::new(
                ErrorKind::OptionName,
                format!("option \"{name}\" is not valid for a foreign table of source \"{}\"", source.name),
            )
            .hint(if is_parameter { "It belongs to the server." } else { "Drop it." }));
        }
    }
    Ok(())
}

fn bind(table: &Table, index: &ColumnIndex<'_>, name: &str, type_oid: pg_sys::Oid, typmod: i32, options: &Options) -> ForeignColumn {
    let pushdown = option(options, "pushdown").and_then(parse_bool).unwrap_or(true);
    let column = |from, form, described| ForeignColumn {
        name: name.to_owned(),
        type_oid,
        typmod,
        not_null: false,
        from,
        form,
        described,
        pushdown,
        options: options.clone(),
    };
    let given = option(options, "form").and_then(Form::named);
    let of_description = |index: usize| match &table.columns[index].origin {
        Origin::Field { pointer, form } => column(Some(ValueSource::Field(pointer.clone())), given.unwrap_or(*form), Some(index)),
        Origin::Request { .. } => column(Some(ValueSource::Request(index)), Form::Plain, Some(index)),
    };
    if let Some(pointer) = option(options, "field").and_then(Pointer::parse) {
        // A field that the description knows keeps its filter under any name.
        let described = index.of_field(&pointer);
        return described.map_or_else(|| column(Some(ValueSource::Field(pointer)), given.unwrap_or_default(), None), of_description);
    }
    match index.named(name) {
        Some(described) => of_description(described),
        None if fold(name) == "raw" => column(Some(ValueSource::Field(Pointer::default())), Form::Plain, None),
        None => column(None, Form::Plain, None),
    }
}

/// The refusal of a user who has not the secrets that a server's source wants.
pub(crate) fn no_secret(source: &Source, user: pg_sys::Oid, server: pg_sys::Oid) -> Error {
    // SAFETY: both exist; what the catalogs return is palloc'd.
    let (user_name, server_name) =
        unsafe { (text_of(pg_sys::GetUserNameFromId(user, true)), text_of((*pg_sys::GetForeignServer(server)).servername)) };
    let owner = Owner { user: &user_name, server: &server_name, has_mapping: is_mapped(user, server) };
    authenticator::no_secret(source, Some(owner))
}

/// Whether a user has a mapping, of its own or everybody's.
fn is_mapped(user: pg_sys::Oid, server: pg_sys::Oid) -> bool {
    has_mapping(user, server) || has_mapping(pg_sys::InvalidOid, server)
}

/// The secrets of a user's mapping; empty where there is none. Files are read here, by the database server.
pub(crate) fn secrets(user: pg_sys::Oid, server: pg_sys::Oid) -> Result<BTreeMap<String, Secret>> {
    if !is_mapped(user, server) {
        return Ok(BTreeMap::new());
    }
    // SAFETY: it exists, as just seen; what it returns is palloc'd.
    let options = unsafe { options_of((*pg_sys::GetUserMapping(user, server)).options) };
    let mut secrets = BTreeMap::new();
    for (name, value) in options {
        match name.strip_suffix("_file") {
            None => secrets.insert(name, Secret::new(value)),
            Some(secret) => {
                let unreadable = |cause: &dyn std::fmt::Display| {
                    Error::new(ErrorKind::Unauthorized, format!("could not read the file of option \"{name}\"")).detail(format!("{cause}."))
                };
                let bytes = small_file::read(&value, MAX_SECRET_FILE).map_err(|e| unreadable(&e))?;
                let text = std::str::from_utf8(&bytes).map_err(|_| unreadable(&"It is not UTF-8"))?;
                secrets.insert(secret.to_owned(), Secret::new(text.trim()))
            }
        };
    }
    Ok(secrets)
}

fn has_mapping(user: pg_sys::Oid, server: pg_sys::Oid) -> bool {
    // SAFETY: a lookup in the system cache by the key's two columns; the tuple is released.
    unsafe {
        let tuple = pg_sys::SearchSysCache2(
            pg_sys::SysCacheIdentifier::USERMAPPINGUSERSERVER as i32,
            pg_sys::Datum::from(user),
            pg_sys::Datum::from(server),
        );
        let found = !tuple.is_null();
        if found {
            pg_sys::ReleaseSysCache(tuple);
        }
        found
    }
}
