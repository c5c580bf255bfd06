//! `POST /tickets/list`: the tickets. Page, bounds and filters are in the body.

use hyper::Method;
use serde_json::{Map, Value};

use crate::sim::api::{ApiRequest, Dialect, Endpoint, Found, Refusal};
use crate::sim::corrupt::Corruptions;
use crate::sim::json::{Columns, FieldKind, FieldOverride, RecordWriter, push_text, wire_name};
use crate::sim::list::{Entry, Frame, List, ListPage, PageFacts, PageRange, Rows, page_size};
use crate::sim::requested_range::RequestedRange;
use crate::sim::settings::{Nulls, Order, Settings};
use crate::sim::wire_time::{read_ticks, time_json};

use super::board::{Board, BoardTicket, CATEGORIES, FLAGS};
use super::{DEFAULT_TAKE, MAX_TAKE, Socialboards, check_token, frame, push_user};

pub(crate) const COLUMNS: Columns = &[
    ("id", FieldKind::Number),
    ("title", FieldKind::Text),
    ("message", FieldKind::Text),
    ("htmlMessage", FieldKind::Text),
    ("author", FieldKind::Nested),
    ("author.customIdentifier", FieldKind::Text),
    ("author.email", FieldKind::Text),
    ("author.id", FieldKind::Text),
    ("author.image", FieldKind::Text),
    ("author.isBot", FieldKind::Flag),
    ("author.name", FieldKind::Text),
    ("author.status", FieldKind::Text),
    ("category", FieldKind::Nested),
    ("category.id", FieldKind::Number),
    ("category.name", FieldKind::Text),
    ("creationTime", FieldKind::Time),
    ("customFields", FieldKind::Object),
    ("lastThreadElementCreationTime", FieldKind::Time),
    ("lockedBy", FieldKind::Object),
    ("originalLink", FieldKind::Text),
    ("properties", FieldKind::Nested),
    ("properties.isAnonymized", FieldKind::Flag),
    ("properties.isMuted", FieldKind::Flag),
    ("properties.hasAttachments", FieldKind::Flag),
    ("properties.hasDraft", FieldKind::Flag),
    ("properties.isAssignedToBot", FieldKind::Flag),
    ("properties.isDeleted", FieldKind::Flag),
    ("properties.isExpired", FieldKind::Flag),
    ("properties.isHidden", FieldKind::Flag),
    ("properties.isLocked", FieldKind::Flag),
    ("properties.isSpam", FieldKind::Flag),
    ("properties.isSensitive", FieldKind::Flag),
    ("replyCount", FieldKind::Number),
    ("isMuted", FieldKind::Flag),
    ("sentiment", FieldKind::Text),
    ("source", FieldKind::Text),
    ("detailedSource", FieldKind::Text),
    ("sourceName", FieldKind::Text),
    ("status", FieldKind::Text),
    ("tags", FieldKind::Object),
    ("attachments", FieldKind::Object),
];
const FIRST_FLAG: usize = 21;

/// The list of all tickets.
#[derive(Debug)]
pub(crate) struct BoardTickets;

impl Endpoint for BoardTickets {
    fn method(&self) -> Method {
        Method::POST
    }

