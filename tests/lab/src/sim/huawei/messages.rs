//! `GET /v2/servicerequest/cases/{case_id}/messages`: the messages of one case. The total is in `count`.

use crate::sim::api::{ApiRequest, Dialect, Endpoint, Found, Refusal};
use crate::sim::corrupt::Corruptions;
use crate::sim::json::{Columns, FieldKind, FieldOverride, RecordWriter, wire_name};
use crate::sim::list::{Entry, Frame, List, ListPage, PageFacts, Rows};
use crate::sim::settings::{Nulls, Order};

use super::case_data::CaseData;
use super::{Huawei, RequestParams};

pub(crate) const COLUMNS: Columns = &[
    ("type", FieldKind::Number),
    ("replier_type", FieldKind::Number),
    ("replier", FieldKind::Text),
    ("content", FieldKind::Text),
    ("create_time", FieldKind::Time),
    ("replier_name", FieldKind::Text),
    ("is_first_message", FieldKind::Number),
    ("iam_user_type", FieldKind::Number),
    ("accessory_list", FieldKind::Object),
];

/// The messages of a case.
#[derive(Debug)]
pub(crate) struct Messages;

impl Endpoint for Messages {
    fn path(&self) -> &'static str {
        "/v2/servicerequest/cases/{}/messages"
    }

    fn dialect(&self) -> &'static dyn Dialect {
        &Huawei
    }

    fn read<'a>(&self, request: &'a ApiRequest<'a>) -> Result<Found<'a>, Refusal> {
        let (params, data) = (RequestParams::read(request)?, CaseData::new(request.settings));
        let case = params.case(request, &data)?;
        let count = case.map_or(0, |case| data.message_count(case));
        let rows = Rows::Range(0..count, None, request.settings.order_or(Order::Descending));
        let list = MessageList { params, data, case: case.unwrap_or_default() };
        Ok(Found::page(ListPage::new(request, list, &format!("messages {case:?}"), rows, params.page_range)?))
    }
}

/// The attachments of a message as JSON.
pub(crate) fn accessories_json(count: u64) -> String {
    let list = (1..=count).map(|number| format!(r#"{{"accessory_id":"ac-{number}","origin_name":"file {number}.log"}}"#));
    format!("[{}]", list.collect::<Vec<_>>().join(","))
}

struct MessageList<'a> {
    params: RequestParams<'a>,
    data: CaseData,
    case: u64,
}

impl List for MessageList<'_> {
    fn columns(&self) -> Columns {
        COLUMNS
    }

    fn push(&self, out: &mut Vec<u8>, entry: Entry, field_override: Option<&FieldOverride>) {
        let mut message = self.data.message(self.case, entry.row);
        // A message has no id, so the time distinguishes a new one.
        message.time += entry.fresh.map_or(0, |fresh| (fresh.cast_signed() + 1) * 1000);
        let accessories = (message.accessories > 0).then(|| accessories_json(message.accessories));
        let name = |column| wire_name(COLUMNS, column);
        let mut record = RecordWriter::new(out, self.params.settings.write_nulls_or(Nulls::Absent), field_override);
        record.number(0, name(0), Some(message.kind));
        record.number(1, name(1), Some(message.replier_type));
        record.identifier(2, name(2), "rp-", Some(message.replier), 2);
        record.text(3, name(3), Some(message.content));
        record.raw(4, name(4), Some(&self.params.time(message.time)));
        record.text(5, name(5), message.replier_name);
        record.number(6, name(6), Some(i64::from(message.is_first)));
        record.number(7, name(7), message.iam_user_type);
        record.raw(8, name(8), accessories.as_deref().map(str::as_bytes));
        record.end(name);
    }

    fn frame(&self, facts: &PageFacts) -> Frame {
        Frame { before: self.params.total("count", facts.total), records: Some("message_list"), after: Vec::new() }
    }

    fn corruptions(&self) -> Corruptions {
        Corruptions { far: None, twice: Some(("replier", b"\"rp-duplicate\"".to_vec())) }
    }
}
