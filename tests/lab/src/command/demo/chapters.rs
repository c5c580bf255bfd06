//! The chapters of the demo: each is a title, a sentence and the SQL of one psql session.

/// A part of the demo.
pub(super) struct Chapter {
    pub(super) title: &'static str,
    pub(super) text: &'static str,
    /// Blocks with blank lines between them; each is printed before it runs.
    pub(super) sql: &'static str,
}

/// Stands for the simulator's address and the request log's tag; the data's settings follow it.
pub(super) const SIMULATOR: &str = "http://simulator/~";

pub(super) const CHAPTERS: &[Chapter] = &[
    Chapter {
        title: "A server, a key, a schema",
        text: "All APIs here are simulated on this machine, with data of January 2026; the step after ~ in a base_url says how much.",
        sql: "
CREATE EXTENSION restlog_fdw;

CREATE SERVER tixngo FOREIGN DATA WRAPPER restlog_fdw OPTIONS (
  source 'tixngo',
  base_url 'http://simulator/~rows=1000000/v4',
  mobile_app_id 'my-app'
);
CREATE USER MAPPING FOR CURRENT_USER SERVER tixngo OPTIONS (api_key 'lab-key');

CREATE SCHEMA tixngo;
IMPORT FOREIGN SCHEMA tixngo FROM SERVER tixngo INTO tixngo;

\\det tixngo.*
",
    },
    Chapter {
        title: "Is it there, and may we read?",
        text: "One tiny request answers both.",
        sql: "
SELECT * FROM restlog.check_server('tixngo');
",
    },
    Chapter {
        title: "A WHERE becomes a request",
        text: "The time range and the actions travel to the API; Postgres does the rest. EXPLAIN tells which is which, and asks nothing.",
        sql: "
SELECT actionName, count(*), min(createdDate), max(createdDate)
FROM tixngo.ticket_status_logs
WHERE createdDate >= '2026-01-15 12:00' AND createdDate < '2026-01-15 18:00'
  AND actionName IN ('ACTIVATE', 'CONTROL')
GROUP BY actionName ORDER BY actionName;

EXPLAIN (VERBOSE, COSTS OFF)
SELECT ticketId FROM tixngo.ticket_status_logs
WHERE createdDate >= '2026-01-15 12:00' AND actionName = 'ACTIVATE' AND devices LIKE '%iPhone%';
",
    },
    Chapter {
        title: "A LIMIT reads one small page",
        text: "The month has a million entries; five are asked for.",
        sql: "
SELECT ticketId, ticketStatusLogId, actor, actionName, createdDate
FROM tixngo.ticket_status_logs
WHERE createdDate >= '2026-01-01' AND createdDate < '2026-02-01'
LIMIT 5;
",
    },
    Chapter {
        title: "A cursor reads as far as it is pulled",
        text: "Pages come when rows are wanted, and the last one wanted is the last one asked for.",
        sql: "
BEGIN;
DECLARE entries CURSOR FOR
  SELECT ticketId, actionName, transferMessage FROM tixngo.ticket_status_logs
  WHERE createdDate >= '2026-01-01' AND createdDate < '2026-02-01' AND actionName = 'START_TRANSFER';

FETCH 3 FROM entries;

FETCH 2 FROM entries;

CLOSE entries;
COMMIT;
",
    },
    Chapter {
        title: "A join with a local table",
        text: "What the API does not know comes from here.",
        sql: "
CREATE TABLE event (eventId text PRIMARY KEY, name text);
INSERT INTO event VALUES ('ev-001', 'Opening night'), ('ev-014', 'Derby'), ('ev-031', 'Cup final');

SELECT event.name, count(*) AS controls, count(DISTINCT log.ticketId) AS tickets
FROM tixngo.ticket_status_logs AS log JOIN event USING (eventId)
WHERE log.createdDate >= '2026-01-20' AND log.createdDate < '2026-01-21' AND log.actionName = 'CONTROL'
GROUP BY event.name ORDER BY controls DESC;
",
    },
    Chapter {
        title: "A materialized view: read once, ask often",
        text: "Building it and refreshing it read the API; reading it does not.",
        sql: "
CREATE MATERIALIZED VIEW activations AS
  SELECT createdDate::date AS day, count(*) AS activations, count(DISTINCT spectatorId) AS spectators
  FROM tixngo.ticket_status_logs
  WHERE createdDate >= '2026-01-01' AND createdDate < '2026-02-01' AND actionName = 'ACTIVATE'
  GROUP BY day;

REFRESH MATERIALIZED VIEW activations;

SELECT requests, pages, rows, pg_size_pretty(bytes) AS bytes FROM restlog.last_scan();
",
    },
    Chapter {
        title: "Reading the view",
        text: "This is what a dashboard does.",
        sql: "
SELECT * FROM activations ORDER BY day LIMIT 5;
",
    },
    Chapter {
        title: "Huawei Cloud: which service tickets were urged?",
        text: "The API gives the log of one ticket at a time. The join asks for the tickets, then for the log of each.",
        sql: "
CREATE SERVER huawei FOREIGN DATA WRAPPER restlog_fdw OPTIONS (
  source 'huawei',
  base_url 'http://simulator/~cases=20',
  language 'en-us'
);
CREATE USER MAPPING FOR CURRENT_USER SERVER huawei OPTIONS (token 'lab-token');
CREATE SCHEMA huawei;
IMPORT FOREIGN SCHEMA huawei FROM SERVER huawei INTO huawei;

SELECT c.incident_id, c.product_category_name AS product, c.simple_description,
  count(*) AS urged, max(l.timestamp_operate_time) AS last_urged
FROM huawei.cases AS c JOIN huawei.operate_logs AS l ON l.case_id = c.incident_id
WHERE c.create_time >= '2026-01-01' AND c.create_time < '2026-01-15' AND l.operate_type = 2
GROUP BY 1, 2, 3 ORDER BY urged DESC, last_urged DESC LIMIT 5;
",
    },
    Chapter {
        title: "Socialboards: how long did clients wait for a first reply?",
        text: "The log of each ticket is asked for replies only. The API tells no total, so one more request proves that a list has ended.",
        sql: "
CREATE SERVER socialboards FOREIGN DATA WRAPPER restlog_fdw OPTIONS (
  source 'socialboards',
  base_url 'http://simulator/~tickets=23'
);
CREATE USER MAPPING FOR CURRENT_USER SERVER socialboards OPTIONS (token 'lab-token');
CREATE SCHEMA socialboards;
IMPORT FOREIGN SCHEMA socialboards FROM SERVER socialboards INTO socialboards;

SELECT t.id, t.authorName, t.creationTime::timestamptz(0) AS opened,
  date_trunc('minute', min(l.time) - t.creationTime) AS waited
FROM socialboards.tickets AS t JOIN socialboards.ticket_log AS l ON l.ticketId = t.id
WHERE t.creationTime >= '2026-01-01' AND t.creationTime < '2026-01-21' AND t.status = 'open'
  AND l.actionType = 'reply_created' AND l.userStatus = 'team'
GROUP BY t.id, t.authorName, t.creationTime ORDER BY waited DESC;
",
    },
    Chapter {
        title: "Viviot: who gave whom access at night?",
        text: "The time range and the action's code travel to the API; its Unix milliseconds arrive as timestamps.",
        sql: "
CREATE SERVER viviot FOREIGN DATA WRAPPER restlog_fdw OPTIONS (
  source 'viviot',
  base_url 'http://simulator/~rows=20000'
);
CREATE USER MAPPING FOR CURRENT_USER SERVER viviot OPTIONS (token 'lab-token');
CREATE SCHEMA viviot;
IMPORT FOREIGN SCHEMA viviot FROM SERVER viviot INTO viviot;

SELECT timestamp, actionName, actionInitiator AS by_whom, actionTargetUser AS to_whom, actionTargetThing AS thing
FROM viviot.action_logs
WHERE timestamp >= '2026-01-17 00:00' AND timestamp < '2026-01-17 03:00' AND actionCode = 40
ORDER BY timestamp;
",
    },
    Chapter {
        title: "Who did what when, in all four systems",
        text: "A query's time range reaches the logs that take one. The others are read ticket by ticket, so the view says which tickets.",
        sql: "
CREATE VIEW actions AS
  SELECT 'tixngo' AS system, createdDate AS at, actor AS who, actionName AS what, 'ticket ' || ticketId AS object
  FROM tixngo.ticket_status_logs WHERE actor = 'Backoffice user'
  UNION ALL
  SELECT 'huawei', l.timestamp_operate_time, coalesce(l.operator_name, l.operator_id), l.operate_desc, 'case ' || l.case_id
  FROM huawei.cases AS c JOIN huawei.operate_logs AS l ON l.case_id = c.incident_id
  WHERE c.create_time >= '2026-01-01' AND c.create_time < '2026-02-01'
  UNION ALL
  SELECT 'socialboards', l.time, l.userName, l.actionType, 'ticket ' || l.ticketId
  FROM socialboards.tickets AS t JOIN socialboards.ticket_log AS l ON l.ticketId = t.id
  WHERE t.creationTime >= '2026-01-01' AND t.creationTime < '2026-02-01'
  UNION ALL
  SELECT 'viviot', timestamp, actionInitiator, actionName, coalesce(actionTargetThing, actionTargetTask, actionTargetUser)
  FROM viviot.action_logs;

SELECT at::timestamptz(0) AS time, system, who, what, object
FROM actions WHERE at >= '2026-01-16 21:16' AND at < '2026-01-16 21:20'
ORDER BY at;
",
    },
    Chapter {
        title: "An API of your own: who read the most files?",
        text: "A description in JSON makes the table, and nothing is compiled. This API names its next page in the Link header.",
        sql: r#"
CREATE SERVER own FOREIGN DATA WRAPPER restlog_fdw OPTIONS (base_url 'http://simulator/~rows=20000', definition '{
  "name": "audit",
  "auth": [{"header": "X-Key", "value": "{api_key}"}],
  "tables": [{
    "name": "entries",
    "path": "/audit/entries",
    "records": "",
    "pagination": {"style": "link_header", "size": {"name": "per_page", "max": 500}},
    "time_range": {"column": "at", "from": {"name": "since"}, "to": {"name": "until"}, "unit": "1ms"},
    "columns": [
      {"name": "id", "type": "bigint"},
      {"name": "at", "type": "timestamptz"},
      {"name": "kind", "filter": {"name": "kind"}},
      {"name": "whoMail", "field": "/who/mail"},
      {"name": "size", "type": "bigint"}
    ]
  }]
}');
CREATE USER MAPPING FOR CURRENT_USER SERVER own OPTIONS (api_key 'lab-key');
IMPORT FOREIGN SCHEMA audit FROM SERVER own INTO public;

SELECT whoMail, count(*) AS files, pg_size_pretty(sum(size)) AS read
FROM entries
WHERE at >= '2026-01-12' AND at < '2026-01-19' AND kind = 'file.read' AND whoMail IS NOT NULL
GROUP BY whoMail ORDER BY sum(size) DESC;
"#,
    },
];
