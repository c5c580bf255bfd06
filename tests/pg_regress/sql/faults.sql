-- Servers that fail, lie or stall: a clear error of its class, nothing of a secret, and the session lives on.
\set VERBOSITY verbose
\set SHOW_CONTEXT never
\set name faults
\set switches 'rows=3100'
\i setup/tixngo.psql
SET client_min_messages = warning;

\i setup/fault.psql
ALTER SERVER faults OPTIONS (ADD max_retries '1', ADD page_size '100', ADD read_timeout '300ms');
PREPARE day AS SELECT count(*), count(transfermessage) FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND createddate < '2026-01-07';
EXECUTE day;

-- Refusals. The simulator's bodies repeat the key that they got: none of it may be shown
CALL fault('fault=status:400'); EXECUTE day;
CALL fault('fault=status:401'); EXECUTE day;
CALL fault('fault=status:403'); EXECUTE day;
CALL fault('fault=status:404'); EXECUTE day;
CALL fault('fault=status:418,at=2'); EXECUTE day;
CALL fault('fault=status:500'); EXECUTE day;
CALL fault('fault=status:503,at=2'); EXECUTE day;
CALL fault('fault=redirect_other'); EXECUTE day;
\! "$RESTLOG_LAB" requests faults --count

-- Throttling is waited out while the budget has room, whatever max_retries says. Moments and numbers of attempts differ from run to run
CREATE FUNCTION told(query text, OUT class text, OUT message text, OUT detail text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE query;
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS class = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  message := regexp_replace(message, '\d{4}-.* UTC', '<time> UTC');
  detail := regexp_replace(detail, 'after \d+ attempts', 'after <n> attempts');
END $$;
\x on
ALTER SERVER faults OPTIONS (ADD retry_budget '700ms');
CALL fault('fault=throttle:none'); SELECT * FROM told('EXECUTE day');
CALL fault('fault=throttle:0'); SELECT * FROM told('EXECUTE day');
CALL fault('fault=throttle:3600'); SELECT * FROM told('EXECUTE day');
ALTER SERVER faults OPTIONS (DROP retry_budget);
\x off
CALL fault('fault=throttle:none,times=5'); EXECUTE day;
ALTER USER MAPPING FOR CURRENT_USER SERVER faults OPTIONS (SET api_key 'wr0ng-key');
CALL fault('latency=0'); EXECUTE day;
DROP USER MAPPING FOR CURRENT_USER SERVER faults;
EXECUTE day;
CREATE USER MAPPING FOR CURRENT_USER SERVER faults OPTIONS (api_key 'lab-key');

-- Broken transport
CALL fault('fault=close'); EXECUTE day;
CALL fault('fault=cut'); EXECUTE day;
CALL fault('fault=cut,at=2'); EXECUTE day;
CALL fault('fault=stall'); EXECUTE day;
CALL fault('fault=stall_headers'); EXECUTE day;

-- Answers of the wrong shape: never a short answer
CALL fault('fault=bad_json'); EXECUTE day;
CALL fault('fault=truncated_json'); EXECUTE day;
CALL fault('fault=html'); EXECUTE day;
CALL fault('fault=envelope'); EXECUTE day;
CALL fault('fault=no_records,at=2'); EXECUTE day;
CALL fault('fault=records_object'); EXECUTE day;
CALL fault('fault=repeat_key,at=2'); EXECUTE day;
CALL fault('fault=endless_empty,at=2'); EXECUTE day;
CALL fault('fault=far_row'); EXECUTE day;

-- Too large, also when it arrives small
ALTER SERVER faults OPTIONS (ADD max_response_bytes '1MB');
CALL fault('fault=bomb'); EXECUTE day;
CALL fault('fault=huge:transferMessage:2000000'); EXECUTE day;
ALTER SERVER faults OPTIONS (SET max_response_bytes '8MB');
EXECUTE day;
ALTER SERVER faults OPTIONS (DROP max_response_bytes);

-- Nobody there
CREATE SERVER nobody FOREIGN DATA WRAPPER restlog_fdw OPTIONS (source 'tixngo', base_url 'http://127.0.0.1:1', mobile_app_id 'a', max_retries '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER nobody OPTIONS (api_key 's3cret');
CREATE FOREIGN TABLE unreachable (ticketid text, createddate timestamptz) SERVER nobody OPTIONS (table 'ticket_status_logs');
SELECT * FROM unreachable WHERE createddate >= '2026-01-05';

-- The same session still works, and a materialized view never keeps a hole
CALL fault('latency=0');
CREATE MATERIALIZED VIEW kept AS SELECT * FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND createddate < '2026-01-07';
SELECT count(*) FROM kept;
CALL fault('fault=truncated_json,at=2');
REFRESH MATERIALIZED VIEW kept;
SELECT count(*) FROM kept;

-- A scan that needs more requests than allowed is an error as well
CALL fault('latency=0');
SET restlog_fdw.max_requests = 2;
EXECUTE day;
SET restlog_fdw.max_requests = 4;
EXECUTE day;
RESET restlog_fdw.max_requests;

-- What check_server says of all this
CALL fault('latency=0');
SELECT * FROM restlog.check_server('faults');
SELECT * FROM restlog.check_server('nobody');
CALL fault('fault=status:401');
SELECT * FROM restlog.check_server('faults');
CALL fault('fault=html');
SELECT * FROM restlog.check_server('faults');
SELECT * FROM restlog.check_server('no such server');
