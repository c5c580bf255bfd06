//! The rows of Viviot's action log, oldest first. Each is a pure function of the seed and its number.
//!
//! A filter takes an id, but a row shows a name, and several ids may have the same name.

use crate::sim::settings::Settings;
use crate::sim::spread::{Spread, mix};

/// .NET's smallest time, which stands for a missing one.
pub(crate) const UNSET: i64 = -62_135_596_800_000;
/// One in this many rows has no time. These rows are the oldest.
const UNSET_SHARE: u64 = 50;

pub(crate) const ACTIONS: [(i64, &str); 8] = [
    (0, "Unknown"),
    (1, "Login"),
    (12, "Door opened"),
    (13, "Door opened"),
    (20, "Task created"),
    (21, "Task done"),
    (40, "Access granted"),
    (41, "Access \"revoked\""),
];
pub(crate) const USERS: u64 = 40;
pub(crate) const THINGS: u64 = 25;
const NAMES: [&str; 7] = ["Ada Okafor", "Kim Lee", "Kim Lee", "Zoë Müller", "O'Neill", "J. \"Jo\" Berg", "Night guard"];
const THING_NAMES: [&str; 5] = ["Front door", "Back door", "Lift 1", "Parking\\Ramp", "Front door"];
const TASKS: [&str; 4] = ["Clean room 12", "Check battery", "Greet guests", "清洁"];
const INFORMATION: [&str; 4] = ["{\"battery\":12}", "opened\tremotely", "", "5 % left"];

/// An action: what its row shows, and what filters find it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Action {
    pub(crate) time: i64,
    /// The acting user: a mobile user or a business user.
    pub(crate) user: Option<u64>,
    pub(crate) business_user: Option<u64>,
    pub(crate) code: i64,
    pub(crate) name: &'static str,
    pub(crate) thing: Option<u64>,
    pub(crate) target_user: Option<u64>,
    pub(crate) target_business_user: Option<u64>,
    pub(crate) organization: Option<u64>,
    pub(crate) task: Option<u64>,
    pub(crate) task_list: Option<u64>,
    pub(crate) information: Option<&'static str>,
}

impl Action {
    pub(crate) fn initiator(&self) -> &'static str {
        person(self.user.or(self.business_user.map(|user| user + USERS)).unwrap_or_default())
    }

    /// The 128 bits of the organization's id.
    pub(crate) fn organization_id(&self) -> Option<[u64; 2]> {
        self.organization.map(|number| [mix(7, number), mix(8, number)])
    }

    pub(crate) fn thing_name(&self) -> Option<&'static str> {
        self.thing.map(|thing| THING_NAMES[(thing % THING_NAMES.len() as u64) as usize])
    }

    pub(crate) fn target_user_name(&self) -> Option<&'static str> {
        self.target_user.map(person)
    }

    pub(crate) fn task_name(&self) -> Option<&'static str> {
        self.task.map(|task| TASKS[(task % TASKS.len() as u64) as usize])
    }

    pub(crate) fn task_list_name(&self) -> Option<String> {
        self.task_list.map(|list| format!("List {}", list % 3))
    }
}

fn person(number: u64) -> &'static str {
    NAMES[(number % NAMES.len() as u64) as usize]
}

pub(crate) fn thing_id(thing: u64) -> String {
    format!("thing-{thing:03}")
}

pub(crate) fn task_id(task: u64) -> String {
    format!("task-{task:02}")
}

pub(crate) fn task_list_id(list: u64) -> String {
    format!("list-{list:02}")
}

/// All actions of one URL's settings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ActionLog {
    spread: Spread,
    pub(crate) rows: u64,
    seed: u64,
}

impl ActionLog {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self { spread: Spread::new(settings), rows: settings.rows, seed: mix(settings.seed, 0x5656) }
    }

    pub(crate) fn time(&self, row: u64) -> i64 {
        if row < self.rows / UNSET_SHARE { UNSET } else { self.spread.time(row) }
    }

    /// The first row whose time satisfies a condition that holds from some time on.
    pub(crate) fn first_where(&self, holds: impl Fn(i64) -> bool) -> u64 {
        let unset = self.rows / UNSET_SHARE;
        if unset > 0 && holds(UNSET) { 0 } else { self.spread.first_where(holds).max(unset) }
    }

    /// The 128 bits of a row's id.
    pub(crate) fn id(&self, row: u64) -> [u64; 2] {
        [mix(self.seed, !row), mix(!self.seed, row)]
    }

    pub(crate) fn action(&self, row: u64) -> Action {
        let bits = mix(self.seed, row);
        let is_business = bits & 3 == 0;
        let (code, name) = ACTIONS[(bits >> 2) as usize % ACTIONS.len()];
        let about = |codes: &[i64], shift: u32, count: u64| codes.contains(&code).then_some((bits >> shift) % count);
        Action {
            time: self.time(row),
            user: (!is_business).then_some((bits >> 5) % USERS),
            business_user: is_business.then_some((bits >> 5) % 10),
            code,
            name,
            thing: about(&[12, 13, 40, 41], 12, THINGS),
            target_user: about(&[20, 40, 41], 18, USERS),
            target_business_user: about(&[1, 21], 18, 10),
            organization: (bits >> 24 & 3 != 0).then_some(bits >> 26 & 3),
            task: about(&[20, 21], 29, 12),
            task_list: about(&[20, 21], 34, 6),
            information: (bits >> 40 & 1 == 1).then(|| INFORMATION[(bits >> 41) as usize % INFORMATION.len()]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_have_no_time_and_no_id_comes_twice() {
        let log = ActionLog::new(&Settings::parse("rows=5000").unwrap());
        let times: Vec<i64> = (0..5000).map(|row| log.time(row)).collect();
        assert!(times.is_sorted());
        assert_eq!(times.iter().filter(|time| **time == UNSET).count(), 100);
        for row in [0, 99, 100, 101, 4999] {
            assert_eq!(log.first_where(|time| time >= log.time(row)), if row < 100 { 0 } else { row });
        }
        let ids: std::collections::HashSet<_> = (0..5000).map(|row| log.id(row)).collect();
        assert_eq!(ids.len(), 5000);
    }

    #[test]
    fn one_name_stands_for_several_ids() {
        let log = ActionLog::new(&Settings::parse("rows=1000").unwrap());
        let doors: std::collections::HashSet<_> =
            (0..1000).map(|row| log.action(row)).filter(|row| row.thing_name() == Some("Front door")).map(|row| row.thing).collect();
        assert_eq!(doors.len(), 10);
    }
}
