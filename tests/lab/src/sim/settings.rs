//! Reads the settings that a URL carries in its first path segment: `~rows=1000,last=bookmark,fault=cut`.
//!
//! Every fact about an API that its reference page leaves open is a setting, so that a client is tried under each
//! answer. A setting nobody knows is an error: a typing mistake must not make a test pass.

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime};

use super::fault::Fault;
use super::target::percent_decode;

/// A setting that cannot be used, in words for the person who wrote the URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingError(String);

impl fmt::Display for SettingError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for SettingError {}

/// Defines an enum together with the words that name its variants in a URL.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $name { $($variant),+ }

        impl $name {
            fn read(word: &str) -> Result<Self, String> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(format!("{word:?} is none of {}", [$($word),+].join(", "))),
                }
            }
        }
    };
}

choice!(
    /// How rows lie over the time range.
    Shape { Even = "even", Burst = "burst" }
);
choice!(
    /// What happens to a page size above the maximum.
    Over { Reject = "reject", Clamp = "clamp" }
);
choice!(
    /// Which ends of the asked range belong to the answer.
    Bounds { Inclusive = "inclusive", Exclusive = "exclusive", HalfOpen = "half_open" }
);
choice!(
    /// Which column the asked range filters.
    FilterColumn { Created = "createdDate", Updated = "updatedDate" }
);
choice!(
    /// The unit to which the asked range is widened.
    Granularity { Millisecond = "ms", Second = "s", Day = "day" }
);
choice!(
    /// The order of rows by their creation.
    Order { Ascending = "asc", Descending = "desc" }
);
choice!(
    /// How the last page says that it is the last.
    Last { Null = "null", Absent = "absent", Empty = "empty", Bookmark = "bookmark" }
);
choice!(
    /// Whether value filters tell upper from lower case.
    Case { Exact = "exact", Insensitive = "insensitive" }
);
choice!(
    /// The wire name of the event's identifier.
    Spelling { CapitalD = "eventID", SmallD = "eventId" }
);
choice!(
    /// The wire form of `activationDetails`.
    Activation { Object = "object", String = "string" }
);
choice!(
    /// Whether members without a value are written.
    Nulls { Present = "present", Absent = "absent" }
);
choice!(
    /// How a body is compressed for a client that accepts it.
    ContentCoding { Identity = "identity", Gzip = "gzip", Zstd = "zstd", Brotli = "br" }
);

/// What one URL asks of the simulator.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Namespace of the request log.
    pub(crate) tag: String,
    pub(crate) rows: u64,
    /// Milliseconds since 1970, first moment of the data.
    pub(crate) start: i64,
    /// Milliseconds since 1970, end of the data.
    pub(crate) end: i64,
    pub(crate) ties: u64,
    pub(crate) shape: Shape,
    pub(crate) seed: u64,
    pub(crate) default_limit: u64,
    pub(crate) max_limit: u64,
    pub(crate) over: Over,
    pub(crate) bounds: Bounds,
    pub(crate) filter: FilterColumn,
    pub(crate) granularity: Granularity,
    pub(crate) order: Order,
    pub(crate) last: Last,
    pub(crate) case: Case,
    pub(crate) header: String,
    pub(crate) scheme: String,
    pub(crate) key: String,
    pub(crate) apps: Vec<String>,
    pub(crate) spelling: Spelling,
    pub(crate) activation: Activation,
    pub(crate) nulls: Nulls,
    /// Milliseconds before the headers of each answer.
    pub(crate) latency: u64,
    pub(crate) encoding: ContentCoding,
    pub(crate) fault: Option<Fault>,
    pub(crate) at: u32,
    pub(crate) times: Option<u32>,
    /// The settings that shape a page's bytes, as written: two URLs that differ only in tag, latency or fault share
    /// cached pages.
    pub(crate) content: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            tag: "default".into(),
            rows: 100_000,
            start: 1_767_225_600_000, // 2026-01-01
            end: 1_769_904_000_000,   // 2026-02-01
            ties: 1,
            shape: Shape::Even,
            seed: 1,
            default_limit: 1_000,
            max_limit: 10_000,
            over: Over::Reject,
            bounds: Bounds::Inclusive,
            filter: FilterColumn::Created,
            granularity: Granularity::Millisecond,
            order: Order::Ascending,
            last: Last::Null,
            case: Case::Exact,
            header: "x-api-key".into(),
            scheme: String::new(),
            key: "lab-key".into(),
            apps: vec!["my-app".into(), "other-app".into()],
            spelling: Spelling::CapitalD,
            activation: Activation::Object,
            nulls: Nulls::Present,
            latency: 0,
            encoding: ContentCoding::Identity,
            fault: None,
            at: 1,
            times: None,
            content: String::new(),
        }
    }
}

