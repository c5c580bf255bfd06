-- Several foreign tables in one query are read at once: an Append waits for all of them, and no row is lost or comes twice.
\set VERBOSITY terse
\set SHOW_CONTEXT never
\set name one
\set switches 'rows=3100,seed=1'
\i setup/tixngo.psql
\set name two
\set switches 'rows=3100,seed=2,start=2026-02-01,end=2026-03-01'
\i setup/tixngo.psql
\set name three
\set switches 'rows=0,start=2026-03-01,end=2026-04-01'
\i setup/tixngo.psql
SET search_path = public;
ALTER SERVER one OPTIONS (SET concurrency '4', ADD page_size '100');
ALTER SERVER two OPTIONS (SET concurrency '4', ADD page_size '100');
CREATE TABLE logs (ticketid text, ticketstatuslogid text, actionname text, createddate timestamptz) PARTITION BY RANGE (createddate);
CREATE FOREIGN TABLE logs_01 PARTITION OF logs FOR VALUES FROM ('2026-01-01') TO ('2026-02-01') SERVER one OPTIONS (table 'ticket_status_logs');
CREATE FOREIGN TABLE logs_02 PARTITION OF logs FOR VALUES FROM ('2026-02-01') TO ('2026-03-01') SERVER two OPTIONS (table 'ticket_status_logs');
CREATE FOREIGN TABLE logs_03 PARTITION OF logs FOR VALUES FROM ('2026-03-01') TO ('2026-04-01') SERVER three OPTIONS (table 'ticket_status_logs');
CREATE TABLE truth AS
  SELECT ticketid, ticketstatuslogid, actionname, createddate FROM one.ticket_status_logs WHERE createddate >= '2026-01-01' AND createddate < '2026-02-01'
  UNION ALL SELECT ticketid, ticketstatuslogid, actionname, createddate FROM two.ticket_status_logs WHERE createddate >= '2026-02-01' AND createddate < '2026-03-01';
SELECT count(*), count(DISTINCT (ticketid, ticketstatuslogid, createddate)) FROM truth;

EXPLAIN (COSTS OFF) SELECT * FROM logs WHERE createddate >= '2026-01-01' AND createddate < '2026-03-15' AND length(actionname) > 6;
CREATE TABLE read AS SELECT * FROM logs WHERE createddate >= '2026-01-01' AND createddate < '2026-03-15';
(TABLE read EXCEPT ALL TABLE truth) UNION ALL (TABLE truth EXCEPT ALL TABLE read);
SELECT count(*), min(createddate), max(createddate) FROM logs WHERE createddate >= '2026-01-20' AND createddate < '2026-02-10' AND length(actionname) > 6;
SELECT count(*), min(createddate), max(createddate) FROM truth WHERE createddate >= '2026-01-20' AND createddate < '2026-02-10' AND length(actionname) > 6;
-- A partition that the condition excludes is not asked
\! "$RESTLOG_LAB" requests one --count > /dev/null
SELECT count(*) FROM logs WHERE createddate >= '2026-02-10' AND createddate < '2026-02-20';
\! "$RESTLOG_LAB" requests one --count
PREPARE month(timestamptz) AS SELECT count(*) FROM logs WHERE createddate >= $1 AND createddate < $1 + interval '28 days';
SET plan_cache_mode = force_generic_plan;
EXECUTE month('2026-01-01');
EXECUTE month('2026-02-01');
EXECUTE month('2026-03-01');
EXECUTE month('2026-01-15');
SELECT count(*) FROM truth WHERE createddate >= '2026-01-15' AND createddate < '2026-01-15'::timestamptz + interval '28 days';
RESET plan_cache_mode;

-- With a LIMIT, in a cursor, started again, without asynchronous execution
SELECT count(*) FROM (SELECT * FROM logs WHERE createddate >= '2026-01-01' AND createddate < '2026-03-15' LIMIT 250) s;
DO $$
DECLARE c CURSOR FOR SELECT * FROM logs WHERE createddate >= '2026-01-01' AND createddate < '2026-03-15'; n int := 0;
BEGIN
  FOR r IN c LOOP n := n + 1; END LOOP;
  RAISE NOTICE '% rows', n;
END $$;
SET enable_material = off; SET enable_hashjoin = off; SET enable_mergejoin = off;
SELECT n, count(l.ticketid) FROM generate_series(1, 3) n LEFT JOIN logs l ON l.createddate >= '2026-01-25' AND l.createddate < '2026-02-05' AND length(l.actionname) > n GROUP BY n ORDER BY n;
SELECT d, (SELECT count(*) FROM logs WHERE createddate >= d AND createddate < d + interval '3 days') FROM (VALUES (timestamptz '2026-01-30'), ('2026-02-10'), ('2026-03-10')) days(d);
SELECT count(*) FROM truth WHERE createddate >= '2026-01-30' AND createddate < '2026-02-02';
RESET enable_material; RESET enable_hashjoin; RESET enable_mergejoin;
SET enable_async_append = off;
SELECT count(*), min(createddate), max(createddate) FROM logs WHERE createddate >= '2026-01-01' AND createddate < '2026-03-15';
RESET enable_async_append;
SELECT count(*), min(createddate), max(createddate) FROM logs WHERE createddate >= '2026-01-01' AND createddate < '2026-03-15';

-- A partition that fails fails the query, and a wait for all of them ends with a timeout
\getenv simulator RESTLOG_SIM_URL
\set base :simulator '/~tag=two,rows=3100,seed=2,start=2026-02-01,end=2026-03-01,fault=truncated_json,at=3/v4'
ALTER SERVER two OPTIONS (SET base_url :'base');
SELECT count(*) FROM logs WHERE createddate >= '2026-01-01' AND createddate < '2026-03-15';
\set base :simulator '/~tag=two,rows=3100,seed=2,start=2026-02-01,end=2026-03-01,fault=stall/v4'
ALTER SERVER two OPTIONS (SET base_url :'base');
SET statement_timeout = '200ms';
SELECT count(*) FROM logs WHERE createddate >= '2026-01-01' AND createddate < '2026-03-15';
RESET statement_timeout;
