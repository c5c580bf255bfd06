-- count(*) from the total that the API declares: one request where every condition is exact, and rows are counted where one is not.
\set VERBOSITY verbose
\set SHOW_CONTEXT never
\set name totals
\set switches 'rows=2500'
\set source viviot
\i setup/token.psql
EXPLAIN (VERBOSE, COSTS OFF) SELECT count(*) FROM action_logs WHERE actioncode IN (12, 20) AND userid = 3;
CREATE TABLE public.truth AS SELECT * FROM action_logs;
SELECT requests FROM restlog.last_scan();
\! "$RESTLOG_LAB" requests totals --count

-- One request, or one for each value of a list
SELECT count(*) FROM action_logs;
SELECT count(*) FROM public.truth;
SELECT count(*) FROM action_logs WHERE actioncode = 12;
SELECT count(*) FROM public.truth WHERE actioncode = 12;
SELECT count(*) FROM action_logs WHERE actioncode = 12 OR actioncode IN (20, 40);
SELECT count(*) FROM public.truth WHERE actioncode = 12 OR actioncode IN (20, 40);
SELECT count(1), count(*) + 1 AS more, 'x' AS said FROM action_logs WHERE userid = 3 HAVING true;
SELECT count(*) FROM action_logs WHERE actioncode = 12 AND actioncode = 13;
SELECT count(*) FROM action_logs WHERE actioncode = NULL;
SELECT count(*) > 100 AS many FROM action_logs WHERE actioncode = (SELECT min(actioncode) FROM public.truth);
\! "$RESTLOG_LAB" requests totals --sort
-- Prepared, correlated, in a cursor
PREPARE counted(int) AS SELECT count(*) FROM action_logs WHERE actioncode = $1;
SET plan_cache_mode = force_generic_plan;
EXECUTE counted(12);
EXECUTE counted(20);
EXECUTE counted(NULL);
RESET plan_cache_mode;
SELECT code, (SELECT count(*) FROM action_logs a WHERE a.actioncode = code) AS here, (SELECT count(*) FROM public.truth t WHERE t.actioncode = code) AS there FROM (VALUES (12), (20), (99), (NULL)) codes(code);
BEGIN;
DECLARE one CURSOR FOR SELECT count(*) FROM action_logs WHERE actioncode = 20;
FETCH 2 FROM one;
COMMIT;
\! "$RESTLOG_LAB" requests totals --sort

-- Inexact: windows are asked for wider than they are, texts are checked here, an OR over two columns selects too much
SELECT count(*) FROM action_logs WHERE timestamp >= '2026-01-10' AND timestamp < '2026-01-11';
SELECT count(*) FROM action_logs WHERE actioncode = 12 AND actionname = 'Door opened';
SELECT count(*) FROM action_logs WHERE actioncode = 12 AND random() >= 0;
SELECT count(*) FILTER (WHERE actioncode = 12) FROM action_logs WHERE timestamp >= '2026-01-31';
SELECT count(information) FROM action_logs WHERE timestamp >= '2026-01-31';
SELECT count(DISTINCT actioncode) FROM action_logs WHERE timestamp >= '2026-01-31';
SELECT count(NULL) FROM action_logs WHERE timestamp >= '2026-01-31';
SELECT actioncode, count(*) FROM action_logs WHERE actioncode IN (12, 20) GROUP BY actioncode ORDER BY 1;
SET restlog_fdw.pushdown = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM action_logs WHERE actioncode = 12;
RESET restlog_fdw.pushdown;
ALTER FOREIGN TABLE action_logs OPTIONS (ADD default_from '2026-01-10');
SELECT count(*) FROM action_logs;
SELECT count(*) FROM public.truth WHERE timestamp >= '2026-01-10';
ALTER FOREIGN TABLE action_logs OPTIONS (DROP default_from);
ALTER FOREIGN TABLE action_logs ALTER COLUMN actioncode OPTIONS (ADD pushdown 'false');
EXPLAIN (COSTS OFF) SELECT count(*) FROM action_logs WHERE actioncode = 12;
ALTER FOREIGN TABLE action_logs ALTER COLUMN actioncode OPTIONS (DROP pushdown);
\! "$RESTLOG_LAB" requests totals --count

