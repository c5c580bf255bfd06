-- The same plan again and again, with other parameters: right rows every time (law 5).
\set VERBOSITY terse
\set name rescan
\set switches 'rows=3100'
\i setup/tixngo.psql
CREATE TABLE truth (LIKE ticket_status_logs);
\copy truth FROM PROGRAM '"$RESTLOG_LAB" rows rows=3100' CSV HEADER
CREATE TABLE days AS SELECT d::timestamptz AS day FROM generate_series(timestamp '2026-01-01', '2026-01-10', '1 day') d;
ANALYZE days;

-- EXECUTE ten times, custom and generic
PREPARE per_day(timestamptz, text) AS
  SELECT count(*), min(ticketid) FROM ticket_status_logs WHERE createddate >= $1 AND createddate < $1 + interval '1 day' AND actionname = $2;
PREPARE per_day_truth(timestamptz, text) AS
  SELECT count(*), min(ticketid) FROM truth WHERE createddate >= $1 AND createddate < $1 + interval '1 day' AND actionname = $2;
CREATE FUNCTION ten_times() RETURNS TABLE (day int, rows bigint, same boolean) LANGUAGE plpgsql AS $$
DECLARE remote record; local record;
BEGIN
  FOR i IN 1..10 LOOP
    EXECUTE format('EXECUTE per_day(%L, %L)', timestamptz '2026-01-01' + i * interval '1 day', CASE WHEN i % 2 = 0 THEN 'ACTIVATE' ELSE 'DOWNLOAD' END) INTO remote;
    EXECUTE format('EXECUTE per_day_truth(%L, %L)', timestamptz '2026-01-01' + i * interval '1 day', CASE WHEN i % 2 = 0 THEN 'ACTIVATE' ELSE 'DOWNLOAD' END) INTO local;
    day := i; rows := remote.count; same := remote = local; RETURN NEXT;
  END LOOP;
END $$;
SET plan_cache_mode = force_generic_plan;
SELECT * FROM ten_times();
EXPLAIN (VERBOSE, COSTS OFF) EXECUTE per_day('2026-01-05', 'ACTIVATE');
SET plan_cache_mode = force_custom_plan;
SELECT bool_and(same), sum(rows) FROM ten_times();
RESET plan_cache_mode;
SELECT bool_and(same), sum(rows) FROM ten_times();
PREPARE listed(text[]) AS SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND createddate < '2026-01-06' AND actionname = ANY ($1);
SET plan_cache_mode = force_generic_plan;
EXECUTE listed ('{ACTIVATE,CONTROL}');
EXECUTE listed ('{}');
EXECUTE listed (NULL);
EXECUTE listed ('{NULL,DOWNLOAD}');
RESET plan_cache_mode;
SELECT actionname, count(*) FROM truth WHERE createddate >= '2026-01-05' AND createddate < '2026-01-06' AND actionname IN ('ACTIVATE', 'CONTROL', 'DOWNLOAD') GROUP BY 1 ORDER BY 1;

-- A plpgsql loop: its variables are parameters of one cached plan
CREATE FUNCTION looped(days int) RETURNS TABLE (day date, rows bigint) LANGUAGE plpgsql AS $$
DECLARE d timestamptz := '2026-01-01';
BEGIN
  FOR i IN 1..days LOOP
    SELECT count(*) INTO rows FROM rescan.ticket_status_logs WHERE createddate >= d AND createddate < d + interval '1 day';
    day := d::date; d := d + interval '1 day'; RETURN NEXT;
  END LOOP;
END $$;
SELECT bool_and(l.rows = (SELECT count(*) FROM truth t WHERE t.createddate::date = l.day)), count(*), sum(l.rows) FROM looped(10) l;

-- Correlated: the inner scan runs again for each outer row
\! "$RESTLOG_LAB" requests rescan --count
SELECT d.day::date, (SELECT count(*) FROM ticket_status_logs t WHERE t.createddate >= d.day AND t.createddate < d.day + interval '1 day') AS rows
FROM days d ORDER BY 1;
\! "$RESTLOG_LAB" requests rescan --count
SELECT count(*) FROM days d
WHERE (SELECT count(*) FROM ticket_status_logs t WHERE t.createddate >= d.day AND t.createddate < d.day + interval '1 day')
   <> (SELECT count(*) FROM truth t WHERE t.createddate >= d.day AND t.createddate < d.day + interval '1 day');

