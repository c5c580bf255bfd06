-- What the planner knows: a sample by ANALYZE, and what the session's scans have told.
\set VERBOSITY terse
\set SHOW_CONTEXT never
\set name statistics
\set switches 'rows=31000'
\i setup/tixngo.psql
CREATE FUNCTION plan_rows(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE plan json;
BEGIN
  EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
  RETURN plan #>> '{0,Plan,Plan Rows}';
END $$;
CREATE FUNCTION about(rows bigint, expected bigint) RETURNS text LANGUAGE sql AS $$ SELECT CASE WHEN rows BETWEEN expected * 0.8 AND expected * 1.2 THEN 'about ' || expected ELSE 'not about ' || expected || ': ' || rows END $$;

-- Nobody knows anything: never none
SELECT plan_rows('SELECT * FROM ticket_status_logs WHERE createddate >= ''2026-01-05'' AND createddate < ''2026-01-06''') > 1;
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND createddate < '2026-01-07';
-- A scan has told how dense the log is: the window's length makes the rows, and local conditions thin them out
SELECT about(plan_rows('SELECT * FROM ticket_status_logs WHERE createddate >= ''2026-01-10'' AND createddate < ''2026-01-20'''), 10000);
SELECT about(plan_rows('SELECT * FROM ticket_status_logs WHERE createddate = ''2026-01-10'''), 1);
SELECT plan_rows('SELECT * FROM ticket_status_logs WHERE createddate >= ''2026-01-10'' AND createddate < ''2026-01-20'' AND lower(actor) = ''device''') < 1000;
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND createddate < '2026-01-07' AND actionname = 'ACTIVATE';
SELECT about(plan_rows('SELECT * FROM ticket_status_logs WHERE createddate >= ''2026-01-10'' AND createddate < ''2026-01-20'' AND actionname = ''CONTROL'''), (SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND createddate < '2026-01-15' AND actionname = 'ACTIVATE'));

-- ANALYZE reads a bounded number of pages, and the values are known
\! "$RESTLOG_LAB" requests statistics --count > /dev/null
ALTER FOREIGN TABLE ticket_status_logs OPTIONS (ADD default_from '2026-01-01');
SET default_statistics_target = 10;
ANALYZE ticket_status_logs;
\! test "$("$RESTLOG_LAB" requests statistics --count)" -le 24 && echo "ten parts of the time, and ten of the one that has rows"
SELECT about(reltuples::bigint, 31000) FROM pg_class WHERE oid = 'ticket_status_logs'::regclass;
-- The sample is spread: the histogram spans all of the log
SELECT (histogram_bounds::text::timestamptz[])[1] < '2026-01-02' AS first, (histogram_bounds::text::timestamptz[])[array_upper(histogram_bounds::text::timestamptz[], 1)] >= '2026-01-29' AS last FROM pg_stats WHERE schemaname = 'statistics' AND tablename = 'ticket_status_logs' AND attname = 'createddate';
-- A session that has scanned nothing expects what the density says, also outside of the histogram, and never one row
\c
\set VERBOSITY terse
SET search_path = statistics, public;
SELECT about(plan_rows('SELECT * FROM ticket_status_logs WHERE createddate >= ''2026-01-10'' AND createddate < ''2026-01-20'''), 10000);
SELECT about(plan_rows('SELECT * FROM ticket_status_logs WHERE createddate >= ''2026-03-10'' AND createddate < ''2026-03-20'''), 10000);
SELECT about(plan_rows('SELECT * FROM ticket_status_logs WHERE createddate >= ''2026-01-26'' AND createddate < ''2026-02-05'''), 10000);
SELECT plan_rows('SELECT * FROM ticket_status_logs WHERE createddate >= ''2026-03-10'' AND createddate < ''2026-03-20'' AND actionname = ''ACTIVATE''') BETWEEN 500 AND 3000 AS thinned_out;
EXPLAIN (COSTS OFF) SELECT count(*) FROM ticket_status_logs a JOIN ticket_status_logs b USING (ticketid) WHERE a.createddate >= '2026-03-10' AND a.createddate < '2026-03-11' AND b.createddate >= '2026-03-10' AND b.createddate < '2026-03-11';
-- A partition is sampled within its bound
CREATE TABLE parts (LIKE ticket_status_logs) PARTITION BY RANGE (createddate);
CREATE FOREIGN TABLE part_old PARTITION OF parts FOR VALUES FROM ('2026-01-05') TO ('2026-01-15') SERVER statistics OPTIONS (table 'ticket_status_logs');
ANALYZE part_old;
SELECT about(reltuples::bigint, 10000) FROM pg_class WHERE relname = 'part_old';
\! "$RESTLOG_LAB" requests statistics --count > /dev/null
SELECT attname, n_distinct > 1 AS several, most_common_vals IS NOT NULL AS common FROM pg_stats WHERE schemaname = 'statistics' AND tablename = 'ticket_status_logs' AND attname IN ('actionname', 'actor') ORDER BY 1;
ALTER FOREIGN TABLE ticket_status_logs DROP COLUMN transfermessage;
ANALYZE ticket_status_logs (actor);
ALTER FOREIGN TABLE ticket_status_logs OPTIONS (DROP default_from);
ANALYZE ticket_status_logs;
\! "$RESTLOG_LAB" requests statistics --count > /dev/null

\set name statistics_viviot
\set switches 'rows=10100'
\set source viviot
\i setup/token.psql
ANALYZE action_logs;
SELECT reltuples FROM pg_class WHERE oid = 'action_logs'::regclass;
\! test "$("$RESTLOG_LAB" requests statistics_viviot --count)" -le 42 && echo "a bounded number of requests"
-- A log that needs a key is skipped, and says so
\set name statistics_huawei
\set switches 'cases=200'
\set source huawei
\i setup/token.psql
ANALYZE operate_logs;
\! "$RESTLOG_LAB" requests statistics_huawei --count
-- The cases are few, so that their logs are asked for by key, and the cases once
SELECT count(*) FROM cases WHERE create_time >= '2026-01-10' AND create_time < '2026-01-12';
EXPLAIN (COSTS OFF) SELECT * FROM cases c JOIN operate_logs l ON l.case_id = c.incident_id WHERE c.create_time >= '2026-01-10' AND c.create_time < '2026-01-12';
