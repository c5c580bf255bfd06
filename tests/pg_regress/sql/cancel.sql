-- Every wait ends at once on a cancel or a timeout (law 7): 57014, and the session works on.
\set VERBOSITY verbose
\set SHOW_CONTEXT never
\set name cancel
\set switches 'rows=310000'
\i setup/tixngo.psql
SET client_min_messages = warning;
\i setup/fault.psql
-- psql keeps the time before each statement; the answer must come within 100 ms of the time-out.
\set in_time 'SELECT clock_timestamp() - :''before''::timestamptz BETWEEN interval ''200 ms'' AND interval ''300 ms'' AS in_time'

-- A body that never ends
CALL fault('fault=stall');
SELECT clock_timestamp() AS before \gset
SET statement_timeout = '200ms';
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-05';
RESET statement_timeout;
:in_time;
-- Headers that never come
CALL fault('fault=stall_headers');
SELECT clock_timestamp() AS before \gset
SET statement_timeout = '200ms';
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-05';
RESET statement_timeout;
:in_time;
-- A body that drips
CALL fault('fault=drip:1000');
SELECT clock_timestamp() AS before \gset
SET statement_timeout = '200ms';
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-05';
RESET statement_timeout;
:in_time;
-- A back-off that was asked for
CALL fault('fault=throttle:20');
SELECT clock_timestamp() AS before \gset
SET statement_timeout = '200ms';
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-05';
RESET statement_timeout;
:in_time;
-- A pace of one request in ten seconds
CALL fault('latency=0');
ALTER SERVER cancel OPTIONS (ADD requests_per_second '0.1');
SELECT clock_timestamp() AS before \gset
SET statement_timeout = '200ms';
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-05';
RESET statement_timeout;
:in_time;
ALTER SERVER cancel OPTIONS (DROP requests_per_second);
-- An address that does not answer at all: 127.0.0.0/8 always answers, so the wait is for a slow page in check_server
CALL fault('fault=stall_headers');
SELECT clock_timestamp() AS before \gset
SET statement_timeout = '200ms';
SELECT * FROM restlog.check_server('cancel');
RESET statement_timeout;
:in_time;
-- In the middle of a large scan, while pages are in flight
CALL fault('latency=60');
SELECT clock_timestamp() AS before \gset
SET statement_timeout = '200ms';
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-05';
RESET statement_timeout;
:in_time;
-- Inside a subtransaction that catches it; the scan's requests end with it
DO $$
BEGIN
  SET LOCAL statement_timeout = 0;
  PERFORM count(*) FROM cancel.ticket_status_logs WHERE createddate >= '2026-01-05' AND 1 / (CASE WHEN ticketid > 'tk-00005100' THEN 0 ELSE 1 END) = 1;
EXCEPTION WHEN division_by_zero THEN
  RAISE WARNING 'caught';
END $$;

CALL fault('latency=0');
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-05';
