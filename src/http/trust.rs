//! Which certificates a server may show: those signed by the platform's authorities or by those in `ca_file`, and those listed
//! in `ca_file` themselves. `curl --cacert` and libpq's `sslrootcert` do the same.
//!
//! webpki alone refuses the listed ones: it takes every root for an authority, and no authority for a host. What must not be
//! broken: a listed certificate must still be valid, and its owner must prove to have its key.

use std::fmt;
use std::sync::Arc;

use nix::libc::{EMFILE, ENFILE};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme};
use rustls_platform_verifier::Verifier;

use crate::error::{Error, ErrorKind, Result};
use crate::small_file;

/// The largest `ca_file`, in bytes. All authorities of a Linux distribution together take a quarter of a megabyte.
const MAX_FILE: u64 = 16 << 20;
/// The protocols offered by ALPN, as reqwest offers them when it makes the configuration.
const PROTOCOLS: [&str; 2] = ["h2", "http/1.1"];

/// What a connection trusts beside the platform's authorities: the contents of `ca_file` when it was read. Connections with
/// equal trusts are interchangeable.
#[derive(Clone, PartialEq, Eq)]
pub struct Trust {
    pem: Option<Vec<u8>>,
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust").field("bytes", &self.pem.as_ref().map(Vec::len)).finish()
    }
}

impl Trust {
    /// Reads the file as it is now. Whether it holds certificates is seen when a connection is made.
    pub fn read(ca_file: Option<&str>) -> Result<Self> {
        let pem = ca_file.map(|path| small_file::read(path, MAX_FILE)).transpose().map_err(|error| match error.raw_os_error() {
            Some(EMFILE | ENFILE) => Error::new(ErrorKind::OutOfResources, "too many files are open to read ca_file"),
            _ => unusable(&error),
        })?;
        Ok(Self { pem })
    }

    /// The TLS configuration, or `None` if the HTTP client's own needs no addition.
    ///
    /// Errors: [`ErrorKind::OptionValue`], if `ca_file` holds no usable certificate.
    pub(crate) fn client_config(&self) -> Result<Option<ClientConfig>> {
        let Some(pem) = &self.pem else { return Ok(None) };
        let certificates = CertificateDer::pem_slice_iter(pem).collect::<std::result::Result<Vec<_>, _>>();
        // The parser's own words may repeat a line of the file, so they are not shown.
        let listed = certificates.map_err(|_| unusable(&"It holds a certificate whose PEM is damaged"))?;
        if listed.is_empty() {
            return Err(unusable(&"It holds no PEM certificate"));
        }
        // reqwest chooses the provider in this way.
        let provider = CryptoProvider::get_default().cloned().unwrap_or_else(|| Arc::new(aws_lc_rs::default_provider()));
        let algorithms = provider.signature_verification_algorithms;
        let signed = Verifier::new_with_extra_roots(listed.iter().cloned(), Arc::clone(&provider))
            .map_err(|error| unusable(&format!("It holds a certificate that cannot be read: {error}")))?;
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(rustls::ALL_VERSIONS)
            .map_err(|e| Error::new(ErrorKind::Internal, "could not set up TLS").detail(format!("{e}.")))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(ListedOrSigned { listed, signed, algorithms }))
            .with_no_client_auth();
        config.alpn_protocols = PROTOCOLS.map(|name| name.as_bytes().to_vec()).into();
        Ok(Some(config))
    }
}

fn unusable(cause: &dyn fmt::Display) -> Error {
    Error::new(ErrorKind::OptionValue, "option \"ca_file\" cannot be used").detail(format!("{cause}."))
}

