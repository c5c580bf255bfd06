//! TIXNGO's `GET /organizer/report/events/tickets` and `…/tickets-light`: all tickets, by limit and offset and with a total, unlike the
//! log.

use crate::sim::api::{ApiRequest, Dialect, Endpoint, Found, Refusal};
use crate::sim::corrupt::Corruptions;
use crate::sim::json::{Columns, FieldKind, FieldOverride, RecordWriter, wire_name};
use crate::sim::list::{Entry, Frame, List, ListPage, PageFacts, PageRange, Pass, Rows, page_size};
use crate::sim::requested_range::RequestedRange;
use crate::sim::settings::{Nulls, Order, Settings, Total};
use crate::sim::wire_time::{read_ticks, time_json};

use super::ticket::{Owner, TicketBook};
use super::{LIMITS, Tixngo, app, check_key};

/// The largest capped total.
const CAP: u64 = 10_000;

pub(crate) const COLUMNS: Columns = &[
    ("ticketId", FieldKind::Text),
    ("eventId", FieldKind::Text),
    ("organizerId", FieldKind::Text),
    ("eventName", FieldKind::Text),
    ("eventCode", FieldKind::Text),
    ("eventStartDate", FieldKind::Time),
    ("ownerEmail", FieldKind::Text),
    ("ownerFirstName", FieldKind::Text),
    ("ownerLastName", FieldKind::Text),
    ("ownerPhone", FieldKind::Text),
    ("ownerBirthDate", FieldKind::Text),
    ("ownerIdNumber", FieldKind::Text),
    ("ownerResidenceCountry", FieldKind::Text),
    ("lastUpdated", FieldKind::Time),
];

/// The list of all tickets, at its path.
#[derive(Debug)]
pub(crate) struct Tickets(pub(crate) &'static str);

impl Endpoint for Tickets {
    fn path(&self) -> &'static str {
        self.0
    }

    fn dialect(&self) -> &'static dyn Dialect {
        &Tixngo
    }

    fn read<'a>(&self, request: &'a ApiRequest<'a>) -> Result<Found<'a>, Refusal> {
        check_key(request)?;
        let app = app(request)?;
        let required = |name| request.number(name)?.ok_or_else(|| Refusal::bad_request(format!("{name} is required")));
        let limit = page_size(request, "limit", Some(required("limit")?), LIMITS.0, LIMITS.1)?;
        let page_range = PageRange::at(required("offset")?, limit);
        let bound = |name: &str| {
            let refused = || Refusal::bad_request(format!("{name} is not a date-time"));
            request.one(name).map(|text| read_ticks(text).ok_or_else(refused)).transpose()
        };
        let range = RequestedRange::new(request.settings, bound("lastUpdatedSince")?, bound("lastUpdatedBefore")?);
        let book = TicketBook::new(request.settings, app);
        let filter = match request.one("excludeDeleted") {
            None | Some("false") => None,
            Some("true") => Some(Box::new(move |number| !book.is_deleted(number)) as Pass<'_>),
            Some(_) => return Err(Refusal::bad_request("excludeDeleted must be true or false")),
        };
        let rows = Rows::Range(range.rows(&book.spread, |time| time), filter, request.settings.order_or(Order::Ascending));
        Ok(Found::page(ListPage::new(
            request,
            TicketList { settings: request.settings, book, range },
            &format!("tickets {app}"),
            rows,
            page_range,
        )?))
    }
}

struct TicketList<'a> {
    settings: &'a Settings,
    book: TicketBook,
    range: RequestedRange,
}

impl List for TicketList<'_> {
    fn columns(&self) -> Columns {
        COLUMNS
    }

    fn push(&self, out: &mut Vec<u8>, entry: Entry, field_override: Option<&FieldOverride>) {
        let ticket = self.book.ticket(entry.row, entry.fresh.map_or(entry.row, |fresh| self.book.tickets + fresh));
        let owner = ticket.owner.as_ref();
        let text = |get: fn(&Owner) -> Option<&str>| owner.and_then(get);
        let name = |column| wire_name(COLUMNS, column);
        let mut record = RecordWriter::new(out, self.settings.write_nulls_or(Nulls::Present), field_override);
        record.identifier(0, name(0), "tk-", Some(ticket.id), 8);
        record.identifier(1, name(1), "ev-", Some(ticket.event), 3);
        record.plain(2, name(2), Some("org-1"));
        record.text(3, name(3), Some(ticket.event_name));
        record.identifier(4, name(4), "EV", Some(ticket.event), 3);
        record.time(5, name(5), Some(ticket.event_start));
        record.plain(6, name(6), text(|owner| Some(&owner.email)));
        record.text(7, name(7), text(|owner| Some(owner.first_name)));
        record.text(8, name(8), text(|owner| Some(owner.last_name)));
        record.plain(9, name(9), text(|owner| owner.phone.as_deref()));
        record.plain(10, name(10), text(|owner| owner.birth_date.as_deref()));
        record.plain(11, name(11), text(|owner| owner.id_number.as_deref()));
        record.plain(12, name(12), text(|owner| owner.country));
        record.time(13, name(13), Some(ticket.updated));
        record.end(name);
    }

    fn frame(&self, facts: &PageFacts) -> Frame {
        let total = match self.settings.total {
            Total::Absent => Vec::new(),
            Total::Exact => vec![format!("\"total\":{}", facts.total)],
            Total::Capped => vec![format!("\"total\":{}", facts.total.min(CAP))],
        };
        Frame { before: total, records: Some("result"), after: Vec::new() }
    }

    fn corruptions(&self) -> Corruptions {
        let far = self.range.far().map(|time| ("lastUpdated", time_json(time)));
        Corruptions { far, twice: Some(("ticketId", b"\"tk-duplicate\"".to_vec())) }
    }
}
