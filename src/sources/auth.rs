//! How requests are authenticated: credentials that go along with each request, and logins that yield a token for them.
//!
//! Only templates and names of secrets are here. The secrets themselves stay in the user mapping.

use serde_json::Value;

use super::Pointer;

/// The name of the secret that a login yields.
pub const TOKEN: &str = "token";

/// The secrets of a user mapping that go along with requests. A description's `auth` may name them.
pub const SECRETS: &[&str] = &["api_key", TOKEN];

/// The secrets of a user mapping that only a login uses. A description's `logins` may name them.
pub const LOGIN_SECRETS: &[&str] = &["username", "password", "domain", "project", "client_id", "refresh_token"];

/// One header or query parameter that authenticates. Its name and its value may name parameters and secrets in braces.
#[derive(Debug, Clone)]
pub struct Credential {
    /// The header's or the query parameter's name, such as `{api_key_header}`.
    pub name: String,
    /// Whether the credential is a query parameter. Otherwise it is a header.
    pub in_query: bool,
    /// The template of the value, such as `Bearer {token}`.
    pub value: String,
}

/// A POST that turns secrets into a token. Its texts may name parameters and secrets in braces.
#[derive(Debug, Clone)]
pub struct Login {
    /// The path below `base_url`. Without a path, the option `auth_url` is required.
    pub path: Option<String>,
    /// What is sent.
    pub body: LoginBody,
    /// Where the answer has the token.
    pub token: TokenPlace,
    /// Where the answer has the token's lifetime in seconds, if it has one.
    pub expires_in: Option<Pointer>,
    /// What `auth_url` is, for the hint if a user has not set it.
    pub doc: String,
}

/// The body of a login.
#[derive(Debug, Clone)]
pub enum LoginBody {
    /// `application/x-www-form-urlencoded`
    Form(Vec<(String, String)>),
    /// `application/json`
    Json(Value),
}

/// Where a login's answer has the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenPlace {
    /// In the body, a JSON text.
    Body(Pointer),
    /// In a header.
    Header(String),
}

impl Credential {
    /// Whether the credential needs a token.
    pub fn uses_token(&self) -> bool {
        placeholders(&self.value).unwrap_or_default().contains(&TOKEN)
    }
}

impl Login {
    /// The parameters and secrets that the login's body names, each once.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.body.texts().into_iter().flat_map(|text| placeholders(text).unwrap_or_default()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

impl LoginBody {
    /// Every text of the body, because each may name parameters and secrets.
    pub fn texts(&self) -> Vec<&str> {
        fn walk<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
            match value {
                Value::String(text) => found.push(text),
                Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
                Value::Object(members) => members.values().for_each(|member| walk(member, found)),
                Value::Null | Value::Bool(_) | Value::Number(_) => {}
            }
        }
        let mut found = Vec::new();
        match self {
            Self::Form(fields) => found.extend(fields.iter().map(|(_, value)| value.as_str())),
            Self::Json(value) => walk(value, &mut found),
        }
        found
    }
}

/// The parameters and secrets that a template such as `Bearer {token}` names. `None` if a brace is not closed.
pub fn placeholders(template: &str) -> Option<Vec<&str>> {
    let mut names = Vec::new();
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        let close = rest[open..].find('}')? + open;
        names.push(&rest[open + 1..close]);
        rest = &rest[close + 1..];
    }
    Some(names)
}
