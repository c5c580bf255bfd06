//! The ways in which an answer can be wrong, and how a URL names them: `fault=NAME[:ARG[:ARG]]`.

use super::edit::Edit;

/// A spelling of each fault; `FIELD` stands for a field's name.
pub const FAULTS: [&str; 28] = [
    "status:500",
    "throttle:none",
    "cut",
    "close",
    "stall",
    "stall_headers",
    "drip:20000",
    "bad_json",
    "truncated_json",
    "html",
    "envelope",
    "no_records",
    "records_object",
    "repeat_key",
    "empty_middle",
    "endless_empty",
    "wrong_type:FIELD",
    "nul:FIELD",
    "surrogate:FIELD",
    "huge:FIELD:3000000",
    "redirect_other",
    "redirect_same",
    "bomb",
    "moved_total",
    "shift",
    "edit:delete:0",
    "far_row",
    "dup_fields",
];

/// What a 429 says about when to come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RetryAfter {
    Seconds(u64),
    /// The HTTP-date form.
    Date,
    /// No header at all.
    Missing,
}

/// One fault. Those of the transport are played by the server, those of the content by the API's page writer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    Status(u16),
    Throttle(RetryAfter),
    /// More bytes are promised than come before the connection closes.
    Cut,
    /// The connection closes before any answer.
    Close,
    /// Half the body, then silence.
    Stall,
    StallHeaders,
    /// Bytes per second.
    Drip(u64),
    BadJson,
    /// A whole HTTP body whose JSON text is cut.
    TruncatedJson,
    Html,
    /// An error in a 200.
    Envelope,
    NoRecords,
    RecordsObject,
    /// The page names the key that was just used.
    RepeatKey,
    EmptyMiddle,
    EndlessEmpty,
    WrongType(String),
    Nul(String),
    Surrogate(String),
    Huge(String, usize),
    RedirectOther,
    RedirectSame,
    /// A gigabyte of blanks in a small gzip stream.
    Bomb,
    /// From this page on one more row stands at the front, whenever the page is read.
    MovedTotal,
    /// When this page is read for the first time, a row appears at the front and stays.
    Shift,
    /// When this page is read for the first time, a row comes, goes, changes or moves, and stays so.
    Edit(Edit),
    /// One row lies far outside the asked range.
    FarRow,
    /// A record has one key twice.
    DupFields,
}

impl Fault {
    /// Reads `NAME[:ARG[:ARG]]`.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let mut parts = text.splitn(3, ':');
        let name = parts.next().unwrap_or_default();
        let first = parts.next();
        let second = parts.next();
        let field =
            || first.filter(|field| !field.is_empty()).map(str::to_owned).ok_or_else(|| format!("{name} needs a field: {name}:FIELD"));
        let fault = match name {
            "status" => Self::Status(
                number(first, name)
                    .ok()
                    .and_then(|code| u16::try_from(code).ok())
                    .filter(|code| (200..=599).contains(code))
                    .ok_or("status needs a code from 200 to 599: status:CODE")?,
            ),
            "throttle" => Self::Throttle(match first {
                None => RetryAfter::Seconds(1),
                Some("date") => RetryAfter::Date,
                Some("none") => RetryAfter::Missing,
                seconds => RetryAfter::Seconds(number(seconds, name)?),
            }),
            "cut" => Self::Cut,
            "close" => Self::Close,
            "stall" => Self::Stall,
            "stall_headers" => Self::StallHeaders,
            "drip" => Self::Drip(number(first, name)?.max(1)),
            "bad_json" => Self::BadJson,
            "truncated_json" => Self::TruncatedJson,
            "html" => Self::Html,
            // Each API says it in its own words; the other names are those words.
            "envelope" | "business_error" | "response_status" | "error_code" => Self::Envelope,
            "no_records" => Self::NoRecords,
            "records_object" => Self::RecordsObject,
            "repeat_key" => Self::RepeatKey,
            "empty_middle" => Self::EmptyMiddle,
            "endless_empty" => Self::EndlessEmpty,
            "wrong_type" => Self::WrongType(field()?),
            "nul" => Self::Nul(field()?),
            "surrogate" => Self::Surrogate(field()?),
            "huge" => Self::Huge(field()?, usize::try_from(number(second, name)?).map_err(|_| "huge: too many bytes")?),
            "redirect_other" => Self::RedirectOther,
            "redirect_same" => Self::RedirectSame,
            "bomb" => Self::Bomb,
            "moved_total" => Self::MovedTotal,
            "shift" => Self::Shift,
            "edit" => Self::Edit(Edit::read(first, second)?),
            "far_row" => Self::FarRow,
            "dup_fields" => Self::DupFields,
            _ => return Err(format!("no fault is called {name:?}")),
        };
        Ok(fault)
    }

    /// Whether a fault ordered for page `at` strikes page `page`.
    pub(crate) fn applies_to(&self, page: u32, at: u32) -> bool {
        match self {
            // These shape the list itself, before a page of it is found.
            Self::MovedTotal | Self::Shift | Self::Edit(_) => false,
            Self::EndlessEmpty => page >= at,
            _ => page == at,
        }
    }

    /// The field that a content fault corruptions.
    pub(crate) fn field(&self) -> Option<&str> {
        match self {
            Self::WrongType(field) | Self::Nul(field) | Self::Surrogate(field) | Self::Huge(field, _) => Some(field),
            _ => None,
        }
    }
}

fn number(text: Option<&str>, name: &str) -> Result<u64, String> {
    text.and_then(|text| text.parse().ok()).ok_or_else(|| format!("{name} needs a whole number as its last argument"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_its_spelling() {
        // A new variant must find its place here, and so in the list.
        let place = |fault: &Fault| match fault {
            Fault::Status(_) => 0,
            Fault::Throttle(_) => 1,
            Fault::Cut => 2,
            Fault::Close => 3,
            Fault::Stall => 4,
            Fault::StallHeaders => 5,
            Fault::Drip(_) => 6,
            Fault::BadJson => 7,
            Fault::TruncatedJson => 8,
            Fault::Html => 9,
            Fault::Envelope => 10,
            Fault::NoRecords => 11,
            Fault::RecordsObject => 12,
            Fault::RepeatKey => 13,
            Fault::EmptyMiddle => 14,
            Fault::EndlessEmpty => 15,
            Fault::WrongType(_) => 16,
            Fault::Nul(_) => 17,
            Fault::Surrogate(_) => 18,
            Fault::Huge(..) => 19,
            Fault::RedirectOther => 20,
            Fault::RedirectSame => 21,
            Fault::Bomb => 22,
            Fault::MovedTotal => 23,
            Fault::Shift => 24,
            Fault::Edit(_) => 25,
            Fault::FarRow => 26,
            Fault::DupFields => 27,
        };
        let places: Vec<usize> = FAULTS.iter().map(|text| place(&Fault::read(text).unwrap())).collect();
        assert_eq!(places, (0..FAULTS.len()).collect::<Vec<_>>());
    }
}
