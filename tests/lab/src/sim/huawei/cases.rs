//! `GET /v2/servicerequest/cases`: the service tickets themselves.

use crate::sim::api::{ApiRequest, Dialect, Endpoint, Found, Refusal};
use crate::sim::corrupt::Corruptions;
use crate::sim::json::{Columns, FieldKind, FieldOverride, RecordWriter, wire_name};
use crate::sim::list::{Entry, Frame, List, ListPage, PageFacts, Pass, Rows};
use crate::sim::requested_range::RequestedRange;
use crate::sim::settings::{Nulls, Order};

use super::case_data::{CaseData, label_id, whole_second};
use super::texts::LABELS;
use super::{Huawei, RequestParams};

const MAX_LABELS: usize = 5;

pub(crate) const COLUMNS: Columns = &[
    ("xcustomer_id", FieldKind::Text),
    ("xcustomer_name", FieldKind::Text),
    ("status", FieldKind::Number),
    ("incident_id", FieldKind::Text),
    ("business_type_name", FieldKind::Text),
    ("incident_type_name", FieldKind::Text),
    ("product_category_name", FieldKind::Text),
    ("incident_service_type", FieldKind::Number),
    ("customer_id", FieldKind::Text),
    ("dc_name", FieldKind::Text),
    ("simple_description", FieldKind::Text),
    ("root_cause", FieldKind::Text),
    ("resolution", FieldKind::Text),
    ("create_time", FieldKind::Time),
    ("confirmed_time", FieldKind::Time),
    ("label_list", FieldKind::Object),
];

/// The list of all cases.
#[derive(Debug)]
pub(crate) struct Cases;

impl Endpoint for Cases {
    fn path(&self) -> &'static str {
        "/v2/servicerequest/cases"
    }

    fn dialect(&self) -> &'static dyn Dialect {
        &Huawei
    }

    fn read<'a>(&self, request: &'a ApiRequest<'a>) -> Result<Found<'a>, Refusal> {
        let (params, data) = (RequestParams::read(request)?, CaseData::new(request.settings));
        let range =
            RequestedRange::new(request.settings, params.bound(request, "query_start_time")?, params.bound(request, "query_end_time")?);
        let rows =
            Rows::Range(range.rows(&data.spread, whole_second), filter(request, data)?, request.settings.order_or(Order::Descending));
        let list = CaseList { params, data, range };
        Ok(Found::page(ListPage::new(request, list, "cases", rows, params.page_range)?))
    }
}

/// The value filters of a request, if there are any.
fn filter<'a>(request: &'a ApiRequest<'a>, data: CaseData) -> Result<Option<Pass<'a>>, Refusal> {
    let status = request.number("status")?.map(u64::cast_signed);
    let labels: Vec<&str> = request.many("label_id_list").collect();
    if labels.len() > MAX_LABELS {
        return Err(Refusal::bad_request(format!("label_id_list must not have more than {MAX_LABELS} labels")));
    }
    let incident = request.one("incident_id");
    let (customer, customer_name) = (request.one("x_customer_id"), request.one("x_customer_name"));
    // Several keys come as repeated parameters, or in one value with blanks between them.
    let keys: Vec<String> = request.many("search_key").flat_map(str::split_whitespace).map(str::to_lowercase).collect();
    let texts = [incident, customer, customer_name];
    if status.is_none() && labels.is_empty() && keys.is_empty() && texts.iter().all(Option::is_none) {
        return Ok(None);
    }
    Ok(Some(Box::new(move |row| {
        let case = data.case(row, row);
        let is_labelled = || case.labels.iter().flatten().any(|label| labels.contains(&label_id(*label).as_str()));
        let names = |key: &String| case.description.to_lowercase().contains(key) || case.id.to_lowercase().contains(key);
        status.is_none_or(|status| case.status == status)
            && incident.is_none_or(|incident| case.id == incident)
            && customer.is_none_or(|id| case.xcustomer.is_some_and(|(_, number)| format!("xc-{number:02}") == id))
            && customer_name.is_none_or(|name| case.xcustomer.is_some_and(|(known, _)| known == name))
            && (labels.is_empty() || is_labelled())
            && keys.iter().all(names)
    })))
}

/// The labels of a case as JSON.
pub(crate) fn labels_json(labels: &[usize]) -> String {
    let list = labels.iter().map(|label| {
        let (name, color) = LABELS[*label];
        format!(r#"{{"label_id":"{}","name":"{name}","color":"{color}"}}"#, label_id(*label))
    });
    format!("[{}]", list.collect::<Vec<_>>().join(","))
}

struct CaseList<'a> {
    params: RequestParams<'a>,
    data: CaseData,
    range: RequestedRange,
}

impl List for CaseList<'_> {
    fn columns(&self) -> Columns {
        COLUMNS
    }

    fn push(&self, out: &mut Vec<u8>, entry: Entry, field_override: Option<&FieldOverride>) {
        let case = self.data.case(entry.row, entry.fresh.map_or(entry.row, |fresh| self.data.cases + fresh));
        let language = self.params.language;
        let labels = case.labels.as_deref().map(labels_json);
        let name = |column| wire_name(COLUMNS, column);
        let mut record = RecordWriter::new(out, self.params.settings.write_nulls_or(Nulls::Absent), field_override);
        record.identifier(0, name(0), "xc-", case.xcustomer.map(|(_, number)| number), 2);
        record.text(1, name(1), case.xcustomer.map(|(name, _)| name));
        record.number(2, name(2), Some(case.status));
        record.plain(3, name(3), Some(&case.id));
        record.text(4, name(4), Some(case.business_type.in_language(language)));
        record.text(5, name(5), Some(case.incident_type.in_language(language)));
        record.text(6, name(6), case.product.map(|words| words.in_language(language)));
        record.number(7, name(7), Some(case.service_type));
        record.identifier(8, name(8), "cu-", Some(case.customer), 2);
        record.text(9, name(9), case.region.map(|words| words.in_language(language)));
        record.text(10, name(10), Some(case.description));
        record.text(11, name(11), case.root_cause);
        record.text(12, name(12), case.resolution);
        record.raw(13, name(13), Some(&self.params.time(case.created)));
        record.raw(14, name(14), case.confirmed.map(|time| self.params.time(time)).as_deref());
        record.raw(15, name(15), labels.as_deref().map(str::as_bytes));
        record.end(name);
    }

    fn frame(&self, facts: &PageFacts) -> Frame {
        let before = self.params.total("total_count", facts.total);
        Frame { before, records: Some("incident_info_list"), after: Vec::new() }
    }

    fn corruptions(&self) -> Corruptions {
        let far = self.range.far().map(|time| ("create_time", self.params.time(time)));
        Corruptions { far, twice: Some(("incident_id", b"\"SR-duplicate\"".to_vec())) }
    }
}
