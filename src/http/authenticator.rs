//! A source's credentials and a user's secrets → the headers or the query parameter that authenticate a request, and the body
//! of a login.
//!
//! What must not be broken: no secret appears in an error, a log line or a readable form of a request (law 9).

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use crate::error::{Error, ErrorKind, Result};
use crate::options::Secret;
use crate::plan::carry;
use crate::sources::{Credential, ErrorRule, LOGIN_SECRETS, Login, LoginBody, Part, SECRETS, Source, TOKEN, placeholders};

/// What is sent with every request to authenticate it.
#[derive(Debug, Clone, Default)]
pub struct Authorization {
    /// The headers that authenticate, and those that carry parameters.
    pub headers: HeaderMap,
    /// The query parameter that authenticates. It is added when the request is sent, so that no readable form of the request
    /// holds it.
    pub query: Option<(String, Secret)>,
}

/// How one user authenticates with one source: what is sent with each request, and the login that yields a token for it.
#[derive(Debug)]
pub struct Authenticator {
    credential: Option<Credential>,
    /// The login, only if the credential needs a token.
    login: Option<Login>,
    /// The headers that carry parameters.
    constant: HeaderMap,
    parameters: BTreeMap<String, String>,
    secrets: BTreeMap<String, Secret>,
    /// The rules by which a response is an error.
    pub errors: Arc<[ErrorRule]>,
}

impl Authenticator {
    /// Takes the first credential of the source for which all secrets are given. A login can give the token.
    ///
    /// Errors: [`ErrorKind::Unauthorized`], if the user has the secrets of no credential; [`ErrorKind::OptionValue`], if a
    /// header cannot carry a parameter.
    pub fn new(source: &Source, parameters: BTreeMap<String, String>, secrets: BTreeMap<String, Secret>) -> Result<Self> {
        let has = |name: &str| parameters.contains_key(name) || secrets.contains_key(name);
        let login = source.logins.iter().find(|login| login.names().iter().all(|name| has(name)));
        let usable = |credential: &&Credential| {
            let names = placeholders(&credential.value).unwrap_or_default();
            names.iter().all(|name| has(name) || (*name == TOKEN && login.is_some()))
        };
        let credential = source.auth.iter().find(usable);
        if credential.is_none() && !source.auth.is_empty() {
            return Err(no_secret(source, None));
        }
        let login = login.filter(|_| credential.is_some_and(Credential::uses_token)).cloned();
        let constant = constant_headers(&source.headers, &parameters)?;
        let errors = source.tables.first().map(|table| Arc::clone(&table.errors)).unwrap_or_default();
        Ok(Self { credential: credential.cloned(), login, constant, parameters, secrets, errors })
    }

    /// The login, if the credential needs a token and the user has the secrets to log in.
    pub fn login(&self) -> Option<&Login> {
        self.login.as_ref()
    }

    /// What is sent before any login, or `None` if a login must come first.
    pub fn fixed(&self) -> Result<Option<Authorization>> {
        let waits = self.login.is_some() && !self.secrets.contains_key(TOKEN);
        if waits { Ok(None) } else { self.authorization(self.secrets.get(TOKEN)).map(Some) }
    }

    /// What is sent with this token. A header is marked sensitive, so that no library prints it.
    pub fn authorization(&self, token: Option<&Secret>) -> Result<Authorization> {
        let mut authorization = Authorization { headers: self.constant.clone(), query: None };
        let Some(credential) = &self.credential else { return Ok(authorization) };
        let value_of = |name: &str| match token {
            Some(token) if name == TOKEN => Some(token.expose()),
            _ => self.value_of(name),
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
            Error::new(ErrorKind::OptionValue, "a secret cannot be sent in a header")
                .hint("It must be one line of visible ASCII characters.")
        })?;
        value.set_sensitive(true);
        authorization.headers.insert(header, value);
        Ok(authorization)
    }

    fn value_of(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str).or_else(|| self.secrets.get(name).map(Secret::expose))
    }

    /// The content type of a login's body, and the body with the user's secrets.
    pub fn login_body(&self, login: &Login) -> (&'static str, Vec<u8>) {
        match &login.body {
            LoginBody::Form(fields) => {
                let mut form = url::form_urlencoded::Serializer::new(String::new());
                form.extend_pairs(fields.iter().map(|(name, value)| (name, fill(value, |name| self.value_of(name)))));
                ("application/x-www-form-urlencoded", form.finish().into_bytes())
            }
            LoginBody::Json(template) => ("application/json", self.fill_json(template).to_string().into_bytes()),
        }
    }

    fn fill_json(&self, template: &Value) -> Value {
        match template {
            Value::String(text) => Value::String(fill(text, |name| self.value_of(name))),
            Value::Array(items) => items.iter().map(|item| self.fill_json(item)).collect(),
            Value::Object(members) => members.iter().map(|(name, member)| (name.clone(), self.fill_json(member))).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) => template.clone(),
        }
    }
}

