-- The same conditions through views, CTEs, prepared statements, functions, cursors and joins.
\set VERBOSITY terse
\set SHOW_CONTEXT never
\set name through
\set switches 'rows=3100,tickets=40'
\i setup/tixngo.psql
\i setup/asked.psql

-- Views, CTEs, subqueries; a fence keeps conditions out, what is inside travels
CALL twice('CREATE VIEW activations AS SELECT ticketid, createddate AS at, createddate::date AS day FROM ticket_status_logs WHERE actionname = ''ACTIVATE''');
CALL twice('CREATE VIEW "Daily View" AS SELECT "day" AS "Day", count(*) AS "N" FROM activations GROUP BY 1');
CALL twice('CREATE VIEW guarded WITH (security_barrier) AS SELECT ticketid, createddate FROM ticket_status_logs WHERE actor = ''Device''');
SELECT * FROM shapes(
  'view', $$SELECT * FROM activations WHERE at >= '2026-01-05' AND at < '2026-01-06'$$,
  'view''s own column', $$SELECT * FROM activations WHERE day = '2026-01-05'$$,
  'view of a view, grouped', $$SELECT * FROM "Daily View" WHERE "Day" BETWEEN '2026-01-05' AND '2026-01-06'$$,
  'view, quoted', $$select "_"."Day", "_"."N" from "logs"."Daily View" "_" where "_"."Day" = date '2026-01-05'$$,
  -- Only what is leakproof goes through it: comparisons of times are, a cast is not
  'security barrier', $$SELECT * FROM guarded WHERE createddate >= '2026-01-05' AND createddate < '2026-01-06' AND createddate::date = '2026-01-05'$$,
  'CTE', $$WITH l AS (SELECT * FROM ticket_status_logs) SELECT * FROM l WHERE createddate::date = '2026-01-05' AND actionname = 'CONTROL'$$,
  'CTE, materialized', $$WITH l AS MATERIALIZED (SELECT * FROM ticket_status_logs WHERE createddate::date = '2026-01-05') SELECT * FROM l WHERE actionname = 'CONTROL'$$,
  'CTE, used twice', $$WITH l AS (SELECT * FROM ticket_status_logs WHERE createddate::date = '2026-01-05') SELECT a.ticketid FROM l a JOIN l b USING (ticketid, ticketstatuslogid)$$,
  'CTE, not materialized', $$WITH l AS NOT MATERIALIZED (SELECT * FROM ticket_status_logs) SELECT (SELECT count(*) FROM l WHERE createddate::date = '2026-01-05'), (SELECT count(*) FROM l WHERE createddate::date = '2026-01-07')$$,
  'CTE of a parameter', $$WITH p AS (SELECT date '2026-01-05' AS day) SELECT * FROM ticket_status_logs WHERE createddate >= (SELECT day FROM p) AND createddate < (SELECT day + 1 FROM p)$$,
  'a day as a subquery', $$SELECT * FROM ticket_status_logs WHERE createddate::date = (SELECT min(createddate)::date + 4 FROM truth.ticket_status_logs)$$,
  'aliases', $$SELECT * FROM (SELECT createddate AS "at", actionname AS "what" FROM ticket_status_logs) s ("When", "What") WHERE "When"::date = '2026-01-05' AND "What" = 'CONTROL'$$,
  'a window function', $$SELECT * FROM (SELECT createddate::date AS day, row_number() OVER (PARTITION BY createddate::date ORDER BY createddate, ticketid) AS n FROM ticket_status_logs) s WHERE day = '2026-01-05' AND n <= 10$$,
  'HAVING', $$SELECT createddate::date, count(*) FROM ticket_status_logs GROUP BY 1 HAVING createddate::date = '2026-01-05'$$,
  'EXCEPT', $$SELECT ticketid FROM ticket_status_logs WHERE createddate::date = '2026-01-05' EXCEPT SELECT ticketid FROM ticket_status_logs WHERE createddate::date = '2026-01-05' AND checked$$,
  'LATERAL', $$SELECT d, l.n FROM generate_series(date '2026-01-05', date '2026-01-06', interval '1 day') d, LATERAL (SELECT count(*) AS n FROM ticket_status_logs WHERE createddate >= d AND createddate < d + interval '1 day') l$$,
  'joined days', $$SELECT l.ticketid FROM (VALUES (date '2026-01-05'), ('2026-01-07')) d (day) JOIN ticket_status_logs l ON l.createddate >= d.day AND l.createddate < d.day + 1$$,
  'joined days, cast', $$SELECT l.ticketid FROM (VALUES (date '2026-01-05'), ('2026-01-07')) d (day) JOIN ticket_status_logs l ON l.createddate::date >= d.day AND l.createddate::date <= d.day$$,
  'a day of a calendar', $$SELECT l.ticketid FROM (VALUES (date '2026-01-05', 'Monday'), ('2026-01-07', 'Wednesday')) d (day, name) JOIN ticket_status_logs l ON l.createddate::date = d.day WHERE d.day = '2026-01-07'$$);

