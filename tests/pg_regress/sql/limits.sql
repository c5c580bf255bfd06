-- Guard rails: what would read too much is refused when it is planned, with the number that was expected.
\set VERBOSITY default
\set SHOW_CONTEXT never
\set name guard
\set switches 'rows=31000'
\i setup/tixngo.psql
ALTER SERVER guard OPTIONS (ADD page_size '500');
ALTER FOREIGN TABLE ticket_status_logs OPTIONS (ADD max_window '7 days');
-- Nothing is known yet of how much it would be; nothing is sent
EXPLAIN SELECT * FROM ticket_status_logs WHERE createddate >= '2026-01-01' AND createddate < '2026-01-09';
SELECT count(*) FROM ticket_status_logs WHERE createddate > now() - interval '8 days';
SELECT count(*) FROM ticket_status_logs WHERE date_trunc('month', createddate) = '2026-01-01';
SELECT count(*) FROM ticket_status_logs WHERE createddate BETWEEN '2026-01-01' AND '2026-01-05' OR createddate BETWEEN '2026-01-10' AND '2026-01-15';
-- Until now is as long as it is today
\set VERBOSITY sqlstate
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-01';
\set VERBOSITY default
\! "$RESTLOG_LAB" requests guard
-- As long as it may be
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-01' AND createddate < '2026-01-08';
SELECT count(*) FROM ticket_status_logs WHERE createddate BETWEEN '2026-01-01' AND '2026-01-03' OR createddate BETWEEN '2026-01-10' AND '2026-01-12';
-- The session has learned how dense the log is
SELECT * FROM ticket_status_logs WHERE createddate >= '2026-01-01' AND createddate < '2026-02-01' AND actionname = 'ACTIVATE';
-- Several values are several chains over one window, and no longer for it
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-01' AND createddate < '2026-01-06' AND actor IN ('Device', 'S-360');
-- What is known only when the scan starts is refused then: a generic plan, a joined range
SET plan_cache_mode = force_generic_plan;
PREPARE ranged(timestamptz, timestamptz) AS SELECT count(*) FROM ticket_status_logs WHERE createddate >= $1 AND createddate < $2;
EXECUTE ranged('2026-01-01', '2026-01-02');
EXECUTE ranged('2026-01-01', '2026-01-31');
RESET plan_cache_mode;
CREATE TABLE ranges (lo timestamptz, hi timestamptz);
INSERT INTO ranges VALUES ('2026-01-01', '2026-01-02'), ('2026-01-01', '2026-01-31');
SELECT r.lo, s.count FROM ranges r, LATERAL (SELECT count(*) FROM ticket_status_logs WHERE createddate >= r.lo AND createddate < r.hi) s;
-- The option itself
ALTER FOREIGN TABLE ticket_status_logs OPTIONS (SET max_window 'a while');
ALTER FOREIGN TABLE ticket_status_logs OPTIONS (SET max_window '-1 day');
ALTER SERVER guard OPTIONS (ADD max_window '1 day');
ALTER FOREIGN TABLE ticket_status_logs OPTIONS (SET max_window '1 month');
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-01' AND createddate < '2026-02-01';
ALTER FOREIGN TABLE ticket_status_logs OPTIONS (DROP max_window);

