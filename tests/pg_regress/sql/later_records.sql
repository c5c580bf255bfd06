-- What is stamped later than the scan's start, and records without a time: a query that does not leave them out gets them.
\set VERBOSITY terse
\set SHOW_CONTEXT never
\set name ahead
-- Half a century of a log: as much lies ahead as behind
\set switches 'rows=2600,start=2000-01-01,end=2052-01-01'
\i setup/tixngo.psql
ALTER SERVER ahead OPTIONS (SET concurrency '4', ADD page_size '300');
SELECT count(*), count(DISTINCT ticketid || ticketstatuslogid), max(createddate) FROM ticket_status_logs WHERE createddate >= '2000-01-01';
SELECT count(*) > 1000 AS many FROM ticket_status_logs WHERE createddate >= now();
SELECT (SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2010-01-01') = (SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2010-01-01' AND createddate < now()) + (SELECT count(*) FROM ticket_status_logs WHERE createddate >= now()) AS whole;
\! "$RESTLOG_LAB" requests ahead --count > /dev/null
SELECT count(*) FROM (SELECT 1 FROM ticket_status_logs WHERE createddate >= '2000-01-01' LIMIT 10) few;
\! "$RESTLOG_LAB" requests ahead
-- Newest first, where the API keeps that order
CREATE SCHEMA downward;
\set switches 'rows=2600,start=2000-01-01,end=2052-01-01,order=desc'
\set base :simulator '/~tag=downward,' :switches '/v4'
CREATE SERVER downward FOREIGN DATA WRAPPER restlog_fdw OPTIONS (source 'tixngo', base_url :'base', mobile_app_id 'my-app', concurrency '4', page_size '300');
CREATE USER MAPPING FOR CURRENT_USER SERVER downward OPTIONS (api_key 'lab-key');
IMPORT FOREIGN SCHEMA tixngo FROM SERVER downward INTO downward;
ALTER FOREIGN TABLE downward.ticket_status_logs OPTIONS (ADD order 'descending');
SELECT max(createddate) FROM downward.ticket_status_logs WHERE createddate >= '2000-01-01';
\! "$RESTLOG_LAB" requests downward
SELECT count(*), bool_and(later) AS in_order FROM (SELECT lag(createddate, 1, 'infinity') OVER () >= createddate AS later FROM (SELECT createddate FROM downward.ticket_status_logs WHERE createddate >= '2000-01-01' ORDER BY createddate DESC) sorted) pairs;

-- Counted pages are read up to the scan's start first, so that new rows cannot shift them, and then what is later
\set name ahead_viviot
\set switches 'rows=2600,start=2000-01-01,end=2052-01-01'
\set source viviot
\i setup/token.psql
SELECT count(*), count(DISTINCT id), count(*) FILTER (WHERE timestamp > now()) > 1000 AS many_ahead FROM action_logs WHERE timestamp >= '2000-01-01';
\! "$RESTLOG_LAB" requests ahead_viviot
EXPLAIN (VERBOSE, COSTS OFF) SELECT id FROM action_logs WHERE timestamp >= '2000-01-01';
SELECT count(*) FROM (SELECT 1 FROM action_logs WHERE timestamp >= '2000-01-01' LIMIT 10) few;
\! "$RESTLOG_LAB" requests ahead_viviot
-- A query that says nothing of the time sends no range: neither what lies ahead nor what has no time is left out
SELECT count(*), count(*) FILTER (WHERE timestamp IS NULL) AS untimed, count(*) FILTER (WHERE timestamp > now()) > 1000 AS many_ahead FROM (SELECT timestamp FROM action_logs OFFSET 0) all_of_them;
SELECT count(*) FROM action_logs WHERE timestamp IS NULL;
\! "$RESTLOG_LAB" requests ahead_viviot --sort

-- An API whose range leaves out records without a time: one in ten
\set base :simulator '/~tag=untimed,rows=3000,untimed=10'
\set definition '{"name": "audit", "auth": [{"header": "X-Key", "value": "{api_key}"}], "tables": [{"name": "entries", "path": "/audit/entries", "records": "", "pagination": {"style": "link_header", "size": {"name": "per_page", "max": 500}}, "time_range": {"column": "at", "from": {"name": "since"}, "to": {"name": "until"}, "unit": "1ms"}, "columns": [{"name": "id", "type": "bigint"}, {"name": "at", "type": "timestamptz"}, {"name": "kind", "filter": {"name": "kind"}}]}]}'
CREATE SERVER untimed FOREIGN DATA WRAPPER restlog_fdw OPTIONS (definition :'definition', base_url :'base', concurrency '4');
CREATE USER MAPPING FOR CURRENT_USER SERVER untimed OPTIONS (api_key 'lab-key');
IMPORT FOREIGN SCHEMA audit FROM SERVER untimed INTO ahead_viviot;
SELECT count(*), count(at), count(DISTINCT id) FROM entries;
SELECT count(*) FROM entries WHERE at IS NULL;
SELECT count(*), count(at) FROM entries WHERE kind = 'login';
SELECT count(*), count(at) FROM entries WHERE at >= '2026-01-01';
SELECT count(*), count(at) FROM entries WHERE at >= '2026-01-20' OR at IS NULL;
SELECT count(*), count(at) FROM entries WHERE at < '2026-01-20' OR at IS NULL;
\! "$RESTLOG_LAB" requests untimed | sed 's/after=[^& ]*/after=<key>/' | sort | uniq -c | sed 's/^ *//'
-- A default bounds the time: a record without one is not in it, also where the API returns it in any range
ALTER FOREIGN TABLE entries OPTIONS (ADD default_from '2026-01-01');
SELECT count(*), count(at) FROM entries;
\set base :simulator '/~tag=untimed,rows=3000,untimed=10,untimed_in_range=on'
ALTER SERVER untimed OPTIONS (SET base_url :'base');
SELECT count(*), count(at) FROM entries;
SELECT count(*) FROM entries WHERE at IS NULL;
ALTER FOREIGN TABLE entries OPTIONS (DROP default_from);
SELECT count(*), count(at) FROM entries WHERE at >= '2026-01-01';
-- Who declares that there is always a time is told of a record without one
ALTER FOREIGN TABLE entries ALTER COLUMN at SET NOT NULL;
SELECT count(*) FROM entries WHERE at >= '2026-01-01';                                     -- ERROR
-- All scans of a statement have one start: they send one end of the range, however long it takes
SELECT (SELECT count(*) FROM action_logs WHERE timestamp >= '2020-01-01') = (SELECT count(id) FROM action_logs WHERE timestamp >= '2020-01-01' AND (SELECT pg_sleep(0.02)) IS NOT NULL) AS same;
\! "$RESTLOG_LAB" requests ahead_viviot --times | grep -o 'To=[^& ]*' | sort -u | wc -l
-- The next statement has its own
SELECT count(*) > 0 AS some FROM action_logs WHERE timestamp >= '2020-01-01';
SELECT pg_sleep(1.1);
SELECT count(*) > 0 AS some FROM action_logs WHERE timestamp >= '2020-01-01';
\! "$RESTLOG_LAB" requests ahead_viviot --times | grep -o 'To=[^& ]*' | sort -u | wc -l
