//! Are the credentials accepted, and if not: in which header, with which word before them?
//!
//! Only ways that the description names are tried, and none where the API refused for another reason than the credentials.

use std::collections::BTreeMap;

use super::ask::ProbeClient;
use super::{Findings, Probe, Remedy};
use crate::error::{ErrorKind, Result};
use crate::http::authenticator::Authenticator;
use crate::http::client::Connection;
use crate::plan::request::PageToken;
use crate::sources::placeholders;

/// The most ways that are tried, the configured one included.
pub(super) const MAX_REQUESTS: u64 = 25;

/// The values of a source's parameters, by their names.
pub(super) type Parameters = BTreeMap<String, String>;

/// Finds a connection that the API accepts, and its parameters; `None` where it accepts none.
pub(super) async fn probe(probe: &Probe, findings: &mut Findings) -> Option<(ProbeClient, Parameters)> {
    let own = &probe.settings.parameters;
    let refused = match attempt(probe, own).await {
        Ok(client) => {
            findings.right("access", "the API accepts the credentials");
            return Some((client, own.clone()));
        }
        Err(error) => error,
    };
    if refused.kind() == ErrorKind::Unauthorized {
        for changed in ways(probe) {
            let mut parameters = own.clone();
            parameters.extend(changed.iter().cloned());
            if let Ok(client) = attempt(probe, &parameters).await {
                let told: Vec<String> = changed.iter().map(|(name, value)| format!("{name} '{value}'")).collect();
                let found = format!("the API refuses the credentials as configured, and accepts them with {}", told.join(" and "));
                findings.wrong("access", found, Some(Remedy::Server(changed)));
                return Some((client, parameters));
            }
        }
    }
    let detail = refused.get_detail().unwrap_or_default();
    let hint = refused.get_hint().unwrap_or_default();
    findings.wrong("access", format!("{}: {detail} {hint}", refused.message()).trim_end().to_owned(), None);
    None
}

/// Connects with these parameters, and asks for one record; an error where the API refuses.
pub(super) async fn attempt(probe: &Probe, parameters: &Parameters) -> Result<ProbeClient> {
    let access = Authenticator::new(&probe.source, parameters.clone(), probe.secrets.clone())?;
    let client = ProbeClient::new(probe, Connection::new(&probe.settings, access)?);
    client.page(probe.bounds(), &PageToken::Start, Some(1)).await?;
    Ok(client)
}

/// The alternatives of the parameters by which credentials travel, in every combination, the fewest changes first.
fn ways(probe: &Probe) -> Vec<Vec<(String, String)>> {
    let mut ways: Vec<Vec<(String, String)>> = vec![Vec::new()];
    for parameter in &probe.source.parameters {
        let texts = probe.source.auth.iter().flat_map(|credential| [&credential.name, &credential.value]);
        let used = texts.flat_map(|text| placeholders(text).unwrap_or_default()).any(|name| name == parameter.name);
        if !used {
            continue;
        }
        let current = probe.settings.parameters.get(&parameter.name);
        let others: Vec<_> = parameter.alternatives.iter().chain(&parameter.default).filter(|value| Some(*value) != current).collect();
        let more: Vec<_> = ways
            .iter()
            .flat_map(|way| {
                others.iter().map(move |value| {
                    let mut way = way.clone();
                    way.push((parameter.name.clone(), (*value).clone()));
                    way
                })
            })
            .collect();
        ways.extend(more);
    }
    ways.sort_by_key(Vec::len);
    ways.into_iter().skip(1).take(MAX_REQUESTS as usize - 1).collect()
}
