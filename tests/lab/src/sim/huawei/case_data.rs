//! The data of Huawei's service tickets: cases, their operation logs and messages. Each is a pure function of the seed and its place. All
//! times are whole seconds, because local times have no fraction.

use crate::sim::settings::Settings;
use crate::sim::spread::{Spread, mix};

use super::texts::{
    BUSINESS_TYPES, CONTENTS, DESCRIPTIONS, INCIDENT_TYPES, LABELS, OPERATIONS, PEOPLE, PRODUCTS, REGIONS, RESOLUTIONS, ROOT_CAUSES,
    STATUSES, Words,
};

const PREFIX: &str = "SR2026";
const DIGITS: usize = 7;

/// All cases of one URL's settings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CaseData {
    /// The times of the cases' creation.
    pub(crate) spread: Spread,
    pub(crate) cases: u64,
    seed: u64,
    end: i64,
    logs: Option<u64>,
    messages: Option<u64>,
}

/// One service ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) id: String,
    /// Name and number of the sub-user.
    pub(crate) xcustomer: Option<(&'static str, u64)>,
    pub(crate) status: i64,
    pub(crate) business_type: Words,
    pub(crate) incident_type: Words,
    pub(crate) product: Option<Words>,
    pub(crate) service_type: i64,
    pub(crate) customer: u64,
    pub(crate) region: Option<Words>,
    pub(crate) description: &'static str,
    pub(crate) root_cause: Option<&'static str>,
    pub(crate) resolution: Option<&'static str>,
    pub(crate) created: i64,
    pub(crate) confirmed: Option<i64>,
    /// Numbers of the labels; `None` if the record has no list.
    pub(crate) labels: Option<Vec<usize>>,
}

/// One entry of a case's operation log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OperateLog {
    pub(crate) id: u64,
    pub(crate) operation: i64,
    pub(crate) description: Words,
    pub(crate) operator_type: i64,
    pub(crate) operator: u64,
    pub(crate) operator_name: Option<&'static str>,
    pub(crate) time: i64,
}

/// One message of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) kind: i64,
    pub(crate) replier_type: i64,
    pub(crate) replier: u64,
    pub(crate) replier_name: Option<&'static str>,
    pub(crate) content: &'static str,
    pub(crate) time: i64,
    pub(crate) is_first: bool,
    pub(crate) iam_user_type: Option<i64>,
    /// Number of attachments.
    pub(crate) accessories: u64,
}

/// A time without its fraction of a second.
pub(crate) fn whole_second(millis: i64) -> i64 {
    millis.div_euclid(1000) * 1000
}

pub(crate) fn label_id(label: usize) -> String {
    format!("lb-{label}")
}

impl CaseData {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            spread: Spread::of(settings, settings.cases),
            cases: settings.cases,
            seed: mix(settings.seed, 0x4857),
            end: settings.end,
            logs: settings.logs,
            messages: settings.messages,
        }
    }

    /// The number of the case with this id, if there is one.
    pub(crate) fn case_number(&self, id: &str) -> Option<u64> {
        let digits = id.strip_prefix(PREFIX).filter(|digits| digits.len() >= DIGITS)?;
        let number: u64 = digits.parse::<u64>().ok()?.checked_sub(1)?;
        (number < self.cases && case_id(number) == id).then_some(number)
    }

    pub(crate) fn created(&self, case: u64) -> i64 {
        whole_second(self.spread.time(case))
    }

    /// The case of a number. A row that appears later looks like an earlier one, but has an id of its own.
    pub(crate) fn case(&self, number: u64, id_number: u64) -> Case {
        let bits = mix(self.seed, number);
        let pick = |shift: u32, count: usize| (bits >> shift) as usize % count;
        let status = STATUSES[pick(3, STATUSES.len())];
        let created = self.created(number);
        let is_done = status == 3;
        Case {
            id: case_id(id_number),
            xcustomer: (bits & 3 == 0).then(|| (PEOPLE[pick(30, PEOPLE.len())], bits >> 5 & 63)),
            status,
            business_type: BUSINESS_TYPES[pick(7, BUSINESS_TYPES.len())],
            incident_type: INCIDENT_TYPES[pick(11, INCIDENT_TYPES.len())],
            product: (bits >> 13 & 7 != 0).then(|| PRODUCTS[pick(15, PRODUCTS.len())]),
            service_type: (bits >> 17 & 3).cast_signed(),
            customer: bits >> 19 & 15,
            region: (bits >> 21 & 3 != 0).then(|| REGIONS[pick(23, REGIONS.len())]),
            description: DESCRIPTIONS[pick(25, DESCRIPTIONS.len())],
            root_cause: is_done.then(|| ROOT_CAUSES[pick(27, ROOT_CAUSES.len())]),
            resolution: is_done.then(|| RESOLUTIONS[pick(29, RESOLUTIONS.len())]),
            created,
            confirmed: is_done.then(|| whole_second(created + (self.end - created) / 2)),
            labels: (bits >> 33 & 7 != 0).then(|| (0..LABELS.len()).filter(|label| bits >> (36 + 2 * label) & 3 == 0).collect()),
        }
    }

    /// The number of entries of a case's log: as set, else up to sixty.
    pub(crate) fn log_count(&self, case: u64) -> u64 {
        let bits = mix(self.seed, !case);
        self.logs.unwrap_or_else(|| if bits.is_multiple_of(6) { 0 } else { (bits >> 8) % 31 + (bits >> 16) % 31 })
    }

    pub(crate) fn message_count(&self, case: u64) -> u64 {
        self.messages.unwrap_or_else(|| (mix(self.seed, !case) >> 24) % 9)
    }

    pub(crate) fn log(&self, case: u64, place: u64, id_place: u64) -> OperateLog {
        let bits = mix(mix(self.seed, case), place);
        // The first entry is the creation of the case.
        let (operation, description) =
            if place == 0 { OPERATIONS[0] } else { OPERATIONS[1 + (bits >> 5) as usize % (OPERATIONS.len() - 1)] };
        OperateLog {
            id: (case + 1) * 100_000_000 + id_place,
            operation,
            description,
            operator_type: (bits >> 9 & 3).cast_signed(),
            operator: bits >> 11 & 63,
            operator_name: (bits & 7 != 0).then(|| PEOPLE[(bits >> 17) as usize % PEOPLE.len()]),
            time: self.within(case, place, self.log_count(case)),
        }
    }

    pub(crate) fn message(&self, case: u64, place: u64) -> Message {
        let bits = mix(mix(self.seed, !case), place);
        let kind = (bits & 1).cast_signed();
        Message {
            kind,
            replier_type: if bits >> 1 & 7 == 0 { 2 } else { kind },
            replier: bits >> 5 & 63,
            replier_name: (bits >> 11 & 3 != 0).then(|| PEOPLE[(bits >> 13) as usize % PEOPLE.len()]),
            content: CONTENTS[(bits >> 17) as usize % CONTENTS.len()],
            time: self.within(case, place, self.message_count(case)),
            is_first: place == 0,
            iam_user_type: (bits >> 21 & 1 == 1).then_some((bits >> 22 & 1).cast_signed()),
            accessories: (bits >> 23 & 7).saturating_sub(5),
        }
    }

    /// The time of one of `count` entries between a case's creation and the end of the data.
    fn within(&self, case: u64, place: u64, count: u64) -> i64 {
        let created = self.spread.time(case);
        let span = (self.end - created).unsigned_abs();
        whole_second(created + (span * place / count.max(1)).cast_signed())
    }
}

pub(crate) fn case_id(number: u64) -> String {
    format!("{PREFIX}{:0DIGITS$}", number + 1)
}
