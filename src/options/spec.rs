//! The one table of options. The validator, the hints and the README are made from it.

/// The catalog objects that take options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Context {
    /// CREATE FOREIGN DATA WRAPPER
    Wrapper,
    /// CREATE SERVER
    Server,
    /// CREATE USER MAPPING
    Mapping,
    /// CREATE FOREIGN TABLE
    Table,
    /// A column of a foreign table
    Column,
}

impl Context {
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Wrapper => "a foreign data wrapper",
            Self::Server => "a server",
            Self::Mapping => "a user mapping",
            Self::Table => "a foreign table",
            Self::Column => "a column",
        }
    }
}

/// What an option's text must be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Anything
    Text,
    /// An absolute http or https URL
    Url,
    /// The URL of a proxy: http, https or socks5
    Proxy,
    /// A Postgres boolean
    Bool,
    /// A whole number within bounds
    Count(u64, u64),
    /// A number greater than 0
    Rate,
    /// A duration with Postgres' units; a bare number is milliseconds
    Duration,
    /// A size with Postgres' units; a bare number is bytes
    Bytes,
    /// One of these words
    Choice(&'static [&'static str]),
    /// The name of a form in which a field's value stands
    Form,
    /// A JSON Pointer
    Pointer,
    /// An offset from UTC
    Zone,
    /// A description of an API in JSON
    Definition,
    /// A secret text
    Secret,
    /// A file that the database server reads: a superuser's to set
    File,
}

/// One option: its name, where it may stand, what it must be, its default and its README row.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// The option's name.
    pub name: &'static str,
    /// Where it may stand.
    pub contexts: &'static [Context],
    /// What its text must be.
    pub kind: Kind,
    /// What holds when it is not set; empty where there is none.
    pub default: &'static str,
    /// One sentence for the README.
    pub doc: &'static str,
}

const S: &[Context] = &[Context::Server];
const ST: &[Context] = &[Context::Server, Context::Table];
const T: &[Context] = &[Context::Table];
const C: &[Context] = &[Context::Column];
const M: &[Context] = &[Context::Mapping];

/// The options, and for each secret one that takes it and one that names a file with it.
macro_rules! with_secrets {
    ([$($spec:expr,)*] $($name:literal = $doc:literal, the $what:literal;)*) => {
        &[
            $($spec,)*
            $(Spec { name: $name, contexts: M, kind: Kind::Secret, default: "", doc: $doc },)*
            $(Spec {
                name: concat!($name, "_file"),
                contexts: M,
                kind: Kind::File,
                default: "",
                doc: concat!("File, read by the database server, that holds the ", $what, ". Only a superuser may set it."),
            },)*
        ]
    };
}

