-- Many requests in flight: long windows in pieces, the pages that a total makes known, a list of keys. Every row comes once, whatever the API does.
\set VERBOSITY terse
\set SHOW_CONTEXT never
\set name parallel
\set switches 'rows=3100'
\i setup/tixngo.psql
SET client_min_messages = warning;
CREATE FUNCTION public.make(name text, source text, switches text, concurrency text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  simulator text := (SELECT regexp_replace(option_value, '/~.*', '') FROM information_schema.foreign_server_options WHERE foreign_server_name = 'parallel' AND option_name = 'base_url');
BEGIN
  EXECUTE format('DROP SERVER IF EXISTS %I CASCADE', name);
  EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE', name);
  EXECUTE format('CREATE SERVER %I FOREIGN DATA WRAPPER restlog_fdw OPTIONS (source %L, base_url %L, page_size ''50'', concurrency %L, max_retries ''5'' %s)', name, source,
                 simulator || '/~tag=' || name || ',' || switches || CASE source WHEN 'tixngo' THEN '/v4' ELSE '' END, concurrency,
                 CASE source WHEN 'tixngo' THEN ', mobile_app_id ''my-app''' ELSE '' END);
  EXECUTE format('CREATE USER MAPPING FOR CURRENT_USER SERVER %I OPTIONS (%s)', name, CASE source WHEN 'tixngo' THEN 'api_key ''lab-key''' ELSE 'token ''lab-token''' END);
  EXECUTE format('CREATE SCHEMA %I', name);
  EXECUTE format('IMPORT FOREIGN SCHEMA %I FROM SERVER %I INTO %I', source, name, name);
END $$;
-- The rows at eight at once against those of one chain after another, read without switches.
CREATE FUNCTION public.same(source text, data text, query text, switches text[]) RETURNS TABLE (switch text, rows bigint, distinct_rows bigint, same boolean) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM make('plain', source, data, '1');
  EXECUTE 'CREATE TEMP TABLE one AS ' || format(query, 'plain');
  FOREACH switch IN ARRAY switches LOOP
    PERFORM make('eight', source, data || ',' || switch, '8');
    EXECUTE 'CREATE TEMP TABLE many AS ' || format(query, 'eight');
    SELECT count(*), count(DISTINCT many::text) INTO rows, distinct_rows FROM many;
    SELECT NOT EXISTS ((TABLE one EXCEPT ALL TABLE many) UNION ALL (TABLE many EXCEPT ALL TABLE one)) INTO same;
    DROP TABLE many;
    RETURN NEXT;
  END LOOP;
  DROP TABLE one;
END $$;

SELECT * FROM same('tixngo', 'rows=3100,ties=7', 'SELECT * FROM %I.ticket_status_logs WHERE createddate >= ''2026-01-03'' AND createddate < ''2026-01-20''',
  ARRAY['bounds=inclusive', 'bounds=exclusive', 'bounds=half_open', 'order=desc', 'last=bookmark', 'granularity=s', 'max_limit=7,over=clamp', 'fault=empty_middle,at=2', 'fault=throttle:0,times=2', 'fault=status:503,times=2', 'fault=close,times=2', 'encoding=gzip']);
SELECT * FROM same('tixngo', 'rows=3100,shape=burst', 'SELECT * FROM %I.ticket_status_logs WHERE createddate >= ''2026-01-01'' AND createddate < ''2026-02-01''', ARRAY['bounds=exclusive']);
-- The API cuts both bounds to whole seconds: pieces that met within a second would lose its rows
SELECT * FROM same('tixngo', 'rows=20000,shape=burst', 'SELECT * FROM %I.ticket_status_logs WHERE createddate >= ''2026-01-01'' AND createddate < ''2026-02-01''', ARRAY['granularity=s_cut', 'granularity=s_cut,order=desc']);
-- Or to whole minutes, which shows where pieces are shorter than some minutes
SELECT make('eight', 'tixngo', 'rows=20000,start=2026-01-15T12:00:00Z,end=2026-01-15T12:20:00Z,granularity=min_cut', '8');
SELECT count(ticketid) FROM eight.ticket_status_logs WHERE createddate >= '2026-01-15 12:00+00' AND createddate < '2026-01-15 12:20+00';
ALTER FOREIGN TABLE eight.ticket_status_logs OPTIONS (ADD time_unit '1min');
SELECT count(ticketid) FROM eight.ticket_status_logs WHERE createddate >= '2026-01-15 12:00+00' AND createddate < '2026-01-15 12:20+00';
SELECT * FROM same('tixngo', 'tickets=2030', 'SELECT * FROM %I.tickets', ARRAY['order=desc', 'max_limit=7,over=clamp', 'fault=status:503,times=2']);
SELECT * FROM same('viviot', 'rows=2030', 'SELECT * FROM %I.action_logs WHERE timestamp >= ''2026-01-03'' AND timestamp < ''2026-01-20''', ARRAY['bounds=exclusive', 'order=asc', 'max_limit=7,over=clamp', 'fault=throttle:0,times=2']);
SELECT * FROM same('huawei', 'cases=330', 'SELECT * FROM %I.cases', ARRAY['order=asc', 'max_limit=7,over=clamp', 'time_form=local', 'fault=status:503,times=2']);
SELECT * FROM same('huawei', 'cases=30,logs=130', 'SELECT l.* FROM (SELECT array_agg(incident_id) AS ids FROM %1$I.cases) c, %1$I.operate_logs l WHERE l.case_id = ANY (c.ids)', ARRAY['max_limit=7,over=clamp', 'order=asc']);
SELECT * FROM same('socialboards', 'tickets=330', 'SELECT * FROM %I.tickets WHERE creationtime >= ''2026-01-03'' AND creationtime < ''2026-01-20''', ARRAY['bounds=exclusive', 'order=asc', 'max_limit=7,over=clamp']);

-- A total that moves while the other pages are in flight, one that is missing, a page that fails for good: errors
SELECT make('eight', 'viviot', 'rows=2030,fault=moved_total,at=5', '8');
SELECT count(id) FROM eight.action_logs;
SELECT make('eight', 'viviot', 'rows=2030,fault=shift,at=5', '8');
SELECT count(id) FROM eight.action_logs;
SELECT make('eight', 'huawei', 'cases=330,fault=moved_total,at=3', '8');
SELECT count(incident_id) FROM eight.cases;
SELECT make('eight', 'huawei', 'cases=330,fault=truncated_json,at=4', '8');
SELECT count(incident_id) FROM eight.cases;
SELECT make('eight', 'tixngo', 'rows=3100,fault=truncated_json,at=2', '8');
SELECT count(*) FROM eight.ticket_status_logs WHERE createddate >= '2026-01-03' AND createddate < '2026-01-20';

-- The first pull asks once, and a LIMIT is content with one page
SELECT make('eight', 'tixngo', 'rows=3100', '8');
\! "$RESTLOG_LAB" requests eight --count > /dev/null
SELECT ticketid FROM eight.ticket_status_logs WHERE createddate >= '2026-01-01' LIMIT 1;
\! "$RESTLOG_LAB" requests eight --count
SELECT EXISTS (SELECT FROM eight.ticket_status_logs WHERE createddate >= '2026-01-01');
\! "$RESTLOG_LAB" requests eight --count
BEGIN;
DECLARE c CURSOR FOR SELECT ticketid FROM eight.ticket_status_logs WHERE createddate >= '2026-01-01' AND createddate < '2026-02-01';
FETCH 1 FROM c;
\! "$RESTLOG_LAB" requests eight --count
COMMIT;
-- A range that one page answers costs two requests, and once its density is known one
SELECT count(*) FROM eight.ticket_status_logs WHERE createddate >= '2026-01-05' AND createddate < '2026-01-05 08:00';
\! "$RESTLOG_LAB" requests eight --count
SELECT count(*) FROM eight.ticket_status_logs WHERE createddate >= '2026-01-06' AND createddate < '2026-01-06 08:00';
\! "$RESTLOG_LAB" requests eight --count
