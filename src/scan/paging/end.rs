//! What proves the end of a chain whose pages name the next one. Pure.

use super::{Doubt, PageFacts, Pager, SUSPECT_TOTAL, is_round};
use crate::error::{Error, ErrorKind, Result};
use crate::sources::{FullLastPage, NextUrl, PagingStyle};

impl Pager {
    /// The page names no next one. Where the name is looked for in the wrong place no page does: only one that is smaller than
    /// was asked for, or another page that named one, shows that this is the last.
    pub(super) fn end_unnamed(&mut self, facts: &PageFacts) -> Result<bool> {
        self.end()?;
        let is_full = facts.records >= self.asked;
        // Two pages of a scan that are equally large may both have been clamped, where that is a number that people choose.
        let is_large = is_full || (facts.records == self.seen.largest && is_round(facts.records));
        if self.pages > 1 || self.seen.named || !is_large || self.pagination.full_last_page == FullLastPage::Accept {
            return Ok(false);
        }
        let agrees = self.total == Some(self.read) && self.total != Some(SUSPECT_TOTAL);
        let wanted = self.asked.min(facts.records);
        let ask = if wanted > 1 { wanted - 1 } else { 2 };
        let doubt = Doubt { records: facts.records, ask, alone: is_full && !agrees };
        match self.pagination.full_last_page {
            FullLastPage::Error if doubt.alone => Err(self.unproven(doubt)),
            FullLastPage::Error | FullLastPage::Accept => Ok(false),
            FullLastPage::Check => {
                self.doubt = Some(doubt);
                Ok(true)
            }
        }
    }

    /// The first page in another size tells whether its likes name the next one.
    pub(super) fn resolve(&self, facts: &PageFacts, doubt: Doubt) -> Result<bool> {
        let shows_more = facts.records > doubt.records || (doubt.ask < doubt.records && facts.records == doubt.ask);
        match facts.named() {
            Some(_) => Ok(false),
            None if shows_more => {
                let (least, most) = (facts.records.min(doubt.records), facts.records.max(doubt.records));
                Err(Error::new(ErrorKind::Shape, "the API names no next page, though there are more records")
                    .detail(format!("A page of {least} records has nothing {}, and there are at least {most}.", self.place_of_next()))
                    .hint(format!(
                        "Check {} in the table's pagination, and what a first request needs so that the API pages.",
                        self.next_member()
                    )))
            }
            None if doubt.alone && (doubt.ask < doubt.records || facts.records >= doubt.ask) => Err(self.unproven(doubt)),
            None => Ok(false),
        }
    }

    pub(super) fn unproven(&self, doubt: Doubt) -> Error {
        Error::new(ErrorKind::Shape, "a full page names no next page, and nothing proves that it is the last")
            .detail(format!("It has {} records, and nothing {}.", doubt.records, self.place_of_next()))
            .hint(format!(
                "Check {} in the table's pagination. If such a page is the last, set the table option evidence to 'missing_key', or                  \"full_last_page\" to \"accept\" in the description.",
                self.next_member()
            ))
    }

    fn place_of_next(&self) -> String {
        match &self.pagination.style {
            PagingStyle::Cursor { next, .. } | PagingStyle::NextUrl(NextUrl::Body(next)) => format!("at \"{next}\" in its body"),
            _ => "in its Link header".to_owned(),
        }
    }

    fn next_member(&self) -> &'static str {
        match &self.pagination.style {
            PagingStyle::NextUrl(NextUrl::LinkHeader) => "\"style\"",
            _ => "\"next\"",
        }
    }

    /// A chain that the pages themselves say is at its end must have reached what they say there is.
    pub(super) fn end(&self) -> Result<bool> {
        match self.total {
            Some(total) if self.read < total => {
                let message = format!("the API says that there are {total} records, and its pages ended after {}", self.read);
                Err(Error::new(ErrorKind::Shape, message).detail(format!("The last page has nothing {}.", self.place_of_next())).hint(
                    format!(
                        "Check {} in the table's pagination, and \"total\": it must count what the request selects.",
                        self.next_member()
                    ),
                ))
            }
            _ => Ok(false),
        }
    }
}
