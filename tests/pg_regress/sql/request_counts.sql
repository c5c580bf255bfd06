-- How many requests a query makes, as the simulator counted them.
\set VERBOSITY terse
\set name figures
\set switches 'rows=310000'
\i setup/tixngo.psql
CREATE FUNCTION nothing() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT NULL::timestamptz';

-- None: nothing is pulled, or nothing can match
EXPLAIN (COSTS OFF) SELECT * FROM ticket_status_logs WHERE createddate >= '2026-01-05';
EXPLAIN (COSTS OFF, VERBOSE) SELECT ticketid FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND actionname = 'ACTIVATE';
SELECT count(*) FROM ticket_status_logs WHERE false;
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-06' AND createddate < '2026-01-05';
SELECT count(*) FROM ticket_status_logs WHERE createddate > '2026-01-05' AND createddate < '2026-01-05';
SELECT count(*) FROM ticket_status_logs WHERE createddate >= NULL;
SELECT count(*) FROM ticket_status_logs WHERE createddate >= nothing();
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND actionname = nothing()::text;
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND actionname = ANY ('{}');
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND actionname = 'ACTIVATE' AND actionname = 'CONTROL';
SELECT ticketid FROM ticket_status_logs WHERE createddate >= '2026-01-05' LIMIT 0;
\! "$RESTLOG_LAB" requests figures
-- What lies ahead may be planned: it is asked for
SELECT count(*) FROM ticket_status_logs WHERE createddate >= now() + interval '1 day';
\! "$RESTLOG_LAB" requests figures
-- A cursor that is open, but was never pulled
BEGIN;
DECLARE idle CURSOR FOR SELECT ticketid FROM ticket_status_logs WHERE createddate >= '2026-01-05';
SELECT pg_sleep(0.2);
\! "$RESTLOG_LAB" requests figures
COMMIT;

-- One: the first page is enough, and no other is asked for
SELECT ticketid FROM ticket_status_logs WHERE createddate >= '2026-01-05' LIMIT 1;
\! "$RESTLOG_LAB" requests figures
SELECT count(*) FROM (SELECT 1 FROM ticket_status_logs WHERE createddate >= '2026-01-05' LIMIT 7 OFFSET 3) s;
\! "$RESTLOG_LAB" requests figures
SELECT EXISTS (SELECT 1 FROM ticket_status_logs WHERE createddate >= '2026-01-05');
\! "$RESTLOG_LAB" requests figures

-- FETCH 100 of a million rows: one; the rows up to the first page's end: still one
\set name million
\set switches 'rows=1000000'
\i setup/tixngo.psql
BEGIN;
DECLARE c CURSOR FOR SELECT ticketid FROM ticket_status_logs WHERE createddate >= '2026-01-01';
\o /dev/null
FETCH 100 FROM c;
FETCH 9900 FROM c;
\o
\! "$RESTLOG_LAB" requests million
COMMIT;

-- A window: its pages and no more. 23 hours have 9,584 rows, which is one page
SET search_path = figures;
SELECT count(*), min(createddate), max(createddate) FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND createddate < '2026-01-05 23:00';
\! "$RESTLOG_LAB" requests figures --times
-- The day has just 10,000. It is asked for a millisecond wider on both sides, since nobody knows whether the API includes the
-- ends, and the next day's first row begins a second page
SELECT count(*), min(createddate), max(createddate) FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND createddate < '2026-01-06';
\! "$RESTLOG_LAB" requests figures --times
SELECT requests, pages, rows, rows_outside_window, retries FROM restlog.last_scan();
-- A day of a million rows: four pages
SELECT count(*) FROM million.ticket_status_logs WHERE createddate >= '2026-01-05' AND createddate < '2026-01-06';
\! "$RESTLOG_LAB" requests million --times

-- A join that never needs the table never asks
SELECT count(*) FROM (SELECT 1 WHERE false) none(x) JOIN LATERAL (SELECT * FROM ticket_status_logs WHERE createddate >= '2026-01-05') t ON true;
\! "$RESTLOG_LAB" requests figures --count

-- A LIMIT sizes the first page and ends nothing: the row at the window's lower end is dropped, and the next page brings one
SELECT createddate FROM ticket_status_logs WHERE createddate > '2026-01-05' LIMIT 1;
\! "$RESTLOG_LAB" requests figures
