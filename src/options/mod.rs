//! One table of options → validator, parser, hints, README; and [`Secret`].
//!
//! A user's texts are parsed once into [`Settings`]; nothing downstream sees a string map.

mod spec;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::time::Duration;

use url::Url;

pub use self::spec::{Context, Kind, OPTIONS, Spec};
use crate::error::{Error, ErrorKind, Result};
use crate::sources::{Direction, Evidence, Form, OrderOverride, Pointer, Source, placeholders};
use crate::time_zone::{TimeZone, offset_text};
use crate::units::{parse_bool, parse_bytes, parse_duration};

/// A text that must not be shown. No Display, no Serialize; Debug prints `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// SECURITY: only for the header or body that authenticates.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Postgres cannot hold a value of a gigabyte.
const MAX_BYTES: u64 = 1000 << 20;

/// Whether an option makes the database server read a file, which is a superuser's to allow.
pub fn reads_file(name: &str) -> bool {
    spec(name).is_some_and(|spec| spec.kind == Kind::File)
}

fn spec(name: &str) -> Option<&'static Spec> {
    OPTIONS.iter().find(|spec| spec.name == name)
}

/// Whether an option of this name exists for some kind of object.
pub fn is_known(name: &str) -> bool {
    spec(name).is_some()
}

/// Whether an option of this name exists, but not for this kind of object.
pub fn is_elsewhere(name: &str, context: Context) -> bool {
    spec(name).is_some_and(|spec| !spec.contexts.contains(&context))
}

/// Checks the options of one catalog object, as `CREATE` and `ALTER` give them. `parameters` are the names that the sources
/// add; a server's own are taken from its `source` or `definition`, which was read already.
pub fn validate(context: Context, given: &[(String, String)], source: Option<&Source>, parameters: &[String]) -> Result<()> {
    let known: HashSet<&str> = parameters.iter().map(String::as_str).collect();
    for (name, value) in given {
        match (spec(name), source) {
            (Some(spec), Some(source)) if spec.kind == Kind::Definition && context == Context::Server => check_parameters(source)?,
            (Some(spec), _) if spec.contexts.contains(&context) => check(spec, value)?,
            (Some(spec), _) => return Err(misplaced(context, spec)),
            (None, _) if matches!(context, Context::Server | Context::Table) && known.contains(name.as_str()) => {}
            (None, _) => return Err(unknown(context, name, parameters)),
        }
    }
    if context == Context::Server {
        let settings = Settings::resolve(source, given, &[])?;
        settings.check_plain_http()?;
        if let (Some(_), Some(source)) = (&settings.auth_url, source.filter(|source| source.logins.is_empty())) {
            return Err(Error::new(ErrorKind::OptionName, "option \"auth_url\" is not valid for this server")
                .hint(format!("Source \"{}\" has no login: its user mapping takes what goes along with each request.", source.name)));
        }
    }
    Ok(())
}

fn misplaced(context: Context, spec: &Spec) -> Error {
    let places: Vec<_> = spec.contexts.iter().map(|c| c.noun()).collect();
    let what = if spec.kind == Kind::Secret { "The secret" } else { "The option" };
    Error::new(ErrorKind::OptionName, format!("option \"{}\" is not valid for {}", spec.name, context.noun())).hint(format!(
        "{what} \"{}\" belongs to {}.",
        spec.name,
        places.join(" or ")
    ))
}

fn unknown(context: Context, name: &str, parameters: &[String]) -> Error {
    let mut valid: Vec<&str> = OPTIONS.iter().filter(|s| s.contexts.contains(&context)).map(|s| s.name).collect();
    if matches!(context, Context::Server | Context::Table) {
        valid.extend(parameters.iter().map(String::as_str));
    }
    valid.sort_unstable();
    let error = Error::new(ErrorKind::OptionName, format!("option \"{name}\" is not valid for {}", context.noun()));
    if valid.is_empty() {
        error.hint("There are no valid options here.")
    } else {
        error.hint(format!("Valid options here are: {}.", valid.join(", ")))
    }
}

fn bad_value(name: &str, must: impl fmt::Display) -> Error {
    Error::new(ErrorKind::OptionValue, format!("invalid value for option \"{name}\"")).detail(format!("It must be {must}."))
}

