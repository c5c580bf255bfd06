//! The fields that a scan wants → a tree of names, in which each member of a record finds the columns that want it.
//!
//! Exact names win over names that differ by case only: a record may have both.

use std::collections::HashMap;

/// Up to this many names are compared faster than one is looked up.
const FEW: usize = 16;

/// The child node that a member's name leads to.
#[derive(Debug, Clone, Copy)]
pub(super) struct FieldMatch {
    /// Index of the child.
    pub(super) child: usize,
    /// Whether the name is the same to the letter: a member that differs by case must not replace one that does not.
    pub(super) exact: bool,
}

/// The wanted fields as a tree of names.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) children: Vec<(String, Self)>,
    /// A child by its name.
    exact: HashMap<String, usize>,
    /// The first child whose name is this one in small ASCII letters.
    close: HashMap<String, usize>,
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
        let next = self.children.len();
        let at = *self.exact.entry(name.clone()).or_insert(next);
        if at == next {
            self.close.entry(name.to_ascii_lowercase()).or_insert(at);
            self.children.push((name.clone(), Self::default()));
        }
        self.children[at].1.add(rest, column);
    }

    /// Finds the child of a member's name. Exact names go first; then case is ignored, because reference pages disagree with themselves
    /// (`eventID`, `eventId`).
    pub(super) fn find(&self, name: &str) -> Option<FieldMatch> {
        if self.children.len() > FEW {
            let close = || Some((*self.close.get(&name.to_ascii_lowercase())?, false));
            let found = self.exact.get(name).map(|child| (*child, true)).or_else(close);
            return found.map(|(child, exact)| FieldMatch { child, exact });
        }
        let exact = self.children.iter().position(|(known, _)| known == name);
        let close = || self.children.iter().position(|(known, _)| known.eq_ignore_ascii_case(name));
        exact.map(|child| FieldMatch { child, exact: true }).or_else(|| close().map(|child| FieldMatch { child, exact: false }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_names_are_found_as_few_are() {
        for count in [FEW, FEW + 1, 100] {
            let mut node = Node::default();
            (0..count).for_each(|i| node.add(&[format!("Name{i}")], i));
            node.add(&["name1".to_owned()], count);
            let found = |name: &str| node.find(name).map(|found| (node.children[found.child].1.columns[0], found.exact));
            assert_eq!((found("Name1"), found("name1"), found("NAME1")), (Some((1, true)), Some((count, true)), Some((1, false))));
            assert_eq!((found("nAME2"), found("none")), (Some((2, false)), None));
        }
    }
}
