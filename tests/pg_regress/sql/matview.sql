-- The job this is for: a materialized view that holds just the rows that the API holds.
\set VERBOSITY terse
\set name matview
\set switches 'rows=25000'
\i setup/tixngo.psql
CREATE TABLE truth (LIKE ticket_status_logs);
\copy truth FROM PROGRAM '"$RESTLOG_LAB" rows rows=25000' CSV HEADER

CREATE MATERIALIZED VIEW logs AS SELECT * FROM ticket_status_logs WHERE createddate >= '2026-01-01';
SELECT count(*) FROM logs;
(TABLE logs EXCEPT ALL TABLE truth) UNION ALL (TABLE truth EXCEPT ALL TABLE logs);
CREATE UNIQUE INDEX ON logs (ticketid, ticketstatuslogid);

-- The API has more rows now: the refresh brings them, concurrently as well
\getenv simulator RESTLOG_SIM_URL
\set base :simulator '/~tag=matview,rows=31000/v4'
ALTER SERVER matview OPTIONS (SET base_url :'base');
TRUNCATE truth;
\copy truth FROM PROGRAM '"$RESTLOG_LAB" rows rows=31000' CSV HEADER
REFRESH MATERIALIZED VIEW CONCURRENTLY logs;
SELECT count(*) FROM logs;
(TABLE logs EXCEPT ALL TABLE truth) UNION ALL (TABLE truth EXCEPT ALL TABLE logs);
REFRESH MATERIALIZED VIEW logs;
(TABLE logs EXCEPT ALL TABLE truth) UNION ALL (TABLE truth EXCEPT ALL TABLE logs);

-- CREATE TABLE AS and INSERT … SELECT, in pages that do not divide the whole
ALTER SERVER matview OPTIONS (ADD page_size '777');
CREATE TABLE copied AS SELECT * FROM ticket_status_logs WHERE createddate >= '2026-01-01';
(TABLE copied EXCEPT ALL TABLE truth) UNION ALL (TABLE truth EXCEPT ALL TABLE copied);
SELECT requests, pages, rows FROM restlog.last_scan();
INSERT INTO copied SELECT * FROM ticket_status_logs WHERE createddate >= '2026-01-20' AND createddate < '2026-01-21';
SELECT count(*) FROM copied;

-- A view, a CTE, a window function, a set operation over the foreign table
CREATE VIEW activations AS SELECT ticketid, createddate, activationdetails ->> 'method' AS method FROM ticket_status_logs WHERE actionname = 'ACTIVATE';
SELECT count(*), count(DISTINCT method) FROM activations WHERE createddate >= '2026-01-05' AND createddate < '2026-01-06';
SELECT count(*), count(DISTINCT activationdetails ->> 'method') FROM truth WHERE actionname = 'ACTIVATE' AND createddate >= '2026-01-05' AND createddate < '2026-01-06';
WITH day AS MATERIALIZED (SELECT * FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND createddate < '2026-01-06')
SELECT (SELECT count(*) FROM day) = (SELECT count(*) FROM truth WHERE createddate >= '2026-01-05' AND createddate < '2026-01-06') AS same;
SELECT count(*) FROM (SELECT row_number() OVER (PARTITION BY ticketid ORDER BY createddate) AS n FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND createddate < '2026-01-06') s WHERE n = 1;
SELECT count(DISTINCT ticketid) FROM truth WHERE createddate >= '2026-01-05' AND createddate < '2026-01-06';
SELECT t.tableoid::regclass, (t).ticketid IS NOT NULL AS whole_row FROM ticket_status_logs t WHERE createddate >= '2026-01-05' LIMIT 1;