/// The headers that carry parameters, without those for which a parameter is not set.
fn constant_headers(headers: &[Credential], parameters: &BTreeMap<String, String>) -> Result<HeaderMap> {
    let mut map = HeaderMap::new();
    let value_of = |name: &str| parameters.get(name).map(String::as_str);
    for header in headers {
        if !placeholders(&header.value).unwrap_or_default().iter().all(|name| value_of(name).is_some()) {
            continue;
        }
        let unsendable = |reason: &str| {
            Error::new(ErrorKind::OptionValue, format!("the header \"{}\" cannot be sent", header.name))
                .detail(format!("It carries the option {}, and {reason}.", placeholders(&header.value).unwrap_or_default().join(", ")))
        };
        let value = fill(&header.value, value_of);
        if let Some(reason) = carry::refusal(Part::Header, false, &value) {
            return Err(unsendable(reason));
        }
        let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(|_| unsendable("its name is none of a header"))?;
        let value = HeaderValue::from_str(&value).map_err(|_| unsendable("a header has no such characters"))?;
        map.try_insert(name, value).map_err(|_| unsendable("a request does not hold so many"))?;
    }
    Ok(map)
}

/// The user who lacks a secret, for the error.
#[derive(Debug, Clone, Copy)]
pub struct Owner<'o> {
    /// The user.
    pub user: &'o str,
    /// The server.
    pub server: &'o str,
    /// Whether the user has a user mapping for the server.
    pub has_mapping: bool,
}

/// The refusal of a user who has the secrets of no credential. It names, for each credential, what the user mapping needs.
/// Without an owner the error does not say whose mapping lacks it.
pub fn no_secret(source: &Source, owner: Option<Owner<'_>>) -> Error {
    let is_secret = |name: &&str| SECRETS.contains(name) || LOGIN_SECRETS.contains(name);
    let credentials = source.auth.iter().map(|credential| placeholders(&credential.value).unwrap_or_default());
    let (mut ways, mut known): (Vec<Vec<&str>>, _) = (Vec::new(), HashSet::new());
    for names in credentials.chain(source.logins.iter().map(Login::names)) {
        let names: Vec<&str> = names.into_iter().filter(is_secret).collect();
        if !names.is_empty() && known.insert(names.clone()) {
            ways.push(names);
        }
    }
    let first = ways.first().and_then(|names| names.first()).copied().unwrap_or_default();
    let quoted = |names: &Vec<&str>| names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(" and ");
    let ways = ways.iter().map(quoted).collect::<Vec<_>>().join(", or ");
    let (message, user, server) = match owner {
        None => (format!("the user mapping has no {ways}"), "CURRENT_USER".to_owned(), "…".to_owned()),
        Some(Owner { user, server, has_mapping: true }) => (
            format!("the user mapping of \"{user}\" for server \"{server}\" has no {ways}"),
            format!("\"{user}\""),
            format!("\"{server}\""),
        ),
        Some(Owner { user, server, .. }) => {
            (format!("user \"{user}\" has no user mapping for server \"{server}\""), format!("\"{user}\""), format!("\"{server}\""))
        }
    };
    let verb = match owner {
        Some(Owner { has_mapping: true, .. }) => format!("ALTER USER MAPPING FOR {user} SERVER {server} OPTIONS (ADD {first} '…')"),
        _ => format!("CREATE USER MAPPING FOR {user} SERVER {server} OPTIONS ({first} '…')"),
    };
    Error::new(ErrorKind::Unauthorized, message).hint(format!("Run {verb}. The source takes {ways}."))
}

