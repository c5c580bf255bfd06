-- A join on the column of times: the other side's range holds for this side as well, so that it is read once, not once for each row.
\set VERBOSITY terse
\set SHOW_CONTEXT never
\set name time_joins
\set switches 'rows=3100'
\i setup/tixngo.psql
ALTER SERVER time_joins OPTIONS (ADD page_size '500');
CREATE TABLE truth (LIKE ticket_status_logs);
\copy truth FROM PROGRAM '"$RESTLOG_LAB" rows rows=3100' CSV HEADER
ANALYZE truth;
EXPLAIN (VERBOSE, COSTS OFF) SELECT count(*) FROM ticket_status_logs a JOIN ticket_status_logs b USING (createddate, ticketid) WHERE a.createddate >= '2026-01-10' AND a.createddate < '2026-01-12';
SELECT count(*) FROM ticket_status_logs a JOIN ticket_status_logs b USING (createddate, ticketid) WHERE a.createddate >= '2026-01-10' AND a.createddate < '2026-01-12';
SELECT count(*) FROM truth a JOIN truth b USING (createddate, ticketid) WHERE a.createddate >= '2026-01-10' AND a.createddate < '2026-01-12';
\! "$RESTLOG_LAB" requests time_joins --times --sort | uniq -c | sed 's/^ *//'
-- From a local table, by what it makes of its own column, through a sub-select, and on the inner side of an outer join
SELECT count(*) FROM truth a JOIN ticket_status_logs b ON b.createddate = a.createddate WHERE a.createddate::date = '2026-01-10';
SELECT count(*) FROM truth a JOIN truth b ON b.createddate = a.createddate WHERE a.createddate::date = '2026-01-10';
SELECT count(b.ticketid), count(*) FROM truth a LEFT JOIN ticket_status_logs b ON b.createddate = a.createddate AND b.actionname = 'ACTIVATE' WHERE a.createddate >= (SELECT timestamptz '2026-01-10') AND a.createddate < '2026-01-11';
SELECT count(b.ticketid), count(*) FROM truth a LEFT JOIN truth b ON b.createddate = a.createddate AND b.actionname = 'ACTIVATE' WHERE a.createddate >= '2026-01-10' AND a.createddate < '2026-01-11';
PREPARE day(timestamptz) AS SELECT count(*) FROM truth a JOIN ticket_status_logs b ON b.createddate = a.createddate WHERE a.createddate >= $1 AND a.createddate < $1 + interval '1 day';
SET plan_cache_mode = force_generic_plan;
EXECUTE day('2026-01-10');
EXECUTE day('2026-01-20');
RESET plan_cache_mode;
-- Three in a row, and a semijoin
SELECT count(*) FROM truth a JOIN ticket_status_logs b ON b.createddate = a.createddate JOIN ticket_status_logs c ON c.createddate = b.createddate WHERE a.createddate >= '2026-01-10' AND a.createddate < '2026-01-11';
SELECT count(*) FROM truth a JOIN truth b ON b.createddate = a.createddate JOIN truth c ON c.createddate = b.createddate WHERE a.createddate >= '2026-01-10' AND a.createddate < '2026-01-11';
SELECT count(*) FROM ticket_status_logs b WHERE b.createddate IN (SELECT createddate FROM truth a WHERE a.createddate >= '2026-01-10' AND a.createddate < '2026-01-11' AND a.actionname = 'CONTROL');
SELECT count(*) FROM truth b WHERE b.createddate IN (SELECT createddate FROM truth a WHERE a.createddate >= '2026-01-10' AND a.createddate < '2026-01-11' AND a.actionname = 'CONTROL');
\! "$RESTLOG_LAB" requests time_joins --times --sort | uniq -c | sed 's/^ *//'
-- The side that an outer join keeps is not narrowed by the other
SELECT count(*), count(a.ticketid) FROM ticket_status_logs b LEFT JOIN truth a ON b.createddate = a.createddate AND a.createddate >= '2026-01-10' AND a.createddate < '2026-01-11' WHERE b.createddate >= '2026-01-08' AND b.createddate < '2026-01-12';
SELECT count(*), count(a.ticketid) FROM truth b LEFT JOIN truth a ON b.createddate = a.createddate AND a.createddate >= '2026-01-10' AND a.createddate < '2026-01-11' WHERE b.createddate >= '2026-01-08' AND b.createddate < '2026-01-12';
SELECT count(*) FROM ticket_status_logs b FULL JOIN truth a ON b.createddate = a.createddate AND a.actionname = 'CONTROL' WHERE b.createddate >= '2026-01-08' AND a.createddate < '2026-01-10';
SELECT count(*) FROM truth b FULL JOIN truth a ON b.createddate = a.createddate AND a.actionname = 'CONTROL' WHERE b.createddate >= '2026-01-08' AND a.createddate < '2026-01-10';
SELECT count(*) FROM truth a JOIN ticket_status_logs b ON b.createddate = a.updateddate WHERE a.createddate >= '2026-01-10' AND a.createddate < '2026-01-11' AND b.createddate >= '2026-01-01';
SELECT count(*) FROM truth a JOIN truth b ON b.createddate = a.updateddate WHERE a.createddate >= '2026-01-10' AND a.createddate < '2026-01-11' AND b.createddate >= '2026-01-01';

-- A plan of more than a thousand requests says so when it starts, and EXPLAIN before
\set name many
\set switches 'cases=2000'
\set source huawei
\i setup/token.psql
CREATE TABLE wanted AS SELECT 'SR' || 20260000001 + n AS case_id FROM generate_series(0, 1499) n;
ANALYZE wanted;
CREATE FUNCTION expected(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
  FOR line IN EXECUTE 'EXPLAIN (VERBOSE) ' || query LOOP
    IF line ~ 'Expected Requests' THEN RETURN btrim(line); END IF;
  END LOOP;
  RETURN NULL;
END $$;
SELECT expected('SELECT * FROM wanted w JOIN operate_logs l USING (case_id)');
SELECT count(*) FROM (SELECT * FROM wanted w JOIN operate_logs l USING (case_id) LIMIT 10) few;
SET restlog_fdw.max_requests = 20;
SELECT count(*) FROM wanted w JOIN operate_logs l USING (case_id);
RESET restlog_fdw.max_requests;

-- A path that cannot run never wins against one that can, however many rows are expected of the other
SET client_min_messages = warning;
SELECT count(*) FROM cases z WHERE create_time >= '2026-01-01' AND create_time < '2026-02-01';
EXPLAIN (COSTS OFF) SELECT count(*) FROM cases c JOIN operate_logs l ON l.case_id = c.incident_id JOIN messages m ON m.case_id = c.incident_id JOIN cases z ON true;
EXPLAIN (COSTS OFF) SELECT count(*) FROM cases c JOIN operate_logs l ON l.case_id = c.incident_id JOIN messages m ON m.case_id = c.incident_id JOIN cases y ON true JOIN cases z ON true;
