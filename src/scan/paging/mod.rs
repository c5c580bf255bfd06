//! The facts of one page → where the next page begins, or the proof that there is none. Pure: a pager never sees the network.
//!
//! There are two machines, because nothing but the surface is common to them. Where the response names the next page, the doubt is
//! whether a missing key means the end; where we count, whether records moved between two pages, and whether the total is right.
//!
//! A pager may assume that each page it is given is the one that it asked for. It must never end without evidence (law 2), and never
//! ask for a page twice (law 3): in doubt it asks for one page more, or fails.

mod counted;
mod facts;
mod head;
mod known;
mod moved;
mod named;
mod numbered;

pub use self::counted::CountedPager;
pub use self::facts::{PageFacts, SUSPECT_TOTAL, Seen};
pub use self::head::HEAD;
pub use self::known::KnownPages;
pub use self::named::NamedPager;
use crate::error::{Error, Result};
use crate::plan::request::PageToken;
use crate::sources::{Pagination, PagingStyle};

/// The state of one chain.
#[derive(Debug)]
pub enum Pager {
    /// Each page names the next one.
    Named(NamedPager),
    /// Pages have numbers or offsets.
    Counted(CountedPager),
}

impl Pager {
    /// A chain at its start.
    pub fn new(pagination: Pagination) -> Self {
        match pagination.style {
            PagingStyle::Cursor { .. } => Self::Named(NamedPager::new(pagination, PageToken::Cursor)),
            PagingStyle::NextUrl(_) => Self::Named(NamedPager::new(pagination, PageToken::Url)),
            PagingStyle::Number { first, .. } => Self::Counted(CountedPager::by_number(pagination, first)),
            PagingStyle::Offset { max, .. } => Self::Counted(CountedPager::by_offset(pagination, max)),
        }
    }

    /// The token of the page to ask for.
    pub fn token(&self) -> &PageToken {
        match self {
            Self::Named(pager) => pager.token(),
            Self::Counted(pager) => pager.token(),
        }
    }

    /// How many records to ask for, where a page usually has `usual` ones. The pager remembers it as what the next page was asked for.
    pub fn ask(&mut self, usual: u64) -> u64 {
        match self {
            Self::Named(pager) => pager.ask(usual),
            Self::Counted(pager) => pager.ask(usual),
        }
    }

    /// Takes note of what the scan's other pages have shown. Counted pages prove their end by themselves.
    pub fn recall(&mut self, seen: Seen) {
        match self {
            Self::Named(pager) => pager.recall(seen),
            Self::Counted(_) => {}
        }
    }

    /// Whether the page to ask for is no page of the chain, but shall show whether pages name the next one.
    pub fn is_in_doubt(&self) -> bool {
        match self {
            Self::Named(pager) => pager.is_in_doubt(),
            Self::Counted(_) => false,
        }
    }

    /// The token of a page that is named by this key, if it is not the page asked for.
    pub fn token_of(&self, key: String) -> Option<PageToken> {
        match self {
            Self::Named(pager) => pager.token_of(key),
            Self::Counted(_) => None,
        }
    }

    /// How many records at the start of the page asked for are not the chain's: they were read before.
    pub fn overlap(&self) -> u64 {
        match self {
            Self::Named(pager) if pager.is_in_doubt() => u64::MAX,
            Self::Named(_) => 0,
            Self::Counted(pager) => pager.overlap(),
        }
    }

    /// Moves on past the page just read. `false` is the proven end.
    pub fn advance(&mut self, facts: &PageFacts) -> Result<bool> {
        let (more, total_is_reached) = match self {
            Self::Named(pager) => (pager.step(facts)?, pager.has_reached_total()),
            Self::Counted(pager) => (pager.step(facts)?, pager.has_reached_total()),
        };
        if !more && let Some(partial) = facts.partial {
            partial.may_be_last(total_is_reached)?;
        }
        Ok(more)
    }

    /// Judges an error where the page asked for need not exist: it is swallowed where it shows that a total which was reached is right,
    /// or leaves a doubt that something else outweighs.
    pub fn refused(&mut self, error: Error) -> Result<()> {
        match self {
            Self::Named(pager) => pager.refused(error),
            Self::Counted(pager) => pager.refused(error),
        }
    }

    /// The rest of a chain whose total says where every other page lies, once that is known: those pages need not wait for each other.
    /// `asked` is how many records the page just read was asked for, `usual` how many the others shall have.
    pub fn remaining(&self, facts: &PageFacts, asked: u64, usual: u64) -> Option<KnownPages> {
        match self {
            Self::Named(_) => None,
            Self::Counted(pager) => pager.remaining(facts, asked, usual),
        }
    }

    /// Whether the page asked for may turn out to be none of the chain, because the API has pages of one size.
    pub fn is_on_trial(&self) -> bool {
        match self {
            Self::Named(_) => false,
            Self::Counted(pager) => pager.is_on_trial(),
        }
    }

    /// Whether an error says that the API does not take the size on trial.
    pub fn refuses_size(&self, error: &Error) -> bool {
        match self {
            Self::Named(_) => false,
            Self::Counted(pager) => pager.refuses_size(error),
        }
    }

    /// Takes back the page on trial, and goes on with the second page of the first one's size.
    pub fn reject(&mut self) {
        match self {
            Self::Named(_) => {}
            Self::Counted(pager) => pager.reject(None),
        }
    }

    /// Whether the page just read is none of the chain.
    pub fn has_rejected(&self) -> bool {
        match self {
            Self::Named(_) => false,
            Self::Counted(pager) => pager.has_rejected(),
        }
    }

    /// The chain goes on behind a page that was none of it.
    pub fn go_on(&mut self) {
        match self {
            Self::Named(_) => {}
            Self::Counted(pager) => pager.go_on(),
        }
    }
}

#[cfg(test)]
mod tests;
