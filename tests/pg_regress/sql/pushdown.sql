-- Which conditions reach the API, and that the answers are those of a local copy.
\set VERBOSITY terse
\set name pushdown
\set switches 'rows=3100'
\i setup/tixngo.psql
CREATE TABLE public.truth (LIKE ticket_status_logs);
\copy public.truth FROM PROGRAM '"$RESTLOG_LAB" rows rows=3100' CSV HEADER
SELECT count(*) FROM truth;

-- Runs a query on the foreign table and on the copy, and says whether both have the same rows. `t` stands for the table.
CREATE FUNCTION same(condition text, OUT rows bigint, OUT same boolean) LANGUAGE plpgsql AS $$
DECLARE remote text; local text;
BEGIN
  EXECUTE format('SELECT count(*), md5(string_agg(t::text, E''\n'' ORDER BY t::text)) FROM pushdown.ticket_status_logs t WHERE %s', condition) INTO rows, remote;
  EXECUTE format('SELECT md5(string_agg(t::text, E''\n'' ORDER BY t::text)) FROM public.truth t WHERE %s', condition) INTO local;
  same := remote IS NOT DISTINCT FROM local;
END $$;

-- Every column, as the simulator's own list has it
SELECT * FROM same($$createddate >= '2026-01-01'$$);
-- Without an upper bound in the query, the request has the scan's start: this year is masked
\! "$RESTLOG_LAB" requests pushdown --times | sed "s/to=$(date -u +%Y-%m)[^&]*/to=<now>/"

-- Bounds, with constants on either side
SELECT * FROM same($$createddate > '2026-01-05' AND createddate <= '2026-01-06 12:34:56.789'$$);
SELECT * FROM same($$'2026-01-05' <= createddate AND '2026-01-06' > createddate$$);
SELECT * FROM same($$createddate BETWEEN '2026-01-05' AND '2026-01-06'$$);
SELECT * FROM same($$createddate = '2026-01-05'$$);
SELECT * FROM same($$createddate >= '2026-01-05' AND createddate >= '2026-01-07' AND createddate < '2026-01-09' AND createddate < '2026-01-08'$$);
SELECT * FROM same($$createddate >= '2026-01-05 00:00:00.000001' AND createddate < '2026-01-06 00:00:00.000001'$$);
\! "$RESTLOG_LAB" requests pushdown --times

-- Values: equality, lists, and several columns together
SELECT * FROM same($$createddate >= '2026-01-05' AND actionname = 'ACTIVATE'$$);
SELECT * FROM same($$createddate >= '2026-01-05' AND 'ACTIVATE' = actionname$$);
SELECT * FROM same($$createddate >= '2026-01-05' AND actionname IN ('CONTROL', 'ACTIVATE', 'CONTROL', NULL)$$);
SELECT * FROM same($$createddate >= '2026-01-05' AND actionname = ANY (ARRAY['CONTROL'])$$);
SELECT * FROM same($$createddate >= '2026-01-05' AND fromstatus = 'DOWNLOADED' AND tostatus IN ('PENDING_TRANSFER', 'DELETED')$$);
SELECT * FROM same($$createddate >= '2026-01-05' AND actor = 'Device'$$);
SELECT * FROM same($$createddate >= '2026-01-05' AND (actionname = 'ACTIVATE' OR actionname = 'CONTROL')$$);
SELECT * FROM same($$createddate >= '2026-01-05' AND fromownerid IN (SELECT fromownerid FROM public.truth WHERE fromownerid IS NOT NULL ORDER BY 1 LIMIT 2)$$);
\! "$RESTLOG_LAB" requests pushdown --sort

-- A filter that takes one value is asked once for each; a row belongs to one of them
SELECT * FROM same($$createddate >= '2026-01-05' AND actor IN ('Device', 'S-360')$$);
\! "$RESTLOG_LAB" requests pushdown --sort

-- OR of time ranges: a union of windows, and no more
SELECT * FROM same($$createddate >= '2026-01-05' AND createddate < '2026-01-06' OR createddate BETWEEN '2026-01-20' AND '2026-01-21'$$);
SELECT * FROM same($$(createddate >= '2026-01-05' AND createddate < '2026-01-06' AND actionname = 'ACTIVATE') OR (createddate >= '2026-01-05 12:00' AND createddate < '2026-01-07' AND actionname = 'CONTROL')$$);
SELECT * FROM same($$createddate IN ('2026-01-05', '2026-01-06')$$);
\! "$RESTLOG_LAB" requests pushdown --times --sort

-- What the API cannot filter stays local, silently
SELECT * FROM same($$createddate >= '2026-01-30' AND ticketid < 'tk-00003060'$$);
SELECT * FROM same($$createddate >= '2026-01-30' AND actionname <> 'ACTIVATE'$$);
SELECT * FROM same($$createddate >= '2026-01-30' AND actionname > 'CONTROL'$$);
SELECT * FROM same($$createddate >= '2026-01-30' AND lower(actionname) = 'activate'$$);
SELECT * FROM same($$createddate >= '2026-01-30' AND (actionname = 'ACTIVATE' OR checked)$$);
SELECT * FROM same($$createddate >= '2026-01-30' AND actionname IS NULL$$);
SELECT * FROM same($$createddate >= '2026-01-30' AND actionname NOT IN ('ACTIVATE', 'CONTROL')$$);
SELECT * FROM same($$createddate >= '2026-01-30' AND NOT (actionname = 'ACTIVATE')$$);
SELECT * FROM same($$createddate >= '2026-01-30' AND actor = actionname$$);
SELECT * FROM same($$createddate >= '2026-01-30' AND updateddate >= createddate$$);
\! "$RESTLOG_LAB" requests pushdown