/// Replaces the names of a template by values in one pass, so that a brace in a secret is only a brace.
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

    fn access(source: &str, parameters: &[(&str, &str)], secrets: &[(&str, &str)]) -> Result<Authenticator> {
        let source = built_in(source).unwrap().unwrap();
        let parameters = parameters.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        Authenticator::new(&source, parameters, secrets.iter().map(|(k, v)| (k.to_string(), Secret::new(*v))).collect())
    }

    #[test]
    fn more_headers_than_a_request_holds_are_an_error() {
        let header = |i: usize| format!(r#"{{"header": "X-{i}", "value": "x"}}"#);
        let headers: Vec<String> = (0..40_000).map(header).collect();
        let paging = r#"{"style": "link_header", "size": {"name": "n", "max": 9}}"#;
        let table = format!(r#"{{"name": "t", "path": "/t", "records": "", "pagination": {paging}, "columns": [{{"name": "a"}}]}}"#);
        let source = Source::read(&format!(r#"{{"name": "own", "headers": [{}], "tables": [{table}]}}"#, headers.join(","))).unwrap();
        let refused = Authenticator::new(&source, BTreeMap::new(), BTreeMap::new()).unwrap_err();
        assert!(refused.message().ends_with("cannot be sent"), "{refused}");
    }

    fn try_headers(parameters: &[(&str, &str)], secrets: &[(&str, &str)]) -> Result<HeaderMap> {
        access("tixngo", parameters, secrets)?.authorization(None).map(|a| a.headers)
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
        let header = |secret: &str| {
            let access = access("viviot", &[], &[(secret, "a{token}b")])?;
            Ok::<_, Error>(access.fixed()?.unwrap().headers["authorization"].to_str().unwrap().to_owned())
        };
        assert_eq!(header("token").unwrap(), "Bearer a{token}b", "a brace in a secret is only a brace");
        assert_eq!(header("api_key").unwrap(), "Bearer a{token}b");
        let refused = header("username").unwrap_err();
        assert_eq!(refused.message(), "the user mapping has no \"token\", or \"api_key\", or \"password\" and \"username\"");
    }

    #[test]
    fn a_login_is_used_only_where_a_token_is_needed() {
        let user = [("username", "me"), ("password", "p")];
        assert!(access("viviot", &[], &user).unwrap().fixed().unwrap().is_none(), "nothing can be sent before the login");
        let with_token = access("viviot", &[], &[user[0], user[1], ("token", "t")]).unwrap();
        assert!(with_token.fixed().unwrap().is_some() && with_token.login().is_some(), "the token goes first, and can be renewed");
        assert!(access("viviot", &[], &[("api_key", "k")]).unwrap().login().is_none());
    }

    #[test]
    fn a_login_carries_the_secrets_as_they_are() {
        let refresh = access("socialboards", &[], &[("refresh_token", "a&b=c"), ("client_id", "x y")]).unwrap();
        let (kind, body) = refresh.login_body(refresh.login().unwrap());
        let form = "client_id=x+y&grant_type=refresh_token&refresh_token=a%26b%3Dc";
        assert_eq!((kind, std::str::from_utf8(&body).unwrap()), ("application/x-www-form-urlencoded", form));
        let user = [("username", "me"), ("password", "p\"{domain}"), ("domain", "d")];
        let scope = |secrets: &[(&str, &str)]| {
            let access = access("huawei", &[], secrets).unwrap();
            let body: Value = serde_json::from_slice(&access.login_body(access.login().unwrap()).1).unwrap();
            assert_eq!(body["auth"]["identity"]["password"]["user"]["password"], "p\"{domain}");
            body["auth"]["scope"].to_string()
        };
        assert_eq!(scope(&user), r#"{"domain":{"name":"d"}}"#);
        assert_eq!(scope(&[user[0], user[1], user[2], ("project", "eu")]), r#"{"project":{"name":"eu"}}"#);
    }
}
