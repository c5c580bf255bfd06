-- restlog.probe: what the reference pages leave open is found out, and with the option that it names the same query is right.
\set VERBOSITY verbose
\set SHOW_CONTEXT never
\set name probed
\set switches 'rows=3100'
\i setup/tixngo.psql
SELECT * FROM restlog.probe('ticket_status_logs', '2026-01-05', '2026-01-09');
SELECT requests <= 85 AS as_told FROM restlog.last_scan();
\! "$RESTLOG_LAB" requests probed --count
-- It takes no transaction id: a standby has none to give
BEGIN;
SELECT count(*) > 5 AS many FROM restlog.probe('ticket_status_logs', '2026-01-05', '2026-01-09');
SELECT pg_current_xact_id_if_assigned();
COMMIT;
\! "$RESTLOG_LAB" requests probed --count > /dev/null

-- Under each switch: what the report says otherwise than without it, what it says to set, and the answer once that is set
SET client_min_messages = warning;
CREATE FUNCTION public.make(name text, source text, switches text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  simulator text := (SELECT regexp_replace(option_value, '/~.*', '') FROM information_schema.foreign_server_options WHERE foreign_server_name = 'probed' AND option_name = 'base_url');
BEGIN
  EXECUTE format('DROP SERVER IF EXISTS %I CASCADE', name);
  EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE', name);
  EXECUTE format('CREATE SERVER %I FOREIGN DATA WRAPPER restlog_fdw OPTIONS (source %L, base_url %L, max_retries ''0'' %s)', name, source,
                 simulator || '/~tag=' || name || ',' || switches || CASE source WHEN 'tixngo' THEN '/v4' ELSE '' END,
                 CASE source WHEN 'tixngo' THEN ', mobile_app_id ''my-app''' ELSE '' END);
  EXECUTE format('CREATE USER MAPPING FOR CURRENT_USER SERVER %I OPTIONS (%s)', name, CASE source WHEN 'tixngo' THEN 'api_key ''lab-key''' ELSE 'token ''lab-token''' END);
  EXECUTE format('CREATE SCHEMA %I', name);
  EXECUTE format('IMPORT FOREIGN SCHEMA %I FROM SERVER %I INTO %I', source, name, name);
END $$;
CREATE FUNCTION public.answer(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE answer text;
BEGIN
  EXECUTE format('SELECT count(*) || '' '' || coalesce(md5(string_agg(r::text, E''\n'' ORDER BY r::text)), '''') FROM (%s) r', query) INTO answer;
  RETURN answer;
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE || ': ' || SQLERRM;
END $$;
-- :api, :data, :target, :keys and :query say what is tried.
CREATE FUNCTION public.tried(source text, data text, target text, keys jsonb, query text, switches text[]) RETURNS TABLE (switch text, subject text, found text, as_described boolean, setting text) LANGUAGE plpgsql AS $$
DECLARE
  usual text; before text; after text; statement text;
BEGIN
  PERFORM make('plain', source, data);
  CREATE TEMP TABLE usually AS SELECT * FROM restlog.probe(('plain.' || target)::regclass, '2026-01-05', '2026-01-09', keys);
  usual := answer(format(query, 'plain.' || target));
  FOREACH switch IN ARRAY switches LOOP
    PERFORM make('tried', source, data || ',' || switch);
    before := answer(format(query, 'tried.' || target));
    CREATE TEMP TABLE now_is AS SELECT * FROM restlog.probe(('tried.' || target)::regclass, '2026-01-05', '2026-01-09', keys);
    RETURN QUERY SELECT tried.switch, p.* FROM (SELECT n.subject, n.found, n.as_described, n.setting FROM now_is n EXCEPT SELECT u.subject, u.found, u.as_described, u.setting FROM usually u) p ORDER BY 2, 3;
    FOR statement IN SELECT n.setting FROM now_is n WHERE n.setting IS NOT NULL LOOP
      EXECUTE statement;
    END LOOP;
    after := answer(format(query, 'tried.' || target));
    RETURN QUERY SELECT tried.switch, 'the same query', CASE before WHEN usual THEN 'right' ELSE regexp_replace(before, ' .{32}$', ' rows') END || ' → ' || CASE after WHEN usual THEN 'right' ELSE after END, after = usual, NULL::text;
    DROP TABLE now_is;
  END LOOP;
  DROP TABLE usually;
END $$;
\pset format unaligned

-- TIXNGO's log
SELECT * FROM tried('tixngo', 'rows=3100', 'ticket_status_logs', '{}',
  'SELECT ticketid, ticketstatuslogid, actionname, eventid, activationdetails, createddate FROM %s WHERE createddate >= ''2026-01-05'' AND createddate < ''2026-01-09'' AND updateddate >= ''2026-01-05'' AND actionname IN (''ACTIVATE'', ''CONTROL'')',
  ARRAY['bounds=exclusive', 'bounds=half_open', 'order=desc', 'last=absent', 'last=empty', 'last=bookmark', 'case=insensitive', 'spelling=eventId', 'activation=string', 'nulls=absent',
        'encoding=gzip', 'granularity=s', 'granularity=s_cut', 'granularity=min_cut', 'granularity=day', 'filter=updatedDate', 'max_limit=70,over=clamp', 'max_limit=70,over=reject', 'default_limit=7',
        'header=Authorization,scheme=Bearer', 'header=X-Tixngo-Key', 'header=X-Nobody-Knows', 'key=other']);
-- Where times have fractions, a range within a second that is cut to it has no record
SELECT * FROM tried('tixngo', 'rows=3001', 'ticket_status_logs', '{}',
  'SELECT ticketid, createddate FROM %s WHERE createddate >= ''2026-01-05 00:00:00.5'' AND createddate < ''2026-01-09''', ARRAY['granularity=s_cut', 'granularity=min_cut']);

-- TIXNGO's tickets: a total
SELECT * FROM tried('tixngo', 'tickets=10100', 'tickets', '{}', 'SELECT ticketid FROM %s', ARRAY['total=absent', 'total=capped', 'max_limit=70,over=reject', 'order=desc', 'nulls=absent']);

-- Viviot
SELECT * FROM tried('viviot', 'rows=10100', 'action_logs', '{}', 'SELECT id, timestamp, actioncode FROM %s WHERE (timestamp >= ''2026-01-05'' AND timestamp < ''2026-01-09'') OR timestamp IS NULL',
  ARRAY['total=absent', 'past_end=error', 'bounds=exclusive', 'order=asc', 'nulls=present', 'granularity=day', 'max_limit=70,over=clamp', 'max_limit=70,over=reject', 'role=off', 'static_token=off']);

-- Huawei's tickets and their logs
SELECT * FROM tried('huawei', 'cases=300', 'cases', '{}', 'SELECT incident_id, create_time, status FROM %s WHERE create_time >= ''2026-01-05'' AND create_time < ''2026-01-09'' AND status IN (1, 3)',
  ARRAY['time_form=local', 'time_form=millis', 'language=en-us', 'total=absent', 'bounds=exclusive', 'order=asc', 'granularity=day', 'max_limit=7,over=clamp']);
SELECT * FROM tried('huawei', 'cases=300', 'operate_logs', '{"case_id": "SR20260000001"}', 'SELECT incident_log_id, timestamp_operate_time FROM %s WHERE case_id = ''SR20260000001''',
  ARRAY['unknown_case=empty', 'time_form=local', 'time_form=millis', 'language=en-us', 'total=absent', 'max_limit=7,over=clamp']);

-- Socialboards' tickets and their logs
SELECT * FROM tried('socialboards', 'tickets=300', 'tickets', '{}', 'SELECT id, creationtime, status FROM %s WHERE creationtime >= ''2026-01-05'' AND creationtime < ''2026-01-09'' AND status = ''open''',
  ARRAY['bounds=exclusive', 'order=asc', 'nulls=absent', 'granularity=day', 'max_limit=7,over=clamp', 'max_limit=7,over=reject']);
SELECT * FROM tried('socialboards', 'tickets=300', 'ticket_log', '{"ticketid": 100001}', 'SELECT actiontype, time FROM %s WHERE ticketid = 100001 AND actiontype IN (''ticket_read'', ''reply_created'')',
  ARRAY['unknown_ticket=http404', 'order=asc', 'max_limit=7,over=clamp']);

-- A description that is wrong where a page or a range is asked for: found out before a scan is
CREATE FUNCTION public.described(pagination jsonb, lower text, upper text) RETURNS TABLE (subject text, found text, as_described boolean) LANGUAGE plpgsql AS $$
DECLARE
  simulator text := (SELECT regexp_replace(option_value, '/~.*', '') FROM information_schema.foreign_server_options WHERE foreign_server_name = 'probed' AND option_name = 'base_url');
  events jsonb := '{"name": "events", "path": "/audit/events", "records": "/items", "columns": [{"name": "id", "type": "bigint"}, {"name": "at", "type": "timestamptz"}]}';
  range jsonb := jsonb_build_object('column', 'at', 'from', jsonb_build_object('name', lower), 'to', jsonb_build_object('name', upper));
  description jsonb := jsonb_build_object('name', 'own', 'auth', '[{"query": "apikey", "value": "{api_key}"}]'::jsonb, 'tables', jsonb_build_array(events || jsonb_build_object('pagination', pagination, 'time_range', range)));
BEGIN
  DROP SERVER IF EXISTS own CASCADE;
  EXECUTE format('CREATE SERVER own FOREIGN DATA WRAPPER restlog_fdw OPTIONS (definition %L, base_url %L)', description, simulator || '/~tag=own,rows=3100');
  CREATE USER MAPPING FOR CURRENT_USER SERVER own OPTIONS (api_key 'lab-key');
  IMPORT FOREIGN SCHEMA own FROM SERVER own INTO public;
  RETURN QUERY SELECT p.subject, p.found, p.as_described FROM restlog.probe('public.events', '2026-01-05', '2026-01-09') p WHERE p.subject IN ('next page', 'last page', 'time range');
END $$;
SELECT * FROM described('{"style": "next_url", "next": "/links/next", "size": {"name": "page_size", "max": 100}}', 'since', 'until');
SELECT * FROM described('{"style": "next_url", "next": "/links/nowhere", "size": {"name": "page_size", "max": 100}}', 'since', 'until');
SELECT * FROM described('{"style": "link_header", "size": {"name": "page_size", "max": 500}}', 'since', 'until');
SELECT * FROM described('{"style": "link_header", "size": {"name": "size", "max": 100}}', 'since', 'until');
SELECT * FROM described('{"style": "next_url", "next": "/links/next", "size": {"name": "page_size", "max": 100}}', 'until', 'since');
SELECT * FROM described('{"style": "next_url", "next": "/links/next", "size": {"name": "page_size", "max": 100}}', 'from', 'until');
SELECT * FROM described('{"style": "next_url", "next": "/links/next", "size": {"name": "page_size", "max": 100}}', 'since', 'to');
CREATE SERVER desk FOREIGN DATA WRAPPER restlog_fdw OPTIONS (base_url :'base', definition '{"name": "desk", "auth": [{"header": "X-Auth-Token", "value": "{token}"}], "tables": [{"name": "desk_cases", "path": "/v2/servicerequest/cases", "records": "/incident_info_list", "pagination": {"style": "offset", "token": {"name": "start"}, "total": "/total_count", "size": {"name": "limit", "max": 50}}, "columns": [{"name": "incident_id"}]}]}');
CREATE USER MAPPING FOR CURRENT_USER SERVER desk OPTIONS (token 'lab-token');
IMPORT FOREIGN SCHEMA desk FROM SERVER desk INTO public;
SELECT subject, found, as_described FROM restlog.probe('public.desk_cases', '2026-01-05', '2026-01-09') WHERE subject = 'last page';

-- What cannot be probed
\pset format aligned
SELECT * FROM restlog.probe('ticket_status_logs', '2026-01-09', '2026-01-05');
SELECT * FROM restlog.probe('pg_class', '2026-01-05', '2026-01-09');
SELECT * FROM restlog.probe('tried.ticket_log', '2026-01-05', '2026-01-09');
SELECT * FROM restlog.probe('tried.ticket_log', '2026-01-05', '2026-01-09', '{"time": 1}');
SELECT * FROM restlog.probe('tried.ticket_log', '2026-01-05', '2026-01-09', '[]');
SELECT * FROM restlog.probe(NULL, '2026-01-05', '2026-01-09');
SET ROLE pg_read_all_stats;
SELECT * FROM restlog.probe('probed.ticket_status_logs', '2026-01-05', '2026-01-09');
RESET ROLE;
BEGIN READ ONLY;
SELECT count(*) FROM restlog.probe('ticket_status_logs', '2026-01-05', '2026-01-06');
COMMIT;
SET restlog_fdw.max_requests = 3;
SELECT subject, found FROM restlog.probe('ticket_status_logs', '2026-01-05', '2026-01-09') LIMIT 3;
RESET restlog_fdw.max_requests;
-- Every wait ends with a timeout
SELECT make('tried', 'tixngo', 'rows=3100,fault=stall');
SET statement_timeout = '200ms';
SELECT count(*) FROM restlog.probe('tried.ticket_status_logs', '2026-01-05', '2026-01-09');
RESET statement_timeout;
