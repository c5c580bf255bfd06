//! An error of the HTTP client → why no answer came, in words for the user, and whether a retry may help.
//!
//! SECURITY: of the client's own texts only the innermost reason of a broken connection is shown. The others repeat the URL,
//! and a certificate's refusal repeats the host.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use rustls::pki_types::InvalidDnsNameError;
use rustls::{AlertDescription, CertificateError, InvalidMessage};

use super::resolver::Unresolved;
use super::trust::is_authority;
use crate::error::{Error, ErrorKind};

/// The beginning of hyper-util's error of a CONNECT proxy. The type is private, so its text is read.
const TUNNEL: &str = "tunnel error: ";
const TUNNEL_WANTS_LOGIN: &str = "proxy authorization required";
/// The text of the error of a connection to a proxy, by CONNECT or SOCKS.
const TO_PROXY: &str = "failed to create underlying connection";

/// The peer that did not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    Api,
    /// The API's login, if it has an address of its own.
    Login,
    Proxy,
}

impl Peer {
    /// The option that holds the peer's address.
    fn option(self) -> &'static str {
        match self {
            Self::Api => "base_url",
            Self::Login => "auth_url",
            Self::Proxy => "proxy",
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Api => "API",
            Self::Login => "login",
            Self::Proxy => "proxy",
        })
    }
}

/// The route of requests to the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    Direct,
    /// By a proxy that forwards plain http, and opens tunnels for https.
    HttpProxy,
    /// By a proxy that opens tunnels for both.
    Socks,
}

/// Why the peer did not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cause {
    Unresolved(Unresolved),
    Certificate(Distrust),
    /// https, but the peer does not speak TLS.
    NotTls,
    /// http, but the peer does not speak HTTP.
    NotHttp,
    /// No version or cipher of TLS is known to both sides.
    TlsTooOld,
    /// The peer refused the handshake with this alert.
    TlsRefused(AlertDescription),
    /// The proxy demands a user name and a password.
    ProxyLogin,
    /// The proxy opened no connection to the API.
    ProxyRefused,
    ConnectTimeout,
    Timeout,
    /// Any other cause, in the operating system's or the client's own words.
    NotConnected(String),
    Broken(String),
}

/// Why a certificate is not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Distrust {
    UnknownAuthority,
    OtherName,
    Expired,
    NotYetValid,
    Revoked,
    /// It is an authority's certificate, which may not stand for a host unless it is listed itself.
    Authority,
    Other,
}

impl Cause {
    /// Whether a retry may help.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Unresolved(why) => *why == Unresolved::NoAnswer,
            Self::Certificate(_) | Self::NotTls | Self::NotHttp | Self::TlsTooOld | Self::TlsRefused(_) | Self::ProxyLogin => false,
            Self::ProxyRefused | Self::ConnectTimeout | Self::Timeout | Self::NotConnected(_) | Self::Broken(_) => true,
        }
    }

    /// The error for the user.
    pub(crate) fn error(&self, peer: Peer) -> Error {
        let (message, detail, hint) = match self {
            Self::Certificate(why) => return why.error(peer),
            Self::ProxyLogin => return proxy_login(),
            cause => cause.words(peer),
        };
        let kind = if self.may_pass() { ErrorKind::Unreachable } else { ErrorKind::Unconnectable };
        let error = Error::new(kind, message).hint(hint);
        match (self, detail) {
            (Self::NotConnected(words) | Self::Broken(words), _) => error.cause(words.trim_end_matches('.')),
            (_, Some(detail)) => error.detail(detail),
            (_, None) => error,
        }
    }

    /// The message, the sentence of the DETAIL and the hint.
    fn words(&self, peer: Peer) -> (String, Option<String>, String) {
        let option = peer.option();
        match self {
            // Both are worded where they are told apart.
            Self::Certificate(_) | Self::ProxyLogin => Default::default(),
            Self::Unresolved(Unresolved::NoSuchName) => (
                format!("the host name of the {peer} is unknown"),
                Some("There is no such name, or it has no address.".to_owned()),
                format!("Check the host in {option}, and that the database server resolves it."),
            ),
            Self::Unresolved(Unresolved::NoAnswer) => (
                format!("the host name of the {peer} could not be resolved"),
                Some("The name servers gave no answer.".to_owned()),
                "Check the name servers of the database server, or try again later.".to_owned(),
            ),
            Self::NotTls => (
                format!("the {peer} does not speak TLS at this port"),
                None,
                format!("Check the scheme and the port in {option}: https was answered by something else, such as plain http."),
            ),
            Self::NotHttp => (
                format!("the {peer} does not speak plain http at this port"),
                None,
                format!("Check the scheme and the port in {option}: it may have to begin with https."),
            ),
            Self::TlsTooOld => (
                format!("the {peer} has no version of TLS in common with this client"),
                Some("TLS 1.2 and 1.3 are spoken here, with their modern ciphers.".to_owned()),
                format!("Have the operator of the {peer} enable TLS 1.2 or 1.3."),
            ),
            Self::TlsRefused(alert) => (
                format!("the {peer} refused the TLS connection"),
                Some(format!("TLS alert: {alert:?}.")),
                format!(
                    "Check the host in {option}, and whether the {peer} asks for a certificate of its clients, of which there is none here."
                ),
            ),
            Self::ProxyRefused => (
                "the proxy opened no connection to the API".to_owned(),
                None,
                "Check base_url and what the proxy allows; a proxy that cannot reach the API refuses like this.".to_owned(),
            ),
            Self::ConnectTimeout => (
                format!("the {peer} could not be reached in time"),
                None,
                format!("Check {option} and the network, or raise connect_timeout."),
            ),
            Self::Timeout => (
                format!("the {peer} did not answer in time"),
                None,
                "Ask for a smaller time range or page_size, or raise read_timeout or request_timeout.".to_owned(),
            ),
            Self::NotConnected(_) => (format!("the {peer} could not be reached"), None, format!("Check {option} and the network.")),
            Self::Broken(_) => {
                (format!("the connection to the {peer} broke off"), None, "Try again; if it stays, ask for a smaller page_size.".to_owned())
            }
        }
    }
}

