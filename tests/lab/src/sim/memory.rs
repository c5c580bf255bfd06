//! The state of the simulator between requests: issued tokens, and rows that have appeared.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::edit::Edit;
use super::fault::Fault;
use super::settings::{Settings, Switch};
use super::target::Target;

/// A token that is valid without a login.
const STATIC_TOKEN: &str = "lab-token";

#[derive(Debug, Default)]
pub(crate) struct Memory {
    tokens: Mutex<HashMap<String, Token>>,
    /// Number of logins by tag, so that the tokens of a tag are the same in each run.
    logins: Mutex<HashMap<String, u64>>,
    /// Number of rows that have appeared, by settings and list.
    arrivals: Mutex<HashMap<String, u64>>,
}

#[derive(Debug, Clone, Copy)]
struct Token {
    issued: Instant,
    uses: u64,
    life: Duration,
    most_uses: u64,
}

/// Whether a token is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenStatus {
    Valid,
    Expired,
    Unknown,
}

impl Memory {
    /// A new token, valid for `usual_life` seconds unless the settings say otherwise.
    pub(crate) fn issue(&self, settings: &Settings, usual_life: u64) -> String {
        let mut logins = self.logins.lock().unwrap_or_else(PoisonError::into_inner);
        let number = logins.entry(settings.tag.clone()).or_default();
        *number += 1;
        let text = format!("issued-{}-{number}", settings.tag);
        let token = Token {
            issued: Instant::now(),
            uses: 0,
            life: Duration::from_secs(settings.token_life.unwrap_or(usual_life)),
            most_uses: settings.token_uses.unwrap_or(u64::MAX),
        };
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).insert(text.clone(), token);
        text
    }

    /// Looks up a token, and counts one use of it. The settings of the login and of this request may both limit the token, because a
    /// login may have another URL.
    pub(crate) fn spend(&self, token: &str, settings: &Settings) -> TokenStatus {
        if token == STATIC_TOKEN {
            return if settings.static_token == Switch::On { TokenStatus::Valid } else { TokenStatus::Unknown };
        }
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(token) = tokens.get_mut(token) else {
            return TokenStatus::Unknown;
        };
        let life = settings.token_life.map_or(token.life, |seconds| token.life.min(Duration::from_secs(seconds)));
        let most_uses = settings.token_uses.map_or(token.most_uses, |uses| token.most_uses.min(uses));
        if token.uses >= most_uses || token.issued.elapsed() >= life {
            return TokenStatus::Expired;
        }
        token.uses += 1;
        TokenStatus::Valid
    }

    /// The number of rows that have appeared at the front of a list when this page is read.
    pub(crate) fn arrived(&self, settings: &Settings, target: &Target<'_>, list: &str, page: u32) -> u64 {
        match settings.fault {
            // Depends on the page only, so that it happens again in a second scan.
            Some(Fault::MovedTotal) => u64::from(page >= settings.at),
            // Happens once; from then on all pages show it.
            Some(Fault::Shift) => {
                let mut arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
                let count = arrivals.entry(format!("{} {list}", target.settings)).or_default();
                if page >= settings.at && *count < u64::from(settings.times.unwrap_or(1)) {
                    *count += 1;
                }
                *count
            }
            _ => 0,
        }
    }

    /// The edit of a list that has happened when this page is read.
    pub(crate) fn edited(&self, settings: &Settings, target: &Target<'_>, list: &str, page: u32) -> Option<Edit> {
        let Some(Fault::Edit(edit)) = settings.fault else { return None };
        let mut arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        let happened = arrivals.entry(format!("{} {list}", target.settings)).or_default();
        *happened |= u64::from(page >= settings.at);
        (*happened > 0).then_some(edit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> Settings {
        Settings::parse(text).unwrap()
    }

    #[test]
    fn a_token_ends_with_its_uses_or_its_life() {
        let memory = Memory::default();
        let token = memory.issue(&settings("tag=a,token_uses=2"), 60);
        assert_eq!(token, "issued-a-1");
        let spend = |text: &str, token: &str| memory.spend(token, &settings(text));
        assert_eq!([(); 3].map(|()| spend("", &token)), [TokenStatus::Valid, TokenStatus::Valid, TokenStatus::Expired]);
        let token = memory.issue(&settings("tag=a,token_life=0"), 60);
        assert_eq!((token.as_str(), spend("", &token)), ("issued-a-2", TokenStatus::Expired));
        let token = memory.issue(&settings(""), 60);
        assert_eq!(spend("token_life=0", &token), TokenStatus::Expired);
        assert_eq!([(); 2].map(|()| spend("token_uses=1", &token)), [TokenStatus::Valid, TokenStatus::Expired]);
        assert_eq!(spend("", "made-up"), TokenStatus::Unknown);
    }

    #[test]
    fn the_static_token_can_be_switched_off() {
        let memory = Memory::default();
        assert_eq!(memory.spend("lab-token", &settings("token_uses=0")), TokenStatus::Valid);
        assert_eq!(memory.spend("lab-token", &settings("static_token=off")), TokenStatus::Unknown);
    }

    #[test]
    fn a_shift_happens_once_and_a_moved_total_each_time() {
        let memory = Memory::default();
        let pages = |text: &'static str| {
            let target = Target { settings: text, path: "/", query: "" };
            [1, 2, 1, 3].map(|page| memory.arrived(&settings(text), &target, "list", page))
        };
        assert_eq!(pages("fault=shift,at=2"), [0, 1, 1, 1]);
        assert_eq!(pages("fault=shift,at=2"), [1, 1, 1, 1]);
        assert_eq!(pages("fault=shift,at=2,times=2"), [0, 1, 1, 2]);
        assert_eq!(pages("fault=moved_total,at=2"), [0, 1, 0, 1]);
        let target = Target { settings: "edited", path: "/", query: "" };
        let edited = settings("fault=edit:delete:7,at=2");
        let pages = [1, 2, 1].map(|page| memory.edited(&edited, &target, "list", page).is_some());
        assert_eq!(pages, [false, true, true]);
    }
}
