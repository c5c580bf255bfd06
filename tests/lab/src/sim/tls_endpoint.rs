//! The ports of the simulator for https: one that is in order, and one for each way to be refused.

/// A port of the simulator for https.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsEndpoint {
    /// All is well; HTTP/2 for a client that offers it. Plain http gets a 400 that names the wrong port, as nginx sends it.
    Good,
    /// The certificate is for another host name.
    OtherName,
    /// The certificate has expired.
    Expired,
    /// The certificate's time has not begun.
    NotYetValid,
    /// The certificate is signed by its own key and may not sign others.
    SelfSigned,
    /// The certificate is signed by its own key and may sign others: so `openssl req -x509` makes them.
    SelfSignedAuthority,
    /// Like `SelfSignedAuthority`, but for another host name.
    SelfSignedOtherName,
    /// Like `SelfSignedAuthority`, but expired.
    SelfSignedExpired,
    /// The certificate is that of `SelfSignedAuthority`, the key another.
    Impostor,
    /// TLS 1.1 is the newest that it speaks.
    Tls11,
    /// The connection is accepted, and nothing is sent.
    Silent,
}

/// All endpoints, with the suffixes of their environment variables.
pub(super) const TLS_ENDPOINTS: [(TlsEndpoint, &str); 11] = [
    (TlsEndpoint::Good, "GOOD"),
    (TlsEndpoint::OtherName, "OTHER_NAME"),
    (TlsEndpoint::Expired, "EXPIRED"),
    (TlsEndpoint::NotYetValid, "NOT_YET_VALID"),
    (TlsEndpoint::SelfSigned, "SELF_SIGNED"),
    (TlsEndpoint::SelfSignedAuthority, "SELF_SIGNED_AUTHORITY"),
    (TlsEndpoint::SelfSignedOtherName, "SELF_SIGNED_OTHER_NAME"),
    (TlsEndpoint::SelfSignedExpired, "SELF_SIGNED_EXPIRED"),
    (TlsEndpoint::Impostor, "IMPOSTOR"),
    (TlsEndpoint::Tls11, "TLS11"),
    (TlsEndpoint::Silent, "SILENT"),
];

impl TlsEndpoint {
    pub(super) fn index(self) -> usize {
        TLS_ENDPOINTS.iter().position(|(known, _)| *known == self).unwrap_or_default()
    }

    /// Whether the certificate is signed by its own key.
    pub(super) fn is_self_signed(self) -> bool {
        self == Self::SelfSigned || self.is_authority()
    }

    /// Whether the certificate may sign others.
    pub(super) fn is_authority(self) -> bool {
        matches!(self, Self::SelfSignedAuthority | Self::SelfSignedOtherName | Self::SelfSignedExpired)
    }
}
