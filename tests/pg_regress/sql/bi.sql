-- Conditions as BI tools and people write them: the answer is that of a local copy, and no more is asked for than it needs.
\set VERBOSITY terse
\set SHOW_CONTEXT never
\set name bi
\set switches 'rows=3100'
\i setup/tixngo.psql
\i setup/asked.psql

-- Power BI: by Npgsql, folded steps as nested queries; by ODBC, literals with casts
SELECT * FROM shapes(
  'range', $$select "$Table"."ticketid" as "ticketid", "$Table"."createddate" as "createddate" from "logs"."ticket_status_logs" "$Table"
    where "$Table"."createddate" >= TIMESTAMP '2026-01-05 00:00:00' and "$Table"."createddate" < TIMESTAMP '2026-01-06 00:00:00'$$,
  'nested', $$select "_"."ticketid", "_"."actionname" from (select "ticketid", "actionname", "createddate" from "logs"."ticket_status_logs" "$Table") "_"
    where "_"."createddate" >= timestamp '2026-01-05 00:00:00' and "_"."createddate" < timestamp '2026-01-06 00:00:00' and "_"."actionname" = 'ACTIVATE'$$,
  'nested twice, grouped', $$select "rows"."actionname" as "actionname", count(*) as "a0" from (select "_"."actionname" from (select * from "logs"."ticket_status_logs") "_"
    where ("_"."createddate" >= timestamp '2026-01-05' and "_"."createddate" < timestamp '2026-01-06') and ("_"."actionname" = 'ACTIVATE' or "_"."actionname" = 'CONTROL')) "rows" group by "actionname"$$,
  'not null as well', $$"createddate" >= timestamp '2026-01-05' and "createddate" < timestamp '2026-01-06' and "actionname" = 'ACTIVATE' and "actionname" is not null$$,
  'import by date', $$select cast("createddate" as date) as "C1", count(1) as "C2" from "ticket_status_logs" where cast("createddate" as date) >= date '2026-01-05' and cast("createddate" as date) < date '2026-01-07' group by cast("createddate" as date)$$,
  'literal with a cast', $$createddate >= '2026-01-05 00:00:00'::timestamp AND createddate < '2026-01-06 00:00:00'::timestamp AND actionname = 'CONTROL'::character varying(20)$$,
  'DirectQuery', $$select "basetable0"."actionname" as "c1", count(1) as "a0" from (select "$Table"."actionname", "$Table"."createddate" from "logs"."ticket_status_logs" as "$Table"
    where "$Table"."createddate" >= timestamp with time zone '2026-01-05 00:00:00+01' and "$Table"."createddate" < timestamp with time zone '2026-01-06 00:00:00+01') as "basetable0" group by "basetable0"."actionname" limit 1000001 offset 0$$,
  'top', $$select "ticketid" from (select "ticketid", "createddate" from "ticket_status_logs" where "createddate" >= timestamp '2026-01-05' and "createddate" < timestamp '2026-01-06') "_" order by "createddate", "ticketid" limit 10$$);

