//! The fields that a scan wants, as a tree of names.

/// The child that a member's name means.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    /// Index of the child.
    pub(super) child: usize,
    /// Whether it is written just so; a member that is not must not replace one that is.
    pub(super) exact: bool,
}

/// The wanted fields as a tree of names.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) children: Vec<(String, Self)>,
    /// The columns that want the value itself.
    pub(super) columns: Vec<usize>,
}

impl Node {
    /// Adds a column at a path.
    pub(super) fn add(&mut self, path: &[String], column: usize) {
        let Some((name, rest)) = path.split_first() else {
            self.columns.push(column);
            return;
        };
        let at = match self.children.iter().position(|(known, _)| known == name) {
            Some(at) => at,
            None => {
                self.children.push((name.clone(), Self::default()));
                self.children.len() - 1
            }
        };
        self.children[at].1.add(rest, column);
    }

    /// Exact names go first; then case is ignored, because reference pages disagree with themselves (`eventID`, `eventId`).
    pub(super) fn find(&self, name: &str) -> Option<Found> {
        let exact = self.children.iter().position(|(known, _)| known == name);
        let close = || self.children.iter().position(|(known, _)| known.eq_ignore_ascii_case(name));
        exact.map(|child| Found { child, exact: true }).or_else(|| close().map(|child| Found { child, exact: false }))
    }
}