    fn path(&self) -> &'static str {
        "/tickets/list"
    }

    fn dialect(&self) -> &'static dyn Dialect {
        &Socialboards
    }

    fn read<'a>(&self, request: &'a ApiRequest<'a>) -> Result<Found<'a>, Refusal> {
        check_token(request)?;
        let body = request.body.object()?;
        let board = Board::new(request.settings);
        let limit = page_size(request, "take", whole(&body, "take")?, DEFAULT_TAKE, MAX_TAKE)?;
        let page_range = PageRange::at(whole(&body, "skip")?.unwrap_or(0), limit);
        let range = RequestedRange::in_ticks(request.settings, bound(&body, "from")?, bound(&body, "to")?);
        let filter = Filter::new(&body)?;
        let mut numbers: Vec<u64> =
            (0..board.tickets).filter(|number| range.holds_ticks(board.created(*number).ticks) && filter.pass(&board, *number)).collect();
        let usual = match request.settings.order_or(Order::Descending) {
            Order::Ascending => "creation_time_asc",
            Order::Descending => "creation_time_desc",
        };
        let order = text(&body, "orderBy")?.unwrap_or(usual);
        // Tickets of the same millisecond differ in their ticks.
        if order.starts_with("last_thread_activity") {
            numbers.sort_by_key(|number| (board.last_activity(*number).ticks, *number));
        } else {
            numbers.sort_by_key(|number| (board.created(*number).ticks, *number));
        }
        match order {
            "creation_time_asc" | "last_thread_activity_asc" => {}
            "creation_time_desc" | "last_thread_activity_desc" => numbers.reverse(),
            _ => return Err(Refusal::bad_request("orderBy is unknown")),
        }
        let list = TicketList { settings: request.settings, board, range };
        Ok(Found::page(ListPage::new(request, list, "tickets", Rows::Sorted(numbers), page_range)?))
    }
}

fn whole(body: &Map<String, Value>, name: &str) -> Result<Option<u64>, Refusal> {
    let refused = || Refusal::bad_request(format!("{name} must be a whole number"));
    body.get(name).map(|value| value.as_u64().ok_or_else(refused)).transpose()
}

fn text<'a>(body: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Refusal> {
    let refused = || Refusal::bad_request(format!("{name} must be a text"));
    body.get(name).filter(|value| !value.is_null()).map(|value| value.as_str().ok_or_else(refused)).transpose()
}

/// A bound of a range of time, in ticks.
fn bound(body: &Map<String, Value>, name: &str) -> Result<Option<i64>, Refusal> {
    let read = |text| read_ticks(text).ok_or_else(|| Refusal::bad_request(format!("{name} is not a time")));
    text(body, name)?.map(read).transpose()
}

/// The value filters of a request.
#[derive(Debug, Default, PartialEq, Eq)]
struct Filter {
    status: Option<String>,
    source: Option<String>,
    /// `null` selects tickets without a category, while a missing member selects all.
    category: Option<Option<u64>>,
    ids: Option<Vec<u64>>,
    custom_fields: Vec<(String, String)>,
}

impl Filter {
    fn new(body: &Map<String, Value>) -> Result<Self, Refusal> {
        let ids = match body.get("ticketIds") {
            None | Some(Value::Null) => None,
            Some(ids) => {
                let ids: Option<Vec<u64>> = ids.as_array().and_then(|ids| ids.iter().map(Value::as_u64).collect());
                Some(ids.ok_or_else(|| Refusal::bad_request("ticketIds must be a list of whole numbers"))?)
            }
        };
        let fields = body.get("customFields").and_then(Value::as_array).into_iter().flatten();
        let member = |field: &Value, name: &str| field.get(name).and_then(Value::as_str).map(str::to_owned);
        Ok(Self {
            status: text(body, "status")?.map(str::to_owned),
            source: text(body, "source")?.map(str::to_owned),
            category: match body.get("categoryId") {
                None => None,
                Some(Value::Null) => Some(None),
                Some(_) => Some(whole(body, "categoryId")?),
            },
            ids: ids.filter(|ids| !ids.is_empty()),
            custom_fields: fields.filter_map(|field| Some((member(field, "key")?, member(field, "value")?))).collect(),
        })
    }

    fn pass(&self, board: &Board, number: u64) -> bool {
        if *self == Self::default() {
            return true;
        }
        let ticket = board.ticket(number, number);
        let has = |(key, value): &(String, String)| ticket.custom_fields.iter().any(|(known, held)| known == key && held == value);
        self.status.as_deref().is_none_or(|status| ticket.status == status)
            && self.source.as_deref().is_none_or(|source| ticket.source.0 == source)
            && self.category.is_none_or(|category| ticket.category.map(category_id) == category)
            && self.ids.as_ref().is_none_or(|ids| ids.contains(&ticket.id))
            && self.custom_fields.iter().all(has)
    }
}

