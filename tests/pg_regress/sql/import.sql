-- IMPORT FOREIGN SCHEMA, and the functions that say what there is.
\set VERBOSITY terse
\set name import
\set switches 'rows=1000'
\i setup/tixngo.psql

\d import.ticket_status_logs
SELECT * FROM restlog.sources();
SELECT column_name, data_type, field, request_parameter FROM restlog.columns('tixngo') WHERE table_name = 'ticket_status_logs';
SELECT * FROM restlog.columns('tixn');                                                    -- ERROR

-- LIMIT TO, EXCEPT, and the two other ways to write names
CREATE SCHEMA other;
IMPORT FOREIGN SCHEMA tixngo EXCEPT (ticket_status_logs) FROM SERVER import INTO other;
SELECT count(*) FROM information_schema.tables WHERE table_schema = 'other' AND table_name = 'ticket_status_logs';
IMPORT FOREIGN SCHEMA tixngo LIMIT TO (ticket_status_logs) FROM SERVER import INTO other OPTIONS (column_case 'snake');
SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'other.ticket_status_logs'::regclass AND attnum > 0;
CREATE SCHEMA third;
IMPORT FOREIGN SCHEMA tixngo LIMIT TO (ticket_status_logs) FROM SERVER import INTO third OPTIONS (column_case 'preserve');
SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'third.ticket_status_logs'::regclass AND attnum > 0;

IMPORT FOREIGN SCHEMA public FROM SERVER import INTO other;                               -- ERROR
IMPORT FOREIGN SCHEMA tixngo FROM SERVER import INTO other OPTIONS (column_case 'upper'); -- ERROR
IMPORT FOREIGN SCHEMA tixngo FROM SERVER import INTO other OPTIONS (case 'snake');        -- ERROR

-- All three read the same rows
SELECT count(*), count(DISTINCT ticketid || '/' || ticketstatuslogid) FROM import.ticket_status_logs WHERE createddate >= '2026-01-01';
SELECT count(*), count(DISTINCT ticket_id || '/' || ticket_status_log_id) FROM other.ticket_status_logs WHERE created_date >= '2026-01-01';
SELECT count(*), count(DISTINCT "ticketId" || '/' || "ticketStatusLogId") FROM third.ticket_status_logs WHERE "createdDate" >= '2026-01-01';

-- Errors speak of the columns as they are named here
\set VERBOSITY default
SELECT count(*) FROM other.ticket_status_logs;                                            -- ERROR

-- A table of one's own: fewer columns, other names and types, and the whole record
CREATE FOREIGN TABLE mine (
  at timestamptz OPTIONS (field '/createdDate'),
  ticket varchar(20) OPTIONS (field '/ticketId'),
  version int OPTIONS (field '/ticketStatusLogId'),
  action text OPTIONS (field '/actionName'),
  at_text text OPTIONS (field '/createdDate'),
  on_day date OPTIONS (field '/createdDate'),
  raw jsonb
) SERVER import OPTIONS (table 'ticket_status_logs');
SELECT at, ticket, version, action, at_text, on_day, raw ->> 'ticketId' AS raw_ticket, (SELECT count(*) FROM jsonb_object_keys(raw)) AS members
FROM mine WHERE at >= '2026-01-02' AND action = 'ACTIVATE' ORDER BY at LIMIT 3;
EXPLAIN (VERBOSE, COSTS OFF) SELECT ticket FROM mine WHERE at >= '2026-01-02' AND action = 'ACTIVATE';

-- A column that was dropped, and one that was added
ALTER FOREIGN TABLE mine DROP COLUMN at_text;
ALTER FOREIGN TABLE mine ADD COLUMN checked boolean;
SELECT ticket, on_day, checked FROM mine WHERE at >= '2026-01-02' ORDER BY at, ticket LIMIT 2;
