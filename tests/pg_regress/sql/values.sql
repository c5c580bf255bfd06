-- Values that do not fit their column, and what becomes of text that Postgres cannot hold.
\set VERBOSITY verbose
\set SHOW_CONTEXT never
\set name vals
\set switches 'rows=3100'
\i setup/tixngo.psql
SET client_min_messages = warning;
\i setup/fault.psql
ALTER SERVER vals OPTIONS (ADD page_size '60');

-- Only a query that reads the column fails
CALL fault('fault=wrong_type:controlledDate,at=2');
SELECT count(controlleddate) FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND createddate < '2026-01-06';
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND createddate < '2026-01-06';
CALL fault('fault=wrong_type:checked');
SELECT count(checked) FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND createddate < '2026-01-06';
CALL fault('fault=wrong_type:createdDate');
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND createddate < '2026-01-06';
-- An object in a text column is its JSON
CALL fault('fault=wrong_type:devices');
SELECT ticketid, devices FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND createddate < '2026-01-06' AND devices LIKE '{%';
-- A column whose type was chosen too narrow
CREATE FOREIGN TABLE narrow (createddate timestamptz, ticketid varchar(3), n int OPTIONS (field '/ticketId'), d date OPTIONS (field '/actor')) SERVER vals OPTIONS (table 'ticket_status_logs');
CALL fault('latency=0');
SELECT ticketid FROM narrow WHERE createddate >= '2026-01-05' LIMIT 1;
SELECT n FROM narrow WHERE createddate >= '2026-01-05' LIMIT 1;
SELECT d FROM narrow WHERE createddate >= '2026-01-05' LIMIT 1;

-- on_invalid: error, null, replace
CALL fault('fault=nul:devices');
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND createddate < '2026-01-05 12:00' AND devices LIKE 'never';
CALL fault('fault=surrogate:devices');
SELECT count(devices) FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND createddate < '2026-01-05 12:00';
ALTER SERVER vals OPTIONS (ADD on_invalid 'null');
SELECT count(*) - count(devices) AS nulls FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND createddate < '2026-01-05 12:00';
ALTER FOREIGN TABLE ticket_status_logs OPTIONS (ADD on_invalid 'replace');
SELECT count(*) FILTER (WHERE devices LIKE U&'%\FFFD%') AS replaced, count(*) - count(devices) AS nulls FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND createddate < '2026-01-05 12:00';
CALL fault('fault=nul:devices');
SELECT count(*) FILTER (WHERE devices LIKE U&'%\FFFD%') AS replaced FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND createddate < '2026-01-05 12:00';
-- The same in the whole record as jsonb
CREATE FOREIGN TABLE whole (createddate timestamptz, raw jsonb) SERVER vals OPTIONS (table 'ticket_status_logs');
SELECT count(*) - count(raw) AS nulls FROM whole WHERE createddate >= '2026-01-05' AND createddate < '2026-01-05 12:00';
ALTER FOREIGN TABLE whole OPTIONS (ADD on_invalid 'replace');
SELECT count(*) FILTER (WHERE raw ->> 'devices' LIKE U&'%\FFFD%') AS replaced FROM whole WHERE createddate >= '2026-01-05' AND createddate < '2026-01-05 12:00';
ALTER FOREIGN TABLE whole OPTIONS (SET on_invalid 'error');
SELECT count(raw) FROM whole WHERE createddate >= '2026-01-05' AND createddate < '2026-01-05 12:00';

-- A megabyte in one field arrives whole
CALL fault('fault=huge:transferMessage:1000000');
SELECT max(length(transfermessage)) FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND createddate < '2026-01-06';
-- Other types take their own input function
CALL fault('latency=0');
CREATE DOMAIN short AS text CHECK (length(value) < 40);
CREATE TYPE status AS ENUM ('NOT_DOWNLOADED', 'DOWNLOADED', 'PENDING_TRANSFER', 'DELETION_PENDING', 'DELETED');
CREATE FOREIGN TABLE typed (
  createddate timestamptz(0), day date OPTIONS (field '/createdDate'), clock timestamp OPTIONS (field '/createdDate'),
  ticketid short, ticketstatuslogid numeric, tostatus status, checked text, keptbyowner char(5), details json OPTIONS (field '/activationDetails')
) SERVER vals OPTIONS (table 'ticket_status_logs', default_from '2026-01-05');
SELECT * FROM typed WHERE tostatus = 'DOWNLOADED' ORDER BY ticketid LIMIT 2;
SET timezone = 'Asia/Kolkata';
SELECT createddate, day, clock FROM typed ORDER BY ticketid LIMIT 1;
