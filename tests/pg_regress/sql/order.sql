-- A declared order: ORDER BY it needs no sort, also with many requests in flight, and a newest-first API answers the newest rows with one page.
\set VERBOSITY default
\set SHOW_CONTEXT never
\set name upward
\set switches 'rows=3100,ties=7'
\i setup/tixngo.psql
\set name downward
\set switches 'rows=3100,ties=7,order=desc'
\i setup/tixngo.psql
SET search_path = public;
ALTER SERVER upward OPTIONS (SET concurrency '8', ADD page_size '50');
ALTER SERVER downward OPTIONS (SET concurrency '8', ADD page_size '50');
ALTER FOREIGN TABLE upward.ticket_status_logs OPTIONS (ADD order 'ascending');
ALTER FOREIGN TABLE downward.ticket_status_logs OPTIONS (ADD order 'descending');
CREATE TABLE truth AS SELECT ticketid, ticketstatuslogid, createddate FROM upward.ticket_status_logs WHERE createddate >= '2026-01-01' AND createddate < '2026-02-01';
SELECT count(*) FROM truth;
-- Whether a query's rows come in order, and are those of the copy.
CREATE FUNCTION in_order(query text, descending bool) RETURNS TABLE (rows bigint, sorted bool, same bool) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE 'CREATE TEMP TABLE came AS SELECT row_number() OVER () AS n, * FROM (' || query || ') q';
  RETURN QUERY SELECT count(*), bool_and(CASE WHEN descending THEN before >= createddate ELSE before <= createddate END),
    NOT EXISTS ((SELECT ticketid, ticketstatuslogid, createddate FROM came EXCEPT ALL TABLE truth)) FROM (SELECT createddate, lag(createddate, 1, createddate) OVER (ORDER BY n) AS before FROM came) c;
  DROP TABLE came;
END $$;

EXPLAIN (VERBOSE, COSTS OFF) SELECT ticketid FROM upward.ticket_status_logs WHERE createddate >= '2026-01-01' AND createddate < '2026-02-01' ORDER BY createddate;
SELECT * FROM in_order('SELECT ticketid, ticketstatuslogid, createddate FROM upward.ticket_status_logs WHERE createddate >= ''2026-01-01'' AND createddate < ''2026-02-01'' ORDER BY createddate', false);
SELECT * FROM in_order('SELECT ticketid, ticketstatuslogid, createddate FROM downward.ticket_status_logs WHERE createddate >= ''2026-01-01'' AND createddate < ''2026-02-01'' ORDER BY createddate DESC', true);
SELECT * FROM in_order('SELECT ticketid, ticketstatuslogid, createddate FROM upward.ticket_status_logs WHERE (createddate >= ''2026-01-20'' AND createddate < ''2026-01-25'') OR (createddate >= ''2026-01-03'' AND createddate < ''2026-01-07'') ORDER BY createddate', false);
SELECT * FROM in_order('SELECT ticketid, ticketstatuslogid, createddate FROM downward.ticket_status_logs WHERE ((createddate >= ''2026-01-20'' AND createddate < ''2026-01-25'') OR (createddate >= ''2026-01-03'' AND createddate < ''2026-01-07'')) AND actionname IN (''ACTIVATE'', ''CONTROL'') ORDER BY createddate DESC', true);

-- The newest fifty of a newest-first API: one request, of that size
\! "$RESTLOG_LAB" requests downward --count > /dev/null
SELECT count(*), min(createddate), max(createddate) FROM (SELECT createddate FROM downward.ticket_status_logs WHERE createddate >= '2026-01-01' ORDER BY createddate DESC LIMIT 40) newest;
\! "$RESTLOG_LAB" requests downward
SELECT count(*), min(createddate), max(createddate) FROM (SELECT createddate FROM truth ORDER BY createddate DESC LIMIT 40) newest;
SELECT createddate FROM downward.ticket_status_logs WHERE createddate < '2026-01-15' AND createddate >= '2026-01-01' ORDER BY createddate DESC OFFSET 60 LIMIT 2;
SELECT createddate FROM truth WHERE createddate < '2026-01-15' ORDER BY createddate DESC OFFSET 60 LIMIT 2;

