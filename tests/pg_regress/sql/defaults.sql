-- An option stands in for a condition only where the query says nothing of that column; and somebody is told (law 13).
\set VERBOSITY default
\set SHOW_CONTEXT never
\set name defaults
\set switches 'rows=3100'
\i setup/tixngo.psql
ALTER SERVER defaults OPTIONS (ADD page_size '100');
CREATE TABLE truth (LIKE ticket_status_logs);
\copy truth FROM PROGRAM '"$RESTLOG_LAB" rows rows=3100' CSV HEADER
ALTER FOREIGN TABLE ticket_status_logs OPTIONS (ADD default_from '2026-01-25');

-- 1. Nothing is said of the time: the default stands in, and a scan to its end says so
SELECT count(*) FROM ticket_status_logs;
SELECT defaults FROM restlog.last_scan();
SELECT count(*) FROM ticket_status_logs WHERE actionname = 'ACTIVATE';
SELECT max(createddate) FROM ticket_status_logs;
SELECT count(*) FROM ticket_status_logs WHERE createddate IS NOT NULL;
EXPLAIN (VERBOSE, COSTS OFF) SELECT ticketid FROM ticket_status_logs WHERE actionname = 'ACTIVATE';
-- A preview is content with its first page: nothing is said
SELECT count(*) FROM (SELECT * FROM ticket_status_logs LIMIT 50) preview;
\! "$RESTLOG_LAB" requests defaults --count > /dev/null
-- Once for a scan, however often the plan starts it
SELECT n, (SELECT count(*) FROM ticket_status_logs WHERE actionname > n::text) > 0 AS any FROM generate_series(1, 3) n;

-- 2. Something is said, and a lower bound follows: no default
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-20';
SELECT defaults FROM restlog.last_scan();
SELECT count(*) FROM ticket_status_logs WHERE createddate::date = '2026-01-05';

-- 3. Something is said, and no lower bound follows: refused, as without the default
SELECT count(*) FROM ticket_status_logs WHERE to_char(createddate, 'YYYY-MM') = '2026-01';  -- ERROR
SELECT count(*) FROM ticket_status_logs WHERE createddate < '2026-01-28';                   -- ERROR
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-10' OR actionname = 'ACTIVATE'; -- ERROR
SELECT count(*) FROM ticket_status_logs WHERE extract(month FROM createddate) = 1;          -- ERROR
SELECT count(*) FROM ticket_status_logs WHERE createddate = updateddate;                    -- ERROR
-- The column is NOT NULL where the API answers by time only, so that this is just a lower bound
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-10' OR createddate IS NULL;
ALTER FOREIGN TABLE ticket_status_logs ALTER COLUMN createddate DROP NOT NULL;
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-10' OR createddate IS NULL; -- ERROR
SELECT count(*) FROM ticket_status_logs WHERE createddate IS NULL;                          -- ERROR
ALTER FOREIGN TABLE ticket_status_logs ALTER COLUMN createddate SET NOT NULL;

-- 4. A parameter decides whether anything is said
PREPARE since(timestamptz) AS SELECT count(*) FROM ticket_status_logs WHERE $1 IS NULL OR createddate >= $1;
SET plan_cache_mode = force_generic_plan;
EXECUTE since('2026-01-20');
EXECUTE since(NULL);
PREPARE between_both(timestamptz, timestamptz) AS SELECT count(*) FROM ticket_status_logs WHERE ($1 IS NULL OR createddate >= $1) AND ($2 IS NULL OR createddate < $2);
EXECUTE between_both('2026-01-20', '2026-01-22');
EXECUTE between_both(NULL, NULL);
EXECUTE between_both(NULL, '2026-01-28');                                                   -- ERROR
RESET plan_cache_mode;

-- 5. What a join says of the time
CREATE TABLE days AS SELECT timestamptz '2026-01-20' + n * interval '1 day' AS day, to_char(timestamptz '2026-01-20' + n * interval '1 day', 'YYYY-MM-DD') AS name FROM generate_series(0, 2) n;
ANALYZE days;
SELECT count(*) FROM days d JOIN ticket_status_logs t ON t.createddate >= d.day AND t.createddate < d.day + interval '1 day';
SELECT count(*) FROM days d JOIN truth t ON t.createddate >= d.day AND t.createddate < d.day + interval '1 day';
SELECT count(*) FROM days d JOIN ticket_status_logs t ON to_char(t.createddate, 'YYYY-MM-DD') = d.name; -- ERROR
SELECT count(*) FROM days d LEFT JOIN ticket_status_logs t ON to_char(t.createddate, 'YYYY-MM-DD') = d.name; -- ERROR
SELECT count(*) FROM days d WHERE EXISTS (SELECT FROM ticket_status_logs t WHERE to_char(t.createddate, 'YYYY-MM-DD') = d.name); -- ERROR
-- The kept side of an outer join is restricted by nothing
SELECT count(*), count(d.day) FROM ticket_status_logs t LEFT JOIN days d ON to_char(t.createddate, 'YYYY-MM-DD') = d.name;

