-- A foreign partition holds the rows of its bound and no others, whatever the API holds: the bound is a condition of every scan.
\set VERBOSITY terse
\set SHOW_CONTEXT never
\set name bounds
\set switches 'rows=3100'
\i setup/tixngo.psql
\getenv lab RESTLOG_LAB
SET search_path = public, bounds;
SET client_min_messages = warning;
-- One request at a time: how windows are cut depends on the day
ALTER SERVER bounds OPTIONS (ADD page_size '200');
CREATE TABLE truth (LIKE ticket_status_logs);
\copy truth FROM PROGRAM '"$RESTLOG_LAB" rows rows=3100' CSV HEADER
ANALYZE truth;
SELECT set_config('lab.requests', format('RESTLOG_SIM_URL=%s "%s" requests --count bounds', :'simulator', :'lab'), false) AS requests \gset
CREATE TABLE counted (requests int);
CREATE FUNCTION requests() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  TRUNCATE counted;
  EXECUTE format('COPY counted FROM PROGRAM %L', current_setting('lab.requests'));
  RETURN (SELECT requests FROM counted);
END $$;
-- Whether the table "logs" answers a query as the truth does; with how many rows, and requests
CREATE FUNCTION same(query text, OUT rows bigint, OUT same boolean, OUT requests int) LANGUAGE plpgsql AS $$
DECLARE digest text := format('SELECT count(*), md5(string_agg(q::text, E''\n'' ORDER BY q::text)) FROM (%s) q', query); ours text; theirs text; n bigint;
BEGIN
  PERFORM requests();
  EXECUTE digest INTO rows, ours;
  requests := requests();
  EXECUTE regexp_replace(digest, '\mlogs\M', 'truth', 'g') INTO n, theirs;
  same := rows = n AND ours IS NOT DISTINCT FROM theirs;
END $$;

-- A range of times: older rows are local, newer ones come from the API, which has both
CREATE TABLE logs (LIKE truth) PARTITION BY RANGE (createddate);
CREATE TABLE logs_old PARTITION OF logs FOR VALUES FROM (MINVALUE) TO ('2026-01-11');
INSERT INTO logs SELECT * FROM truth WHERE createddate < '2026-01-11';
CREATE FOREIGN TABLE logs_new PARTITION OF logs FOR VALUES FROM ('2026-01-11') TO (MAXVALUE) SERVER bounds OPTIONS (table 'ticket_status_logs');
SELECT * FROM same('SELECT * FROM logs');
SELECT * FROM same('SELECT count(*) FROM logs');
SELECT * FROM same('SELECT * FROM logs WHERE createddate >= ''2026-01-10'' AND createddate < ''2026-01-12''');
SELECT * FROM same('SELECT max(createddate), min(createddate) FROM logs');
SELECT * FROM same('SELECT * FROM logs WHERE actionname = ''ACTIVATE''');
SELECT * FROM same('SELECT * FROM logs WHERE createddate < ''2026-01-05''');
SELECT * FROM same('SELECT * FROM logs WHERE to_char(createddate, ''YYYY-MM-DD'') = ''2026-01-20''');
SELECT * FROM same('SELECT actionname, count(*) FROM logs GROUP BY 1 ORDER BY 1 LIMIT 3');
SELECT * FROM same('SELECT a.ticketid FROM logs a JOIN logs b USING (ticketid, createddate) WHERE a.createddate >= ''2026-01-10 12:00'' AND a.createddate < ''2026-01-11 12:00''');
EXPLAIN (VERBOSE, COSTS OFF) SELECT ticketid FROM logs WHERE actionname = 'ACTIVATE';
-- Asked by itself it is a partition too
SELECT count(*), min(createddate) >= '2026-01-11' AS inside FROM logs_new;
PREPARE of_day(timestamptz) AS SELECT count(*) FROM logs WHERE createddate >= $1 AND createddate < $1 + interval '2 days';
SET plan_cache_mode = force_generic_plan;
EXECUTE of_day('2026-01-10');
SELECT count(*) FROM truth WHERE createddate >= '2026-01-10' AND createddate < '2026-01-12';
RESET plan_cache_mode;
-- A default does not narrow it further: what it would leave out belongs to the partition
ALTER FOREIGN TABLE logs_new OPTIONS (ADD default_from '2026-01-25');
SELECT * FROM same('SELECT * FROM logs');
ALTER FOREIGN TABLE logs_new OPTIONS (DROP default_from);

-- Detached it has all rows of the API, and attached elsewhere those of another bound
ALTER TABLE logs DETACH PARTITION logs_new;
SELECT count(*) FROM logs_new WHERE createddate >= '2026-01-01';
EXECUTE of_day('2026-01-10');
CREATE TABLE logs_gap PARTITION OF logs FOR VALUES FROM ('2026-01-11') TO ('2026-01-21');
INSERT INTO logs SELECT * FROM truth WHERE createddate >= '2026-01-11' AND createddate < '2026-01-21';
ALTER TABLE logs ATTACH PARTITION logs_new FOR VALUES FROM ('2026-01-21') TO ('2026-02-01');
SELECT * FROM same('SELECT * FROM logs');
EXECUTE of_day('2026-01-10');
DROP TABLE logs;

