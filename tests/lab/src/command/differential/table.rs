//! The tables of the generator: their columns, and the conditions that their API requires.

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueType {
    Time,
    Text,
    Int,
    Flag,
    Uuid,
}

impl ValueType {
    /// The type's name in SQL.
    pub(super) fn sql(self) -> &'static str {
        match self {
            Self::Time => "timestamptz",
            Self::Text => "text",
            Self::Int => "int",
            Self::Flag => "boolean",
            Self::Uuid => "uuid",
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) kind: ValueType,
}

const fn column(name: &'static str, kind: ValueType) -> Column {
    Column { name, kind }
}

/// A condition on a column that no record contains. The foreign table and the copy have different SQL for it, in which `@` is the table's
/// alias and `{}` the operand.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parameter {
    pub(super) foreign: &'static str,
    pub(super) local: &'static str,
    pub(super) operand: ParameterOperand,
}

/// The operand of a parameter's condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ParameterOperand {
    Nothing,
    /// A time half a second after a row's, so that it does not matter whether the API's bound is inclusive.
    Between,
    /// A value of this column of the copy.
    Value(&'static str, ValueType),
}

const fn parameter(foreign: &'static str, local: &'static str, operand: ParameterOperand) -> Parameter {
    Parameter { foreign, local, operand }
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Table {
    /// The table's name in each schema.
    pub(super) name: &'static str,
    pub(super) source: &'static str,
    /// The name in the source; empty for the local table of keys.
    pub(super) remote: &'static str,
    pub(super) columns: &'static [Column],
    /// The column of times that is compared most.
    pub(super) time: &'static str,
    /// Whether the API requires a lower bound of time.
    pub(super) bounded: bool,
    /// Whether the API filters by a range of times.
    pub(super) has_range: bool,
    /// The columns that the API filters by, which are compared more often than others.
    pub(super) filtered: &'static [&'static str],
    /// The column of a required parameter.
    pub(super) key: Option<&'static str>,
    pub(super) parameters: &'static [Parameter],
}

impl Table {
    pub(super) fn column(&self, name: &str) -> Option<&'static Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Whether an API has it.
    pub(super) fn is_foreign(&self) -> bool {
        !self.remote.is_empty()
    }
}

use ValueType::{Flag, Int, Text, Time, Uuid};

const LOG_COLUMNS: &[Column] = &[
    column("createddate", Time),
    column("ticketid", Text),
    column("ticketstatuslogid", Text),
    column("actionname", Text),
    column("actor", Text),
    column("fromstatus", Text),
    column("tostatus", Text),
    column("fromownerid", Text),
    column("toownerid", Text),
    column("transfermessage", Text),
    column("devices", Text),
    column("checked", Flag),
    column("keptbyowner", Flag),
    column("controlleddate", Time),
    column("updateddate", Time),
    column("mobileappid", Text),
];

