//! `GET /v2/servicerequest/cases/{case_id}/operate-logs`: the operation log of one case.

use crate::sim::api::{ApiRequest, Dialect, Endpoint, Found, Refusal};
use crate::sim::corrupt::Corruptions;
use crate::sim::json::{Columns, FieldKind, FieldOverride, RecordWriter, wire_name};
use crate::sim::list::{Entry, Frame, List, ListPage, PageFacts, Rows};
use crate::sim::settings::{Nulls, Order};
use crate::sim::wire_time::local_text;

use super::case_data::{CaseData, case_id};
use super::{Huawei, RequestParams};

pub(crate) const COLUMNS: Columns = &[
    ("incident_log_id", FieldKind::Text),
    ("incident_id", FieldKind::Text),
    ("operate_type", FieldKind::Number),
    ("operator_type", FieldKind::Number),
    ("operator_id", FieldKind::Text),
    ("operator_name", FieldKind::Text),
    ("operate_desc", FieldKind::Text),
    ("operate_time", FieldKind::Text),
    ("timestamp_operate_time", FieldKind::Time),
];

/// The operation log of a case.
#[derive(Debug)]
pub(crate) struct OperateLogs;

impl Endpoint for OperateLogs {
    fn path(&self) -> &'static str {
        "/v2/servicerequest/cases/{}/operate-logs"
    }

    fn dialect(&self) -> &'static dyn Dialect {
        &Huawei
    }

    fn read<'a>(&self, request: &'a ApiRequest<'a>) -> Result<Found<'a>, Refusal> {
        let (params, data) = (RequestParams::read(request)?, CaseData::new(request.settings));
        let case = params.case(request, &data)?;
        let count = case.map_or(0, |case| data.log_count(case));
        let rows = Rows::Range(0..count, None, request.settings.order_or(Order::Descending));
        let list = Logs { params, data, case: case.unwrap_or_default(), count };
        Ok(Found::page(ListPage::new(request, list, &format!("operate-logs {case:?}"), rows, params.page_range)?))
    }
}

struct Logs<'a> {
    params: RequestParams<'a>,
    data: CaseData,
    case: u64,
    count: u64,
}

impl List for Logs<'_> {
    fn columns(&self) -> Columns {
        COLUMNS
    }

    fn push(&self, out: &mut Vec<u8>, entry: Entry, field_override: Option<&FieldOverride>) {
        let log = self.data.log(self.case, entry.row, entry.fresh.map_or(entry.row, |fresh| self.count + fresh));
        let name = |column| wire_name(COLUMNS, column);
        let mut record = RecordWriter::new(out, self.params.settings.write_nulls_or(Nulls::Absent), field_override);
        record.identifier(0, name(0), "LG", Some(log.id), 15);
        record.plain(1, name(1), Some(&case_id(self.case)));
        record.number(2, name(2), Some(log.operation));
        record.number(3, name(3), Some(log.operator_type));
        record.identifier(4, name(4), "op-", Some(log.operator), 2);
        record.text(5, name(5), log.operator_name);
        record.text(6, name(6), Some(log.description.in_language(self.params.language)));
        record.plain(7, name(7), Some(&local_text(log.time, self.params.zone)));
        record.raw(8, name(8), Some(&self.params.time(log.time)));
        record.end(name);
    }

    fn frame(&self, facts: &PageFacts) -> Frame {
        let before = self.params.total("total_count", facts.total);
        Frame { before, records: Some("incident_operate_log_list"), after: Vec::new() }
    }

    fn corruptions(&self) -> Corruptions {
        Corruptions { far: None, twice: Some(("incident_log_id", b"\"LG-duplicate\"".to_vec())) }
    }
}
