//! `POST /tickets/{ticketId}/log?skip=&take=`: the log of one ticket. It has neither a total nor ids.

use hyper::Method;
use serde_json::Value;

use crate::sim::api::{ApiRequest, Dialect, Endpoint, Found, Refusal};
use crate::sim::corrupt::Corruptions;
use crate::sim::json::{Columns, FieldKind, FieldOverride, RecordWriter, push_text, wire_name};
use crate::sim::list::{Entry, Frame, List, ListPage, PageFacts, PageRange, Pass, Rows, page_size};
use crate::sim::settings::{Nulls, Order, Settings, UnknownTicket};

use super::board::{Board, TicketEvent};
use super::{DEFAULT_TAKE, MAX_TAKE, Socialboards, check_token, frame, push_user};

pub(crate) const COLUMNS: Columns = &[
    ("actionString", FieldKind::Text),
    ("actionType", FieldKind::Text),
    ("includedItems", FieldKind::Object),
    ("time", FieldKind::Time),
    ("user", FieldKind::Nested),
    ("user.customIdentifier", FieldKind::Text),
    ("user.email", FieldKind::Text),
    ("user.id", FieldKind::Text),
    ("user.image", FieldKind::Text),
    ("user.isBot", FieldKind::Flag),
    ("user.name", FieldKind::Text),
    ("user.status", FieldKind::Text),
];

/// The log of a ticket.
#[derive(Debug)]
pub(crate) struct BoardTicketLog;

impl Endpoint for BoardTicketLog {
    fn method(&self) -> Method {
        Method::POST
    }

    fn path(&self) -> &'static str {
        "/tickets/{}/log"
    }

    fn dialect(&self) -> &'static dyn Dialect {
        &Socialboards
    }

    fn read<'a>(&self, request: &'a ApiRequest<'a>) -> Result<Found<'a>, Refusal> {
        check_token(request)?;
        let body = request.body.object()?;
        let board = Board::new(request.settings);
        let limit = page_size(request, "take", request.number("take")?, DEFAULT_TAKE, MAX_TAKE)?;
        let page_range = PageRange::at(request.number("skip")?.unwrap_or(0), limit);
        let types = action_types(body.get("action_types"))?;
        let ticket = board.ticket_number(request.segment(0)).ok_or_else(|| match request.settings.unknown_ticket {
            UnknownTicket::Error => Refusal::new(200, "404", "Ticket was not found."),
            UnknownTicket::NotFound => Refusal::new(404, "404", "Ticket was not found."),
        })?;
        let filter = (!types.is_empty())
            .then(|| Box::new(move |place| types.iter().any(|name| name == board.log(ticket, place).event.action_type())) as Pass<'_>);
        let rows = Rows::Range(0..board.log_count(ticket), filter, request.settings.order_or(Order::Descending));
        let list = Logs { settings: request.settings, board, ticket };
        Ok(Found::page(ListPage::new(request, list, &format!("log {ticket}"), rows, page_range)?))
    }
}

/// The action types of a request; an empty list selects all.
fn action_types(member: Option<&Value>) -> Result<Vec<String>, Refusal> {
    let refused = || Refusal::bad_request("action_types must be a list of texts");
    match member {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(types)) => types.iter().map(|name| name.as_str().map(str::to_owned).ok_or_else(refused)).collect(),
        Some(_) => Err(refused()),
    }
}

struct Logs<'a> {
    settings: &'a Settings,
    board: Board,
    ticket: u64,
}

impl List for Logs<'_> {
    fn columns(&self) -> Columns {
        COLUMNS
    }

    fn push(&self, out: &mut Vec<u8>, entry: Entry, field_override: Option<&FieldOverride>) {
        let log = self.board.log(self.ticket, entry.row);
        // An entry has no id, so the time distinguishes a new one.
        let time = log.time.later(entry.fresh.map_or(0, |fresh| fresh.cast_signed() + 1));
        let mut items = br#"{"categories":[],"tags":[],"users":["#.to_vec();
        if let TicketEvent::Assigned(user) = log.event {
            let mut inner = RecordWriter::new(&mut items, true, None);
            // A user among the included items has no customIdentifier.
            push_user(&mut inner, user, None);
            inner.end(|_| "");
        }
        items.extend_from_slice(b"]}");
        let mut text = Vec::new();
        push_text(&mut text, &log.event.text());
        let name = |column| wire_name(COLUMNS, column);
        let mut record = RecordWriter::new(out, self.settings.write_nulls_or(Nulls::Present), field_override);
        record.raw(0, name(0), Some(&text));
        record.plain(1, name(1), Some(log.event.action_type()));
        record.raw(2, name(2), Some(&items));
        record.raw(3, name(3), Some(&time.json()));
        record.nested(4, name(4), Some(&|record| push_user(record, log.user, Some(5))));
        record.end(name);
    }

    fn frame(&self, _given: &PageFacts) -> Frame {
        frame()
    }

    fn corruptions(&self) -> Corruptions {
        Corruptions { far: None, twice: Some(("actionType", b"\"duplicate\"".to_vec())) }
    }

    fn has_total(&self) -> bool {
        false
    }
}