-- A total that is missing is an error, and where none can be had the table says what ends a chain
\i setup/fault.psql
CALL fault('total=absent');
SELECT count(*) FROM action_logs;
ALTER FOREIGN TABLE action_logs OPTIONS (ADD evidence 'empty_page');
SELECT count(*) FROM action_logs;
SELECT count(*) FROM action_logs WHERE actioncode = 12;
SELECT requests, pages FROM restlog.last_scan();
ALTER FOREIGN TABLE action_logs OPTIONS (DROP evidence);
-- One that stops counting at ten thousand is not believed
\set name capped
\set switches 'rows=10100,total=capped'
\i setup/token.psql
SELECT count(*) FROM action_logs;
SELECT count(information) FROM action_logs;
ALTER FOREIGN TABLE action_logs OPTIONS (ADD evidence 'empty_page');
SELECT count(*) FROM action_logs;
\set name just_ten_thousand
\set switches 'rows=10000'
\i setup/token.psql
SELECT count(*) FROM action_logs;
SELECT requests FROM restlog.last_scan();

-- A filter that the API ignores shows in the first page: then its total answers nothing, and the records are counted
CREATE SERVER ignorant FOREIGN DATA WRAPPER restlog_fdw OPTIONS (base_url :'base', definition '{
  "name": "ignorant",
  "auth": [{"header": "Authorization", "value": "Bearer {token}"}],
  "tables": [{
    "name": "logs", "path": "/actionlogs", "records": "/data",
    "pagination": {"style": "page_number", "token": {"name": "Page"}, "total": "/totalAvailableItems", "size": {"name": "ItemsPerPage", "max": 1000}},
    "columns": [{"name": "id", "type": "uuid"}, {"name": "code", "type": "int", "field": "/action", "form": "member_name", "filter": {"name": "NoSuchFilter", "exact": true}}]
  }]
}');
CREATE USER MAPPING FOR CURRENT_USER SERVER ignorant OPTIONS (token 'lab-token');
CREATE SCHEMA ignorant;
IMPORT FOREIGN SCHEMA ignorant FROM SERVER ignorant INTO ignorant;
EXPLAIN (COSTS OFF) SELECT count(*) FROM ignorant.logs WHERE code = 12;
SELECT count(*) FROM ignorant.logs WHERE code = 12;
SELECT count(*) FROM ignorant.logs WHERE code IN (12, 20);
SELECT requests, rows, rows_outside_slice FROM restlog.last_scan();
SELECT count(id) FROM ignorant.logs WHERE code IN (12, 20);

-- Huawei: the total of each ticket's log
\set name totals_huawei
\set switches 'cases=30'
\set source huawei
\i setup/token.psql
EXPLAIN (VERBOSE, COSTS OFF) SELECT count(*) FROM operate_logs WHERE case_id = 'SR20260000001';
SELECT count(*) FROM operate_logs WHERE case_id = 'SR20260000001';
SELECT count(*) FROM operate_logs WHERE case_id IN ('SR20260000001', 'SR20260000002', 'SR20260000001');
SELECT count(*) FROM cases;
SELECT count(*) FROM cases WHERE status = 1;
\! "$RESTLOG_LAB" requests totals_huawei
SELECT count(*) FROM (SELECT * FROM operate_logs WHERE case_id IN ('SR20260000001', 'SR20260000002') OFFSET 0) all_rows;
SELECT sum(n) FROM (SELECT count(*) AS n FROM cases c JOIN LATERAL (SELECT count(*) FROM operate_logs l WHERE l.case_id = c.incident_id) l ON true) s;
SELECT count(*) FROM operate_logs;                                                        -- ERROR
SELECT count(*) FROM operate_logs WHERE case_id = 'no-such-case';                         -- ERROR