-- Two systems as one
\set name other
\set source viviot
\set switches 'rows=2500'
\i setup/token.psql
ALTER FOREIGN TABLE other.action_logs SET SCHEMA through;
CREATE TABLE truth.action_logs (LIKE through.action_logs);
ALTER TABLE truth.action_logs DROP COLUMN userid, DROP COLUMN businessuserid, DROP COLUMN targetthingid, DROP COLUMN targetuserid,
  DROP COLUMN targetbusinessuserid, DROP COLUMN targettaskid, DROP COLUMN targettasklistid;
CALL fill('truth.action_logs', 'viviot.action_logs', 'rows=2500');
SET search_path = through, public;
CALL twice('CREATE VIEW everything AS SELECT createddate AS at, ''tixngo'' AS system, actionname AS what FROM ticket_status_logs UNION ALL SELECT timestamp, ''viviot'', actionname FROM action_logs');
SELECT * FROM shapes(
  'range', $$SELECT * FROM everything WHERE at >= '2026-01-05' AND at < '2026-01-06'$$,
  'day', $$SELECT system, count(*) FROM everything WHERE at::date = '2026-01-05' GROUP BY 1$$,
  'value', $$SELECT * FROM everything WHERE at::date = '2026-01-05' AND what = 'ACTIVATE'$$,
  'one system', $$SELECT * FROM everything WHERE at::date = '2026-01-05' AND system = 'viviot'$$,
  'Power BI', $$select "_"."what", count(*) from (select * from "logs"."everything") "_" where "_"."at" >= timestamp '2026-01-05' and "_"."at" < timestamp '2026-01-06' group by 1$$);

-- Prepared: a plan for each value, and one plan for all
SELECT * FROM prepared('timestamp, timestamp, text', $$select "$Table"."ticketid" from "logs"."ticket_status_logs" "$Table" where "$Table"."createddate" >= $1 and "$Table"."createddate" < $2 and "$Table"."actionname" = $3$$,
  $$'2026-01-05', '2026-01-06', 'ACTIVATE'$$, $$'2026-01-07', '2026-01-09', 'CONTROL'$$, $$'2026-01-09', '2026-01-07', 'CONTROL'$$, $$'2026-01-05', NULL, 'CONTROL'$$);