/// Trusts a certificate if it is listed, or if an authority signed it.
#[derive(Debug)]
struct ListedOrSigned {
    listed: Vec<CertificateDer<'static>>,
    /// The verifier of certificates that an authority of the platform, or a listed one, signed.
    signed: Verifier,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ListedOrSigned {
    /// Verifies a listed certificate in all but its issuer.
    ///
    /// SECURITY: without any authority, webpki refuses every certificate. It checks the validity period first, then whether the
    /// certificate is an authority's, then the purpose, and last the issuer. So the two refusals that are passed over here
    /// leave no doubt of the validity. The purpose (extendedKeyUsage) of an authority's certificate is not checked.
    fn verify_listed(
        &self,
        certificate: &CertificateDer<'_>,
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        let certificate = ParsedCertificate::try_from(certificate)?;
        let sound = verify_server_cert_signed_by_trust_anchor(&certificate, &RootCertStore::empty(), &[], now, self.algorithms.all);
        match sound {
            Err(rustls::Error::InvalidCertificate(why)) if why == CertificateError::UnknownIssuer || is_authority(&why) => {}
            other => other?,
        }
        verify_server_name(&certificate, name)?;
        Ok(ServerCertVerified::assertion())
    }
}

impl ServerCertVerifier for ListedOrSigned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        if self.listed.contains(end_entity) {
            return self.verify_listed(end_entity, server_name, now);
        }
        self.signed.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now).map_err(|error| match error {
            // An authority of that name is known, but another key signed: so it is when a self-signed certificate was renewed.
            rustls::Error::InvalidCertificate(CertificateError::BadSignature) => CertificateError::UnknownIssuer.into(),
            error => error,
        })
    }

    // SECURITY: the owner of a listed certificate must prove to have its key, like every other.
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        self.signed.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        self.signed.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.signed.supported_verify_schemes()
    }
}

/// Whether a certificate was refused because it is an authority's: an error of webpki for which rustls has no variant.
pub(crate) fn is_authority(error: &CertificateError) -> bool {
    let CertificateError::Other(OtherError(other)) = error else { return false };
    matches!(other.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::process::Command;

    use super::*;

    /// A folder for one test, removed after it.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("restlog-trust-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }

        fn path(&self, file: &str) -> String {
            self.0.join(file).to_str().unwrap().to_owned()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    /// The message for a file that cannot be used.
    fn refusal(file: &str) -> String {
        let error = Trust::read(Some(file)).and_then(|trust| trust.client_config()).map(drop).unwrap_err();
        assert_eq!((error.message(), error.kind()), ("option \"ca_file\" cannot be used", ErrorKind::OptionValue));
        error.get_detail().unwrap().to_owned()
    }

    #[test]
    fn a_trust_is_what_the_file_holds_and_no_more() {
        let folder = Folder::new("content");
        let file = folder.path("ca.pem");
        std::fs::write(&file, "one").unwrap();
        let read = || Trust::read(Some(&file)).unwrap();
        let before = read();
        std::fs::write(&file, "one").unwrap();
        assert_eq!(read(), before, "written again, and the same");
        std::fs::write(&file, "two").unwrap();
        assert_ne!(read(), before, "of the same length, within the same moment");
        std::fs::remove_file(&file).unwrap();
        assert!(refusal(&file).contains("No such file"));
        std::fs::write(&file, "one").unwrap();
        assert_eq!(read(), before, "back again");
        assert_ne!(Trust::read(None).unwrap(), before);
        assert!(Trust::read(None).unwrap().client_config().unwrap().is_none());
    }

    #[test]
    fn what_is_no_small_file_of_certificates_is_refused_at_once() {
        let folder = Folder::new("refused");
        let fifo = folder.path("fifo");
        assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        for file in [fifo.as_str(), &folder.path(""), "/dev/zero"] {
            assert_eq!(refusal(file), "It is not a regular file.", "{file}");
        }
        let file = folder.path("ca.pem");
        std::fs::File::create(&file).unwrap().set_len(MAX_FILE + 1).unwrap();
        assert_eq!(refusal(&file), "It is larger than 16 MB.");
        for text in ["", "no certificate"] {
            std::fs::write(&file, text).unwrap();
            assert_eq!(refusal(&file), "It holds no PEM certificate.");
        }
        std::fs::write(&file, "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n").unwrap();
        assert_eq!(refusal(&file), "It holds a certificate whose PEM is damaged.");
        std::fs::write(&file, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
        assert!(refusal(&file).starts_with("It holds a certificate that cannot be read: "));
    }
}
