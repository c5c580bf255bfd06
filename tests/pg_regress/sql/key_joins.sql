-- Tables that are read key by key: how many requests a join and a list cost.
\set VERBOSITY terse
\set SHOW_CONTEXT never
\set name keys
\set switches 'cases=200'
\set source huawei
\i setup/token.psql
-- 200 cases are two pages; each case's log is asked for once, and its pages are those of its entries
EXPLAIN (COSTS OFF) SELECT count(*), count(DISTINCT l.case_id) FROM cases c JOIN operate_logs l ON l.case_id = c.incident_id;
SELECT count(*), count(DISTINCT l.case_id) FROM cases c JOIN operate_logs l ON l.case_id = c.incident_id;
\! "$RESTLOG_LAB" requests keys | sed -E 's,/SR[0-9]+/,/<case>/,; s,query_end_time=[^&]*,query_end_time=<now>,' | sort | uniq -c | sort -rn
SELECT count(*) FROM (SELECT c.incident_id, (SELECT count(*) FROM operate_logs l WHERE l.case_id = c.incident_id) FROM cases c OFFSET 0) logs;
\! "$RESTLOG_LAB" requests keys --count
SELECT count(*) FROM operate_logs WHERE case_id IN (SELECT incident_id FROM cases);
\! "$RESTLOG_LAB" requests keys --count
SELECT count(operate_type) FROM operate_logs WHERE case_id = ANY (ARRAY(SELECT incident_id FROM cases));
\! "$RESTLOG_LAB" requests keys --count
