-- Queries around the foreign table: joins of all kinds, partitions, unions, functions that read it while it is read.
\set VERBOSITY terse
\set name shapes
\set switches 'rows=31000'
\i setup/tixngo.psql
CREATE TABLE truth (LIKE ticket_status_logs);
\copy truth FROM PROGRAM '"$RESTLOG_LAB" rows rows=31000' CSV HEADER
ANALYZE truth;
CREATE TABLE d (day timestamptz, a text);
INSERT INTO d VALUES ('2026-01-05', 'ACTIVATE'), ('2027-01-01', 'CONTROL'), (NULL, NULL);
ANALYZE d;
-- Runs a query on the foreign table and on the copy; `t` in it stands for the table.
CREATE FUNCTION same(query text, OUT rows bigint, OUT same boolean) LANGUAGE plpgsql AS $$
DECLARE remote text; local text;
BEGIN
  EXECUTE 'SELECT count(*), md5(string_agg(q::text, E''\n'' ORDER BY q::text)) FROM (' || replace(query, ' t ', ' shapes.ticket_status_logs t ') || ') q' INTO rows, remote;
  EXECUTE 'SELECT md5(string_agg(q::text, E''\n'' ORDER BY q::text)) FROM (' || replace(query, ' t ', ' truth t ') || ') q' INTO local;
  same := remote IS NOT DISTINCT FROM local;
END $$;

