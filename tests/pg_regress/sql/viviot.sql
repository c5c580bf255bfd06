-- Viviot's action logs: numbered pages with a total, times in Unix milliseconds, identifiers without dashes, filters that no row carries.
\set VERBOSITY verbose
\set SHOW_CONTEXT never
\set name viviot
\set switches 'rows=2500'
\set source viviot
\i setup/token.psql
\d action_logs
SELECT ok, message FROM restlog.check_server('viviot');

-- The rows are the simulator's; .NET's smallest time is NULL
CREATE TABLE public.truth (LIKE action_logs);
ALTER TABLE public.truth DROP COLUMN userid, DROP COLUMN businessuserid, DROP COLUMN targetthingid, DROP COLUMN targetuserid,
  DROP COLUMN targetbusinessuserid, DROP COLUMN targettaskid, DROP COLUMN targettasklistid;
\copy public.truth FROM PROGRAM '"$RESTLOG_LAB" rows --table viviot.action_logs rows=2500' CSV HEADER
CREATE VIEW own AS SELECT id, timestamp, actioninitiator, actioncode, actionname, actiontargetthing, actiontargetuser, organizationid, actiontargettask, actiontargettasklist, information FROM action_logs;
SELECT count(*), count(timestamp), count(DISTINCT id) FROM own;
(TABLE own EXCEPT ALL TABLE public.truth) UNION ALL (TABLE public.truth EXCEPT ALL TABLE own);
\! "$RESTLOG_LAB" requests viviot

-- Time range and action travel; the answer is that of the copy
SELECT count(*) FROM action_logs WHERE timestamp >= '2026-01-10' AND timestamp < '2026-01-20' AND actioncode = 12;
SELECT count(*) FROM public.truth WHERE timestamp >= '2026-01-10' AND timestamp < '2026-01-20' AND actioncode = 12;
SELECT count(*) FROM action_logs WHERE timestamp > '2026-01-10' AND timestamp <= '2026-01-20' AND actioncode IN (12, 20);
SELECT count(*) FROM public.truth WHERE timestamp > '2026-01-10' AND timestamp <= '2026-01-20' AND actioncode IN (12, 20);
SELECT count(*) FROM action_logs WHERE timestamp >= '2026-01-10' AND timestamp < '2026-01-20' AND actionname = 'Door opened';
SELECT count(*) FROM public.truth WHERE timestamp >= '2026-01-10' AND timestamp < '2026-01-20' AND actionname = 'Door opened';
SELECT count(*) FROM action_logs WHERE timestamp IS NULL;
SELECT count(*) FROM public.truth WHERE timestamp IS NULL;
SELECT count(*) FROM action_logs a JOIN public.truth t ON a.id = t.id WHERE a.timestamp >= '2026-01-30' AND a.organizationid IS NOT NULL;
\! "$RESTLOG_LAB" requests viviot --times --sort | sed -E "s/(From|To)=$(date -u +%Y-%m)[^&]*/\1=<now>/g"

-- Filters that no row carries: the value asked for is the column's, and only then
SELECT count(*), min(userid), max(userid) FROM action_logs WHERE userid = 3;
SELECT userid, count(*) FROM action_logs WHERE userid IN (3, 4) GROUP BY 1 ORDER BY 1;
SELECT count(*), count(userid) FROM action_logs WHERE timestamp >= '2026-01-30';
SELECT u.id, count(a.id) FROM (VALUES (3), (4), (NULL)) u(id) LEFT JOIN action_logs a ON a.userid = u.id GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM action_logs WHERE targetthingid = 'thing-001' AND timestamp >= '2026-01-10';
SELECT count(*) FROM action_logs WHERE userid = 3 OR actioncode = 12;                      -- ERROR
\! "$RESTLOG_LAB" requests viviot --sort

-- A populated responseStatus is an error, whatever else the answer holds; a total that moves or is missing as well
\i setup/fault.psql
CALL fault('fault=response_status');
SELECT count(id) FROM action_logs;
CALL fault('fault=response_status,at=2');
SELECT count(id) FROM action_logs;
CALL fault('fault=moved_total,at=2');
SELECT count(id) FROM action_logs;
CALL fault('fault=shift,at=3');
SELECT count(id) FROM action_logs;
CALL fault('total=absent');
SELECT count(id) FROM action_logs;
CALL fault('role=off');
SELECT count(id) FROM action_logs;
CALL fault('static_token=off');
SELECT count(id) FROM action_logs;
-- A server that clamps the page size, and a page size of our own
CALL fault('max_limit=70,over=clamp');
SELECT count(*), count(DISTINCT id) FROM action_logs;
CALL fault('order=asc');
ALTER SERVER viviot OPTIONS (ADD page_size '300');
SELECT count(*), count(DISTINCT id) FROM action_logs;
SELECT requests, pages, rows FROM restlog.last_scan();
-- An API key instead of a token
ALTER USER MAPPING FOR CURRENT_USER SERVER viviot OPTIONS (DROP token, ADD api_key 'lab-key');
SELECT count(*) FROM action_logs WHERE timestamp >= '2026-01-30';