-- Requests: refused when it is planned, as far as the session knows how many there will be
\! "$RESTLOG_LAB" requests guard --count > /dev/null
SET restlog_fdw.max_requests = 20;
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-01' AND createddate < '2026-02-01';
\! "$RESTLOG_LAB" requests guard
-- Who may stop early is not refused, and reads what it needs
SELECT count(*) FROM (SELECT 1 FROM ticket_status_logs WHERE createddate >= '2026-01-01' AND createddate < '2026-02-01' LIMIT 10) few;
SELECT EXISTS (SELECT 1 FROM ticket_status_logs WHERE createddate >= '2026-01-01' AND createddate < '2026-02-01');
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-01' AND createddate < '2026-01-03';
-- Where nothing is known the scan itself stops at the limit, with an error
\c
SET search_path = guard;
SET restlog_fdw.max_requests = 3;
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-01' AND createddate < '2026-02-01';
RESET restlog_fdw.max_requests;
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-01' AND createddate < '2026-02-01';
-- EXPLAIN tells what is expected, where it shows estimates at all
CREATE FUNCTION told(label text, query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE plan json;
BEGIN
  EXECUTE format('EXPLAIN (VERBOSE, ANALYZE %s, FORMAT JSON) %s', (label = 'Advice')::text, query) INTO plan;
  RETURN plan #>> ARRAY['0', 'Plan', label];
END $$;
SELECT told('Expected Requests', $$SELECT * FROM ticket_status_logs WHERE createddate >= '2026-01-01' AND createddate < '2026-02-01'$$);
SELECT told('Expected Requests', $$SELECT * FROM ticket_status_logs WHERE createddate = '2026-01-01'$$);
SELECT told('Expected Requests', $$SELECT * FROM ticket_status_logs WHERE createddate >= '2026-01-01' AND createddate < '2026-01-03' AND actor IN ('Device', 'S-360')$$);

-- Most rows read in vain: EXPLAIN ANALYZE says by which condition, and what to ask for instead
SELECT told('Advice', $$SELECT * FROM ticket_status_logs WHERE createddate >= '2026-01-01' AND createddate < '2026-01-03' AND lower(actionname) = 'activate'$$);
SELECT told('Advice', $$SELECT * FROM ticket_status_logs WHERE createddate >= '2026-01-01' AND createddate < '2026-01-03' AND actionname LIKE 'ACT%' AND actor = 'Device'$$);
SELECT told('Advice', $$SELECT * FROM ticket_status_logs WHERE createddate >= '2026-01-01' AND createddate < '2026-01-03' AND ticketid <> 'x'$$) IS NULL AS nothing_to_say;
SET restlog_fdw.pushdown = off;
SELECT told('Advice', $$SELECT * FROM ticket_status_logs WHERE createddate >= '2026-01-01' AND createddate < '2026-01-03' AND actionname = 'ACTIVATE'$$);
-- The last seven days are seven days, although the scan starts a little after the query's now()
ALTER FOREIGN TABLE ticket_status_logs OPTIONS (ADD max_window '7 days');
SELECT count(*) FROM ticket_status_logs WHERE createddate >= now() - interval '7 days';
-- A day, and a month, are as long as the clocks say
SET TimeZone = 'Europe/Zurich';
ALTER FOREIGN TABLE ticket_status_logs OPTIONS (SET max_window '1 day');
SELECT count(*) FROM ticket_status_logs WHERE createddate::date = '2026-03-28';
SELECT count(*) FROM ticket_status_logs WHERE createddate::date = '2026-10-25';
ALTER FOREIGN TABLE ticket_status_logs OPTIONS (SET max_window '31 days');
SELECT count(*) FROM ticket_status_logs WHERE date_trunc('month', createddate) = '2026-10-01';
ALTER FOREIGN TABLE ticket_status_logs OPTIONS (DROP max_window);
-- A bound at the beginning of time is a bound: no default takes its place
ALTER FOREIGN TABLE ticket_status_logs OPTIONS (ADD default_from '2026-01-20');
SELECT (SELECT count(*) FROM ticket_status_logs WHERE createddate::date > '-infinity') AS date,
  (SELECT count(*) FROM ticket_status_logs WHERE createddate AT TIME ZONE 'Europe/Zurich' > '-infinity') AS clock,
  (SELECT count(*) FROM ticket_status_logs WHERE createddate + interval '1 day' > '-infinity') AS sum,
  (SELECT count(*) FROM ticket_status_logs WHERE now() - createddate < interval '100000 years') AS ago,
  (SELECT count(*) FROM ticket_status_logs WHERE extract(epoch FROM createddate) > '-1e30') AS seconds;
RESET restlog_fdw.pushdown;
-- What another filter leaves is not known by what all records are: it is not refused
SET restlog_fdw.max_requests = 20;
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-01' AND createddate < '2026-02-01' AND fromownerid = 'nobody';