-- Joins: the operand is the other side's column, or NULL
SELECT * FROM same($$SELECT * FROM d LEFT JOIN t ON t.createddate >= d.day AND t.createddate < d.day + interval '1 hour'$$);
SELECT * FROM same($$SELECT * FROM d LEFT JOIN t ON t.createddate >= '2026-01-05' AND t.createddate < '2026-01-05 01:00' AND t.actionname = d.a$$);
SELECT * FROM same($$SELECT * FROM d RIGHT JOIN t ON t.actionname = d.a WHERE t.createddate >= '2026-01-05' AND t.createddate < '2026-01-05 01:00'$$);
SELECT * FROM same($$SELECT d.a FROM d WHERE EXISTS (SELECT 1 FROM t WHERE t.createddate >= d.day AND t.createddate < d.day + interval '1 hour' AND t.actionname = d.a)$$);
SELECT * FROM same($$SELECT d.a FROM d WHERE NOT EXISTS (SELECT 1 FROM t WHERE t.createddate >= '2026-01-05' AND t.createddate < '2026-01-05 01:00' AND t.actionname = d.a)$$);
SELECT * FROM same($$SELECT * FROM t WHERE t.createddate >= '2026-01-05' AND t.createddate < '2026-01-05 01:00' AND t.actionname IN (SELECT a FROM d)$$);
SELECT * FROM same($$SELECT * FROM t WHERE t.createddate >= '2026-01-05' AND t.createddate < '2026-01-05 01:00' AND t.actionname NOT IN (SELECT a FROM d WHERE a IS NOT NULL)$$);
SELECT * FROM same($$SELECT d.day, (SELECT max(ticketid) FROM t WHERE t.createddate >= d.day AND t.createddate < d.day + interval '10 minutes') FROM d$$);
SELECT * FROM same($$SELECT * FROM d, LATERAL (SELECT count(*) FROM t WHERE t.createddate BETWEEN d.day AND d.day + interval '1 hour' AND t.actionname = d.a) s$$);
-- A calendar's days, and what is not distinct from a value: each is asked for, and no more
SELECT * FROM same($$SELECT d.a, t.* FROM d JOIN t ON t.createddate::date = d.day::date$$);
SELECT * FROM same($$SELECT d.a, count(t.ticketid) FROM d LEFT JOIN t ON date_trunc('day', t.createddate) = d.day GROUP BY 1$$);
EXPLAIN (VERBOSE, COSTS OFF) SELECT count(*) FROM d JOIN shapes.ticket_status_logs t ON t.createddate::date = d.day::date;
\! "$RESTLOG_LAB" requests shapes --count > /dev/null
SELECT * FROM same($$SELECT * FROM t WHERE t.createddate >= '2026-01-05' AND t.createddate < '2026-01-05 01:00' AND t.actionname IS NOT DISTINCT FROM 'ACTIVATE' AND t.actor IS NOT DISTINCT FROM NULL$$);
\! "$RESTLOG_LAB" requests shapes
-- Rows as values, and arrays of arrays
SELECT * FROM same($$SELECT * FROM t WHERE t.createddate >= '2026-01-05' AND t.createddate < '2026-01-06' AND (t.actionname, t.tostatus) IN (('ACTIVATE', 'DOWNLOADED'), ('DELETE', 'DELETED'))$$);
SELECT * FROM same($$SELECT * FROM t WHERE t.createddate >= '2026-01-05' AND t.createddate < '2026-01-06' AND ROW (t.createddate, t.ticketid) >= ROW ('2026-01-05 12:00'::timestamptz, 'a')$$);
SELECT * FROM same($$SELECT * FROM t WHERE t.createddate >= '2026-01-05' AND t.createddate < '2026-01-06' AND t.actionname = ANY ('{{ACTIVATE,CONTROL},{DOWNLOAD,X}}'::text[])$$);
SELECT * FROM same($$SELECT * FROM t WHERE t.createddate BETWEEN SYMMETRIC '2026-01-06' AND '2026-01-05'$$);
SELECT * FROM same($$SELECT * FROM t WHERE t.createddate >= '2026-01-05' AND t.createddate < '2026-01-06' AND t.createddate::date = '2026-01-05'$$);
-- Values that no request line could hold, or that look like nothing
SELECT * FROM same($$SELECT * FROM t WHERE t.createddate >= '2026-01-05' AND t.createddate < '2026-01-06' AND t.fromownerid = repeat('x', 100000)$$);
SELECT * FROM same($$SELECT * FROM t WHERE t.createddate >= '2026-01-05' AND t.createddate < '2026-01-06' AND t.actionname = ANY (ARRAY(SELECT repeat('é&=%', 3) || g FROM generate_series(1, 1000) g) || 'ACTIVATE'::text)$$);
SELECT * FROM same($$SELECT * FROM t WHERE t.createddate >= '2026-01-05' AND t.createddate < '2026-01-06' AND t.actor = ANY (ARRAY(SELECT 'a' || g FROM generate_series(1, 300) g) || 'Device'::text)$$);
SELECT * FROM same($$SELECT * FROM t WHERE t.createddate >= '2026-01-05' AND t.createddate < '2026-01-06' AND t.actionname = 'a&b=c d%?#'$$);
SELECT * FROM same($$SELECT * FROM t WHERE t.createddate >= '2026-01-05' AND t.createddate < '2026-01-06' AND t.actionname = ''$$);
SELECT * FROM same($$SELECT * FROM t WHERE t.createddate IN (SELECT '2026-01-05'::timestamptz + g * interval '1 hour' FROM generate_series(1, 100) g) AND t.createddate >= '2026-01-05'$$);
SELECT * FROM same($$SELECT * FROM t WHERE t.createddate = ANY (ARRAY(SELECT '2026-01-05'::timestamptz + g * interval '864 s' FROM generate_series(1, 100) g))$$);
-- Unions, sorting, grouping, windows, DISTINCT ON
SELECT * FROM same($$SELECT ticketid FROM (SELECT ticketid, createddate FROM t UNION ALL SELECT 'x', createddate FROM t ) u WHERE createddate >= '2026-01-05' AND createddate < '2026-01-05 01:00'$$);
SELECT * FROM same($$SELECT DISTINCT ON (actionname) * FROM t WHERE createddate >= '2026-01-05' AND createddate < '2026-01-06' ORDER BY actionname, createddate DESC, ticketid$$);
SELECT * FROM same($$SELECT * FROM t WHERE createddate >= '2026-01-05' AND createddate < '2026-01-06' ORDER BY createddate DESC, ticketid LIMIT 7 OFFSET 5$$);
SELECT * FROM same($$SELECT actionname, tostatus, count(*) FROM t WHERE createddate >= '2026-01-05' AND createddate < '2026-01-06' GROUP BY CUBE (1, 2)$$);
SELECT * FROM same($$SELECT a.ticketid FROM t JOIN truth a USING (ticketid, ticketstatuslogid) WHERE t.createddate >= '2026-01-30'$$);