-- Lists, several levels, and a default partition
CREATE TABLE logs (LIKE truth) PARTITION BY LIST (actionname);
CREATE FOREIGN TABLE logs_activate PARTITION OF logs FOR VALUES IN ('ACTIVATE') SERVER bounds OPTIONS (table 'ticket_status_logs', default_from '2026-01-01');
CREATE TABLE logs_two PARTITION OF logs FOR VALUES IN ('CONTROL', 'DOWNLOAD') PARTITION BY RANGE (createddate);
CREATE FOREIGN TABLE logs_two_old PARTITION OF logs_two FOR VALUES FROM ('2026-01-01') TO ('2026-01-16') SERVER bounds OPTIONS (table 'ticket_status_logs');
CREATE FOREIGN TABLE logs_two_new PARTITION OF logs_two FOR VALUES FROM ('2026-01-16') TO ('2026-02-01') SERVER bounds OPTIONS (table 'ticket_status_logs');
CREATE FOREIGN TABLE logs_others PARTITION OF logs DEFAULT SERVER bounds OPTIONS (table 'ticket_status_logs', default_from '2026-01-01');
RESET client_min_messages;
SELECT * FROM same('SELECT * FROM logs');
SET client_min_messages = warning;
SELECT * FROM same('SELECT * FROM logs WHERE createddate >= ''2026-01-15'' AND createddate < ''2026-01-18''');
SELECT * FROM same('SELECT * FROM logs WHERE createddate >= ''2026-01-15'' AND actionname IN (''ACTIVATE'', ''CONTROL'')');
SELECT * FROM same('SELECT count(*) FROM logs WHERE createddate >= ''2026-01-15'' AND actionname = ''START_TRANSFER''');
EXPLAIN (VERBOSE, COSTS OFF) SELECT ticketid FROM logs WHERE createddate >= '2026-01-15';
DROP TABLE logs;
-- A default partition of times: only a lower bound of the query tells where to begin
CREATE TABLE logs (LIKE truth) PARTITION BY RANGE (createddate);
CREATE TABLE logs_middle PARTITION OF logs FOR VALUES FROM ('2026-01-11') TO ('2026-01-21');
INSERT INTO logs SELECT * FROM truth WHERE createddate >= '2026-01-11' AND createddate < '2026-01-21';
CREATE FOREIGN TABLE logs_rest PARTITION OF logs DEFAULT SERVER bounds OPTIONS (table 'ticket_status_logs');
SELECT * FROM same('SELECT * FROM logs WHERE createddate >= ''2026-01-01''');
SELECT count(*) FROM logs;                                                                 -- ERROR
-- by what is made of the time, and by hash
DROP TABLE logs;
CREATE TABLE logs (LIKE truth) PARTITION BY RANGE (date_trunc('day', createddate AT TIME ZONE 'UTC'));
CREATE FOREIGN TABLE logs_a PARTITION OF logs FOR VALUES FROM ('2026-01-01') TO ('2026-01-09') SERVER bounds OPTIONS (table 'ticket_status_logs');
CREATE FOREIGN TABLE logs_b PARTITION OF logs FOR VALUES FROM ('2026-01-09') TO ('2026-02-01') SERVER bounds OPTIONS (table 'ticket_status_logs');
SELECT * FROM same('SELECT * FROM logs');
DROP TABLE logs;
CREATE TABLE logs (LIKE truth) PARTITION BY HASH (ticketid);
CREATE FOREIGN TABLE logs_0 PARTITION OF logs FOR VALUES WITH (MODULUS 2, REMAINDER 0) SERVER bounds OPTIONS (table 'ticket_status_logs');
CREATE FOREIGN TABLE logs_1 PARTITION OF logs FOR VALUES WITH (MODULUS 2, REMAINDER 1) SERVER bounds OPTIONS (table 'ticket_status_logs');
SELECT * FROM same('SELECT * FROM logs WHERE createddate >= ''2026-01-20''');
DROP TABLE logs;

-- Inheritance: a child's CHECK constraints are its bound
CREATE TABLE logs (LIKE truth);
INSERT INTO logs SELECT * FROM truth WHERE createddate < '2026-01-11';
CREATE FOREIGN TABLE logs_new (CHECK (createddate >= '2026-01-11' AND createddate < '2026-03-01')) INHERITS (logs) SERVER bounds OPTIONS (table 'ticket_status_logs');
SELECT * FROM same('SELECT * FROM logs');
SELECT * FROM same('SELECT * FROM logs WHERE createddate >= ''2026-01-10'' AND createddate < ''2026-01-12''');
SELECT * FROM same('SELECT * FROM logs WHERE createddate < ''2026-01-05''');
ALTER FOREIGN TABLE logs_new NO INHERIT logs;
SELECT count(*) FROM logs_new;                                                             -- ERROR
DROP FOREIGN TABLE logs_new;
DROP TABLE logs;

-- count(*) by the API's total is not the partition's
\set name bounds_viviot
\set switches 'rows=310'
\set source viviot
\i setup/token.psql
SET search_path = public;
SELECT count(*) AS all_of_the_api FROM bounds_viviot.action_logs \gset
CREATE TABLE actions (LIKE bounds_viviot.action_logs) PARTITION BY RANGE (timestamp);
CREATE FOREIGN TABLE actions_new PARTITION OF actions FOR VALUES FROM ('2026-01-20') TO (MAXVALUE) SERVER bounds_viviot OPTIONS (table 'action_logs');
SELECT count(*) < :all_of_the_api AS fewer, count(*) = (SELECT count(*) FROM bounds_viviot.action_logs WHERE timestamp >= '2026-01-20') AS right FROM actions_new;
SELECT count(*) = (SELECT count(*) FROM bounds_viviot.action_logs WHERE timestamp >= '2026-01-20') AS right FROM actions;