impl Settings {
    /// Reads comma-separated `key=value` pairs; values are percent-decoded, so that a value may hold a comma.
    pub(crate) fn parse(text: &str) -> Result<Self, SettingError> {
        let mut settings = Self::default();
        for pair in text.split(',').filter(|pair| !pair.is_empty()) {
            let (key, raw) = pair.split_once('=').ok_or_else(|| SettingError(format!("setting {pair:?} is not key=value")))?;
            let value = percent_decode(raw);
            settings.set(key, &value).map_err(|fault| SettingError(format!("setting {key}: {fault}")))?;
            if !matches!(key, "tag" | "latency" | "fault" | "at" | "times" | "header" | "scheme" | "key" | "apps") {
                settings.content.push_str(pair);
                settings.content.push(',');
            }
        }
        settings.check().map_err(SettingError)?;
        Ok(settings)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "tag" => self.tag = value.into(),
            "rows" => self.rows = whole(value)?,
            "start" => self.start = moment(value)?,
            "end" => self.end = moment(value)?,
            "ties" => self.ties = positive(value)?,
            "shape" => self.shape = Shape::read(value)?,
            "seed" => self.seed = whole(value)?,
            "default_limit" => self.default_limit = positive(value)?,
            "max_limit" => self.max_limit = positive(value)?,
            "over" => self.over = Over::read(value)?,
            "bounds" => self.bounds = Bounds::read(value)?,
            "filter" => self.filter = FilterColumn::read(value)?,
            "granularity" => self.granularity = Granularity::read(value)?,
            "order" => self.order = Order::read(value)?,
            "last" => self.last = Last::read(value)?,
            "case" => self.case = Case::read(value)?,
            "header" => self.header = value.to_ascii_lowercase(),
            "scheme" => self.scheme = value.into(),
            "key" => self.key = value.into(),
            "apps" => self.apps = value.split('+').map(str::to_owned).collect(),
            "spelling" => self.spelling = Spelling::read(value)?,
            "activation" => self.activation = Activation::read(value)?,
            "nulls" => self.nulls = Nulls::read(value)?,
            "latency" => self.latency = whole(value)?,
            "encoding" => self.encoding = ContentCoding::read(value)?,
            "fault" => self.fault = Some(Fault::read(value)?),
            "at" => self.at = positive_u32(value)?,
            "times" => self.times = Some(positive_u32(value)?),
            _ => return Err("no such setting".into()),
        }
        Ok(())
    }

    /// What no single setting can tell about itself.
    fn check(&self) -> Result<(), String> {
        let span = self.end - self.start;
        if span <= 0 {
            return Err("setting end: must lie after start".into());
        }
        // The row's time is computed in 64 bits as rows × milliseconds.
        if self.rows.checked_mul(span.unsigned_abs()).is_none_or(|product| product > i64::MAX as u64) {
            return Err("setting rows: too many for this range of time".into());
        }
        if self.default_limit > self.max_limit {
            return Err("setting default_limit: must not exceed max_limit".into());
        }
        Ok(())
    }
}

fn whole(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("{text:?} is not a whole number"))
}

fn positive(text: &str) -> Result<u64, String> {
    match whole(text)? {
        0 => Err("must not be 0".into()),
        number => Ok(number),
    }
}

fn positive_u32(text: &str) -> Result<u32, String> {
    u32::try_from(positive(text)?).map_err(|_| format!("{text:?} is too large"))
}

/// A date, an RFC 3339 time, or its compact form, which needs no colon in a path.
fn moment(text: &str) -> Result<i64, String> {
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Ok(day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis());
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.timestamp_millis());
    }
    NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%SZ")
        .map(|time| time.and_utc().timestamp_millis())
        .map_err(|_| format!("{text:?} is neither a date nor a time"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_values_and_decodes_them() {
        let settings = Settings::parse("rows=5,tag=a%2Cb,start=2026-01-02T00%3A00%3A00Z,at=2").unwrap();
        assert_eq!(settings.rows, 5);
        assert_eq!(settings.tag, "a,b");
        assert_eq!(settings.start, 1_767_312_000_000);
        assert_eq!(settings.at, 2);
        assert_eq!(settings.content, "rows=5,start=2026-01-02T00%3A00%3A00Z,");
    }

    #[test]
    fn names_what_it_cannot_use() {
        let said = |text: &str| Settings::parse(text).unwrap_err().to_string();
        assert_eq!(said("row=5"), "setting row: no such setting");
        assert_eq!(said("rows=x"), "setting rows: \"x\" is not a whole number");
        assert_eq!(said("order=up"), "setting order: \"up\" is none of asc, desc");
        assert_eq!(said("rows"), "setting \"rows\" is not key=value");
        assert_eq!(said("fault=melt"), "setting fault: no fault is called \"melt\"");
        assert_eq!(said("end=2025-01-01"), "setting end: must lie after start");
    }

    #[test]
    fn all_forms_of_a_time_agree() {
        for text in ["2026-01-01", "2026-01-01T00:00:00Z", "20260101T000000Z"] {
            assert_eq!(moment(text), Ok(1_767_225_600_000));
        }
    }
}