-- LATERAL, and plain joins whose columns become operands
EXPLAIN (VERBOSE, COSTS OFF)
SELECT d.day, t.ticketid FROM days d CROSS JOIN LATERAL (SELECT * FROM ticket_status_logs WHERE createddate >= d.day AND createddate < d.day + interval '1 hour') t;
\! "$RESTLOG_LAB" requests rescan --count
SELECT count(*), count(DISTINCT d.day), md5(string_agg(t.ticketid, ',' ORDER BY t.ticketid, t.ticketstatuslogid))
FROM days d CROSS JOIN LATERAL (SELECT * FROM ticket_status_logs WHERE createddate >= d.day AND createddate < d.day + interval '1 hour') t;
SELECT count(*), count(DISTINCT d.day), md5(string_agg(t.ticketid, ',' ORDER BY t.ticketid, t.ticketstatuslogid))
FROM days d CROSS JOIN LATERAL (SELECT * FROM truth WHERE createddate >= d.day AND createddate < d.day + interval '1 hour') t;
CREATE TABLE wanted (action text, note text);
INSERT INTO wanted VALUES ('ACTIVATE', 'a'), ('CONTROL', 'c'), (NULL, 'n');
ANALYZE wanted;
SELECT w.note, count(t.ticketid) FROM wanted w LEFT JOIN ticket_status_logs t ON t.actionname = w.action AND t.createddate >= '2026-01-05' AND t.createddate < '2026-01-07' GROUP BY 1 ORDER BY 1;
SELECT w.note, count(t.ticketid) FROM wanted w LEFT JOIN truth t ON t.actionname = w.action AND t.createddate >= '2026-01-05' AND t.createddate < '2026-01-07' GROUP BY 1 ORDER BY 1;
SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_material = off;
EXPLAIN (VERBOSE, COSTS OFF) SELECT w.note, t.ticketid FROM wanted w JOIN ticket_status_logs t ON t.actionname = w.action AND t.createddate >= '2026-01-05';
SELECT w.note, count(*) FROM wanted w JOIN ticket_status_logs t ON t.actionname = w.action AND t.createddate >= '2026-01-05' GROUP BY 1 ORDER BY 1;
SELECT w.note, count(*) FROM wanted w JOIN truth t ON t.actionname = w.action AND t.createddate >= '2026-01-05' GROUP BY 1 ORDER BY 1;
RESET enable_hashjoin; RESET enable_mergejoin; RESET enable_material;

-- Cursors: forwards, backwards, held, and left open by an abort
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT ticketid, ticketstatuslogid FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND createddate < '2026-01-06';
FETCH 2 FROM c;
FETCH ABSOLUTE 90 FROM c;
FETCH PRIOR FROM c;
FETCH FIRST FROM c;
FETCH ABSOLUTE 100 FROM c;
FETCH NEXT FROM c;
COMMIT;
DECLARE h CURSOR WITH HOLD FOR SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-05';
FETCH h;
CLOSE h;
BEGIN;
DECLARE c CURSOR FOR SELECT ticketid FROM ticket_status_logs WHERE createddate >= '2026-01-05';
FETCH 1 FROM c;
SELECT 1/0;
ROLLBACK;
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-31';
-- Two scans of one table at once, in step
SELECT count(*) FROM ticket_status_logs a JOIN ticket_status_logs b USING (ticketid, ticketstatuslogid) WHERE a.createddate >= '2026-01-30' AND b.createddate >= '2026-01-30';
SELECT count(*) FROM ticket_status_logs a FULL JOIN truth b USING (ticketid, ticketstatuslogid) WHERE a.createddate >= '2026-01-30';
-- A changed option is seen by a plan that was cached before
PREPARE again AS SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-31';
EXECUTE again;
ALTER FOREIGN TABLE ticket_status_logs OPTIONS (ADD mobile_app_id 'nobody');
EXECUTE again;
ALTER FOREIGN TABLE ticket_status_logs OPTIONS (DROP mobile_app_id);
EXECUTE again;

-- Started again with the same parameters: what was read is read again, not asked for
SET enable_material = off;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
\! "$RESTLOG_LAB" requests rescan --count > /dev/null
EXPLAIN (COSTS OFF) SELECT count(*), count(DISTINCT l.ticketid) FROM generate_series(1, 5) n LEFT JOIN ticket_status_logs l ON l.createddate >= '2026-01-05' AND l.createddate < '2026-01-09' AND length(l.ticketid) > n;
SELECT count(*), count(DISTINCT l.ticketid) FROM generate_series(1, 5) n LEFT JOIN ticket_status_logs l ON l.createddate >= '2026-01-05' AND l.createddate < '2026-01-09' AND length(l.ticketid) > n;
\! "$RESTLOG_LAB" requests rescan --count
-- Beyond work_mem in a temporary file
SET work_mem = '64kB';
ALTER SERVER rescan OPTIONS (ADD page_size '50');
SELECT count(*), count(DISTINCT l.ticketid), md5(string_agg(l::text, ',' ORDER BY l::text)) FROM generate_series(1, 5) n LEFT JOIN ticket_status_logs l ON l.createddate >= '2026-01-05' AND l.createddate < '2026-01-09' AND length(l.ticketid) > n;
\! "$RESTLOG_LAB" requests rescan --count
RESET enable_material; RESET enable_hashjoin; RESET enable_mergejoin; RESET work_mem;
CREATE TEMP TABLE five AS SELECT l FROM ticket_status_logs l WHERE l.createddate >= '2026-01-05' AND l.createddate < '2026-01-09';
SELECT count(*), md5(string_agg(l::text, ',' ORDER BY l::text)) FROM five, generate_series(1, 5);
-- A scan that is started again before it has ended goes on where it stopped
SELECT n, (SELECT count(*) FROM (SELECT 1 FROM ticket_status_logs l WHERE l.createddate >= '2026-01-05' AND l.createddate < '2026-01-09' OFFSET 0 LIMIT 40) s WHERE n > 0) FROM generate_series(1, 3) n;
\! "$RESTLOG_LAB" requests rescan --count
BEGIN;
DECLARE back SCROLL CURSOR FOR SELECT ticketid FROM ticket_status_logs l WHERE l.createddate >= '2026-01-05' AND l.createddate < '2026-01-09';
MOVE 120 FROM back;
MOVE BACKWARD 100 FROM back;
FETCH 1 FROM back;
FETCH ABSOLUTE 21 FROM back;
-- Three pages were read; not more were fetched ahead than one to hand over, one decoded and one under way
\! test "$("$RESTLOG_LAB" requests rescan --count)" -le 6 && echo "no more"
COMMIT;
