//! The certificates of the simulator's https, made when it starts: a good one, and one for each way to be bad.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType, date_time_ymd};
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

/// An authority that signs.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its own certificate, as a `ca_file` has it.
    pub(crate) pem: String,
}

/// How a host's certificate is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Make {
    Good,
    OtherName,
    Expired,
    NotYetValid,
    SelfSigned,
    /// Signed by itself, as an authority: so `openssl req -x509` makes them.
    SelfSignedAuthority,
}

impl Authority {
    pub(crate) fn new(name: &str) -> io::Result<Self> {
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, name);
        let pem = params.self_signed(&key).map_err(io::Error::other)?.pem();
        Ok(Self { issuer: Issuer::new(params, key), pem })
    }

    /// What a server needs to show such a certificate; `protocols` are what it offers above TLS.
    pub(crate) fn server(&self, make: Make, protocols: &[&str]) -> io::Result<Arc<ServerConfig>> {
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "the simulator");
        params.subject_alt_names = match make {
            Make::OtherName => vec![SanType::DnsName("other.example".try_into().map_err(io::Error::other)?)],
            _ => vec![
                SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)),
                SanType::DnsName("localhost".try_into().map_err(io::Error::other)?),
            ],
        };
        match make {
            Make::Expired => params.not_after = date_time_ymd(2020, 1, 1),
            Make::NotYetValid => params.not_before = date_time_ymd(3000, 1, 1),
            Make::SelfSignedAuthority => params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained),
            Make::Good | Make::OtherName | Make::SelfSigned => {}
        }
        let certificate = match make {
            Make::SelfSigned | Make::SelfSignedAuthority => params.self_signed(&key),
            _ => params.signed_by(&key, &self.issuer),
        };
        let chain: Vec<CertificateDer<'static>> = vec![certificate.map_err(io::Error::other)?.der().clone()];
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|error: rustls::Error| io::Error::other(error))?;
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Ok(Arc::new(config))
    }
}
