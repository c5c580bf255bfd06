-- Secrets: where one may be set, who can read it, and where it never shows. Law 9.
\set VERBOSITY verbose
\set SHOW_CONTEXT never
\set name secrets
\set switches 'rows=3100'
\i setup/tixngo.psql
\i setup/fault.psql
SET client_min_messages = warning;
DROP ROLE IF EXISTS lab_keeper, lab_reader, lab_other;
CREATE ROLE lab_keeper;
CREATE ROLE lab_reader;
CREATE ROLE lab_other;
GRANT USAGE ON SCHEMA secrets TO lab_keeper, lab_reader, lab_other;
GRANT SELECT ON ALL TABLES IN SCHEMA secrets TO lab_reader, lab_other;
-- The secrets of this script are written in two halves where they are looked for, so that no statement of ours puts them where we look.
CREATE FUNCTION has_secret(text) RETURNS boolean LANGUAGE sql AS
  $$ SELECT $1 ~* ('(lab[-_]' || '(key|token|password|refresh|client|user)\y|wr0ng|top-' || 'secret|issued-' || 'secrets)') $$;
SELECT has_secret('Bearer lab-' || 'token'), has_secret('X: lab-' || 'key;'), has_secret('issued-' || 'secrets_login-1'), has_secret('lab_reader');

-- 1. A user mapping takes secrets, and nothing else does
CREATE SERVER s1 FOREIGN DATA WRAPPER restlog_fdw OPTIONS (source 'tixngo', base_url 'https://api.example', api_key 'wr0ng');
CREATE SERVER s1 FOREIGN DATA WRAPPER restlog_fdw OPTIONS (source 'viviot', base_url 'https://api.example', username 'wr0ng', password 'wr0ng');
CREATE SERVER s1 FOREIGN DATA WRAPPER restlog_fdw OPTIONS (source 'tixngo', base_url 'https://me:wr0ng@api.example');
CREATE SERVER s1 FOREIGN DATA WRAPPER restlog_fdw OPTIONS (source 'tixngo', base_url 'https://api.example', proxy 'http://me:wr0ng@proxy.example:3128');
CREATE SERVER s1 FOREIGN DATA WRAPPER restlog_fdw OPTIONS (source 'huawei', base_url 'https://api.example', auth_url 'https://me:wr0ng@api.example/v3/auth/tokens');
ALTER SERVER secrets OPTIONS (ADD token 'wr0ng');
ALTER SERVER secrets OPTIONS (ADD refresh_token 'wr0ng');
ALTER SERVER secrets OPTIONS (ADD api_key_file '/etc/passwd');
ALTER FOREIGN DATA WRAPPER restlog_fdw OPTIONS (ADD api_key 'wr0ng');
ALTER FOREIGN TABLE ticket_status_logs OPTIONS (ADD api_key 'wr0ng');
ALTER FOREIGN TABLE ticket_status_logs ALTER ticketid OPTIONS (ADD token 'wr0ng');
CREATE FOREIGN TABLE t1 (ticketid text) SERVER secrets OPTIONS (table 'ticket_status_logs', password 'wr0ng');
IMPORT FOREIGN SCHEMA tixngo FROM SERVER secrets INTO public OPTIONS (api_key 'wr0ng');
-- A description may name them, not hold them: no parameter of its own has a secret's name
CREATE SERVER s1 FOREIGN DATA WRAPPER restlog_fdw OPTIONS (base_url 'https://api.example', definition '{"name": "own", "parameters": [{"name": "api_key", "default": "wr0ng"}], "auth": [{"header": "X-Key", "value": "{api_key}"}], "tables": [{"name": "t", "path": "/t", "records": "", "pagination": {"style": "link_header", "size": {"name": "n", "max": 10}}, "columns": [{"name": "id"}]}]}');
-- And a user mapping takes nothing else, nor a file from anyone but a superuser
CREATE USER MAPPING FOR lab_reader SERVER secrets OPTIONS (base_url 'https://api.example');
CREATE USER MAPPING FOR lab_reader SERVER secrets OPTIONS (api_key 'wr0ng', key 'wr0ng');
CREATE USER MAPPING FOR lab_reader SERVER secrets OPTIONS (api_key '');
GRANT USAGE ON FOREIGN SERVER secrets TO lab_reader;
SET ROLE lab_reader;
CREATE USER MAPPING FOR CURRENT_USER SERVER secrets OPTIONS (api_key_file '/etc/passwd');
RESET ROLE;