SELECT * FROM prepared('timestamptz, varchar[]', 'date_trunc(''day'', createddate) = $1 AND actionname = ANY ($2)', $$'2026-01-05', '{ACTIVATE,CONTROL}'$$, $$'2026-01-07', '{CONTROL}'$$, $$'2026-01-07', '{}'$$, $$'2026-01-07 01:00', '{CONTROL}'$$);
SELECT * FROM prepared('date, date', 'createddate::date BETWEEN $1 AND $2', $$'2026-01-05', '2026-01-05'$$, $$'2026-01-30', 'infinity'$$, $$'2026-01-05', '2026-01-04'$$);
SELECT * FROM prepared('text, text', 'createddate >= $1::timestamptz AND createddate < CAST($2 AS date)', $$'2026-01-05', '2026-01-06'$$, $$'2026-01-07 12:00', '2026-01-08'$$);
SELECT * FROM prepared('text', '(createddate AT TIME ZONE $1)::date = ''2026-01-05''', $$'Europe/Zurich'$$, $$'America/New_York'$$, $$NULL$$);
SELECT * FROM prepared('int', 'extract(year FROM createddate) = $1 AND createddate >= ''2026-01-31''', '2026', '2025', 'NULL');
SELECT * FROM prepared('date[]', 'createddate::date = ANY ($1)', $$'{2026-01-05,2026-01-07}'$$, $$'{NULL}'$$, $$'{2026-01-05,2026-01-06}'$$);
SELECT * FROM prepared('timestamptz', '$1 IS NULL AND createddate >= ''2026-01-31'' OR createddate >= $1', $$'2026-01-30'$$, 'NULL');
SELECT * FROM prepared('timestamptz, text', 'createddate >= coalesce($1, ''2026-01-31'') AND ($2 IS NULL OR actionname = $2)', $$'2026-01-30', 'CONTROL'$$, 'NULL, NULL');
-- What parameters decide goes before a cast that would fail
SELECT * FROM prepared('text', 'createddate >= ''2026-01-30'' AND ($1 = '''' OR createddate >= $1::timestamptz)', $$''$$, $$'2026-01-31'$$);
SELECT * FROM prepared('text', '$1 <> '''' AND createddate >= $1::timestamptz OR $1 = '''' AND createddate >= ''2026-01-31''', $$''$$, $$'2026-01-30'$$);
SELECT * FROM prepared('text', 'createddate >= ''2026-01-31'' AND ($1 IS NULL OR mobileappid = $1)', 'NULL', $$'my-app'$$);
SET app.zone = '';
SELECT * FROM shapes('a zone that is not set', $$createddate >= '2026-01-31' AND (current_setting('app.zone') = '' OR createddate AT TIME ZONE current_setting('app.zone') >= '2026-01-31')$$);
EXPLAIN (COSTS OFF) SELECT 1 FROM ticket_status_logs WHERE createddate >= '2026-01-31' AND createddate AT TIME ZONE 'nowhere' > '2026-01-31';
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-31' AND createddate AT TIME ZONE 'nowhere' > '2026-01-31';
\! "$RESTLOG_LAB" requests through --count > /dev/null

-- Functions: variables of plpgsql are parameters; SQL is inlined where Postgres can
CREATE FUNCTION public.of_day(d date) RETURNS TABLE (ticket text, at timestamptz) LANGUAGE plpgsql AS $$
DECLARE first timestamptz := d; last timestamptz := d + 1;
BEGIN RETURN QUERY SELECT ticketid, createddate FROM ticket_status_logs WHERE createddate >= first AND createddate < last; END $$;
CREATE FUNCTION public.of_days(days date[]) RETURNS TABLE (ticket text, at timestamptz) LANGUAGE plpgsql AS $$
DECLARE d date; r record;
BEGIN
  FOREACH d IN ARRAY days LOOP
    FOR r IN SELECT ticketid, createddate FROM ticket_status_logs WHERE createddate::date = d AND actionname = 'CONTROL' LOOP
      ticket := r.ticketid; at := r.createddate; RETURN NEXT;
    END LOOP;
  END LOOP;
END $$;
CREATE FUNCTION public.by_cursor(d date) RETURNS TABLE (ticket text) LANGUAGE plpgsql AS $$
DECLARE c CURSOR (d date) FOR SELECT ticketid FROM ticket_status_logs WHERE createddate::date = d;
BEGIN
  OPEN c (d);
  LOOP FETCH c INTO ticket; EXIT WHEN NOT FOUND; RETURN NEXT; END LOOP;
  CLOSE c;
END $$;
CREATE FUNCTION public.by_execute(d date) RETURNS TABLE (ticket text) LANGUAGE plpgsql AS
  $$ BEGIN RETURN QUERY EXECUTE 'SELECT ticketid FROM ticket_status_logs WHERE createddate::date = $1' USING d; END $$;
CREATE FUNCTION public.inlined(a text) RETURNS TABLE (ticket text, at timestamptz) LANGUAGE sql STABLE AS $$ SELECT ticketid, createddate FROM ticket_status_logs WHERE actionname = a $$;
CREATE FUNCTION public.not_inlined(d date, a text) RETURNS TABLE (ticket text, at timestamptz) LANGUAGE sql VOLATILE STRICT AS $$ SELECT ticketid, createddate FROM ticket_status_logs WHERE createddate::date = d AND actionname = a $$;
CREATE FUNCTION public.day_of(t timestamptz) RETURNS date LANGUAGE sql STABLE AS $$ SELECT t::date $$;
CREATE FUNCTION public.start_of(d date) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN d::timestamptz; END $$;
SELECT * FROM shapes(
  'plpgsql', $$SELECT * FROM of_day('2026-01-05')$$,
  'a loop of plpgsql', $$SELECT * FROM of_days('{2026-01-05,2026-01-06,2026-01-07,2026-01-08,2026-01-09,2026-01-10,2026-01-11}')$$,
  'a cursor of plpgsql', $$SELECT * FROM by_cursor('2026-01-05')$$,
  'EXECUTE of plpgsql', $$SELECT * FROM by_execute('2026-01-05')$$,
  'SQL, inlined', $$SELECT * FROM inlined('CONTROL') WHERE at::date = '2026-01-05'$$,
  'SQL, not inlined', $$SELECT * FROM not_inlined('2026-01-05', 'CONTROL')$$,
  'a SQL expression', $$day_of(createddate) = '2026-01-05'$$,
  'a stable bound', $$createddate >= start_of('2026-01-05') AND createddate < start_of('2026-01-06')$$);

