-- Huawei Cloud's service tickets: offset pages with a total, one chain for each ticket, errors under HTTP 200.
\set VERBOSITY verbose
\set SHOW_CONTEXT never
\set name huawei
\set switches 'cases=30,time_form=local'
\set source huawei
\i setup/token.psql
\d operate_logs
\d cases
\d messages
SELECT * FROM restlog.check_server('huawei');

-- The rows are the simulator's, read as GMT+8 although they carry no zone
CREATE TABLE public.truth_cases (LIKE cases);
ALTER TABLE public.truth_cases DROP COLUMN search_key, DROP COLUMN label_id, DROP COLUMN group_id;
\copy public.truth_cases FROM PROGRAM '"$RESTLOG_LAB" rows --table huawei.cases cases=30' CSV HEADER
CREATE VIEW own_cases AS SELECT xcustomer_id, xcustomer_name, status, incident_id, business_type_name, incident_type_name, product_category_name,
  incident_service_type, customer_id, dc_name, simple_description, root_cause, resolution, create_time, confirmed_time, label_list FROM cases;
SELECT count(*) FROM cases;
(TABLE own_cases EXCEPT ALL TABLE public.truth_cases) UNION ALL (TABLE public.truth_cases EXCEPT ALL TABLE own_cases);
CREATE TABLE public.truth_logs (LIKE operate_logs);
ALTER TABLE public.truth_logs DROP COLUMN group_id;
\copy public.truth_logs FROM PROGRAM '"$RESTLOG_LAB" rows --table huawei.operate_logs cases=30' CSV HEADER
CREATE TABLE read_logs AS SELECT l.* FROM cases c JOIN operate_logs l ON l.case_id = c.incident_id;
ALTER TABLE read_logs DROP COLUMN group_id;
SELECT count(*), count(DISTINCT case_id) FROM read_logs;
(TABLE read_logs EXCEPT ALL TABLE public.truth_logs) UNION ALL (TABLE public.truth_logs EXCEPT ALL TABLE read_logs);
\! "$RESTLOG_LAB" requests huawei --count

-- A list of keys, a parameter, a subquery; without the key: refused
SELECT case_id, count(*) FROM operate_logs WHERE case_id IN (SELECT incident_id FROM public.truth_cases ORDER BY 1 LIMIT 3) GROUP BY 1 ORDER BY 1;
SELECT case_id, count(*) FROM public.truth_logs WHERE case_id IN (SELECT incident_id FROM public.truth_cases ORDER BY 1 LIMIT 3) GROUP BY 1 ORDER BY 1;
PREPARE several(text[]) AS SELECT case_id, count(*) FROM operate_logs WHERE case_id = ANY ($1) GROUP BY 1 ORDER BY 1;
SET plan_cache_mode = force_generic_plan;
EXECUTE several ('{SR20260000001,SR20260000002}');
EXPLAIN (VERBOSE, COSTS OFF) EXECUTE several ('{SR20260000001,SR20260000002}');
RESET plan_cache_mode;
\! "$RESTLOG_LAB" requests huawei --sort | sort | uniq -c | sed 's/^ *//'
SELECT count(*) FROM operate_logs;                                                        -- ERROR
SELECT count(*) FROM operate_logs WHERE case_id <> 'SR20260000001';                       -- ERROR
SELECT count(*) FROM operate_logs WHERE case_id = '../../other';                          -- ERROR
SELECT count(*) FROM operate_logs WHERE case_id = '..';                                   -- ERROR
SELECT count(*) FROM operate_logs WHERE case_id = E'x\n/%2E%2E';                           -- ERROR
SELECT count(*) FROM operate_logs WHERE case_id = E'SR2026\n0000001';                     -- ERROR
SELECT count(*) FROM operate_logs WHERE case_id = E'.\t.';                                -- ERROR
SELECT count(*) FROM operate_logs WHERE case_id = 'SR2026/0000001';                       -- ERROR
\! "$RESTLOG_LAB" requests huawei