-- Stable expressions, other types of time, other time zones; a scalar subquery; infinity
SET timezone = 'America/New_York';
SELECT * FROM same($$createddate >= date '2026-01-05' AND createddate < timestamp '2026-01-06 00:00'$$);
SELECT * FROM same($$createddate >= timestamptz '2026-01-05 00:00+01' AND createddate < date_trunc('day', timestamptz '2026-01-06 09:00+01')$$);
RESET timezone;
SELECT * FROM same($$createddate >= (SELECT min(createddate) + interval '30 days' FROM public.truth)$$);
SELECT * FROM same($$createddate >= '2026-01-30' AND createddate < 'infinity'$$);
SELECT * FROM same($$createddate > '-infinity' AND createddate < '2026-01-01 01:00'$$);
SELECT * FROM same($$createddate >= '0044-03-15 BC' AND createddate < '2026-01-01 01:00'$$);
SELECT * FROM same($$createddate >= '2026-01-30' AND createddate < '294276-12-31'$$);
SELECT * FROM same($$createddate >= date '2026-01-30' AND createddate < date '5874897-12-31'$$);
\! "$RESTLOG_LAB" requests pushdown --times | sed "s/to=$(date -u +%Y-%m)[^&]*/to=<now>/"

-- now() and its kin: shown by the plan, since the clock is not in a golden
EXPLAIN (VERBOSE, COSTS OFF) SELECT ticketid FROM ticket_status_logs WHERE createddate >= now() - interval '1 day';
EXPLAIN (VERBOSE, COSTS OFF) SELECT ticketid FROM ticket_status_logs WHERE createddate >= date_trunc('month', current_date) AND createddate < current_date;
EXPLAIN (VERBOSE, COSTS OFF) SELECT ticketid FROM ticket_status_logs WHERE createddate >= (SELECT max(createddate) FROM public.truth) AND actionname = ANY (ARRAY['A', current_user]);
-- A volatile operand would have to be evaluated for each row
EXPLAIN (VERBOSE, COSTS OFF) SELECT ticketid FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND createddate < clock_timestamp() AND actionname = 'ACTIVATE';
EXPLAIN (VERBOSE, COSTS OFF) SELECT ticketid FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND (actionname = 'A' AND lower(tostatus) = 'x' OR actionname IN ('B', 'C')) AND NOT checked;

-- Another application is another request, and the rows say whose they are
SELECT mobileappid, count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND mobileappid IN ('my-app', 'other-app') GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND mobileappid <> 'my-app';
\! "$RESTLOG_LAB" requests pushdown --sort

-- A collation that calls different texts equal, and a column that the user knows better
CREATE COLLATION blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND actionname = 'activate' COLLATE blind;
ALTER FOREIGN TABLE ticket_status_logs ALTER COLUMN actionname OPTIONS (ADD pushdown 'false');
SELECT * FROM same($$createddate >= '2026-01-05' AND actionname = 'ACTIVATE'$$);
ALTER FOREIGN TABLE ticket_status_logs ALTER COLUMN actionname OPTIONS (DROP pushdown);
-- All of it off: the time range and the application still travel, because the API demands them
SET restlog_fdw.pushdown = off;
SELECT * FROM same($$createddate >= '2026-01-05' AND actionname = 'ACTIVATE'$$);
RESET restlog_fdw.pushdown;
\! "$RESTLOG_LAB" requests pushdown

-- Refused at plan time: no lower bound, or none in one branch of an OR
\set VERBOSITY default
SELECT count(*) FROM ticket_status_logs;
SELECT count(*) FROM ticket_status_logs WHERE createddate < '2026-01-05';
EXPLAIN SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-05' OR actionname = 'ACTIVATE';
PREPARE p AS SELECT count(*) FROM ticket_status_logs WHERE createddate < $1;
EXECUTE p ('2026-01-05');
ALTER SERVER pushdown OPTIONS (DROP mobile_app_id);
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-05';
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND mobileappid = 'my-app';
-- Opt-in for tools that preview tables
ALTER FOREIGN TABLE ticket_status_logs OPTIONS (ADD default_from '2026-01-31', ADD mobile_app_id 'my-app');
SELECT count(*) FROM ticket_status_logs;
EXPLAIN (VERBOSE, COSTS OFF) SELECT ticketid FROM ticket_status_logs;
SELECT count(*) FROM ticket_status_logs WHERE createddate < '2026-01-31 01:00';
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-30';
-- A column that the user says is never NULL: nothing is asked for what cannot be
ALTER FOREIGN TABLE ticket_status_logs ALTER COLUMN actionname SET NOT NULL;
\! "$RESTLOG_LAB" requests pushdown --count > /dev/null
SELECT count(*) FROM ticket_status_logs WHERE actionname IS NULL;
SELECT * FROM same($$createddate >= '2026-01-31' AND (actionname IS NULL OR actionname = 'ACTIVATE')$$);
SELECT * FROM same($$createddate >= '2026-01-31' AND actionname IS NOT NULL AND actor IS NULL$$);
SELECT count(*) = (SELECT count(*) FROM truth) AS same FROM truth t LEFT JOIN ticket_status_logs f ON f.createddate >= '2026-01-31' AND f.ticketid = t.ticketid AND f.actionname = 'none' WHERE f.actionname IS NULL;
\! "$RESTLOG_LAB" requests pushdown