-- Tableau
SELECT * FROM shapes(
  'date', $$SELECT CAST("t"."createddate" AS DATE) AS "TDAY", COUNT(1) FROM "logs"."ticket_status_logs" "t" WHERE ((CAST("t"."createddate" AS DATE) >= DATE '2026-01-05') AND (CAST("t"."createddate" AS DATE) <= DATE '2026-01-06')) GROUP BY 1$$,
  'month of a clock', $$DATE_TRUNC('MONTH', CAST("createddate" AS TIMESTAMP)) = TIMESTAMP '2026-01-01 00:00:00'$$,
  'day of a clock', $$(DATE_TRUNC('DAY', CAST("createddate" AS TIMESTAMP)) = (TIMESTAMP '2026-01-05 00:00:00.000'))$$,
  'days', $$DATE_TRUNC('DAY', CAST("createddate" AS TIMESTAMP)) IN ((TIMESTAMP '2026-01-05 00:00:00'), (TIMESTAMP '2026-01-07 00:00:00'))$$,
  'date of a day', $$CAST(DATE_TRUNC('DAY', CAST("createddate" AS DATE)) AS DATE) = DATE '2026-01-05'$$,
  'year', $$CAST(EXTRACT(YEAR FROM "createddate") AS INTEGER) = 2026 AND "createddate" >= TIMESTAMP '2026-01-31'$$,
  'year alone', $$EXTRACT(YEAR FROM "createddate")::int = 2025$$,
  'years', $$EXTRACT(YEAR FROM "createddate")::int IN (2024, 2025)$$,
  'values', $$"createddate" >= TIMESTAMP '2026-01-05' AND "createddate" < TIMESTAMP '2026-01-06' AND "actionname" IN ('ACTIVATE', 'CONTROL')$$,
  'join as IS NOT DISTINCT', $$SELECT "t"."ticketid" FROM "logs"."ticket_status_logs" "t" JOIN (SELECT "actionname" AS "a", COUNT(1) AS "n" FROM "logs"."ticket_status_logs"
    WHERE "createddate" >= TIMESTAMP '2026-01-05' AND "createddate" < TIMESTAMP '2026-01-06' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1) "f" ON NOT ("t"."actionname" IS DISTINCT FROM "f"."a")
    WHERE "t"."createddate" >= TIMESTAMP '2026-01-05' AND "t"."createddate" < TIMESTAMP '2026-01-06'$$);

-- Metabase, Superset, Grafana, dbt
SELECT * FROM shapes(
  'Metabase: month', $$SELECT DATE_TRUNC('month', "logs"."ticket_status_logs"."createddate"), COUNT(*) FROM "logs"."ticket_status_logs" WHERE DATE_TRUNC('month', "logs"."ticket_status_logs"."createddate") = DATE_TRUNC('month', TIMESTAMPTZ '2026-01-20') GROUP BY 1$$,
  'Metabase: weeks', $$SELECT CAST(DATE_TRUNC('week', "createddate") AS date), COUNT(*) FROM "ticket_status_logs" WHERE "createddate" >= DATE_TRUNC('week', TIMESTAMPTZ '2026-01-07 10:00Z') AND "createddate" < DATE_TRUNC('week', TIMESTAMPTZ '2026-01-07 10:00Z' + INTERVAL '7 day') GROUP BY 1$$,
  'Metabase: zone', $$("createddate" AT TIME ZONE 'Europe/Zurich') >= TIMESTAMP '2026-01-05' AND ("createddate" AT TIME ZONE 'Europe/Zurich') < TIMESTAMP '2026-01-06'$$,
  'Metabase: day of a zone', $$CAST("createddate" AT TIME ZONE 'Europe/Zurich' AS date) = date '2026-01-05'$$,
  'Metabase: month of a zone', $$DATE_TRUNC('month', ("createddate" AT TIME ZONE 'Europe/Zurich')) = TIMESTAMP '2026-02-01'$$,
  'Metabase: with a zone', $$"createddate" BETWEEN timestamp with time zone '2026-01-05 00:00:00.000Z' AND timestamp with time zone '2026-01-05 23:59:59.999Z'$$,
  'Superset', $$createddate >= TO_TIMESTAMP('2026-01-05 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US') AND createddate < TO_TIMESTAMP('2026-01-06 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US')$$,
  'Superset: grain', $$SELECT DATE_TRUNC('day', createddate) AS __timestamp, COUNT(*) FROM ticket_status_logs WHERE createddate >= TO_TIMESTAMP('2026-01-05', 'YYYY-MM-DD') AND createddate < TO_TIMESTAMP('2026-01-07', 'YYYY-MM-DD') GROUP BY 1 ORDER BY 2 DESC LIMIT 1000$$,
  'Superset: date', $$createddate >= TO_DATE('2026-01-05', 'YYYY-MM-DD') AND createddate < TO_DATE('2026-01-06', 'YYYY-MM-DD')$$,
  'Grafana', $$"createddate" BETWEEN '2026-01-05T00:00:00Z' AND '2026-01-05T23:59:59.999Z'$$,
  'Grafana: epoch', $$extract(epoch from createddate) >= 1767571200 AND extract(epoch from createddate) < 1767657600$$,
  'Grafana: epoch between', $$extract(epoch from createddate) BETWEEN 1767571200 AND 1767657600$$,
  'Grafana: groups', $$SELECT floor(extract(epoch from createddate) / 3600) * 3600 AS time, count(*) FROM ticket_status_logs WHERE createddate >= to_timestamp(1767571200) AND createddate <= to_timestamp(1767657600) GROUP BY 1$$,
  'dbt', $$SELECT * FROM ticket_status_logs WHERE createddate > (SELECT max(createddate) - interval '1 day' FROM truth.ticket_status_logs)$$,
  'dbt: nothing yet', $$SELECT * FROM ticket_status_logs WHERE createddate > (SELECT coalesce(max(createddate), '2026-01-31') FROM truth.ticket_status_logs WHERE false)$$);