/// The error of a proxy that asks for credentials.
pub(crate) fn proxy_login() -> Error {
    Error::new(ErrorKind::Unconnectable, "the proxy asks for a user name and password")
        .hint("The option proxy takes none: have the proxy admit the database server by its address, or set another proxy.")
}

impl Distrust {
    fn of(error: &CertificateError) -> Self {
        match error {
            CertificateError::UnknownIssuer => Self::UnknownAuthority,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Self::OtherName,
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Self::NotYetValid,
            CertificateError::Revoked => Self::Revoked,
            error if is_authority(error) => Self::Authority,
            _ => Self::Other,
        }
    }

    fn error(self, peer: Peer) -> Error {
        let (message, detail, hint) = match self {
            Self::UnknownAuthority => (
                "is not trusted",
                Some("It is signed by itself or by an authority that is not known here."),
                "Set ca_file to a PEM file with the authority that signed it, or install that authority on the database server.",
            ),
            Self::OtherName => {
                ("is for another host name", None, "Use the name that stands in the certificate, or have the certificate list this one.")
            }
            Self::Expired => ("has expired", None, "Have it renewed, and check the clock of the database server."),
            Self::NotYetValid => ("is not valid yet", None, "Check the clock of the database server."),
            Self::Revoked => ("has been revoked", None, "Have it replaced."),
            Self::Authority => (
                "is not trusted",
                Some("It is the certificate of an authority, which may not stand for a host."),
                "Set ca_file to a PEM file with this very certificate, or have it replaced by one that is no authority's.",
            ),
            Self::Other => ("is not valid", None, "Have it replaced by one that is made for a server."),
        };
        let error = Error::new(ErrorKind::Unconnectable, format!("the certificate of the {peer} {message}")).hint(hint);
        match detail {
            Some(detail) => error.detail(detail),
            None => error,
        }
    }
}

/// Reads an error of the HTTP client: which peer is to blame, and why. `asked` is the peer that the request was for, `route`
/// its way there.
pub(crate) fn read(error: &reqwest::Error, asked: Peer, route: Route) -> (Peer, Cause) {
    let to_proxy = causes(error).any(|cause| cause.to_string().ends_with(TO_PROXY));
    let plain = error.url().is_some_and(|url| url.scheme() == "http");
    // With plain http the proxy itself answers, so it is to blame.
    let peer = if to_proxy || (plain && route == Route::HttpProxy) { Peer::Proxy } else { asked };
    let cause = causes(error).find_map(specific).unwrap_or_else(|| match (error.is_timeout(), error.is_connect()) {
        (true, true) => Cause::ConnectTimeout,
        (true, false) => Cause::Timeout,
        (false, true) => Cause::NotConnected(root_cause(error)),
        (false, false) => Cause::Broken(root_cause(error)),
    });
    (peer, cause)
}