fn check(spec: &Spec, value: &str) -> Result<()> {
    let must = |fits: bool, must: &str| if fits { Ok(()) } else { Err(bad_value(spec.name, must)) };
    match spec.kind {
        Kind::Text | Kind::File => must(!value.is_empty(), "not empty"),
        // SECURITY: neither a secret nor a definition is repeated in an error.
        Kind::Secret if value.is_empty() => must(false, "not empty"),
        Kind::Secret => must(!value.bytes().any(|b| b < 0x20 || b == 0x7f), "free of control characters"),
        Kind::Url | Kind::Proxy => parse_url(spec, value).map(drop),
        Kind::Bool => must(parse_bool(value).is_some(), "a boolean"),
        Kind::Count(min, max) => {
            let fits = value.parse().is_ok_and(|n: u64| (min..=max).contains(&n));
            must(fits, &format!("a whole number from {min} to {max}"))
        }
        Kind::Rate => must(value.parse().is_ok_and(|n: f64| n.is_finite() && n > 0.0), "a number greater than 0"),
        Kind::Duration => {
            let fits = parse_duration(value).is_some_and(|d| !d.is_zero());
            must(fits, "a duration greater than 0 such as 400ms, 10s or 2min; a bare number is milliseconds")
        }
        Kind::Bytes => {
            let fits = parse_bytes(value).is_some_and(|n| (1..=MAX_BYTES).contains(&n));
            must(fits, "a size from 1 byte to 1000MB, such as 64MB; a bare number is bytes")
        }
        Kind::Choice(words) => must(words.contains(&value), &format!("one of {}", words.join(", "))),
        Kind::Form => {
            let names: Vec<&str> = Form::NAMES.iter().map(|(name, _)| *name).collect();
            must(names.contains(&value), &format!("one of {}", names.join(", ")))
        }
        Kind::Pointer => must(Pointer::parse(value).is_some_and(|p| !p.0.is_empty()), "a JSON Pointer such as /user/name"),
        Kind::Zone => must(
            TimeZone::parse(value).is_some(),
            "an offset from UTC such as Z, +02:00 or GMT-5, or the name of a time zone such as Europe/Zurich",
        ),
        Kind::Definition => check_definition(value),
    }
}

fn check_definition(text: &str) -> Result<()> {
    check_parameters(&Source::read(text)?)
}

/// Refuses a description's parameter that would hide an option.
fn check_parameters(source: &Source) -> Result<()> {
    match source.parameters.iter().find(|parameter| spec(&parameter.name).is_some()) {
        None => Ok(()),
        Some(parameter) => Err(Error::new(
            ErrorKind::OptionValue,
            format!("definition has a parameter \"{}\", which is an option of its own", parameter.name),
        )
        .hint("Give the parameter another name.")),
    }
}

/// Whether the source's requests say which zone times are meant in.
fn tells_zone(source: &Source) -> bool {
    source.headers.iter().any(|header| placeholders(&header.value).unwrap_or_default().contains(&"time_zone"))
}

/// The offset that a source's requests name, in seconds east of UTC. The API writes its times by that offset, so they are read by it.
/// Only a zone with one offset will do: an API that is told an offset cannot know when clocks change.
fn told_offset(text: &str, source: &Source) -> Result<i64> {
    TimeZone::parse(text).and_then(|zone| zone.sole_offset()).ok_or_else(|| {
        bad_value("time_zone", format_args!("an offset from UTC for source \"{}\", such as GMT+8", source.name))
            .hint("The API is told the zone as an offset, and the clocks of this one are changed.")
    })
}

fn parse_url(spec: &Spec, value: &str) -> Result<Url> {
    let name = spec.name;
    // SECURITY: the URL is not repeated; a wrong one may hold a password.
    let url = Url::parse(value)
        .map_err(|e| bad_value(name, "an absolute URL such as https://api.example/v4").hint(format!("The URL parser says: {e}.")))?;
    let proxy = spec.kind == Kind::Proxy;
    if !(matches!(url.scheme(), "http" | "https") || (proxy && url.scheme() == "socks5")) || !url.has_host() {
        return Err(bad_value(name, if proxy { "an http, https or socks5 URL" } else { "an http or https URL" }));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad_value(name, "a URL without user name and password").hint("Put secrets into the user mapping."));
    }
    if !proxy && (url.query().is_some() || url.fragment().is_some()) {
        return Err(bad_value(name, "a URL without query and fragment"));
    }
    Ok(url)
}

