-- Conditions whose meaning depends on a time zone, where clocks jump; infinity, BC and microseconds. Under every TimeZone the answer is
-- that of a local copy. Far from a jump just the condition's own range is asked for; near one, what the jump may add to it as well.
\set VERBOSITY terse
\set SHOW_CONTEXT never
\set name zones
-- A record every quarter of an hour. Clocks jump on 8 March in New York, 29 March in Zurich, 5 April (by half an hour) on Lord Howe.
\set switches 'rows=3936,start=2026-03-01,end=2026-04-11'
\i setup/tixngo.psql
\i setup/asked.psql
-- Zones with the same outcome share a line.
CREATE FUNCTION public.in_zone(zone text, condition text, OUT rows bigint, OUT read bigint, OUT same boolean, OUT few boolean, OUT asked text) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('timezone', zone, false);
  SELECT c.* INTO rows, read, same, few, asked FROM compare(digest(condition)) c;
  PERFORM set_config('timezone', 'UTC', false);
END $$;
CREATE FUNCTION public.in_zones(condition text) RETURNS TABLE (zones text, rows bigint, read bigint, same boolean, few boolean, asked text) LANGUAGE sql AS $$
  SELECT string_agg(zone, E'\n' ORDER BY n), z.*
  FROM unnest('{UTC,Europe/Zurich,America/New_York,Asia/Kathmandu,Pacific/Apia,Australia/Lord_Howe}'::text[]) WITH ORDINALITY u (zone, n), LATERAL in_zone(zone, condition) z
  GROUP BY z.rows, z.read, z.same, z.few, z.asked ORDER BY min(n)
$$;
CREATE PROCEDURE public.other_data(switches text) LANGUAGE plpgsql AS $$
DECLARE base text := (SELECT option_value FROM information_schema.foreign_server_options WHERE foreign_server_name = 'zones' AND option_name = 'base_url');
BEGIN
  EXECUTE format('ALTER SERVER zones OPTIONS (SET base_url %L)', regexp_replace(base, 'rows=[^/]*', switches));
  TRUNCATE truth.ticket_status_logs;
  CALL fill('truth.ticket_status_logs', 'tixngo.ticket_status_logs', switches);
END $$;

