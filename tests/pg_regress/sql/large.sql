-- Descriptions, lists and values of a size that nobody writes by hand: they take no more than their share of time and memory.
\set VERBOSITY terse
\set SHOW_CONTEXT never
\getenv simulator RESTLOG_SIM_URL
\set base :simulator '/~tag=large,rows=310'
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS restlog_fdw;
SET statement_timeout = '60s';
CREATE SCHEMA large;
SET search_path = large, public;
-- Two values that every request needs, and so many columns
CREATE FUNCTION definition(columns int, last text DEFAULT 'last') RETURNS text LANGUAGE sql AS $$
  SELECT jsonb_build_object('name', 'wide', 'auth', jsonb_build_array(jsonb_build_object('header', 'X-Key', 'value', '{api_key}')), 'tables', jsonb_build_array(jsonb_build_object(
    'name', 'entries', 'path', '/audit/entries', 'records', '', 'pagination', '{"style": "link_header", "size": {"name": "per_page", "max": 500}}'::jsonb,
    'columns', (SELECT jsonb_agg(jsonb_build_object('name', 'c' || i)) FROM generate_series(1, columns) i)
      || jsonb_build_array('{"name": "id", "type": "bigint"}'::jsonb, jsonb_build_object('name', last),
           '{"name": "a", "request": {"required": true}, "filter": {"name": "a"}}'::jsonb, '{"name": "b", "request": {"required": true}, "filter": {"name": "b"}}'::jsonb))))::text
$$;
CREATE PROCEDURE make(name text, columns int, last text DEFAULT 'last') LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE SERVER %I FOREIGN DATA WRAPPER restlog_fdw OPTIONS (base_url %L, definition %L)', name, current_setting('lab.base'), definition(columns, last));
  EXECUTE format('CREATE USER MAPPING FOR CURRENT_USER SERVER %I OPTIONS (api_key ''lab-key'')', name);
END $$;
SELECT set_config('lab.base', :'base', false) IS NOT NULL AS set;

-- A hundred thousand columns, of which a table takes what it can hold
CALL make('wide', 100000);
CALL make('twice', 100000, 'c70000');
CREATE FOREIGN TABLE few (id bigint, c99999 text, a text, b text) SERVER wide OPTIONS ("table" 'entries');
SELECT count(id), count(c99999) FROM few WHERE a = 'x' AND b = 'y';
IMPORT FOREIGN SCHEMA wide FROM SERVER wide INTO large;
CALL make('beyond', 1600);
IMPORT FOREIGN SCHEMA wide FROM SERVER beyond INTO large;
CALL make('held', 1590);
IMPORT FOREIGN SCHEMA wide FROM SERVER held INTO large;
SELECT count(*) FROM entries WHERE a = 'x' AND b = 'y' AND c1 IS NULL AND c1590 IS NULL;
SELECT count(*) FROM entries e JOIN entries f USING (id) WHERE e.a = 'x' AND e.b = 'y' AND f.a = 'x' AND f.b = 'y';

-- Two lists of two thousand values: four million requests, of which none is made before its turn
SET restlog_fdw.max_requests = 3;
SELECT count(*) FROM few WHERE a = ANY (ARRAY(SELECT 'v' || i FROM generate_series(1, 2000) i)) AND b = ANY (ARRAY(SELECT 'w' || i FROM generate_series(1, 2000) i));
RESET restlog_fdw.max_requests;
SET statement_timeout = '300ms';
SELECT count(*) FROM few WHERE a = ANY (ARRAY(SELECT 'v' || i FROM generate_series(1, 2000) i)) AND b = ANY (ARRAY(SELECT 'w' || i FROM generate_series(1, 2000) i));
RESET statement_timeout;

-- A value for the path that is encoded a hundred thousand times over
CREATE SERVER huawei FOREIGN DATA WRAPPER restlog_fdw OPTIONS (source 'huawei', base_url :'base');
CREATE USER MAPPING FOR CURRENT_USER SERVER huawei OPTIONS (token 'lab-token');
IMPORT FOREIGN SCHEMA huawei LIMIT TO (operate_logs) FROM SERVER huawei INTO large;
CREATE FUNCTION told(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE statement;
  RETURN 'done';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE || ' ' || left(SQLERRM, 20) || '…' || right(SQLERRM, 50);
END $$;
SELECT told(format('SELECT * FROM operate_logs WHERE case_id = %L', 'a/%' || repeat('25', 100000) || '2e'));