/// What becomes of text that Postgres cannot hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnInvalid {
    /// An error names column, record and page.
    Error,
    /// The value becomes NULL.
    Null,
    /// Each such character becomes U+FFFD.
    Replace,
}

/// The options of a server and one of its tables, parsed.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Where the API lives.
    pub base_url: Url,
    /// Where a login goes.
    pub auth_url: Option<Url>,
    /// Slices in flight.
    pub concurrency: usize,
    /// Records asked for in one page.
    pub page_size: Option<u64>,
    /// Requests a second.
    pub requests_per_second: Option<f64>,
    /// For DNS, TCP and TLS.
    pub connect_timeout: Duration,
    /// Longest silence within a response.
    pub read_timeout: Duration,
    /// For one request and its response.
    pub request_timeout: Duration,
    /// Sends after the first.
    pub max_retries: u32,
    /// Waiting between sends, in all.
    pub retry_budget: Duration,
    /// Largest response, decompressed.
    pub max_response_bytes: u64,
    /// Further certificates that are trusted; see `scan::trust`.
    pub ca_file: Option<String>,
    /// Proxy for all requests.
    pub proxy: Option<Url>,
    /// The User-Agent header.
    pub user_agent: String,
    /// Plain http to another machine is allowed.
    pub allow_http: bool,
    /// What times without a zone mean.
    pub time_zone: Option<TimeZone>,
    /// What becomes of text that Postgres cannot hold.
    pub on_invalid: OnInvalid,
    /// Name of the table in the source.
    pub table: Option<String>,
    /// Lower bound for queries without one; Postgres reads it.
    pub default_from: Option<String>,
    /// That bound is for a scan's first page only.
    pub preview_only: bool,
    /// The longest time range; Postgres reads it.
    pub max_window: Option<String>,
    /// Column that the API's time range filters.
    pub time_column: Option<String>,
    /// Granularity of the API's time range.
    pub time_unit: Option<Duration>,
    /// What proves that a page was the last one.
    pub evidence: Option<Evidence>,
    /// What the user says of the order of records.
    pub order: OrderOverride,
    /// The source's own parameters, defaults filled in.
    pub parameters: BTreeMap<String, String>,
}

/// The texts of options, each by its name.
struct Given<'o>(HashMap<&'o str, &'o String>);

impl Given<'_> {
    /// The text of an option that the table of options has, checked.
    fn get(&self, name: &'static str) -> Result<Option<String>> {
        let value = self.0.get(name).map(|value| (*value).clone());
        if let (Some(value), Some(spec)) = (&value, spec(name)) {
            check(spec, value)?;
        }
        Ok(value)
    }

    fn count(&self, name: &'static str) -> Result<Option<u64>> {
        Ok(self.get(name)?.and_then(|value| value.parse().ok()))
    }

    fn flag(&self, name: &'static str) -> Result<bool> {
        Ok(self.get(name)?.as_deref().and_then(parse_bool).unwrap_or(false))
    }

    /// A duration; `default` is in seconds.
    fn duration(&self, name: &'static str, default: u64) -> Result<Duration> {
        Ok(self.get(name)?.and_then(|value| parse_duration(&value)).unwrap_or(Duration::from_secs(default)))
    }

    fn url(&self, name: &'static str) -> Result<Option<Url>> {
        let Some(value) = self.get(name)? else { return Ok(None) };
        spec(name).map(|spec| parse_url(spec, &value)).transpose()
    }

    fn order(&self) -> Result<OrderOverride> {
        let Some(word) = self.get("order")? else { return Ok(OrderOverride::FromDescription) };
        let direction = Direction::NAMES.iter().find(|(name, _)| *name == word);
        Ok(direction.map_or(OrderOverride::Unordered, |(_, direction)| OrderOverride::By(*direction)))
    }

    /// The zone that times are read in, and the source's own parameters. Where requests name the zone, it is one of the parameters.
    fn zone_and_parameters(&self, source: Option<&Source>) -> Result<(Option<TimeZone>, BTreeMap<String, String>)> {
        let mut parameters = BTreeMap::new();
        for parameter in source.iter().flat_map(|s| &s.parameters) {
            let value = self.0.get(parameter.name.as_str()).map(|value| (*value).clone());
            if let Some(value) = value.or_else(|| parameter.default.clone()) {
                parameters.insert(parameter.name.clone(), value);
            }
        }
        let time_zone = match (self.get("time_zone")?, source) {
            (Some(text), Some(source)) if tells_zone(source) => {
                let offset = told_offset(&text, source)?;
                parameters.insert("time_zone".to_owned(), offset_text(&text, offset));
                Some(TimeZone::Offset(offset))
            }
            (Some(text), _) => TimeZone::parse(&text),
            (None, source) => source.and_then(|source| source.time_zone.clone()),
        };
        Ok((time_zone, parameters))
    }
}