-- 6. A condition that is not seen: behind a barrier, and behind another server
CREATE VIEW guarded WITH (security_barrier) AS SELECT * FROM ticket_status_logs;
SELECT count(*) FROM guarded WHERE to_char(createddate, 'YYYY-MM-DD') = '2026-01-20';
SELECT count(*) FROM guarded WHERE createddate >= '2026-01-20' AND createddate < '2026-01-21';
CREATE EXTENSION postgres_fdw;
\set ECHO none
SELECT format('CREATE SERVER front FOREIGN DATA WRAPPER postgres_fdw OPTIONS (dbname %L, host %L, port %L)', current_database(), current_setting('unix_socket_directories'), current_setting('port')) \gexec
\set ECHO all
CREATE USER MAPPING FOR CURRENT_USER SERVER front;
CREATE FOREIGN TABLE fronted (createddate timestamptz, ticketid text) SERVER front OPTIONS (schema_name 'defaults', table_name 'ticket_status_logs');
SELECT count(*) FROM fronted WHERE createddate >= now() - interval '20 years' AND createddate < '2026-01-28'; -- ERROR: the upper bound alone arrives
-- Nothing arrives: rows are missing, and the notice is the other server's. Only preview_only helps here
SELECT count(*) FROM fronted WHERE createddate >= now() - interval '20 years';
SELECT count(*) FROM fronted WHERE createddate >= '2026-01-20' AND createddate < '2026-01-28';

-- 7. A default for previews only
ALTER FOREIGN TABLE ticket_status_logs OPTIONS (ADD preview_only 'true');
SELECT count(*) FROM (SELECT * FROM ticket_status_logs LIMIT 100) preview;
SELECT count(*) FROM (SELECT * FROM ticket_status_logs LIMIT 101) preview;                  -- ERROR
SELECT count(*) FROM ticket_status_logs;                                                    -- ERROR
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-20';
SELECT count(*) FROM guarded WHERE to_char(createddate, 'YYYY-MM-DD') = '2026-01-20';       -- ERROR
SELECT count(*) FROM fronted WHERE createddate >= now() - interval '20 years';              -- ERROR
ALTER FOREIGN TABLE ticket_status_logs OPTIONS (SET preview_only 'maybe');                  -- ERROR
ALTER FOREIGN TABLE ticket_status_logs OPTIONS (SET default_from '2026-01-31', SET preview_only 'on');
-- One page holds all: nothing is cut off
SELECT count(*) FROM ticket_status_logs;
ALTER FOREIGN TABLE ticket_status_logs OPTIONS (DROP preview_only, DROP default_from);

-- 8. Request parameters: mobile_app_id
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-31';
SELECT defaults FROM restlog.last_scan();
SELECT mobileappid, count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-31' AND mobileappid = 'other-app' GROUP BY 1;
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-31' AND mobileappid IS NOT NULL;
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-31' AND mobileappid LIKE 'other%';   -- ERROR
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-31' AND lower(mobileappid) = 'my-app'; -- ERROR
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-31' AND mobileappid IS NULL;         -- ERROR
CREATE TABLE apps AS SELECT 'other-app' AS app;
SELECT count(*) FROM apps a JOIN ticket_status_logs t ON t.createddate >= '2026-01-31' AND t.mobileappid <> a.app; -- ERROR
PREPARE of_app(text) AS SELECT mobileappid, count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-31' AND ($1 IS NULL OR mobileappid = $1) GROUP BY 1;
SET plan_cache_mode = force_generic_plan;
EXECUTE of_app('other-app');
EXECUTE of_app(NULL);
RESET plan_cache_mode;
EXPLAIN (VERBOSE, COSTS OFF) EXECUTE of_app(NULL);
-- tickets_report
SELECT report, count(*) > 0 AS any FROM tickets GROUP BY 1;
SELECT report, count(*) > 0 AS any FROM tickets WHERE report = 'tickets' GROUP BY 1;
SELECT count(*) FROM tickets WHERE report <> 'tickets-light';                               -- ERROR
-- group_id, which the API does not demand
\set name defaults_huawei
\set switches 'cases=20'
\set source huawei
\i setup/token.psql
\set VERBOSITY default
ALTER SERVER defaults_huawei OPTIONS (ADD group_id 'g1');
SELECT group_id, count(*) FROM cases GROUP BY 1;                                            -- ERROR: the simulator knows no group
SELECT defaults FROM restlog.last_scan();
SELECT count(*) FROM cases WHERE group_id <> 'g2';                                          -- ERROR
SELECT group_id, count(*) FROM cases WHERE group_id IS NULL GROUP BY 1;
SELECT defaults FROM restlog.last_scan();

-- LIMIT 0, and whatever can return no row, is never refused
SELECT * FROM operate_logs LIMIT 0;
SELECT * FROM defaults.ticket_status_logs LIMIT 0;
SELECT count(*) FROM (SELECT * FROM (SELECT ticketid FROM defaults.ticket_status_logs WHERE actionname = 'x' OFFSET 0) s LIMIT 0) t;
SELECT count(*) FROM defaults.ticket_status_logs WHERE now() < '2000-01-01';
CREATE TEMP TABLE shape AS SELECT * FROM defaults.ticket_status_logs WITH NO DATA;
EXPLAIN (COSTS OFF, VERBOSE) SELECT ticketid FROM defaults.ticket_status_logs LIMIT 0;
WITH none AS (SELECT * FROM defaults.ticket_status_logs LIMIT 0) SELECT count(*) FROM none;
SELECT (SELECT count(*) FROM defaults.ticket_status_logs) FROM (SELECT 1 LIMIT 0) none;
\! "$RESTLOG_LAB" requests defaults_huawei --count
-- A row is wanted after all
SELECT count(*) FROM defaults.ticket_status_logs LIMIT 0;                                   -- no aggregate is started
SELECT (SELECT count(*) FROM defaults.ticket_status_logs);                                  -- ERROR
