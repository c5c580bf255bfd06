//! Reads the parameters, the credentials and the logins of a description.

use serde_json::Value;

use super::{ParameterNames, check_path, is_identifier};
use crate::sources::fault::{Faults, Object};
use crate::sources::{Credential, LOGIN_SECRETS, Login, LoginBody, Parameter, SECRETS, TokenPlace, placeholders};

pub(super) fn parameter(value: &Value, at: &str, faults: &mut Faults<'_>) -> Parameter {
    let mut o = Object::new(value, at, faults);
    let name = o.text("name", faults);
    if !is_identifier(&name) {
        faults.push(&o.place("name"), "must be lower-case letters, digits and underscores, and begin with a letter");
    }
    let doc = o.text_or("doc", "", faults);
    let default = o.optional_text("default", faults);
    let alternatives = o.texts("alternatives", faults);
    o.finish(faults);
    Parameter { name, doc, default, alternatives }
}

pub(super) fn credential(value: &Value, at: &str, parameters: &ParameterNames<'_>, faults: &mut Faults<'_>) -> Credential {
    let mut o = Object::new(value, at, faults);
    let in_query = o.get("query").is_some();
    let key = if in_query { "query" } else { "header" };
    let name = o.word(key, faults);
    if in_query && o.get("header").is_some() {
        faults.push(at, "\"header\" and \"query\" exclude each other");
    }
    let value = o.text("value", faults);
    check_template(&name, &o.place(key), parameters, &[], faults);
    check_template(&value, &o.place("value"), parameters, SECRETS, faults);
    o.finish(faults);
    Credential { name, in_query, value }
}

/// Reads a header that carries parameters. Its name is the literal one, and it is never a query parameter.
pub(super) fn header(value: &Value, at: &str, parameters: &ParameterNames<'_>, faults: &mut Faults<'_>) -> Credential {
    let mut o = Object::new(value, at, faults);
    let name = o.word("header", faults);
    if name.contains('{') {
        faults.push(&o.place("header"), "must name nothing in braces");
    }
    let value = o.text("value", faults);
    check_template(&value, &o.place("value"), parameters, &["time_zone"], faults);
    o.finish(faults);
    Credential { name, in_query: false, value }
}

/// Reports each name in braces that is neither a parameter nor one of `others`.
fn check_template(template: &str, at: &str, parameters: &ParameterNames<'_>, others: &[&str], faults: &mut Faults<'_>) {
    let Some(names) = placeholders(template) else {
        faults.push(at, "has an unclosed brace");
        return;
    };
    for name in names.iter().filter(|name| !others.contains(name) && !parameters.contains(*name)) {
        faults.push(at, format_args!("\"{{{name}}}\" is neither a parameter nor a secret that may stand here"));
    }
}

pub(super) fn login(value: &Value, at: &str, parameters: &ParameterNames<'_>, faults: &mut Faults<'_>) -> Option<Login> {
    let mut o = Object::new(value, at, faults);
    let path = o.get("path").map(|_| o.text("path", faults));
    if path.as_ref().is_some_and(|path| !path.starts_with('/') || path.contains('{')) {
        faults.push(&o.place("path"), "must begin with \"/\" and name nothing in braces");
    }
    check_path(path.as_deref().unwrap_or_default(), &o.place("path"), faults);
    let doc = o.text_or("doc", "", faults);
    let body = match (o.get("form"), o.get("json")) {
        (Some(form), None) => Some(LoginBody::Form(form_fields(form, &o.place("form"), faults))),
        (None, Some(json)) => Some(LoginBody::Json(json.clone())),
        _ => {
            faults.push(at, "exactly one of \"form\" and \"json\" is required");
            None
        }
    };
    for text in body.iter().flat_map(LoginBody::texts) {
        check_template(text, at, parameters, LOGIN_SECRETS, faults);
    }
    let (in_body, in_header) = (o.pointer("token", faults), o.get("token_header").map(|_| o.word("token_header", faults)));
    let token = match (in_body, in_header) {
        (Some(pointer), None) => Some(TokenPlace::Body(pointer)),
        (None, Some(name)) => Some(TokenPlace::Header(name)),
        _ => {
            faults.push(at, "exactly one of \"token\" and \"token_header\" is required");
            None
        }
    };
    let expires_in = o.pointer("expires_in", faults);
    o.finish(faults);
    Some(Login { path, body: body?, token: token?, expires_in, doc })
}

fn form_fields(value: &Value, at: &str, faults: &mut Faults<'_>) -> Vec<(String, String)> {
    let Some(members) = value.as_object() else {
        faults.push(at, "must be an object");
        return Vec::new();
    };
    let field = |(name, value): (&String, &Value)| match value.as_str() {
        Some(text) => (name.clone(), text.to_owned()),
        None => {
            faults.push(&format!("{at}/{name}"), "must be a string");
            (name.clone(), String::new())
        }
    };
    members.iter().map(field).collect()
}
