//! TIXNGO's `GET /organizer/report/events/tickets` and `…/tickets-light`: all tickets, by limit and offset and with a total, unlike the log.

use crate::sim::api::{Ask, Dialect, Endpoint, Found, Refusal};
use crate::sim::asked_range::AskedRange;
use crate::sim::corrupt::Corruptions;
use crate::sim::json::{Columns, FieldOverride, Kind, RecordWriter, wire_name};
use crate::sim::list::{Entry, Frame, Given, List, ListPage, PageRange, Pass, Rows, page_size};
use crate::sim::settings::{Nulls, Order, Settings, Total};
use crate::sim::wire_time::{read_ticks, time_json};

use super::ticket::{Owner, TicketBook};
use super::{LIMITS, Tixngo, app, check_key};

/// The number of a total that is capped.
const CAP: u64 = 10_000;

pub(crate) const COLUMNS: Columns = &[
    ("ticketId", Kind::Text),
    ("eventId", Kind::Text),
    ("organizerId", Kind::Text),
    ("eventName", Kind::Text),
    ("eventCode", Kind::Text),
    ("eventStartDate", Kind::Time),
    ("ownerEmail", Kind::Text),
    ("ownerFirstName", Kind::Text),
    ("ownerLastName", Kind::Text),
    ("ownerPhone", Kind::Text),
    ("ownerBirthDate", Kind::Text),
    ("ownerIdNumber", Kind::Text),
    ("ownerResidenceCountry", Kind::Text),
    ("lastUpdated", Kind::Time),
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

    fn read<'a>(&self, ask: &'a Ask<'a>) -> Result<Found<'a>, Refusal> {
        check_key(ask)?;
        let app = app(ask)?;
        let required = |name| ask.number(name)?.ok_or_else(|| Refusal::bad_request(format!("{name} is required")));
        let limit = page_size(ask, "limit", Some(required("limit")?), LIMITS.0, LIMITS.1)?;
        let page_range = PageRange::at(required("offset")?, limit);
        let bound = |name: &str| {
            let refused = || Refusal::bad_request(format!("{name} is not a date-time"));
            ask.one(name).map(|text| read_ticks(text).ok_or_else(refused)).transpose()
        };
        let range = AskedRange::new(ask.settings, bound("lastUpdatedSince")?, bound("lastUpdatedBefore")?);
        let book = TicketBook::new(ask.settings, app);
        let filter = match ask.one("excludeDeleted") {
            None | Some("false") => None,
            Some("true") => Some(Box::new(move |number| !book.is_deleted(number)) as Pass<'_>),
            Some(_) => return Err(Refusal::bad_request("excludeDeleted must be true or false")),
        };
        let rows = Rows::Range(range.rows(&book.spread, |time| time), filter, ask.settings.order_or(Order::Ascending));
        Ok(Found::page(ListPage::new(
            ask,
            TicketList { settings: ask.settings, book, range },
            &format!("tickets {app}"),
            rows,
            page_range,
        )?))
    }
}

struct TicketList<'a> {
    settings: &'a Settings,
    book: TicketBook,
    range: AskedRange,
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

    fn frame(&self, given: &Given) -> Frame {
        let total = match self.settings.total {
            Total::Absent => Vec::new(),
            Total::Exact => vec![format!("\"total\":{}", given.total)],
            Total::Capped => vec![format!("\"total\":{}", given.total.min(CAP))],
        };
        Frame { before: total, records: Some("result"), after: Vec::new() }
    }

    fn corruptions(&self) -> Corruptions {
        let far = self.range.far().map(|time| ("lastUpdated", time_json(time)));
        Corruptions { far, twice: Some(("ticketId", b"\"tk-duplicate\"".to_vec())) }
    }
}
