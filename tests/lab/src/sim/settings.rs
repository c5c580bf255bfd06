//! Parses the settings in the first path segment of a URL: `~rows=1000,last=bookmark,fault=cut`.
//!
//! Whatever an API's reference page leaves open is a setting, so that a client is tested with each variant. An unknown setting is an error,
//! so that a typing mistake cannot make a test pass.

mod choice;
mod value;

use std::fmt;

use super::fault::Fault;
use super::target::percent_decode;
pub(crate) use choice::{
    ActivationForm, Bounds, ContentCoding, FilterColumn, Granularity, Language, Last, LetterCase, NextUrl, Nulls, Order, Over, PastEnd,
    Shape, Spelling, Switch, TimeForm, Total, UnknownCase, UnknownTicket,
};
use value::{moment, positive, positive_u32, whole};

/// The settings that do not change a page's bytes.
const BESIDE_CONTENT: [&str; 13] =
    ["tag", "latency", "keep_alive", "fault", "at", "times", "header", "scheme", "key", "apps", "token_life", "token_uses", "static_token"];

/// Why a setting cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingError(String);

impl fmt::Display for SettingError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for SettingError {}

/// The settings of one URL. A setting whose default differs between APIs is an `Option`.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Namespace in the request log.
    pub(crate) tag: String,
    /// Number of entries of a log that is one list.
    pub(crate) rows: u64,
    /// Number of Huawei's cases.
    pub(crate) cases: u64,
    /// Number of Socialboards' and TIXNGO's tickets.
    pub(crate) tickets: u64,
    /// Number of entries in the log of each case or ticket.
    pub(crate) logs: Option<u64>,
    /// Number of messages of each case.
    pub(crate) messages: Option<u64>,
    /// First time of the data, in milliseconds since 1970.
    pub(crate) start: i64,
    /// End of the data, in milliseconds since 1970.
    pub(crate) end: i64,
    pub(crate) ties: u64,
    /// One in this many events of the audit API has no time, and so lies in no range of time.
    pub(crate) untimed: Option<u64>,
    /// Whether events without a time are in every range of time.
    pub(crate) untimed_in_range: Switch,
    pub(crate) shape: Shape,
    pub(crate) seed: u64,
    pub(crate) default_limit: Option<u64>,
    pub(crate) max_limit: Option<u64>,
    pub(crate) over: Over,
    pub(crate) bounds: Bounds,
    pub(crate) filter: FilterColumn,
    pub(crate) granularity: Granularity,
    pub(crate) order: Option<Order>,
    pub(crate) last: Last,
    pub(crate) total: Total,
    pub(crate) past_end: PastEnd,
    pub(crate) next: NextUrl,
    pub(crate) case: LetterCase,
    pub(crate) header: String,
    pub(crate) scheme: String,
    pub(crate) key: String,
    pub(crate) apps: Vec<String>,
    /// Lifetime of a login's token, in seconds.
    pub(crate) token_life: Option<u64>,
    /// Number of requests for which a login's token is valid.
    pub(crate) token_uses: Option<u64>,
    /// Whether `lab-token` is valid without a login.
    pub(crate) static_token: Switch,
    /// Whether the client has a role that may read.
    pub(crate) role: Switch,
    pub(crate) unknown_case: UnknownCase,
    pub(crate) unknown_ticket: UnknownTicket,
    pub(crate) time_form: TimeForm,
    pub(crate) language: Language,
    pub(crate) spelling: Spelling,
    pub(crate) activation: ActivationForm,
    pub(crate) nulls: Option<Nulls>,
    /// Latency of each response, in milliseconds.
    pub(crate) latency: u64,
    /// Whether a connection may be used again.
    pub(crate) keep_alive: Switch,
    pub(crate) encoding: ContentCoding,
    pub(crate) fault: Option<Fault>,
    pub(crate) at: u32,
    pub(crate) times: Option<u32>,
    /// The text of the settings that change a page's bytes. URLs that differ only in others, like tag, latency or fault, share cached
    /// pages.
    pub(crate) content: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            tag: "default".into(),
            rows: 100_000,
            cases: 200,
            tickets: 200,
            logs: None,
            messages: None,
            start: 1_767_225_600_000, // 2026-01-01
            end: 1_769_904_000_000,   // 2026-02-01
            ties: 1,
            untimed: None,
            untimed_in_range: Switch::Off,
            shape: Shape::Even,
            seed: 1,
            default_limit: None,
            max_limit: None,
            over: Over::Reject,
            bounds: Bounds::Inclusive,
            filter: FilterColumn::Created,
            granularity: Granularity::Millisecond,
            order: None,
            last: Last::Null,
            total: Total::Exact,
            past_end: PastEnd::Empty,
            next: NextUrl::Absolute,
            case: LetterCase::Exact,
            header: "x-api-key".into(),
            scheme: String::new(),
            key: "lab-key".into(),
            apps: vec!["my-app".into(), "other-app".into()],
            token_life: None,
            token_uses: None,
            static_token: Switch::On,
            role: Switch::On,
            unknown_case: UnknownCase::Error,
            unknown_ticket: UnknownTicket::Error,
            time_form: TimeForm::Rfc3339,
            language: Language::Chinese,
            spelling: Spelling::CapitalD,
            activation: ActivationForm::Object,
            nulls: None,
            latency: 0,
            keep_alive: Switch::On,
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
            if !BESIDE_CONTENT.contains(&key) {
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
            "cases" => self.cases = whole(value)?,
            "tickets" => self.tickets = whole(value)?,
            "logs" => self.logs = Some(whole(value)?),
            "messages" => self.messages = Some(whole(value)?),
            "start" => self.start = moment(value)?,
            "end" => self.end = moment(value)?,
            "ties" => self.ties = positive(value)?,
            "untimed" => self.untimed = Some(positive(value)?),
            "untimed_in_range" => self.untimed_in_range = Switch::read(value)?,
            "shape" => self.shape = Shape::read(value)?,
            "seed" => self.seed = whole(value)?,
            "default_limit" => self.default_limit = Some(positive(value)?),
            "max_limit" => self.max_limit = Some(positive(value)?),
            "over" => self.over = Over::read(value)?,
            "bounds" => self.bounds = Bounds::read(value)?,
            "filter" => self.filter = FilterColumn::read(value)?,
            "granularity" => self.granularity = Granularity::read(value)?,
            "order" => self.order = Some(Order::read(value)?),
            "last" => self.last = Last::read(value)?,
            "total" => self.total = Total::read(value)?,
            "past_end" => self.past_end = PastEnd::read(value)?,
            "next" => self.next = NextUrl::read(value)?,
            "case" => self.case = LetterCase::read(value)?,
            "header" => self.header = value.to_ascii_lowercase(),
            "scheme" => self.scheme = value.into(),
            "key" => self.key = value.into(),
            "apps" => self.apps = value.split('+').map(str::to_owned).collect(),
            "token_life" => self.token_life = Some(whole(value)?),
            "token_uses" => self.token_uses = Some(whole(value)?),
            "static_token" => self.static_token = Switch::read(value)?,
            "role" => self.role = Switch::read(value)?,
            "unknown_case" => self.unknown_case = UnknownCase::read(value)?,
            "unknown_ticket" => self.unknown_ticket = UnknownTicket::read(value)?,
            "time_form" => self.time_form = TimeForm::read(value)?,
            "language" => self.language = Language::read(value)?,
            "spelling" => self.spelling = Spelling::read(value)?,
            "activation" => self.activation = ActivationForm::read(value)?,
            "nulls" => self.nulls = Some(Nulls::read(value)?),
            "latency" => self.latency = whole(value)?,
            "keep_alive" => self.keep_alive = Switch::read(value)?,
            "encoding" => self.encoding = ContentCoding::read(value)?,
            "fault" => self.fault = Some(Fault::read(value)?),
            "at" => self.at = positive_u32(value)?,
            "times" => self.times = Some(positive_u32(value)?),
            _ => return Err("no such setting".into()),
        }
        Ok(())
    }

    /// Checks settings that depend on each other.
    fn check(&self) -> Result<(), String> {
        let span = self.end - self.start;
        if span <= 0 {
            return Err("setting end: must lie after start".into());
        }
        // A row's time is computed in 64 bits as rows × milliseconds.
        let counts = [("rows", self.rows), ("cases", self.cases), ("tickets", self.tickets)];
        let counts = counts.into_iter().chain(self.logs.map(|count| ("logs", count)));
        for (name, count) in counts.chain(self.messages.map(|count| ("messages", count))) {
            if count.checked_mul(span.unsigned_abs()).is_none_or(|product| product > i64::MAX as u64) {
                return Err(format!("setting {name}: too many for this range of time"));
            }
        }
        if let (Some(default), Some(max)) = (self.default_limit, self.max_limit)
            && default > max
        {
            return Err("setting default_limit: must not exceed max_limit".into());
        }
        Ok(())
    }

    /// The order of rows: as set, else the usual one of the API.
    pub(crate) fn order_or(&self, usual: Order) -> Order {
        self.order.unwrap_or(usual)
    }

    /// Whether members without a value are written: as set, else as the API usually does.
    pub(crate) fn write_nulls_or(&self, usual: Nulls) -> bool {
        self.nulls.unwrap_or(usual) == Nulls::Present
    }

    /// The default and the largest page size: as set, else those of the API.
    pub(crate) fn limits_or(&self, default: u64, max: u64) -> (u64, u64) {
        let max = self.max_limit.unwrap_or(max);
        (self.default_limit.unwrap_or(default).min(max), max)
    }
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
        let error = |text: &str| Settings::parse(text).unwrap_err().to_string();
        assert_eq!(error("row=5"), "setting row: no such setting");
        assert_eq!(error("rows=x"), "setting rows: \"x\" is not a whole number");
        assert_eq!(error("order=up"), "setting order: \"up\" is none of asc, desc");
        assert_eq!(error("rows"), "setting \"rows\" is not key=value");
        assert_eq!(error("fault=melt"), "setting fault: no fault is called \"melt\"");
        assert_eq!(error("end=2025-01-01"), "setting end: must lie after start");
        assert_eq!(error("default_limit=20,max_limit=10"), "setting default_limit: must not exceed max_limit");
    }

    #[test]
    fn a_page_size_is_what_is_set_else_what_the_api_has() {
        let limits = |text: &str| Settings::parse(text).unwrap().limits_or(25, 50);
        assert_eq!(limits(""), (25, 50));
        assert_eq!(limits("max_limit=10"), (10, 10));
        assert_eq!(limits("default_limit=60"), (50, 50));
        assert_eq!(limits("default_limit=60,max_limit=70"), (60, 70));
    }
}
