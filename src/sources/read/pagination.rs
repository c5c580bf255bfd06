//! Reads the member `pagination` of a table.

use serde_json::Value;

use super::{place, place_members};
use crate::sources::fault::{Faults, Object};
use crate::sources::{FullLastPage, NextUrl, PageSize, Pagination, PagingStyle, Pointer};

/// The words of the member `style`.
#[derive(Clone, Copy)]
enum Style {
    Cursor,
    Number,
    Offset,
    NextUrl,
    LinkHeader,
}

pub(super) fn pagination(value: &Value, at: &str, faults: &mut Faults<'_>) -> Option<Pagination> {
    const STYLES: &[(&str, Style)] = &[
        ("cursor", Style::Cursor),
        ("page_number", Style::Number),
        ("offset", Style::Offset),
        ("next_url", Style::NextUrl),
        ("link_header", Style::LinkHeader),
    ];
    let mut o = Object::new(value, at, faults);
    let style = o.choice("style", STYLES, None, faults);
    let token = |o: &mut Object<'_>, faults: &mut Faults<'_>| {
        let value = o.required("token", faults)?;
        Some(place(value, &o.place("token"), faults))
    };
    let needs_next = |next: Option<Pointer>, faults: &mut Faults<'_>| {
        if next.is_none() {
            faults.push(at, "\"next\" is required");
        }
        next
    };
    let style = style.and_then(|style| match style {
        Style::Cursor => {
            let (token, next) = (token(&mut o, faults), o.pointer("next", faults));
            let bookmark = o.flag("bookmark", false, faults);
            Some(PagingStyle::Cursor { next: needs_next(next, faults)?, token: token?, bookmark })
        }
        Style::Number => {
            let first = o.count("first", faults).unwrap_or(1);
            Some(PagingStyle::Number { place: token(&mut o, faults)?, first })
        }
        Style::Offset => {
            let (max, overlap) = (o.count("max", faults), o.flag("overlap", false, faults));
            Some(PagingStyle::Offset { place: token(&mut o, faults)?, max, overlap })
        }
        Style::NextUrl => {
            let next = o.pointer("next", faults);
            needs_next(next, faults).map(|next| PagingStyle::NextUrl(NextUrl::Body(next)))
        }
        Style::LinkHeader => Some(PagingStyle::NextUrl(NextUrl::LinkHeader)),
    });
    let is_keyed = style.as_ref().map(PagingStyle::is_keyed);
    let full_last_page =
        if is_keyed == Some(true) { o.choice("full_last_page", FullLastPage::NAMES, Some(FullLastPage::Check), faults) } else { None };
    let total = o.pointer("total", faults);
    let empty_page_ends = o.flag("empty_page_ends", false, faults);
    if is_keyed == Some(false) && total.is_none() && !empty_page_ends {
        faults.push(at, "needs \"total\" or \"empty_page_ends\": something must prove the end");
    }
    let size = o.required("size", faults).map(|v| page_size(v, &o.place("size"), faults));
    o.finish(faults);
    Some(Pagination { style: style?, size: size?, total, empty_page_ends, full_last_page: full_last_page.unwrap_or_default() })
}

fn page_size(value: &Value, at: &str, faults: &mut Faults<'_>) -> PageSize {
    let mut o = Object::new(value, at, faults);
    let place = place_members(&mut o, faults);
    let max = o.count("max", faults).unwrap_or(0);
    if max == 0 {
        faults.push(at, "\"max\" is required and must be 1 or more");
    }
    let may_change = o.flag("may_change", false, faults);
    o.finish(faults);
    PageSize { place, max, may_change }
}
