-- https and its proxies, seen from SQL: what is refused is told in its own words, tried once, and nothing is sent.
\set VERBOSITY verbose
\set SHOW_CONTEXT never
\set name tls
\set switches 'rows=310'
\i setup/tixngo.psql
\getenv ca_file RESTLOG_CA_FILE
\getenv other_ca_file RESTLOG_OTHER_CA_FILE
\getenv good RESTLOG_TLS_GOOD
\getenv other_name RESTLOG_TLS_OTHER_NAME
\getenv expired RESTLOG_TLS_EXPIRED
\getenv not_yet_valid RESTLOG_TLS_NOT_YET_VALID
\getenv self_signed RESTLOG_TLS_SELF_SIGNED
\getenv self_signed_authority RESTLOG_TLS_SELF_SIGNED_AUTHORITY
\getenv tls11 RESTLOG_TLS_TLS11
\getenv silent RESTLOG_TLS_SILENT
\getenv open RESTLOG_PROXY_OPEN
\getenv login RESTLOG_PROXY_LOGIN
\getenv refusing RESTLOG_PROXY_REFUSING
SELECT set_config('lab.path', '/~tag=tls,' || :'switches' || '/v4', false) AS lab_path \gset
CREATE PROCEDURE ask(address text) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER SERVER tls OPTIONS (SET base_url %L)', address || current_setting('lab.path'));
END $$;
PREPARE month AS SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-01' AND createddate < '2026-02-01';
CREATE FUNCTION requests() RETURNS bigint LANGUAGE sql AS $$ SELECT requests FROM restlog.last_scan() $$;

-- An authority that the database server does not know, until ca_file names it
CALL ask(:'good');
EXECUTE month;
SELECT requests();
ALTER SERVER tls OPTIONS (ADD ca_file :'other_ca_file');
EXECUTE month;
ALTER SERVER tls OPTIONS (SET ca_file :'ca_file');
EXECUTE month;
SELECT ok, message FROM restlog.check_server('tls');

-- Certificates that are no good, and a server that is too old
CALL ask(:'other_name'); EXECUTE month;
CALL ask(:'expired'); EXECUTE month;
CALL ask(:'not_yet_valid'); EXECUTE month;
CALL ask(:'self_signed'); EXECUTE month;
CALL ask(:'self_signed_authority'); EXECUTE month;
CALL ask(:'tls11'); EXECUTE month;

-- The server's own certificate in ca_file; the file is corrected, damaged and lost while the session lives
\getenv self_signed_file RESTLOG_SELF_SIGNED_FILE
\set copy :self_signed_file '.copy'
\setenv CA :ca_file
\setenv SELF :self_signed_file
\setenv COPY :copy
\! cp "$CA" "$COPY"
ALTER SERVER tls OPTIONS (SET ca_file :'copy');
CALL ask(:'self_signed_authority'); EXECUTE month;
\! cp "$SELF" "$COPY"
EXECUTE month;
\! echo > "$COPY"
EXECUTE month;
\! rm "$COPY" && mkfifo "$COPY"
EXECUTE month;
\! rm "$COPY"
EXECUTE month;
\! cp "$SELF" "$COPY"
EXECUTE month;
ALTER SERVER tls OPTIONS (SET ca_file :'ca_file');

-- The wrong scheme
CALL ask(replace(:'simulator', 'http:', 'https:')); EXECUTE month;
CALL ask(replace(:'good', 'https:', 'http:')); EXECUTE month;
CALL ask(replace(:'self_signed', 'https:', 'http:')); EXECUTE month;

-- A host that nobody knows
CALL ask('https://' || repeat('x', 64) || '.example'); EXECUTE month;

-- A server that takes the connection and says nothing
ALTER SERVER tls OPTIONS (ADD connect_timeout '200ms', ADD max_retries '0');
CALL ask(:'silent'); EXECUTE month;
SET statement_timeout = '100ms';
ALTER SERVER tls OPTIONS (SET connect_timeout '10s');
EXECUTE month;
RESET statement_timeout;

-- Proxies
CALL ask(:'good');
ALTER SERVER tls OPTIONS (ADD proxy :'open');
EXECUTE month;
ALTER SERVER tls OPTIONS (SET proxy :'login');
EXECUTE month;
ALTER SERVER tls OPTIONS (SET proxy :'refusing');
EXECUTE month;
ALTER SERVER tls OPTIONS (SET proxy 'http://127.0.0.1:1');
EXECUTE month;
ALTER SERVER tls OPTIONS (DROP proxy);

-- Six answers in all: of what was refused nothing arrived
EXECUTE month;
\! "$RESTLOG_LAB" requests tls --headers x-api-key