-- By hand
SELECT * FROM shapes(
  'a day', $$createddate::date = '2026-01-05'$$,
  'days', $$createddate::date IN ('2026-01-05', '2026-01-07')$$,
  'days side by side', $$createddate::date IN ('2026-01-05', '2026-01-06')$$,
  'days of a list', $$createddate::date = ANY ('{2026-01-05,NULL,2026-01-05}'::date[])$$,
  'between days', $$createddate::date BETWEEN '2026-01-05' AND '2026-01-06'$$,
  'date()', $$date(createddate) = '2026-01-05'$$,
  'the constant first', $$DATE '2026-01-05' <= createddate::date AND '2026-01-06' >= createddate::date$$,
  'after a day', $$createddate::date > '2026-01-29'$$,
  'before a day', $$createddate >= '2026-01-01' AND createddate::date < '2026-01-02'$$,
  'clock', $$createddate::timestamp >= '2026-01-05 10:00' AND createddate::timestamp < '2026-01-05 12:00'$$,
  'hour', $$date_trunc('hour', createddate) = '2026-01-05 10:00Z'$$,
  'week', $$date_trunc('week', createddate) = '2026-01-05'$$,
  'no week begins there', $$date_trunc('week', createddate) = '2026-01-06'$$,
  'quarter', $$date_trunc('quarter', createddate) < '2026-01-01' AND createddate >= '2025-01-01'$$,
  'month after', $$date_trunc('month', createddate) > '2026-01-01'$$,
  'year', $$date_trunc('year', createddate) = '2025-01-01'$$,
  'day in a zone', $$date_trunc('day', createddate, 'Asia/Tokyo') = '2026-01-05 00:00+09'$$,
  'symmetric', $$createddate BETWEEN SYMMETRIC '2026-01-06' AND '2026-01-05'$$,
  'date_part', $$date_part('year', createddate) = 2026 AND date_part('epoch', createddate) < 1767229200$$,
  'a clock''s day', $$createddate >= date '2026-01-05' AND createddate < date '2026-01-05' + 1$$,
  'date + interval', $$createddate >= date '2026-01-05' + interval '10 hours' AND createddate < date '2026-01-05' + time '12:00'$$,
  'make_timestamptz', $$createddate >= make_timestamptz(2026, 1, 5, 0, 0, 0) AND createddate < make_date(2026, 1, 6)$$);