-- 2. Who can read one: Postgres shows a mapping's options to its own user (who may use the server), a public one's to the server's owner, and all to a superuser
ALTER SERVER secrets OWNER TO lab_keeper;
CREATE USER MAPPING FOR lab_reader SERVER secrets OPTIONS (api_key 'top-secret-1');
CREATE USER MAPPING FOR PUBLIC SERVER secrets OPTIONS (api_key 'top-secret-2');
CREATE VIEW readable AS
  SELECT usename, array_to_string(umoptions, ' ') AS in_pg_user_mappings,
         (SELECT string_agg(option_name || '=' || option_value, ' ') FROM information_schema.user_mapping_options o
          WHERE o.foreign_server_name = m.srvname AND o.authorization_identifier = CASE m.usename WHEN 'public' THEN 'PUBLIC' ELSE m.usename::text END) AS in_information_schema
  FROM pg_user_mappings m WHERE srvname = 'secrets' ORDER BY 1;
ALTER VIEW readable SET (security_invoker);
GRANT SELECT ON readable TO PUBLIC;
SET ROLE lab_reader;
SELECT * FROM readable;
SELECT count(*) FROM pg_user_mapping;
SET ROLE lab_other;
SELECT * FROM readable;
SELECT count(*) FROM pg_user_mapping;
SET ROLE lab_keeper;
SELECT * FROM readable;
SELECT count(*) FROM pg_user_mapping;
RESET ROLE;
SELECT * FROM readable;
SELECT umuser::regrole, umoptions FROM pg_user_mapping WHERE umserver = (SELECT oid FROM pg_foreign_server WHERE srvname = 'secrets') ORDER BY 1;
-- What psql says is what the role may read
SET ROLE lab_other;
\deu+ secrets
SET ROLE lab_reader;
\deu+ secrets
RESET ROLE;
\deu+ secrets
-- Nobody reads one from a server, a table, a setting or our own functions
SELECT count(*) AS servers FROM pg_foreign_server WHERE has_secret(srvoptions::text);
SELECT count(*) AS tables FROM pg_foreign_table WHERE has_secret(ftoptions::text);
SELECT count(*) AS columns FROM pg_attribute WHERE has_secret(attfdwoptions::text);
SELECT count(*) AS settings FROM pg_settings WHERE name LIKE 'restlog%' AND has_secret(setting);
-- The right to ask with another's key is given by a view, and does not show the key
CREATE VIEW shared AS SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-31';
GRANT SELECT ON shared TO lab_other;
DROP USER MAPPING FOR PUBLIC SERVER secrets;
SET ROLE lab_other;
SELECT * FROM shared;
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-31';
SELECT * FROM readable;
RESET ROLE;

-- 3. Plans
CREATE FUNCTION plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY EXECUTE 'EXPLAIN (ANALYZE, VERBOSE, SETTINGS, BUFFERS, FORMAT YAML) ' || query;
END $$;
SELECT count(*) > 20 AS lines, count(*) FILTER (WHERE has_secret(line)) AS secrets FROM plan($$SELECT * FROM ticket_status_logs WHERE createddate >= '2026-01-31' AND actor = 'System'$$) plan, string_to_table(plan, E'\n') line;
SELECT count(*) AS lines, count(*) FILTER (WHERE has_secret(l::text)) AS secrets FROM restlog.last_scan() l;
SELECT ok, has_secret(c::text) AS secret FROM restlog.check_server('secrets') c;
SELECT count(*) > 5 AS findings, count(*) FILTER (WHERE has_secret(p::text)) AS secrets FROM restlog.probe('ticket_status_logs', '2026-01-05', '2026-01-06') p;

-- 4. The server's log, at its most talkative, with each request in it
CREATE FUNCTION log_since(bigint) RETURNS text LANGUAGE sql AS
  $$ SELECT convert_from(pg_read_binary_file(current_setting('data_directory') || '/../server.log', $1, 100000000), 'UTF8') $$;
