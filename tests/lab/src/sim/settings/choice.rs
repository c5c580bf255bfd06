//! The settings whose value is one of a few words.

/// Defines an enum together with the words that name its variants in a URL.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $name { $($variant),+ }

        impl $name {
            pub(super) fn read(word: &str) -> Result<Self, String> {
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
    /// Which bounds of the requested range are inclusive.
    Bounds { Inclusive = "inclusive", Exclusive = "exclusive", HalfOpen = "half_open" }
);
choice!(
    /// Which column the requested range filters.
    FilterColumn { Created = "createdDate", Updated = "updatedDate" }
);
choice!(
    /// The unit to which the requested range is widened, or to which both of its bounds are cut off.
    Granularity { Millisecond = "ms", Second = "s", Day = "day", SecondCutOff = "s_cut", MinuteCutOff = "min_cut" }
);
choice!(
    /// The order of rows by their creation.
    Order { Ascending = "asc", Descending = "desc" }
);
choice!(
    /// How the last page shows that it is the last.
    Last { Null = "null", Absent = "absent", Empty = "empty", Bookmark = "bookmark" }
);
choice!(
    /// Whether value filters are case-sensitive.
    LetterCase { Exact = "exact", Insensitive = "insensitive" }
);
choice!(
    /// The wire name of the event's identifier.
    Spelling { CapitalD = "eventID", SmallD = "eventId" }
);
choice!(
    /// The wire form of `activationDetails`.
    ActivationForm { Object = "object", String = "string" }
);
choice!(
    /// Whether members without a value are written.
    Nulls { Present = "present", Absent = "absent" }
);
choice!(
    /// How a body is compressed for a client that accepts it.
    ContentCoding { Identity = "identity", Gzip = "gzip", Zstd = "zstd", Brotli = "br" }
);
choice!(
    /// Whether something is switched on.
    Switch { On = "on", Off = "off" }
);
choice!(
    /// What an API with a total reports as such.
    Total { Exact = "exact", Absent = "absent", Capped = "capped" }
);
choice!(
    /// The response for a page behind the last one.
    PastEnd { Empty = "empty", Error = "error" }
);
choice!(
    /// Huawei's response for an unknown case.
    UnknownCase { Error = "error", Empty = "empty" }
);
choice!(
    /// Socialboards' response for an unknown ticket.
    UnknownTicket { Error = "error", NotFound = "http404" }
);
choice!(
    /// The form of Huawei's times, except local texts.
    TimeForm { Rfc3339 = "rfc3339", Local = "local", Millis = "millis" }
);
choice!(
    /// The language of texts if the client names none.
    Language { Chinese = "zh-cn", English = "en-us" }
);
choice!(
    /// How a URL of the next page is written.
    NextUrl { Absolute = "absolute", Relative = "relative", Query = "query", OtherHost = "other_host" }
);

impl Language {
    /// The language of a tag, if texts exist in it.
    pub(crate) fn from_tag(tag: &str) -> Option<Self> {
        match tag.to_ascii_lowercase() {
            tag if tag.starts_with("zh") => Some(Self::Chinese),
            tag if tag.starts_with("en") => Some(Self::English),
            _ => None,
        }
    }
}
