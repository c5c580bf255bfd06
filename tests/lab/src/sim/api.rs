//! What an API must be able to do to be simulated: read a request, then write the page it asks for.

use hyper::HeaderMap;

use super::fault::Fault;
use super::settings::Settings;

/// A request that reached an API's endpoint.
#[derive(Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) parameters: &'a [(String, String)],
    pub(crate) headers: &'a HeaderMap,
}

impl Ask<'_> {
    /// The parameter's value; the last one wins if it is repeated.
    pub(crate) fn one(&self, name: &str) -> Option<&str> {
        self.many(name).last()
    }

    /// All values of a parameter.
    pub(crate) fn many(&self, name: &str) -> impl Iterator<Item = &str> {
        self.parameters.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The key that the client sent, as it came.
    pub(crate) fn received_key(&self) -> Option<&str> {
        self.headers.get(self.settings.header.as_str())?.to_str().ok()
    }

    /// Refuses a client that does not carry the right key.
    pub(crate) fn check_key(&self) -> Result<(), Refusal> {
        let Settings { scheme, key, .. } = self.settings;
        let expected = if scheme.is_empty() { key.clone() } else { format!("{scheme} {key}") };
        if self.received_key() == Some(expected.as_str()) {
            Ok(())
        } else {
            Err(Refusal::new(401, "UNAUTHORIZED", "the api key is missing or wrong"))
        }
    }
}

/// A request that gets no page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BAD_REQUEST", message)
    }

    pub(crate) fn body(&self) -> String {
        serde_json::json!({"error": {"code": self.code, "message": self.message}}).to_string()
    }
}

/// One endpoint of an API.
pub(crate) trait Endpoint: Sync {
    /// How the path ends, whatever prefix stands before it.
    fn path(&self) -> &'static str;

    /// Checks a request and finds its page.
    fn read<'a>(&self, ask: &'a Ask<'a>) -> Result<Box<dyn Page + 'a>, Refusal>;
}

/// A page found, not yet written.
pub(crate) trait Page: Send + Sync {
    /// Its place in the chain, from 1: faults strike by it.
    fn number(&self) -> u32;

    /// What, beside the settings, decides its bytes.
    fn identity(&self) -> String;

    /// The JSON text, spoiled by a fault of the content if there is one.
    fn write(&self, fault: Option<&Fault>) -> Vec<u8>;
}