CREATE FUNCTION log_size() RETURNS bigint LANGUAGE sql AS $$ SELECT size FROM pg_stat_file(current_setting('data_directory') || '/../server.log') $$;
SELECT log_size() AS start \gset
SET log_min_messages = debug5;
SET restlog_fdw.log_requests = on;
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-31';
SELECT ok FROM restlog.check_server('secrets');
EXPLAIN (COSTS OFF) SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-31';
-- A login, and the token that it yields
\set name secrets_login
\set switches 'tickets=130,static_token=off,token_uses=2'
\set source socialboards
\set prefix ''
\set base :simulator '/~tag=' :name ',' :switches
RESET log_min_messages;
CREATE SERVER secrets_login FOREIGN DATA WRAPPER restlog_fdw OPTIONS (source 'socialboards', base_url :'base', max_retries '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER secrets_login OPTIONS (client_id 'lab-client', refresh_token 'lab-refresh');
CREATE SCHEMA secrets_login;
IMPORT FOREIGN SCHEMA socialboards FROM SERVER secrets_login INTO secrets_login;
SET log_min_messages = debug5;
SELECT count(*) FROM secrets_login.tickets;
RESET log_min_messages;
SELECT count(*) > 3 AS requests, count(*) FILTER (WHERE line ~ 'POST /token') AS logins FROM string_to_table(log_since(:start), E'\n') line WHERE line ~ 'restlog_fdw: (GET|POST)';
SELECT count(*) FILTER (WHERE line ~ '^DEBUG:') > 0 AS debug, count(*) FILTER (WHERE has_secret(line)) AS secrets FROM string_to_table(log_since(:start), E'\n') line;
-- The statement that sets one is Postgres' to log, as log_statement says: set it without, or in a file
SELECT log_size() AS start \gset
SET log_statement = 'ddl';
ALTER USER MAPPING FOR lab_reader SERVER secrets OPTIONS (SET api_key 'top-secret-3');
SET log_statement = 'none';
SELECT count(*) FILTER (WHERE has_secret(line)) AS secrets FROM string_to_table(log_since(:start), E'\n') line;

-- 5. A dump has them in clear text, as with every wrapper: it restores what it found
SELECT setting AS programs FROM pg_config WHERE name = 'BINDIR' \gset
\setenv PROGRAMS :programs
\! "$PROGRAMS"/pg_dump --schema-only lab_secrets | grep -A1 -E "^ +(api_key|refresh_token|client_id|base_url) '" | sed -E "s|'http://[^']*'|'<address>'|"

-- 6. Errors of each class: message, detail, hint, context
CREATE FUNCTION told(query text) RETURNS TABLE (sqlstate text, message text, secret boolean) LANGUAGE plpgsql AS $$
DECLARE m text; d text; h text; c text;
BEGIN
  EXECUTE query;
  RETURN QUERY SELECT '00000', 'no error', false;
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT, c = PG_EXCEPTION_CONTEXT;
  RETURN QUERY SELECT SQLSTATE::text, m, has_secret(concat_ws(' ', m, d, h, c));
END $$;
ALTER SERVER secrets OPTIONS (ADD max_retries '0', ADD retry_budget '200ms', ADD max_response_bytes '100kB', ADD read_timeout '200ms', ADD page_size '50');
\set log 'SELECT count(*) FROM ticket_status_logs WHERE createddate >= ''2026-01-31'''
SELECT * FROM told('SELECT count(*) FROM ticket_status_logs');
CALL fault('key=other'); SELECT * FROM told(:'log');
CALL fault('fault=status:403'); SELECT * FROM told(:'log');
CALL fault('fault=status:404'); SELECT * FROM told(:'log');
CALL fault('fault=status:500'); SELECT * FROM told(:'log');
CALL fault('fault=throttle:none'); SELECT * FROM told(:'log');
CALL fault('fault=close'); SELECT * FROM told(:'log');
CALL fault('fault=cut'); SELECT * FROM told(:'log');
CALL fault('fault=stall'); SELECT * FROM told(:'log');
CALL fault('fault=html'); SELECT * FROM told(:'log');
CALL fault('fault=envelope'); SELECT * FROM told(:'log');
CALL fault('fault=bad_json'); SELECT * FROM told(:'log');
CALL fault('fault=no_records'); SELECT * FROM told(:'log');
CALL fault('fault=bomb'); SELECT * FROM told(:'log');
CALL fault('fault=repeat_key'); SELECT * FROM told(:'log');
CALL fault('fault=wrong_type:createdDate'); SELECT * FROM told(:'log');
CALL fault('latency=0');
SET restlog_fdw.max_requests = 1; SELECT * FROM told('SELECT count(*) FROM ticket_status_logs WHERE createddate >= ''2026-01-01''');
RESET restlog_fdw.max_requests;
SET restlog_fdw.allowed_hosts = 'api.example'; SELECT * FROM told(:'log');
RESET restlog_fdw.allowed_hosts;
CALL fault('latency=2000');
SET statement_timeout = '100ms';
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-31';
RESET statement_timeout;
CALL fault('latency=0');
-- A key that no header can carry; hosts that are not there, or not trusted with one over plain http
ALTER USER MAPPING FOR CURRENT_USER SERVER secrets OPTIONS (SET api_key E'top-secret\n4');
SELECT * FROM told(:'log');
ALTER USER MAPPING FOR CURRENT_USER SERVER secrets OPTIONS (SET api_key 'lab-key');
ALTER SERVER secrets OPTIONS (SET base_url 'http://127.0.0.1:9'); SELECT * FROM told(:'log');
ALTER SERVER secrets OPTIONS (SET base_url 'http://nowhere.invalid'); SELECT * FROM told(:'log');
ALTER SERVER secrets OPTIONS (ADD allow_http 'true'); SELECT * FROM told(:'log');
ALTER SERVER secrets OPTIONS (DROP allow_http);
-- A login that is refused, and a file that is not there
ALTER USER MAPPING FOR CURRENT_USER SERVER secrets_login OPTIONS (SET refresh_token 'wr0ng');
SELECT * FROM told('SELECT count(*) FROM secrets_login.tickets');
ALTER USER MAPPING FOR CURRENT_USER SERVER secrets_login OPTIONS (DROP refresh_token, ADD refresh_token_file '/nonexistent/refresh');
SELECT * FROM told('SELECT count(*) FROM secrets_login.tickets');
ALTER USER MAPPING FOR CURRENT_USER SERVER secrets_login OPTIONS (SET refresh_token_file '/dev/zero');
SELECT * FROM told('SELECT count(*) FROM secrets_login.tickets');

-- 7. Other hosts. A key goes along with a redirect within its host only
CALL fault('fault=redirect_same');
\! "$RESTLOG_LAB" requests secrets > /dev/null
SELECT * FROM told(:'log');
\! "$RESTLOG_LAB" requests secrets --headers x-api-key
CALL fault('fault=redirect_other'); SELECT * FROM told(:'log');
\! "$RESTLOG_LAB" requests secrets --headers x-api-key
SELECT ok, sqlstate FROM restlog.check_server('secrets');
\! "$RESTLOG_LAB" requests secrets --headers x-api-key
-- Nor with the address of the next page
CREATE FUNCTION own(auth text, entries text) RETURNS text LANGUAGE sql AS $$
  SELECT '{"name": "own", "auth": [' || auth || '], "tables": [{"name": "entries", ' || entries || ',
    "time_range": {"column": "at", "from": {"name": "since"}, "to": {"name": "until"}, "unit": "1ms"},
    "columns": [{"name": "id", "type": "bigint"}, {"name": "at", "type": "timestamptz"}]}]}' $$;
