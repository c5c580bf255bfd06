//! https as the scan room meets it: which certificates and servers are refused and how that is told, HTTP/2, and proxies.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on stops")]

mod reading;

use std::path::PathBuf;
use std::sync::Arc;

use lab::{Proxy, Secure, Simulator, TlsEndpoint};
use reading::{Reading, read};
use restlog_fdw::error::ErrorKind;
use restlog_fdw::http::trust::Trust;
use restlog_fdw::sources::Source;

const DEFINITION: &str = r#"{"name": "trail", "auth": [{"header": "X-Key", "value": "{api_key}"}], "tables": [{
    "name": "entries", "path": "/audit/entries", "records": "",
    "pagination": {"style": "link_header", "size": {"name": "per_page", "max": 500}},
    "columns": [{"name": "id", "type": "bigint"}]}]}"#;
/// Five pages of a hundred, the last of which is not full.
const SWITCHES: &str = "rows=450,next=relative";

/// A simulator with its https, and the files of its authorities.
struct Stage {
    simulator: Simulator,
    secure: Secure,
    folder: PathBuf,
}

impl Stage {
    fn new(name: &str) -> Self {
        let simulator = Simulator::start(([127, 0, 0, 1], 0)).unwrap();
        let secure = simulator.start_secure().unwrap();
        let folder = std::env::temp_dir().join(format!("restlog-tls-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("ca.pem"), secure.authority()).unwrap();
        std::fs::write(folder.join("other.pem"), secure.other_authority()).unwrap();
        Self { simulator, secure, folder }
    }

    /// Reads through an endpoint, with options beside its address.
    fn read(&self, address: &str, options: &[(&str, &str)]) -> Reading {
        let base = format!("{address}/~tag=tls,{SWITCHES}");
        let ca = self.folder.join("ca.pem");
        let mut all = vec![("base_url", base.as_str())];
        all.extend(options);
        // The first of a name counts.
        all.extend([("connect_timeout", "5s"), ("ca_file", ca.to_str().unwrap())]);
        let reading = read(&Arc::new(Source::read(DEFINITION).unwrap()), &all, "lab-key");
        let shown = format!("{reading:?}");
        for secret in ["lab-key", "127.0.0.1", "other.example", "rows=450"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        reading
    }

    /// Reads through an endpoint with the certificates of these endpoints as `ca_file`.
    fn read_listing(&self, address: &str, listed: &[TlsEndpoint]) -> Reading {
        let pem: String = listed.iter().map(|endpoint| self.secure.certificate(*endpoint)).collect();
        let file = self.folder.join("listed.pem");
        std::fs::write(&file, pem).unwrap();
        self.read(address, &[("ca_file", file.to_str().unwrap())])
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn the_authority_in_ca_file_makes_the_good_certificate_trusted() {
    let stage = Stage::new("good");
    let reading = stage.read(&stage.secure.url(TlsEndpoint::Good), &[]);
    assert_eq!(reading.rows, Ok(450), "{reading:?}");
    let host = stage.secure.url(TlsEndpoint::Good).replace("127.0.0.1", "localhost");
    assert_eq!(stage.read(&host, &[]).rows, Ok(450), "by name as well as by number");
    let other = stage.folder.join("other.pem");
    let refused = stage.read(&stage.secure.url(TlsEndpoint::Good), &[("ca_file", other.to_str().unwrap())]);
    assert_eq!((refused.error().message(), refused.requests), ("the certificate of the API is not trusted", 1));
    assert_eq!(stage.simulator.requests("tls").len(), 10, "who is not trusted is not asked");
}

#[test]
fn a_certificate_in_ca_file_is_trusted_whoever_signed_it() {
    let stage = Stage::new("listed");
    // That of `Good` is signed by an authority that is not in the file.
    for endpoint in [TlsEndpoint::SelfSigned, TlsEndpoint::SelfSignedAuthority, TlsEndpoint::Good] {
        let address = stage.secure.url(endpoint);
        let reading = stage.read_listing(&address, &[endpoint]);
        assert_eq!(reading.rows, Ok(450), "{endpoint:?}: {reading:?}");
        let by_name = stage.read_listing(&address.replace("127.0.0.1", "localhost"), &[TlsEndpoint::Expired, endpoint]);
        assert_eq!(by_name.rows, Ok(450), "{endpoint:?}, the second in the file, by name: {by_name:?}");
    }
}

#[test]
fn a_certificate_in_ca_file_is_trusted_for_its_name_its_time_and_its_key_only() {
    let stage = Stage::new("listed-refused");
    let refusals = [
        (TlsEndpoint::OtherName, "the certificate of the API is for another host name"),
        (TlsEndpoint::SelfSignedOtherName, "the certificate of the API is for another host name"),
        (TlsEndpoint::Expired, "the certificate of the API has expired"),
        (TlsEndpoint::SelfSignedExpired, "the certificate of the API has expired"),
        (TlsEndpoint::NotYetValid, "the certificate of the API is not valid yet"),
        (TlsEndpoint::Impostor, "the certificate of the API is not valid"),
    ];
    for (endpoint, message) in refusals {
        let reading = stage.read_listing(&stage.secure.url(endpoint), &[endpoint]);
        let error = reading.error();
        assert_eq!((error.message(), error.kind(), reading.requests), (message, ErrorKind::Unconnectable, 1), "{endpoint:?}: {reading:?}");
    }
    // All have the same subject: it is the certificate that counts.
    let endpoints = [TlsEndpoint::Good, TlsEndpoint::SelfSigned, TlsEndpoint::SelfSignedAuthority];
    for endpoint in endpoints {
        let others: Vec<TlsEndpoint> = endpoints.into_iter().filter(|other| *other != endpoint).collect();
        let reading = stage.read_listing(&stage.secure.url(endpoint), &others);
        assert_eq!(
            (reading.error().message(), reading.requests),
            ("the certificate of the API is not trusted", 1),
            "{endpoint:?}: {reading:?}"
        );
    }
    assert!(stage.simulator.requests("tls").is_empty(), "nothing was sent, least of all the key");
}

#[test]
fn a_corrected_ca_file_makes_another_trust_and_is_used() {
    let stage = Stage::new("corrected");
    let address = stage.secure.url(TlsEndpoint::SelfSignedAuthority);
    let file = stage.folder.join("listed.pem");
    let trust = || Trust::read(Some(file.to_str().unwrap()));
    assert!(trust().is_err(), "there is no such file yet");
    let wrong = stage.read_listing(&address, &[TlsEndpoint::SelfSigned]);
    assert_eq!(wrong.error().message(), "the certificate of the API is not trusted");
    let before = trust().unwrap();
    assert_eq!(trust().unwrap(), before);
    assert_eq!(stage.read_listing(&address, &[TlsEndpoint::SelfSignedAuthority]).rows, Ok(450));
    assert_ne!(trust().unwrap(), before, "a kept connection is not used again");
}

#[test]
fn http2_is_used_where_the_server_offers_it() {
    let stage = Stage::new("http2");
    assert_eq!(stage.read(&stage.secure.url(TlsEndpoint::Good), &[]).rows, Ok(450));
    assert_eq!(stage.simulator.versions("tls"), ["HTTP/2.0"; 5]);
    stage.simulator.clear_requests("tls");
    assert_eq!(stage.read(&stage.simulator.url(), &[]).rows, Ok(450));
    assert_eq!(stage.simulator.versions("tls"), ["HTTP/1.1"; 5]);
}

#[test]
fn every_refusal_has_its_text_and_is_tried_once() {
    let stage = Stage::new("refusals");
    let refusals = [
        (TlsEndpoint::OtherName, "the certificate of the API is for another host name"),
        (TlsEndpoint::Expired, "the certificate of the API has expired"),
        (TlsEndpoint::NotYetValid, "the certificate of the API is not valid yet"),
        (TlsEndpoint::SelfSigned, "the certificate of the API is not trusted"),
        (TlsEndpoint::SelfSignedAuthority, "the certificate of the API is not trusted"),
        (TlsEndpoint::Tls11, "the API has no version of TLS in common with this client"),
    ];
    for (endpoint, message) in refusals {
        let reading = stage.read(&stage.secure.url(endpoint), &[]);
        let error = reading.error();
        assert_eq!((error.message(), error.kind(), reading.requests), (message, ErrorKind::Unconnectable, 1), "{endpoint:?}: {reading:?}");
        assert!(
            error.get_hint().is_some() && error.get_detail().unwrap().starts_with("GET /audit/entries, page 1"),
            "{endpoint:?}: {error:?}"
        );
    }
    assert!(stage.simulator.requests("tls").is_empty(), "nothing was sent, least of all the key");
}

#[test]
fn a_handshake_that_does_not_go_on_ends_in_time_and_may_be_tried_again() {
    let stage = Stage::new("silent");
    let reading = stage.read(&stage.secure.url(TlsEndpoint::Silent), &[("connect_timeout", "200ms"), ("max_retries", "1")]);
    let error = reading.error();
    assert_eq!(
        (error.message(), error.kind(), reading.requests),
        ("the API could not be reached in time", ErrorKind::Unreachable, 2),
        "{reading:?}"
    );
}

#[test]
fn a_wrong_scheme_is_told_and_tried_once() {
    let stage = Stage::new("scheme");
    let https_to_http = stage.simulator.url().replace("http:", "https:");
    // One server answers what is no TLS with a 400, the other with an alert.
    let http_to_https = [TlsEndpoint::Good, TlsEndpoint::SelfSigned].map(|endpoint| stage.secure.url(endpoint).replace("https:", "http:"));
    let not_http = "the API does not speak plain http at this port";
    let attempts = [
        (https_to_http, "the API does not speak TLS at this port"),
        (http_to_https[0].clone(), not_http),
        (http_to_https[1].clone(), not_http),
    ];
    for (address, message) in attempts {
        let reading = stage.read(&address, &[]);
        let error = reading.error();
        assert_eq!((error.message(), error.kind(), reading.requests), (message, ErrorKind::Unconnectable, 1), "{reading:?}");
        assert!(error.get_hint().unwrap().contains("Check the scheme"), "{error:?}");
    }
}

#[test]
fn a_proxy_carries_https_and_sees_nothing_of_it() {
    let stage = Stage::new("proxy");
    let proxy = stage.secure.proxy(Proxy::Open);
    let reading = stage.read(&stage.secure.url(TlsEndpoint::Good), &[("proxy", &proxy)]);
    assert_eq!((reading.rows, stage.secure.tunnels()), (Ok(450), 1));
    assert_eq!(stage.simulator.versions("tls"), ["HTTP/2.0"; 5]);
    let refused = stage.read(&stage.secure.url(TlsEndpoint::Expired), &[("proxy", &proxy)]);
    assert_eq!((refused.error().message(), refused.requests), ("the certificate of the API has expired", 1));
}

#[test]
fn a_socks_proxy_carries_either_scheme_and_is_not_blamed_for_the_api() {
    let stage = Stage::new("socks");
    let proxy = stage.secure.proxy(Proxy::Open).replace("http:", "socks5:");
    let through = |address: &str| stage.read(address, &[("proxy", &proxy), ("max_retries", "0"), ("concurrency", "1")]);
    for address in [stage.secure.url(TlsEndpoint::Good), stage.simulator.url()] {
        let before = stage.secure.tunnels();
        let reading = through(&address);
        assert_eq!(reading.rows, Ok(450), "{reading:?}");
        // Not how many: an HTTP/1.1 connection that is not yet back in the pool when the next page is asked for gets company.
        assert!(stage.secure.tunnels() > before, "{address} was not asked through the proxy");
    }
    let told = [
        (stage.secure.url(TlsEndpoint::Expired), "the certificate of the API has expired"),
        (stage.secure.url(TlsEndpoint::SelfSigned).replace("https:", "http:"), "the API does not speak plain http at this port"),
        ("http://127.0.0.1:1".to_owned(), "the API could not be reached"),
    ];
    for (address, message) in told {
        let reading = through(&address);
        assert_eq!(reading.error().message(), message, "{reading:?}");
    }
}

#[test]
fn a_proxy_that_refuses_is_named() {
    let stage = Stage::new("refusing");
    let address = stage.secure.url(TlsEndpoint::Good);
    let through = |address: &str, proxy: &str| stage.read(address, &[("proxy", proxy), ("max_retries", "1")]);
    let login = "the proxy asks for a user name and password";
    for address in [address.as_str(), &stage.simulator.url()] {
        let reading = through(address, &stage.secure.proxy(Proxy::Login));
        let error = reading.error();
        assert_eq!((error.message(), error.kind(), reading.requests), (login, ErrorKind::Unconnectable, 1), "{reading:?}");
    }
    let reading = through(&address, &stage.secure.proxy(Proxy::Refusing));
    let error = reading.error();
    assert_eq!(
        (error.message(), error.kind(), reading.requests),
        ("the proxy opened no connection to the API", ErrorKind::Unreachable, 2),
        "{reading:?}"
    );
    for proxy in ["http://127.0.0.1:1", "https://127.0.0.1:1", "socks5://127.0.0.1:1"] {
        for address in [address.as_str(), &stage.simulator.url()] {
            let reading = through(address, proxy);
            assert_eq!((reading.error().message(), reading.requests), ("the proxy could not be reached", 2), "{proxy}: {reading:?}");
        }
    }
    let proxy = stage.secure.url(TlsEndpoint::SelfSigned);
    let reading = through(&address, &proxy);
    assert_eq!((reading.error().message(), reading.requests), ("the certificate of the proxy is not trusted", 1), "{reading:?}");
    let proxy = stage.secure.proxy(Proxy::Open).replace("http:", "https:");
    let reading = through(&address, &proxy);
    assert_eq!((reading.error().message(), reading.requests), ("the proxy does not speak TLS at this port", 1), "{reading:?}");
}