impl Settings {
    /// A table's options go before its server's, those before the source's defaults. The texts were validated when they were
    /// set; they are checked again because a catalog can be older than this library.
    pub fn resolve(source: Option<&Source>, server: &[(String, String)], table: &[(String, String)]) -> Result<Self> {
        let mut given: HashMap<&str, &String> = HashMap::new();
        for (name, value) in table.iter().chain(server) {
            given.entry(name).or_insert(value);
        }
        let given = Given(given);
        let base_url = given.url("base_url")?.ok_or_else(|| {
            Error::new(ErrorKind::OptionName, "option \"base_url\" is required for a server")
                .hint("Set it to where the API lives, such as OPTIONS (base_url 'https://api.example/v4').")
        })?;
        let (time_zone, parameters) = given.zone_and_parameters(source)?;
        Ok(Self {
            base_url,
            auth_url: given.url("auth_url")?,
            concurrency: given.count("concurrency")?.map_or(4, |n| n as usize),
            page_size: given.count("page_size")?,
            requests_per_second: given.get("requests_per_second")?.and_then(|v| v.parse().ok()),
            connect_timeout: given.duration("connect_timeout", 10)?,
            read_timeout: given.duration("read_timeout", 30)?,
            request_timeout: given.duration("request_timeout", 120)?,
            max_retries: given.count("max_retries")?.map_or(3, |n| n as u32),
            retry_budget: given.duration("retry_budget", 60)?,
            max_response_bytes: given.get("max_response_bytes")?.and_then(|v| parse_bytes(&v)).unwrap_or(256 << 20),
            ca_file: given.get("ca_file")?,
            proxy: given.url("proxy")?,
            user_agent: given.get("user_agent")?.unwrap_or_else(|| concat!("restlog_fdw/", env!("CARGO_PKG_VERSION")).to_owned()),
            allow_http: given.flag("allow_http")?,
            time_zone,
            on_invalid: match given.get("on_invalid")?.as_deref() {
                Some("null") => OnInvalid::Null,
                Some("replace") => OnInvalid::Replace,
                _ => OnInvalid::Error,
            },
            table: given.get("table")?,
            default_from: given.get("default_from")?,
            preview_only: given.flag("preview_only")?,
            max_window: given.get("max_window")?,
            time_column: given.get("time_column")?,
            evidence: given.get("evidence")?.map(|word| match word.as_str() {
                "total" => Evidence::Total,
                "missing_key" => Evidence::MissingKey,
                _ => Evidence::EmptyPage,
            }),
            order: given.order()?,
            time_unit: given.get("time_unit")?.and_then(|v| parse_duration(&v)),
            parameters,
        })
    }

    /// SECURITY: secrets must not cross a network in the clear.
    pub fn check_plain_http(&self) -> Result<()> {
        let is_here = |url: &Url| match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
            Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        };
        // A request to this very machine leaves it if the proxy is elsewhere.
        let through = self.proxy.as_ref().is_none_or(is_here);
        for (option, url) in [("base_url", Some(&self.base_url)), ("auth_url", self.auth_url.as_ref())] {
            let Some(url) = url else { continue };
            if url.scheme() != "https" && !(is_here(url) && through) && !self.allow_http {
                return Err(Error::new(ErrorKind::OptionValue, format!("option \"{option}\" would send secrets over plain http"))
                    .hint("Use https, or set allow_http 'true' if the network between is yours."));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
