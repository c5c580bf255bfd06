//! Creates the certificates of the simulator's https when it starts: a good one, and one for each kind of fault.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType, date_time_ymd};
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio_rustls::rustls::{self, ServerConfig};

use super::tls_endpoint::TlsEndpoint;

/// A certificate authority.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// The authority's own certificate in PEM.
    pub(crate) pem: String,
}

/// A certificate with its key.
pub(crate) struct Identity {
    certificate: CertificateDer<'static>,
    key: KeyPair,
    /// The certificate in PEM.
    pub(crate) pem: String,
}

impl Identity {
    /// The configuration of a server with this certificate, which offers these `protocols` by ALPN.
    pub(crate) fn server(&self, protocols: &[&str]) -> io::Result<Arc<ServerConfig>> {
        self.server_with_key(&self.key, protocols)
    }

    /// The configuration of a server that has the certificate and a wrong key.
    pub(crate) fn impostor(&self) -> io::Result<Arc<ServerConfig>> {
        self.server_with_key(&KeyPair::generate().map_err(io::Error::other)?, &[])
    }

    fn server_with_key(&self, key: &KeyPair, protocols: &[&str]) -> io::Result<Arc<ServerConfig>> {
        let provider = aws_lc_rs::default_provider();
        let key = provider.key_provider.load_private_key(PrivateKeyDer::Pkcs8(key.serialize_der().into())).map_err(io::Error::other)?;
        // This resolver does not check whether the key belongs to the certificate.
        let shown = SingleCertAndKey::from(CertifiedKey::new(vec![self.certificate.clone()], key));
        let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
            .with_safe_default_protocol_versions()
            .map_err(|error: rustls::Error| io::Error::other(error))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(shown));
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Ok(Arc::new(config))
    }
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

    /// A new certificate as the endpoint shows it.
    pub(crate) fn identity(&self, endpoint: TlsEndpoint) -> io::Result<Identity> {
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "the simulator");
        params.subject_alt_names = match endpoint {
            TlsEndpoint::OtherName | TlsEndpoint::SelfSignedOtherName => {
                vec![SanType::DnsName("other.example".try_into().map_err(io::Error::other)?)]
            }
            _ => vec![
                SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)),
                SanType::DnsName("localhost".try_into().map_err(io::Error::other)?),
            ],
        };
        match endpoint {
            TlsEndpoint::Expired | TlsEndpoint::SelfSignedExpired => params.not_after = date_time_ymd(2020, 1, 1),
            TlsEndpoint::NotYetValid => params.not_before = date_time_ymd(3000, 1, 1),
            _ => {}
        }
        if endpoint.is_authority() {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        let certificate = if endpoint.is_self_signed() { params.self_signed(&key) } else { params.signed_by(&key, &self.issuer) };
        let certificate = certificate.map_err(io::Error::other)?;
        Ok(Identity { certificate: certificate.der().clone(), key, pem: certificate.pem() })
    }
}