-- Partitions, whose columns stand in another order and were partly dropped
CREATE TABLE parted (ticketstatuslogid text, createddate timestamptz, ticketid text, extra int) PARTITION BY RANGE (createddate);
CREATE FOREIGN TABLE parted_old (createddate timestamptz, gone text, ticketid text, extra int OPTIONS (field '/nothing'), ticketstatuslogid text)
  SERVER shapes OPTIONS (table 'ticket_status_logs');
ALTER FOREIGN TABLE parted_old DROP COLUMN gone;
ALTER TABLE parted ATTACH PARTITION parted_old FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE parted_new PARTITION OF parted FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
INSERT INTO parted_new VALUES ('1', '2026-02-02', 'new', 1);
SELECT * FROM parted WHERE createddate >= '2026-01-31 23:55' ORDER BY createddate;
SELECT count(*) FROM parted p JOIN truth USING (ticketid, ticketstatuslogid) WHERE p.createddate >= '2026-01-30';
EXPLAIN (COSTS OFF) SELECT count(*) FROM parted WHERE createddate >= '2026-02-01';

-- An operand that reads a foreign table; a function that reads it for each of its rows
CREATE FUNCTION first_of_day() RETURNS timestamptz LANGUAGE sql STABLE AS
  $$ SELECT min(createddate) FROM shapes.ticket_status_logs WHERE createddate >= '2026-01-10' AND createddate < '2026-01-10 01:00' $$;
SELECT count(*) FROM ticket_status_logs WHERE createddate >= first_of_day() AND createddate < '2026-01-10 02:00';
CREATE FUNCTION again(ticket text) RETURNS bigint LANGUAGE sql VOLATILE AS
  $$ SELECT count(*) FROM shapes.ticket_status_logs WHERE createddate >= '2026-01-10' AND createddate < '2026-01-10 00:10' AND ticketid = ticket $$;
SELECT count(*), sum(again(ticketid)) FROM ticket_status_logs WHERE createddate >= '2026-01-10' AND createddate < '2026-01-10 00:10';

-- Cursors in step, through a savepoint; locks; COPY
BEGIN;
DECLARE a CURSOR FOR SELECT ticketid FROM ticket_status_logs WHERE createddate >= '2026-01-05';
DECLARE b CURSOR FOR SELECT ticketid FROM ticket_status_logs WHERE createddate >= '2026-01-06';
FETCH 1 a;
FETCH 1 b;
SAVEPOINT s;
FETCH 1 a;
DECLARE c CURSOR FOR SELECT ticketid FROM ticket_status_logs WHERE createddate >= '2026-01-07';
FETCH 1 c;
SELECT 1 / 0;
ROLLBACK TO s;
FETCH 1 a;
FETCH 1 b;
FETCH 1 c;
ROLLBACK;
SELECT ticketid FROM ticket_status_logs WHERE createddate >= '2026-01-05' LIMIT 1 FOR UPDATE;
COPY (SELECT ticketid FROM ticket_status_logs WHERE createddate >= '2026-01-05' LIMIT 2) TO STDOUT;
SET jit_above_cost = 0; SET jit = on;
SELECT * FROM same($$SELECT sum(length(transfermessage)) FROM t WHERE createddate >= '2026-01-05' AND createddate < '2026-01-06'$$);