-- Filters and the time range of the tickets
SELECT count(*) FROM cases WHERE status = 1;
SELECT count(*) FROM public.truth_cases WHERE status = 1;
SELECT count(*) FROM cases WHERE create_time >= '2026-01-10' AND create_time < '2026-01-20' AND status IN (1, 3);
SELECT count(*) FROM public.truth_cases WHERE create_time >= '2026-01-10' AND create_time < '2026-01-20' AND status IN (1, 3);
SELECT count(*) FROM messages m JOIN public.truth_cases c ON m.case_id = c.incident_id WHERE c.status = 3;
\! "$RESTLOG_LAB" requests huawei --sort --times | grep -v messages | sed "s/query_end_time=$(date -u +%Y-%m)[^&]*/query_end_time=<now>/"

-- Another zone and language are asked for, and times without a zone are read in it
ALTER SERVER huawei OPTIONS (ADD time_zone '+01:00', ADD language 'en-us');
SELECT count(*) FROM operate_logs l JOIN public.truth_logs t USING (incident_log_id) WHERE l.case_id = 'SR20260000001' AND l.timestamp_operate_time = t.timestamp_operate_time AND l.operate_time <> t.operate_time;
SELECT count(*) FROM public.truth_logs WHERE case_id = 'SR20260000001';
-- In other words; a zone whose clocks are changed cannot be told
ALTER SERVER huawei OPTIONS (SET time_zone 'GMT-5');
SELECT count(*) FROM operate_logs l JOIN public.truth_logs t USING (incident_log_id) WHERE l.case_id = 'SR20260000001' AND l.timestamp_operate_time = t.timestamp_operate_time AND l.operate_time <> t.operate_time;
ALTER SERVER huawei OPTIONS (SET time_zone 'Asia/Kathmandu');
SELECT count(*) FROM operate_logs l JOIN public.truth_logs t USING (incident_log_id) WHERE l.case_id = 'SR20260000001' AND l.timestamp_operate_time = t.timestamp_operate_time AND l.operate_time <> t.operate_time;
ALTER SERVER huawei OPTIONS (SET time_zone 'Europe/Zurich');                              -- ERROR
ALTER SERVER huawei OPTIONS (SET time_zone 'Mars/Base');                                  -- ERROR
ALTER SERVER huawei OPTIONS (DROP time_zone);
ALTER FOREIGN TABLE operate_logs OPTIONS (ADD language 'en-us');
SELECT count(*) FROM operate_logs WHERE case_id = 'SR20260000001';                        -- ERROR
ALTER FOREIGN TABLE operate_logs OPTIONS (DROP language, ADD group_id 'lab-group');
SELECT count(*), min(group_id) FROM operate_logs WHERE case_id = 'SR20260000001';
ALTER FOREIGN TABLE operate_logs OPTIONS (DROP group_id);
\! "$RESTLOG_LAB" requests huawei --headers x-time-zone,x-language

-- An error in a 200 is an error; so is an unknown ticket, and a total that moves
SELECT count(*) FROM operate_logs WHERE case_id = 'no-such-case';
\set switches 'cases=300'
\i setup/fault.psql
CALL fault('fault=envelope');
SELECT count(incident_id) FROM cases;
CALL fault('fault=moved_total,at=2');
SELECT count(incident_id) FROM cases;
CALL fault('fault=shift,at=2');
SELECT count(incident_id) FROM cases;
CALL fault('total=absent');
SELECT count(incident_id) FROM cases;
CALL fault('latency=0');
ALTER USER MAPPING FOR CURRENT_USER SERVER huawei OPTIONS (SET token 'wr0ng');
SELECT count(incident_id) FROM cases;
ALTER USER MAPPING FOR CURRENT_USER SERVER huawei OPTIONS (SET token 'lab-token');
-- A page size that the server clamps, and one that it would refuse is never asked for
CALL fault('max_limit=7,over=clamp');
SELECT count(*), count(DISTINCT incident_id) FROM cases;
ALTER SERVER huawei OPTIONS (ADD page_size '5000');
SELECT count(*), count(DISTINCT incident_id) FROM cases;
ALTER SERVER huawei OPTIONS (DROP page_size);
-- Rows beyond the last offset that can be asked for
CALL fault('logs=65700');
SELECT count(incident_log_id) FROM operate_logs WHERE case_id = 'SR20260000001';
