-- Who may do what, and where secrets do not show.
\set VERBOSITY verbose
\set SHOW_CONTEXT never
\set name security
\set switches 'rows=3100'
\i setup/tixngo.psql
SET client_min_messages = warning;
DROP ROLE IF EXISTS lab_analyst, lab_owner;
CREATE ROLE lab_analyst;
CREATE ROLE lab_owner;
GRANT USAGE ON SCHEMA security TO lab_analyst, lab_owner;
GRANT SELECT ON security.ticket_status_logs TO lab_analyst, lab_owner;

-- A user without a mapping asks nothing; one without the right to a server is not even told about it
SET ROLE lab_analyst;
SELECT count(*) FROM security.ticket_status_logs WHERE createddate >= '2026-01-05';
SELECT * FROM restlog.check_server('security');
RESET ROLE;
\! "$RESTLOG_LAB" requests security --count
GRANT USAGE ON FOREIGN SERVER security TO lab_analyst, lab_owner;
SET ROLE lab_analyst;
SELECT * FROM restlog.check_server('security');
CREATE USER MAPPING FOR CURRENT_USER SERVER security OPTIONS (api_key_file '/etc/passwd');
CREATE USER MAPPING FOR CURRENT_USER SERVER security OPTIONS (api_key 'wr0ng');
SELECT count(*) FROM security.ticket_status_logs WHERE createddate >= '2026-01-05';
SET restlog_fdw.allowed_hosts = 'example.org';
SET restlog_fdw.log_requests = on;
RESET ROLE;

-- A view is read with its owner's mapping, as everywhere in Postgres
CREATE VIEW security.shared AS SELECT * FROM security.ticket_status_logs WHERE createddate >= '2026-01-31';
GRANT SELECT ON security.shared TO lab_owner;
SET ROLE lab_owner;
SELECT count(*) FROM security.shared;
SELECT count(*) FROM security.ticket_status_logs WHERE createddate >= '2026-01-31';
RESET ROLE;
CREATE USER MAPPING FOR PUBLIC SERVER security OPTIONS (api_key 'lab-key');
SET ROLE lab_owner;
SELECT count(*) FROM security.ticket_status_logs WHERE createddate >= '2026-01-31';
RESET ROLE;

-- Hosts
SET restlog_fdw.allowed_hosts = 'api.example, other.example';
SELECT count(*) FROM security.ticket_status_logs WHERE createddate >= '2026-01-31';
SELECT ok, message, sqlstate FROM restlog.check_server('security');
SET restlog_fdw.allowed_hosts = 'api.example, 127.0.0.1';
SELECT count(*) FROM security.ticket_status_logs WHERE createddate >= '2026-01-31';
RESET restlog_fdw.allowed_hosts;

-- A login that sets them before the library is loaded lifts nothing: by its options, by SET, or by SET in a transaction
SELECT current_database() AS database, current_user AS owner \gset
ALTER DATABASE :"database" SET restlog_fdw.allowed_hosts = 'api.example';
CREATE ROLE lab_login LOGIN;
GRANT USAGE ON SCHEMA security, restlog TO lab_login;
GRANT USAGE ON FOREIGN SERVER security TO lab_login;
\set ask 'SELECT ok, message, sqlstate, hint FROM restlog.check_server(\'security\')'
\set login 'dbname=' :database ' user=lab_login options='
\set plain :login '\'-c restlog_fdw.allowed_hosts=\''
\set other :login '\'-c Restlog_FDW.allowed-hosts=127.0.0.1\''
\c :login
:ask;
SET restlog_fdw.allowed_hosts = '';
\c :login
SET restlog_fdw.allowed_hosts = '';
:ask;
\c :login
BEGIN; SET LOCAL restlog_fdw.allowed_hosts = '127.0.0.1'; :ask; COMMIT; :ask;
\c :plain
:ask; RESET restlog_fdw.allowed_hosts; :ask; RESET ALL; :ask;
\c :other
:ask;
-- Who may set it, may so too
\set back 'dbname=' :database ' user=' :owner ' options='
\c :back
GRANT SET ON PARAMETER restlog_fdw.allowed_hosts TO lab_login;
\c :other
:ask;
\c :back
REVOKE SET ON PARAMETER restlog_fdw.allowed_hosts FROM lab_login;
ALTER DATABASE :"database" RESET restlog_fdw.allowed_hosts;
\c :back
DROP OWNED BY lab_login;
DROP ROLE lab_login;
SET search_path = security;

-- A SELECT writes nothing
BEGIN READ ONLY;
SELECT count(*) FROM security.ticket_status_logs WHERE createddate >= '2026-01-31';
SELECT requests FROM restlog.last_scan();
COMMIT;

-- No plan, no error and no catalog but the user mapping shows the key
EXPLAIN (VERBOSE, COSTS OFF, FORMAT JSON) SELECT ticketid FROM security.ticket_status_logs WHERE createddate >= '2026-01-31';
SELECT count(*) FROM pg_settings WHERE name LIKE 'restlog%' AND setting LIKE '%lab-key%';
SELECT umoptions FROM pg_user_mappings WHERE srvname = 'security' AND usename = 'lab_analyst' AND has_server_privilege('lab_owner', 'security', 'USAGE');
SET ROLE lab_owner;
SELECT usename, umoptions FROM pg_user_mappings WHERE srvname = 'security' ORDER BY 1;
RESET ROLE;
-- The key goes to the API in its header, and not to another host
\! "$RESTLOG_LAB" requests security --count
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-31';
\! "$RESTLOG_LAB" requests security --headers x-api-key,accept,accept-encoding
\getenv simulator RESTLOG_SIM_URL
\set base :simulator '/~tag=security,rows=3100,fault=redirect_other/v4'
ALTER SERVER security OPTIONS (SET base_url :'base');
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-31';
\! "$RESTLOG_LAB" requests security --headers x-api-key

REASSIGN OWNED BY lab_analyst TO CURRENT_USER;
DROP OWNED BY lab_analyst, lab_owner;
DROP ROLE lab_analyst, lab_owner;
