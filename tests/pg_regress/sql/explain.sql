-- What EXPLAIN shows, in its formats, and after ANALYZE.
\set VERBOSITY terse
\set name explained
\set switches 'rows=31000'
\i setup/tixngo.psql
-- Times change from run to run: they are shown only where TIMING asks for them, and masked here.
CREATE FUNCTION plan(query text, options text DEFAULT '') RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (COSTS OFF, SUMMARY OFF' || options || ') ' || query LOOP
    RETURN NEXT regexp_replace(regexp_replace(line, '\d+\.\d+', 'N.N', 'g'), 'Memory: \d+kB|Memory Usage: \d+kB', 'Memory: NkB');
  END LOOP;
END $$;
SELECT plan($$SELECT actionname, count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND createddate < '2026-01-07' AND actionname IN ('ACTIVATE', 'CONTROL') AND ticketid LIKE '%7' GROUP BY 1$$);
SELECT plan($$SELECT actionname, count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND createddate < '2026-01-07' AND actionname IN ('ACTIVATE', 'CONTROL') AND ticketid LIKE '%7' GROUP BY 1$$, ', VERBOSE');
SELECT plan($$SELECT actionname, count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND createddate < '2026-01-07' AND actionname IN ('ACTIVATE', 'CONTROL') AND ticketid LIKE '%7' GROUP BY 1$$, ', ANALYZE, TIMING OFF');
SELECT plan($$SELECT ticketid FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND createddate < '2026-01-07'$$, ', ANALYZE');
SELECT plan($$SELECT ticketid FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND createddate < '2026-01-05'$$, ', ANALYZE, TIMING OFF');
SELECT plan($$SELECT ticketid FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND actor IN ('Device', 'S-360')$$, ', ANALYZE, TIMING OFF');
SELECT plan($$SELECT ticketid FROM ticket_status_logs WHERE createddate >= '2026-01-05' LIMIT 3$$, ', VERBOSE, ANALYZE, TIMING OFF');
EXPLAIN (VERBOSE, COSTS OFF, FORMAT JSON) SELECT ticketid FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND (checked OR actor = 'Device');
-- Estimates are never 0, so that no plan reads the API twice for nothing
SELECT plan($$SELECT count(*) FROM ticket_status_logs a JOIN ticket_status_logs b ON a.fromownerid = b.toownerid WHERE a.createddate >= '2026-01-05' AND b.createddate >= '2026-01-05'$$);
SELECT plan($$SELECT count(*) FROM generate_series(1, 100) g JOIN ticket_status_logs b ON b.ticketid > g::text WHERE b.createddate >= '2026-01-05'$$);
-- A LIMIT sizes the first page where every condition is in the request, and not where rows are dropped afterwards
SELECT line FROM plan($$SELECT ticketid FROM ticket_status_logs WHERE createddate::date >= '2026-01-05' AND actionname = 'ACTIVATE' LIMIT 3$$, ', VERBOSE') line WHERE line ~ 'Request|Conditions';
SELECT line FROM plan($$SELECT ticketid FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND ticketid LIKE '%7' LIMIT 3$$, ', VERBOSE') line WHERE line ~ 'Request|Conditions';
SELECT line FROM plan($$SELECT ticketid FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND (actionname = 'ACTIVATE' OR actor = 'Device') LIMIT 3$$, ', VERBOSE') line WHERE line ~ 'Request|Conditions';
SELECT line FROM plan($$SELECT DISTINCT actor FROM ticket_status_logs WHERE createddate >= '2026-01-05' LIMIT 3$$, ', VERBOSE') line WHERE line ~ 'Request|Conditions';
SELECT line FROM plan($$SELECT ticketid FROM ticket_status_logs WHERE createddate >= '2026-01-05' ORDER BY ticketid LIMIT 3$$, ', VERBOSE') line WHERE line ~ 'Request|Conditions';