/// Every option that does not come from a source's own parameters.
pub const OPTIONS: &[Spec] = with_secrets! { [
    Spec { name: "source", contexts: S, kind: Kind::Text, default: "", doc: "Name of a built-in source; see `restlog.sources()`." },
    Spec {
        name: "definition",
        contexts: S,
        kind: Kind::Definition,
        default: "",
        doc: "Your own description of an API, in JSON, instead of `source`.",
    },
    Spec {
        name: "base_url",
        contexts: S,
        kind: Kind::Url,
        default: "",
        doc: "Required. Where the API lives, with any prefix of its paths, such as `https://api.example/v4`.",
    },
    Spec {
        name: "auth_url",
        contexts: S,
        kind: Kind::Url,
        default: "the source's path below `base_url`",
        doc: "Where a login goes, for sources that have one; Huawei's is on another host, so there it is required.",
    },
    Spec {
        name: "concurrency",
        contexts: ST,
        kind: Kind::Count(1, 64),
        default: "4",
        doc: "Requests that one scan has in flight, at most.",
    },
    Spec {
        name: "page_size",
        contexts: ST,
        kind: Kind::Count(1, 1_000_000),
        default: "the API's largest",
        doc: "Records asked for in one page.",
    },
    Spec {
        name: "requests_per_second",
        contexts: S,
        kind: Kind::Rate,
        default: "no limit",
        doc: "Requests that one session sends in a second, at most.",
    },
    Spec { name: "connect_timeout", contexts: S, kind: Kind::Duration, default: "10s", doc: "Time for DNS, TCP and TLS together." },
    Spec { name: "read_timeout", contexts: S, kind: Kind::Duration, default: "30s", doc: "Longest silence within one response." },
    Spec {
        name: "request_timeout",
        contexts: S,
        kind: Kind::Duration,
        default: "120s",
        doc: "Longest time for one request and its whole response.",
    },
    Spec {
        name: "max_retries",
        contexts: S,
        kind: Kind::Count(0, 100),
        default: "3",
        doc: "How often one request is sent again after 5xx or a broken connection.",
    },
    Spec {
        name: "retry_budget",
        contexts: S,
        kind: Kind::Duration,
        default: "60s",
        doc: "Longest time that one request waits between its retries while no other of the scan is answered, `Retry-After` and resets included; the only limit after a 429.",
    },
    Spec { name: "max_response_bytes", contexts: ST, kind: Kind::Bytes, default: "256MB", doc: "Largest response, decompressed." },
    Spec {
        name: "ca_file",
        contexts: S,
        kind: Kind::File,
        default: "",
        doc: "PEM file, read by the database server, with further certificate authorities or the server's own certificate. Read again when it changes. Only a superuser may set it.",
    },
    Spec {
        name: "proxy",
        contexts: S,
        kind: Kind::Proxy,
        default: "",
        doc: "Proxy for all requests. Proxy variables of the environment are not read.",
    },
    Spec { name: "user_agent", contexts: S, kind: Kind::Text, default: "restlog_fdw/<version>", doc: "The User-Agent header." },
    Spec {
        name: "allow_http",
        contexts: S,
        kind: Kind::Bool,
        default: "false",
        doc: "Let secrets travel over plain http to a host that is not this machine.",
    },
    Spec {
        name: "time_zone",
        contexts: S,
        kind: Kind::Zone,
        default: "",
        doc: "What times without a zone mean: an offset from UTC such as `Z`, `+08:00`, `GMT+8` or `UTC-5` (east is positive, as in ISO 8601; Postgres itself reads `GMT+8` as west), or a name such as `Europe/Zurich`. Sent along as an offset where the source has a header for it. Without it such a time is read in the session's time zone, and refused where the API's time range depends on it.",
    },
    Spec {
        name: "on_invalid",
        contexts: ST,
        kind: Kind::Choice(&["error", "null", "replace"]),
        default: "error",
        doc: "What becomes of text that the database cannot hold (a NUL character, half a surrogate pair, a character that its encoding lacks): an error, NULL, or U+FFFD, or `?` where the encoding has no such character, in its place.",
    },
    Spec { name: "table", contexts: T, kind: Kind::Text, default: "the foreign table's name", doc: "Name of the table in the source." },
    Spec {
        name: "default_from",
        contexts: T,
        kind: Kind::Text,
        default: "",
        doc: "Lower time bound for queries that say nothing of the time: an interval before now (`7 days`) or a time (`2026-01-01`). A scan that it cut short says so in a NOTICE.",
    },
    Spec {
        name: "preview_only",
        contexts: T,
        kind: Kind::Bool,
        default: "false",
        doc: "Let `default_from` serve previews only: a scan under it that goes past its first page is refused.",
    },
    Spec {
        name: "max_window",
        contexts: T,
        kind: Kind::Text,
        default: "",
        doc: "The longest time range that a query may ask for, an interval such as `31 days`; a longer one is refused when it is planned.",
    },
    Spec {
        name: "time_column",
        contexts: T,
        kind: Kind::Text,
        default: "the description's",
        doc: "Column that the API's time range filters, where the live API differs from its page.",
    },
    Spec {
        name: "time_unit",
        contexts: T,
        kind: Kind::Duration,
        default: "the description's",
        doc: "Granularity of the API's time range, where it is coarser than its page says (`1s`, `1d`).",
    },
    Spec {
        name: "order",
        contexts: T,
        kind: Kind::Choice(&["ascending", "descending", "none"]),
        default: "the description's",
        doc: "In which order of the time range's column records come, where the API promises one: `ORDER BY` it needs no sort then, and a record out of order is an error.",
    },
    Spec {
        name: "evidence",
        contexts: T,
        kind: Kind::Choice(&["total", "empty_page", "missing_key"]),
        default: "the description's",
        doc: "What proves that a page was the last one: `empty_page` where the API's total is missing or stops counting, `missing_key` where a page that names no next one is the last, however full it is.",
    },
    Spec {
        name: "field",
        contexts: C,
        kind: Kind::Pointer,
        default: "by the column's name",
        doc: "JSON Pointer of the field in the record, such as `/user/name`.",
    },
    Spec {
        name: "form",
        contexts: C,
        kind: Kind::Form,
        default: "the description's",
        doc: "How the field's value is written: `plain`, `embedded_json` (JSON in a string), `member_name` and `member_value` (of an object's one member), `unix_ms` (milliseconds since 1970).",
    },
    Spec {
        name: "pushdown",
        contexts: C,
        kind: Kind::Bool,
        default: "true",
        doc: "`false` keeps conditions on this column out of the request.",
    },
    ]
    "api_key" = "API key.", the "API key";
    "token" = "Bearer or session token.", the "token";
    "username" = "Name for a login.", the "name";
    "password" = "Password for a login.", the "password";
    "domain" = "Account that the user belongs to, for Huawei's login.", the "account";
    "project" = "Project that a login is for; without it Huawei's is for the whole account.", the "project";
    "client_id" = "Client of a refresh token.", the "client";
    "refresh_token" = "Refresh token, from which access tokens are made.", the "refresh token";
};
