//! A row that is inserted, deleted, changed or moved while pages are read.

/// An edit of a list. It names rows by number; [`Edit::placed`] makes places in the list of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edit {
    /// A new row before this one.
    Insert(u64),
    Delete(u64),
    /// Another row takes the place of this one.
    Change(u64),
    /// The first row moves to the place of the second.
    Move(u64, u64),
}

impl Edit {
    /// Reads `insert:ROW`, `delete:ROW`, `change:ROW` or `move:ROW-ROW`.
    pub(crate) fn read(what: Option<&str>, rows: Option<&str>) -> Result<Self, String> {
        let usage = || "edit needs what and which: edit:insert:ROW, edit:delete:ROW, edit:change:ROW or edit:move:ROW-ROW".to_owned();
        let number = |text: &str| text.parse::<u64>().map_err(|_| usage());
        let rows = rows.ok_or_else(usage)?;
        match what {
            Some("insert") => Ok(Self::Insert(number(rows)?)),
            Some("delete") => Ok(Self::Delete(number(rows)?)),
            Some("change") => Ok(Self::Change(number(rows)?)),
            Some("move") => rows.split_once('-').ok_or_else(usage).and_then(|(from, to)| Ok(Self::Move(number(from)?, number(to)?))),
            _ => Err(usage()),
        }
    }

    /// The edit by places, if the list contains its rows.
    pub(crate) fn placed(self, count: u64, row_at: impl Fn(u64) -> u64) -> Option<Self> {
        let place = |row| (0..count).find(|place| row_at(*place) == row);
        Some(match self {
            Self::Insert(row) => Self::Insert(place(row)?),
            Self::Delete(row) => Self::Delete(place(row)?),
            Self::Change(row) => Self::Change(place(row)?),
            Self::Move(from, to) => Self::Move(place(from)?, place(to)?),
        })
    }

    /// The number of rows after the edit.
    pub(crate) fn count(self, before: u64) -> u64 {
        match self {
            Self::Insert(_) => before + 1,
            Self::Delete(_) => before - 1,
            Self::Change(_) | Self::Move(..) => before,
        }
    }

    /// The former place of the row that is now at this place, and whether the row is new. A new row has the place of the row that it
    /// replaces or precedes.
    pub(crate) fn origin(self, place: u64) -> (u64, bool) {
        match self {
            Self::Insert(at) if place > at => (place - 1, false),
            Self::Insert(at) | Self::Change(at) => (place, place == at),
            Self::Delete(at) => (place + u64::from(place >= at), false),
            Self::Move(from, to) if place == to => (from, false),
            Self::Move(from, to) => {
                let without = place - u64::from(place > to);
                (without + u64::from(without >= from), false)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_afterwards_has_what_the_edit_says() {
        let after = |text: &str| {
            let mut parts = text.splitn(2, ':');
            let edit = Edit::read(parts.next(), parts.next()).unwrap().placed(5, |place| 10 + place).unwrap();
            (0..edit.count(5)).map(|place| edit.origin(place)).map(|(at, new)| if new { -1 } else { at.cast_signed() }).collect::<Vec<_>>()
        };
        assert_eq!(after("insert:12"), [0, 1, -1, 2, 3, 4]);
        assert_eq!(after("delete:12"), [0, 1, 3, 4]);
        assert_eq!(after("change:12"), [0, 1, -1, 3, 4]);
        assert_eq!(after("move:13-11"), [0, 3, 1, 2, 4]);
        assert_eq!(after("move:11-13"), [0, 2, 3, 1, 4]);
        assert_eq!(after("move:11-11"), [0, 1, 2, 3, 4]);
        assert_eq!(Edit::Delete(9).placed(5, |place| 10 + place), None);
        assert!(
            Edit::read(Some("move"), Some("3")).is_err() && Edit::read(Some("melt"), Some("3")).is_err() && Edit::read(None, None).is_err()
        );
    }
}