pub(crate) fn category_id(category: usize) -> u64 {
    category as u64 + 51
}

struct TicketList<'a> {
    settings: &'a Settings,
    board: Board,
    range: RequestedRange,
}

impl List for TicketList<'_> {
    fn columns(&self) -> Columns {
        COLUMNS
    }

    fn push(&self, out: &mut Vec<u8>, entry: Entry, field_override: Option<&FieldOverride>) {
        let ticket = self.board.ticket(entry.row, entry.fresh.map_or(entry.row, |fresh| self.board.tickets + fresh));
        let BoardTicket { author, category, .. } = ticket;
        let name = |column| wire_name(COLUMNS, column);
        let mut record = RecordWriter::new(out, self.settings.write_nulls_or(Nulls::Present), field_override);
        record.number(0, name(0), Some(ticket.id.cast_signed()));
        record.text(1, name(1), ticket.title);
        record.text(2, name(2), Some(ticket.message));
        record.text(3, name(3), Some(&format!("<p>{}</p>", ticket.message)));
        record.nested(4, name(4), Some(&|record| push_user(record, author, Some(5))));
        let write_category = |record: &mut RecordWriter<'_>| {
            record.number(13, name(13), category.map(|category| category_id(category).cast_signed()));
            record.text(14, name(14), category.map(|category| CATEGORIES[category]));
        };
        record.nested(12, name(12), category.is_some().then_some(&write_category));
        record.raw(15, name(15), Some(&ticket.created.json()));
        record.raw(16, name(16), Some(&custom_fields(&ticket)));
        record.raw(17, name(17), Some(&ticket.last_activity.json()));
        record.raw(18, name(18), locked_by(&ticket).as_deref());
        record.text(19, name(19), ticket.link.as_deref());
        record.nested(
            20,
            name(20),
            Some(&|record| {
                for (place, flag) in FLAGS.into_iter().enumerate() {
                    record.flag(FIRST_FLAG + place, flag, Some(ticket.flags[place]));
                }
            }),
        );
        record.number(32, name(32), Some(ticket.replies));
        record.flag(33, name(33), Some(ticket.is_muted));
        record.plain(34, name(34), ticket.sentiment);
        record.plain(35, name(35), Some(ticket.source.0));
        record.plain(36, name(36), Some(ticket.source.1));
        record.plain(37, name(37), Some(ticket.source.2));
        record.plain(38, name(38), Some(ticket.status));
        record.raw(39, name(39), Some(format!("{:?}", ticket.tags).as_bytes()));
        record.raw(40, name(40), Some(&attachments(&ticket)));
        record.end(name);
    }

    fn frame(&self, _given: &PageFacts) -> Frame {
        frame()
    }

    fn corruptions(&self) -> Corruptions {
        Corruptions { far: self.range.far().map(|time| ("creationTime", time_json(time))), twice: Some(("id", b"0".to_vec())) }
    }

    fn has_total(&self) -> bool {
        false
    }
}

fn custom_fields(ticket: &BoardTicket) -> Vec<u8> {
    let mut out = vec![b'['];
    for (key, value) in &ticket.custom_fields {
        out.extend_from_slice(format!("{{\"key\":\"{key}\",\"value\":").as_bytes());
        push_text(&mut out, value);
        out.push(b'}');
    }
    out.push(b']');
    out
}

fn locked_by(ticket: &BoardTicket) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut record = RecordWriter::new(&mut out, true, None);
    push_user(&mut record, ticket.locked_by?, None);
    record.end(|_| "");
    Some(out)
}

fn attachments(ticket: &BoardTicket) -> Vec<u8> {
    let list = (1..=ticket.attachments).map(|number| format!(r#"{{"name":"file {number}.pdf","url":"https://files.example/{number}"}}"#));
    format!("[{}]", list.collect::<Vec<_>>().join(",")).into_bytes()
}