-- The newest time, or the oldest, is the first row's: one request for one record
EXPLAIN (COSTS OFF) SELECT max(createddate) FROM downward.ticket_status_logs WHERE createddate >= '2026-01-01';
\! "$RESTLOG_LAB" requests downward --count > /dev/null
SELECT max(createddate) = (SELECT max(createddate) FROM truth) AS same FROM downward.ticket_status_logs WHERE createddate >= '2026-01-01';
\! "$RESTLOG_LAB" requests downward
\! "$RESTLOG_LAB" requests upward --count > /dev/null
SELECT min(createddate) = (SELECT min(createddate) FROM truth WHERE createddate > '2026-01-10') AS same FROM upward.ticket_status_logs WHERE createddate > '2026-01-10';
\! "$RESTLOG_LAB" requests upward
-- Not the other end, not of another column, not where several chains are read
EXPLAIN (COSTS OFF) SELECT min(createddate) FROM downward.ticket_status_logs WHERE createddate >= '2026-01-01';
EXPLAIN (COSTS OFF) SELECT max(ticketid) FROM downward.ticket_status_logs WHERE createddate >= '2026-01-01';
EXPLAIN (COSTS OFF) SELECT max(createddate) FROM downward.ticket_status_logs WHERE createddate >= '2026-01-01' AND actor IN ('Device', 'S-360');
-- A local condition may drop the first rows: more are read, and the answer is right
SELECT max(createddate) = (SELECT max(createddate) FROM truth WHERE ticketid LIKE '%77') AS same FROM downward.ticket_status_logs WHERE createddate >= '2026-01-01' AND ticketid LIKE '%77';

-- No order where it cannot be kept: the other way round, several chains, times that may be NULL, a switch
EXPLAIN (COSTS OFF) SELECT ticketid FROM upward.ticket_status_logs WHERE createddate >= '2026-01-01' ORDER BY createddate DESC;
EXPLAIN (COSTS OFF) SELECT ticketid FROM upward.ticket_status_logs WHERE createddate >= '2026-01-01' AND actor IN ('Device', 'S-360') ORDER BY createddate;
EXPLAIN (COSTS OFF) SELECT ticketid FROM upward.ticket_status_logs WHERE createddate >= '2026-01-01' AND mobileappid IN ('my-app', 'other-app') ORDER BY createddate;
EXPLAIN (COSTS OFF) SELECT ticketid FROM upward.ticket_status_logs WHERE createddate >= '2026-01-01' ORDER BY ticketid;
-- A second key is sorted within the first
EXPLAIN (COSTS OFF) SELECT ticketid FROM upward.ticket_status_logs WHERE createddate >= '2026-01-01' ORDER BY createddate, ticketid LIMIT 10;
SELECT md5(string_agg(l::text, ',')) = (SELECT md5(string_agg(t::text, ',')) FROM (SELECT ticketid, createddate FROM truth ORDER BY createddate, ticketid COLLATE "C", ticketstatuslogid LIMIT 100) t) AS same
  FROM (SELECT ticketid, createddate FROM upward.ticket_status_logs WHERE createddate >= '2026-01-01' ORDER BY createddate, ticketid COLLATE "C", ticketstatuslogid LIMIT 100) l;

-- A declaration that is wrong is an error, not a wrong order
ALTER FOREIGN TABLE downward.ticket_status_logs OPTIONS (SET order 'ascending');
SELECT count(*) FROM (SELECT ticketid FROM downward.ticket_status_logs WHERE createddate >= '2026-01-01' AND createddate < '2026-02-01' ORDER BY createddate OFFSET 0) s;
ALTER FOREIGN TABLE downward.ticket_status_logs OPTIONS (SET order 'none');
SELECT * FROM in_order('SELECT ticketid, ticketstatuslogid, createddate FROM downward.ticket_status_logs WHERE createddate >= ''2026-01-01'' AND createddate < ''2026-02-01'' ORDER BY createddate', false);
ALTER FOREIGN TABLE downward.ticket_status_logs OPTIONS (SET order 'sideways');