-- OR of ranges is a union of windows; each branch's other conditions are left to the recheck
SELECT * FROM shapes(
  'two ranges', $$createddate >= '2026-01-05' AND createddate < '2026-01-06' OR createddate >= '2026-01-10' AND createddate < '2026-01-11'$$,
  'ranges that touch', $$createddate >= '2026-01-05' AND createddate < '2026-01-06' OR createddate >= '2026-01-06' AND createddate < '2026-01-07'$$,
  'ranges that overlap', $$createddate BETWEEN '2026-01-05' AND '2026-01-06' OR createddate BETWEEN '2026-01-05 12:00' AND '2026-01-07'$$,
  'of what is made of it', $$createddate::date = '2026-01-05' OR date_trunc('hour', createddate) = '2026-01-10 10:00'$$,
  'mixed', $$createddate >= '2026-01-05' AND createddate < '2026-01-06' AND actionname = 'ACTIVATE' OR createddate >= '2026-01-10' AND createddate < '2026-01-11' AND checked$$,
  'mixed, bounds outside', $$createddate >= '2026-01-05' AND (createddate < '2026-01-06' OR createddate < '2026-01-05 12:00' AND lower(actor) = 'device')$$,
  'mixed, AND of OR', $$(createddate::date = '2026-01-05' OR createddate::date = '2026-01-10') AND (actionname = 'ACTIVATE' OR tostatus = 'DELETED')$$,
  'moments', $$createddate = '2026-01-05' OR createddate = '2026-01-06' OR createddate = '2026-01-06 00:00:01'$$,
  'a branch of nothing', $$createddate::date = '2026-01-05' OR createddate > '2026-01-10' AND createddate < '2026-01-09'$$,
  'a branch of NULL', $$createddate::date = '2026-01-05' OR createddate >= NULL::timestamptz$$,
  'values as a list', $$createddate::date = '2026-01-05' AND (actionname = 'ACTIVATE' OR actionname = 'CONTROL' OR actionname IN ('DOWNLOAD', 'ACTIVATE'))$$,
  'NOT of an OR', $$NOT (createddate < '2026-01-05' OR createddate >= '2026-01-06')$$,
  'NOT BETWEEN, inside bounds', $$createddate::date BETWEEN '2026-01-05' AND '2026-01-07' AND createddate NOT BETWEEN '2026-01-05 06:00' AND '2026-01-07 18:00'$$,
  'a row', $$createddate::date = '2026-01-05' AND (createddate, ticketid) > ('2026-01-05 12:00', '')$$,
  'CASE', $$createddate::date = '2026-01-05' AND CASE WHEN checked THEN actionname ELSE tostatus END = 'ACTIVATE'$$,
  'overlaps', $$createddate::date = '2026-01-05' AND (createddate, createddate) OVERLAPS (timestamptz '2026-01-05 10:00', interval '2 hours')$$,
  'range type', $$createddate::date = '2026-01-05' AND createddate <@ tstzrange('2026-01-05 10:00', '2026-01-05 12:00')$$,
  'as text', $$createddate::date = '2026-01-05' AND to_char(createddate, 'YYYY-MM') = '2026-01'$$,
  'plus an interval', $$createddate::date = '2026-01-05' AND createddate + interval '1 hour' > '2026-01-05 23:00'$$,
  'month of a year', $$createddate::date = '2026-01-05' AND EXTRACT(MONTH FROM createddate) = 1$$);

-- Sums and differences: how long ago it was, and a shifted time
SELECT * FROM shapes(
  'ago', $$timestamptz '2026-02-01' - createddate < interval '2 days'$$,
  'ago, the other way', $$createddate - timestamptz '2026-02-01' > interval '-2 days'$$,
  'ago, between', $$timestamptz '2026-02-01' - createddate BETWEEN interval '2 days' AND interval '3 days'$$,
  'ago, a month', $$createddate >= '2025-12-01' AND timestamptz '2026-02-01' - createddate > interval '1 month'$$,
  'days ago', $$date '2026-02-01' - createddate::date <= 1$$,
  'days ago, just', $$date '2026-02-01' - createddate::date = 3$$,
  'ago, NULL', $$timestamptz '2026-02-01' - createddate < NULL::interval$$,
  'plus hours', $$createddate + interval '1 hour' >= '2026-01-05' AND createddate + interval '1 hour' < '2026-01-06'$$,
  'minus a day', $$createddate - interval '1 day' >= '2026-01-05' AND createddate - interval '1 day' < '2026-01-06'$$,
  'plus a month', $$createddate + interval '1 month' >= '2026-02-28' AND createddate + interval '1 month' < '2026-03-01'$$,
  'a shifted day', $$(createddate + interval '6 hours')::date = '2026-01-05'$$,
  'a shifted clock', $$(createddate AT TIME ZONE 'UTC' + interval '90 minutes') BETWEEN '2026-01-05' AND '2026-01-05 12:00'$$);