-- Far from any jump; then on days with one
SELECT * FROM in_zones($$createddate::date = '2026-03-18'$$);
SELECT * FROM in_zones($$createddate::date = '2026-03-29'$$);
SELECT * FROM in_zones($$CAST("createddate" AS DATE) BETWEEN DATE '2026-03-08' AND DATE '2026-03-09'$$);
SELECT * FROM in_zones($$createddate >= DATE '2026-04-05' AND createddate < TIMESTAMP '2026-04-06 00:00:00'$$);
SELECT * FROM in_zones($$createddate >= '2026-03-29 02:30' AND createddate < '2026-03-29 03:30'$$);
SELECT * FROM in_zones($$CAST("createddate" AS TIMESTAMP) >= TIMESTAMP '2026-04-05 01:30' AND CAST("createddate" AS TIMESTAMP) < TIMESTAMP '2026-04-05 03:00'$$);
SELECT * FROM in_zones($$date_trunc('hour', createddate) = '2026-03-29 01:00Z'$$);
SELECT * FROM in_zones($$date_trunc('week', createddate) = '2026-03-09'$$);
SELECT * FROM in_zones($$DATE_TRUNC('MONTH', CAST("createddate" AS TIMESTAMP)) = TIMESTAMP '2026-04-01'$$);
SELECT * FROM in_zones($$("createddate" AT TIME ZONE 'Europe/Zurich')::date = '2026-03-29'$$);
SELECT * FROM in_zones($$(createddate AT TIME ZONE 'America/New_York') >= '2026-03-08 01:00' AND (createddate AT TIME ZONE 'America/New_York') < '2026-03-08 04:00'$$);
SELECT * FROM in_zones($$date_trunc('day', createddate, 'Australia/Lord_Howe') = '2026-04-05 00:00+11'$$);
SELECT * FROM in_zones($$date_trunc('day', createddate AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' = '2026-03-29 00:00Z'$$);
SELECT * FROM in_zones($$createddate AT TIME ZONE INTERVAL '-05:30' >= '2026-03-18' AND createddate::date = '2026-03-18'$$);
SELECT * FROM in_zones($$createddate::date IN ('2026-03-18', '2026-03-30')$$);

-- Clocks go back: 26 October in Zurich, 2 November in New York; forward on Lord Howe on 5 October
CALL other_data('rows=3744,start=2025-09-28,end=2025-11-06');
SELECT * FROM in_zones($$createddate::date = '2025-10-26'$$);
SELECT * FROM in_zones($$createddate::timestamp >= '2025-11-02 01:00' AND createddate::timestamp < '2025-11-02 02:00'$$);
SELECT * FROM in_zones($$createddate >= '2025-10-26 02:00' AND createddate < '2025-10-26 03:00'$$);
SELECT * FROM in_zones($$date_trunc('hour', createddate) = '2025-10-26 02:00+02' OR date_trunc('hour', createddate) = '2025-10-26 02:00+01'$$);
SELECT * FROM in_zones($$date_trunc('day', createddate) >= '2025-10-05' AND date_trunc('day', createddate) < '2025-10-06'$$);
SELECT * FROM in_zones($$date_trunc('quarter', createddate) = '2025-10-01' AND createddate::date < '2025-10-03'$$);

-- Samoa went from 29 to 31 December 2011
CALL other_data('rows=480,start=2011-12-28,end=2012-01-02');
SELECT * FROM in_zones($$createddate::date = '2011-12-30'$$);
SELECT * FROM in_zones($$createddate::date = '2011-12-31'$$);
SELECT * FROM in_zones($$EXTRACT(YEAR FROM createddate)::int = 2012$$);

-- A plan that was made in one zone and runs in another
CALL other_data('rows=3936,start=2026-03-01,end=2026-04-11');
SET plan_cache_mode = force_generic_plan;
PREPARE asked_of (date, timestamp) AS SELECT count(*), max(createddate) FROM ticket_status_logs WHERE createddate::date = $1 AND createddate < $2;
PREPARE copied (date, timestamp) AS SELECT count(*), max(createddate) FROM truth.ticket_status_logs WHERE createddate::date = $1 AND createddate < $2;
SET timezone = 'America/New_York';
EXECUTE asked_of ('2026-03-18', '2026-03-18 12:00');
EXECUTE copied ('2026-03-18', '2026-03-18 12:00');
SET timezone = 'Asia/Kathmandu';
EXECUTE asked_of ('2026-03-18', '2026-03-18 12:00');
EXECUTE copied ('2026-03-18', '2026-03-18 12:00');
RESET timezone;
RESET plan_cache_mode;
SELECT * FROM asked(false);

-- The ends of time, and what lies before the year 1
CALL other_data('rows=480,start=2026-01-01,end=2026-01-06');
SELECT * FROM shapes(
  'to infinity', $$createddate::date >= '2026-01-05' AND createddate::date <= 'infinity'$$,
  'from -infinity', $$createddate >= '-infinity' AND createddate < '2026-01-02'$$,
  'days from -infinity', $$createddate::date > '-infinity' AND createddate::date < '2026-01-02'$$,
  'clocks from -infinity', $$createddate::timestamp >= '-infinity' AND createddate::timestamp < '2026-01-02'$$,
  'at infinity', $$createddate = 'infinity' OR createddate::date = '-infinity'$$,
  'after infinity', $$createddate >= 'infinity' OR createddate::date > 'infinity'$$,
  'before -infinity', $$createddate::date < '-infinity' AND createddate >= '2026-01-01'$$,
  'the Ides of March', $$createddate >= '0044-03-15 BC' AND createddate::date < '2026-01-02'$$,
  'their day', $$createddate::date >= '0044-03-15 BC' AND createddate::date < '2026-01-02'$$,
  'their month', $$date_trunc('month', createddate) >= '0044-03-01 BC' AND createddate::date < '2026-01-02'$$,
  'their clock', $$(createddate AT TIME ZONE 'Europe/Zurich') >= '0044-03-15 BC' AND createddate::date < '2026-01-02'$$,
  'their year', $$EXTRACT(YEAR FROM createddate) >= -44 AND createddate::date < '2026-01-02'$$,
  'their day alone', $$createddate::date = '0044-03-15 BC'$$,
  'the last day', $$createddate >= '2026-01-05' AND createddate < '294276-12-31 23:59:59.999999Z'$$,
  'beyond the last day', $$createddate::date >= '2026-01-05' AND createddate::date < '5874897-12-31'$$,
  'a year of no calendar', $$createddate >= '2026-01-05' AND EXTRACT(YEAR FROM createddate) < 1000000$$,
  'epoch to infinity', $$createddate >= '2026-01-05' AND extract(epoch FROM createddate) < 'infinity'$$,
  'a year that is no number', $$createddate >= '2026-01-05' AND date_part('year', createddate) < 'NaN'$$);

-- Microseconds at a window's edge, although the API's unit is the millisecond
SELECT * FROM shapes(
  'from just after', $$createddate >= '2026-01-05 00:00:00.000001' AND createddate < '2026-01-05 00:15:00.000001'$$,
  'to just before', $$createddate > '2026-01-04 23:59:59.999999' AND createddate <= '2026-01-05 00:14:59.999999'$$,
  'a microsecond', $$createddate > '2026-01-05 00:00:00' AND createddate < '2026-01-05 00:00:00.000001'$$,
  'a clock''s microsecond', $$createddate::timestamp >= '2026-01-05 00:00:00.000001' AND createddate::timestamp < '2026-01-05 00:30:00.0005'$$,
  'milliseconds', $$date_trunc('milliseconds', createddate) = '2026-01-05 00:15:00.001'$$,
  'no millisecond', $$date_trunc('milliseconds', createddate) = '2026-01-05 00:15:00.0005'$$,
  'seconds', $$date_trunc('second', createddate) BETWEEN '2026-01-05 00:14:59.5' AND '2026-01-05 00:15:00.5'$$,
  'epoch', $$extract(epoch FROM createddate) = 1767572100$$,
  'epoch, beside it', $$extract(epoch FROM createddate) = 1767572100.000001$$,
  'epoch, rounded', $$extract(epoch FROM createddate)::bigint = 1767572100$$,
  'epoch, float', $$date_part('epoch', createddate) >= 1767572100.0000001 AND date_part('epoch', createddate) <= 1767573000$$);

-- How Postgres itself reads what clocks skip or show twice: a time that an API writes without its zone is read alike (src/time_zone.rs)
SELECT zone, clock, extract(epoch FROM (clock::timestamp AT TIME ZONE 'UTC') - (clock::timestamp AT TIME ZONE zone))::int AS east
FROM (VALUES ('Europe/Zurich', '2026-03-29T01:59:59'),
  ('Europe/Zurich', '2026-03-29T02:00:00'),
  ('Europe/Zurich', '2026-03-29T02:59:59'),
  ('Europe/Zurich', '2026-03-29T03:00:00'),
  ('Europe/Zurich', '2025-10-26T01:59:59'),
  ('Europe/Zurich', '2025-10-26T02:00:00'),
  ('Europe/Zurich', '2025-10-26T02:59:59'),
  ('Europe/Zurich', '2025-10-26T03:00:00'),
  ('America/New_York', '2026-03-08T02:30:00'),
  ('America/New_York', '2025-11-02T01:30:00'),
  ('Australia/Lord_Howe', '2026-04-05T01:45:00'),
  ('Australia/Lord_Howe', '2025-10-05T02:15:00'),
  ('Europe/Moscow', '2014-10-26T01:30:00'),
  ('Pacific/Apia', '2011-12-30T12:00:00')) v (zone, clock);