/// What one error of the chain says, if it says more than that something broke.
fn specific(cause: &(dyn StdError + 'static)) -> Option<Cause> {
    if let Some(unresolved) = cause.downcast_ref::<Unresolved>() {
        return Some(Cause::Unresolved(*unresolved));
    }
    // TLS checks the name before anything else.
    if cause.is::<InvalidDnsNameError>() {
        return Some(Cause::Unresolved(Unresolved::NoSuchName));
    }
    if let Some(error) = cause.downcast_ref::<rustls::Error>() {
        return tls(error);
    }
    if let Some(error) = cause.downcast_ref::<hyper::Error>() {
        // A head that is too long is still HTTP.
        return (error.is_parse() && !error.to_string().contains("too large")).then_some(Cause::NotHttp);
    }
    match cause.to_string().strip_prefix(TUNNEL)? {
        TUNNEL_WANTS_LOGIN => Some(Cause::ProxyLogin),
        // The errors below this one say more.
        TO_PROXY | "io error establishing tunnel" => None,
        _ => Some(Cause::ProxyRefused),
    }
}

fn tls(error: &rustls::Error) -> Option<Cause> {
    use AlertDescription as Alert;
    match error {
        rustls::Error::InvalidCertificate(why) => Some(Cause::Certificate(Distrust::of(why))),
        // The first bytes of the answer are not TLS.
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion) => Some(Cause::NotTls),
        rustls::Error::PeerIncompatible(_)
        | rustls::Error::AlertReceived(Alert::ProtocolVersion | Alert::HandshakeFailure | Alert::InsufficientSecurity) => {
            Some(Cause::TlsTooOld)
        }
        // These alerts say that the server cannot now, not that it never will.
        rustls::Error::AlertReceived(Alert::InternalError | Alert::CloseNotify | Alert::UserCanceled | Alert::BadRecordMac) => None,
        rustls::Error::AlertReceived(alert) => Some(Cause::TlsRefused(*alert)),
        _ => None,
    }
}

/// An error and its causes, from the outermost to the innermost.
fn causes<'e>(error: &'e (dyn StdError + 'static)) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| match error.downcast_ref::<io::Error>() {
        // The source of an io::Error is its inner error's source, so the inner error itself is taken here.
        Some(io) => io.get_ref().map(|inner| inner as &(dyn StdError + 'static)),
        None => error.source(),
    })
}

/// The text of the innermost cause. The outer ones repeat the URL with its host and query.
pub(crate) fn root_cause(error: &(dyn StdError + 'static)) -> String {
    causes(error).last().map_or_else(String::new, ToString::to_string)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::OtherError;
    use rustls::pki_types::ServerName;

    use super::*;

    #[test]
    fn a_certificate_is_refused_for_a_reason_and_names_no_host() {
        let expected = ServerName::try_from("secret.example").unwrap();
        let name = CertificateError::NotValidForNameContext { expected, presented: vec!["DNS:other.example".into()] };
        let other = CertificateError::Other(OtherError(Arc::new(webpki::Error::CaUsedAsEndEntity)));
        let refusals = [
            (CertificateError::UnknownIssuer, "the certificate of the API is not trusted"),
            (name, "the certificate of the API is for another host name"),
            (CertificateError::Expired, "the certificate of the API has expired"),
            (CertificateError::NotValidYet, "the certificate of the API is not valid yet"),
            (CertificateError::Revoked, "the certificate of the API has been revoked"),
            (other, "the certificate of the API is not trusted"),
            (CertificateError::BadSignature, "the certificate of the API is not valid"),
        ];
        for (why, message) in refusals {
            let cause = tls(&rustls::Error::InvalidCertificate(why)).unwrap();
            let error = cause.error(Peer::Api);
            assert_eq!((error.message(), error.kind(), cause.may_pass()), (message, ErrorKind::Unconnectable, false));
            assert!(!format!("{error:?}").contains("example"), "{error:?}");
        }
    }

    #[test]
    fn what_will_not_change_is_told_from_what_may() {
        let alert = |alert| tls(&rustls::Error::AlertReceived(alert));
        assert_eq!(alert(AlertDescription::ProtocolVersion), Some(Cause::TlsTooOld));
        assert_eq!(alert(AlertDescription::UnrecognisedName), Some(Cause::TlsRefused(AlertDescription::UnrecognisedName)));
        assert_eq!(alert(AlertDescription::InternalError), None);
        assert_eq!(tls(&rustls::Error::DecryptError), None, "a record that was damaged on its way");
        for permanent in [Cause::Unresolved(Unresolved::NoSuchName), Cause::NotTls, Cause::NotHttp, Cause::TlsTooOld, Cause::ProxyLogin] {
            assert!(!permanent.may_pass() && permanent.error(Peer::Api).kind() == ErrorKind::Unconnectable, "{permanent:?}");
        }
        let broken = Cause::Broken("reset".into());
        for passing in [Cause::Unresolved(Unresolved::NoAnswer), Cause::ConnectTimeout, Cause::Timeout, Cause::ProxyRefused, broken] {
            assert!(passing.may_pass() && passing.error(Peer::Api).kind() == ErrorKind::Unreachable, "{passing:?}");
        }
    }

    #[test]
    fn an_error_within_an_io_error_is_found() {
        let inner = io::Error::new(io::ErrorKind::InvalidData, rustls::Error::InvalidCertificate(CertificateError::Expired));
        let outer = io::Error::other(inner);
        assert_eq!(causes(&outer).find_map(specific), Some(Cause::Certificate(Distrust::Expired)));
        assert_eq!(root_cause(&io::Error::other(Unresolved::NoSuchName)), "no such host name");
    }
}