SELECT own('{"header": "X-Key", "value": "{api_key}"}', '"path": "/audit/entries", "records": "", "pagination": {"style": "link_header", "size": {"name": "per_page", "max": 500}}') AS in_header,
       own('{"query": "apikey", "value": "{api_key}"}', '"path": "/audit/events", "records": "/items", "pagination": {"style": "next_url", "next": "/links/next", "size": {"name": "page_size", "max": 500}}') AS in_query \gset
\set base :simulator '/~tag=secrets_own,rows=3100,header=x-key,next=other_host'
CREATE SERVER secrets_own FOREIGN DATA WRAPPER restlog_fdw OPTIONS (base_url :'base', definition :'in_header', concurrency '1', max_retries '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER secrets_own OPTIONS (api_key 'lab-key');
IMPORT FOREIGN SCHEMA own FROM SERVER secrets_own INTO secrets;
\set events 'SELECT count(*) FROM entries WHERE at >= ''2026-01-01'' AND at < ''2026-01-31'''
SELECT * FROM told(:'events');
\! "$RESTLOG_LAB" requests secrets_own --headers x-key
-- A key that travels in the query is in no plan, no error and no log line. (The simulator shows it as ***.)
SELECT log_size() AS start \gset
SET log_min_messages = debug5;
ALTER SERVER secrets_own OPTIONS (SET definition :'in_query');
SELECT * FROM told(:'events');
EXPLAIN (VERBOSE, COSTS OFF) :events;
\! "$RESTLOG_LAB" requests secrets_own --headers x-key
\set base :simulator '/~tag=secrets_own,rows=3100,key=other'
ALTER SERVER secrets_own OPTIONS (SET base_url :'base');
SELECT * FROM told(:'events');
ALTER SERVER secrets_own OPTIONS (SET base_url 'http://127.0.0.1:9');
SELECT * FROM told(:'events');
RESET log_min_messages;
SELECT count(*) FILTER (WHERE line ~ 'restlog_fdw: GET') > 2 AS requests, count(*) FILTER (WHERE has_secret(line)) AS secrets FROM string_to_table(log_since(:start), E'\n') line;

RESET restlog_fdw.log_requests;
REASSIGN OWNED BY lab_keeper TO CURRENT_USER;
DROP OWNED BY lab_keeper, lab_reader, lab_other;
DROP ROLE lab_keeper, lab_reader, lab_other;