-- A cursor that goes back
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT ticketid, createddate FROM ticket_status_logs WHERE createddate::date = '2026-01-05';
FETCH 2 FROM c;
MOVE 60 FROM c;
FETCH 1 FROM c;
MOVE BACKWARD 61 FROM c;
FETCH BACKWARD 2 FROM c;
FETCH LAST FROM c;
FETCH BACKWARD 1 FROM c;
COMMIT;
SELECT bounded, asked FROM asked(false);

-- now() and its kin, on a log that ends with yesterday: the answers and their requests depend on the day, their equality does not
\set name recent
\set start `date -u -d '-40 days' +%F`
\set end `date -u +%F`
\set switches 'rows=4000,start=' :start ',end=' :end
\i setup/tixngo.psql
ALTER SERVER recent OPTIONS (ADD page_size '50');
ALTER FOREIGN TABLE recent.ticket_status_logs RENAME TO recent_logs;
ALTER FOREIGN TABLE recent.recent_logs SET SCHEMA through;
SET search_path = through, public;
CREATE TABLE truth.recent_logs (LIKE through.recent_logs);
CALL fill('truth.recent_logs', 'tixngo.ticket_status_logs', :'switches');
CREATE OR REPLACE VIEW public.records AS SELECT createddate AS at, actionname AS action FROM truth.ticket_status_logs UNION ALL SELECT createddate, actionname FROM truth.recent_logs;
SELECT * FROM shapes(
  'Metabase', $$SELECT * FROM recent_logs WHERE "createddate" >= NOW() + INTERVAL '-30 day' AND "createddate" < NOW()$$,
  'Metabase: whole days', $$SELECT * FROM recent_logs WHERE "createddate" >= CAST((NOW() + INTERVAL '-30 day') AS date) AND "createddate" < CAST(NOW() AS date)$$,
  'Metabase: by day', $$SELECT * FROM recent_logs WHERE CAST("createddate" AS date) BETWEEN CAST((NOW() + INTERVAL '-30 day') AS date) AND CAST((NOW() + INTERVAL '-1 day') AS date)$$,
  'two days ago', $$SELECT * FROM recent_logs WHERE createddate > now() - interval '2 days'$$,
  'yesterday', $$SELECT * FROM recent_logs WHERE createddate::date = current_date - 1$$,
  'last week', $$SELECT * FROM recent_logs WHERE date_trunc('week', createddate) = date_trunc('week', now() - interval '7 days')$$,
  'this month', $$SELECT * FROM recent_logs WHERE date_trunc('month', createddate) = date_trunc('month', now())$$,
  'this year', $$SELECT * FROM recent_logs WHERE extract(year FROM createddate) = extract(year FROM now()) AND createddate >= current_date - 3$$,
  'epoch', $$SELECT * FROM recent_logs WHERE extract(epoch FROM createddate) >= extract(epoch FROM now()) - 86400 * 3$$,
  'localtimestamp', $$SELECT * FROM recent_logs WHERE createddate::timestamp >= localtimestamp - interval '3 days' AND createddate < localtimestamp$$,
  'special words', $$SELECT * FROM recent_logs WHERE createddate >= 'yesterday' AND createddate < 'today'$$,
  'statement_timestamp()', $$SELECT * FROM recent_logs WHERE createddate >= statement_timestamp() - interval '3 days' AND createddate <= transaction_timestamp()$$,
  'dbt', $$SELECT * FROM recent_logs WHERE createddate > (SELECT max(createddate) - interval '1 hour' FROM truth.recent_logs)$$);

