-- Where an answer could depend on the plan, on rounding, on a default, or come twice. Each was wrong once.
\set VERBOSITY default
\set name traps
\set switches 'rows=3100,case=insensitive'
\i setup/tixngo.psql
CREATE TABLE truth (LIKE ticket_status_logs);
\copy truth FROM PROGRAM '"$RESTLOG_LAB" rows rows=3100' CSV HEADER

-- A join's value goes before the option's default, in every plan
CREATE TABLE apps (app text);
INSERT INTO apps VALUES ('my-app'), ('other-app');
ANALYZE apps;
SELECT a.app, count(*) FROM apps a JOIN ticket_status_logs t ON t.mobileappid = a.app WHERE t.createddate >= '2026-01-30' GROUP BY 1 ORDER BY 1;
SET enable_nestloop = off;
SELECT a.app, count(*) FROM apps a JOIN ticket_status_logs t ON t.mobileappid = a.app WHERE t.createddate >= '2026-01-30' GROUP BY 1 ORDER BY 1;
RESET enable_nestloop;
SELECT mobileappid, count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-30' AND mobileappid IN (SELECT app FROM apps) GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-30' AND (mobileappid = 'other-app' OR actionname = 'ACTIVATE'); -- ERROR
-- So does a join's lower bound
ALTER FOREIGN TABLE ticket_status_logs OPTIONS (ADD default_from '2026-01-31');
CREATE TABLE starts AS SELECT '2026-01-30'::timestamptz AS at;
ANALYZE starts;
SELECT count(*) FROM starts s JOIN ticket_status_logs t ON t.createddate >= s.at;
SET enable_nestloop = off;
SELECT count(*) FROM starts s JOIN ticket_status_logs t ON t.createddate >= s.at;
RESET enable_nestloop;
SELECT count(*) FROM ticket_status_logs;
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '-infinity' AND createddate < '2026-02-01';
ALTER FOREIGN TABLE ticket_status_logs OPTIONS (SET default_from '-7 days');              -- ERROR
ALTER FOREIGN TABLE ticket_status_logs OPTIONS (DROP default_from);

-- A row belongs to one slice also where the API ignores case and a branch of the OR is dead
\! "$RESTLOG_LAB" requests traps --count
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND actor IN ('Device', 'device');
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND (actor IN ('Device', 'device') OR (createddate >= '2026-02-01' AND createddate < '2026-01-01'));
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND (actor IN ('Device', 'device') OR fromstatus = (SELECT NULL::text));
SELECT count(*) FROM truth WHERE createddate >= '2026-01-05' AND actor IN ('Device', 'device');
\! "$RESTLOG_LAB" requests traps --sort

-- Types that round or cut: nothing is pushed that the API's own value would not match
CREATE FOREIGN TABLE rounded (createddate timestamptz(0), ticketid text) SERVER traps OPTIONS (table 'ticket_status_logs', default_from '2026-01-01');
CREATE TABLE rounded_truth AS SELECT createddate::timestamptz(0), ticketid FROM truth;
SELECT createddate, count(*) FROM rounded_truth WHERE createddate >= '2026-01-05 00:14:24' AND createddate < '2026-01-05 01:00' GROUP BY 1 ORDER BY 1;
SELECT createddate, count(*) FROM rounded WHERE createddate >= '2026-01-05 00:14:24' AND createddate < '2026-01-05 01:00' GROUP BY 1 ORDER BY 1;
EXPLAIN (VERBOSE, COSTS OFF) SELECT ticketid FROM rounded WHERE createddate = '2026-01-05 00:14:24';
CREATE FOREIGN TABLE cut (createddate timestamptz, actionname varchar(20), actor char(10), fromowner int OPTIONS (field '/fromOwnerId')) SERVER traps OPTIONS (table 'ticket_status_logs');
EXPLAIN (VERBOSE, COSTS OFF) SELECT 1 FROM cut WHERE createddate >= '2026-01-05' AND actionname = 'ACTIVATE' AND actor = 'Device' AND fromowner = 1;
-- A unit finer than what is written does not narrow the request
ALTER FOREIGN TABLE ticket_status_logs OPTIONS (ADD time_unit '1us');
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-05 00:00:00.0005' AND createddate <= '2026-01-05 00:14:24.0005';
\! "$RESTLOG_LAB" requests traps --times | tail -2
ALTER FOREIGN TABLE ticket_status_logs OPTIONS (SET time_unit '0.1us');
SELECT count(*) FROM ticket_status_logs WHERE createddate = '2026-01-05';
ALTER FOREIGN TABLE ticket_status_logs OPTIONS (DROP time_unit);

-- An option that only the server can use
ALTER FOREIGN TABLE ticket_status_logs OPTIONS (ADD api_key_header 'X-Other');
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-31';                -- ERROR
ALTER FOREIGN TABLE ticket_status_logs OPTIONS (DROP api_key_header);
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-31';
