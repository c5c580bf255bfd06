//! A source's credentials and a user's secrets → the headers that show who asks.

use std::collections::BTreeMap;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::error::{Error, ErrorKind, Result};
use crate::options::Secret;
use crate::sources::{Credential, placeholders};

/// The headers for every request, marked sensitive so that no library prints them.
pub fn headers(auth: &[Credential], parameters: &BTreeMap<String, String>, secrets: &BTreeMap<String, Secret>) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    for credential in auth {
        let name = fill(&credential.header, parameters, secrets)?;
        let value = fill(&credential.value, parameters, secrets)?;
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
            let option = placeholders(&credential.header).unwrap_or_default().join(", ");
            Error::new(ErrorKind::OptionValue, "the name of the header for authentication is not a header name")
                .hint(format!("Correct the option {option}."))
        })?;
        // SECURITY: the value is not repeated in the error.
        let mut value = HeaderValue::from_str(value.trim()).map_err(|_| {
            Error::new(ErrorKind::OptionValue, "a secret cannot be sent in a header")
                .hint("It must be one line of visible ASCII characters.")
        })?;
        value.set_sensitive(true);
        headers.insert(header, value);
    }
    Ok(headers)
}

fn fill(template: &str, parameters: &BTreeMap<String, String>, secrets: &BTreeMap<String, Secret>) -> Result<String> {
    let mut text = template.to_owned();
    for name in placeholders(template).unwrap_or_default() {
        let value = match (parameters.get(name), secrets.get(name)) {
            (Some(value), _) => value.as_str(),
            (None, Some(secret)) => secret.expose(),
            (None, None) => {
                return Err(Error::new(ErrorKind::Unauthorized, format!("the user mapping has no \"{name}\"")).hint(format!(
                    "Run CREATE USER MAPPING FOR CURRENT_USER SERVER … OPTIONS ({name} '…'), or ALTER USER MAPPING … OPTIONS (ADD {name} '…')."
                )));
            }
        };
        text = text.replace(&format!("{{{name}}}"), value);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::built_in;

    fn try_headers(parameters: &[(&str, &str)], secrets: &[(&str, &str)]) -> Result<HeaderMap> {
        let source = built_in("tixngo").unwrap().unwrap();
        let parameters = parameters.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        let secrets = secrets.iter().map(|(k, v)| (k.to_string(), Secret::new(*v))).collect();
        headers(&source.auth, &parameters, &secrets)
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
}
