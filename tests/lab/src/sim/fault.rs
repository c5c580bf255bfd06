//! The faults of a response, and their names in a URL: `fault=NAME[:ARG[:ARG]]`.

use super::edit::Edit;

/// One spelling of each fault. `FIELD` stands for a field's name.
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

/// The `Retry-After` header of a 429.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RetryAfter {
    Seconds(u64),
    /// The HTTP-date form.
    Date,
    /// No header at all.
    Missing,
}

/// One fault. The server applies transport faults, the page writer of an API applies content faults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    Status(u16),
    Throttle(RetryAfter),
    /// The connection closes before the promised length is sent.
    Cut,
    /// The connection closes before any answer.
    Close,
    /// Half of the body is sent, then nothing more.
    Stall,
    StallHeaders,
    /// Bytes per second.
    Drip(u64),
    BadJson,
    /// A complete HTTP body whose JSON text is cut.
    TruncatedJson,
    Html,
    /// An error in a 200.
    Envelope,
    NoRecords,
    RecordsObject,
    /// The page names its own key as that of the next page.
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
    /// From this page on the list has one more row at the front, whenever the page is read.
    MovedTotal,
    /// When this page is read for the first time, a row appears at the front and stays.
    Shift,
    /// When this page is read for the first time, the list is edited, and stays so.
    Edit(Edit),
    /// One row lies far outside of the requested range.
    FarRow,
    /// One record has one member twice.
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
            // The other names are those of the error member in each API.
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

    /// Whether a fault of page `at` applies to page `page`.
    pub(crate) fn applies_to(&self, page: u32, at: u32) -> bool {
        match self {
            // These change the list, before a page of it is found.
            Self::MovedTotal | Self::Shift | Self::Edit(_) => false,
            Self::EndlessEmpty => page >= at,
            _ => page == at,
        }
    }

    /// The field that a content fault corrupts.
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
        // The match must name a new variant, and the order below requires it in the list.
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