pub(super) static TABLES: [Table; 10] = [
    Table {
        name: "logs",
        source: "tixngo",
        remote: "ticket_status_logs",
        columns: LOG_COLUMNS.split_at(15).0,
        time: "createddate",
        bounded: true,
        has_range: true,
        filtered: &["actionname", "fromstatus", "tostatus", "actor", "fromownerid", "toownerid"],
        key: None,
        parameters: &[parameter("@.mobileappid = 'my-app'", "@.mobileappid = 'my-app'", ParameterOperand::Nothing)],
    },
    Table {
        name: "logs_of_both",
        source: "tixngo",
        remote: "ticket_status_logs",
        columns: LOG_COLUMNS,
        time: "createddate",
        bounded: true,
        has_range: true,
        filtered: &["actionname", "fromstatus", "tostatus", "actor"],
        key: Some("mobileappid"),
        parameters: &[],
    },
    Table {
        name: "tickets",
        source: "tixngo",
        remote: "tickets",
        columns: &[
            column("lastupdated", Time),
            column("ticketid", Text),
            column("eventid", Text),
            column("eventname", Text),
            column("eventstartdate", Time),
            column("owneremail", Text),
            column("ownerfirstname", Text),
            column("ownerresidencecountry", Text),
        ],
        time: "lastupdated",
        bounded: false,
        has_range: false,
        filtered: &[],
        key: None,
        parameters: &[
            parameter("@.lastupdatedsince = {}", "@.lastupdated >= {}", ParameterOperand::Between),
            parameter("{} = @.lastupdatedbefore", "@.lastupdated <= {}", ParameterOperand::Between),
            parameter("@.excludedeleted", "@.owneremail IS NOT NULL", ParameterOperand::Nothing),
            parameter("@.excludedeleted = true", "@.owneremail IS NOT NULL", ParameterOperand::Nothing),
            parameter("NOT @.excludedeleted", "true", ParameterOperand::Nothing),
            parameter("@.report = 'tickets'", "true", ParameterOperand::Nothing),
        ],
    },
    Table {
        name: "action_logs",
        source: "viviot",
        remote: "action_logs",
        columns: &[
            column("timestamp", Time),
            column("id", Uuid),
            column("actioncode", Int),
            column("actionname", Text),
            column("actioninitiator", Text),
            column("actiontargetthing", Text),
            column("organizationid", Uuid),
            column("information", Text),
        ],
        time: "timestamp",
        bounded: false,
        has_range: true,
        filtered: &["actioncode"],
        key: None,
        parameters: &[
            parameter("@.userid = {}", "@.truth_userid = {}", ParameterOperand::Value("truth_userid", Int)),
            parameter("@.businessuserid = {}", "@.truth_businessuserid = {}", ParameterOperand::Value("truth_businessuserid", Int)),
            parameter("{} = @.targetthingid", "{} = @.truth_targetthingid", ParameterOperand::Value("truth_targetthingid", Text)),
            parameter("@.userid IN ({}, 3)", "@.truth_userid IN ({}, 3)", ParameterOperand::Value("truth_userid", Int)),
            parameter("@.targettaskid = ANY (ARRAY[{}])", "@.truth_targettaskid = {}", ParameterOperand::Value("truth_targettaskid", Text)),
        ],
    },
    Table {
        name: "cases",
        source: "huawei",
        remote: "cases",
        columns: &[
            column("create_time", Time),
            column("incident_id", Text),
            column("status", Int),
            column("xcustomer_id", Text),
            column("xcustomer_name", Text),
            column("incident_service_type", Int),
            column("dc_name", Text),
            column("confirmed_time", Time),
        ],
        time: "create_time",
        bounded: false,
        has_range: true,
        filtered: &["status", "incident_id", "xcustomer_id", "xcustomer_name"],
        key: None,
        parameters: &[
            parameter("@.label_id = 'lb-1'", "@.label_list::text LIKE '%\"lb-1\"%'", ParameterOperand::Nothing),
            parameter("@.group_id IS NULL", "true", ParameterOperand::Nothing),
        ],
    },
    Table {
        name: "operate_logs",
        source: "huawei",
        remote: "operate_logs",
        columns: &[
            column("timestamp_operate_time", Time),
            column("incident_log_id", Text),
            column("case_id", Text),
            column("operate_type", Int),
            column("operator_id", Text),
            column("operator_name", Text),
        ],
        time: "timestamp_operate_time",
        bounded: false,
        has_range: false,
        filtered: &[],
        key: Some("case_id"),
        parameters: &[],
    },
    Table {
        name: "messages",
        source: "huawei",
        remote: "messages",
        columns: &[
            column("create_time", Time),
            column("case_id", Text),
            column("type", Int),
            column("replier", Text),
            column("content", Text),
            column("is_first_message", Flag),
        ],
        time: "create_time",
        bounded: false,
        has_range: false,
        filtered: &[],
        key: Some("case_id"),
        parameters: &[],
    },
    Table {
        name: "board_tickets",
        source: "socialboards",
        remote: "tickets",
        columns: &[
            column("creationtime", Time),
            column("id", Int),
            column("title", Text),
            column("status", Text),
            column("source", Text),
            column("categoryid", Int),
            column("authorid", Uuid),
            column("authorisbot", Flag),
            column("replycount", Int),
            column("ismuted", Flag),
            column("lastthreadelementcreationtime", Time),
        ],
        time: "creationtime",
        bounded: false,
        has_range: true,
        filtered: &["status", "source", "categoryid"],
        key: None,
        parameters: &[],
    },
    Table {
        name: "board_log",
        source: "socialboards",
        remote: "ticket_log",
        columns: &[
            column("time", Time),
            column("ticketid", Int),
            column("actiontype", Text),
            column("actionstring", Text),
            column("userid", Uuid),
            column("userisbot", Flag),
            column("username", Text),
        ],
        time: "time",
        bounded: false,
        has_range: false,
        filtered: &["actiontype"],
        key: Some("ticketid"),
        parameters: &[],
    },
    Table {
        name: "keys",
        source: "",
        remote: "",
        columns: &[
            column("at", Time),
            column("until", Time),
            column("n", Int),
            column("ticketid", Text),
            column("actionname", Text),
            column("actor", Text),
            column("boardid", Int),
            column("caseid", Text),
            column("code", Int),
            column("id", Uuid),
        ],
        time: "at",
        bounded: false,
        has_range: false,
        filtered: &[],
        key: None,
        parameters: &[],
    },
];

/// The tables that an API has.
pub(super) fn foreign_tables() -> impl Iterator<Item = &'static Table> {
    TABLES.iter().filter(|table| table.is_foreign())
}

/// The table of this name, which must be one of [`TABLES`].
pub(super) fn table(name: &str) -> &'static Table {
    TABLES.iter().find(|table| table.name == name).unwrap_or(&TABLES[0])
}

/// A table and its column, and another table and its column. Both columns have values in common; a join begins with the first table.
pub(super) type Link = (&'static str, &'static str, &'static str, &'static str);

pub(super) const LINKS: &[Link] = &[
    ("cases", "incident_id", "operate_logs", "case_id"),
    ("cases", "incident_id", "messages", "case_id"),
    ("cases", "create_time", "operate_logs", "timestamp_operate_time"),
    ("board_tickets", "id", "board_log", "ticketid"),
    ("tickets", "ticketid", "logs", "ticketid"),
    ("logs", "fromownerid", "logs", "toownerid"),
    ("logs", "createddate", "logs", "createddate"),
    ("logs", "ticketid", "tickets", "ticketid"),
    ("action_logs", "id", "action_logs", "id"),
    ("action_logs", "timestamp", "logs", "createddate"),
    ("keys", "at", "logs", "createddate"),
    ("keys", "actionname", "logs", "actionname"),
    ("keys", "actor", "logs", "actor"),
    ("keys", "ticketid", "tickets", "ticketid"),
    ("keys", "caseid", "operate_logs", "case_id"),
    ("keys", "caseid", "messages", "case_id"),
    ("keys", "caseid", "cases", "incident_id"),
    ("keys", "boardid", "board_log", "ticketid"),
    ("keys", "boardid", "board_tickets", "id"),
    ("keys", "code", "action_logs", "actioncode"),
    ("keys", "id", "action_logs", "id"),
];
