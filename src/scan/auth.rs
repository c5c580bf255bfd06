//! A source's credentials and a user's secrets → the headers that show who asks.

use std::collections::BTreeMap;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::error::{Error, ErrorKind, Result};
use crate::options::Secret;
use crate::sources::{Credential, SECRETS, placeholders};

/// What goes along with every request to show who asks.
#[derive(Debug, Clone, Default)]
pub struct Authorization {
    /// Headers.
    pub headers: HeaderMap,
    /// A query parameter. It is added when the request leaves, so that no readable form of a request has it.
    pub query: Option<(String, Secret)>,
}

/// The header or query parameter for every request, a header marked sensitive so that no library prints it: of the ways that
/// the source knows, the first whose secrets there are.
pub fn authorization(
    auth: &[Credential],
    parameters: &BTreeMap<String, String>,
    secrets: &BTreeMap<String, Secret>,
) -> Result<Authorization> {
    let mut authorization = Authorization::default();
    let value_of = |name: &str| parameters.get(name).map(String::as_str).or_else(|| secrets.get(name).map(Secret::expose));
    let usable = |credential: &&Credential| {
        let names = placeholders(&credential.value).unwrap_or_default();
        names.iter().all(|name| value_of(name).is_some())
    };
    let Some(credential) = auth.iter().find(usable) else {
        return if auth.is_empty() { Ok(authorization) } else { Err(no_secret(auth)) };
    };
    let name = fill(&credential.name, value_of);
    let value = fill(&credential.value, value_of);
    if credential.in_query {
        authorization.query = Some((name, Secret::new(value.trim())));
        return Ok(authorization);
    }
    let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
        let option = placeholders(&credential.name).unwrap_or_default().join(", ");
        Error::new(ErrorKind::OptionValue, "the name of the header for authentication is not a header name")
            .hint(format!("Correct the option {option}."))
    })?;
    // SECURITY: the value is not repeated in the error.
    let mut value = HeaderValue::from_str(value.trim()).map_err(|_| {
        Error::new(ErrorKind::OptionValue, "a secret cannot be sent in a header").hint("It must be one line of visible ASCII characters.")
    })?;
    value.set_sensitive(true);
    authorization.headers.insert(header, value);
    Ok(authorization)
}

/// The headers that carry parameters, where all that they name is set.
pub fn constant_headers(headers: &[Credential], parameters: &BTreeMap<String, String>) -> Result<HeaderMap> {
    let mut map = HeaderMap::new();
    let value_of = |name: &str| parameters.get(name).map(String::as_str);
    for header in headers {
        if !placeholders(&header.value).unwrap_or_default().iter().all(|name| value_of(name).is_some()) {
            continue;
        }
        let unsendable = |_| Error::new(ErrorKind::OptionValue, format!("the header \"{}\" cannot be sent", header.name));
        let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(|_| unsendable(()))?;
        map.insert(name, HeaderValue::from_str(&fill(&header.value, value_of)).map_err(|_| unsendable(()))?);
    }
    Ok(map)
}

fn no_secret(auth: &[Credential]) -> Error {
    let mut names: Vec<&str> =
        auth.iter().flat_map(|c| placeholders(&c.value).unwrap_or_default()).filter(|n| SECRETS.contains(n)).collect();
    names.sort_unstable();
    names.dedup();
    let first = names.first().copied().unwrap_or_default();
    let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    Error::new(ErrorKind::Unauthorized, format!("the user mapping has no {}", quoted.join(" or "))).hint(format!(
        "Run CREATE USER MAPPING FOR CURRENT_USER SERVER … OPTIONS ({first} '…'), or ALTER USER MAPPING … OPTIONS (ADD {first} '…')."
    ))
}

/// Puts values in the place of their names, each once: a brace in a secret is only a brace.
fn fill<'v>(template: &str, value_of: impl Fn(&str) -> Option<&'v str>) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, tail) = after.split_once('}').unwrap_or((after, ""));
        text.push_str(before);
        text.push_str(value_of(name).unwrap_or_default());
        rest = tail;
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::built_in;

    fn try_headers(parameters: &[(&str, &str)], secrets: &[(&str, &str)]) -> Result<HeaderMap> {
        let source = built_in("tixngo").unwrap().unwrap();
        let parameters = parameters.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        let secrets = secrets.iter().map(|(k, v)| (k.to_string(), Secret::new(*v))).collect();
        authorization(&source.auth, &parameters, &secrets).map(|a| a.headers)
    }

    #[test]
    fn the_key_goes_into_the_named_header_and_is_never_printed() {
        let plain = try_headers(&[("api_key_header", "X-Api-Key"), ("api_key_scheme", "")], &[("api_key", "s3cret")]).unwrap();
        assert_eq!(plain["x-api-key"].to_str().unwrap(), "s3cret");
        let schemed = try_headers(&[("api_key_header", "Authorization"), ("api_key_scheme", "Bearer")], &[("api_key", "s3cret")]).unwrap();
        assert_eq!(schemed["authorization"].to_str().unwrap(), "Bearer s3cret");
        assert!(!format!("{schemed:?} {:?}", Secret::new("s3cret")).contains("s3cret"));
    }

    #[test]
    fn missing_and_unsendable_secrets_are_errors_that_do_not_show_them() {
        let params = [("api_key_header", "X-Api-Key"), ("api_key_scheme", "")];
        assert_eq!(try_headers(&params, &[]).unwrap_err().kind(), ErrorKind::Unauthorized);
        let refused = try_headers(&params, &[("api_key", "s3cret\nX: y")]).unwrap_err();
        assert!(!format!("{refused:?}").contains("s3cret"));
        let bad = try_headers(&[("api_key_header", "X Api"), ("api_key_scheme", "")], &[("api_key", "k")]).unwrap_err();
        assert!(bad.get_hint().unwrap().contains("api_key_header"));
    }

    #[test]
    fn the_first_way_whose_secrets_there_are_is_taken() {
        let ways = [("X-Token", "{token}"), ("Authorization", "Bearer {api_key}")];
        let auth = ways.map(|(header, value)| Credential { name: header.into(), in_query: false, value: value.into() });
        let with = |name: &str| {
            authorization(&auth, &BTreeMap::new(), &BTreeMap::from([(name.to_owned(), Secret::new("a{token}b"))])).map(|a| a.headers)
        };
        assert_eq!(with("token").unwrap()["x-token"].to_str().unwrap(), "a{token}b", "a brace in a secret is only a brace");
        assert_eq!(with("api_key").unwrap()["authorization"].to_str().unwrap(), "Bearer a{token}b");
        assert_eq!(with("other").unwrap_err().message(), "the user mapping has no \"api_key\" or \"token\"");
        assert!(authorization(&[], &BTreeMap::new(), &BTreeMap::new()).unwrap().headers.is_empty(), "an open API needs none");
    }
}
