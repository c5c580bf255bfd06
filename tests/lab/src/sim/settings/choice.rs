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
    /// Which ends of the asked range belong to the answer.
    Bounds { Inclusive = "inclusive", Exclusive = "exclusive", HalfOpen = "half_open" }
);
choice!(
    /// Which column the asked range filters.
    FilterColumn { Created = "createdDate", Updated = "updatedDate" }
);
choice!(
    /// The unit to which the asked range is widened, or to which both of its ends are cut.
    Granularity { Millisecond = "ms", Second = "s", Day = "day", SecondCutOff = "s_cut", MinuteCutOff = "min_cut" }
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
    /// Whether something is as it should be.
    Switch { On = "on", Off = "off" }
);
choice!(
    /// What an API that declares a total says of it.
    Total { Exact = "exact", Absent = "absent", Capped = "capped" }
);
choice!(
    /// What asking for a page behind the last one yields.
    PastEnd { Empty = "empty", Error = "error" }
);
choice!(
    /// What Huawei says of a case that it does not know.
    UnknownCase { Error = "error", Empty = "empty" }
);
choice!(
    /// What Socialboards says of a ticket that it does not know.
    UnknownTicket { Error = "error", NotFound = "http404" }
);
choice!(
    /// How Huawei writes the times that are not for people.
    TimeForm { Rfc3339 = "rfc3339", Local = "local", Millis = "millis" }
);
choice!(
    /// The language of texts when the client asks for none.
    Language { Chinese = "zh-cn", English = "en-us" }
);
choice!(
    /// How a URL of the next page is written.
    NextUrl { Absolute = "absolute", Relative = "relative", Query = "query", OtherHost = "other_host" }
);

impl Language {
    /// The language that a client asks for, as far as it is spoken here.
    pub(crate) fn from_tag(tag: &str) -> Option<Self> {
        match tag.to_ascii_lowercase() {
            tag if tag.starts_with("zh") => Some(Self::Chinese),
            tag if tag.starts_with("en") => Some(Self::English),
            _ => None,
        }
    }
}