-- Join keys of each type that travels: 500 rows, five keys (two of boolean); each is asked for once
SET client_min_messages = warning;
\set name bykey
\set source huawei
\set switches 'cases=30'
\i setup/token.psql
SELECT replace(option_value, 'cases=30', 'tag=bykey,rows=500') AS uuid_base FROM information_schema.foreign_server_options WHERE foreign_server_name = 'bykey' AND option_name = 'base_url' \gset
CREATE SERVER byuuid FOREIGN DATA WRAPPER restlog_fdw OPTIONS (base_url :'uuid_base', concurrency '1', definition '{"name": "things", "auth": [{"header": "Authorization", "value": "Bearer {token}"}], "tables": [{"name": "things",
  "path": "/actionlogs", "records": "/data", "pagination": {"style": "page_number", "token": {"name": "Page"}, "total": "/totalAvailableItems", "size": {"name": "ItemsPerPage", "max": 1000}},
  "columns": [{"name": "id", "type": "uuid"}, {"name": "thing", "type": "uuid", "request": {}, "filter": {"name": "TargetThingId"}}]}]}');
CREATE USER MAPPING FOR CURRENT_USER SERVER byuuid OPTIONS (token 'lab-token');
IMPORT FOREIGN SCHEMA things FROM SERVER byuuid INTO bykey;
SET search_path = through, bykey, public;
CREATE TABLE public.wanted AS SELECT 'SR2026000000' || 1 + g % 5 AS case_id, 1 + g % 5 AS number, (g % 2 = 0) AS flag, md5((g % 5)::text)::uuid AS id,
  timestamptz '2026-01-05' + g % 5 * interval '1 day' AS from_t, timestamptz '2026-01-05 06:00' + g % 5 * interval '1 day' AS to_t FROM generate_series(1, 500) g;
ANALYZE public.wanted;
-- The plan's lines that matter, the rows, and how often each request was sent
CREATE FUNCTION public.by_key(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
  TRUNCATE lines;
  FOR line IN EXECUTE 'EXPLAIN (VERBOSE, COSTS OFF) SELECT 1 FROM public.wanted k ' || query LOOP
    IF line ~ 'Memoize|Cache|Foreign Scan|Pushed|Local' THEN RETURN NEXT line; END IF;
  END LOOP;
  EXECUTE 'SELECT count(*) || '' rows'' FROM public.wanted k ' || query INTO line;
  RETURN NEXT line;
  FOR line IN SELECT srvname FROM pg_foreign_server ORDER BY 1 LOOP
    EXECUTE format('COPY lines (line) FROM PROGRAM %L (FORMAT csv, DELIMITER E''\x01'', QUOTE E''\x02'')', current_setting('lab.program') || ' requests --times ' || line);
  END LOOP;
  RETURN QUERY SELECT count(*) || ' ' || regexp_replace(l.line, '(end_time|To)=[^&]*', '\1=<now>') FROM lines l WHERE l.line LIKE '%?%' GROUP BY l.line ORDER BY l.line COLLATE "C";
END $$;
SELECT by_key('JOIN operate_logs l ON l.case_id = k.case_id');
SELECT by_key('JOIN cases c ON c.status = k.number');
SELECT by_key('JOIN action_logs a ON a.userid = k.number');
SELECT by_key('JOIN action_logs a ON a.userid = k.number::bigint AND a.actioncode = 12');
SELECT by_key('JOIN tickets t ON t.lastupdatedsince = k.from_t');
SELECT by_key('LEFT JOIN things t ON t.thing = k.id');
SELECT by_key('JOIN ticket_status_logs l ON l.createddate = k.from_t');
-- Nobody has analysed the log, so a range of it and half of the tickets are thought to be large: Memoize wants room for them
SET work_mem = '1GB';
SELECT by_key('JOIN tickets t ON t.excludedeleted = k.flag');
SELECT by_key('JOIN ticket_status_logs l ON l.createddate >= k.from_t AND l.createddate < k.to_t');
SELECT by_key('JOIN ticket_status_logs l ON l.createddate::date >= k.from_t::date AND l.createddate < k.to_t AND l.actionname = ''CONTROL''');
RESET work_mem;
-- Without it each row asks
SET enable_memoize = off;
SELECT by_key('JOIN operate_logs l ON l.case_id = k.case_id WHERE k.number < 3');
